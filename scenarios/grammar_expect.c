/* SPDX-License-Identifier: MIT */
#include "scenarios/grammar.h"

#include <inttypes.h>
#include <string.h>

#include "scenarios/possible.h"
#include "scenarios/value.h"

static bool read_event(struct zrace_parser *p, enum zcl_event_kind *kind)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	GString *names;

	*kind = token->kind == ZRACE_WORD ? zcl_event_kind_of(token->text) : ZCL_EV_LAST;
	if (*kind != ZCL_EV_LAST) {
		zrace_take(p);
		return true;
	}
	names = g_string_new(NULL);
	for (int i = 0; i < ZCL_EV_LAST; i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "",
				       zcl_event_name((enum zcl_event_kind)i));
	zrace_expected(p, "an event (%s)", names->str);
	g_string_free(names, TRUE);
	return false;
}

/* "64KiB" and "1s" are compared as the plain numbers that events carry. */
static char *plain_value(const char *text)
{
	int64_t ns;
	size_t bytes;

	if (zrace_parse_size(text, &bytes))
		return g_strdup_printf("%zu", bytes);
	if (zrace_parse_time(text, &ns))
		return g_strdup_printf("%" PRId64, ns);
	return g_strdup(text);
}

/* NULL: events of this kind have no such field. */
static const char *field_name(enum zcl_event_kind kind, const char *text)
{
	for (const char *const *name = zcl_event_fields(); *name; name++)
		if (strcmp(*name, text) == 0 && zcl_event_has(kind, text))
			return *name;
	return NULL;
}

static bool expect_field(struct zrace_parser *p, enum zcl_event_kind kind)
{
	GString *names = g_string_new(NULL);

	for (const char *const *name = zcl_event_fields(); *name; name++)
		if (zcl_event_has(kind, *name))
			g_string_append_printf(names, "%s%s", names->len ? ", " : "", *name);
	zrace_expected(p, "a field of \"%s\" (%s)", zcl_event_name(kind),
		       names->len ? names->str : "it has none");
	g_string_free(names, TRUE);
	return false;
}

static bool check_value(struct zrace_parser *p, enum zcl_event_kind kind, const char *field,
			const char *value)
{
	GString *values = g_string_new(NULL);
	bool good = zrace_value_possible(kind, field, value, values);

	if (!good)
		zrace_expected(p, "a value that %s can have in \"%s\" (%s)", field,
			       zcl_event_name(kind), values->str);
	g_string_free(values, TRUE);
	return good;
}

static bool read_field(struct zrace_parser *p, struct zrace_pattern *pattern)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	const char *name =
		token->kind == ZRACE_WORD ? field_name(pattern->kind, token->text) : NULL;
	char *value;

	if (name == NULL)
		return expect_field(p, pattern->kind);
	if (pattern->nfields == ZRACE_MAX_FIELDS)
		return zrace_expected(p, "at most %u fields", ZRACE_MAX_FIELDS);
	zrace_take(p);
	if (!zrace_need_char(p, '='))
		return false;
	token = zrace_peek(p, 0);
	if (token->kind != ZRACE_WORD)
		return zrace_expected(p, "a value of %s", name);
	value = plain_value(token->text);
	pattern->fields[pattern->nfields].name = name;
	pattern->fields[pattern->nfields++].value = value;
	if (!check_value(p, pattern->kind, name, value))
		return false;
	zrace_take(p);
	return true;
}

static bool is_char(const struct zrace_token *token, char c)
{
	return token->kind == ZRACE_CHAR && token->text[0] == c;
}

bool zrace_read_pattern(struct zrace_parser *p, struct zrace_pattern *pattern)
{
	const struct zrace_token *token;

	*pattern = (struct zrace_pattern){.other = ZRACE_ANY_PEER};
	if (!zrace_need_peer(p, &pattern->peer) || !read_event(p, &pattern->kind))
		return false;
	token = zrace_peek(p, 0);
	/* In "when new up old connect new" the second peer begins the action. */
	if (token->kind == ZRACE_WORD && !is_char(zrace_peek(p, 1), '=') &&
	    !zrace_is_verb(zrace_peek(p, 1)) && !zrace_next_is(p, "release") &&
	    !zrace_next_is(p, "hold") && !zrace_next_is(p, "pass") && !zrace_next_is(p, "before"))
		if (!zrace_need_other(p, pattern->peer, &pattern->other))
			return false;
	/* count= is no field of an event: it ends the pattern of a `when`. */
	while (zrace_peek(p, 0)->kind == ZRACE_WORD && is_char(zrace_peek(p, 1), '=') &&
	       !zrace_next_is(p, "count"))
		if (!read_field(p, pattern))
			return false;
	return true;
}

static bool read_initiator(struct zrace_parser *p, struct zrace_finally *finally)
{
	if (zrace_accept(p, "higher")) {
		finally->initiator = ZRACE_INITIATOR_HIGHER;
		return true;
	}
	if (zrace_accept(p, "lower")) {
		finally->initiator = ZRACE_INITIATOR_LOWER;
		return true;
	}
	finally->initiator = ZRACE_INITIATOR_PEER;
	if (zrace_peek(p, 0)->kind == ZRACE_WORD &&
	    zrace_script_peer(p->script, zrace_peek(p, 0)->text) != ZRACE_ANY_PEER)
		return zrace_need_peer(p, &finally->initiator_peer);
	return zrace_expected(p, "higher, lower or a peer");
}

static bool read_conns(struct zrace_parser *p, struct zrace_finally *finally)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	uint64_t conns;

	if (token->kind != ZRACE_WORD || !zrace_parse_count(token->text, 0, 1000, &conns))
		return zrace_expected(p, "a number of connections");
	zrace_take(p);
	finally->conns = (int)conns;
	return true;
}

static bool read_condition(struct zrace_parser *p, struct zrace_finally *finally)
{
	if (zrace_accept(p, "conns"))
		return zrace_need_char(p, '=') && read_conns(p, finally);
	if (zrace_accept(p, "version"))
		return zrace_need_char(p, '=') && zrace_need_version(p, &finally->version);
	if (zrace_accept(p, "initiator"))
		return zrace_need_char(p, '=') && read_initiator(p, finally);
	return zrace_expected(p, "conns=, version= or initiator=");
}

bool zrace_read_finally(struct zrace_parser *p, struct zrace_finally *finally)
{
	*finally = (struct zrace_finally){.conns = -1};
	if (zrace_accept(p, "within")) {
		if (!zrace_need_time(p, &finally->within))
			return false;
		if (finally->within == 0)
			return zrace_complain(p, zrace_line_start(p),
					      "expected a time above 0 after \"within\", got 0");
		if (!zrace_need_char(p, ':'))
			return false;
	}
	do {
		if (!read_condition(p, finally))
			return false;
	} while (zrace_peek(p, 0)->kind != ZRACE_END);
	return true;
}
