/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_LEXER_H
#define ZRACE_LEXER_H

#include "scenarios/ast.h"

/* One line of a script, cut into tokens. Comments (from #) and blanks are gone. */
enum zrace_token_kind {
	ZRACE_WORD,   /* letters, digits and _ - + . @ $ { } % */
	ZRACE_STRING, /* "in quotes": text without them */
	ZRACE_CHAR,   /* one of > , : = or a character that has no place in a script */
	ZRACE_BAD,    /* text says what is wrong */
	ZRACE_END,    /* of the line */
};

struct zrace_token {
	enum zrace_token_kind kind;
	char *text; /* never NULL */
	unsigned col;
};

struct zrace_lexer;

struct zrace_lexer *zrace_lexer_new(void);
void zrace_lexer_free(struct zrace_lexer *lexer);
/*
 * line: without its end, valid UTF-8, at most ZRACE_MAX_LINE bytes. Returns the number of tokens
 * before the ZRACE_END token, which is always there. The tokens live until the next call.
 */
size_t zrace_lexer_line(struct zrace_lexer *lexer, const char *line);
const struct zrace_token *zrace_lexer_token(const struct zrace_lexer *lexer, size_t index);

#endif
