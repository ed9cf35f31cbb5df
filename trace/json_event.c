/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/wire.h"
#include "trace/json.h"

/* Events of the core in a trace: their categories, and their fields both ways. */

const char *ztrace_json_category(enum zcl_event_kind kind)
{
	switch (kind) {
	case ZCL_EV_CONNECT:
	case ZCL_EV_ACCEPT:
	case ZCL_EV_HELLO_SENT:
	case ZCL_EV_HELLO_RECEIVED:
	case ZCL_EV_REFUSE:
	case ZCL_EV_REFUSED:
	case ZCL_EV_FALLBACK:
	case ZCL_EV_RETRY:
	case ZCL_EV_CONN_UP:
	case ZCL_EV_CONN_DOWN:
	case ZCL_EV_ATTEMPT_FAILED:
	case ZCL_EV_STALE:
	case ZCL_EV_GIVE_UP:
	case ZCL_EV_CALLER_LOST:
		return "connectivity";
	case ZCL_EV_COOKIE_GIVEN:
	case ZCL_EV_ACK_PIGGYBACKED:
	case ZCL_EV_NOOP_QUEUED:
	case ZCL_EV_NOOP_REPLACED:
	case ZCL_EV_NOOP_SENT:
	case ZCL_EV_NOOP_RECEIVED:
	case ZCL_EV_ACKED:
	case ZCL_EV_RELEASED:
	case ZCL_EV_OVERDUE:
		return "zc";
	default:
		return "transport";
	}
}

const char *ztrace_json_category_of(const char *name)
{
	const enum zcl_event_kind kind = zcl_event_kind_of(name);

	return kind == ZCL_EV_LAST ? "other" : ztrace_json_category(kind);
}

/* All 64 bits matter, and many readers of JSON have doubles. */
static bool is_wide(const char *field)
{
	return strcmp(field, "incarnation") == 0;
}

void ztrace_json_event_write(JsonBuilder *builder, ztrace_field_func get, const void *event)
{
	char value[64];

	for (const char *const *name = zcl_event_fields(); *name; name++) {
		gint64 number;

		if (!get(event, *name, value, sizeof(value)) || *value == '\0')
			continue;
		if (!is_wide(*name) &&
		    g_ascii_string_to_signed(value, 10, G_MININT64, G_MAXINT64, &number, NULL))
			ztrace_json_int(builder, *name, number);
		else
			ztrace_json_string(builder, *name, value);
	}
}

/* ---- reading ---- */

/* The index of a name in a row of names; `end` when it is not there. */
static unsigned index_of(const char *text, const char *(*name)(unsigned), unsigned end)
{
	unsigned i = 0;

	while (i < end && strcmp(name(i), text) != 0)
		i++;
	return i;
}

static const char *reason_name(unsigned i)
{
	return zcl_reason_name((enum zcl_reason)i);
}

static const char *err_name(unsigned i)
{
	return zcl_err_name((enum zcl_err)i);
}

static const char *lnet_name(unsigned i)
{
	return zcl_lnet_type_name(i);
}

static const char *way_name(unsigned i)
{
	return zcl_way_name((enum zcl_way)i);
}

static const char *why_name(unsigned i)
{
	return zcl_why_name((enum zcl_why)i);
}

static uint32_t version_of(const char *text)
{
	guint64 value = 0;

	if (*text != 'v' || !g_ascii_string_to_unsigned(text + 1, 10, 1, G_MAXUINT32, &value, NULL))
		return 0;
	return (uint32_t)value;
}

/* What a newer program writes and this one does not know is left out. */
static void take_text(struct zcl_event *event, const char *name, const char *text)
{
	unsigned i;
	guint64 value;

	if (strcmp(name, "version") == 0 || strcmp(name, "to") == 0)
		event->version = version_of(text);
	else if (strcmp(name, "ctype") == 0)
		zcl_ctype_parse(text, &event->ctype);
	else if (strcmp(name, "initiator") == 0)
		event->active = strcmp(text, "self") == 0;
	else if (strcmp(name, "reason") == 0 &&
		 (i = index_of(text, reason_name, ZCL_REASON_LAST)) < ZCL_REASON_LAST)
		event->reason = (enum zcl_reason)i;
	else if (strcmp(name, "error") == 0 &&
		 (i = index_of(text, err_name, ZCL_ERR_LAST)) < ZCL_ERR_LAST)
		event->error = (enum zcl_err)i;
	else if (strcmp(name, "lnet-type") == 0 &&
		 (i = index_of(text, lnet_name, ZCL_LNET_HELLO + 1)) <= ZCL_LNET_HELLO)
		event->lnet_type = i;
	else if (strcmp(name, "way") == 0 &&
		 (i = index_of(text, way_name, ZCL_WAY_LAST)) < ZCL_WAY_LAST)
		event->way = (enum zcl_way)i;
	else if (strcmp(name, "why") == 0 &&
		 (i = index_of(text, why_name, ZCL_WHY_LAST)) < ZCL_WHY_LAST)
		event->why = (enum zcl_why)i;
	else if (strcmp(name, "incarnation") == 0 &&
		 g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &value, NULL))
		event->incarnation = value;
}

static void take_number(struct zcl_event *event, const char *name, gint64 value)
{
	if (strcmp(name, "length") == 0)
		event->length = (size_t)value;
	else if (strcmp(name, "cookie") == 0)
		event->cookie = (uint64_t)value;
	else if (strcmp(name, "ack") == 0)
		event->ack = (uint64_t)value;
	else if (strcmp(name, "conn") == 0)
		event->conn = (uint64_t)value;
	else if (strcmp(name, "delay") == 0)
		event->delay = value;
}

bool ztrace_json_event_read(JsonObject *data, struct zcl_event *event, GError **error)
{
	for (const char *const *name = zcl_event_fields(); *name; name++) {
		JsonNode *node = json_object_get_member(data, *name);
		GType type = node ? json_node_get_value_type(node) : G_TYPE_INVALID;

		if (node == NULL)
			continue;
		if (type == G_TYPE_STRING) {
			take_text(event, *name, json_node_get_string(node));
		} else if (type == G_TYPE_INT64 && json_node_get_int(node) >= 0) {
			take_number(event, *name, json_node_get_int(node));
		} else {
			g_set_error(error, ZTRACE_JSON_ERROR, 0,
				    "data.%s: expected a text or a number that is not negative",
				    *name);
			return false;
		}
	}
	return true;
}
