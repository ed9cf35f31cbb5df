/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/scenarios/memworld.h"

/* `race` on the world in memory: what zclnd and zclnd-sim do on theirs. --loose comes first. */
int main(int argc, char **argv)
{
	static const struct zrace_backend strict = {"zrace-mem", memworld_new};
	static const struct zrace_backend loose = {"zrace-mem", memworld_new_loose};

	if (argc > 1 && strcmp(argv[1], "--loose") == 0)
		return zrace_main(&loose, argc - 1, argv + 1);
	return zrace_main(&strict, argc, argv);
}
