/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <glib.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "scenarios/race.h"
#include "sim/cli.h"
#include "sim/explore.h"
#include "sim/sweep.h"
#include "sim/world.h"
#include "trace/trace.h"

#define PROGRAM "zclnd-sim"

static int race(int argc, char **argv)
{
	static const struct zrace_backend backend = {"zclnd-sim", zsim_world_new};

	return zrace_main(&backend, argc, argv);
}

static int explore(int argc, char **argv)
{
	return zx_main(PROGRAM, argc, argv);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"race", race, "run race scripts in simulation"},
	{"explore", explore, "try every order of a race script"},
	{"sweep", zsweep_main, "measure over ranges of parameters, as CSV"},
	{"trace", ztrace_main, "decode the protocol messages of a capture"},
};

static const char description[] =
	"'zclnd-sim COMMAND --help' tells the options of a command.\n\n"
	"Exit status: 0 done, 1 failed, 2 bad usage, 77 skipped, 99 internal error.\n";

static void show_version(void)
{
	printf("zclnd-sim (%s)\n"
	       "This program is linked with ns-3 and therefore distributed under the GNU General\n"
	       "Public License, version 2; its own sources are under the MIT licence.\n",
	       PACKAGE_STRING);
}

static GOptionContext *make_context(const GOptionEntry *entries)
{
	GOptionContext *context = g_option_context_new(NULL);
	GString *summary = g_string_new("Lustre's socklnd protocol in simulation.\n\nCommands:");

	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		g_string_append_printf(summary, "\n  %-9s%s", commands[i].name, commands[i].what);
	g_option_context_set_summary(context, summary->str);
	g_string_free(summary, TRUE);
	g_option_context_set_description(context, description);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, entries, NULL);
	return context;
}

static int run_command(int argc, char **argv)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		char *name;

		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		name = g_strdup_printf("zclnd-sim %s", argv[0]);
		g_set_prgname(name);
		g_free(name);
		return commands[i].run(argc, argv);
	}
	return zsim_usage(PROGRAM, "no command is called '%s'", argv[0]);
}

int main(int argc, char **argv)
{
	gboolean version = FALSE;
	const GOptionEntry entries[] = {{"version", 0, 0, G_OPTION_ARG_NONE, &version,
					 "Show the version and its licence", NULL},
					{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
	GOptionContext *context = make_context(entries);
	GError *error = NULL;
	int status;

	setlocale(LC_CTYPE, "");
	g_set_prgname(PROGRAM);
	if (argc > 1 && zsim_wants_help(2, argv)) {
		zsim_print_help(context, PROGRAM " [OPTION...] COMMAND [ARGUMENT...]");
		status = ZSIM_EXIT_DONE;
	} else if (!g_option_context_parse(context, &argc, &argv, &error)) {
		status = zsim_usage(PROGRAM, "%s", error->message);
		g_error_free(error);
	} else if (version) {
		show_version();
		status = ZSIM_EXIT_DONE;
	} else if (argc < 2) {
		status = zsim_usage(PROGRAM, "which command?");
	} else {
		status = run_command(argc - 1, argv + 1);
	}
	g_option_context_free(context);
	return status;
}
