/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <string.h>

#include "scenarios/match.h"
#include "scenarios/parser.h"
#include "scenarios/runner.h"
#include "tests/scenarios/memworld.h"

/*
 * Every event of the core can be expected, with each of its fields: the core's list, the parser,
 * the matcher, the manual page and what events really carry are held against each other.
 */

#define MAX_PEERS 10 /* of scripts that are run here: larger ones say nothing new */

static const char head[] = "race 1\npeer one nid 10.0.0.1@tcp\npeer two nid 10.0.0.2@tcp\n";

static const char *value_of(const char *field)
{
	static const char *const values[][2] = {
		{"version", "v1"},     {"to", "v1"},	     {"ctype", "ANY"},
		{"initiator", "self"}, {"reason", "race"},   {"error", "reset"},
		{"lnet-type", "PUT"},  {"length", "64KiB"},  {"cookie", "2"},
		{"ack", "2"},	       {"incarnation", "7"}, {"delay", "1s"},
		{"conn", "1"},	       {"way", "zerocopy"},  {"why", "unregistered"}};

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
		if (strcmp(values[i][0], field) == 0)
			return values[i][1];
	g_error("no value for the field %s stands here", field);
}

static struct zrace_script *parse(const char *text, char **mistake)
{
	struct zrace_errors errors;
	struct zrace_script *script;

	zrace_errors_init(&errors);
	script = zrace_parse_text("test", text, strlen(text), &errors);
	if (mistake)
		*mistake = g_strdup(errors.text->str);
	zrace_errors_clear(&errors);
	return script;
}

static void test_parser(void)
{
	for (int kind = 0; kind < ZCL_EV_LAST; kind++) {
		const char *name = zcl_event_name((enum zcl_event_kind)kind);

		for (const char *const *field = zcl_event_fields(); *field; field++) {
			char *text = g_strdup_printf("%sexpect one %s two %s=%s\n", head, name,
						     *field, value_of(*field));
			char *mistake;
			struct zrace_script *script = parse(text, &mistake);

			if (zcl_event_has((enum zcl_event_kind)kind, *field))
				g_assert_cmpstr(mistake, ==, "");
			else
				g_assert_nonnull(strstr(mistake, "expected a field of \""));
			zrace_script_free(script);
			g_free(mistake);
			g_free(text);
		}
	}
}

/* ---- the manual page ---- */

/* "NAME" " [FIELD, FIELD]" behind .BR; false: the line is something else. */
static bool read_entry(const char *line, char **name, char ***fields)
{
	char *plain, **parts;

	if (!g_str_has_prefix(line, ".BR "))
		return false;
	parts = g_strsplit(line + strlen(".BR "), "\\", -1); /* \- is - */
	plain = g_strjoinv("", parts);
	g_strfreev(parts);
	parts = g_strsplit_set(plain, " [],\"", -1);
	*name = g_strdup(parts[0]);
	*fields = g_strdupv(parts + 1);
	g_strfreev(parts);
	g_free(plain);
	return true;
}

static void assert_entry(enum zcl_event_kind kind, const char *const *fields)
{
	for (const char *const *field = zcl_event_fields(); *field; field++)
		if (zcl_event_has(kind, *field) != g_strv_contains(fields, *field))
			g_error("zclnd-race(5): the fields of %s: %s", zcl_event_name(kind),
				*field);
	for (; *fields; fields++)
		g_assert_true(**fields == '\0' || zcl_event_has(kind, *fields));
}

static void test_manual(void)
{
	char *path = g_test_build_filename(G_TEST_DIST, "doc", "zclnd-race.5", NULL);
	bool there[ZCL_EV_LAST] = {false};
	bool inside = false;
	char *text, **lines;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		char *name, **fields;

		if (g_str_has_prefix(*line, ".SH ") || strcmp(*line, ".PP") == 0)
			inside = strcmp(*line, ".SH EVENTS") == 0;
		if (!inside || !read_entry(*line, &name, &fields))
			continue;
		g_assert_cmpint(zcl_event_kind_of(name), !=, ZCL_EV_LAST);
		g_assert_false(there[zcl_event_kind_of(name)]);
		there[zcl_event_kind_of(name)] = true;
		assert_entry(zcl_event_kind_of(name), (const char *const *)fields);
		g_strfreev(fields);
		g_free(name);
	}
	for (int kind = 0; kind < ZCL_EV_LAST; kind++)
		if (!there[kind])
			g_error("zclnd-race(5) does not have %s",
				zcl_event_name((enum zcl_event_kind)kind));
	g_strfreev(lines);
	g_free(text);
	g_free(path);
}

/* ---- what events really carry ---- */

static GHashTable *seen; /* "up version" */

