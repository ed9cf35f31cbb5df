/* SPDX-License-Identifier: MIT */
#include "sim/explore_report.h"

#include <json-glib/json-glib.h>

#include "scenarios/words.h"
#include "sim/explore_show.h"

void zx_report_name(GString *text, const struct zx_model *model)
{
	char *base = g_path_get_basename(model->script->file);

	g_string_append(text, base);
	zrace_words_case(text, model->script, model->case_index);
	g_free(base);
}

static double rate(const struct zx_result *result)
{
	return result->seconds > 0 ? (double)result->transitions / result->seconds : 0;
}

static void text_case(GString *text, const struct zx_model *model, const struct zx_result *result,
		      bool ascii)
{
	zx_report_name(text, model);
	g_string_append_printf(
		text,
		": %zu states, %zu transitions, %zu ends, depth %zu, %.3f s, %.0f transitions/s, "
		"%.1f MiB\n",
		result->states, result->transitions, result->ends, result->depth, result->seconds,
		rate(result), (double)result->memory / 1048576);
	if (result->violation.property == ZX_PROPERTIES)
		return;
	g_string_append_printf(text, "violation of %s: %s\n",
			       zx_property_name(result->violation.property), result->violation.why);
	zx_show_path(text, model, result->violation.path, result->violation.length);
	zx_show_ladder(text, model, result->violation.path, result->violation.length, ascii);
}

static void add_int(JsonBuilder *builder, const char *name, size_t value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, (gint64)value);
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, value);
}

static void add_violation(JsonBuilder *builder, const struct zx_model *model,
			  const struct zx_result *result)
{
	GString *path = g_string_new(NULL);
	char **lines;

	zx_show_path(path, model, result->violation.path, result->violation.length);
	lines = g_strsplit(path->str, "\n", -1);
	json_builder_set_member_name(builder, "violation");
	json_builder_begin_object(builder);
	add_string(builder, "property", zx_property_name(result->violation.property));
	add_string(builder, "what", result->violation.why);
	json_builder_set_member_name(builder, "path");
	json_builder_begin_array(builder);
	for (char **line = lines; *line && **line; line++) {
		/* Without its number. */
		const char *words = g_strstrip(*line);

		while (g_ascii_isdigit(*words) || *words == ' ')
			words++;
		json_builder_add_string_value(builder, words);
	}
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	g_strfreev(lines);
	g_string_free(path, TRUE);
}

static void json_case(GString *text, const struct zx_model *model, const struct zx_result *result)
{
	const char *name = model->script->cases[model->case_index].name;
	JsonBuilder *builder = json_builder_new();
	JsonNode *root;
	char *string;

	json_builder_begin_object(builder);
	add_string(builder, "script", model->script->file);
	if (name)
		add_string(builder, "case", name);
	add_int(builder, "states", result->states);
	add_int(builder, "transitions", result->transitions);
	add_int(builder, "ends", result->ends);
	add_int(builder, "depth", result->depth);
	add_int(builder, "memory", result->memory);
	json_builder_set_member_name(builder, "seconds");
	json_builder_add_double_value(builder, result->seconds);
	json_builder_set_member_name(builder, "exhausted");
	json_builder_add_boolean_value(
		builder, result->bounded == NULL && result->violation.property == ZX_PROPERTIES);
	if (result->bounded)
		add_string(builder, "bounded", result->bounded);
	if (result->violation.property != ZX_PROPERTIES)
		add_violation(builder, model, result);
	json_builder_end_object(builder);
	root = json_builder_get_root(builder);
	string = json_to_string(root, FALSE);
	g_string_append_printf(text, "%s\n", string);
	g_free(string);
	json_node_unref(root);
	g_object_unref(builder);
}

void zx_report_case(GString *text, const struct zx_model *model, const struct zx_result *result,
		    enum zx_form form, bool ascii)
{
	if (form == ZX_JSON)
		json_case(text, model, result);
	else
		text_case(text, model, result, ascii);
}
