/* SPDX-License-Identifier: MIT */
#include "trace/json.h"

void ztrace_json_string(JsonBuilder *builder, const char *name, const char *value)
{
	char *valid = g_utf8_make_valid(value, -1);

	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, valid);
	g_free(valid);
}

void ztrace_json_int(JsonBuilder *builder, const char *name, int64_t value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, value);
}

void ztrace_json_line(JsonBuilder *builder, FILE *out)
{
	JsonGenerator *generator = json_generator_new();
	JsonNode *root;
	char *text;

	json_builder_end_object(builder);
	root = json_builder_get_root(builder);
	json_generator_set_root(generator, root);
	text = json_generator_to_data(generator, NULL);
	fprintf(out, "%s\n", text);
	g_free(text);
	json_node_unref(root);
	g_object_unref(generator);
	g_object_unref(builder);
}

static void put_lanes(JsonBuilder *b, const struct ztrace_log *log)
{
	char nid[ZCL_NID_STRLEN];

	json_builder_set_member_name(b, "vantage_points");
	json_builder_begin_array(b);
	for (unsigned i = 0; i < log->lanes->len; i++) {
		const struct ztrace_lane *lane = ztrace_log_lane_at(log, i);

		if (!lane->vantage)
			continue;
		json_builder_begin_object(b);
		ztrace_json_string(b, "name", lane->name);
		if (lane->nid != ZCL_NID_ANY)
			ztrace_json_string(b, "nid", zcl_nid_format(lane->nid, nid, sizeof(nid)));
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
}

static void put_reference(JsonBuilder *b, int64_t ns)
{
	GDateTime *second = g_date_time_new_from_unix_utc(ns / 1000000000);
	GDateTime *time =
		g_date_time_add(second, ns % 1000000000 / 1000); /* it counts microseconds */
	char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S.%fZ");

	ztrace_json_string(b, "reference_time", text);
	g_free(text);
	g_date_time_unref(time);
	g_date_time_unref(second);
}

/* Which run it is: these stand in the header and in each event. */
static void put_run(JsonBuilder *b, const struct ztrace_log *log)
{
	if (log->run_case)
		ztrace_json_string(b, "case", log->run_case);
	if (log->seed)
		ztrace_json_int(b, "seed", log->seed);
	if (log->vary) {
		ztrace_json_string(b, "vary", log->vary);
		ztrace_json_int(b, "shift", log->shift);
	}
}

void ztrace_json_header(const struct ztrace_log *log, FILE *out)
{
	JsonBuilder *b = json_builder_new();

	json_builder_begin_object(b);
	ztrace_json_string(b, "format", ZTRACE_FORMAT);
	ztrace_json_int(b, "version", ZTRACE_FORMAT_VERSION);
	if (log->title)
		ztrace_json_string(b, "title", log->title);
	if (log->program)
		ztrace_json_string(b, "program", log->program);
	ztrace_json_string(b, "time_unit", "ns");
	if (log->reference)
		put_reference(b, log->reference);
	if (log->file)
		ztrace_json_string(b, "file", log->file);
	put_run(b, log);
	put_lanes(b, log);
	ztrace_json_line(b, out);
}

static void put_name(JsonBuilder *b, const struct ztrace_entry *entry)
{
	char *name = NULL;

	switch (entry->kind) {
	case ZTRACE_EVENT:
		name = g_strconcat(ztrace_json_category(entry->event.kind), ":",
				   zcl_event_name(entry->event.kind), NULL);
		break;
	case ZTRACE_HELD:
		name = g_strdup("script:held");
		break;
	case ZTRACE_ACTION:
		name = g_strdup("script:action");
		break;
	case ZTRACE_WIRE:
		name = g_strconcat("wire:", ztrace_wire_name(entry->wire->kind), NULL);
		break;
	}
	ztrace_json_string(b, "name", name);
	g_free(name);
}

static bool get_field(const void *event, const char *field, char *buf, size_t size)
{
	return zcl_event_field(event, field, buf, size);
}

static void put_data(JsonBuilder *b, const struct ztrace_log *log, const struct ztrace_entry *entry)
{
	json_builder_set_member_name(b, "data");
	json_builder_begin_object(b);
	if (entry->other != ZTRACE_NO_LANE)
		ztrace_json_string(b, "peer", ztrace_log_lane_at(log, entry->other)->name);
	switch (entry->kind) {
	case ZTRACE_EVENT:
		ztrace_json_event_write(b, get_field, &entry->event);
		break;
	case ZTRACE_HELD:
		ztrace_json_string(b, "unit", entry->text);
		break;
	case ZTRACE_ACTION:
		ztrace_json_string(b, "action", entry->text);
		break;
	case ZTRACE_WIRE:
		ztrace_json_wire_write(b, entry->wire);
		break;
	}
	json_builder_end_object(b);
}

static void put_entry(const struct ztrace_log *log, const struct ztrace_entry *entry, FILE *out)
{
	JsonBuilder *b = json_builder_new();

	json_builder_begin_object(b);
	ztrace_json_int(b, "time", entry->time);
	put_name(b, entry);
	if (entry->lane != ZTRACE_NO_LANE)
		ztrace_json_string(b, "vantage_point", ztrace_log_lane_at(log, entry->lane)->name);
	put_data(b, log, entry);
	put_run(b, log);
	ztrace_json_line(b, out);
}

void ztrace_json_write(const struct ztrace_log *log, FILE *out)
{
	ztrace_json_header(log, out);
	for (guint i = 0; i < log->entries->len && !ferror(out); i++)
		put_entry(log, ztrace_log_at(log, i), out);
}
