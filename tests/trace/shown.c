/* SPDX-License-Identifier: MIT */
#include "tests/trace/shown.h"

#include <string.h>

void shown_init(void)
{
	const char *configured = g_getenv("TSHARK");

	if (configured != NULL && *configured == '/')
		g_setenv("ZCLND_TSHARK", configured, TRUE);
}

static bool has_tshark(void)
{
	const char *named = g_getenv("ZCLND_TSHARK");
	char *found = g_find_program_in_path(named != NULL ? named : "tshark");
	const bool has = found != NULL;

	g_free(found);
	return has;
}

static void skip(gconstpointer data)
{
	(void)data;
	g_test_skip("tshark is not installed");
}

void shown_add_test(const char *name, gconstpointer data, GTestDataFunc fn)
{
	g_test_add_data_func(name, data, has_tshark() ? fn : skip);
}

char *shown_capture_path(const char *capture)
{
	char *file = g_strconcat(capture, ".pcap", NULL);
	char *path = g_test_build_filename(G_TEST_DIST, "tests", "captures", file, NULL);

	g_free(file);
	return path;
}

static char *rewind_and_read(FILE *file)
{
	GString *text = g_string_new(NULL);
	char buf[4096];
	size_t n;

	rewind(file);
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		g_string_append_len(text, buf, (gssize)n);
	fclose(file);
	return g_string_free(text, FALSE);
}

static struct shown run(const char *path, enum ztrace_format format, FILE *out)
{
	const struct ztrace_options opts = {
		.path = path, .format = format, .out = out, .err = tmpfile()};
	struct shown shown = {0};

	g_assert_nonnull(opts.out);
	g_assert_nonnull(opts.err);
	shown.status = ztrace_run(&opts);
	shown.err = rewind_and_read(opts.err);
	return shown;
}

struct shown shown_of(const char *path, enum ztrace_format format)
{
	FILE *out = tmpfile();
	struct shown shown = run(path, format, out);

	shown.out = rewind_and_read(out);
	return shown;
}

struct shown shown_of_capture(const char *capture, enum ztrace_format format)
{
	char *path = shown_capture_path(capture);
	const struct shown shown = shown_of(path, format);

	g_free(path);
	return shown;
}

struct shown shown_on(const char *capture, FILE *out)
{
	char *path = shown_capture_path(capture);
	const struct shown shown = run(path, ZTRACE_FORMAT_DEFAULT, out);

	g_free(path);
	return shown;
}

void shown_clear(struct shown *shown)
{
	g_free(shown->out);
	g_free(shown->err);
}

/* ---- messages ---- */

static JsonObject *flat(JsonObject *line)
{
	JsonObject *data = json_object_get_object_member(line, "data");
	const char *name = json_object_get_string_member(line, "name");

	g_assert_true(g_str_has_prefix(name, "wire:"));
	json_object_set_string_member(data, "name", name + strlen("wire:"));
	json_object_set_int_member(data, "time", json_object_get_int_member(line, "time"));
	json_object_set_string_member(data, "vantage_point",
				      json_object_get_string_member(line, "vantage_point"));
	return json_object_ref(data);
}

static bool is_end(JsonObject *line)
{
	const char *name = json_object_get_string_member(line, "name");

	return strcmp(name, "wire:reset") == 0 || strcmp(name, "wire:close") == 0;
}

GPtrArray *shown_messages(const struct shown *shown)
{
	GPtrArray *messages = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
	char **lines = g_strsplit(shown->out, "\n", -1);

	for (size_t i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
		GError *error = NULL;
		JsonNode *node = json_from_string(lines[i], &error);
		JsonObject *line;

		g_assert_no_error(error);
		line = json_node_get_object(node);
		if (i == 0)
			g_assert_cmpstr(json_object_get_string_member(line, "format"), ==,
					"zclnd-trace");
		else if (!is_end(line))
			g_ptr_array_add(messages, flat(line));
		json_node_unref(node);
	}
	g_strfreev(lines);
	return messages;
}

const char *shown_text(JsonObject *message, const char *field)
{
	return json_object_get_string_member_with_default(message, field, "");
}

gint64 shown_int(JsonObject *message, const char *field)
{
	return json_object_get_int_member_with_default(message, field, 0);
}

guint shown_count(const GPtrArray *messages, const char *field, const char *value)
{
	guint n = 0;

	for (size_t i = 0; i < messages->len; i++)
		n += strcmp(shown_text(messages->pdata[i], field), value) == 0;
	return n;
}
