/* SPDX-License-Identifier: MIT */
#include "scenarios/possible.h"

#include <string.h>

#include "core/wire.h"
#include "scenarios/ast.h"

/* Asks the core how it would write each event that there can be: no list of values stands here. */
struct search {
	const char *field, *value;
	GString *values;
	bool found;
	bool numeric;
};

static bool is_listed(const GString *values, const char *text)
{
	char **list = g_strsplit(values->str, ", ", -1);
	bool listed = g_strv_contains((const char *const *)list, text);

	g_strfreev(list);
	return listed;
}

static void try_event(struct search *search, const struct zcl_event *event)
{
	char text[64];

	if (!zcl_event_field(event, search->field, text, sizeof(text)) || *text == '\0')
		return;
	if (strcmp(text, search->value) == 0)
		search->found = true;
	if (g_ascii_isdigit(*text)) {
		search->numeric = true;
		return;
	}
	if (is_listed(search->values, text))
		return;
	g_string_append_printf(search->values, "%s%s", search->values->len ? ", " : "", text);
}

static struct zcl_event plain_event(enum zcl_event_kind kind)
{
	return (struct zcl_event){.kind = kind, .ctype = ZCL_CONN_NONE, .lnet_type = UINT32_MAX};
}

/* What a node calls with may be newer than what is understood of others. */
static uint32_t last_version(enum zcl_event_kind kind)
{
	return kind == ZCL_EV_CONNECT || kind == ZCL_EV_HELLO_SENT ? ZRACE_MAX_VERSION : ZCL_V3;
}

static void try_names(struct search *search, enum zcl_event_kind kind)
{
	struct zcl_event event;

	for (int reason = 0; reason < ZCL_REASON_LAST; reason++) {
		event = plain_event(kind);
		event.reason = (enum zcl_reason)reason;
		try_event(search, &event);
	}
	for (int error = 0; error < ZCL_ERR_LAST; error++) {
		event = plain_event(kind);
		event.error = (enum zcl_err)error;
		try_event(search, &event);
	}
	for (uint32_t version = ZCL_V1; version <= last_version(kind); version++) {
		event = plain_event(kind);
		event.version = version;
		try_event(search, &event);
	}
	for (int32_t ctype = ZCL_CONN_NONE; ctype < ZCL_CTYPES; ctype++) {
		event = plain_event(kind);
		event.ctype = ctype;
		event.active = ctype > ZCL_CONN_ANY;
		try_event(search, &event);
	}
	for (int why = 0; why < ZCL_WHY_LAST; why++) {
		for (int way = 0; way < ZCL_WAY_LAST; way++) {
			event = plain_event(kind);
			event.way = (enum zcl_way)way;
			event.why = (enum zcl_why)why;
			try_event(search, &event);
		}
	}
	for (uint32_t type = ZCL_LNET_ACK; type <= ZCL_LNET_REPLY; type++) {
		event = plain_event(kind);
		event.lnet_type = type;
		try_event(search, &event);
	}
}

static void try_number(struct search *search, enum zcl_event_kind kind, guint64 number)
{
	struct zcl_event event = plain_event(kind);

	event.length = (size_t)number;
	event.cookie = event.ack = event.incarnation = event.conn = number;
	event.delay = (int64_t)number;
	try_event(search, &event);
}

bool zrace_value_possible(enum zcl_event_kind kind, const char *field, const char *value,
			  GString *values)
{
	struct search search = {.field = field, .value = value, .values = values};
	guint64 number;

	try_names(&search, kind);
	if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64, &number, NULL))
		number = 1; /* to see whether there are numbers at all */
	try_number(&search, kind, number);
	if (values->len == 0)
		g_string_append(values, search.numeric ? "a number" : "none: it has no such field");
	return search.found;
}
