/* SPDX-License-Identifier: MIT */
#ifndef ZX_SEEN_H
#define ZX_SEEN_H

#include "core/digest.h"
#include "sim/explore_world.h"

/* The states that were reached, each with the way to it. */

#define ZX_ROOT 0u

struct zx_state {
	struct zcl_digest digest;
	uint32_t parent;
	zx_choice choice; /* that led here from there */
	uint16_t depth;
};

struct zx_seen {
	struct zx_state *states;
	size_t n, cap;
	uint32_t *table; /* open addressing: index + 1; 0: free */
	size_t mask;
	size_t limit; /* bytes */
};

enum zx_added { ZX_NEW, ZX_KNOWN, ZX_FULL };

/* limit: bytes that states and table may take together. */
void zx_seen_init(struct zx_seen *seen, size_t limit);
void zx_seen_clear(struct zx_seen *seen);
/* ZX_FULL: it is new and there is no memory for it. */
enum zx_added zx_seen_add(struct zx_seen *seen, const struct zcl_digest *digest, uint32_t parent,
			  zx_choice choice);
bool zx_seen_has(const struct zx_seen *seen, const struct zcl_digest *digest);
/* The choices from the start to a state; path: room for its depth. Their number. */
size_t zx_seen_path(const struct zx_seen *seen, size_t state, zx_choice *path);
size_t zx_seen_bytes(const struct zx_seen *seen);

#endif
