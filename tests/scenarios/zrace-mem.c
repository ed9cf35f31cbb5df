/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld.h"

/* `race` on the world in memory: what zclnd and zclnd-sim do on theirs. */
int main(int argc, char **argv)
{
	static const struct zrace_backend backend = {"zrace-mem", memworld_new};

	return zrace_main(&backend, argc, argv);
}
