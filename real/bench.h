/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_BENCH_H
#define ZREAL_BENCH_H

#include "real/zclnd.h"

/*
 * Runs of PUTs to the sinks of one or more peers, `window` of them under way to each at any time.
 * Each peer is a lane, all of which is done on that peer's loop; one thread (the "master" below)
 * makes them, connects them, lets them go and waits.
 */
struct zbench_plan {
	uint32_t portal;
	size_t size;	  /* 1 .. ZCLND_MTU bytes each */
	uint64_t count;	  /* PUTs to each peer; 0: as many as `duration` gives time for */
	int64_t duration; /* ns */
	unsigned window;  /* 1 .. 4096 */
	bool lnet_acks;	  /* ask for an LNet ACK of each PUT, else of the last only */
	bool verify;	  /* content is a pattern, overwritten the instant that it is released */
	bool typed;	  /* how many connections a peer has when it is complete */
};

/* Of all lanes together. */
struct zbench_result {
	uint64_t submitted, completed, failed;
	uint64_t bytes;	      /* of completed PUTs */
	int64_t elapsed;      /* ns, from the first submission to the last final event */
	int64_t cpu;	      /* ns of this process meanwhile, user and system */
	enum zclnd_err error; /* the first failure */
};

struct zbench;

/* Bytes that a target's sink needs for this. */
size_t zbench_sink_size(const struct zbench_plan *plan);
struct zbench *zbench_new(const struct zbench_plan *plan);
/* Before zbench_connect. The NI's events go to zbench_event. False: no memory, told. */
bool zbench_add(struct zbench *bench, struct zclnd_ni *ni, zclnd_nid target);
/* Calls all peers; zbench_fd is readable when each has answered or failed. */
void zbench_connect(struct zbench *bench);
/* Whether each peer's connection set is there, or a peer has failed. */
bool zbench_is_connected(struct zbench *bench);
/* Starts measuring; zbench_fd is readable when all is over. */
void zbench_go(struct zbench *bench);
/* Readable when a stage is over. */
int zbench_fd(const struct zbench *bench);
/* The stage that zbench_fd told of is noted. */
void zbench_clear_fd(const struct zbench *bench);

/* From a loop's thread: true when the event was the bench's. */
bool zbench_event(const struct zclnd_event *event);
/* When all is over, or the instances are stopped. */
struct zbench_result zbench_result(const struct zbench *bench);
/* After the instances are freed. */
void zbench_free(struct zbench *bench);

#endif
