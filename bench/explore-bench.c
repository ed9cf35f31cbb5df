/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/parser.h"
#include "scenarios/runner.h"
#include "sim/explore_script.h"
#include "sim/explore_search.h"
#include "sim/world.h"

/*
 * How fast the explorer is: beside the same exploration in ns-3, and with more threads.
 *
 * ns-3 cannot copy its world, so there each transition is a run from the start that is forced
 * message by message up to it. Both are done again and again, by turns. What two threads gain is
 * told twice: by the wall clock, and by the processor time of the busier of them, which is what
 * counts when both cores are free.
 */

#define ROUNDS 3

static const char races[] = "race 1\n"
			    "peer x nid 10.0.0.9@tcp speaks v2\n"
			    "peer y nid 10.0.0.1@tcp speaks v1\n"
			    "at 0 x connect y\n"
			    "at 0 y connect x\n";
static const char bulk[] = "race 1\n"
			   "peer x nid 10.0.0.9@tcp conns typed\n"
			   "peer y nid 10.0.0.1@tcp conns typed\n"
			   "at 0 x connect y\n"
			   "at 0 y connect x\n"
			   "at 0 x put y 64KiB\n"
			   "at 0 y put x 64KiB\n";

static struct zrace_script *parse(const char *text)
{
	struct zrace_errors errors;
	struct zrace_script *script;

	zrace_errors_init(&errors);
	script = zrace_parse_text("bench", text, strlen(text), &errors);
	if (script == NULL) {
		fputs(errors.text->str, stderr);
		exit(1);
	}
	zrace_errors_clear(&errors);
	return script;
}

static struct zx_model *model_of(const struct zrace_script *script)
{
	struct zx_model *model = g_new0(struct zx_model, 1);
	const struct zx_options options = {0};
	const char *why = NULL;

	if (!zx_model_init(model, script, 0, &options, &why))
		exit(1);
	return model;
}

static double seconds(void)
{
	return (double)g_get_monotonic_time() / 1e6;
}

/* ---- beside ns-3 ---- */

/* Every transition of the model as a script that forces it. */
static GPtrArray *transitions(const struct zx_model *model)
{
	GPtrArray *scripts = g_ptr_array_new();
	struct zx_walker *walker = g_new(struct zx_walker, 1);
	struct zx_violation *path = g_new0(struct zx_violation, 1);
	struct zx_seen seen;
	struct zcl_digest digest;

	zx_seen_init(&seen, SIZE_MAX / 2);
	zx_walker_init(walker, model);
	zx_world_digest(walker->worlds[0], &digest);
	zx_seen_add(&seen, &digest, ZX_ROOT, 0);
	for (size_t state = 0; state < seen.n; state++) {
		zx_choice choices[ZX_MAX_CHOICES];
		bool over;
		size_t n;

		path->length = zx_seen_path(&seen, state, path->path);
		n = zx_world_choices(zx_walker_go(walker, path->path, path->length), choices,
				     &over);
		path->length++;
		for (size_t i = 0; i < n; i++) {
			GString *text = g_string_new(NULL);

			path->path[path->length - 1] = choices[i];
			zx_script_force(text, model, path->path, path->length);
			g_ptr_array_add(scripts, parse(text->str));
			g_string_free(text, TRUE);
			zx_world_digest(zx_walker_try(walker, choices[i]), &digest);
			zx_seen_add(&seen, &digest, (uint32_t)state, choices[i]);
		}
	}
	zx_walker_clear(walker);
	zx_seen_clear(&seen);
	g_free(walker);
	g_free(path);
	return scripts;
}

/* The seconds; *good: scripts that could be forced to their end. */
static double in_ns3(const GPtrArray *scripts, size_t *good)
{
	static const struct zrace_backend backend = {"bench", zsim_world_new};
	const double start = seconds();

	*good = 0;
	for (guint i = 0; i < scripts->len; i++) {
		const struct zrace_run run = {.script = scripts->pdata[i],
					      .vary = ZRACE_BASE_RUN,
					      .options = {.seed = 1, .time_scale = 1}};
		struct zrace_outcome outcome;

		zrace_run_case(&backend, &run, &outcome);
		*good += outcome.verdict == ZRACE_PASS;
		zrace_outcome_clear(&outcome);
	}
	return seconds() - start;
}

static void search(const struct zx_model *model, size_t threads, struct zx_result *result)
{
	const struct zx_bounds bounds = {.depth = 1000, .memory = SIZE_MAX / 4};

	zx_search(model, &bounds, threads, NULL, result);
	if (result->bounded || result->violation.property != ZX_PROPERTIES)
		exit(1);
}

static void beside_ns3(void)
{
	struct zrace_script *script = parse(races);
	struct zx_model *model = model_of(script);
	GPtrArray *scripts = transitions(model);
	struct zx_result *result = g_new(struct zx_result, 1);

	printf("C, untyped: %u transitions\n", scripts->len);
	for (int round = 0; round < ROUNDS; round++) {
		size_t good;
		const double ns3 = in_ns3(scripts, &good);

		search(model, 1, result);
		printf("  ns-3 %.3f s (%zu of them to the end), %.0f/s; in memory %.6f s, %.0f/s; "
		       "ratio %.0f\n",
		       ns3, good, scripts->len / ns3, result->seconds,
		       (double)result->transitions / result->seconds, ns3 / result->seconds);
	}
	g_ptr_array_set_free_func(scripts, (GDestroyNotify)zrace_script_free);
	g_ptr_array_unref(scripts);
	g_free(result);
	g_free(model);
	zrace_script_free(script);
}

/* ---- threads ---- */

static void with_threads(void)
{
	struct zrace_script *script = parse(bulk);
	struct zx_model *model = model_of(script);
	struct zx_result *one = g_new(struct zx_result, 1), *two = g_new(struct zx_result, 1);

	for (int round = 0; round < ROUNDS; round++) {
		search(model, 1, one);
		search(model, 2, two);
		if (round == 0)
			printf("typed, a bulk message each way: %zu states, %zu transitions\n",
			       one->states, one->transitions);
		printf("  -j 1 %.3f s (%.3f s of processor), %.0f transitions/s of processor; "
		       "-j 2 %.3f s (%.3f s): %.2f x, by processor time %.2f x\n",
		       one->seconds, one->busiest, (double)one->transitions / one->busiest,
		       two->seconds, two->busiest, one->seconds / two->seconds,
		       one->busiest / two->busiest);
	}
	g_free(one);
	g_free(two);
	g_free(model);
	zrace_script_free(script);
}

int main(void)
{
	with_threads();
	beside_ns3();
	return 0;
}
