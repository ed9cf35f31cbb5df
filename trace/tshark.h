/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_TSHARK_H
#define ZTRACE_TSHARK_H

#include <stdbool.h>

#include <glib.h>

/* Runs tshark and hands out its lines. Private to trace/. */

/* One line of tshark's output without its end, writable until the return. False: *error is set. */
typedef bool (*ztrace_line_func)(char *line, void *user, GError **error);

/* Path of the program (free it), or NULL and ZTRACE_ERROR_NO_TSHARK. */
char *ztrace_tshark_find(GError **error);

/*
 * Runs `tshark -n -r path` with the NULL-terminated args after it, calls on_line for each line,
 * waits for its end. *said: what it wrote about the file on its standard error, when it ended with
 * another status than 0 (free it), else NULL. False and *error: it could not be run, was killed,
 * or on_line said no.
 */
bool ztrace_tshark_run(const char *tshark, const char *path, const char *const *args,
		       ztrace_line_func on_line, void *user, char **said, GError **error);

#endif
