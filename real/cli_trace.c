/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/cli.h"
#include "trace/stream.h"

struct zcli_tracer {
	struct ztrace_stream *stream;
};

struct zcli_tracer *zcli_tracer_new(const char *program, const char *file, const zclnd_nid *nids,
				    size_t n, bool *good)
{
	struct ztrace_stream *stream;
	struct zcli_tracer *tracer;
	GError *error = NULL;

	*good = true;
	if (file == NULL)
		return NULL;
	stream = ztrace_stream_open(file, program, nids, n, &error);
	if (stream == NULL) {
		zcli_complain("--trace: %s", error->message);
		g_error_free(error);
		*good = false;
		return NULL;
	}
	tracer = g_new0(struct zcli_tracer, 1);
	tracer->stream = stream;
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

void zcli_trace(void *user, const struct zclnd_trace *trace)
{
	struct zcli_tracer *tracer = user;

	ztrace_stream_event(tracer->stream, zclnd_trace_time(trace), zclnd_trace_self(trace),
			    zclnd_trace_peer(trace), zclnd_trace_name(trace), get_field, trace);
}
