/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_SUITE_H
#define ZRACE_SUITE_H

#include "scenarios/report.h"

/* All cases of a script, each with its seeds and its vary lines. */
struct zrace_suite {
	const struct zrace_backend *backend;
	const char *only_case; /* NULL: all */
	const char *pcap_dir;  /* NULL: none; each case gets a directory in it */
	uint64_t seed;	       /* the first */
	double time_scale;
	uint32_t faults;
	unsigned jobs; /* results that are worked at, each in a process; up to 1: here */
};

/* All results of the scripts, in their order: an array of struct zrace_run. The caller frees it. */
GArray *zrace_suite_runs(const struct zrace_suite *suite, const GPtrArray *scripts);
/* How many of them are cases: the others are their vary lines. */
size_t zrace_suite_count_cases(const struct zrace_suite *suite, const struct zrace_script *script);
/* Runs each and reports it, in this order. False with errno: there are no processes for `jobs`. */
bool zrace_suite_run(const struct zrace_suite *suite, const GArray *runs,
		     struct zrace_report *report);

#endif
