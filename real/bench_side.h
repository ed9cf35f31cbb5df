/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_BENCH_SIDE_H
#define ZREAL_BENCH_SIDE_H

#include <stdatomic.h>

#include "real/bench.h"
#include "real/bench_report.h"
#include "real/cli.h"

#define ZBENCH_MAX_PEERS 64

/* NIDs and where they listen. */
struct zbench_ends {
	size_t n;
	zclnd_nid nid[ZBENCH_MAX_PEERS];
	struct sockaddr_in address[ZBENCH_MAX_PEERS];
};

/* One process of a bench: NIs with sinks, and perhaps a run of PUTs. */
struct zbench_party {
	struct zclnd *z;
	struct zclnd_ni *nis[ZBENCH_MAX_PEERS];
	size_t n;
	struct zbench *bench; /* NULL: takes only */
	bool verify;
	uint8_t *sinks[ZBENCH_MAX_PEERS]; /* zpages_new */
	size_t sink_size;		  /* bytes of each */
	/* From all loops. */
	atomic_ullong puts, corrupt, first_corrupt;
	struct zbench_side side;
};

/*
 * Opens an NI for each of `ends` (whose address becomes where it listens), options else as given,
 * with a sink for what the plan's other side puts. False: told on standard error.
 */
bool zbench_party_open(struct zbench_party *party, const struct zclnd_options *process,
		       const struct zclnd_ni_options *options, const struct zbench_plan *plan,
		       struct zbench_ends *ends);
/* Prepares a run from each NI to each of `peers`. False: told. */
bool zbench_party_plan(struct zbench_party *party, const struct zbench_plan *plan,
		       const struct zbench_ends *peers);
/* Where each of `peers` listens. */
void zbench_party_meet(struct zbench_party *party, const struct zbench_ends *peers);
/* Fills in `side`. */
void zbench_party_take(struct zbench_party *party);
/* Closes in order and frees everything. */
void zbench_party_close(struct zbench_party *party);

/*
 * The peers of `bench --self`: a second process, on addresses of its own, that takes PUTs and,
 * when `puts` is set, sends as many. Both processes learn each other's ports over a pipe.
 */
struct zbench_child;

/*
 * theirs: the NIDs that it is to have; becomes where they listen. mine: this side's NID. To be
 * called before this process has threads. NULL: told on standard error.
 */
struct zbench_child *zbench_child_start(const struct zclnd_options *process,
					const struct zclnd_ni_options *options,
					const struct zbench_plan *plan, bool puts,
					struct zbench_ends *theirs);
/* Tells it where we listen; it starts putting at once when it is to. */
bool zbench_child_go(struct zbench_child *child, const struct zbench_ends *mine);
/* Readable when the child has finished its own PUTs. */
int zbench_child_fd(const struct zbench_child *child);
/* Ends it and takes its figures; frees child. False: it failed, told. */
bool zbench_child_end(struct zbench_child *child, struct zbench_side *side);

/*
 * The run of a party: connects, lets go, waits; also for other (-1: none) to become readable.
 * False: a signal came, or other was closed without a word.
 */
bool zbench_party_run(struct zbench_party *party, int signals, int other);

#endif
