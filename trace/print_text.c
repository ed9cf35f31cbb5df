/* SPDX-License-Identifier: MIT */
#include "trace/print.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)

enum column { TIME, STREAM, FROM, TO, WHAT, VERSION, TYPE, REQ, ACK, LENGTH, COLUMNS };

#define CELL_SIZE 72 /* an IPv6 address in brackets, with its port, and room */

static const char *const titles[COLUMNS] = {
	"TIME", "STREAM", "FROM", "TO", "WHAT", "VERSION", "TYPE", "REQ", "ACK", "LENGTH",
};

static const bool is_number[COLUMNS] = {
	[TIME] = true, [STREAM] = true, [REQ] = true, [ACK] = true, [LENGTH] = true,
};

typedef char cells[COLUMNS][CELL_SIZE];

static void fill_message(const struct ztrace_wire *wire, cells row)
{
	const struct zcl_rx_item *item = &wire->item;

	for (size_t i = 0; i < 2; i++) {
		if (item->ksm.ksm_zc_cookies[i] != 0)
			g_snprintf(row[REQ + i], CELL_SIZE, "%" PRIu64,
				   item->ksm.ksm_zc_cookies[i]);
	}
	if (wire->kind != ZTRACE_WIRE_LNET)
		return;
	g_strlcpy(row[TYPE], zcl_lnet_type_name(item->hdr.type), CELL_SIZE);
	g_snprintf(row[LENGTH], CELL_SIZE, "%" PRIu32, item->hdr.payload_length);
}

static void fill(const struct ztrace_entry *entry, cells row)
{
	const struct ztrace_wire *wire = entry->wire;
	const struct zcl_rx_item *item = &wire->item;

	for (size_t i = 0; i < COLUMNS; i++)
		g_strlcpy(row[i], "-", CELL_SIZE);
	g_snprintf(row[TIME], CELL_SIZE, "%" PRId64 ".%09" PRId64, entry->time / NS_PER_S,
		   entry->time % NS_PER_S);
	g_snprintf(row[STREAM], CELL_SIZE, "%" PRIu32, wire->stream);
	g_strlcpy(row[FROM], wire->from, CELL_SIZE);
	g_strlcpy(row[TO], wire->to, CELL_SIZE);
	g_strlcpy(row[WHAT], ztrace_wire_name(wire->kind), CELL_SIZE);
	if (wire->version == 0)
		return;
	g_snprintf(row[VERSION], CELL_SIZE, "V%" PRIu32, wire->version);
	if (wire->kind == ZTRACE_WIRE_HELLO)
		g_strlcpy(row[TYPE], zcl_ctype_name(item->hello.kshm_ctype), CELL_SIZE);
	else
		fill_message(wire, row);
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

static void print_wire(const struct ztrace_log *log, FILE *out)
{
	size_t width[COLUMNS] = {0};
	cells row;

	for (size_t i = 0; i < COLUMNS; i++)
		width[i] = strlen(titles[i]);
	for (guint i = 0; i < log->entries->len; i++) {
		if (ztrace_log_at(log, i)->kind != ZTRACE_WIRE)
			continue;
		fill(ztrace_log_at(log, i), row);
		widen(width, row);
	}
	for (size_t i = 0; i < COLUMNS; i++)
		g_strlcpy(row[i], titles[i], CELL_SIZE);
	print_row(width, row, out);
	for (guint i = 0; i < log->entries->len && !ferror(out); i++) {
		if (ztrace_log_at(log, i)->kind != ZTRACE_WIRE)
			continue;
		fill(ztrace_log_at(log, i), row);
		print_row(width, row, out);
	}
}

/* ---- events ---- */

static const char *name_of(const struct ztrace_log *log, unsigned lane)
{
	return lane == ZTRACE_NO_LANE ? "-" : ztrace_log_lane_at(log, lane)->name;
}

static void print_fields(const struct zcl_event *event, FILE *out)
{
	char value[64];

	for (const char *const *name = zcl_event_fields(); *name; name++)
		if (zcl_event_field(event, *name, value, sizeof(value)) && *value)
			fprintf(out, " %s=%s", *name, value);
}

static void print_event(const struct ztrace_log *log, const struct ztrace_entry *entry, int width,
			FILE *out)
{
	fprintf(out, "%" PRId64 ".%09" PRId64 "  %-*s  ", entry->time / NS_PER_S,
		entry->time % NS_PER_S, width, name_of(log, entry->lane));
	switch (entry->kind) {
	case ZTRACE_EVENT:
		fprintf(out, "%-14s  %-*s ", zcl_event_name(entry->event.kind), width,
			name_of(log, entry->other));
		print_fields(&entry->event, out);
		break;
	case ZTRACE_HELD:
		fprintf(out, "%-14s  %-*s  %s", "(held)", width, name_of(log, entry->other),
			entry->text);
		break;
	default:
		fprintf(out, "%-14s  %s", "(script)", entry->text);
		break;
	}
	fputc('\n', out);
}

static void print_events(const struct ztrace_log *log, FILE *out)
{
	size_t width = 4;

	for (unsigned i = 0; i < log->lanes->len; i++)
		width = MAX(width, strlen(ztrace_log_lane_at(log, i)->name));
	width = MIN(width, CELL_SIZE);
	for (guint i = 0; i < log->entries->len && !ferror(out); i++)
		if (ztrace_log_at(log, i)->kind != ZTRACE_WIRE)
			print_event(log, ztrace_log_at(log, i), (int)width, out);
}

void ztrace_print_text(const struct ztrace_log *log, FILE *out)
{
	bool events = false, wire = false;

	for (guint i = 0; i < log->entries->len; i++) {
		wire = wire || ztrace_log_at(log, i)->kind == ZTRACE_WIRE;
		events = events || ztrace_log_at(log, i)->kind != ZTRACE_WIRE;
	}
	if (events)
		print_events(log, out);
	if (wire || !events)
		print_wire(log, out);
}
