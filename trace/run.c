/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <errno.h>
#include <inttypes.h>

#include <glib.h>

#include "trace/capture.h"
#include "trace/decode.h"
#include "trace/print.h"

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

/* In the order in which the capture completed them; of one packet, by stream. */
static int compare_records(gconstpointer a, gconstpointer b)
{
	const struct ztrace_record *x = a, *y = b;

	return (x->frame > y->frame) - (x->frame < y->frame);
}

/* Decodes all streams; returns the status. */
static int decode_all(const struct ztrace_options *opts, FILE *err,
		      const struct ztrace_capture *capture, GArray *records)
{
	bool any = false, good = true;

	for (size_t i = 0; i < capture->streams->len; i++) {
		const struct ztrace_stream *stream = capture->streams->pdata[i];

		if (!ztrace_opens_with_request(stream, 0) &&
		    !ztrace_opens_with_request(stream, 1)) {
			say_where(err, opts->path, "note: ", stream, 0);
			fprintf(err, ", byte 0: not socklnd from its start: neither side opens "
				     "with an acceptor request\n");
			continue;
		}
		any = true;
		for (unsigned int side = 0; side < 2; side++) {
			const struct ztrace_result result = ztrace_decode(stream, side, records);

			good = report(err, opts->path, stream, side, &result) && good;
		}
	}
	if (!any)
		fprintf(err, "%s: no socklnd stream in this capture\n", opts->path);
	return any && good ? ZTRACE_OK : ZTRACE_FAILED;
}

/* A reader that has seen enough (head, less) closes the pipe: that is no failure. */
static int finish_output(FILE *out, FILE *err, int status)
{
	const bool failed = ferror(out) != 0;
	const int why = errno;

	if (!failed && fflush(out) == 0)
		return status;
	if ((failed ? why : errno) == EPIPE)
		return status;
	fprintf(err, "the output cannot be written: %s\n", g_strerror(failed ? why : errno));
	return ZTRACE_UNREAD;
}

int ztrace_run(const struct ztrace_options *opts)
{
	FILE *out = opts->out != NULL ? opts->out : stdout;
	FILE *err = opts->err != NULL ? opts->err : stderr;
	struct ztrace_capture *capture;
	GError *error = NULL;
	GArray *records;
	int status;

	capture = ztrace_capture_read(opts->path, &error);
	if (capture == NULL) {
		fprintf(err, "%s: %s\n", opts->path, error->message);
		g_error_free(error);
		return ZTRACE_UNREAD;
	}
	if (capture->note != NULL)
		fprintf(err, "%s: note: %s\n", opts->path, capture->note);
	records = g_array_new(FALSE, FALSE, sizeof(struct ztrace_record));
	status = decode_all(opts, err, capture, records);
	g_array_sort(records, compare_records);
	if (opts->json)
		ztrace_print_json(records, out);
	else
		ztrace_print_text(records, out);
	status = finish_output(out, err, status);
	g_array_unref(records);
	ztrace_capture_free(capture);
	return status;
}
