/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdio.h>

#include "real/cli.h"
#include "trace/stream.h"

struct zcli_tracer {
	struct ztrace_stream *stream; /* NULL: none */
	bool verbose;
};

struct zcli_tracer *zcli_tracer_new(const char *program, const char *file, bool verbose,
				    const zclnd_nid *nids, size_t n, bool *good)
{
	struct zcli_tracer *tracer;
	GError *error = NULL;

	*good = true;
	if (file == NULL && !verbose)
		return NULL;
	tracer = g_new0(struct zcli_tracer, 1);
	tracer->verbose = verbose;
	if (file == NULL)
		return tracer;
	tracer->stream = ztrace_stream_open(file, program, nids, n, &error);
	*good = tracer->stream != NULL;
	if (!*good) {
		zcli_complain("--trace: %s", error->message);
		g_error_free(error);
	}
	return tracer;
}

void zcli_tracer_free(struct zcli_tracer *tracer)
{
	if (tracer && !ztrace_stream_close(tracer->stream))
		zcli_complain("--trace: the file could not be written to its end");
	g_free(tracer);
}

static bool get_field(const void *event, const char *field, char *buf, size_t size)
{
	return zclnd_trace_field(event, field, buf, size);
}

static void show(const struct zclnd_trace *trace)
{
	char nid[ZCLND_NID_STRLEN], peer[ZCLND_NID_STRLEN], value[64];
	GString *line = g_string_new(NULL);

	g_string_printf(line, "%.6f %s %s %s", (double)zclnd_trace_time(trace) / 1e9,
			zclnd_nid_format(zclnd_trace_self(trace), nid, sizeof(nid)),
			zclnd_nid_format(zclnd_trace_peer(trace), peer, sizeof(peer)),
			zclnd_trace_name(trace));
	for (const char *const *field = zclnd_trace_fields(); *field; field++) {
		if (zclnd_trace_field(trace, *field, value, sizeof(value)) && value[0])
			g_string_append_printf(line, " %s=%s", *field, value);
	}
	/* In one go: other loops write too. */
	fprintf(stderr, "%s\n", line->str);
	g_string_free(line, TRUE);
}

void zcli_trace(void *user, const struct zclnd_trace *trace)
{
	struct zcli_tracer *tracer = user;

	if (tracer->verbose)
		show(trace);
	if (tracer->stream)
		ztrace_stream_event(tracer->stream, zclnd_trace_time(trace),
				    zclnd_trace_self(trace), zclnd_trace_peer(trace),
				    zclnd_trace_name(trace), get_field, trace);
}
