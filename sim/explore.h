/* SPDX-License-Identifier: MIT */
#ifndef ZX_EXPLORE_H
#define ZX_EXPLORE_H

/*
 * The command `explore`: every order of what may happen in a race script, see zclnd-sim(1).
 * program: its name before "explore". Returns the exit status.
 */
int zx_main(const char *program, int argc, char **argv);

#endif
