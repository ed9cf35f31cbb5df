/* SPDX-License-Identifier: MIT */
#include "trace/stream.h"

#include <errno.h>

struct ztrace_stream {
	GMutex lock;
	FILE *file;
	struct ztrace_log *log; /* what the header says; no entries */
	int64_t start;		/* time of the first event */
	bool begun;
};

struct ztrace_stream *ztrace_stream_open(const char *path, const char *program, const char *title,
					 GError **error)
{
	FILE *file = fopen(path, "we");
	struct ztrace_stream *stream;

	if (file == NULL) {
		g_set_error(error, ZTRACE_JSON_ERROR, 0, "%s: %s", path, g_strerror(errno));
		return NULL;
	}
	stream = g_new0(struct ztrace_stream, 1);
	g_mutex_init(&stream->lock);
	stream->file = file;
	setvbuf(file, NULL, _IOLBF, 0);
	stream->log = ztrace_log_new(title, program);
	return stream;
}

/* The header tells the wall clock at time 0, which is that of the first event. */
static void begin(struct ztrace_stream *stream, int64_t time, zcl_nid self)
{
	char nid[ZCL_NID_STRLEN];

	stream->begun = true;
	stream->start = time;
	stream->log->reference = g_get_real_time() * 1000;
	if (self != ZCL_NID_ANY)
		ztrace_log_lane(stream->log, zcl_nid_format(self, nid, sizeof(nid)), self);
	ztrace_json_header(stream->log, stream->file);
}

void ztrace_stream_event(struct ztrace_stream *stream, int64_t time, zcl_nid self, zcl_nid peer,
			 const char *name, ztrace_field_func get, const void *event)
{
	char nid[ZCL_NID_STRLEN];
	char *full = g_strconcat(ztrace_json_category_of(name), ":", name, NULL);
	JsonBuilder *b = json_builder_new();

	g_mutex_lock(&stream->lock);
	if (!stream->begun)
		begin(stream, time, self);
	json_builder_begin_object(b);
	ztrace_json_int(b, "time", time - stream->start);
	ztrace_json_string(b, "name", full);
	ztrace_json_string(b, "vantage_point", zcl_nid_format(self, nid, sizeof(nid)));
	json_builder_set_member_name(b, "data");
	json_builder_begin_object(b);
	if (peer != ZCL_NID_ANY)
		ztrace_json_string(b, "peer", zcl_nid_format(peer, nid, sizeof(nid)));
	ztrace_json_event_write(b, get, event);
	json_builder_end_object(b);
	ztrace_json_line(b, stream->file);
	g_mutex_unlock(&stream->lock);
	g_free(full);
}

bool ztrace_stream_close(struct ztrace_stream *stream)
{
	bool good;

	if (stream == NULL)
		return true;
	if (!stream->begun)
		begin(stream, 0, ZCL_NID_ANY);
	good = !ferror(stream->file);
	good = fclose(stream->file) == 0 && good;
	ztrace_log_free(stream->log);
	g_mutex_clear(&stream->lock);
	g_free(stream);
	return good;
}
