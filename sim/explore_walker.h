/* SPDX-License-Identifier: MIT */
#ifndef ZX_WALKER_H
#define ZX_WALKER_H

#include "sim/explore_world.h"

/*
 * Leads worlds from state to state. What the world was after each choice of a path is kept, so that
 * of the next path only what both do not share is done anew.
 */

#define ZX_MAX_DEPTH 4096u

struct zx_walker {
	const struct zx_model *model;
	struct zx_world *worlds[ZX_MAX_DEPTH + 2]; /* after so many choices; NULL: not made yet */
	zx_choice path[ZX_MAX_DEPTH + 1];
	size_t length; /* choices that worlds are kept for */
	size_t taking; /* ... with those that are being taken: for a handler of assertions */
};

void zx_walker_init(struct zx_walker *walker, const struct zx_model *model);
void zx_walker_clear(struct zx_walker *walker);
/* The world after these choices, at most ZX_MAX_DEPTH; it stays until the next call. */
struct zx_world *zx_walker_go(struct zx_walker *walker, const zx_choice *path, size_t length);
/* The world after one choice more. The walker stays where zx_walker_go led it. */
struct zx_world *zx_walker_try(struct zx_walker *walker, zx_choice choice);

#endif
