/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_CLI_H
#define ZSIM_CLI_H

#include <glib.h>
#include <stdbool.h>

/* What the commands of zclnd-sim have in common. */

enum zsim_exit {
	ZSIM_EXIT_DONE = 0,
	ZSIM_EXIT_FAILED = 1,
	ZSIM_EXIT_USAGE = 2,
	ZSIM_EXIT_INTERNAL = 99,
};

/* Says what is wrong, and where help is; program: "zclnd-sim sweep". Returns ZSIM_EXIT_USAGE. */
int zsim_usage(const char *program, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* --help, -h or -? is among the arguments before a "--". */
bool zsim_wants_help(int argc, char **argv);
/* GOption's help, with this usage line in place of its own. */
void zsim_print_help(GOptionContext *context, const char *usage);

#endif
