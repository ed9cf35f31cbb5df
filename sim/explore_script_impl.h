/* SPDX-License-Identifier: MIT */
#ifndef ZX_SCRIPT_IMPL_H
#define ZX_SCRIPT_IMPL_H

#include "sim/explore_script.h"

/* Between explore_script.c (what is forced) and explore_expect.c (what should come of it). */

struct zx_writing {
	const struct zx_model *model;
	const struct zx_violation *violation;
	struct zx_blame blame;
	GString *text;
	struct zx_world *world;
	size_t length; /* of what is forced */
	bool disturbed;
	int64_t delay; /* until the next step, ns */
	int64_t delays;
	const char *why;
};

static inline const char *zx_writing_name(const struct zx_writing *w, unsigned node)
{
	return w->model->script->peers[node].name;
}

/* The last lines: what the property that was violated asks for. */
void zx_script_expect(struct zx_writing *w);

#endif
