/* SPDX-License-Identifier: MIT */
#include "scenarios/words.h"

#include <math.h>
#include <string.h>

#include "scenarios/tunable.h"
#include "trace/words.h"

static const struct {
	const char *name;
	unsigned unit;
} units_by_name[] = {
	{"accept", ZWORLD_ACCEPT}, {"hello", ZWORLD_HELLO}, {"refusal", ZWORLD_REFUSAL},
	{"noop", ZWORLD_NOOP},	   {"lnet", ZWORLD_LNET},   {"reset", ZWORLD_END},
};

unsigned zrace_unit_of(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(units_by_name); i++)
		if (strcmp(units_by_name[i].name, name) == 0)
			return units_by_name[i].unit;
	return 0;
}

void zrace_words_units(GString *text, unsigned units)
{
	const char *comma = "";

	for (size_t i = 0; i < G_N_ELEMENTS(units_by_name); i++) {
		if (!(units & units_by_name[i].unit))
			continue;
		g_string_append_printf(text, "%s%s", comma, units_by_name[i].name);
		comma = ", ";
	}
}

static const char *const verbs[] = {
	[ZRACE_DO_CONNECT] = "connect",
	[ZRACE_DO_PUT] = "put",
	[ZRACE_DO_GET] = "get",
	[ZRACE_DO_PING] = "ping",
	[ZRACE_DO_DISCONNECT] = "disconnect",
	[ZRACE_DO_RESET] = "reset",
	[ZRACE_DO_PARTITION] = "partition",
	[ZRACE_DO_HEAL] = "heal",
	[ZRACE_DO_SET] = "set",
	[ZRACE_DO_CRASH] = "crash",
	[ZRACE_DO_RESTART] = "restart",
	[ZRACE_DO_UPGRADE] = "upgrade",
	[ZRACE_DO_DOWNGRADE] = "downgrade",
};

int zrace_verb_of(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
		if (strcmp(verbs[i], name) == 0)
			return (int)i;
	return -1;
}

char *zrace_verbs(void)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
		g_string_append_printf(text, "%s%s", i ? ", " : "", verbs[i]);
	return g_string_free(text, FALSE);
}

void zrace_words_time(GString *text, int64_t ns)
{
	ztrace_words_time(text, ns);
}

static const char *peer_name(const struct zrace_script *script, unsigned peer)
{
	return peer == ZRACE_ANY_PEER ? "?" : script->peers[peer].name;
}

void zrace_words_pattern(GString *text, const struct zrace_script *script,
			 const struct zrace_pattern *pattern)
{
	g_string_append_printf(text, "%s %s", peer_name(script, pattern->peer),
			       zcl_event_name(pattern->kind));
	if (pattern->other != ZRACE_ANY_PEER)
		g_string_append_printf(text, " %s", peer_name(script, pattern->other));
	for (size_t i = 0; i < pattern->nfields; i++)
		g_string_append_printf(text, " %s=%s", pattern->fields[i].name,
				       pattern->fields[i].value);
}

/* How a payload is sent is the backend's affair: no script can fix it in every world. */
static bool is_of_world(const char *field)
{
	return strcmp(field, "way") == 0 || strcmp(field, "why") == 0;
}

static void append_fields(GString *text, const struct zcl_event *event, bool fixed)
{
	char value[64];

	for (const char *const *name = zcl_event_fields(); *name; name++) {
		if (strcmp(*name, "conn") == 0 || (fixed && is_of_world(*name)))
			continue;
		if (zcl_event_field(event, *name, value, sizeof(value)) && *value)
			g_string_append_printf(text, " %s=%s", *name, value);
	}
}

static void append_record(GString *text, const struct zrace_script *script,
			  const struct zrace_record *record, bool fixed)
{
	switch (record->kind) {
	case ZRACE_REC_EVENT:
		g_string_append_printf(text, "%s %s", peer_name(script, record->peer),
				       zcl_event_name(record->event.kind));
		if (record->other != ZRACE_ANY_PEER)
			g_string_append_printf(text, " %s", peer_name(script, record->other));
		append_fields(text, &record->event, fixed);
		break;
	case ZRACE_REC_HELD:
		g_string_append_printf(text, "%s>%s ", peer_name(script, record->peer),
				       peer_name(script, record->other));
		zrace_words_units(text, record->unit);
		g_string_append(text, " held");
		break;
	case ZRACE_REC_ACTION:
		g_string_append(text, record->text);
		break;
	}
}

void zrace_words_record(GString *text, const struct zrace_script *script,
			const struct zrace_record *record)
{
	append_record(text, script, record, false);
}

void zrace_words_fixed(GString *text, const struct zrace_script *script,
		       const struct zrace_record *record)
{
	append_record(text, script, record, true);
}

static void append_dirs(GString *text, const struct zrace_script *script,
			const struct zrace_action *action)
{
	for (size_t i = 0; i < action->ndirs; i++) {
		const struct zrace_dir *dir = &action->dirs[i];

		g_string_append_printf(text, "%s%s>%s ", i ? ", " : " ",
				       peer_name(script, dir->from), peer_name(script, dir->to));
		zrace_words_units(text, dir->units);
	}
}

static void append_verb(GString *text, const struct zrace_script *script,
			const struct zrace_action *action)
{
	g_string_append_printf(text, "%s %s", peer_name(script, action->peer), verbs[action->kind]);
	if (zrace_action_has_other(action))
		g_string_append_printf(text, " %s", peer_name(script, action->other));
	if (action->kind == ZRACE_DO_PUT || action->kind == ZRACE_DO_GET)
		g_string_append_printf(text, " %zu", action->size);
	if (action->kind == ZRACE_DO_SET)
		g_string_append_printf(text, " %s %s", zrace_tunable_name(action->tunable),
				       action->word);
	if (action->call)
		g_string_append_printf(text, " conn=%u", action->call);
	if (action->success == ZRACE_MAY_FAIL)
		g_string_append(text, " may-fail");
	if (action->success == ZRACE_FAILS)
		g_string_append_printf(text, " fails%s%s", action->error ? "=" : "",
				       action->error ? zcl_err_name(action->error) : "");
}

void zrace_words_action(GString *text, const struct zrace_script *script,
			const struct zrace_action *action)
{
	switch (action->kind) {
	default:
		append_verb(text, script, action);
		break;
	case ZRACE_DO_HOLD:
		g_string_append(text, "hold");
		append_dirs(text, script, action);
		break;
	case ZRACE_DO_RELEASE:
		g_string_append(text, "release");
		append_dirs(text, script, action);
		break;
	case ZRACE_DO_CONNECT_ALL:
		g_string_append(text, "all connect all");
		break;
	case ZRACE_DO_RELEASE_ALL:
		g_string_append(text, "release all");
		break;
	case ZRACE_DO_HOLD_ALL:
		g_string_append(text, "hold all");
		break;
	case ZRACE_DO_PASS:
		g_string_append(text, "pass");
		append_dirs(text, script, action);
		if (action->call)
			g_string_append_printf(text, " conn=%u", action->call);
		break;
	}
}

void zrace_words_case(GString *text, const struct zrace_script *script, size_t case_index)
{
	if (script->cases[case_index].name)
		g_string_append_printf(text, " case %s", script->cases[case_index].name);
}
