/* SPDX-License-Identifier: MIT */
#include <glib.h>

#include "core/race.h"

/* What the HLD and the wire notes say, written down once more without looking at race.c. */
static enum zcl_reason expected(const struct zcl_race_input *in)
{
	if (in->version == 0 || in->version > in->max_version)
		return ZCL_REASON_VERSION;
	if (in->connecting && in->self > in->peer)
		return ZCL_REASON_RACE;
	if (in->known_incarnation && in->known_incarnation != in->incarnation)
		return ZCL_REASON_STALE;
	if (in->live_version && in->live_version != in->version)
		return ZCL_REASON_STALE;
	return in->have_type ? ZCL_REASON_DUPLICATE : ZCL_REASON_NONE;
}

static const zcl_nid nids[] = {
	0x0002000000000001, 0x000200000a000001, 0x000200000a000009, 0x00020000ffffffff,
	0x000200010a000001, 0x0002ffff00000001, 0xfffffffffffffffe,
};

/* Calls fn on every input: NID order, versions, the mark, incarnations, what exists. */
static guint for_all(void (*fn)(const struct zcl_race_input *in))
{
	guint n = 0;

	for (guint bits = 0; bits < G_N_ELEMENTS(nids) * G_N_ELEMENTS(nids) * 3 * 6 * 2 * 3 * 4 * 2;
	     bits++) {
		guint r = bits;
		struct zcl_race_input in = {0};

		in.self = nids[r % G_N_ELEMENTS(nids)], r /= G_N_ELEMENTS(nids);
		in.peer = nids[r % G_N_ELEMENTS(nids)], r /= G_N_ELEMENTS(nids);
		in.max_version = 1 + r % 3, r /= 3;
		in.version = r % 6, r /= 6;
		in.connecting = r % 2, r /= 2;
		in.incarnation = 7;
		in.known_incarnation = (const uint64_t[]){0, 7, 8}[r % 3], r /= 3;
		in.live_version = r % 4, r /= 4;
		in.have_type = r % 2;
		if (in.self == in.peer)
			continue;
		fn(&in);
		n++;
	}
	return n;
}

static void check(const struct zcl_race_input *in)
{
	g_assert_cmpint(zcl_race_decide(in), ==, expected(in));
}

static void test_all_inputs(void)
{
	g_assert_cmpuint(for_all(check), ==, 7 * 6 * 3 * 6 * 2 * 3 * 4 * 2);
}

/* Two sides that call each other at once: exactly one of the calls is accepted. */
static void check_one_winner(const struct zcl_race_input *in)
{
	struct zcl_race_input other = *in;

	if (!in->connecting || in->known_incarnation == 8 || in->live_version || in->have_type ||
	    in->version == 0 || in->version > in->max_version)
		return;
	other.self = in->peer;
	other.peer = in->self;
	g_assert_cmpint(zcl_race_decide(in) == ZCL_REASON_NONE, !=,
			zcl_race_decide(&other) == ZCL_REASON_NONE);
	g_assert_cmpint(zcl_race_decide(in) == ZCL_REASON_NONE, ==, in->peer > in->self);
}

static void test_one_winner(void)
{
	for_all(check_one_winner);
}

static void test_version_before_race(void)
{
	const struct zcl_race_input in = {.self = nids[2],
					  .peer = nids[1],
					  .max_version = ZCL_V1,
					  .version = ZCL_V2,
					  .connecting = true};

	g_assert_cmpint(zcl_race_decide(&in), ==, ZCL_REASON_VERSION);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/race/all-inputs", test_all_inputs);
	g_test_add_func("/race/one-winner", test_one_winner);
	g_test_add_func("/race/version-before-race", test_version_before_race);
	return g_test_run();
}
