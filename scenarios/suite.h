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
};

/* How many results zrace_suite_run will report. */
size_t zrace_suite_count(const struct zrace_suite *suite, const struct zrace_script *script);
/* How many of them are cases: the others are their vary lines. */
size_t zrace_suite_count_cases(const struct zrace_suite *suite, const struct zrace_script *script);
void zrace_suite_list(const struct zrace_suite *suite, const struct zrace_script *script,
		      FILE *out);
void zrace_suite_run(const struct zrace_suite *suite, const struct zrace_script *script,
		     struct zrace_report *report);

#endif
