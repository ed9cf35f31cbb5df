/* SPDX-License-Identifier: MIT */
#include "tests/core/rawnode.h"

/*
 * What a node remembers of a peer, from one attempt to the next and from one connection to the
 * next, and when it calls again (wire notes 5).
 */

#define SECOND G_GINT64_CONSTANT(1000000000)

static struct rawnode *start(bool typed)
{
	struct zcl_config config = rawnode_config(ZCL_V2);

	config.typed = typed;
	return rawnode_new_of(&config);
}

static void refuse(struct rawnode *r, uint32_t version)
{
	rawnode_hello_from(r, (struct zcl_hello){.kshm_version = version,
						 .kshm_src_nid = r->peer,
						 .kshm_ctype = ZCL_CONN_NONE});
	rawnode_bury(r);
}

static void grant(struct rawnode *r, uint32_t version, int32_t ctype)
{
	rawnode_hello_from(r, (struct zcl_hello){.kshm_version = version,
						 .kshm_src_nid = r->peer,
						 .kshm_ctype = ctype});
}

static void fail(struct rawnode *r)
{
	zcl_conn_closed(r->conn, ZCL_E_REFUSED, r->now);
	rawnode_bury(r);
}

/* The node calls again after this time, and not before. */
static void calls_after(struct rawnode *r, int64_t delay)
{
	const guint connects = r->connects;

	r->now += delay - 1;
	zcl_node_tick(r->node, r->now);
	g_assert_cmpuint(r->connects, ==, connects);
	r->now++;
	zcl_node_tick(r->node, r->now);
	g_assert_cmpuint(r->connects, ==, connects + 1);
}

static struct zcl_peer_info info(const struct rawnode *r)
{
	struct zcl_peer_info info;

	g_assert_cmpint(zcl_node_peer_info(r->node, r->peer, &info), ==, ZCL_OK);
	return info;
}

/* ---- when it calls again ---- */

/* After min_reconnect, however often the race was lost. */
static void test_lost_race(void)
{
	struct rawnode *r = start(false);

	rawnode_dial(r);
	for (guint i = 1; i <= 3; i++) {
		refuse(r, ZCL_V2);
		g_assert_cmpint(rawnode_event(r, ZCL_EV_RETRY)->delay, ==, SECOND);
		calls_after(r, SECOND);
		rawnode_connected(r);
	}
	g_assert_cmpuint(rawnode_count(r, ZCL_EV_ATTEMPT_FAILED), ==, 0);
	refuse(r, ZCL_V2);
	g_assert_cmpint(rawnode_event(r, ZCL_EV_ATTEMPT_FAILED)->error, ==, ZCL_E_RACE);
	rawnode_free(r);
}

/* A connection of the set is up: races are counted anew for the next one. */
static void test_races_count_anew(void)
{
	struct rawnode *r = start(true);

	rawnode_dial(r);
	for (guint i = 1; i <= 3; i++) {
		refuse(r, ZCL_V2);
		calls_after(r, SECOND);
		rawnode_connected(r);
	}
	grant(r, ZCL_V2, ZCL_CONN_CONTROL);
	for (guint i = 1; i <= 3; i++) {
		rawnode_connected(r);
		refuse(r, ZCL_V2);
		g_assert_cmpuint(rawnode_count(r, ZCL_EV_ATTEMPT_FAILED), ==, 0);
		calls_after(r, SECOND);
	}
	rawnode_free(r);
}

/* It doubles at each failure in a row; a connection that comes up ends the row. */
static void test_interval(void)
{
	struct rawnode *r = start(true);

	g_assert_cmpint(zcl_node_connect(r->node, r->peer, r->now), ==, ZCL_OK);
	for (int64_t delay = SECOND; delay <= 8 * SECOND; delay *= 2) {
		fail(r);
		g_assert_cmpint(rawnode_event(r, ZCL_EV_RETRY)->delay, ==, delay);
		calls_after(r, delay);
	}
	rawnode_connected(r);
	grant(r, ZCL_V2, ZCL_CONN_CONTROL);
	fail(r);
	g_assert_cmpint(rawnode_event(r, ZCL_EV_RETRY)->delay, ==, SECOND);
	rawnode_free(r);
}

/* The winner of the race has called: there is nothing to call again for. */
static void test_winner_calls(void)
{
	struct rawnode *r = start(false);

	rawnode_dial(r);
	refuse(r, ZCL_V2);
	g_assert_cmpuint(rawnode_count(r, ZCL_EV_GIVE_UP), ==, 0);
	rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
	g_assert_cmpuint(rawnode_count(r, ZCL_EV_GIVE_UP), ==, 1);
	g_assert_cmpuint(rawnode_conns(r), ==, 1);
	zcl_node_tick(r->node, 10 * SECOND);
	g_assert_cmpuint(r->connects, ==, 1);
	rawnode_free(r);
}

/* The winner's call comes first, and then it grants the loser's as well: that one is dropped. */
static void test_two_winners(void)
{
	struct rawnode *r = start(false);
	struct zcl_conn *ours;

	r->peer = RAWNODE_SELF + 1; /* higher: its call wins */
	rawnode_dial(r);
	ours = r->conn;
	rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
	g_assert_cmpuint(rawnode_conns(r), ==, 1);
	r->conn = ours;
	grant(r, ZCL_V2, ZCL_CONN_ANY);
	g_assert_cmpint(rawnode_event(r, ZCL_EV_REFUSED)->reason, ==, ZCL_REASON_DUPLICATE);
	g_assert_true(r->closed && !r->aborted);
	g_assert_cmpuint(rawnode_conns(r), ==, 1);
	g_assert_cmpuint(rawnode_count(r, ZCL_EV_GIVE_UP), ==, 1);
	rawnode_free(r);
}

