/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "scenarios/race.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "scenarios/faults.h"
#include "scenarios/parser.h"
#include "scenarios/suite.h"

enum { EXIT_PASS = 0, EXIT_USAGE = 2, EXIT_INTERNAL = 99 };

struct options {
	gboolean ladder, ascii, tap, json, events, list, quiet, version;
	gint64 seed;
	gint jobs;
	gdouble time_scale;
	gchar *pcap, *trace, *diagram, *only_case, *fault;
	gchar **files;
};

static const char summary[] =
	"Runs race scripts (see zclnd-race(5)): every case in a fresh world, one verdict each.";
static const char description[] =
	"Exit status: 0 all passed, 1 an expectation failed, 2 bad usage or script,\n"
	"77 all skipped, 99 internal error.\n";

static GOptionContext *make_context(struct options *o)
{
	const GOptionEntry entries[] = {
		{"ladder", 'l', 0, G_OPTION_ARG_NONE, &o->ladder,
		 "Show the events of every case as a ladder", NULL},
		{"ascii", 0, 0, G_OPTION_ARG_NONE, &o->ascii, "Draw with ASCII characters only",
		 NULL},
		{"tap", 0, 0, G_OPTION_ARG_NONE, &o->tap, "Write TAP", NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "Write a JSON object for each case",
		 NULL},
		{"events", 0, 0, G_OPTION_ARG_NONE, &o->events,
		 "Write the events that the scripts fix, without times", NULL},
		{"list", 0, 0, G_OPTION_ARG_NONE, &o->list,
		 "List the cases and their titles, run nothing", NULL},
		{"case", 'c', 0, G_OPTION_ARG_STRING, &o->only_case, "Run this case only", "NAME"},
		{"seed", 's', 0, G_OPTION_ARG_INT64, &o->seed, "First seed (1)", "N"},
		{"jobs", 'j', 0, G_OPTION_ARG_INT, &o->jobs, "Run so many cases at a time (1)",
		 "N"},
		{"pcap", 0, 0, G_OPTION_ARG_FILENAME, &o->pcap, "Write captures below DIR", "DIR"},
		{"trace", 0, 0, G_OPTION_ARG_FILENAME, &o->trace,
		 "Write what happens in every run, see zclnd-trace(5)", "FILE"},
		{"diagram", 0, 0, G_OPTION_ARG_FILENAME, &o->diagram,
		 "Draw the case to FILE.svg, or each case into the folder", "FILE.svg|DIR"},
		{"time-scale", 0, 0, G_OPTION_ARG_DOUBLE, &o->time_scale,
		 "Real sockets: one second of a script takes X seconds (1)", "X"},
#ifdef ZCL_FAULTS
		{"fault", 0, 0, G_OPTION_ARG_STRING, &o->fault,
		 "Break the core on purpose, for tests", "NAME"},
#endif
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet, "Show failures only", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Show the version", NULL},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->files, NULL,
		 "FILE.race..."},
		{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
	GOptionContext *context = g_option_context_new(NULL);

	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_help_enabled(context, FALSE);
	return context;
}

static void clear_options(struct options *o)
{
	g_free(o->pcap);
	g_free(o->trace);
	g_free(o->diagram);
	g_free(o->only_case);
	g_free(o->fault);
	g_strfreev(o->files);
}

static int usage(const struct zrace_backend *backend, const char *format, ...) G_GNUC_PRINTF(2, 3);

static int usage(const struct zrace_backend *backend, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s race: ", backend->program);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry '%s race --help'.\n", backend->program);
	return EXIT_USAGE;
}

/* ---- scripts ---- */

/* All are read before the first runs: a mistake in the last one costs no time. NULL: mistakes. */
static GPtrArray *read_scripts(char **files)
{
	GPtrArray *scripts = g_ptr_array_new_with_free_func((GDestroyNotify)zrace_script_free);
	bool good = true;

	for (; *files; files++) {
		struct zrace_errors errors;
		struct zrace_script *script;

		zrace_errors_init(&errors);
		script = zrace_parse_file(*files, &errors);
		if (script)
			g_ptr_array_add(scripts, script);
		else
			good = false;
		fputs(errors.text->str, stderr);
		if (errors.count > ZRACE_MAX_ERRORS)
			fprintf(stderr, "%s: %zu more mistakes\n", *files,
				errors.count - ZRACE_MAX_ERRORS);
		zrace_errors_clear(&errors);
	}
	if (good)
		return scripts;
	g_ptr_array_unref(scripts);
	return NULL;
}

/* One file holds one diagram. */
static bool diagram_fits(const struct zrace_suite *suite, const GPtrArray *scripts,
			 const struct options *o)
{
	size_t cases = 0;

	if (o->diagram == NULL || !g_str_has_suffix(o->diagram, ".svg"))
		return true;
	for (guint i = 0; i < scripts->len; i++)
		cases += zrace_suite_count_cases(suite, g_ptr_array_index(scripts, i));
	return cases == 1;
}

/* ---- running ---- */

