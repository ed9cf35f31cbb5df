/* SPDX-License-Identifier: MIT */
#include "trace/follow.h"

#include <string.h>

void ztrace_follow_init(struct ztrace_follow *follow, GPtrArray *streams, const GArray *frames)
{
	memset(follow, 0, sizeof(*follow));
	follow->streams = streams;
	follow->frames = frames;
	follow->found = g_hash_table_new(NULL, NULL);
	follow->base64 = g_string_new(NULL);
}

void ztrace_follow_clear(struct ztrace_follow *follow)
{
	for (size_t i = 0; i < G_N_ELEMENTS(follow->host); i++) {
		g_free(follow->host[i]);
		g_free(follow->port[i]);
	}
	g_hash_table_unref(follow->found);
	g_string_free(follow->base64, TRUE);
}

static char *join_address(const char *host, const char *port)
{
	const char *format = strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s";

	return g_strdup_printf(format, host, port);
}

static struct ztrace_stream *stream_of(struct ztrace_follow *follow, uint32_t number)
{
	struct ztrace_stream *stream;

	stream = g_hash_table_lookup(follow->found, GUINT_TO_POINTER(number));
	if (stream != NULL)
		return stream;
	stream = ztrace_stream_new(number);
	for (size_t i = 0; i < G_N_ELEMENTS(stream->address); i++)
		stream->address[i] = join_address(follow->host[i], follow->port[i]);
	g_ptr_array_add(follow->streams, stream);
	g_hash_table_insert(follow->found, GUINT_TO_POINTER(number), stream);
	return stream;
}

/* tshark puts this text where bytes are missing, as a packet of its own. */
static bool is_gap(const guint8 *data, gsize len)
{
	char *text = g_strndup((const char *)data, len);
	const bool gap =
		g_regex_match_simple("^\\[[0-9]+ bytes missing in capture file\\]$", text, 0, 0);

	g_free(text);
	return gap;
}

/* The packet that was read, if any, becomes a chunk of its stream. */
static bool take_packet(struct ztrace_follow *follow, GError **error)
{
	const struct ztrace_frame *frame;
	struct ztrace_chunk *chunk;
	gsize len = 0;
	guchar *data;

	if (follow->frame == 0)
		return true;
	if (follow->frame > follow->frames->len || follow->host[1] == NULL ||
	    follow->port[1] == NULL || follow->host[0] == NULL || follow->port[0] == NULL) {
		g_set_error(error, ZTRACE_ERROR, ZTRACE_ERROR_OUTPUT,
			    "tshark's stream has a packet %u out of place", follow->frame);
		return false;
	}
	frame = &g_array_index(follow->frames, struct ztrace_frame, follow->frame - 1);
	data = g_base64_decode(follow->base64->str, &len);
	if (is_gap(data, len)) {
		follow->gap[follow->peer] = true;
		g_free(data);
	} else {
		chunk = g_new0(struct ztrace_chunk, 1);
		chunk->side = follow->peer;
		chunk->frame = follow->frame;
		chunk->time_ns = frame->time_ns;
		chunk->after_gap = follow->gap[follow->peer] || frame->cut;
		chunk->data = g_bytes_new_take(data, len);
		g_ptr_array_add(stream_of(follow, frame->stream)->chunks, chunk);
		follow->gap[follow->peer] = false;
	}
	follow->frame = 0;
	follow->in_data = false;
	g_string_truncate(follow->base64, 0);
	return true;
}

static bool start_document(struct ztrace_follow *follow, GError **error)
{
	if (!take_packet(follow, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(follow->host); i++) {
		g_clear_pointer(&follow->host[i], g_free);
		g_clear_pointer(&follow->port[i], g_free);
		follow->gap[i] = false;
	}
	follow->in_packets = false;
	follow->peer = 0;
	return true;
}

static bool not_understood(const char *line, GError **error)
{
	g_set_error(error, ZTRACE_ERROR, ZTRACE_ERROR_OUTPUT,
		    "tshark's stream is not understood: '%s'", line);
	return false;
}

static bool parse_number(const char *text, guint64 max, uint32_t *value)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL))
		return false;
	*value = (uint32_t)number;
	return true;
}

/* "key: value" with its indentation and list mark taken off. */
static bool take_pair(struct ztrace_follow *follow, const char *key, const char *value)
{
	if (strcmp(key, "peer") == 0)
		return parse_number(value, 1, &follow->peer);
	if (strcmp(key, "host") == 0 && !follow->in_packets) {
		g_free(follow->host[follow->peer]);
		follow->host[follow->peer] = g_strdup(value);
		return true;
	}
	if (strcmp(key, "port") == 0 && !follow->in_packets) {
		g_free(follow->port[follow->peer]);
		follow->port[follow->peer] = g_strdup(value);
		return true;
	}
	if (strcmp(key, "data") == 0) {
		follow->in_data = true;
		return strcmp(value, "!!binary |") == 0;
	}
	return strcmp(key, "timestamp") == 0; /* a rounded one: the packet list has the exact */
}

bool ztrace_follow_line(char *line, void *user, GError **error)
{
	struct ztrace_follow *follow = user;
	const char *key = line, *value = "";
	char *colon;

	g_strchomp(line);
	if (*line == '\0')
		return true;
	if (strcmp(line, "peers:") == 0)
		return start_document(follow, error);
	if (strcmp(line, "packets:") == 0) {
		follow->in_packets = true;
		return true;
	}
	while (*key == ' ' || *key == '-')
		key++;
	colon = strchr(line, ':');
	if (colon == NULL) {
		if (!follow->in_data)
			return not_understood(line, error);
		g_string_append(follow->base64, key);
		return true;
	}
	if (colon[1] == ' ')
		value = colon + 2;
	if (g_str_has_prefix(key, "packet: ")) {
		if (!take_packet(follow, error))
			return false;
		return parse_number(value, UINT32_MAX, &follow->frame) ||
		       not_understood(line, error);
	}
	*colon = '\0';
	return take_pair(follow, key, value) || not_understood(line, error);
}

bool ztrace_follow_end(struct ztrace_follow *follow, GError **error)
{
	return take_packet(follow, error);
}
