/* SPDX-License-Identifier: MIT */
#ifndef ZX_SEARCH_H
#define ZX_SEARCH_H

#include "sim/explore_share.h"

/*
 * Breadth first over all states of a model: the first violation that is found is one with the
 * fewest choices. Any number of threads finds the same states in the same order.
 */

#define ZX_MAX_THREADS 64u

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
	double busiest;	     /* seconds of processor time of the thread that took most */
	const char *bounded; /* "depth", "states", "memory", "time"; NULL: exhausted */
	struct zx_violation violation;
};

/* Told about once a second, by the thread that searches. */
struct zx_progress {
	void (*tell)(void *user, const struct zx_result *sofar);
	void *user;
};

/* threads: 1 .. ZX_MAX_THREADS; progress may be NULL. */
void zx_search(const struct zx_model *model, const struct zx_bounds *bounds, size_t threads,
	       const struct zx_progress *progress, struct zx_result *result);
/* For a handler of assertions: what this very thread is doing; NULL: no search is under way. */
const struct zx_walker *zx_search_under_way(void);

#endif
