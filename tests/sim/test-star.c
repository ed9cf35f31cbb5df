/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "sim/star.h"

#define US INT64_C(1000)

static struct zstar_end ends[3];

static void init(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		zstar_init(&ends[i]);
}

static bool set(int a, int b, int64_t latency, uint64_t bandwidth, double loss)
{
	const struct zworld_link link = {.latency = latency, .bandwidth = bandwidth, .loss = loss};
	const char *why = NULL;
	const bool good = zstar_link(&ends[a], &ends[b], &link, &why);

	g_assert_true(good == (why == NULL));
	return good;
}

static int64_t latency(int a, int b)
{
	return ends[a].link.latency_ns + ends[b].link.latency_ns;
}

static double loss(int a, int b)
{
	return 1 - (1 - ends[a].link.loss) * (1 - ends[b].link.loss);
}

/* Jitter is made of both ends as latency is; a queue is the same for both. */
static void test_jitter_and_queue(void)
{
	const struct zworld_link first = {.latency = 10, .jitter = 7, .queue = 5};
	struct zworld_link second = {.latency = 20, .jitter = 9, .queue = 5};
	const char *why = NULL;

	init();
	g_assert_true(zstar_link(&ends[0], &ends[1], &first, &why));
	g_assert_cmpint(ends[0].link.jitter_ns, ==, 3);
	g_assert_cmpint(ends[1].link.jitter_ns, ==, 4);
	g_assert_cmpuint(ends[1].link.queue_packets, ==, 5);
	g_assert_true(zstar_link(&ends[1], &ends[2], &second, &why));
	g_assert_cmpint(ends[2].link.jitter_ns, ==, 5);
	g_assert_null(why);
	second.jitter = 12;
	g_assert_false(zstar_link(&ends[1], &ends[2], &second, &why));
	g_assert_nonnull(strstr(why, "jitter"));
	second.jitter = 9;
	second.queue = 6;
	g_assert_false(zstar_link(&ends[1], &ends[2], &second, &why));
	g_assert_nonnull(strstr(why, "queue"));
	second.jitter = -1;
	g_assert_false(zstar_link(&ends[1], &ends[2], &second, &why));
}

static void test_default(void)
{
	init();
	g_assert_cmpint(latency(0, 1), ==, 1000 * US);
	g_assert_cmpuint(ends[0].link.bandwidth_bps, ==, UINT64_C(10000000000));
	g_assert_true(ends[0].link.loss == 0);
}

static void test_halves(void)
{
	init();
	g_assert_true(set(0, 1, 3001, 5, 0.19));
	g_assert_cmpint(latency(0, 1), ==, 3001);
	g_assert_cmpint(ends[0].link.latency_ns, ==, 1500);
	g_assert_true(fabs(ends[0].link.loss - 0.1) < 1e-12);
	g_assert_cmpuint(ends[1].link.bandwidth_bps, ==, 5);
	/* Bandwidth 0 is the default. */
	init();
	g_assert_true(set(0, 1, 0, 0, 1));
	g_assert_cmpuint(ends[1].link.bandwidth_bps, ==, ZSTAR_BANDWIDTH);
	g_assert_true(loss(0, 1) == 1);
}

static void test_third(void)
{
	init();
	g_assert_true(set(0, 1, 10 * US, 100, 0));
	g_assert_true(set(2, 0, 30 * US, 10, 0.5));
	g_assert_cmpint(latency(0, 1), ==, 10 * US);
	g_assert_cmpint(latency(0, 2), ==, 30 * US);
	g_assert_true(fabs(loss(0, 2) - 0.5) < 1e-12);
	g_assert_true(loss(0, 1) == 0);
	/* What follows from the two may be said, and the first again. */
	g_assert_true(set(1, 2, 30 * US, 10, 0.5));
	g_assert_true(set(0, 1, 10 * US, 100, 0));
}

static void test_contradictions(void)
{
	struct zstar_end before[3];

	init();
	g_assert_true(set(0, 1, 10 * US, 100, 0.1));
	memcpy(before, ends, sizeof(ends));
	g_assert_false(set(0, 1, 11 * US, 100, 0.1));
	g_assert_false(set(0, 1, 10 * US, 99, 0.1));
	g_assert_false(set(0, 1, 10 * US, 100, 0.2));
	/* One half alone is already more than the path may have. */
	g_assert_false(set(0, 2, 4 * US, 100, 0.1));
	g_assert_false(set(0, 2, 10 * US, 100, 0.01));
	g_assert_false(set(0, 2, 10 * US, 101, 0.1));
	g_assert_false(set(0, 2, -1, 100, 0.1));
	g_assert_false(set(0, 2, 10 * US, 100, 1.5));
	g_assert_false(set(0, 2, 10 * US, 100, (double)NAN));
	g_assert_cmpmem(before, sizeof(before), ends, sizeof(ends));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/star/default", test_default);
	g_test_add_func("/star/jitter-and-queue", test_jitter_and_queue);
	g_test_add_func("/star/halves", test_halves);
	g_test_add_func("/star/third", test_third);
	g_test_add_func("/star/contradictions", test_contradictions);
	return g_test_run();
}
