/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_TRACE_H
#define ZTRACE_TRACE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * The `trace` command of both programs: what a capture of socklnd traffic says, one line for each
 * protocol message. tshark reads the file and puts the TCP streams together; core/rx decodes them.
 */

struct ztrace_options {
	const char *path; /* the capture, of any link type and format that tshark reads */
	bool json;	  /* one JSON object a line instead of aligned columns */
	FILE *out, *err;  /* NULL: stdout and stderr */
};

/* Exit statuses. */
#define ZTRACE_OK     0 /* every socklnd stream decoded, or cut off by the end of the capture */
#define ZTRACE_FAILED 1 /* a stream did not decode, or none is socklnd */
#define ZTRACE_UNREAD 2 /* the file, tshark, the output or the command line is at fault */

/*
 * Prints every message of opts->path in the order in which the capture completed them, and on
 * err one line for each stream that did not decode to its last byte. Returns an exit status. Waits
 * for tshark: not for use inside an event loop. A closed pipe on out is no error.
 */
int ztrace_run(const struct ztrace_options *opts);

/*
 * The command: argv[0] is its name, then options (--json, --help) and one file. Returns an exit
 * status.
 */
int ztrace_main(int argc, char **argv);

#endif
