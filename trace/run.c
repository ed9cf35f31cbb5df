/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#include "trace/capture.h"
#include "trace/json.h"
#include "trace/ladder.h"
#include "trace/print.h"
#include "trace/seen.h"
#include "trace/svg.h"

struct run {
	const struct ztrace_options *opts;
	FILE *out, *err;
	enum ztrace_format format;
	GPtrArray *logs; /* of struct ztrace_log: what is shown */
};

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

/* ---- reading ---- */

static int read_capture(struct run *run)
{
	const char *path = run->opts->path;
	GError *error = NULL;
	struct ztrace_capture *capture = ztrace_capture_read(path, &error);
	bool good;

	if (capture == NULL) {
		fprintf(run->err, "%s: %s\n", path, error->message);
		g_error_free(error);
		return ZTRACE_UNREAD;
	}
	if (capture->note != NULL)
		fprintf(run->err, "%s: note: %s\n", path, capture->note);
	run->logs = g_ptr_array_new_with_free_func((GDestroyNotify)ztrace_log_free);
	g_ptr_array_add(run->logs, ztrace_seen(capture, path, run->err, &good));
	ztrace_capture_free(capture);
	return good ? ZTRACE_OK : ZTRACE_FAILED;
}

static int read_trace(struct run *run)
{
	GError *error = NULL;

	run->logs = ztrace_json_read(run->opts->path, &error);
	if (run->logs != NULL)
		return ZTRACE_OK;
	fprintf(run->err, "%s\n", error->message);
	g_error_free(error);
	return ZTRACE_UNREAD;
}

/* ---- choosing ---- */

/* Runs with shifted times are many and alike: shown only when there is nothing else, or as JSON. */
static bool is_main(const struct run *run, const struct ztrace_log *log)
{
	return log->vary == NULL || run->format == ZTRACE_FORMAT_JSON;
}

static bool any_main(const struct run *run)
{
	for (guint i = 0; i < run->logs->len; i++)
		if (is_main(run, run->logs->pdata[i]))
			return true;
	return false;
}

static void drop_others(struct run *run)
{
	const char *wanted = run->opts->run_case;
	const bool some = any_main(run);

	for (guint i = run->logs->len; i-- > 0;) {
		const struct ztrace_log *log = run->logs->pdata[i];

		if ((some && !is_main(run, log)) ||
		    (wanted != NULL && g_strcmp0(log->run_case, wanted) != 0))
			g_ptr_array_remove_index(run->logs, i);
	}
}

static unsigned lane_of(const struct ztrace_log *log, const char *peer)
{
	const unsigned lane = ztrace_log_find_lane(log, peer);
	zcl_nid nid;

	if (lane != ZTRACE_NO_LANE || zcl_nid_parse(peer, &nid) != ZCL_OK || nid == ZCL_NID_ANY)
		return lane;
	return ztrace_log_find_nid(log, nid);
}

/* False: no log knows this peer. */
static bool only_peer(struct run *run)
{
	const char *peer = run->opts->peer;
	bool found = peer == NULL;

	for (guint i = 0; peer && i < run->logs->len; i++) {
		struct ztrace_log *log = run->logs->pdata[i];
		const unsigned lane = lane_of(log, peer);

		if (lane == ZTRACE_NO_LANE)
			continue;
		found = true;
		run->logs->pdata[i] = ztrace_log_only(log, lane);
		ztrace_log_free(log);
	}
	return found;
}

static void list_cases(const struct run *run)
{
	for (guint i = 0; i < run->logs->len; i++) {
		const struct ztrace_log *log = run->logs->pdata[i];

		fprintf(run->err, "%s%s", i ? ", " : "",
			log->run_case ? log->run_case : "(no name)");
	}
	fputc('\n', run->err);
}

static int choose(struct run *run)
{
	drop_others(run);
	if (run->logs->len == 0) {
		fprintf(run->err, "%s: no case is called %s\n", run->opts->path,
			run->opts->run_case);
		return ZTRACE_UNREAD;
	}
	if (!only_peer(run)) {
		fprintf(run->err, "%s: no peer is called %s\n", run->opts->path, run->opts->peer);
		return ZTRACE_UNREAD;
	}
	if (run->format == ZTRACE_FORMAT_SVG && run->logs->len > 1) {
		fprintf(run->err,
			"%s: a diagram shows one trace: choose with --case: ", run->opts->path);
		list_cases(run);
		return ZTRACE_UNREAD;
	}
	return ZTRACE_OK;
}

/* ---- showing ---- */

static void put_heading(const struct run *run, const struct ztrace_log *log)
{
	if (run->logs->len < 2 && log->title == NULL)
		return;
	fprintf(run->out, "%s%s%s%s%s\n", log->file ? log->file : "", log->run_case ? " case " : "",
		log->run_case ? log->run_case : "", log->title ? "  " : "",
		log->title ? log->title : "");
}

static void show(const struct run *run, struct ztrace_log *log)
{
	const struct ztrace_chart_options chart = {.all = run->opts->all,
						   .max_points = run->opts->all ? 1000000 : 0};
	GString *text = g_string_new(NULL);

	if (run->opts->title != NULL) {
		g_free(log->title);
		log->title = g_strdup(run->opts->title);
	}
	switch (run->format) {
	case ZTRACE_FORMAT_JSON:
		ztrace_json_write(log, run->out);
		break;
	case ZTRACE_FORMAT_SVG:
		ztrace_svg(text, log, &chart);
		break;
	case ZTRACE_FORMAT_LADDER:
		put_heading(run, log);
		ztrace_ladder(text, log, &chart, run->opts->ascii, "");
		break;
	default:
		if (run->logs->len > 1)
			put_heading(run, log);
		ztrace_print_text(log, run->out);
		break;
	}
	fwrite(text->str, 1, text->len, run->out);
	g_string_free(text, TRUE);
}

int ztrace_run(const struct ztrace_options *opts)
{
	const bool trace = ztrace_json_is_trace(opts->path);
	struct run run = {
		.opts = opts,
		.out = opts->out != NULL ? opts->out : stdout,
		.err = opts->err != NULL ? opts->err : stderr,
		.format = opts->format,
	};
	int status = trace ? read_trace(&run) : read_capture(&run);

	if (run.logs == NULL)
		return status;
	if (run.format == ZTRACE_FORMAT_DEFAULT)
		run.format = trace ? ZTRACE_FORMAT_LADDER : ZTRACE_FORMAT_TEXT;
	if (choose(&run) != ZTRACE_OK) {
		status = ZTRACE_UNREAD;
	} else {
		for (guint i = 0; i < run.logs->len && !ferror(run.out); i++)
			show(&run, run.logs->pdata[i]);
		status = finish_output(run.out, run.err, status);
	}
	g_ptr_array_unref(run.logs);
	return status;
}
