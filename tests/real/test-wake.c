/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "real/loop.h"
#include "real/ring.h"

/*
 * Nothing that a thread leaves for a loop stays there while the loop sleeps (real/loop.c, "wake"):
 * each thread leaves one thing, by the ring or by a post, and waits until the loop has seen to it;
 * so the loop is about to sleep all the time. All that is left must be seen to: it ends by count.
 */

#define MOST_SUBMITTERS 6
#define SLOTS		8 /* as a submitter has one thing under way, never full */
#define SPINS		2000
#define LOST_AFTER	INT64_C(60000000000) /* ns: a wake-up was lost; fails instead of hanging */

struct wake {
	struct zloop *loop;
	struct zring *ring;
	unsigned rounds;
	unsigned seen, sleeps; /* the loop's */
	GRand *dice;
	atomic_uint submitters, running;
};

struct submitter {
	struct wake *wake;
	atomic_bool over;
};

/* Some instructions, so that things are left at every moment of the loop's way to sleep. */
static void dawdle(GRand *dice)
{
	atomic_uint left = (unsigned)g_rand_int_range(dice, 0, 200);

	while (atomic_load_explicit(&left, memory_order_relaxed) > 0)
		atomic_fetch_sub_explicit(&left, 1, memory_order_relaxed);
}

static bool waits(void *data)
{
	struct wake *wake = data;
	const bool any = zring_peek(wake->ring) != NULL;

	wake->sleeps += !any;
	return any;
}

static void see_to(struct submitter *submitter)
{
	submitter->wake->seen++;
	atomic_store(&submitter->over, true);
}

static bool run_source(void *data)
{
	struct wake *wake = data;
	struct submitter **slot;
	bool any = false;

	while ((slot = zring_peek(wake->ring))) {
		struct submitter *submitter = *slot;

		zring_pop(wake->ring);
		see_to(submitter);
		any = true;
	}
	dawdle(wake->dice);
	return any;
}

static void on_post(void *data)
{
	see_to(data);
}

static void stop(void *data)
{
	struct wake *wake = data;

	zloop_stop(wake->loop);
}

static void leave(struct submitter *submitter)
{
	struct wake *wake = submitter->wake;
	uint64_t ticket;
	void *slot;

	g_assert_cmpint(zring_claim(wake->ring, &slot, &ticket), ==, ZRING_OK);
	*(struct submitter **)slot = submitter;
	zring_commit(wake->ring, ticket);
	zloop_wake(wake->loop);
}

/* Awake, so that the next thing is left while the loop is on its way to sleep. */
static void wait_until_seen(struct submitter *submitter)
{
	const int64_t end = zloop_now() + LOST_AFTER;

	while (!atomic_load(&submitter->over)) {
		for (int i = 0; i < SPINS && !atomic_load(&submitter->over); i++)
			;
		sched_yield();
		if (zloop_now() > end)
			g_error("the loop sleeps, and something is left for it");
	}
	atomic_store(&submitter->over, false);
}

static void *submit(void *data)
{
	struct wake *wake = data;
	struct submitter me = {.wake = wake};
	const unsigned which = atomic_fetch_add(&wake->submitters, 1);
	GRand *dice = g_rand_new_with_seed(which);

	for (unsigned i = 0; i < wake->rounds; i++) {
		dawdle(dice);
		if ((i + which) % 8 == 0)
			zloop_post(wake->loop, on_post, &me);
		else
			leave(&me);
		wait_until_seen(&me);
	}
	g_rand_free(dice);
	if (atomic_fetch_sub(&wake->running, 1) == 1)
		zloop_post(wake->loop, stop, wake);
	return NULL;
}

static void test_wake(gconstpointer data)
{
	const unsigned n = GPOINTER_TO_UINT(data);
	struct wake wake = {.loop = zloop_new(), .ring = zring_new(SLOTS, sizeof(void *))};
	pthread_t threads[MOST_SUBMITTERS];

	g_assert_nonnull(wake.loop);
	wake.rounds = (g_test_slow() ? 600000 : 30000) / n;
	wake.dice = g_rand_new_with_seed(n);
	atomic_store(&wake.running, n);
	zring_open(wake.ring);
	zloop_set_source(wake.loop, waits, run_source, &wake);
	for (unsigned i = 0; i < n; i++)
		g_assert_cmpint(pthread_create(&threads[i], NULL, submit, &wake), ==, 0);
	zloop_run(wake.loop);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	g_assert_cmpuint(wake.seen, ==, n * wake.rounds);
	g_assert_cmpuint(wake.sleeps, >, 0);
	g_test_message("%u things left, the loop went to sleep %u times", wake.seen, wake.sleeps);
	g_rand_free(wake.dice);
	zring_free(wake.ring);
	zloop_free(wake.loop);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/wake/1", GUINT_TO_POINTER(1), test_wake);
	g_test_add_data_func("/wake/2", GUINT_TO_POINTER(2), test_wake);
	g_test_add_data_func("/wake/6", GUINT_TO_POINTER(MOST_SUBMITTERS), test_wake);
	return g_test_run();
}
