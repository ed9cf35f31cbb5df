/* SPDX-License-Identifier: MIT */
#include "scenarios/errors.h"

#include <string.h>

void zrace_errors_init(struct zrace_errors *errors)
{
	errors->text = g_string_new(NULL);
	errors->count = 0;
}

void zrace_errors_clear(struct zrace_errors *errors)
{
	g_string_free(errors->text, TRUE);
	errors->text = NULL;
}

/* Columns count bytes; the caret stands where a terminal shows that byte. */
void zrace_errors_caret(GString *text, const char *prefix, const char *source, unsigned col)
{
	size_t bytes = MIN((size_t)col - 1, strlen(source));

	g_string_append_printf(text, "%s%s\n%s", prefix, source, prefix);
	for (size_t i = 0; i < bytes; i++)
		if (((unsigned char)source[i] & 0xc0) != 0x80)
			g_string_append_c(text, source[i] == '\t' ? '\t' : ' ');
	g_string_append(text, "^\n");
}

void zrace_errors_add(struct zrace_errors *errors, const char *file, struct zrace_pos pos,
		      const char *source, const char *format, ...)
{
	va_list args;

	if (errors->count++ >= ZRACE_MAX_ERRORS)
		return;
	if (pos.line)
		g_string_append_printf(errors->text, "%s:%u:%u: ", file, pos.line, pos.col);
	else
		g_string_append_printf(errors->text, "%s: ", file);
	va_start(args, format);
	g_string_append_vprintf(errors->text, format, args);
	va_end(args);
	g_string_append_c(errors->text, '\n');
	if (source && pos.line)
		zrace_errors_caret(errors->text, "  ", source, pos.col);
}
