/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_SWEEP_H
#define ZSIM_SWEEP_H

/*
 * The `sweep` subcommand: measurements over ranges of parameters, written as CSV. argv[0] is
 * "sweep". Returns the exit status: 0 done, 1 a measurement failed, 2 bad usage, 99 the output
 * cannot be written.
 */
int zsweep_main(int argc, char **argv);

#endif
