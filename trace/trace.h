/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_TRACE_H
#define ZTRACE_TRACE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * The `trace` command of both programs: shows a trace file (zclnd-trace(5)) or a capture of socklnd
 * traffic as text, ladder, SVG or JSON. Of captures, tshark reads the file and puts the TCP streams
 * together; core/rx decodes them.
 */

enum ztrace_format {
	ZTRACE_FORMAT_DEFAULT, /* text for captures, ladder for traces */
	ZTRACE_FORMAT_TEXT,
	ZTRACE_FORMAT_LADDER,
	ZTRACE_FORMAT_SVG,
	ZTRACE_FORMAT_JSON,
};

struct ztrace_options {
	const char *path; /* a trace, or a capture of any kind that tshark reads */
	enum ztrace_format format;
	const char *run_case; /* only this case of a trace; NULL: all */
	const char *peer;     /* only what one peer, by name or NID, has to do with; NULL: all */
	const char *title;    /* of a diagram; NULL: what the file says */
	bool all;	      /* do not leave repeats out */
	bool ascii;	      /* ladders: no other characters */
	FILE *out, *err;      /* NULL: stdout and stderr */
};

/* Exit statuses. */
#define ZTRACE_OK     0 /* every socklnd stream decoded, or cut off by the end of the capture */
#define ZTRACE_FAILED 1 /* a stream did not decode, or none is socklnd */
#define ZTRACE_UNREAD 2 /* the file, tshark, the output or the command line is at fault */

/*
 * Shows opts->path, in the order in which things happened or the capture completed them, and on err
 * one line for each stream that did not decode to its last byte. Returns an exit status. Waits for
 * tshark: not for use inside an event loop. A closed pipe on out is no error.
 */
int ztrace_run(const struct ztrace_options *opts);

/*
 * The command: argv[0] is its name, then options (--help lists them) and one file. Returns an exit
 * status.
 */
int ztrace_main(int argc, char **argv);

#endif
