/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_ERRORS_H
#define ZRACE_ERRORS_H

#include <glib.h>

#include "scenarios/ast.h"

/* What is wrong with a script, in the order in which it was found. */
#define ZRACE_MAX_ERRORS 20u

struct zrace_errors {
	GString *text; /* all of them, a newline after each line */
	size_t count;
};

void zrace_errors_init(struct zrace_errors *errors);
void zrace_errors_clear(struct zrace_errors *errors);
/*
 * file: as messages give it. Adds "file:line:col: message", the source line (may be NULL) and a
 * caret under the column. pos.line 0: an error of the whole file. After ZRACE_MAX_ERRORS they are
 * only counted.
 */
void zrace_errors_add(struct zrace_errors *errors, const char *file, struct zrace_pos pos,
		      const char *source, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The line, and under it the caret at that column; prefix before each. Appends. */
void zrace_errors_caret(GString *text, const char *prefix, const char *source, unsigned col);

#endif
