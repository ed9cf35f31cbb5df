/* SPDX-License-Identifier: MIT */
#include "sim/cli.h"

#include <stdio.h>
#include <string.h>

int zsim_usage(const char *program, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry '%s --help'.\n", program);
	return ZSIM_EXIT_USAGE;
}

bool zsim_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "-?") == 0)
			return true;
	return false;
}

void zsim_print_help(GOptionContext *context, const char *usage)
{
	char *help = g_option_context_get_help(context, TRUE, NULL);
	/* GOption's own usage takes two lines. */
	const char *rest = strchr(help, '\n');

	rest = rest ? strchr(rest + 1, '\n') : NULL;
	printf("Usage:\n  %s\n%s", usage, rest ? rest + 1 : help);
	g_free(help);
}
