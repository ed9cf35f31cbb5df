/* SPDX-License-Identifier: MIT */
#include "sim/explore.h"

/* `explore` alone, without ns-3, with a core that can be broken on purpose. */
int main(int argc, char **argv)
{
	return zx_main("zexplore-faulty", argc, argv);
}
