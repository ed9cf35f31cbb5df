/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <signal.h>

#include "trace/trace.h"

/* The trace command by itself, for tests. */
int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN); /* as in the programs that hold this command */
	return ztrace_main(argc, argv);
}