/* Adds as many fields as a pattern may have, this one first. */
static void add_fields(GString *line, const struct zcl_event *event, const char *first)
{
	unsigned n = 1;
	char value[64];

	zcl_event_field(event, first, value, sizeof(value));
	g_string_append_printf(line, " %s=%s", first, value);
	for (const char *const *field = zcl_event_fields(); *field; field++) {
		if (strcmp(*field, first) == 0 ||
		    !zcl_event_field(event, *field, value, sizeof(value)) || *value == '\0' ||
		    n == ZRACE_MAX_FIELDS)
			continue;
		g_string_append_printf(line, " %s=%s", *field, value);
		n++;
	}
}

/* The event is expected with this field, and the expectation is met by it. */
static void try_field(const struct zrace_record *record, const char *field)
{
	const char *name = zcl_event_name(record->event.kind);
	char *key = g_strdup_printf("%s %s", name, field);
	struct zrace_record here = *record;
	const struct zrace_statement *one;
	struct zrace_script *script;
	GString *line;
	char *mistake;

	if (!zcl_event_has(record->event.kind, field))
		g_error("%s has the field %s, which the core's list does not have", name, field);
	if (!g_hash_table_add(seen, key))
		return;
	line = g_string_new(head);
	g_string_append_printf(line, "expect one %s", name);
	add_fields(line, &record->event, field);
	g_string_append_c(line, '\n');
	script = parse(line->str, &mistake);
	g_assert_cmpstr(mistake, ==, "");
	one = g_ptr_array_index(script->statements, 0);
	here.peer = 0;
	g_assert_true(zrace_pattern_fits(&one->pattern, &here));
	here.event.kind = record->event.kind == ZCL_EV_ACCEPT ? ZCL_EV_STALE : ZCL_EV_ACCEPT;
	g_assert_false(zrace_pattern_fits(&one->pattern, &here));
	zrace_script_free(script);
	g_string_free(line, TRUE);
	g_free(mistake);
}

static void look_at(const GArray *log)
{
	char value[64];

	for (guint i = 0; i < log->len; i++) {
		const struct zrace_record *record = zrace_log_at(log, i);

		if (record->kind != ZRACE_REC_EVENT)
			continue;
		for (const char *const *field = zcl_event_fields(); *field; field++)
			if (zcl_event_field(&record->event, *field, value, sizeof(value)) && *value)
				try_field(record, *field);
	}
}

static void run_script(const char *path)
{
	static const struct zrace_backend backend = {"test", memworld_new};
	struct zrace_run run = {.vary = ZRACE_BASE_RUN, .options = {.seed = 1}};
	struct zrace_errors errors;
	struct zrace_script *script;

	zrace_errors_init(&errors);
	script = zrace_parse_file(path, &errors);
	g_assert_cmpstr(errors.text->str, ==, "");
	zrace_errors_clear(&errors);
	run.script = script;
	for (size_t i = 0; i < script->ncases && script->npeers <= MAX_PEERS; i++) {
		struct zrace_outcome outcome;

		run.case_index = i;
		zrace_run_case(&backend, &run, &outcome);
		look_at(outcome.log);
		zrace_outcome_clear(&outcome);
	}
	zrace_script_free(script);
}

static void run_folder(const char *folder)
{
	char *path = g_test_build_filename(G_TEST_DIST, folder, NULL);
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		char *file = g_build_filename(path, name, NULL);

		if (g_str_has_suffix(name, ".race"))
			run_script(file);
		g_free(file);
	}
	g_dir_close(dir);
	g_free(path);
}

/* What no script brings about in this world: damaged bytes, and ways of sending. */
static const char *const unseen[] = {"sent way",
				     "sent why",
				     "protocol-error version",
				     "protocol-error ctype",
				     "protocol-error error",
				     "protocol-error conn",
				     "cut-off length",
				     "cut-off error",
				     NULL};

static void test_runs(void)
{
	seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	run_folder("scenarios");
	run_folder("tests/scenarios/good");
	run_folder("tests/scenarios/wrong-ends");
	for (int kind = 0; kind < ZCL_EV_LAST; kind++) {
		for (const char *const *field = zcl_event_fields(); *field; field++) {
			char *key = g_strdup_printf(
				"%s %s", zcl_event_name((enum zcl_event_kind)kind), *field);

			if (zcl_event_has((enum zcl_event_kind)kind, *field) &&
			    !g_hash_table_contains(seen, key) && !g_strv_contains(unseen, key))
				g_test_message("no script has: %s", key), g_test_fail();
			g_free(key);
		}
	}
	g_hash_table_unref(seen);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/events/parser", test_parser);
	g_test_add_func("/events/manual", test_manual);
	g_test_add_func("/events/runs", test_runs);
	return g_test_run();
}
