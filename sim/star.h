/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_STAR_H
#define ZSIM_STAR_H

#include "scenarios/world.h"
#include "sim/shim.h"

/*
 * Links between two peers, as scripts have them, on a star, where each host has one link to the
 * router and the path between two hosts is made of both.
 */

#define ZSTAR_LATENCY	INT64_C(1000000)      /* ns of a path, one way, when nothing is said */
#define ZSTAR_BANDWIDTH UINT64_C(10000000000) /* bits/s */

/* A host's link. `fixed`: a script's link said what it is; else it still can become anything. */
struct zstar_end {
	struct zsim_link link;
	bool fixed;
};

/* Half of a default path: latency ZSTAR_LATENCY / 2, bandwidth ZSTAR_BANDWIDTH, no loss. */
void zstar_init(struct zstar_end *end);

/*
 * Makes the path between a and b as `path` says. Each end gets half of latency and loss; when one
 * is fixed already, the other gets the rest. False when that cannot be, with *why (static): both
 * are fixed and do not add up, one alone is too much, or a value is out of range. Nothing has
 * changed then.
 */
bool zstar_link(struct zstar_end *a, struct zstar_end *b, const struct zworld_link *path,
		const char **why);

#endif
