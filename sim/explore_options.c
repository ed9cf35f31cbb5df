/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "sim/explore_options.h"

#include <stdio.h>
#include <string.h>

#include "scenarios/faults.h"
#include "sim/cli.h"

#define MIB (UINT64_C(1) << 20)

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

static void add_entries(GOptionContext *context, struct zx_command *o)
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
		{"outages", 0, 0, G_OPTION_ARG_INT, &o->outages,
		 "Crashes of peers that are back some time later, on one path (0)", "N"},
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

static void add_properties(GOptionContext *context, struct zx_command *o, char **names)
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

static bool is_budget(gint n)
{
	return n >= 0 && n <= 1000;
}

static int check_options(const char *program, const struct zx_command *o)
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
	if (!is_budget(o->crashes) || !is_budget(o->outages) || !is_budget(o->resets) ||
	    !is_budget(o->timers))
		return zsim_usage(program,
				  "--crashes, --outages, --resets and --timers take 0 to 1000");
	if (o->fault && zrace_fault_of(o->fault) == 0)
		return zsim_usage(program, "no fault is called %s", o->fault);
	return ZSIM_EXIT_DONE;
}

/* What the options come to. */
static void settle(struct zx_command *o)
{
	o->explored = (struct zx_options){.crashes = (unsigned)o->crashes,
					  .outages = (unsigned)o->outages,
					  .resets = (unsigned)o->resets,
					  .timers = (unsigned)o->timers,
					  .lazy_send = o->lazy_send,
					  .cuts = o->cuts,
					  .no_pins = o->no_pins,
					  .faults = o->fault ? zrace_fault_of(o->fault) : 0};
	for (int p = 0; p < ZX_PROPERTIES; p++)
		o->explored.off[p] = o->off[p];
	o->bounds = (struct zx_bounds){.depth = (size_t)o->depth,
				       .states = (size_t)o->states,
				       .memory = (size_t)o->memory * MIB,
				       .seconds = o->time};
}

/* True: it is to run. */
static bool is_complete(struct zx_command *o, const char *program, int *status)
{
	*status = ZSIM_EXIT_DONE;
	if (o->version) {
		printf("%s (%s)\n", program, PACKAGE_STRING);
		return false;
	}
	*status = o->files ? check_options(program, o) : zsim_usage(program, "which script?");
	if (*status != ZSIM_EXIT_DONE)
		return false;
	settle(o);
	return true;
}

bool zx_command_read(struct zx_command *command, const char *program, int argc, char **argv,
		     int *status)
{
	GOptionContext *context = g_option_context_new(NULL);
	char *usage = g_strdup_printf("%s [OPTION...] FILE.race...", program);
	char *names[ZX_PROPERTIES], *description = describe();
	GError *error = NULL;
	bool run = false;

	*command = (struct zx_command){.threads = 1, .depth = 1000, .memory = 1024};
	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	g_option_context_set_help_enabled(context, FALSE);
	add_entries(context, command);
	add_properties(context, command, names);
	if (zsim_wants_help(argc, argv)) {
		zsim_print_help(context, usage);
		*status = ZSIM_EXIT_DONE;
	} else if (g_option_context_parse(context, &argc, &argv, &error)) {
		run = is_complete(command, program, status);
	} else {
		*status = zsim_usage(program, "%s", error->message);
		g_error_free(error);
	}
	g_option_context_free(context);
	for (int p = 0; p < ZX_PROPERTIES; p++)
		g_free(names[p]);
	g_free(description);
	g_free(usage);
	return run;
}

void zx_command_clear(struct zx_command *command)
{
	g_free(command->only_case);
	g_free(command->fault);
	g_free(command->script);
	g_free(command->diagram);
	g_strfreev(command->files);
}
