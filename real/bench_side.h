/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_BENCH_SIDE_H
#define ZREAL_BENCH_SIDE_H

#include "real/bench_report.h"
#include "real/cli.h"
#include "real/sink.h"

/* One process of a bench: a node with a sink, and perhaps a run of PUTs. */
struct zbench_party {
	struct zloop *loop;
	struct zreal_node *node;
	struct zbench *bench; /* NULL: takes only */
	struct zsink sink;
	bool finished;
	struct zbench_side side;
};

/* With a sink for what the plan's other side puts. False: told on standard error. */
bool zbench_party_open(struct zbench_party *party, struct zreal_options *options,
		       const struct zbench_plan *plan);
/* Prepares a run; finished is set, and the loop stopped, at its end. */
void zbench_party_plan(struct zbench_party *party, const struct zbench_plan *plan);
/* Fills in `side`. */
void zbench_party_take(struct zbench_party *party);
/* Closes in order and frees everything. */
void zbench_party_close(struct zbench_party *party);

/*
 * The peer of `bench --self`: a second process, on an address of its own, that takes PUTs and,
 * when `puts` is set, sends as many. Both processes learn each other's port over a pipe.
 */
struct zbench_child;

/* options, plan: of this side; the child's are derived from them. NULL: told on standard error. */
struct zbench_child *zbench_child_start(const struct zreal_options *options,
					const struct zbench_plan *plan, bool puts,
					struct sockaddr_in *listens);
/* Tells it where we listen; it starts putting at once when it is to. */
bool zbench_child_go(struct zbench_child *child, const struct sockaddr_in *here);
/* Readable when the child has finished its own PUTs. */
int zbench_child_fd(const struct zbench_child *child);
/* Ends it and takes its figures; frees child. False: it failed, told. */
bool zbench_child_end(struct zbench_child *child, struct zbench_side *side);

#endif
