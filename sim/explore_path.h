/* SPDX-License-Identifier: MIT */
#ifndef ZX_PATH_H
#define ZX_PATH_H

#include "sim/explore_share.h"

/* A path to a violation, made easy to read and to repeat. */

/*
 * Lets TCP connect as soon as it is asked to, also where the path did without, if that comes to the
 * same violation. (Nothing else can be left out: no path is shorter.)
 */
void zx_path_order(const struct zx_model *model, struct zx_violation *violation);
/*
 * How many of the first choices must be forced: behind them it comes to the violation in whatever
 * order all else arrives (of some that are tried). *blame: of the violation that is met that way.
 */
size_t zx_path_forced(const struct zx_model *model, const struct zx_violation *violation,
		      struct zx_blame *blame);

#endif
