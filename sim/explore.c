/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "sim/explore.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenarios/parser.h"
#include "sim/cli.h"
#include "sim/explore_options.h"
#include "sim/explore_path.h"
#include "sim/explore_report.h"
#include "sim/explore_script.h"
#include "sim/explore_show.h"

#define MIB (UINT64_C(1) << 20)

/* One run of the command. */
struct run {
	const char *program;
	const struct zx_command *o;
	struct zx_model *model;
	struct zx_result *result;
	const char *bounded; /* of any case */
	size_t cases, violations;
	bool written; /* the first violation, to files */
};

/* False: it cannot be written. */
static bool write_file(const struct run *run, const char *name, const GString *text)
{
	GError *error = NULL;

	if (g_file_set_contents(name, text->str, (gssize)text->len, &error))
		return true;
	fprintf(stderr, "%s: %s\n", run->program, error->message);
	g_error_free(error);
	return false;
}

static bool write_script(const struct run *run, const struct zx_violation *violation)
{
	GString *text = g_string_new(NULL);
	const char *why = NULL;
	bool good = true;

	if (!zx_script_write(text, run->model, violation, &why))
		fprintf(stderr, "%s: no script can force it: %s\n", run->program, why);
	else
		good = write_file(run, run->o->script, text);
	g_string_free(text, TRUE);
	return good;
}

static bool write_diagram(const struct run *run, const struct zx_violation *violation)
{
	GString *text = g_string_new(NULL);
	bool good;

	zx_show_diagram(text, run->model, violation->path, violation->length);
	good = write_file(run, run->o->diagram, text);
	g_string_free(text, TRUE);
	return good;
}

/* The files that were asked for. False: one cannot be written. */
static bool write_files(const struct run *run, const struct zx_violation *violation)
{
	return (run->o->script == NULL || write_script(run, violation)) &&
	       (run->o->diagram == NULL || write_diagram(run, violation));
}

/* ---- a failed assertion ---- */

/* What a signal handler needs to know of the search. */
static const struct run *volatile under_way;

/* The assertion fails in this very thread, in the middle of a core: nothing of it is needed. */
static void on_abort(int signal_number)
{
	const struct zx_walker *walker = zx_search_under_way();
	struct zx_violation violation = {.property = ZX_ASSERT, .why = "an assertion fails"};
	GString *text;

	signal(signal_number, SIG_DFL);
	if (walker == NULL)
		abort();
	text = g_string_new(NULL);
	memcpy(violation.path, walker->path, walker->taking * sizeof(*walker->path));
	violation.length = walker->taking;
	zx_report_name(text, under_way->model);
	g_string_append_printf(text, ": violation of %s\n", zx_property_name(ZX_ASSERT));
	zx_show_path(text, under_way->model, violation.path, violation.length);
	g_string_append(text, "violated\n");
	if (under_way->o->script)
		write_script(under_way, &violation);
	fputs(text->str, stdout);
	fflush(stdout);
	_Exit(ZSIM_EXIT_FAILED);
}

/* ---- exploring ---- */

static void show_progress(void *user, const struct zx_result *sofar)
{
	const struct run *run = user;

	fprintf(stderr, "\r%s: %zu states, %zu transitions, %zu MiB, %.0f s\033[K", run->program,
		sofar->states, sofar->transitions, (size_t)(sofar->memory / MIB), sofar->seconds);
}

static void search(struct run *run)
{
	const struct zx_progress progress = {show_progress, run};
	const bool shown = isatty(STDERR_FILENO);
	void (*before)(int) = SIG_DFL;

	under_way = run;
	if (!run->o->explored.off[ZX_ASSERT])
		before = signal(SIGABRT, on_abort);
	zx_search(run->model, &run->o->bounds, (size_t)run->o->threads, shown ? &progress : NULL,
		  run->result);
	if (!run->o->explored.off[ZX_ASSERT])
		signal(SIGABRT, before);
	under_way = NULL;
	if (shown)
		fputs("\r\033[K", stderr);
}

static int explore_case(struct run *run, const struct zrace_script *script, size_t index)
{
	const char *why = NULL;
	GString *text;

	run->cases++;
	if (!zx_model_init(run->model, script, index, &run->o->explored, &why))
		return zsim_usage(run->program, "%s: cannot be explored: %s", script->file, why);
	if (run->model->unforced && index == 0)
		fprintf(stderr,
			"%s: %s: every order is tried: its holds, releases, passes, expectations "
			"and times do not count\n",
			run->program, script->file);
	search(run);
	if (run->result->violation.property != ZX_PROPERTIES) {
		zx_path_order(run->model, &run->result->violation);
		if (!run->written && !write_files(run, &run->result->violation))
			return ZSIM_EXIT_INTERNAL;
		run->written = true;
	}
	text = g_string_new(NULL);
	zx_report_case(text, run->model, run->result, run->o->json ? ZX_JSON : ZX_TEXT,
		       run->o->ascii || !g_get_charset(NULL));
	fputs(text->str, stdout);
	g_string_free(text, TRUE);
	run->violations += run->result->violation.property != ZX_PROPERTIES;
	if (run->bounded == NULL)
		run->bounded = run->result->bounded;
	return ZSIM_EXIT_DONE;
}

static bool is_wanted(const struct run *run, const struct zrace_case *one)
{
	return run->o->only_case == NULL ||
	       (one->name && strcmp(one->name, run->o->only_case) == 0);
}

static int explore_file(struct run *run, const char *file)
{
	struct zrace_errors errors;
	struct zrace_script *script;
	int status = ZSIM_EXIT_DONE;

	zrace_errors_init(&errors);
	script = zrace_parse_file(file, &errors);
	fputs(errors.text->str, stderr);
	zrace_errors_clear(&errors);
	if (script == NULL)
		return ZSIM_EXIT_USAGE;
	for (size_t i = 0; i < script->ncases && status == ZSIM_EXIT_DONE; i++)
		if (is_wanted(run, &script->cases[i]))
			status = explore_case(run, script, i);
	zrace_script_free(script);
	return status;
}

static int verdict(const struct run *run)
{
	if (run->cases == 0)
		return zsim_usage(run->program, "no case is called %s", run->o->only_case);
	if (run->o->json) /* each object says it */
		return run->violations ? ZSIM_EXIT_FAILED : ZSIM_EXIT_DONE;
	if (run->violations)
		puts("violated");
	else if (run->bounded)
		printf("bounded: %s\n", run->bounded);
	else
		puts("exhausted");
	return run->violations ? ZSIM_EXIT_FAILED : ZSIM_EXIT_DONE;
}

static int explore_files(struct run *run)
{
	int status = ZSIM_EXIT_DONE;

	run->model = g_new0(struct zx_model, 1);
	run->result = g_new0(struct zx_result, 1);
	for (char **file = run->o->files; *file && status == ZSIM_EXIT_DONE; file++)
		status = explore_file(run, *file);
	if (status == ZSIM_EXIT_DONE)
		status = verdict(run);
	if (fflush(stdout) != 0)
		status = ZSIM_EXIT_INTERNAL;
	g_free(run->model);
	g_free(run->result);
	return status;
}

int zx_main(const char *base, int argc, char **argv)
{
	char *program = g_strdup_printf("%s explore", base);
	struct zx_command command;
	struct run run = {.program = program, .o = &command};
	int status;

	setlocale(LC_CTYPE, "");
	if (zx_command_read(&command, program, argc, argv, &status))
		status = explore_files(&run);
	zx_command_clear(&command);
	g_free(program);
	return status;
}
