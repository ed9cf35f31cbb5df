/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_GRAMMAR_H
#define ZRACE_GRAMMAR_H

#include "scenarios/errors.h"
#include "scenarios/lexer.h"

/*
 * Inside of the parser: one function for each part of the grammar. All return false after an error
 * was added; the rest of the line is then skipped.
 */
struct zrace_frame {
	unsigned file; /* index into the script's files */
	unsigned next, nlines;
	bool versioned; /* "race 1" was seen */
	char *real;	/* its path, to know it again */
};

struct zrace_parser {
	struct zrace_script *script;
	struct zrace_errors *errors;
	struct zrace_lexer *lexer;
	const char *source; /* the line that is being read */
	unsigned file, line;
	size_t at;				    /* next token */
	struct zrace_frame frames[ZRACE_MAX_DEPTH]; /* files that are being read (source.h) */
	size_t depth;				    /* how many of them */
	size_t total;				    /* lines of all files */
};

/* ---- tokens (grammar_tokens.c) ---- */

const struct zrace_token *zrace_peek(const struct zrace_parser *p, size_t ahead);
const struct zrace_token *zrace_take(struct zrace_parser *p);
struct zrace_pos zrace_here(const struct zrace_parser *p);
struct zrace_pos zrace_line_start(const struct zrace_parser *p);
/* Adds "expected WHAT, got TOKEN" at the next token; returns false. */
bool zrace_expected(struct zrace_parser *p, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Adds an error at a place of this line; returns false. */
bool zrace_complain(struct zrace_parser *p, struct zrace_pos pos, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
bool zrace_next_is(const struct zrace_parser *p, const char *word);
bool zrace_next_is_char(const struct zrace_parser *p, char c);
/* Takes the word or character when it is next. */
bool zrace_accept(struct zrace_parser *p, const char *word);
bool zrace_accept_char(struct zrace_parser *p, char c);
bool zrace_need(struct zrace_parser *p, const char *word);
bool zrace_need_char(struct zrace_parser *p, char c);
bool zrace_need_end(struct zrace_parser *p);
/* A new name: a letter, then letters, digits, _ and -; no word of the language. *name is owned. */
bool zrace_need_name(struct zrace_parser *p, const char *what, char **name);
bool zrace_need_peer(struct zrace_parser *p, unsigned *peer);
/* A number from 1 to last, alone. */
bool zrace_need_number(struct zrace_parser *p, unsigned last, unsigned *number);
/* A peer other than `not`. */
bool zrace_need_other(struct zrace_parser *p, unsigned not, unsigned *peer);
bool zrace_need_time(struct zrace_parser *p, int64_t *ns);
/* "1..100": both from least to most, the first not above the last. Always sets them. */
bool zrace_need_numbers(struct zrace_parser *p, unsigned least, unsigned most, unsigned *first,
			unsigned *last);
bool zrace_need_version(struct zrace_parser *p, uint32_t *version);
/* "WORD=N" with N from 1 to last, when WORD is next; else *number stays. */
bool zrace_accept_number(struct zrace_parser *p, const char *word, unsigned last, unsigned *number);

/* ---- lines that declare (grammar_declare.c) ---- */

bool zrace_read_title(struct zrace_parser *p);
bool zrace_read_peer(struct zrace_parser *p);
/* Many that differ in a number only. */
bool zrace_read_peers(struct zrace_parser *p);
bool zrace_read_case(struct zrace_parser *p);
bool zrace_read_link(struct zrace_parser *p);
bool zrace_read_repeat(struct zrace_parser *p);
/* "NAME VALUE" of a tunable. word: ZRACE_MAX_WORD + 1 bytes, or NULL. */
bool zrace_read_tunable(struct zrace_parser *p, const struct zrace_tunable **tunable,
			uint64_t *number, char *word);

/* ---- actions (grammar_action.c) ---- */

bool zrace_is_verb(const struct zrace_token *token);
/* "A>B KIND[, KIND | A>B KIND]..." */
bool zrace_read_dirs(struct zrace_parser *p, struct zrace_action *action);
bool zrace_read_action(struct zrace_parser *p, struct zrace_action *action);

/* ---- patterns and conditions (grammar_expect.c) ---- */

bool zrace_read_pattern(struct zrace_parser *p, struct zrace_pattern *pattern);
bool zrace_read_finally(struct zrace_parser *p, struct zrace_finally *finally);

/* ---- lines that act or expect (grammar_line.c) ---- */

bool zrace_read_line(struct zrace_parser *p);

/* ---- the whole script (grammar_check.c) ---- */

/* readable: no line of it was a mistake. */
void zrace_check_script(struct zrace_parser *p, bool readable);

#endif
