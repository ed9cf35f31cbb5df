/* SPDX-License-Identifier: MIT */
#include "scenarios/grammar.h"

#include <string.h>

#include "scenarios/source.h"
#include "scenarios/value.h"

/* What "in CASE:" and "vary ...:" say about the rest of their line. */
struct scope {
	uint64_t cases;
	int vary;
};

static bool read_at(struct zrace_parser *p, struct zrace_statement *statement)
{
	statement->kind = ZRACE_AT;
	return zrace_need_time(p, &statement->time) && zrace_read_action(p, &statement->action);
}

/* "count=2": not the first that fits, the second. */
static bool read_count(struct zrace_parser *p, unsigned *nth)
{
	*nth = 1;
	return zrace_accept_number(p, "count", ZRACE_MAX_COUNT, nth);
}

static bool read_when_held(struct zrace_parser *p, struct zrace_statement *statement)
{
	struct zrace_action dirs = {0};

	statement->kind = ZRACE_WHEN_HELD;
	if (!zrace_read_dirs(p, &dirs))
		return false;
	if (dirs.ndirs != 1 || (dirs.dirs[0].units & (dirs.dirs[0].units - 1)))
		return zrace_expected(p, "one kind of message in one direction before \"held\"");
	statement->dir = dirs.dirs[0];
	return zrace_need(p, "held") && read_count(p, &statement->nth) &&
	       zrace_read_action(p, &statement->action);
}

static bool read_when(struct zrace_parser *p, struct zrace_statement *statement)
{
	const struct zrace_token *second = zrace_peek(p, 1);

	if (zrace_accept(p, "all")) {
		statement->kind = ZRACE_WHEN_ALL;
		return zrace_need(p, "held") && zrace_read_action(p, &statement->action);
	}
	if (second->kind == ZRACE_CHAR && second->text[0] == '>')
		return read_when_held(p, statement);
	statement->kind = ZRACE_WHEN;
	return zrace_read_pattern(p, &statement->pattern) && read_count(p, &statement->nth) &&
	       zrace_read_action(p, &statement->action);
}

static bool read_order(struct zrace_parser *p, struct zrace_statement *statement)
{
	statement->kind = ZRACE_ORDER;
	return zrace_read_pattern(p, &statement->pattern) && zrace_need(p, "before") &&
	       zrace_read_pattern(p, &statement->second);
}

static bool read_then(struct zrace_parser *p, struct zrace_statement *statement)
{
	statement->kind = ZRACE_THEN;
	if (zrace_accept(p, "await")) {
		statement->kind = ZRACE_THEN_AWAIT;
		return zrace_read_pattern(p, &statement->pattern);
	}
	if (zrace_accept(p, "after") && !zrace_need_time(p, &statement->time))
		return false;
	return zrace_read_action(p, &statement->action);
}

/* The part of a line that may stand behind "in CASE:". */
static bool read_body(struct zrace_parser *p, struct zrace_statement *statement)
{
	if (zrace_accept(p, "expect")) {
		statement->kind = ZRACE_EXPECT;
		return zrace_read_pattern(p, &statement->pattern);
	}
	if (zrace_accept(p, "never")) {
		statement->kind = ZRACE_NEVER;
		return zrace_read_pattern(p, &statement->pattern) && read_count(p, &statement->nth);
	}
	if (zrace_accept(p, "finally")) {
		statement->kind = ZRACE_FINALLY;
		return zrace_read_finally(p, &statement->finally);
	}
	if (zrace_accept(p, "order"))
		return read_order(p, statement);
	if (statement->vary != ZRACE_BASE_RUN)
		return zrace_expected(p, "expect, never, order or finally");
	if (zrace_next_is(p, "hold")) {
		statement->kind = ZRACE_HOLD;
		return zrace_read_action(p, &statement->action);
	}
	if (zrace_accept(p, "at"))
		return read_at(p, statement);
	if (zrace_accept(p, "when"))
		return read_when(p, statement);
	if (zrace_accept(p, "then"))
		return read_then(p, statement);
	return zrace_expected(p, "expect, never, order, finally, hold, at, when, then or vary");
}

static bool read_statement(struct zrace_parser *p, struct scope scope)
{
	struct zrace_statement *statement = g_new0(struct zrace_statement, 1);
	bool good;

	statement->pos = zrace_here(p);
	statement->number = p->script->statements->len;
	statement->cases = scope.cases;
	statement->vary = scope.vary;
	good = read_body(p, statement);
	/* Kept even when bad: its strings are freed with the script. */
	g_ptr_array_add(p->script->statements, statement);
	return good;
}

static bool read_in(struct zrace_parser *p, struct scope *scope)
{
	scope->cases = 0;
	do {
		const struct zrace_token *token = zrace_peek(p, 0);
		int found = -1;

		if (token->kind == ZRACE_WORD)
			found = zrace_script_case(p->script, token->text);
		if (found < 0)
			return zrace_expected(p, "a case that is declared above this line");
		zrace_take(p);
		scope->cases |= UINT64_C(1) << found;
	} while (zrace_accept_char(p, ','));
	return zrace_need_char(p, ':');
}