/* ---- of which life it is ---- */

/* Another incarnation, be it a smaller one, in the answer to a call: the old connections go. */
static void test_restarted_answers(void)
{
	for (uint64_t incarnation = 4; incarnation <= 6; incarnation += 2) {
		struct rawnode *r = start(true);

		rawnode_dial(r);
		grant(r, ZCL_V2, ZCL_CONN_CONTROL);
		rawnode_connected(r);
		r->incarnation = incarnation;
		grant(r, ZCL_V2, ZCL_CONN_BULK_OUT);
		g_assert_cmpuint(rawnode_event(r, ZCL_EV_STALE)->incarnation, ==, incarnation);
		g_assert_cmpint(rawnode_event(r, ZCL_EV_CONN_DOWN)->error, ==, ZCL_E_STALE);
		g_assert_cmpuint(rawnode_conns(r), ==, 0);
		rawnode_bury(r);
		calls_after(r, SECOND);
		rawnode_connected(r);
		grant(r, ZCL_V2, ZCL_CONN_CONTROL);
		g_assert_cmpuint(rawnode_conns(r), ==, 1);
		rawnode_free(r);
	}
}

/* ... and in a call: refused as stale, and what it told before is forgotten. */
static void test_restarted_calls(void)
{
	for (uint64_t incarnation = 4; incarnation <= 6; incarnation += 2) {
		struct rawnode *r = start(false);

		rawnode_dial(r);
		refuse(r, ZCL_V1);
		rawnode_connected(r);
		grant(r, ZCL_V1, ZCL_CONN_ANY);
		g_assert_true(info(r).version == ZCL_V1 && info(r).version_told);
		r->incarnation = incarnation;
		rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
		g_assert_cmpint(r->refused, ==, ZCL_REASON_STALE);
		g_assert_cmpuint(rawnode_conns(r), ==, 0);
		g_assert_true(info(r).version == 0 && !info(r).version_told);
		rawnode_bury(r);
		/* Called now, it is called with the best version. */
		rawnode_dial(r);
		g_assert_cmpuint(rawnode_event(r, ZCL_EV_CONNECT)->version, ==, ZCL_V2);
		rawnode_free(r);
	}
}

/* What was told holds without a connection, until the peer calls with another version. */
static void test_told(void)
{
	struct rawnode *r = start(false);

	rawnode_dial(r);
	refuse(r, ZCL_V1);
	rawnode_connected(r);
	grant(r, ZCL_V1, ZCL_CONN_ANY);
	zcl_conn_closed(r->conn, ZCL_E_EOF, r->now);
	rawnode_bury(r);
	g_assert_true(info(r).version == ZCL_V1 && info(r).version_told);
	rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
	g_assert_cmpuint(rawnode_conns(r), ==, 1);
	g_assert_true(info(r).version == ZCL_V2 && !info(r).version_told);
	/* That is only what its call shows: forgotten with the connection. */
	zcl_conn_closed(r->conn, ZCL_E_EOF, r->now);
	rawnode_bury(r);
	g_assert_cmpuint(info(r).version, ==, 0);
	rawnode_free(r);
}

/* ---- whom it doubts ---- */

/* A duplicate: TCP is to ask after each connection of that peer. */
static void test_suspects(void)
{
	static const int32_t set[] = {ZCL_CONN_CONTROL, ZCL_CONN_BULK_IN, ZCL_CONN_BULK_OUT};
	struct rawnode *r = start(true);

	for (size_t i = 0; i < G_N_ELEMENTS(set); i++)
		rawnode_call_typed(r, set[i]);
	g_assert_cmpuint(rawnode_conns(r), ==, 3);
	g_assert_cmpuint(r->suspects, ==, 0);
	rawnode_call_typed(r, ZCL_CONN_BULK_IN);
	g_assert_cmpint(r->refused, ==, ZCL_REASON_DUPLICATE);
	g_assert_cmpuint(r->suspects, ==, 3);
	rawnode_free(r);
}

/* Five seconds for a caller to say who it is; what it says meanwhile is no reprieve. */
static void test_accept_timeout(void)
{
	static const uint8_t first[] = {0};
	struct rawnode *r = start(false);

	r->conn = zcl_node_accepted(r->node, NULL, r->now);
	r->now = 5 * SECOND - 1;
	rawnode_hear(r, first, sizeof(first));
	zcl_node_tick(r->node, r->now);
	g_assert_false(r->aborted);
	r->now++;
	zcl_node_tick(r->node, r->now);
	g_assert_true(r->aborted);
	g_assert_cmpint(rawnode_event(r, ZCL_EV_CALLER_LOST)->error, ==, ZCL_E_TIMEDOUT);
	rawnode_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/memory/lost-race", test_lost_race);
	g_test_add_func("/memory/races-count-anew", test_races_count_anew);
	g_test_add_func("/memory/interval", test_interval);
	g_test_add_func("/memory/winner-calls", test_winner_calls);
	g_test_add_func("/memory/two-winners", test_two_winners);
	g_test_add_func("/memory/restarted-answers", test_restarted_answers);
	g_test_add_func("/memory/restarted-calls", test_restarted_calls);
	g_test_add_func("/memory/told", test_told);
	g_test_add_func("/memory/suspects", test_suspects);
	g_test_add_func("/memory/accept-timeout", test_accept_timeout);
	return g_test_run();
}
