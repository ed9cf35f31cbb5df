/* SPDX-License-Identifier: MIT */
#include "core/deadline.h"

/* The heap of deadlines against a list that is searched. */

#define N 50

struct rig {
	struct zcl_deadlines heap;
	struct zcl_deadline d[N];
};

static void rig_init(struct rig *r)
{
	zcl_deadlines_init(&r->heap);
	for (guint i = 0; i < N; i++)
		zcl_deadline_init(&r->d[i], i % 2 ? ZCL_DEADLINE_CONN : ZCL_DEADLINE_PEER, i,
				  &r->d[i]);
}

static void rig_clear(struct rig *r)
{
	for (guint i = 0; i < N; i++)
		zcl_deadline_set(&r->heap, &r->d[i], INT64_MAX);
	zcl_deadlines_clear(&r->heap);
}

static bool is_before(const struct zcl_deadline *a, const struct zcl_deadline *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (a->kind != b->kind)
		return a->kind == ZCL_DEADLINE_CONN;
	return a->age < b->age;
}

static struct zcl_deadline *search(struct rig *r)
{
	struct zcl_deadline *first = NULL;

	for (guint i = 0; i < N; i++) {
		if (r->d[i].at != INT64_MAX && (first == NULL || is_before(&r->d[i], first)))
			first = &r->d[i];
	}
	return first;
}

static void test_random(void)
{
	GRand *rand = g_rand_new_with_seed(1);
	struct rig r;

	rig_init(&r);
	for (int i = 0; i < 100000; i++) {
		struct zcl_deadline *d = &r.d[g_rand_int_range(rand, 0, N)];
		const int64_t at = g_rand_int_range(rand, 0, 20);

		switch (g_rand_int_range(rand, 0, 4)) {
		case 0:
			zcl_deadline_set(&r.heap, d, INT64_MAX);
			break;
		case 1:
			zcl_deadline_arm(&r.heap, d, at);
			break;
		default:
			zcl_deadline_set(&r.heap, d, at);
			break;
		}
		g_assert_true(zcl_deadlines_first(&r.heap) == search(&r));
	}
	rig_clear(&r);
	g_rand_free(rand);
}

/* An entry that is armed for later stays where it is. */
static void test_arm_never_delays(void)
{
	struct rig r;

	rig_init(&r);
	g_assert_null(zcl_deadlines_first(&r.heap));
	zcl_deadline_arm(&r.heap, &r.d[3], 10);
	zcl_deadline_arm(&r.heap, &r.d[3], 20);
	g_assert_cmpint(r.d[3].at, ==, 10);
	zcl_deadline_arm(&r.heap, &r.d[3], 5);
	g_assert_cmpint(r.d[3].at, ==, 5);
	zcl_deadline_arm(&r.heap, &r.d[3], INT64_MAX);
	g_assert_cmpint(r.d[3].at, ==, 5);
	rig_clear(&r);
}

/* Equal times: connections before peers, then the older one, whatever came first. */
static void test_equal_times(void)
{
	static const guint order[] = {1, 3, 5, 0, 2, 4};
	struct rig r;

	rig_init(&r);
	for (guint i = 0; i < G_N_ELEMENTS(order); i++)
		zcl_deadline_set(&r.heap, &r.d[5 - i], 7);
	for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
		g_assert_true(zcl_deadlines_first(&r.heap) == &r.d[order[i]]);
		zcl_deadline_set(&r.heap, &r.d[order[i]], INT64_MAX);
	}
	rig_clear(&r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deadline/random", test_random);
	g_test_add_func("/deadline/arm-never-delays", test_arm_never_delays);
	g_test_add_func("/deadline/equal-times", test_equal_times);
	return g_test_run();
}
