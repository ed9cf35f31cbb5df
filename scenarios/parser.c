/* SPDX-License-Identifier: MIT */
#include "scenarios/parser.h"

#include <string.h>
#include <sys/stat.h>

#include "scenarios/grammar.h"

static const struct zrace_pos nowhere = {0, 0};

/* Text that can be cut into lines: bounded, UTF-8, without NULs. */
static bool text_is_sound(const char *text, size_t len, struct zrace_errors *errors)
{
	const char *end;
	struct zrace_pos pos = {1, 1};

	if (len > ZRACE_MAX_FILE) {
		zrace_errors_add(errors, nowhere, NULL, "expected at most %zu bytes, got %zu",
				 ZRACE_MAX_FILE, len);
		return false;
	}
	if (g_utf8_validate(text, (gssize)len, &end))
		return true;
	for (const char *c = text; c < end; c++) {
		pos.col = *c == '\n' ? 1 : pos.col + 1;
		pos.line += *c == '\n';
	}
	zrace_errors_add(errors, pos, NULL, "expected UTF-8 text, got a byte 0x%02x",
			 (unsigned char)*end);
	return false;
}

static void read_lines(struct zrace_parser *p)
{
	guint nlines = g_strv_length(p->script->lines);

	if (nlines > ZRACE_MAX_LINES) {
		zrace_errors_add(p->errors, nowhere, NULL, "expected at most %u lines, got %u",
				 ZRACE_MAX_LINES, nlines);
		return;
	}
	for (guint i = 0; i < nlines; i++) {
		p->source = p->script->lines[i];
		p->line = i + 1;
		p->at = 0;
		if (strlen(p->source) > ZRACE_MAX_LINE) {
			zrace_errors_add(p->errors, (struct zrace_pos){i + 1, ZRACE_MAX_LINE + 1},
					 NULL, "expected a line of at most %u bytes, got %zu",
					 ZRACE_MAX_LINE, strlen(p->source));
			continue;
		}
		zrace_lexer_line(p->lexer, p->source);
		zrace_read_line(p);
	}
	zrace_check_script(p);
}

struct zrace_script *zrace_parse_text(const char *file, const char *text, size_t len,
				      struct zrace_errors *errors)
{
	struct zrace_parser parser = {.errors = errors};
	size_t before = errors->count;
	char *copy;

	if (!text_is_sound(text, len, errors))
		return NULL;
	copy = g_strndup(text, len);
	parser.script = zrace_script_new(file);
	parser.script->lines = g_strsplit(copy, "\n", -1);
	g_free(copy);
	parser.lexer = zrace_lexer_new();
	read_lines(&parser);
	zrace_lexer_free(parser.lexer);
	if (errors->count == before)
		return parser.script;
	zrace_script_free(parser.script);
	return NULL;
}

struct zrace_script *zrace_parse_file(const char *path, struct zrace_errors *errors)
{
	struct zrace_script *script;
	GError *error = NULL;
	struct stat st;
	char *text;
	gsize len;

	/* Before reading: a file may be longer than memory, or no file at all. */
	if (stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size > (off_t)ZRACE_MAX_FILE)) {
		zrace_errors_add(errors, nowhere, NULL, "expected a file of at most %zu bytes",
				 ZRACE_MAX_FILE);
		return NULL;
	}
	if (!g_file_get_contents(path, &text, &len, &error)) {
		zrace_errors_add(errors, nowhere, NULL, "%s", error->message);
		g_error_free(error);
		return NULL;
	}
	script = zrace_parse_text(path, text, len, errors);
	g_free(text);
	return script;
}
