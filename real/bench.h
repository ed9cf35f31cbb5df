/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_BENCH_H
#define ZREAL_BENCH_H

#include "real/net.h"

/*
 * A run of PUTs to a peer's sink, `window` of them under way at any time: connects first (a ping,
 * then until the connection set is complete), then measures from the first submission to the last
 * final event.
 */
struct zbench_plan {
	zcl_nid target;
	uint32_t portal;
	size_t size;	  /* 1 .. LNET_MTU bytes each */
	uint64_t count;	  /* PUTs; 0: as many as `duration` gives time for */
	int64_t duration; /* real ns */
	unsigned window;  /* 1 .. 4096 */
	bool lnet_acks;	  /* ask for an LNet ACK of each PUT, else of the last only */
	bool verify;	  /* content is a pattern, overwritten the instant that it is released */
};

struct zbench_result {
	uint64_t submitted, completed, failed;
	uint64_t bytes;	    /* of completed PUTs */
	int64_t elapsed;    /* real ns */
	int64_t cpu;	    /* ns of this process meanwhile, user and system */
	enum zcl_err error; /* the first failure */
};

struct zbench;

/* Bytes that the target's sink needs for this. */
size_t zbench_sink_size(const struct zbench_plan *plan);
/* done(data) is called from the loop, once. `node` delivers its events to zbench_event. */
struct zbench *zbench_new(struct zloop *loop, struct zreal_node *node,
			  const struct zbench_plan *plan, void (*done)(void *data), void *data);
void zbench_start(struct zbench *bench);
/* From inside deliver: true when the event was the bench's. */
bool zbench_event(struct zbench *bench, const struct zcl_lnet_event *event);
const struct zbench_result *zbench_result(const struct zbench *bench);
/* After done, or when the node is shut down: no event comes any more. */
void zbench_free(struct zbench *bench);

#endif
