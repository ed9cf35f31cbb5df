/* SPDX-License-Identifier: MIT */
#include "scenarios/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct zrace_pos nowhere = {0};

char *zrace_load(const char *path, size_t *len, char **why)
{
	GError *error = NULL;
	struct stat st;
	char *text;

	if (stat(path, &st) < 0) {
		*why = g_strdup(g_strerror(errno));
		return NULL;
	}
	/* Before reading: a file may be longer than memory, or no file at all. */
	if ((!S_ISREG(st.st_mode) || st.st_size > (off_t)ZRACE_MAX_FILE)) {
		*why = g_strdup_printf("expected a file of at most %zu bytes", ZRACE_MAX_FILE);
		return NULL;
	}
	if (g_file_get_contents(path, &text, len, &error))
		return text;
	*why = g_strdup(error->message);
	g_error_free(error);
	return NULL;
}

/* Text that can be cut into lines: bounded, UTF-8, without NULs. */
static bool text_is_sound(struct zrace_parser *p, const char *name, const char *text, size_t len)
{
	const char *end;
	struct zrace_pos pos = {1, 1, 0};

	if (len > ZRACE_MAX_FILE) {
		zrace_errors_add(p->errors, name, nowhere, NULL,
				 "expected at most %zu bytes, got %zu", ZRACE_MAX_FILE, len);
		return false;
	}
	if (g_utf8_validate(text, (gssize)len, &end))
		return true;
	for (const char *c = text; c < end; c++) {
		pos.col = *c == '\n' ? 1 : pos.col + 1;
		pos.line += *c == '\n';
	}
	zrace_errors_add(p->errors, name, pos, NULL, "expected UTF-8 text, got a byte 0x%02x",
			 (unsigned char)*end);
	return false;
}

/* Two names of one file are the same here; what is no file stands for itself. */
static char *real_name(const char *name)
{
	char *real = realpath(name, NULL);
	char *copy = g_strdup(real ? real : name);

	free(real);
	return copy;
}

bool zrace_enter(struct zrace_parser *p, const char *name, const char *text, size_t len)
{
	struct zrace_frame *frame = &p->frames[p->depth];
	struct zrace_file *file;
	guint nlines;
	char *copy;

	g_assert(p->depth < ZRACE_MAX_DEPTH);
	if (!text_is_sound(p, name, text, len))
		return false;
	copy = g_strndup(text, len);
	file = g_new0(struct zrace_file, 1);
	file->name = g_strdup(name);
	file->lines = g_strsplit(copy, "\n", -1);
	g_free(copy);
	g_ptr_array_add(p->script->files, file);
	nlines = g_strv_length(file->lines);
	p->total += nlines;
	if (p->total > ZRACE_MAX_LINES) {
		zrace_errors_add(p->errors, name, nowhere, NULL,
				 "expected at most %u lines, got %zu", ZRACE_MAX_LINES, p->total);
		return false;
	}
	*frame = (struct zrace_frame){.file = p->script->files->len - 1, .nlines = nlines};
	frame->real = real_name(name);
	p->depth++;
	return true;
}

static void leave(struct zrace_parser *p)
{
	const struct zrace_frame *frame = &p->frames[--p->depth];
	const struct zrace_file *file = g_ptr_array_index(p->script->files, frame->file);

	if (!frame->versioned)
		zrace_errors_add(p->errors, file->name, nowhere, NULL,
				 "expected \"race 1\" as the first line, got no line");
	g_free(frame->real);
}

void zrace_leave_all(struct zrace_parser *p)
{
	while (p->depth > 0)
		g_free(p->frames[--p->depth].real);
}

bool zrace_next_line(struct zrace_parser *p)
{
	struct zrace_frame *frame;
	const struct zrace_file *file;

	while (p->depth > 0 && p->frames[p->depth - 1].next == p->frames[p->depth - 1].nlines)
		leave(p);
	if (p->depth == 0)
		return false;
	frame = &p->frames[p->depth - 1];
	file = g_ptr_array_index(p->script->files, frame->file);
	p->file = frame->file;
	p->source = file->lines[frame->next];
	p->line = ++frame->next;
	p->at = 0;
	return true;
}

/* ---- include ---- */

/* Beside the file that includes it. */
static char *path_of(const struct zrace_parser *p, const char *name)
{
	const struct zrace_file *file = g_ptr_array_index(p->script->files, p->file);
	char *dir = g_path_get_dirname(file->name);
	char *path;

	if (g_path_is_absolute(name) || strcmp(dir, ".") == 0)
		path = g_strdup(name);
	else
		path = g_build_filename(dir, name, NULL);
	g_free(dir);
	return path;
}

static bool is_open(const struct zrace_parser *p, const char *path)
{
	char *real = real_name(path);
	bool found = false;

	for (size_t i = 0; i < p->depth; i++)
		found = found || strcmp(p->frames[i].real, real) == 0;
	g_free(real);
	return found;
}

static bool include(struct zrace_parser *p, struct zrace_pos pos, const char *path)
{
	char *why = NULL, *text;
	size_t len;
	bool good;

	if (is_open(p, path))
		return zrace_complain(p, pos,
				      "expected another file, got \"%s\", which is being read: "
				      "it would include itself",
				      path);
	text = zrace_load(path, &len, &why);
	if (text == NULL) {
		zrace_complain(p, pos, "expected a script to include, got \"%s\": %s", path, why);
		g_free(why);
		return false;
	}
	good = zrace_enter(p, path, text, len);
	g_free(text);
	return good;
}

bool zrace_read_include(struct zrace_parser *p)
{
	struct zrace_pos pos = zrace_here(p);
	char *path;
	bool good;

	if (zrace_peek(p, 0)->kind != ZRACE_STRING)
		return zrace_expected(p, "the name of a file in quotes");
	path = path_of(p, zrace_take(p)->text);
	if (!zrace_need_end(p))
		good = false;
	else if (p->depth == ZRACE_MAX_DEPTH)
		good = zrace_complain(p, pos,
				      "expected includes at most %u deep, got \"%s\" one deeper",
				      ZRACE_MAX_DEPTH, path);
	else if (p->script->files->len == ZRACE_MAX_FILES)
		good = zrace_complain(p, pos, "expected at most %u files, got \"%s\" as one more",
				      ZRACE_MAX_FILES, path);
	else
		good = include(p, pos, path);
	g_free(path);
	return good;
}
