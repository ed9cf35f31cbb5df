/* SPDX-License-Identifier: MIT */
#include "scenarios/grammar.h"

#include <string.h>

#include "scenarios/value.h"

static const char *const reserved[] = {
	"race",	   "title",	"peer",	      "nid",	  "speaks",    "refuses", "remembers",
	"conns",   "case",	"link",	      "hold",	  "at",	       "connect", "put",
	"ping",	   "get",	"when",	      "all",	  "held",      "in",	  "release",
	"expect",  "never",	"order",      "before",	  "vary",      "repeat",  "step",
	"finally", "within",	"higher",     "lower",	  "include",   "self",	  "any",
	"set",	   "crash",	"restart",    "upgrade",  "downgrade", "reset",	  "heal",
	"fails",   "partition", "disconnect", "may-fail", "then",      "await",	  "after",
	"pass",	   "peers",	NULL};

const struct zrace_token *zrace_peek(const struct zrace_parser *p, size_t ahead)
{
	return zrace_lexer_token(p->lexer, p->at + ahead);
}

const struct zrace_token *zrace_take(struct zrace_parser *p)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	if (token->kind != ZRACE_END && token->kind != ZRACE_BAD)
		p->at++;
	return token;
}

struct zrace_pos zrace_here(const struct zrace_parser *p)
{
	return (struct zrace_pos){p->line, zrace_peek(p, 0)->col, p->file};
}

struct zrace_pos zrace_line_start(const struct zrace_parser *p)
{
	return (struct zrace_pos){p->line, 1, p->file};
}

bool zrace_complain(struct zrace_parser *p, struct zrace_pos pos, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	zrace_errors_add(p->errors, zrace_script_file(p->script, pos)->name, pos, p->source, "%s",
			 text);
	g_free(text);
	return false;
}

bool zrace_expected(struct zrace_parser *p, const char *format, ...)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	bool plain = token->kind == ZRACE_END || token->kind == ZRACE_BAD;
	const char *quote = plain ? "" : "\"";
	va_list args;
	char *what;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	zrace_complain(p, zrace_here(p), "expected %s, got %s%s%s", what, quote, token->text,
		       quote);
	g_free(what);
	return false;
}

bool zrace_next_is(const struct zrace_parser *p, const char *word)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	return token->kind == ZRACE_WORD && strcmp(token->text, word) == 0;
}

bool zrace_next_is_char(const struct zrace_parser *p, char c)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	return token->kind == ZRACE_CHAR && token->text[0] == c;
}

bool zrace_accept(struct zrace_parser *p, const char *word)
{
	if (!zrace_next_is(p, word))
		return false;
	zrace_take(p);
	return true;
}

bool zrace_accept_char(struct zrace_parser *p, char c)
{
	if (!zrace_next_is_char(p, c))
		return false;
	zrace_take(p);
	return true;
}

bool zrace_need(struct zrace_parser *p, const char *word)
{
	return zrace_accept(p, word) || zrace_expected(p, "\"%s\"", word);
}

bool zrace_need_char(struct zrace_parser *p, char c)
{
	return zrace_accept_char(p, c) || zrace_expected(p, "\"%c\"", c);
}

bool zrace_need_end(struct zrace_parser *p)
{
	return zrace_peek(p, 0)->kind == ZRACE_END || zrace_expected(p, "the end of the line");
}

bool zrace_need_name(struct zrace_parser *p, const char *what, char **name)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	if (token->kind != ZRACE_WORD || !g_ascii_isalpha(token->text[0]))
		return zrace_expected(p, "%s (a letter, then letters, digits, _ and -)", what);
	for (const char *c = token->text; *c; c++)
		if (!g_ascii_isalnum(*c) && *c != '_' && *c != '-')
			return zrace_expected(p, "%s (a letter, then letters, digits, _ and -)",
					      what);
	if (strlen(token->text) > ZRACE_MAX_NAME)
		return zrace_expected(p, "%s of at most %u characters", what, ZRACE_MAX_NAME);
	if (g_strv_contains(reserved, token->text))
		return zrace_expected(p, "%s that is no word of the language", what);
	*name = g_strdup(zrace_take(p)->text);
	return true;
}

static char *peer_names(const struct zrace_script *script, unsigned not )
{
	GString *names = g_string_new(NULL);

	for (size_t i = 0; i < script->npeers; i++)
		if (i != not )
			g_string_append_printf(names, "%s%s", names->len ? ", " : "",
					       script->peers[i].name);
	return g_string_free(names, FALSE);
}

bool zrace_need_other(struct zrace_parser *p, unsigned not, unsigned *peer)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	unsigned found = ZRACE_ANY_PEER;
	char *names;

	if (token->kind == ZRACE_WORD)
		found = zrace_script_peer(p->script, token->text);
	if (found != ZRACE_ANY_PEER && found != not ) {
		zrace_take(p);
		*peer = found;
		return true;
	}
	if (p->script->npeers == 0)
		return zrace_expected(p, "a peer (none is declared above this line)");
	names = peer_names(p->script, not );
	zrace_expected(p, "%s peer (%s)", not == ZRACE_ANY_PEER ? "a" : "another", names);
	g_free(names);
	return false;
}

bool zrace_need_peer(struct zrace_parser *p, unsigned *peer)
{
	return zrace_need_other(p, ZRACE_ANY_PEER, peer);
}

bool zrace_need_time(struct zrace_parser *p, int64_t *ns)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	if (token->kind != ZRACE_WORD || !zrace_parse_time(token->text, ns) || *ns < 0)
		return zrace_expected(p, "a time from 0 to 60min (0, 50us, 1.5ms, 3s)");
	zrace_take(p);
	return true;
}

bool zrace_need_version(struct zrace_parser *p, uint32_t *version)
{
	const struct zrace_token *token = zrace_peek(p, 0);

	if (token->kind != ZRACE_WORD || !zrace_parse_version(token->text, version))
		return zrace_expected(p, "a version (v1, v2)");
	zrace_take(p);
	return true;
}

bool zrace_accept_number(struct zrace_parser *p, const char *word, unsigned last, unsigned *number)
{
	if (!zrace_accept(p, word))
		return true;
	return zrace_need_char(p, '=') && zrace_need_number(p, last, number);
}

bool zrace_need_number(struct zrace_parser *p, unsigned last, unsigned *number)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	uint64_t value;

	if (token->kind != ZRACE_WORD || !zrace_parse_count(token->text, 1, last, &value))
		return zrace_expected(p, "a number from 1 to %u", last);
	zrace_take(p);
	*number = (unsigned)value;
	return true;
}

bool zrace_need_numbers(struct zrace_parser *p, unsigned least, unsigned most, unsigned *first,
			unsigned *last)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	char **ends = g_strsplit(token->text, "..", 2);
	uint64_t from = 0, to = 0;
	const bool good = token->kind == ZRACE_WORD && g_strv_length(ends) == 2 &&
			  zrace_parse_count(ends[0], least, most, &from) &&
			  zrace_parse_count(ends[1], from, most, &to);

	g_strfreev(ends);
	*first = (unsigned)from;
	*last = (unsigned)to;
	if (!good)
		return zrace_expected(p, "the first and the last number, %u to %u (1..8)", least,
				      most);
	zrace_take(p);
	return true;
}
