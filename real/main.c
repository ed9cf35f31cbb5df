/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "real/cli.h"
#include "real/commands.h"
#include "real/world.h"
#include "scenarios/race.h"
#include "trace/trace.h"

static int race(int argc, char **argv)
{
	const struct zrace_backend backend = {
		.program = "zclnd",
		.world_new = zreal_world_new,
	};

	return zrace_main(&backend, argc, argv);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"peer", zcmd_peer, "run a peer in the foreground"},
	{"ping", zcmd_ping, "ask a peer for its network interfaces"},
	{"put", zcmd_put, "put a file into a peer's buffer"},
	{"get", zcmd_get, "get a peer's buffer into a file"},
	{"bench", zcmd_bench, "move bulk data and count what it took"},
	{"race", race, "run race scripts on real sockets"},
	{"trace", ztrace_main, "decode the protocol messages of a capture"},
};

static void usage(FILE *to)
{
	fputs("Usage: zclnd COMMAND [OPTION...]\n\n"
	      "A user-space peer of Lustre's socklnd protocol with explicit zero-copy ACKs.\n\n"
	      "Commands:\n",
	      to);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(to, "  %-8s%s\n", commands[i].name, commands[i].what);
	fputs("\n`zclnd COMMAND --help` tells the options of a command.\n", to);
}

static int version(void)
{
	printf("%s\n", PACKAGE_STRING);
	return ZCLI_OK;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		usage(stderr);
		return ZCLI_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		usage(stdout);
		return ZCLI_OK;
	}
	if (!strcmp(name, "--version"))
		return version();
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		char *program;

		if (strcmp(name, commands[i].name))
			continue;
		program = g_strconcat("zclnd ", name, NULL);
		g_set_prgname(program);
		g_free(program);
		return commands[i].run(argc - 1, argv + 1);
	}
	zcli_complain("no command '%s' (see zclnd --help)", name);
	return ZCLI_USAGE;
}
