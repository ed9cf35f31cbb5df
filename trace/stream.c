/* SPDX-License-Identifier: MIT */
#include "trace/stream.h"

#include <errno.h>

#include "config.h"

struct ztrace_stream {
	GMutex lock;
	FILE *file;
	int64_t start; /* time 0 */
};

/* The header is there at once: processes that are forked later write behind it. */
struct ztrace_stream *ztrace_stream_open(const char *path, const char *program, const zcl_nid *nids,
					 size_t n, GError **error)
{
	FILE *file = fopen(path, "we");
	struct ztrace_stream *stream;
	char nid[ZCL_NID_STRLEN], *writer;
	struct ztrace_log *log;

	if (file == NULL) {
		g_set_error(error, ZTRACE_JSON_ERROR, 0, "%s: %s", path, g_strerror(errno));
		return NULL;
	}
	setvbuf(file, NULL, _IOLBF, 0);
	stream = g_new0(struct ztrace_stream, 1);
	g_mutex_init(&stream->lock);
	stream->file = file;
	stream->start = g_get_monotonic_time() * 1000;
	writer = g_strdup_printf("%s (%s)", program, PACKAGE_STRING);
	log = ztrace_log_new(NULL, writer);
	for (size_t i = 0; i < n; i++)
		ztrace_log_lane(log, zcl_nid_format(nids[i], nid, sizeof(nid)), nids[i]);
	log->reference = g_get_real_time() * 1000;
	ztrace_json_header(log, file);
	ztrace_log_free(log);
	g_free(writer);
	return stream;
}

void ztrace_stream_event(struct ztrace_stream *stream, int64_t time, zcl_nid self, zcl_nid peer,
			 const char *name, ztrace_field_func get, const void *event)
{
	char nid[ZCL_NID_STRLEN];
	char *full = g_strconcat(ztrace_json_category_of(name), ":", name, NULL);
	JsonBuilder *b = json_builder_new();

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
	g_mutex_lock(&stream->lock);
	ztrace_json_line(b, stream->file);
	g_mutex_unlock(&stream->lock);
	g_free(full);
}

bool ztrace_stream_close(struct ztrace_stream *stream)
{
	bool good;

	if (stream == NULL)
		return true;
	good = !ferror(stream->file);
	good = fclose(stream->file) == 0 && good;
	g_mutex_clear(&stream->lock);
	g_free(stream);
	return good;
}
