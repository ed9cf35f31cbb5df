/* SPDX-License-Identifier: MIT */
#ifndef ZX_SEARCH_H
#define ZX_SEARCH_H

#include "sim/explore_seen.h"

/*
 * Breadth first over all states of a model: the first violation that is found is one with the
 * fewest choices. Nodes cannot be copied, so a state is reached again by taking its choices from
 * the start.
 */

#define ZX_MAX_DEPTH 4096u

struct zx_bounds {
	size_t depth;	/* choices on a path, at most ZX_MAX_DEPTH */
	size_t states;	/* 0: no bound */
	size_t memory;	/* bytes */
	double seconds; /* 0: no bound */
};

struct zx_result {
	size_t states, transitions, ends;
	size_t depth; /* of the deepest state */
	size_t memory;
	double seconds;
	const char *bounded;	   /* "depth", "states", "memory", "time"; NULL: exhausted */
	enum zx_property violated; /* ZX_PROPERTIES: none */
	char why[160];
	zx_choice path[ZX_MAX_DEPTH + 1]; /* to the violation */
	size_t length;
};

/* What is told from time to time; also what an assertion handler looks at. */
struct zx_progress {
	const zx_choice *path; /* being taken */
	size_t length;
	void (*tell)(void *user, const struct zx_result *sofar); /* about once a second; or NULL */
	void *user;
};

/* progress may be NULL. */
void zx_search(const struct zx_model *model, const struct zx_bounds *bounds,
	       struct zx_progress *progress, struct zx_result *result);

#endif
