/* SPDX-License-Identifier: MIT */
#include "tests/captures/streams.h"

#include <string.h>

static void free_chunk(gpointer data)
{
	struct stream_chunk *chunk = data;

	g_bytes_unref(chunk->data);
	g_free(chunk);
}

static void free_stream(gpointer data)
{
	struct stream_bytes *stream = data;

	g_free(stream->active);
	g_free(stream->passive);
	g_ptr_array_unref(stream->chunks);
	g_free(stream);
}

static GBytes *unhex(const char *hex)
{
	const size_t size = strlen(hex) / 2;
	uint8_t *data = g_malloc(size);

	g_assert_cmpuint(strlen(hex) % 2, ==, 0);
	g_assert_cmpuint(size, >, 0);
	for (size_t i = 0; i < size; i++) {
		g_assert_true(g_ascii_isxdigit(hex[2 * i]) && g_ascii_isxdigit(hex[2 * i + 1]));
		data[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				    g_ascii_xdigit_value(hex[2 * i + 1]));
	}
	return g_bytes_new_take(data, size);
}

static uint64_t number(const char *text, uint64_t max)
{
	guint64 value = 0;

	if (!g_ascii_string_to_unsigned(text, 10, 0, max, &value, NULL))
		g_error("'%s' is no number up to %" G_GUINT64_FORMAT, text, max);
	return value;
}

static void add_stream(GPtrArray *streams, char **words)
{
	struct stream_bytes *stream = g_new0(struct stream_bytes, 1);

	stream->number = (uint32_t)number(words[1], UINT32_MAX);
	stream->active = g_strdup(words[2]);
	stream->passive = g_strdup(words[3]);
	stream->chunks = g_ptr_array_new_with_free_func(free_chunk);
	g_assert_cmpuint(stream->number, ==, streams->len);
	g_ptr_array_add(streams, stream);
}

static void add_chunk(GPtrArray *streams, char **words)
{
	struct stream_chunk *chunk = g_new0(struct stream_chunk, 1);
	const uint64_t at = number(words[0], streams->len - 1);
	struct stream_bytes *stream = streams->pdata[at];

	g_assert_true(strcmp(words[1], "A") == 0 || strcmp(words[1], "P") == 0);
	chunk->from_active = words[1][0] == 'A';
	chunk->time_ns = (int64_t)number(words[2], INT64_MAX);
	chunk->data = unhex(words[3]);
	g_ptr_array_add(stream->chunks, chunk);
}

GPtrArray *streams_load(const char *name)
{
	GPtrArray *streams = g_ptr_array_new_with_free_func(free_stream);
	char *file = g_strconcat(name, ".streams", NULL);
	char *path = g_test_build_filename(G_TEST_DIST, "tests", "captures", "streams", file, NULL);
	char *text = NULL, **lines;
	GError *error = NULL;

	if (!g_file_get_contents(path, &text, NULL, &error))
		g_error("%s", error->message);
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
		char **words = g_strsplit(lines[i], " ", -1);

		if (g_strv_length(words) != 4)
			g_error("%s:%zu: expected four words", path, i + 1);
		if (strcmp(words[0], "stream") == 0)
			add_stream(streams, words);
		else
			add_chunk(streams, words);
		g_strfreev(words);
	}
	g_strfreev(lines);
	g_free(text);
	g_free(path);
	g_free(file);
	return streams;
}

GByteArray *streams_join(const struct stream_bytes *stream, bool from_active)
{
	GByteArray *all = g_byte_array_new();

	for (size_t i = 0; i < stream->chunks->len; i++) {
		const struct stream_chunk *chunk = stream->chunks->pdata[i];
		gsize len;
		const void *data = g_bytes_get_data(chunk->data, &len);

		if (chunk->from_active == from_active)
			g_byte_array_append(all, data, (guint)len);
	}
	return all;
}
