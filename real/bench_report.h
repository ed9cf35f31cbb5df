/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_BENCH_REPORT_H
#define ZREAL_BENCH_REPORT_H

#include "real/bench.h"
#include "real/figures.h"

/* What one side of a bench tells: sent from the forked peer as it is. */
struct zbench_side {
	struct zfigures figures;
	bool ran; /* it was putting itself */
	struct zbench_result result;
	bool verified;
	uint64_t puts, corrupt, first_corrupt;
};

struct zbench_report {
	const struct zbench_plan *plan;
	size_t peers;
	unsigned threads;
	const char *way, *version; /* as asked for */
	bool both;
	const struct zbench_side *here;
	const struct zbench_side *there; /* NULL: the peer is not ours to ask */
};

void zbench_print(const struct zbench_report *report);
void zbench_print_json(const struct zbench_report *report);

#endif
