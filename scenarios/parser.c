/* SPDX-License-Identifier: MIT */
#include "scenarios/parser.h"

#include <string.h>

#include "scenarios/grammar.h"
#include "scenarios/source.h"

static void read_lines(struct zrace_parser *p)
{
	const size_t before = p->errors->count;

	while (zrace_next_line(p)) {
		if (strlen(p->source) > ZRACE_MAX_LINE) {
			const struct zrace_pos pos = {p->line, ZRACE_MAX_LINE + 1, p->file};

			zrace_errors_add(p->errors, zrace_script_file(p->script, pos)->name, pos,
					 NULL, "expected a line of at most %u bytes, got %zu",
					 ZRACE_MAX_LINE, strlen(p->source));
			continue;
		}
		zrace_lexer_line(p->lexer, p->source);
		zrace_read_line(p);
	}
	zrace_check_script(p, p->errors->count == before);
}

struct zrace_script *zrace_parse_text(const char *file, const char *text, size_t len,
				      struct zrace_errors *errors)
{
	struct zrace_parser parser = {.errors = errors};
	size_t before = errors->count;

	parser.script = zrace_script_new(file);
	parser.lexer = zrace_lexer_new();
	if (zrace_enter(&parser, file, text, len))
		read_lines(&parser);
	zrace_leave_all(&parser);
	zrace_lexer_free(parser.lexer);
	if (errors->count == before)
		return parser.script;
	zrace_script_free(parser.script);
	return NULL;
}

struct zrace_script *zrace_parse_file(const char *path, struct zrace_errors *errors)
{
	const struct zrace_pos nowhere = {0};
	struct zrace_script *script;
	char *text, *why = NULL;
	size_t len;

	text = zrace_load(path, &len, &why);
	if (text == NULL) {
		zrace_errors_add(errors, path, nowhere, NULL, "%s", why);
		g_free(why);
		return NULL;
	}
	script = zrace_parse_text(path, text, len, errors);
	g_free(text);
	return script;
}