static bool read_range(struct zrace_parser *p, struct zrace_vary *vary)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	const char *dots = token->kind == ZRACE_WORD ? strstr(token->text, "..") : NULL;
	char *from;
	bool good;

	if (dots == NULL)
		return zrace_expected(p, "a range of times (-3ms..3ms)");
	from = g_strndup(token->text, (gsize)(dots - token->text));
	good = zrace_parse_time(from, &vary->from) && zrace_parse_time(dots + 2, &vary->to) &&
	       vary->from <= vary->to;
	g_free(from);
	if (!good)
		return zrace_expected(p, "a range of times (-3ms..3ms), the smaller first");
	zrace_take(p);
	return true;
}

static bool read_times(struct zrace_parser *p, struct zrace_vary *vary)
{
	if (!read_range(p, vary) || !zrace_need(p, "step"))
		return false;
	if (!zrace_need_time(p, &vary->step))
		return false;
	if (vary->step == 0)
		return zrace_complain(p, vary->pos, "expected a step above 0, got 0");
	if ((vary->to - vary->from) / vary->step >= ZRACE_MAX_STEPS)
		return zrace_complain(p, vary->pos, "expected 1 to %d steps, got more",
				      ZRACE_MAX_STEPS);
	return true;
}

/* ">PEER 1..8" */
static bool read_packets(struct zrace_parser *p, struct zrace_vary *vary)
{
	unsigned first, last;

	vary->lose = true;
	vary->step = 1;
	if (!zrace_need_char(p, '>') || !zrace_need_other(p, vary->peer, &vary->other))
		return false;
	if (!zrace_need_numbers(p, 1, ZRACE_MAX_PACKET, &first, &last))
		return false;
	vary->from = first;
	vary->to = last;
	return true;
}

static bool read_vary(struct zrace_parser *p, struct scope *scope)
{
	struct zrace_vary vary = {.pos = zrace_line_start(p), .cases = scope->cases};
	const struct zrace_token *token = zrace_peek(p, 0);
	const char *dot = token->kind == ZRACE_WORD ? strchr(token->text, '.') : NULL;
	const bool lose = dot && g_str_has_prefix(token->text, "lose.");

	if (dot == NULL || !(lose || g_str_has_prefix(token->text, "at.")))
		return zrace_expected(p, "at.PEER or lose.PEER>PEER");
	vary.peer = zrace_script_peer(p->script, dot + 1);
	if (vary.peer == ZRACE_ANY_PEER)
		return zrace_expected(p, "%s with a peer that is declared above this line",
				      lose ? "lose.PEER>PEER" : "at.PEER");
	zrace_take(p);
	if (!(lose ? read_packets(p, &vary) : read_times(p, &vary)) || !zrace_need_char(p, ':'))
		return false;
	scope->vary = (int)p->script->varies->len;
	g_array_append_val(p->script->varies, vary);
	return true;
}

static bool read_declaration(struct zrace_parser *p, bool *known)
{
	*known = true;
	if (zrace_accept(p, "title"))
		return zrace_read_title(p);
	if (zrace_accept(p, "peer"))
		return zrace_read_peer(p);
	if (zrace_accept(p, "peers"))
		return zrace_read_peers(p);
	if (zrace_accept(p, "case"))
		return zrace_read_case(p);
	if (zrace_accept(p, "link"))
		return zrace_read_link(p);
	if (zrace_accept(p, "repeat"))
		return zrace_read_repeat(p);
	*known = false;
	return false;
}

bool zrace_read_line(struct zrace_parser *p)
{
	static const char *const starts[] = {"expect", "never", "finally", "order", "hold", "at",
					     "when",   "then",	"in",	   "vary",  NULL};
	struct scope scope = {.cases = UINT64_MAX, .vary = ZRACE_BASE_RUN};
	const struct zrace_token *token = zrace_peek(p, 0);
	struct zrace_frame *frame = &p->frames[p->depth - 1];
	bool known, good;

	if (token->kind == ZRACE_END)
		return true;
	if (!frame->versioned) {
		frame->versioned = true;
		if (!zrace_accept(p, "race") || !zrace_accept(p, "1"))
			return zrace_expected(p, "\"race 1\" as the first line");
		return zrace_need_end(p);
	}
	if (zrace_accept(p, "include"))
		return zrace_read_include(p);
	good = read_declaration(p, &known);
	if (known)
		return good && zrace_need_end(p);
	if (token->kind != ZRACE_WORD || !g_strv_contains(starts, token->text))
		return zrace_expected(
			p, "title, peer, peers, case, link, repeat, include, hold, at, when, "
			   "then, expect, never, order, finally, in or vary");
	if (zrace_accept(p, "in") && !read_in(p, &scope))
		return false;
	if (zrace_accept(p, "vary") && !read_vary(p, &scope))
		return false;
	return read_statement(p, scope) && zrace_need_end(p);
}
