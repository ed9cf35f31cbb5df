/* SPDX-License-Identifier: MIT */
#include "real/world.h"
#include "scenarios/race.h"

/* `zclnd race`, with a core that can be broken on purpose. */
int main(int argc, char **argv)
{
	static const struct zrace_backend backend = {"zrace-real", zreal_world_new};

	return zrace_main(&backend, argc, argv);
}
