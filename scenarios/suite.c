/* SPDX-License-Identifier: MIT */
#include "scenarios/suite.h"

#include <stdlib.h>
#include <string.h>

#include "scenarios/crew.h"

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

/* The results of a script: the cases in their order, each followed by its vary lines. */
static void add_runs(const struct zrace_suite *suite, const struct zrace_script *script,
		     GArray *runs)
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
		g_array_append_val(runs, run);
		for (guint v = 0; v < script->varies->len; v++) {
			if (!(vary_at(script, v)->cases >> i & 1))
				continue;
			run.vary = (int)v;
			g_array_append_val(runs, run);
		}
	}
}

GArray *zrace_suite_runs(const struct zrace_suite *suite, const GPtrArray *scripts)
{
	GArray *runs = g_array_new(FALSE, FALSE, sizeof(struct zrace_run));

	for (guint i = 0; i < scripts->len; i++)
		add_runs(suite, g_ptr_array_index(scripts, i), runs);
	return runs;
}

size_t zrace_suite_count_cases(const struct zrace_suite *suite, const struct zrace_script *script)
{
	size_t total = 0;

	for (size_t i = 0; i < script->ncases; i++)
		total += chosen(suite, script, i);
	return total;
}

struct running {
	const struct zrace_suite *suite;
	struct zrace_report *report;
	struct zrace_outcome outcome; /* of the last run */
};

/* Runs once, in place of the outcome before it. True: go on. */
static bool run_once(struct running *running, const struct zrace_run *run)
{
	if (running->outcome.log)
		zrace_outcome_clear(&running->outcome);
	zrace_run_case(running->suite->backend, run, &running->outcome);
	zrace_report_trace(running->report, run, &running->outcome);
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
	const int64_t last = (vary->to - vary->from) / vary->step;
	int64_t stride = 1;
	size_t runs = 0;

	for (int64_t step = 0; step <= last; step += stride) {
		run->shift = vary->from + step * vary->step;
		runs++;
		if (!run_once(running, run))
			break;
		/* Each lost packet is another case, and most that are lost cost no time. */
		if (!running->outcome.strict && !vary->lose && last > REAL_STEPS - 1)
			stride = (last + REAL_STEPS - 2) / (REAL_STEPS - 1);
	}
	return runs;
}

static void run_result(const struct zrace_suite *suite, const struct zrace_run *which,
		       struct zrace_report *report)
{
	struct running running = {.suite = suite, .report = report};
	struct zrace_run run = *which;
	struct zrace_result result = {&run, &running.outcome, 0};

	if (run.vary == ZRACE_BASE_RUN)
		result.runs = run_seeds(&running, &run);
	else
		result.runs = run_steps(&running, &run);
	zrace_report_result(report, &result);
	zrace_outcome_clear(&running.outcome);
}

/* ---- several at a time ---- */

struct shared {
	const struct zrace_suite *suite;
	const GArray *runs;
	struct zrace_report *report;
};

static const struct zrace_run *run_at(const GArray *runs, size_t index)
{
	return &((const struct zrace_run *)(const void *)runs->data)[index];
}

static void take_stream(FILE *stream, char **text, size_t *len, GString *to)
{
	fclose(stream);
	g_string_append_len(to, *text, (gssize)*len);
	free(*text);
}

static unsigned work(void *user, size_t job, GString *text, GString *trace)
{
	const struct shared *shared = user;
	struct zrace_report report = *shared->report;
	char *texts[2] = {NULL, NULL};
	size_t lens[2] = {0, 0};

	report.number = job;
	report.passed = report.failed = report.skipped = report.errors = 0;
	report.out = open_memstream(&texts[0], &lens[0]);
	if (report.trace)
		report.trace = open_memstream(&texts[1], &lens[1]);
	run_result(shared->suite, run_at(shared->runs, job), &report);
	take_stream(report.out, &texts[0], &lens[0], text);
	if (report.trace)
		take_stream(report.trace, &texts[1], &lens[1], trace);
	return zrace_report_sum(&report);
}

static void done(void *user, size_t job, unsigned sum, const GString *text, const GString *trace,
		 const char *died)
{
	const struct shared *shared = user;
	struct zrace_outcome outcome = {.verdict = ZRACE_ERROR, .why = (char *)died};
	const struct zrace_result result = {run_at(shared->runs, job), &outcome, 1};

	if (died == NULL) {
		zrace_report_add(shared->report, sum, text, trace);
		return;
	}
	outcome.log = zrace_log_new();
	outcome.matched = g_array_new(FALSE, FALSE, sizeof(guint));
	zrace_report_result(shared->report, &result);
	g_array_unref(outcome.log);
	g_array_unref(outcome.matched);
}

bool zrace_suite_run(const struct zrace_suite *suite, const GArray *runs,
		     struct zrace_report *report)
{
	struct shared shared = {suite, runs, report};
	const struct zrace_crew crew = {.njobs = runs->len,
					.workers = suite->jobs,
					.work = work,
					.done = done,
					.user = &shared};

	if (suite->jobs > 1)
		return zrace_crew_run(&crew);
	for (guint i = 0; i < runs->len; i++)
		run_result(suite, run_at(runs, i), report);
	return true;
}
