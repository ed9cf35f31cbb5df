/* SPDX-License-Identifier: MIT */
#include <json-glib/json-glib.h>

#include "scenarios/report.h"
#include "scenarios/words.h"

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, value);
}

static void add_int(JsonBuilder *builder, const char *name, int64_t value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, value);
}

static void add_fields(JsonBuilder *builder, const struct zcl_event *event)
{
	char value[64];

	for (const char *const *name = zcl_event_fields(); *name; name++) {
		gint64 number;

		if (!zcl_event_field(event, *name, value, sizeof(value)) || *value == '\0')
			continue;
		if (g_ascii_string_to_signed(value, 10, G_MININT64, G_MAXINT64, &number, NULL))
			add_int(builder, *name, number);
		else
			add_string(builder, *name, value);
	}
}

static const char *name_of(const struct zrace_record *record, GString *scratch,
			   const struct zrace_script *script)
{
	if (record->kind == ZRACE_REC_EVENT)
		return zcl_event_name(record->event.kind);
	if (record->kind == ZRACE_REC_HELD)
		return "held";
	zrace_words_record(scratch, script, record);
	return "script";
}

/* An event: time (ns), name, vantage_point (whose it is), data. */
static void add_record(JsonBuilder *builder, const struct zrace_script *script,
		       const struct zrace_record *record)
{
	GString *scratch = g_string_new(NULL);

	add_int(builder, "time", record->time);
	add_string(builder, "name", name_of(record, scratch, script));
	if (record->peer != ZRACE_ANY_PEER)
		add_string(builder, "vantage_point", script->peers[record->peer].name);
	json_builder_set_member_name(builder, "data");
	json_builder_begin_object(builder);
	if (record->other != ZRACE_ANY_PEER)
		add_string(builder, "peer", script->peers[record->other].name);
	if (record->kind == ZRACE_REC_EVENT)
		add_fields(builder, &record->event);
	if (record->kind == ZRACE_REC_ACTION)
		add_string(builder, "action", scratch->str);
	if (record->kind == ZRACE_REC_HELD) {
		zrace_words_units(scratch, record->unit);
		add_string(builder, "unit", scratch->str);
	}
	json_builder_end_object(builder);
	g_string_free(scratch, TRUE);
}

static void add_run(JsonBuilder *builder, const struct zrace_run *run)
{
	const struct zrace_script *script = run->script;
	const struct zrace_vary *vary;

	add_string(builder, "file", script->file);
	if (script->cases[run->case_index].name)
		add_string(builder, "case", script->cases[run->case_index].name);
	add_int(builder, "seed", (int64_t)run->options.seed);
	if (run->vary == ZRACE_BASE_RUN)
		return;
	vary = &g_array_index(script->varies, struct zrace_vary, run->vary);
	if (vary->lose) {
		char *way = g_strdup_printf("%s>%s", script->peers[vary->peer].name,
					    script->peers[vary->other].name);

		add_string(builder, "lose", way);
		add_int(builder, "packet", run->shift);
		g_free(way);
		return;
	}
	add_string(builder, "vary", script->peers[vary->peer].name);
	add_int(builder, "shift", run->shift);
}

static void print_builder(GString *text, JsonBuilder *builder)
{
	JsonGenerator *generator = json_generator_new();
	JsonNode *root = json_builder_get_root(builder);

	json_generator_set_root(generator, root);
	json_generator_to_gstring(generator, text);
	json_node_unref(root);
	g_object_unref(generator);
	g_object_unref(builder);
}

void zrace_result_json(GString *text, const struct zrace_result *result)
{
	static const char *const verdicts[] = {"pass", "fail", "skip", "error"};
	const struct zrace_outcome *outcome = result->outcome;
	JsonBuilder *builder = json_builder_new_immutable();
	GString *reason = g_string_new(NULL);

	json_builder_begin_object(builder);
	add_run(builder, result->run);
	if (result->run->script->title)
		add_string(builder, "title", result->run->script->title);
	add_string(builder, "verdict", verdicts[outcome->verdict]);
	zrace_result_reason(reason, result);
	if (reason->len)
		add_string(builder, "why", reason->str);
	add_int(builder, "runs", (int64_t)result->runs);
	if (outcome->state)
		add_string(builder, "state", outcome->state);
	json_builder_set_member_name(builder, "events");
	json_builder_begin_array(builder);
	for (guint i = 0; i < outcome->log->len; i++) {
		json_builder_begin_object(builder);
		add_record(builder, result->run->script, zrace_log_at(outcome->log, i));
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	print_builder(text, builder);
	g_string_free(reason, TRUE);
}
