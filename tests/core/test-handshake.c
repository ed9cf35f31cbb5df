/* SPDX-License-Identifier: MIT */
#include "tests/core/memnet.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

struct pair {
	struct memnet *net;
	struct memnode *a, *b; /* b has the higher NID */
};

static struct pair pair_of(struct zcl_config ca, struct zcl_config cb)
{
	struct pair p = {.net = memnet_new(SIZE_MAX)};

	p.a = memnet_add(p.net, &ca);
	p.b = memnet_add(p.net, &cb);
	return p;
}

static struct pair pair_new(uint32_t va, uint32_t vb)
{
	return pair_of(memnet_config(1, va), memnet_config(9, vb));
}

static void call(struct pair *p, struct memnode *from, struct memnode *to)
{
	g_assert_cmpint(
		zcl_node_connect(from->node, zcl_node_config(to->node)->nid, memnet_now(p->net)),
		==, ZCL_OK);
}

static void assert_linked(const struct pair *p, guint conns, uint32_t version)
{
	g_assert_cmpuint(memnode_conns(p->a), ==, conns);
	g_assert_cmpuint(memnode_conns(p->b), ==, conns);
	g_assert_cmpuint(memnode_conn(p->a).version, ==, version);
	g_assert_cmpuint(memnode_conn(p->b).version, ==, version);
}

static struct zcl_peer_info info_of(const struct memnode *at, const struct memnode *peer)
{
	struct zcl_peer_info info;

	g_assert_cmpint(zcl_node_peer_info(at->node, zcl_node_config(peer->node)->nid, &info), ==,
			ZCL_OK);
	return info;
}

/* ---- one side calls ---- */

/* A newer node calls with what is unknown here, is told better, and remembers it. */
static void test_unknown_version(void)
{
	const uint32_t versions[] = {ZCL_V3, 9};

	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		for (uint32_t vb = ZCL_V1; vb <= ZCL_V2; vb++) {
			struct zcl_config ca = memnet_config(1, ZCL_V2);
			struct pair p;

			ca.calls_as = versions[i];
			p = pair_of(ca, memnet_config(9, vb));
			call(&p, p.a, p.b);
			memnet_settle(p.net);
			assert_linked(&p, 1, vb);
			g_assert_cmpuint(memnode_event(p.a, ZCL_EV_CONNECT)->version, ==,
					 versions[i]);
			g_assert_cmpuint(memnode_event(p.a, ZCL_EV_REFUSED)->version, ==, vb);
			g_assert_cmpint(memnode_event(p.b, ZCL_EV_REFUSE)->reason, ==,
					ZCL_REASON_VERSION);
			g_assert_cmpuint(memnode_count(p.a, ZCL_EV_CONNECT), ==, 2);
			g_assert_true(info_of(p.a, p.b).version_told);
			memnet_reset_all(p.net);
			memnet_settle(p.net);
			call(&p, p.a, p.b);
			memnet_settle(p.net);
			assert_linked(&p, 1, vb);
			g_assert_cmpuint(memnode_count(p.b, ZCL_EV_REFUSE), ==, 1);
			memnet_free(p.net);
		}
	}
}

/* It is the version that is refused, not the race lost: that is decided behind it. */
static void test_unknown_version_races(void)
{
	for (int higher_is_new = 0; higher_is_new < 2; higher_is_new++) {
		struct zcl_config ca = memnet_config(1, ZCL_V2), cb = memnet_config(9, ZCL_V2);
		struct pair p;

		(higher_is_new ? &cb : &ca)->calls_as = 9;
		p = pair_of(ca, cb);
		memnet_hold_connects(p.net, true);
		call(&p, p.a, p.b);
		call(&p, p.b, p.a);
		memnet_hold_connects(p.net, false);
		memnet_run(p.net, 10 * SECOND);
		assert_linked(&p, 1, ZCL_V2);
		g_assert_true(memnode_conn(p.b).active);
		memnet_free(p.net);
	}
}

static void test_unknown_version_is_checked(void)
{
	struct zcl_config config = memnet_config(1, ZCL_V2);
	const struct zcl_callbacks none = {0};
	enum zcl_err err;

	config.calls_as = ZCL_V2;
	g_assert_null(zcl_node_new(&config, &none, NULL, &err));
	g_assert_cmpint(err, ==, ZCL_E_INVALID);
}

static void test_versions(void)
{
	for (uint32_t va = ZCL_V1; va <= ZCL_V2; va++) {
		for (uint32_t vb = ZCL_V1; vb <= ZCL_V2; vb++) {
			struct pair p = pair_new(va, vb);

			call(&p, p.a, p.b);
			memnet_settle(p.net);
			assert_linked(&p, 1, MIN(va, vb));
			g_assert_true(memnode_conn(p.a).active);
			g_assert_cmpuint(memnode_count(p.a, ZCL_EV_FALLBACK), ==, va > vb);
			g_assert_cmpuint(memnode_count(p.b, ZCL_EV_REFUSE), ==, va > vb);
			memnet_free(p.net);
		}
	}
}