static int run_scripts(const struct zrace_suite *suite, const GArray *runs, const struct options *o)
{
	char *program = g_strdup_printf("%s race (%s)", suite->backend->program, PACKAGE_STRING);
	struct zrace_report report = {.form = o->tap	  ? ZRACE_FORM_TAP
					      : o->json	  ? ZRACE_FORM_JSON
					      : o->events ? ZRACE_FORM_EVENTS
							  : ZRACE_FORM_TEXT,
				      .ladder = o->ladder,
				      .ascii = o->ascii || !g_get_charset(NULL),
				      .quiet = o->quiet,
				      .program = program,
				      .diagram = o->diagram,
				      .out = stdout};
	bool good;
	int status;

	if (o->trace && (report.trace = fopen(o->trace, "w")) == NULL) {
		fprintf(stderr, "%s: %s\n", o->trace, g_strerror(errno));
		g_free(program);
		return EXIT_USAGE;
	}
	zrace_report_begin(&report, runs->len);
	good = zrace_suite_run(suite, runs, &report);
	if (!good)
		fprintf(stderr, "no process for -j: %s\n", g_strerror(errno));
	status = good ? zrace_report_end(&report) : EXIT_INTERNAL;
	g_free(program);
	if (report.trace && fclose(report.trace) != 0) {
		fprintf(stderr, "%s: %s\n", o->trace, g_strerror(errno));
		status = EXIT_INTERNAL;
	}
	return status;
}

static int list_runs(const GArray *runs)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < runs->len; i++) {
		const struct zrace_run *run = &g_array_index(runs, struct zrace_run, i);

		zrace_result_name(text, run);
		if (run->script->title != NULL && run->vary == ZRACE_BASE_RUN)
			g_string_append_printf(text, "  %s", run->script->title);
		g_string_append_c(text, '\n');
	}
	fputs(text->str, stdout);
	g_string_free(text, TRUE);
	return EXIT_PASS;
}

/* Returns EXIT_PASS, or the exit status after saying what is wrong. */
static int set_faults(const struct zrace_backend *backend, const struct options *o,
		      struct zrace_suite *suite)
{
	if (o->fault == NULL)
		return EXIT_PASS;
	suite->faults = zrace_fault_of(o->fault);
	if (suite->faults)
		return EXIT_PASS;
	return usage(backend, "no fault is called %s", o->fault);
}

static int with_files(const struct zrace_backend *backend, const struct options *o)
{
	struct zrace_suite suite = {.backend = backend,
				    .only_case = o->only_case,
				    .pcap_dir = o->pcap,
				    .seed = (uint64_t)o->seed,
				    .time_scale = o->time_scale,
				    .jobs = (unsigned)o->jobs};
	int status = set_faults(backend, o, &suite);
	GPtrArray *scripts;
	GArray *runs;

	if (status != EXIT_PASS)
		return status;
	scripts = read_scripts(o->files);
	if (scripts == NULL)
		return EXIT_USAGE;
	runs = zrace_suite_runs(&suite, scripts);
	if (runs->len == 0)
		status = usage(backend, "no case is called %s", o->only_case);
	else if (!diagram_fits(&suite, scripts, o))
		status = usage(backend, "--diagram %s: several cases: name a folder, or one --case",
			       o->diagram);
	else if (o->list)
		status = list_runs(runs);
	else
		status = run_scripts(&suite, runs, o);
	g_array_unref(runs);
	g_ptr_array_unref(scripts);
	return status;
}

static int with_options(const struct zrace_backend *backend, const struct options *o)
{
	if (o->version) {
		printf("%s race (%s)\n", backend->program, PACKAGE_STRING);
		return EXIT_PASS;
	}
	if (o->files == NULL)
		return usage(backend, "which script?");
	if (o->tap + o->json + o->events > 1)
		return usage(backend, "only one of --tap, --json, --events");
	if (!(o->time_scale >= 0.01 && o->time_scale <= 1000))
		return usage(backend, "--time-scale takes 0.01 to 1000");
	if (o->jobs < 1 || o->jobs > 64)
		return usage(backend, "--jobs takes 1 to 64");
	if (o->seed < 1)
		return usage(backend, "--seed takes 1 or more");
	return with_files(backend, o);
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "-?") == 0)
			return true;
	return false;
}

/* GOption begins its help with the program's name; here it is two words. */
static void print_help(const struct zrace_backend *backend, GOptionContext *context)
{
	char *help = g_option_context_get_help(context, TRUE, NULL);
	const char *options = strchr(help, '\n');

	printf("Usage:\n  %s race [OPTION...] FILE.race...\n", backend->program);
	/* Past the two lines that say the same with one word. */
	options = options ? strchr(options + 1, '\n') : NULL;
	fputs(options ? options + 1 : help, stdout);
	g_free(help);
}

int zrace_main(const struct zrace_backend *backend, int argc, char **argv)
{
	struct options o = {.seed = 1, .jobs = 1, .time_scale = 1};
	GOptionContext *context = make_context(&o);
	GError *error = NULL;
	char **args = g_new0(char *, (size_t)argc + 1);
	int status;

	setlocale(LC_CTYPE, "");
	/* GOption does not know "-j2". */
	for (int i = 0; i < argc; i++)
		args[i] = g_str_has_prefix(argv[i], "-j") && g_ascii_isdigit(argv[i][2])
				  ? g_strdup_printf("--jobs=%s", argv[i] + 2)
				  : g_strdup(argv[i]);
	if (wants_help(argc, argv)) {
		print_help(backend, context);
		status = EXIT_PASS;
	} else if (g_option_context_parse_strv(context, &args, &error)) {
		status = with_options(backend, &o);
	} else {
		status = usage(backend, "%s", error->message);
		g_error_free(error);
	}
	g_option_context_free(context);
	g_strfreev(args);
	clear_options(&o);
	return status;
}
