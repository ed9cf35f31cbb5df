/* SPDX-License-Identifier: MIT */
#ifndef ZX_OPTIONS_H
#define ZX_OPTIONS_H

#include <glib.h>

#include "sim/explore_search.h"

/* The command line of `explore`. */

struct zx_command {
	gint threads, depth, crashes, outages, resets, timers;
	gint64 states, memory;
	gdouble time;
	gboolean lazy_send, cuts, no_pins, json, ascii, version;
	gboolean off[ZX_PROPERTIES];
	gchar *only_case, *fault, *script, *diagram;
	gchar **files; /* at least one, when it is to run */
	/* What these come to. */
	struct zx_options explored;
	struct zx_bounds bounds;
};

/*
 * Reads it. True: it is to run; else all is said, and *status is the exit status. zx_command_clear
 * in either case.
 */
bool zx_command_read(struct zx_command *command, const char *program, int argc, char **argv,
		     int *status);
void zx_command_clear(struct zx_command *command);

#endif
