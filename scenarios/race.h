/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_RACE_H
#define ZRACE_RACE_H

#include "scenarios/world.h"

/*
 * The `race` subcommand, the same in zclnd and zclnd-sim: parses the command line, reads the
 * scripts, runs every case of each in a fresh world, prints verdicts (and ladders, TAP or JSON).
 * Returns the exit status: 0 pass, 1 an expectation failed, 2 bad usage or script, 77 skipped,
 * 99 internal error.
 */
struct zrace_backend {
	const char *program; /* "zclnd", "zclnd-sim": for --help and messages */
	/* A fresh world; NULL with *why on failure. The runner frees it by ops->free. */
	struct zworld *(*world_new)(const struct zworld_options *options, const char **why);
};

int zrace_main(const struct zrace_backend *backend, int argc, char **argv);

#endif
