/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "sim/explore.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenarios/faults.h"
#include "scenarios/parser.h"
#include "sim/cli.h"
#include "sim/explore_path.h"
#include "sim/explore_report.h"
#include "sim/explore_script.h"
#include "sim/explore_show.h"

#define MIB (UINT64_C(1) << 20)

struct options {
	gint threads, depth, crashes, resets, timers;
	gint64 states, memory;
	gdouble time;
	gboolean lazy_send, cuts, no_pins, json, ascii, version;
	gboolean off[ZX_PROPERTIES];
	gchar *only_case, *fault, *script, *diagram;
	gchar **files;
};

/* One run of the command. */
struct run {
	const char *program;
	const struct options *o;
	struct zx_options explored;
	struct zx_bounds bounds;
	struct zx_model *model;
	struct zx_result *result;
	const char *bounded; /* of any case */
	size_t cases, violations;
	bool written; /* the first violation, to files */
};

static const char summary[] =
	"Tries every order of what may happen in a race script (see zclnd-race(5)): messages,\n"
	"connections, timers, and the script's own connect, put and ping. Holds, `when`, `expect`\n"
	"and `finally` of the script do not count.";

static char *describe(void)
{
	GString *text = g_string_new("Properties, each switched off by --no-NAME:\n");

	for (int p = 0; p < ZX_PROPERTIES; p++)
		g_string_append_printf(text, "  %-26s %s\n", zx_property_name(p),
				       zx_property_text(p));
	g_string_append(text,
			"\nThe last line is `exhausted`, `violated`, or `bounded: WHY`.\n"
			"Exit status: 0 no violation, 1 a violation, 2 bad usage or script.\n");
	return g_string_free(text, FALSE);
}

static void add_entries(GOptionContext *context, struct options *o)
{
	const GOptionEntry entries[] = {
		{"case", 'c', 0, G_OPTION_ARG_STRING, &o->only_case, "Explore this case only",
		 "NAME"},
		{"jobs", 'j', 0, G_OPTION_ARG_INT, &o->threads, "Threads (1)", "N"},
		{"depth", 0, 0, G_OPTION_ARG_INT, &o->depth, "Longest path (1000)", "N"},
		{"states", 0, 0, G_OPTION_ARG_INT64, &o->states, "Most states (no bound)", "N"},
		{"memory", 0, 0, G_OPTION_ARG_INT64, &o->memory, "Most memory for states (1024)",
		 "MIB"},
		{"time", 0, 0, G_OPTION_ARG_DOUBLE, &o->time, "Longest time, a case (no bound)",
		 "S"},
		{"crashes", 0, 0, G_OPTION_ARG_INT, &o->crashes,
		 "Restarts of peers, with a new incarnation, on one path (0)", "N"},
		{"resets", 0, 0, G_OPTION_ARG_INT, &o->resets,
		 "Connections that are reset or refused on one path (0)", "N"},
		{"timers", 0, 0, G_OPTION_ARG_INT, &o->timers,
		 "Timers that run out before what is under way arrives, on one path (0)", "N"},
		{"lazy-send", 0, 0, G_OPTION_ARG_NONE, &o->lazy_send,
		 "Let queued messages wait for each other", NULL},
		{"cuts", 0, 0, G_OPTION_ARG_NONE, &o->cuts,
		 "Cut behind acceptor requests and LNet headers too", NULL},
		{"no-pins", 0, 0, G_OPTION_ARG_NONE, &o->no_pins,
		 "Let the kernel let go of zero-copy pages at once", NULL},
		{"script", 0, 0, G_OPTION_ARG_FILENAME, &o->script,
		 "Write the first violation as a race script that forces it", "FILE.race"},
		{"diagram", 0, 0, G_OPTION_ARG_FILENAME, &o->diagram,
		 "Draw the first violation as a sequence diagram", "FILE.svg"},
		{"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "Write a JSON object for each case",
		 NULL},
		{"ascii", 0, 0, G_OPTION_ARG_NONE, &o->ascii, "Draw with ASCII characters only",
		 NULL},
#ifdef ZCL_FAULTS
		{"fault", 0, 0, G_OPTION_ARG_STRING, &o->fault,
		 "Break the core on purpose, for tests", "NAME"},
#endif
		{"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Show the version", NULL},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->files, NULL,
		 "FILE.race..."},
		{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};

	g_option_context_add_main_entries(context, entries, NULL);
}

