/* SPDX-License-Identifier: MIT */
#include "trace/print.h"

#include <inttypes.h>
#include <string.h>

#include "trace/decode.h"

#define NS_PER_S INT64_C(1000000000)

const char *ztrace_kind_name(int kind)
{
	switch (kind) {
	case ZCL_ITEM_ACCEPT:
		return "accept_request";
	case ZCL_ITEM_HELLO:
		return "hello";
	case ZCL_ITEM_NOOP:
		return "noop";
	case ZCL_ITEM_MESSAGE:
		return "lnet";
	default:
		g_assert_not_reached();
	}
}

enum column { TIME, STREAM, FROM, TO, WHAT, VERSION, TYPE, REQ, ACK, LENGTH, COLUMNS };

#define CELL_SIZE 72 /* an IPv6 address in brackets, with its port, and room */

static const char *const titles[COLUMNS] = {
	"TIME", "STREAM", "FROM", "TO", "WHAT", "VERSION", "TYPE", "REQ", "ACK", "LENGTH",
};

static const bool is_number[COLUMNS] = {
	[TIME] = true, [STREAM] = true, [REQ] = true, [ACK] = true, [LENGTH] = true,
};

typedef char cells[COLUMNS][CELL_SIZE];

static void fill_message(const struct zcl_rx_item *item, cells row)
{
	for (size_t i = 0; i < 2; i++) {
		if (item->ksm.ksm_zc_cookies[i] != 0)
			g_snprintf(row[REQ + i], CELL_SIZE, "%" PRIu64,
				   item->ksm.ksm_zc_cookies[i]);
	}
	if (item->kind != ZCL_ITEM_MESSAGE)
		return;
	g_strlcpy(row[TYPE], zcl_lnet_type_name(item->hdr.type), CELL_SIZE);
	g_snprintf(row[LENGTH], CELL_SIZE, "%" PRIu32, item->hdr.payload_length);
}

static void fill(const struct ztrace_record *record, cells row)
{
	const struct zcl_rx_item *item = &record->item;

	for (size_t i = 0; i < COLUMNS; i++)
		g_strlcpy(row[i], "-", CELL_SIZE);
	g_snprintf(row[TIME], CELL_SIZE, "%" PRId64 ".%09" PRId64, record->time_ns / NS_PER_S,
		   record->time_ns % NS_PER_S);
	g_snprintf(row[STREAM], CELL_SIZE, "%" PRIu32, record->stream->number);
	g_strlcpy(row[FROM], record->stream->address[record->from], CELL_SIZE);
	g_strlcpy(row[TO], record->stream->address[!record->from], CELL_SIZE);
	g_strlcpy(row[WHAT], ztrace_kind_name(item->kind), CELL_SIZE);
	if (item->kind == ZCL_ITEM_ACCEPT)
		return;
	g_snprintf(row[VERSION], CELL_SIZE, "V%" PRIu32, record->version);
	if (item->kind == ZCL_ITEM_HELLO)
		g_strlcpy(row[TYPE], zcl_ctype_name(item->hello.kshm_ctype), CELL_SIZE);
	else
		fill_message(item, row);
}

static void widen(size_t *width, cells row)
{
	for (size_t i = 0; i < COLUMNS; i++)
		width[i] = MAX(width[i], strlen(row[i]));
}

static void print_row(const size_t *width, cells row, FILE *out)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		const int pad = (int)width[i] * (is_number[i] ? 1 : -1);

		fprintf(out, "%*s%s", pad, row[i], i + 1 < COLUMNS ? "  " : "\n");
	}
}

void ztrace_print_text(const GArray *records, FILE *out)
{
	size_t width[COLUMNS] = {0};
	cells row;

	for (size_t i = 0; i < COLUMNS; i++)
		width[i] = strlen(titles[i]);
	for (size_t i = 0; i < records->len; i++) {
		fill(&g_array_index(records, struct ztrace_record, i), row);
		widen(width, row);
	}
	for (size_t i = 0; i < COLUMNS; i++)
		g_strlcpy(row[i], titles[i], CELL_SIZE);
	print_row(width, row, out);
	for (size_t i = 0; i < records->len && !ferror(out); i++) {
		fill(&g_array_index(records, struct ztrace_record, i), row);
		print_row(width, row, out);
	}
}
