/* SPDX-License-Identifier: MIT */
#include "scenarios/grammar.h"

#include <string.h>

#include "scenarios/value.h"
#include "scenarios/words.h"

bool zrace_is_verb(const struct zrace_token *token)
{
	static const char *const verbs[] = {"connect", "put", "ping", NULL};

	return token->kind == ZRACE_WORD && g_strv_contains(verbs, token->text);
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

static bool read_put_size(struct zrace_parser *p, size_t *size)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	if (token->kind != ZRACE_WORD || !zrace_parse_size(token->text, size) ||
	    *size > ZCL_LNET_MTU)
		return zrace_expected(p, "a size up to 1MiB (64B, 64KiB, 1MiB)");
	zrace_take(p);
	return true;
}

static bool read_verb(struct zrace_parser *p, struct zrace_action *action)
{
	if (!zrace_need_peer(p, &action->peer))
		return false;
	if (zrace_accept(p, "connect"))
		action->kind = ZRACE_DO_CONNECT;
	else if (zrace_accept(p, "put"))
		action->kind = ZRACE_DO_PUT;
	else if (zrace_accept(p, "ping"))
		action->kind = ZRACE_DO_PING;
	else
		return zrace_expected(p, "connect, put or ping");
	if (!zrace_need_other(p, action->peer, &action->other))
		return false;
	return action->kind != ZRACE_DO_PUT || read_put_size(p, &action->size);
}

bool zrace_read_action(struct zrace_parser *p, struct zrace_action *action)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	*action = (struct zrace_action){0};
	if (zrace_accept(p, "hold")) {
		action->kind = ZRACE_DO_HOLD;
		return zrace_read_dirs(p, action);
	}
	if (zrace_accept(p, "release")) {
		action->kind = ZRACE_DO_RELEASE_ALL;
		if (zrace_accept(p, "all"))
			return true;
		action->kind = ZRACE_DO_RELEASE;
		return zrace_read_dirs(p, action);
	}
	if (token->kind != ZRACE_WORD ||
	    zrace_script_peer(p->script, token->text) == ZRACE_ANY_PEER)
		return zrace_expected(p, "an action (PEER connect PEER, PEER put PEER SIZE, "
					 "PEER ping PEER, hold, release)");
	return read_verb(p, action);
}