static void test_typed(void)
{
	struct zcl_config ca = memnet_config(1, ZCL_V2), cb = memnet_config(9, ZCL_V2);
	struct pair p;

	ca.typed = cb.typed = true;
	p = pair_of(ca, cb);
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	assert_linked(&p, 3, ZCL_V2);
	/* The types are opened in this order, and answered inverted. */
	for (guint i = 0, n = 0; i < p.a->events->len; i++) {
		const struct zcl_event *ev = &g_array_index(p.a->events, struct zcl_event, i);
		static const int32_t sent[] = {ZCL_CONN_CONTROL, ZCL_CONN_BULK_IN,
					       ZCL_CONN_BULK_OUT};

		if (ev->kind == ZCL_EV_HELLO_SENT)
			g_assert_cmpint(ev->ctype, ==, sent[n++]);
	}
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_CONN_UP), ==, 3);
	memnet_free(p.net);
}

/* A typed caller and an untyped side: the typed set stands, the untyped side adds nothing. */
static void test_typed_calls_untyped(void)
{
	struct zcl_config ca = memnet_config(1, ZCL_V2);
	struct pair p;

	ca.typed = true;
	p = pair_of(ca, memnet_config(9, ZCL_V2));
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	call(&p, p.b, p.a);
	memnet_run(p.net, 10 * SECOND);
	assert_linked(&p, 3, ZCL_V2);
	memnet_free(p.net);
}

/* ... and the other way round: with ANY from its caller a typed node has all that it wants. */
static void test_untyped_calls_typed(void)
{
	struct zcl_config cb = memnet_config(9, ZCL_V2);
	struct pair p;

	cb.typed = true;
	p = pair_of(memnet_config(1, ZCL_V2), cb);
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	call(&p, p.b, p.a);
	memnet_run(p.net, 10 * SECOND);
	assert_linked(&p, 1, ZCL_V2);
	g_assert_cmpuint(memnode_count(p.b, ZCL_EV_CONNECT), ==, 0);
	memnet_free(p.net);
}

/* ---- the old node that only closes ---- */

static struct pair pair_with_blunt(void)
{
	struct zcl_config cb = memnet_config(9, ZCL_V1);

	cb.refuses = ZCL_REFUSE_ABORT;
	return pair_of(memnet_config(1, ZCL_V2), cb);
}

static void test_fallback_guessed(void)
{
	struct pair p = pair_with_blunt();

	call(&p, p.a, p.b);
	memnet_settle(p.net);
	assert_linked(&p, 1, ZCL_V1);
	g_assert_cmpint(memnode_event(p.a, ZCL_EV_REFUSED)->reason, ==, ZCL_REASON_RESET);
	g_assert_cmpint(memnode_event(p.a, ZCL_EV_FALLBACK)->reason, ==, ZCL_REASON_GUESSED);
	g_assert_false(info_of(p.a, p.b).version_told);
	memnet_free(p.net);
}

/* A guess holds while a connection lives, what was told longer. */
static void test_guess_is_forgotten(void)
{
	struct pair p = pair_with_blunt();

	call(&p, p.a, p.b);
	memnet_settle(p.net);
	g_assert_cmpuint(info_of(p.a, p.b).version, ==, ZCL_V1);
	memnet_reset_all(p.net);
	memnet_settle(p.net);
	g_assert_cmpuint(info_of(p.a, p.b).version, ==, 0);
	memnet_free(p.net);

	p = pair_new(ZCL_V2, ZCL_V1);
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	g_assert_true(info_of(p.a, p.b).version_told);
	memnet_reset_all(p.net);
	memnet_settle(p.net);
	g_assert_cmpuint(info_of(p.a, p.b).version, ==, ZCL_V1);
	memnet_free(p.net);
}

/* What was remembered is used at once: no refusal. */
static void test_remembered(void)
{
	struct pair p = pair_new(ZCL_V2, ZCL_V1);

	g_assert_cmpint(zcl_node_remember(p.a->node, memnet_nid(9), ZCL_V1), ==, ZCL_OK);
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	assert_linked(&p, 1, ZCL_V1);
	g_assert_cmpuint(memnode_count(p.b, ZCL_EV_REFUSE), ==, 0);
	memnet_free(p.net);
}

/* ---- both sides call ---- */

