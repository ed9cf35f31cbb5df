/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/json.h"

#define MAX_LINE ((size_t)1 << 20)

struct reader {
	const char *path;
	guint line;
	GPtrArray *logs;	/* of struct ztrace_log */
	struct ztrace_log *log; /* the one that is being read; NULL before the first header */
	GHashTable *active;	/* "lane conn" of connections that this lane opened */
	JsonParser *parser;
};

bool ztrace_json_is_trace(const char *path)
{
	FILE *file = fopen(path, "r");
	int c = EOF;

	if (file == NULL)
		return false;
	while ((c = fgetc(file)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		;
	fclose(file);
	return c == '{';
}

static bool wrong(GError **error, const char *what)
{
	g_set_error_literal(error, ZTRACE_JSON_ERROR, 0, what);
	return false;
}

/* A member that is there and has this type. */
static JsonNode *member(JsonObject *object, const char *name, GType type)
{
	JsonNode *node = json_object_get_member(object, name);

	return node && json_node_get_value_type(node) == type ? node : NULL;
}

static const char *text_of(JsonObject *object, const char *name)
{
	JsonNode *node = member(object, name, G_TYPE_STRING);

	return node ? json_node_get_string(node) : NULL;
}

static gint64 int_of(JsonObject *object, const char *name)
{
	JsonNode *node = member(object, name, G_TYPE_INT64);

	return node ? json_node_get_int(node) : 0;
}

/* ---- the header ---- */

static bool read_lane(struct ztrace_log *log, JsonNode *node, GError **error)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	const char *name = object ? text_of(object, "name") : NULL;
	const char *nid = object ? text_of(object, "nid") : NULL;
	zcl_nid parsed = ZCL_NID_ANY;

	if (name == NULL)
		return wrong(error, "vantage_points: expected objects with a name");
	if (nid != NULL && zcl_nid_parse(nid, &parsed) != ZCL_OK)
		return wrong(error, "vantage_points: nid: expected a NID like 10.0.0.9@tcp");
	if (ztrace_log_lane(log, name, parsed) == ZTRACE_NO_LANE)
		return wrong(error, "vantage_points: too many");
	return true;
}

static void read_reference(struct ztrace_log *log, const char *text)
{
	GDateTime *time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;

	if (time == NULL)
		return;
	log->reference = g_date_time_to_unix(time) * 1000000000 +
			 (int64_t)g_date_time_get_microsecond(time) * 1000;
	g_date_time_unref(time);
}

static bool read_header(struct reader *r, JsonObject *object, GError **error)
{
	JsonNode *lanes = json_object_get_member(object, "vantage_points");
	struct ztrace_log *log;

	if (g_strcmp0(text_of(object, "format"), ZTRACE_FORMAT) != 0)
		return wrong(error, "expected a header with \"format\": \"" ZTRACE_FORMAT "\"");
	if (int_of(object, "version") != ZTRACE_FORMAT_VERSION)
		return wrong(error,
			     "this version of the format is not known: a newer program wrote "
			     "it");
	if (lanes == NULL || !JSON_NODE_HOLDS_ARRAY(lanes))
		return wrong(error, "expected a list of vantage_points");
	log = ztrace_log_new(text_of(object, "title"), text_of(object, "program"));
	g_ptr_array_add(r->logs, log);
	r->log = log;
	g_hash_table_remove_all(r->active);
	log->file = g_strdup(text_of(object, "file"));
	log->run_case = g_strdup(text_of(object, "case"));
	log->vary = g_strdup(text_of(object, "vary"));
	log->seed = int_of(object, "seed");
	log->shift = int_of(object, "shift");
	read_reference(log, text_of(object, "reference_time"));
	for (guint i = 0; i < json_array_get_length(json_node_get_array(lanes)); i++)
		if (!read_lane(log, json_array_get_element(json_node_get_array(lanes), i), error))
			return false;
	return true;
}

/* ---- events ---- */

/* Whom no header named: a peer that is known from events of others only. */
static unsigned lane_of(struct ztrace_log *log, const char *name)
{
	zcl_nid nid;
	unsigned lane;

	if (name == NULL)
		return ZTRACE_NO_LANE;
	lane = ztrace_log_find_lane(log, name);
	if (lane != ZTRACE_NO_LANE)
		return lane;
	lane = ztrace_log_lane(log, name, zcl_nid_parse(name, &nid) == ZCL_OK ? nid : ZCL_NID_ANY);
	if (lane != ZTRACE_NO_LANE)
		((struct ztrace_lane *)log->lanes->pdata[lane])->vantage = false;
	return lane;
}

/* Which side opened a connection is told by its first event. */
static void learn_active(struct reader *r, unsigned lane, struct zcl_event *event)
{
	char *key = g_strdup_printf("%u %" G_GUINT64_FORMAT, lane, event->conn);

	if (event->kind == ZCL_EV_CONNECT)
		g_hash_table_add(r->active, g_strdup(key));
	else if (event->kind == ZCL_EV_ACCEPT)
		g_hash_table_remove(r->active, key);
	if (g_hash_table_contains(r->active, key))
		event->active = true;
	g_free(key);
}

static bool read_event(struct reader *r, const char *name, unsigned lane, unsigned other,
		       int64_t time, JsonObject *data, GError **error)
{
	struct zcl_event event = {.kind = zcl_event_kind_of(name),
				  .time = time,
				  .self = ZCL_NID_ANY,
				  .peer = ZCL_NID_ANY,
				  .ctype = ZCL_CONN_NONE,
				  .lnet_type = UINT32_MAX};

	if (event.kind == ZCL_EV_LAST)
		return true; /* of a newer program */
	if (lane == ZTRACE_NO_LANE)
		return wrong(error, "expected a vantage_point");
	if (!ztrace_json_event_read(data, &event, error))
		return false;
	event.self = ztrace_log_lane_at(r->log, lane)->nid;
	if (other != ZTRACE_NO_LANE)
		event.peer = ztrace_log_lane_at(r->log, other)->nid;
	learn_active(r, lane, &event);
	ztrace_log_event(r->log, lane, other, time, &event);
	return true;
}

static bool is_wire(const char *name)
{
	for (unsigned i = 0; i < ZTRACE_WIRE_LAST; i++)
		if (strcmp(ztrace_wire_name((enum ztrace_wire_kind)i), name) == 0)
			return true;
	return false;
}

static bool read_wire(struct reader *r, const char *name, unsigned lane, unsigned other,
		      int64_t time, JsonObject *data, GError **error)
{
	struct ztrace_wire *wire;

	if (!is_wire(name))
		return true;
	if (lane == ZTRACE_NO_LANE || other == ZTRACE_NO_LANE)
		return wrong(error, "expected a vantage_point and a data.peer");
	wire = g_new0(struct ztrace_wire, 1);
	if (!ztrace_json_wire_read(data, name, wire, error)) {
		g_free(wire);
		return false;
	}
	ztrace_log_wire(r->log, lane, other, time, wire);
	return true;
}

static bool read_script(struct reader *r, const char *name, unsigned lane, unsigned other,
			int64_t time, JsonObject *data, GError **error)
{
	const bool held = strcmp(name, "held") == 0;
	const char *text = text_of(data, held ? "unit" : "action");

	if (!held && strcmp(name, "action") != 0)
		return true;
	if (text == NULL)
		return wrong(error, held ? "expected a data.unit" : "expected a data.action");
	if (!held) {
		ztrace_log_action(r->log, lane, other, time, text);
		return true;
	}
	if (lane == ZTRACE_NO_LANE || other == ZTRACE_NO_LANE)
		return wrong(error, "expected a vantage_point and a data.peer");
	ztrace_log_held(r->log, lane, other, time, text);
	return true;
}

static bool read_line(struct reader *r, JsonObject *object, GError **error)
{
	JsonNode *time = member(object, "time", G_TYPE_INT64);
	JsonNode *data = json_object_get_member(object, "data");
	const char *name = text_of(object, "name");
	const char *colon = name ? strchr(name, ':') : NULL;
	unsigned lane, other;
	int64_t when;

	if (json_object_has_member(object, "format"))
		return read_header(r, object, error);
	if (r->log == NULL)
		return wrong(error, "expected a header with \"format\": \"" ZTRACE_FORMAT "\"");
	if (time == NULL || colon == NULL || data == NULL || !JSON_NODE_HOLDS_OBJECT(data))
		return wrong(error, "expected an event: time (a whole number), name "
				    "(category:event) and data");
	if (r->log->entries->len >= ZTRACE_MAX_ENTRIES)
		return wrong(error, "too many events for one trace");
	lane = lane_of(r->log, text_of(object, "vantage_point"));
	if (lane != ZTRACE_NO_LANE)
		((struct ztrace_lane *)r->log->lanes->pdata[lane])->vantage = true;
	other = lane_of(r->log, text_of(json_node_get_object(data), "peer"));
	when = json_node_get_int(time);
	if (g_str_has_prefix(name, "wire:"))
		return read_wire(r, colon + 1, lane, other, when, json_node_get_object(data),
				 error);
	if (g_str_has_prefix(name, "script:"))
		return read_script(r, colon + 1, lane, other, when, json_node_get_object(data),
				   error);
	return read_event(r, colon + 1, lane, other, when, json_node_get_object(data), error);
}

/* ---- the file ---- */

static int compare_times(gconstpointer a, gconstpointer b)
{
	const struct ztrace_entry *x = a, *y = b;

	return (x->time > y->time) - (x->time < y->time);
}

/* Threads and processes that write into one trace overtake each other a little. */
static void sort_entries(GPtrArray *logs)
{
	for (guint i = 0; i < logs->len; i++)
		g_array_sort(((struct ztrace_log *)logs->pdata[i])->entries, compare_times);
}

static bool parse_line(struct reader *r, const char *line, gssize length, GError **error)
{
	GError *why = NULL;
	JsonNode *root;
	bool good;

	r->line++;
	if (length == 0)
		return true;
	good = json_parser_load_from_data(r->parser, line, length, &why);
	root = good ? json_parser_get_root(r->parser) : NULL;
	if (good && (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)))
		good = wrong(&why, "expected a JSON object");
	if (good)
		good = read_line(r, json_node_get_object(root), &why);
	if (good)
		return true;
	g_set_error(error, ZTRACE_JSON_ERROR, 0, "%s:%u: %s", r->path, r->line, why->message);
	g_error_free(why);
	return false;
}

