/* SPDX-License-Identifier: MIT */
#ifndef ZX_SHARE_H
#define ZX_SHARE_H

#include "sim/explore_seen.h"
#include "sim/explore_walker.h"

/* A share of the work: some neighbouring states, and all that may happen in each. */

struct zx_violation {
	enum zx_property property; /* ZX_PROPERTIES: none */
	char why[160];
	zx_choice path[ZX_MAX_DEPTH + 1];
	size_t length;
};

/* A state behind one of them that was not known before. */
struct zx_found {
	struct zcl_digest digest;
	uint32_t parent;
	zx_choice choice;
};

struct zx_share {
	size_t first, last; /* the states: first .. last - 1 */
	/* What came of it, in the order of the states and of their choices. */
	GArray *found; /* of struct zx_found */
	size_t transitions, ends;
	bool too_deep; /* something would have come after the greatest depth */
	struct zx_violation violation;
};

void zx_share_init(struct zx_share *share);
void zx_share_clear(struct zx_share *share);
/*
 * Tries everything in the states first .. last - 1, up to the first violation. seen is only looked
 * into: others may do so at the same time.
 */
void zx_share_work(struct zx_share *share, const struct zx_seen *seen, struct zx_walker *walker,
		   size_t depth);

#endif
