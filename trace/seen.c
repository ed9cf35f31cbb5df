/* SPDX-License-Identifier: MIT */
#include "trace/seen.h"

#include <inttypes.h>
#include <string.h>

#include "trace/decode.h"

/* Opens a line about one direction of a stream. */
static void say_where(FILE *err, const char *path, const char *kind,
		      const struct ztrace_stream *stream, unsigned int from)
{
	fprintf(err, "%s: %sstream %" PRIu32 ", %s > %s", path, kind, stream->number,
		stream->address[from], stream->address[!from]);
}

/* Tells on err how a direction ended; true when it is as it should be. */
static bool report(FILE *err, const char *path, const struct ztrace_stream *stream,
		   unsigned int from, const struct ztrace_result *result)
{
	switch (result->end) {
	case ZTRACE_END_CLEAN:
		return true;
	case ZTRACE_END_TRUNCATED:
		say_where(err, path, "note: ", stream, from);
		fprintf(err,
			", byte %" PRIu64 ": the capture ends in the middle of a message (%" PRIu64
			" bytes of it are there, in %s)\n",
			result->offset, result->partial, zcl_rx_state_name(result->state));
		return true;
	case ZTRACE_END_GAP:
		say_where(err, path, "", stream, from);
		fprintf(err,
			", byte %" PRIu64
			": gap: the capture lacks bytes of this message, the rest "
			"of this direction is left out (capture whole packets)\n",
			result->offset);
		return false;
	case ZTRACE_END_ERROR:
		say_where(err, path, "", stream, from);
		fprintf(err, ", byte %" PRIu64 ": %s: %s (in %s)\n", result->offset,
			zcl_err_name(result->err), zcl_strerror(result->err),
			zcl_rx_state_name(result->state));
		return false;
	}
	g_assert_not_reached();
}

/* ---- lanes: hosts ---- */

/* "10.77.0.2:1023" -> "10.77.0.2", "[::1]:988" -> "::1" */
static char *host_of(const char *address)
{
	const char *end = strrchr(address, ':');
	char *host = g_strndup(address, (gsize)(end - address));

	if (*host == '[') {
		memmove(host, host + 1, strlen(host));
		host[strlen(host) - 1] = '\0';
	}
	return host;
}

static unsigned lane_of(struct ztrace_log *log, const char *address)
{
	char *host = host_of(address);
	const unsigned lane = ztrace_log_lane(log, host, ZCL_NID_ANY);

	g_free(host);
	return lane;
}

/* A host's NID is what its own HELLO says first. */
static void learn_nid(struct ztrace_log *log, unsigned lane, const struct ztrace_wire *wire)
{
	struct ztrace_lane *host = log->lanes->pdata[lane];

	if (wire->kind == ZTRACE_WIRE_HELLO && host->nid == ZCL_NID_ANY)
		host->nid = wire->item.hello.kshm_src_nid;
}

/* ---- entries ---- */

struct seen {
	int64_t time;
	struct ztrace_wire *wire;
};

static enum ztrace_wire_kind kind_of(enum zcl_item_kind kind)
{
	switch (kind) {
	case ZCL_ITEM_ACCEPT:
		return ZTRACE_WIRE_ACCEPT;
	case ZCL_ITEM_HELLO:
		return ZTRACE_WIRE_HELLO;
	case ZCL_ITEM_NOOP:
		return ZTRACE_WIRE_NOOP;
	default:
		return ZTRACE_WIRE_LNET;
	}
}

static struct ztrace_wire *new_wire(const struct ztrace_stream *stream, unsigned int from,
				    uint32_t frame)
{
	struct ztrace_wire *wire = g_new0(struct ztrace_wire, 1);

	wire->stream = stream->number;
	wire->frame = frame;
	g_strlcpy(wire->from, stream->address[from], sizeof(wire->from));
	g_strlcpy(wire->to, stream->address[!from], sizeof(wire->to));
	return wire;
}

static void add_records(GArray *all, const GArray *records)
{
	for (guint i = 0; i < records->len; i++) {
		const struct ztrace_record *record =
			&g_array_index(records, struct ztrace_record, i);
		struct seen seen = {.time = record->time_ns,
				    .wire = new_wire(record->stream, record->from, record->frame)};

		seen.wire->kind = kind_of(record->item.kind);
		seen.wire->version = record->version;
		seen.wire->item = record->item;
		g_array_append_val(all, seen);
	}
}

static void add_ends(GArray *all, const struct ztrace_stream *stream)
{
	for (guint i = 0; i < stream->ends->len; i++) {
		const struct ztrace_end_mark *mark =
			&g_array_index(stream->ends, struct ztrace_end_mark, i);
		struct seen seen = {.time = mark->time_ns,
				    .wire = new_wire(stream, mark->side, mark->frame)};

		seen.wire->kind = mark->reset ? ZTRACE_WIRE_RESET : ZTRACE_WIRE_CLOSE;
		g_array_append_val(all, seen);
	}
}

/* Returns whether both directions are as they should be. */
static bool decode_stream(const struct ztrace_stream *stream, const char *path, FILE *err,
			  GArray *all)
{
	GArray *records = g_array_new(FALSE, FALSE, sizeof(struct ztrace_record));
	bool good = true;

	for (unsigned int side = 0; side < 2; side++) {
		const struct ztrace_result result = ztrace_decode(stream, side, records);

		good = report(err, path, stream, side, &result) && good;
	}
	add_records(all, records);
	add_ends(all, stream);
	g_array_unref(records);
	return good;
}

/* In the order in which the capture completed them; of one packet, by stream, and its end last. */
static int compare_seen(gconstpointer a, gconstpointer b)
{
	const struct seen *x = a, *y = b;

	return (x->wire->frame > y->wire->frame) - (x->wire->frame < y->wire->frame);
}

struct ztrace_log *ztrace_seen(const struct ztrace_capture *capture, const char *path, FILE *err,
			       bool *good)
{
	struct ztrace_log *log = ztrace_log_new(NULL, NULL);
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct seen));
	bool any = false;

	*good = true;
	log->file = g_strdup(path);
	for (guint i = 0; i < capture->streams->len; i++) {
		const struct ztrace_stream *stream = capture->streams->pdata[i];

		if (ztrace_opens_with_request(stream, 0) || ztrace_opens_with_request(stream, 1)) {
			any = true;
			*good = decode_stream(stream, path, err, all) && *good;
			continue;
		}
		say_where(err, path, "note: ", stream, 0);
		fprintf(err, ", byte 0: not socklnd from its start: neither side opens "
			     "with an acceptor request\n");
	}
	if (!any)
		fprintf(err, "%s: no socklnd stream in this capture\n", path);
	*good = *good && any;
	g_array_sort(all, compare_seen); /* it keeps the order of equals */
	for (guint i = 0; i < all->len; i++) {
		const struct seen *seen = &g_array_index(all, struct seen, i);
		const unsigned from = lane_of(log, seen->wire->from);
		const unsigned to = lane_of(log, seen->wire->to);

		learn_nid(log, from, seen->wire);
		ztrace_log_wire(log, from, to, seen->time, seen->wire);
	}
	g_array_unref(all);
	return log;
}