static bool read_lines(struct reader *r, FILE *file, GError **error)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	bool good = true;

	while (good && (length = getline(&line, &size, file)) >= 0) {
		while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
			length--;
		if ((size_t)length > MAX_LINE) {
			g_set_error(error, ZTRACE_JSON_ERROR, 0, "%s:%u: the line is too long",
				    r->path, r->line + 1);
			good = false;
		} else {
			good = parse_line(r, line, length, error);
		}
	}
	free(line);
	if (good && ferror(file)) {
		g_set_error(error, ZTRACE_JSON_ERROR, 0, "%s: %s", r->path, g_strerror(errno));
		good = false;
	}
	if (good && r->log == NULL) {
		g_set_error(error, ZTRACE_JSON_ERROR, 0, "%s: the file is empty", r->path);
		good = false;
	}
	return good;
}

GPtrArray *ztrace_json_read(const char *path, GError **error)
{
	struct reader r = {.path = path};
	FILE *file = fopen(path, "r");
	bool good;

	if (file == NULL) {
		g_set_error(error, ZTRACE_JSON_ERROR, 0, "%s: %s", path, g_strerror(errno));
		return NULL;
	}
	r.logs = g_ptr_array_new_with_free_func((GDestroyNotify)ztrace_log_free);
	r.active = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	r.parser = json_parser_new();
	good = read_lines(&r, file, error);
	fclose(file);
	g_object_unref(r.parser);
	g_hash_table_unref(r.active);
	if (good) {
		sort_entries(r.logs);
		return r.logs;
	}
	g_ptr_array_unref(r.logs);
	return NULL;
}