static void test_race(void)
{
	static const struct {
		uint32_t va, vb;
		enum zcl_refusal refuses;
	} cases[] = {
		{ZCL_V2, ZCL_V2, ZCL_REFUSE_REPLY}, {ZCL_V1, ZCL_V1, ZCL_REFUSE_REPLY},
		{ZCL_V1, ZCL_V2, ZCL_REFUSE_REPLY}, {ZCL_V2, ZCL_V1, ZCL_REFUSE_REPLY},
		{ZCL_V1, ZCL_V2, ZCL_REFUSE_ABORT}, {ZCL_V2, ZCL_V1, ZCL_REFUSE_ABORT},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct zcl_config ca = memnet_config(1, cases[i].va);
		struct zcl_config cb = memnet_config(9, cases[i].vb);
		struct pair p;

		ca.refuses = cb.refuses = cases[i].refuses;
		p = pair_of(ca, cb);
		memnet_hold_connects(p.net, true);
		call(&p, p.a, p.b);
		call(&p, p.b, p.a);
		memnet_hold_connects(p.net, false);
		memnet_run(p.net, 10 * SECOND);
		assert_linked(&p, 1, MIN(cases[i].va, cases[i].vb));
		/* The higher NID's call is the one that stands. */
		g_assert_true(memnode_conn(p.b).active);
		g_assert_false(memnode_conn(p.a).active);
		g_assert_false(info_of(p.a, p.b).connecting);
		g_assert_false(info_of(p.b, p.a).connecting);
		memnet_free(p.net);
	}
}

static void test_race_typed(void)
{
	struct zcl_config ca = memnet_config(1, ZCL_V2), cb = memnet_config(9, ZCL_V2);
	struct pair p;

	ca.typed = cb.typed = true;
	p = pair_of(ca, cb);
	memnet_hold_connects(p.net, true);
	call(&p, p.a, p.b);
	call(&p, p.b, p.a);
	memnet_hold_connects(p.net, false);
	memnet_run(p.net, 10 * SECOND);
	assert_linked(&p, 3, ZCL_V2);
	memnet_free(p.net);
}

/* ---- the other side is gone, or another one ---- */

static void test_refused_by_tcp(void)
{
	struct pair p = pair_new(ZCL_V2, ZCL_V2);

	p.b->deaf = true;
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	g_assert_cmpint(memnode_event(p.a, ZCL_EV_ATTEMPT_FAILED)->error, ==, ZCL_E_REFUSED);
	/* Nothing is concluded about the version, and the interval doubles. */
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_FALLBACK), ==, 0);
	memnet_run(p.net, 6 * SECOND);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_CONNECT), ==, 3); /* at 0, 1 and 3 s */
	p.b->deaf = false;
	memnet_run(p.net, 8 * SECOND);
	assert_linked(&p, 1, ZCL_V2);
	memnet_free(p.net);
}

static void test_retry_interval_is_bounded(void)
{
	struct pair p = pair_new(ZCL_V2, ZCL_V2);
	int64_t longest = 0;

	p.b->deaf = true;
	call(&p, p.a, p.b);
	memnet_run(p.net, 600 * SECOND);
	for (guint i = 0; i < p.a->events->len; i++) {
		const struct zcl_event *ev = &g_array_index(p.a->events, struct zcl_event, i);

		if (ev->kind == ZCL_EV_RETRY)
			longest = MAX(longest, ev->delay);
	}
	g_assert_cmpint(longest, ==, 60 * SECOND);
	memnet_free(p.net);
}

/* The same node with another incarnation: refused as stale once, then accepted. */
static void test_incarnation(void)
{
	struct zcl_config again = memnet_config(1, ZCL_V2);
	struct pair p = pair_new(ZCL_V2, ZCL_V2);
	struct memnode *reborn;

	call(&p, p.a, p.b);
	memnet_settle(p.net);
	memnet_freeze_all(p.net); /* it crashed: b is not told */
	memnet_thaw_new(p.net);
	again.incarnation = 77;
	reborn = memnet_add(p.net, &again);
	call(&p, reborn, p.b);
	memnet_settle(p.net);
	g_assert_cmpint(memnode_event(p.b, ZCL_EV_REFUSE)->reason, ==, ZCL_REASON_STALE);
	g_assert_cmpuint(memnode_event(p.b, ZCL_EV_STALE)->incarnation, ==, 77);
	g_assert_cmpint(memnode_event(p.b, ZCL_EV_CONN_DOWN)->error, ==, ZCL_E_STALE);
	memnet_run(p.net, 2 * SECOND);
	g_assert_cmpuint(memnode_conns(reborn), ==, 1);
	g_assert_cmpuint(memnode_conns(p.b), ==, 1);
	g_assert_cmpuint(info_of(p.b, reborn).incarnation, ==, 77);
	memnet_free(p.net);
}

/* Nothing of the old one is left: the new one is accepted at once, and what was told is forgotten.
 */
