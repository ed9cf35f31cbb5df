/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_SOURCE_H
#define ZRACE_SOURCE_H

#include "scenarios/grammar.h"

/*
 * Where the lines of a script come from: the file that was named, and those that it includes, one
 * inside the other, at most ZRACE_MAX_DEPTH deep and ZRACE_MAX_FILES in all.
 */

/*
 * The text of a regular file of at most ZRACE_MAX_FILE bytes; the caller frees it. NULL with *why
 * (owned by the caller).
 */
char *zrace_load(const char *path, size_t *len, char **why);
/* The next lines come from this text, then those behind. False after an error was added. */
bool zrace_enter(struct zrace_parser *p, const char *name, const char *text, size_t len);
/* Makes the next line the one that is read; false: there is none. */
bool zrace_next_line(struct zrace_parser *p);
/* Frees what is still open. */
void zrace_leave_all(struct zrace_parser *p);
/* include "FILE" */
bool zrace_read_include(struct zrace_parser *p);

#endif
