/* SPDX-License-Identifier: MIT */
#include "scenarios/grammar.h"

#include <string.h>

#include "scenarios/value.h"
#include "scenarios/words.h"

bool zrace_is_verb(const struct zrace_token *token)
{
	return token->kind == ZRACE_WORD && zrace_verb_of(token->text) >= 0;
}

static bool read_unit(struct zrace_parser *p, unsigned *units)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	unsigned unit = token->kind == ZRACE_WORD ? zrace_unit_of(token->text) : 0;

	if (unit == 0)
		return zrace_expected(
			p, "a kind of message (accept, hello, refusal, noop, lnet, reset)");
	zrace_take(p);
	*units |= unit;
	return true;
}

static bool read_dir(struct zrace_parser *p, struct zrace_dir *dir)
{
	*dir = (struct zrace_dir){0};
	return zrace_need_peer(p, &dir->from) && zrace_need_char(p, '>') &&
	       zrace_need_other(p, dir->from, &dir->to) && read_unit(p, &dir->units);
}

bool zrace_read_dirs(struct zrace_parser *p, struct zrace_action *action)
{
	do {
		const struct zrace_token *after = zrace_peek(p, 1);
		bool more_kinds =
			action->ndirs && !(after->kind == ZRACE_CHAR && *after->text == '>');

		if (more_kinds) {
			if (!read_unit(p, &action->dirs[action->ndirs - 1].units))
				return false;
			continue;
		}
		if (action->ndirs == ZRACE_MAX_DIRS)
			return zrace_expected(p, "at most %u directions", ZRACE_MAX_DIRS);
		if (!read_dir(p, &action->dirs[action->ndirs]))
			return false;
		action->ndirs++;
	} while (zrace_accept_char(p, ','));
	return true;
}

static bool read_size(struct zrace_parser *p, size_t *size)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	if (token->kind != ZRACE_WORD || !zrace_parse_size(token->text, size) ||
	    *size > ZCL_LNET_MTU)
		return zrace_expected(p, "a size up to 1MiB (64B, 64KiB, 1MiB)");
	zrace_take(p);
	return true;
}

static bool read_error(struct zrace_parser *p, enum zcl_err *error)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	GString *names;

	for (int i = ZCL_OK + 1; i < ZCL_ERR_LAST; i++) {
		*error = (enum zcl_err)i;
		if (token->kind != ZRACE_WORD || strcmp(token->text, zcl_err_name(*error)) != 0)
			continue;
		zrace_take(p);
		return true;
	}
	names = g_string_new(NULL);
	for (int i = ZCL_OK + 1; i < ZCL_ERR_LAST; i++)
		g_string_append_printf(names, "%s%s", names->len ? ", " : "",
				       zcl_err_name((enum zcl_err)i));
	zrace_expected(p, "an error (%s)", names->str);
	g_string_free(names, TRUE);
	return false;
}

/* "fails", "fails=ERROR", "may-fail" */
static bool read_success(struct zrace_parser *p, struct zrace_action *action)
{
	if (zrace_accept(p, "may-fail")) {
		action->success = ZRACE_MAY_FAIL;
		return true;
	}
	if (!zrace_accept(p, "fails"))
		return true;
	action->success = ZRACE_FAILS;
	return !zrace_accept_char(p, '=') || read_error(p, &action->error);
}

/* Who it is done to. Only what is to fail may be done to oneself. */
static bool read_other(struct zrace_parser *p, struct zrace_action *action)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	const bool self = token->kind == ZRACE_WORD &&
			  strcmp(token->text, p->script->peers[action->peer].name) == 0;
	const char *after = NULL;

	if (!self || !zrace_action_connects(action))
		return zrace_need_other(p, action->peer, &action->other);
	for (size_t i = 1; zrace_peek(p, i)->kind != ZRACE_END && after == NULL; i++)
		if (strcmp(zrace_peek(p, i)->text, "fails") == 0)
			after = zrace_peek(p, i)->text;
	return zrace_need_other(p, after ? ZRACE_ANY_PEER : action->peer, &action->other);
}

static bool count_restart(struct zrace_parser *p)
{
	if (p->script->restarts == ZRACE_MAX_RESTARTS)
		return zrace_complain(p, zrace_line_start(p),
				      "expected at most %u restarts, got one more",
				      ZRACE_MAX_RESTARTS);
	p->script->restarts++;
	return true;
}

static bool read_verb(struct zrace_parser *p, struct zrace_action *action)
{
	const struct zrace_token *token;
	int kind;

	if (!zrace_need_peer(p, &action->peer))
		return false;
	token = zrace_peek(p, 0);
	kind = token->kind == ZRACE_WORD ? zrace_verb_of(token->text) : -1;
	if (kind < 0) {
		char *verbs = zrace_verbs();

		zrace_expected(p, "an action (%s)", verbs);
		g_free(verbs);
		return false;
	}
	zrace_take(p);
	action->kind = (enum zrace_action_kind)kind;
	if (zrace_action_restarts(action) && !count_restart(p))
		return false;
	if (zrace_action_has_other(action) && !read_other(p, action))
		return false;
	if ((action->kind == ZRACE_DO_PUT || action->kind == ZRACE_DO_GET) &&
	    !read_size(p, &action->size))
		return false;
	if (action->kind == ZRACE_DO_SET)
		return zrace_read_tunable(p, &action->tunable, &action->number, action->word);
	if (action->kind == ZRACE_DO_RESET)
		return zrace_accept_number(p, "conn", ZRACE_MAX_COUNT, &action->call);
	return action->kind > ZRACE_DO_DISCONNECT || read_success(p, action);
}

/* "A>B KIND [conn=N] [count=N]" */
static bool read_pass(struct zrace_parser *p, struct zrace_action *action)
{
	action->kind = ZRACE_DO_PASS;
	action->ndirs = 1;
	action->count = 1;
	return read_dir(p, &action->dirs[0]) &&
	       zrace_accept_number(p, "conn", ZRACE_MAX_COUNT, &action->call) &&
	       zrace_accept_number(p, "count", ZRACE_MAX_COUNT, &action->count);
}

bool zrace_read_action(struct zrace_parser *p, struct zrace_action *action)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	*action = (struct zrace_action){0};
	if (zrace_accept(p, "hold")) {
		action->kind = ZRACE_DO_HOLD_ALL;
		if (zrace_accept(p, "all"))
			return true;
		action->kind = ZRACE_DO_HOLD;
		return zrace_read_dirs(p, action);
	}
	if (zrace_accept(p, "pass"))
		return read_pass(p, action);
	if (zrace_accept(p, "release")) {
		action->kind = ZRACE_DO_RELEASE_ALL;
		if (zrace_accept(p, "all"))
			return true;
		action->kind = ZRACE_DO_RELEASE;
		return zrace_read_dirs(p, action);
	}
	if (zrace_accept(p, "all")) {
		action->kind = ZRACE_DO_CONNECT_ALL;
		return zrace_need(p, "connect") && zrace_need(p, "all");
	}
	if (token->kind != ZRACE_WORD ||
	    zrace_script_peer(p->script, token->text) == ZRACE_ANY_PEER)
		return zrace_expected(p, "an action (PEER and what it does, all connect all, hold, "
					 "release, pass)");
	return read_verb(p, action);
}
