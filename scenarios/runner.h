/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_RUNNER_H
#define ZRACE_RUNNER_H

#include "scenarios/log.h"
#include "scenarios/race.h"

/* Runs one case of one script once, in a fresh world. */

enum zrace_verdict {
	ZRACE_PASS,
	ZRACE_FAIL,
	ZRACE_SKIP,  /* this world cannot do what the script asks for */
	ZRACE_ERROR, /* no world, or the runner's own limits */
};

struct zrace_run {
	const struct zrace_script *script;
	size_t case_index;
	int vary;      /* index of a vary line, or ZRACE_BASE_RUN */
	int64_t shift; /* ns, of the varied peer's `at` times; or the number of the lost packet */
	struct zworld_options options;
	uint32_t faults; /* ZCL_FAULT_*, for every peer */
};

struct zrace_outcome {
	enum zrace_verdict verdict;
	struct zrace_pos pos; /* of the line that was not met; line 0: none */
	char *why;	      /* NULL when passed; one line */
	GArray *log;	      /* of struct zrace_record */
	GArray *matched;      /* guint indices into log: what met the expects */
	char *state;	      /* "conns=1 version=v1 initiator=old", of each connected pair */
	bool strict;	      /* time was exact in that world */
};

/* The caller clears the outcome. */
void zrace_run_case(const struct zrace_backend *backend, const struct zrace_run *run,
		    struct zrace_outcome *outcome);
void zrace_outcome_clear(struct zrace_outcome *outcome);

#endif
