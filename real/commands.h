/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_COMMANDS_H
#define ZREAL_COMMANDS_H

/* The subcommands of zclnd: argv[0] is the subcommand; each returns the exit status. */
int zcmd_peer(int argc, char **argv);
int zcmd_ping(int argc, char **argv);
int zcmd_put(int argc, char **argv);
int zcmd_get(int argc, char **argv);
int zcmd_bench(int argc, char **argv);

#endif