static void test_incarnation_after_close(void)
{
	struct zcl_config again = memnet_config(9, ZCL_V2);
	struct pair p = pair_new(ZCL_V2, ZCL_V1);
	struct memnode *reborn;

	call(&p, p.a, p.b);
	memnet_settle(p.net);
	g_assert_true(info_of(p.a, p.b).version_told);
	memnet_reset_all(p.net);
	memnet_settle(p.net);
	again.incarnation = 77; /* upgraded, too */
	reborn = memnet_add(p.net, &again);
	call(&p, reborn, p.a);
	memnet_settle(p.net);
	g_assert_cmpuint(memnode_conns(reborn), ==, 1);
	g_assert_cmpuint(memnode_conn(reborn).version, ==, ZCL_V2);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_REFUSE), ==, 0);
	g_assert_cmpuint(memnode_event(p.a, ZCL_EV_STALE)->incarnation, ==, 77);
	memnet_free(p.net);
}

/* Silence: a caller that says nothing is dropped after the acceptor's timeout. */
static void test_accept_timeout(void)
{
	struct pair p = pair_new(ZCL_V2, ZCL_V2);

	memnet_freeze_all(p.net);
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	memnet_run(p.net, 6 * SECOND);
	g_assert_cmpuint(memnode_count(p.b, ZCL_EV_CONN_UP), ==, 0);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_CONN_UP), ==, 0);
	memnet_run(p.net, 50 * SECOND);
	g_assert_cmpint(memnode_event(p.a, ZCL_EV_ATTEMPT_FAILED)->error, ==, ZCL_E_TIMEDOUT);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_FALLBACK), ==, 0);
	memnet_free(p.net);
}

static void test_handshake_limit(void)
{
	struct zcl_config cb = memnet_config(9, ZCL_V2);
	struct pair p;

	cb.max_peers = 1;
	p = pair_of(memnet_config(1, ZCL_V2), cb);
	call(&p, p.a, p.b);
	memnet_settle(p.net);
	g_assert_cmpint(zcl_node_connect(p.b->node, memnet_nid(200), 0), ==, ZCL_E_LIMIT);
	g_assert_cmpint(zcl_node_connect(p.b->node, memnet_nid(9), 0), ==, ZCL_E_INVALID);
	g_assert_cmpint(zcl_node_connect(p.b->node, ZCL_NID_ANY, 0), ==, ZCL_E_INVALID);
	memnet_free(p.net);
}

/* ---- every cut of the byte stream ---- */

static void test_every_cut(void)
{
	for (size_t cut = 1; cut < 240; cut++) {
		for (uint32_t vb = ZCL_V1; vb <= ZCL_V2; vb++) {
			struct pair p = pair_new(ZCL_V2, vb);

			memnet_set_cut(p.net, cut);
			call(&p, p.a, p.b);
			memnet_settle(p.net);
			assert_linked(&p, 1, vb);
			memnet_free(p.net);
		}
	}
}

static void test_byte_by_byte(void)
{
	for (uint32_t vb = ZCL_V1; vb <= ZCL_V2; vb++) {
		struct zcl_config ca = memnet_config(1, ZCL_V2), cb = memnet_config(9, vb);
		struct pair p = {.net = memnet_new(1)};

		p.a = memnet_add(p.net, &ca);
		p.b = memnet_add(p.net, &cb);
		call(&p, p.a, p.b);
		memnet_settle(p.net);
		assert_linked(&p, 1, vb);
		memnet_free(p.net);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/handshake/versions", test_versions);
	g_test_add_func("/handshake/unknown-version", test_unknown_version);
	g_test_add_func("/handshake/unknown-version/races", test_unknown_version_races);
	g_test_add_func("/handshake/unknown-version/is-checked", test_unknown_version_is_checked);
	g_test_add_func("/handshake/typed", test_typed);
	g_test_add_func("/handshake/typed-calls-untyped", test_typed_calls_untyped);
	g_test_add_func("/handshake/untyped-calls-typed", test_untyped_calls_typed);
	g_test_add_func("/handshake/fallback-guessed", test_fallback_guessed);
	g_test_add_func("/handshake/guess-is-forgotten", test_guess_is_forgotten);
	g_test_add_func("/handshake/remembered", test_remembered);
	g_test_add_func("/handshake/race", test_race);
	g_test_add_func("/handshake/race-typed", test_race_typed);
	g_test_add_func("/handshake/refused-by-tcp", test_refused_by_tcp);
	g_test_add_func("/handshake/retry-interval", test_retry_interval_is_bounded);
	g_test_add_func("/handshake/incarnation", test_incarnation);
	g_test_add_func("/handshake/incarnation-after-close", test_incarnation_after_close);
	g_test_add_func("/handshake/accept-timeout", test_accept_timeout);
	g_test_add_func("/handshake/limits", test_handshake_limit);
	g_test_add_func("/handshake/every-cut", test_every_cut);
	g_test_add_func("/handshake/byte-by-byte", test_byte_by_byte);
	return g_test_run();
}