static void add_properties(GOptionContext *context, struct options *o, char **names)
{
	GOptionGroup *group = g_option_context_get_main_group(context);

	for (int p = 0; p < ZX_PROPERTIES; p++) {
		const GOptionEntry entries[] = {
			{NULL, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &o->off[p], NULL, NULL},
			{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
		GOptionEntry named[2];

		names[p] = g_strdup_printf("no-%s", zx_property_name(p));
		memcpy(named, entries, sizeof(named));
		named[0].long_name = names[p];
		g_option_group_add_entries(group, named);
	}
}

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
	if (!run->explored.off[ZX_ASSERT])
		before = signal(SIGABRT, on_abort);
	zx_search(run->model, &run->bounds, (size_t)run->o->threads, shown ? &progress : NULL,
		  run->result);
	if (!run->explored.off[ZX_ASSERT])
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
	if (!zx_model_init(run->model, script, index, &run->explored, &why))
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

/* ---- the command line ---- */

static int check_options(const char *program, const struct options *o)
{
	if (o->depth < 1 || o->depth > (gint)ZX_MAX_DEPTH)
		return zsim_usage(program, "--depth takes 1 to %u", ZX_MAX_DEPTH);
	if (o->threads < 1 || o->threads > (gint)ZX_MAX_THREADS)
		return zsim_usage(program, "--jobs takes 1 to %u", ZX_MAX_THREADS);
	if (o->states < 0)
		return zsim_usage(program, "--states takes 0 or more");
	if (o->memory < 1 || o->memory > (gint64)(SIZE_MAX / MIB / 4))
		return zsim_usage(program, "--memory takes 1 or more");
	if (!(o->time >= 0))
		return zsim_usage(program, "--time takes 0 or more");
	if (o->crashes < 0 || o->resets < 0 || o->timers < 0 || o->crashes > 1000 ||
	    o->resets > 1000 || o->timers > 1000)
		return zsim_usage(program, "--crashes, --resets and --timers take 0 to 1000");
	if (o->fault && zrace_fault_of(o->fault) == 0)
		return zsim_usage(program, "no fault is called %s", o->fault);
	return ZSIM_EXIT_DONE;
}

static int with_options(const char *program, const struct options *o)
{
	struct run run = {.program = program, .o = o};
	int status;

	if (o->version) {
		printf("%s (%s)\n", program, PACKAGE_STRING);
		return ZSIM_EXIT_DONE;
	}
	if (o->files == NULL)
		return zsim_usage(program, "which script?");
	status = check_options(program, o);
	if (status != ZSIM_EXIT_DONE)
		return status;
	run.explored = (struct zx_options){.crashes = (unsigned)o->crashes,
					   .resets = (unsigned)o->resets,
					   .timers = (unsigned)o->timers,
					   .lazy_send = o->lazy_send,
					   .cuts = o->cuts,
					   .no_pins = o->no_pins,
					   .faults = o->fault ? zrace_fault_of(o->fault) : 0};
	for (int p = 0; p < ZX_PROPERTIES; p++)
		run.explored.off[p] = o->off[p];
	run.bounds = (struct zx_bounds){.depth = (size_t)o->depth,
					.states = (size_t)o->states,
					.memory = (size_t)o->memory * MIB,
					.seconds = o->time};
	return explore_files(&run);
}

int zx_main(const char *base, int argc, char **argv)
{
	struct options o = {.threads = 1, .depth = 1000, .memory = 1024};
	GOptionContext *context = g_option_context_new(NULL);
	char *program = g_strdup_printf("%s explore", base);
	char *usage = g_strdup_printf("%s [OPTION...] FILE.race...", program);
	char *names[ZX_PROPERTIES], *description = describe();
	GError *error = NULL;
	int status;

	setlocale(LC_CTYPE, "");
	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	g_option_context_set_help_enabled(context, FALSE);
	add_entries(context, &o);
	add_properties(context, &o, names);
	if (zsim_wants_help(argc, argv)) {
		zsim_print_help(context, usage);
		status = ZSIM_EXIT_DONE;
	} else if (g_option_context_parse(context, &argc, &argv, &error)) {
		status = with_options(program, &o);
	} else {
		status = zsim_usage(program, "%s", error->message);
		g_error_free(error);
	}
	g_option_context_free(context);
	for (int p = 0; p < ZX_PROPERTIES; p++)
		g_free(names[p]);
	g_free(description);
	g_free(usage);
	g_free(program);
	g_free(o.only_case);
	g_free(o.fault);
	g_free(o.script);
	g_free(o.diagram);
	g_strfreev(o.files);
	return status;
}
