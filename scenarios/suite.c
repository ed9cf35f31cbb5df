/* SPDX-License-Identifier: MIT */
#include "scenarios/suite.h"

#include <string.h>

/* Where time is real, a vary line is thinned to this many steps. */
#define REAL_STEPS 5

static bool chosen(const struct zrace_suite *suite, const struct zrace_script *script,
		   size_t case_index)
{
	const char *name = script->cases[case_index].name;

	return suite->only_case == NULL || (name && strcmp(name, suite->only_case) == 0);
}

static const struct zrace_vary *vary_at(const struct zrace_script *script, guint index)
{
	return &g_array_index(script->varies, struct zrace_vary, index);
}

/* Calls fn for each result: the cases in their order, each followed by its vary lines. */
static void foreach_result(const struct zrace_suite *suite, const struct zrace_script *script,
			   void (*fn)(struct zrace_run *run, void *user), void *user)
{
	for (size_t i = 0; i < script->ncases; i++) {
		struct zrace_run run = {
			.script = script,
			.case_index = i,
			.vary = ZRACE_BASE_RUN,
			.options = {.seed = suite->seed, .time_scale = suite->time_scale},
			.faults = suite->faults};

		if (!chosen(suite, script, i))
			continue;
		fn(&run, user);
		for (guint v = 0; v < script->varies->len; v++) {
			if (!(vary_at(script, v)->cases >> i & 1))
				continue;
			run.vary = (int)v;
			fn(&run, user);
		}
	}
}

static void count_result(struct zrace_run *run, void *user)
{
	size_t *total = user;

	(void)run;
	(*total)++;
}

size_t zrace_suite_count(const struct zrace_suite *suite, const struct zrace_script *script)
{
	size_t total = 0;

	foreach_result(suite, script, count_result, &total);
	return total;
}

size_t zrace_suite_count_cases(const struct zrace_suite *suite, const struct zrace_script *script)
{
	size_t total = 0;

	for (size_t i = 0; i < script->ncases; i++)
		total += chosen(suite, script, i);
	return total;
}

static void list_result(struct zrace_run *run, void *user)
{
	GString *text = g_string_new(NULL);

	zrace_result_name(text, run);
	fprintf(user, "%s\n", text->str);
	g_string_free(text, TRUE);
}

void zrace_suite_list(const struct zrace_suite *suite, const struct zrace_script *script, FILE *out)
{
	foreach_result(suite, script, list_result, out);
}

struct running {
	const struct zrace_suite *suite;
	struct zrace_report *report;
	struct zrace_outcome outcome; /* of the last run */
	bool strict;
};

/* Runs once, in place of the outcome before it. True: go on. */
static bool run_once(struct running *running, const struct zrace_run *run)
{
	if (running->outcome.log)
		zrace_outcome_clear(&running->outcome);
	zrace_run_case(running->suite->backend, run, &running->outcome);
	zrace_report_trace(running->report, run, &running->outcome);
	running->strict = running->outcome.strict;
	return running->outcome.verdict == ZRACE_PASS;
}

static char *pcap_dir_of(const struct zrace_suite *suite, const struct zrace_run *run)
{
	char *base, *dir;

	if (suite->pcap_dir == NULL)
		return NULL;
	base = zrace_result_file(run);
	dir = g_strdup_printf("%s/%s", suite->pcap_dir, base);
	g_free(base);
	if (g_mkdir_with_parents(dir, 0777) == 0)
		return dir;
	fprintf(stderr, "%s: cannot make this directory, no captures\n", dir);
	g_free(dir);
	return NULL;
}

static size_t run_seeds(struct running *running, struct zrace_run *run)
{
	char *pcap = pcap_dir_of(running->suite, run);
	size_t runs = 0;

	run->options.pcap_dir = pcap;
	while (runs < run->script->seeds) {
		run->options.seed = running->suite->seed + runs++;
		if (!run_once(running, run))
			break;
		run->options.pcap_dir = NULL; /* of the first seed only */
	}
	run->options.pcap_dir = NULL;
	g_free(pcap);
	return runs;
}

static size_t run_steps(struct running *running, struct zrace_run *run)
{
	const struct zrace_vary *vary = vary_at(run->script, (guint)run->vary);
	int64_t last = (vary->to - vary->from) / vary->step;
	int64_t stride = 1;
	size_t runs = 0;

	/* Each lost packet is another case, and most that are lost cost no time. */
	if (!running->strict && !vary->lose && last > REAL_STEPS - 1)
		stride = (last + REAL_STEPS - 2) / (REAL_STEPS - 1);
	for (int64_t step = 0; step <= last; step += stride) {
		run->shift = vary->from + step * vary->step;
		runs++;
		if (!run_once(running, run))
			break;
	}
	return runs;
}

static void run_result(struct zrace_run *run, void *user)
{
	struct running *running = user;
	struct zrace_result result = {run, &running->outcome, 0};

	if (run->vary == ZRACE_BASE_RUN)
		result.runs = run_seeds(running, run);
	else
		result.runs = run_steps(running, run);
	zrace_report_result(running->report, &result);
}

void zrace_suite_run(const struct zrace_suite *suite, const struct zrace_script *script,
		     struct zrace_report *report)
{
	struct running running = {.suite = suite, .report = report};

	foreach_result(suite, script, run_result, &running);
	if (running.outcome.log)
		zrace_outcome_clear(&running.outcome);
}
