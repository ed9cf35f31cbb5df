/* SPDX-License-Identifier: MIT */
#include "core/node.h"

#include <glib.h>

/*
 * A peer that answers each call with a refusal of another version than the call's, or grants each
 * and closes it. Each of them alone is a reason to call again at once; all together are not.
 */

#define SELF	    zcl_nid_tcp(0x0a000009, 0)
#define PEER	    zcl_nid_tcp(0x0a000001, 0)
#define SECOND	    G_GINT64_CONSTANT(1000000000)
#define MOST_CALLS  4 /* and three changes of version between them */
#define MANY_CALLS  100
#define SET_SIZE    3
#define INCARNATION 7

struct rig {
	struct zcl_node *node;
	struct zcl_conn *calling; /* NULL: no call is under way */
	GQueue ended;
	guint calls, failed, fallbacks;
	enum zcl_err why;
	int64_t delay; /* of the last retry */
};

static void on_connect(void *user, struct zcl_conn *conn)
{
	struct rig *r = user;

	r->calling = conn;
	r->calls++;
}

static void on_end(void *user, struct zcl_conn *conn)
{
	struct rig *r = user;

	if (r->calling == conn)
		r->calling = NULL;
	g_queue_push_tail(&r->ended, conn);
}

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_trace(void *user, const struct zcl_event *event)
{
	struct rig *r = user;

	if (event->kind == ZCL_EV_ATTEMPT_FAILED) {
		r->failed++;
		r->why = event->error;
	}
	if (event->kind == ZCL_EV_RETRY)
		r->delay = event->delay;
	r->fallbacks += event->kind == ZCL_EV_FALLBACK;
}

static void rig_init(struct rig *r, bool typed)
{
	static const struct zcl_callbacks callbacks = {.connect = on_connect,
						       .close = on_end,
						       .abort = on_end,
						       .wake_tx = nothing,
						       .wake_rx = nothing,
						       .trace = on_trace};
	struct zcl_config config;

	*r = (struct rig){0};
	g_queue_init(&r->ended);
	zcl_config_init(&config);
	config.nid = SELF;
	config.incarnation = 99;
	config.typed = typed;
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
}

static void bury(struct rig *r, int64_t now)
{
	while (!g_queue_is_empty(&r->ended))
		zcl_conn_gone(g_queue_pop_head(&r->ended), now);
}

static void rig_clear(struct rig *r)
{
	zcl_node_shutdown(r->node, 0);
	bury(r, 0);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
}

/* The HELLO of the call under way. */
static struct zcl_hello hear_call(struct rig *r, int64_t now)
{
	const uint8_t *bytes;
	struct zcl_tx_batch batch;
	struct zcl_hello hello;
	uint32_t version;
	bool flipped;

	zcl_conn_connected(r->calling, now);
	g_assert_true(zcl_conn_tx_batch(r->calling, &batch));
	g_assert_cmpuint(batch.iov[0].iov_len, >=, ZCL_ACCEPT_SIZE + 56);
	bytes = (const uint8_t *)batch.iov[0].iov_base + ZCL_ACCEPT_SIZE;
	g_assert_cmpint(zcl_hello_peek(bytes, &version, &flipped), ==, ZCL_OK);
	g_assert_cmpint(zcl_hello_decode(bytes, flipped, &hello), ==, ZCL_OK);
	zcl_conn_tx_advance(r->calling, batch.nob, ZCL_WAY_COPY, now);
	return hello;
}

static void answer_on(struct zcl_conn *conn, uint32_t version, int32_t ctype, int64_t now)
{
	const struct zcl_hello hello = {.kshm_version = version,
					.kshm_src_nid = PEER,
					.kshm_dst_nid = SELF,
					.kshm_src_pid = ZCL_PID_LUSTRE,
					.kshm_src_incarnation = INCARNATION,
					.kshm_ctype = ctype};
	uint8_t bytes[ZCL_HELLO_MAX_SIZE];
	const size_t len = zcl_hello_encode(&hello, bytes);

	zcl_conn_rx_push(conn, bytes, len, now);
}

static void answer(struct rig *r, uint32_t version, int32_t ctype, int64_t now)
{
	answer_on(r->calling, version, ctype, now);
	bury(r, now);
}

static void contradict(struct rig *r, const struct zcl_hello *call, int64_t now)
{
	const uint32_t other = call->kshm_version == ZCL_V2 ? ZCL_V1 : ZCL_V2;

	answer(r, other, ZCL_CONN_NONE, now);
}

static void grant(struct rig *r, const struct zcl_hello *call, int64_t now)
{
	answer(r, call->kshm_version, zcl_ctype_invert(call->kshm_ctype), now);
}

/* Answers each call with the other version until no call comes at once. */
static void contradict_all(struct rig *r, int64_t now)
{
	r->calls = r->calling != NULL;
	while (r->calling != NULL && r->calls < MANY_CALLS) {
		const struct zcl_hello call = hear_call(r, now);

		contradict(r, &call, now);
	}
}

static void test_refusals(void)
{
	int64_t now = 0, interval = SECOND;
	struct zcl_peer_info info;
	struct rig r;

	rig_init(&r, false);
	zcl_node_connect(r.node, PEER, now);
	for (guint i = 1; i <= 4; i++, interval *= 2) {
		contradict_all(&r, now);
		g_assert_cmpuint(r.calls, ==, MOST_CALLS);
		g_assert_cmpuint(r.fallbacks, ==, i * (MOST_CALLS - 1));
		g_assert_cmpuint(r.failed, ==, i);
		g_assert_cmpint(r.why, ==, ZCL_E_FICKLE);
		g_assert_cmpint(r.delay, ==, interval);
		/* None of what it said is taken for true. */
		g_assert_cmpint(zcl_node_peer_info(r.node, PEER, &info), ==, ZCL_OK);
		g_assert_cmpuint(info.version, ==, 0);
		g_assert_false(info.version_told);
		g_assert_false(info.connecting);
		now += interval;
		zcl_node_tick(r.node, now - 1);
		g_assert_null(r.calling);
		zcl_node_tick(r.node, now);
		g_assert_nonnull(r.calling);
	}
	rig_clear(&r);
}

/* A call that is granted between the refusals does not start the count anew. */
static void test_grants(void)
{
	struct rig r;

	rig_init(&r, true);
	zcl_node_connect(r.node, PEER, 0);
	r.calls = 1;
	while (r.calling != NULL && r.calls < MANY_CALLS) {
		const struct zcl_hello call = hear_call(&r, 0);

		if (r.calls % 2 == 1)
			grant(&r, &call, 0);
		else
			contradict(&r, &call, 0);
	}
	g_assert_cmpuint(r.calls, ==, 2 * MOST_CALLS);
	g_assert_cmpint(r.why, ==, ZCL_E_FICKLE);
	rig_clear(&r);
}

/* Whoever settles on a version after some changes is connected to. */
static void test_settles(void)
{
	struct zcl_hello call;
	struct rig r;

	rig_init(&r, false);
	zcl_node_connect(r.node, PEER, 0);
	for (guint i = 1; i < MOST_CALLS; i++) {
		call = hear_call(&r, 0);
		contradict(&r, &call, 0);
		g_assert_cmpuint(r.calls, ==, i + 1);
	}
	call = hear_call(&r, 0);
	grant(&r, &call, 0);
	g_assert_cmpuint(zcl_node_stats(r.node)->conns_opened, ==, 1);
	g_assert_cmpuint(r.failed, ==, 0);
	rig_clear(&r);
}

/* Each connection ends as soon as the next is up: the set is never complete. */
static void test_takes_back(void)
{
	struct zcl_conn *last = NULL;
	struct rig r;

	rig_init(&r, true);
	zcl_node_connect(r.node, PEER, 0);
	r.calls = 1;
	while (r.calling != NULL && r.calls < MANY_CALLS) {
		const struct zcl_hello call = hear_call(&r, 0);
		struct zcl_conn *granted = r.calling;

		r.calling = NULL;
		answer_on(granted, call.kshm_version, zcl_ctype_invert(call.kshm_ctype), 0);
		if (last != NULL)
			zcl_conn_closed(last, ZCL_E_EOF, 0);
		bury(&r, 0);
		last = granted;
	}
	g_assert_cmpuint(r.calls, ==, 2 * SET_SIZE);
	g_assert_cmpuint(r.failed, ==, 1);
	g_assert_cmpint(r.why, ==, ZCL_E_EOF);
	g_assert_cmpint(r.delay, ==, SECOND);
	/* And then the set is tried again, with as many calls. */
	zcl_node_tick(r.node, SECOND);
	g_assert_nonnull(r.calling);
	rig_clear(&r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fickle/refusals", test_refusals);
	g_test_add_func("/fickle/grants", test_grants);
	g_test_add_func("/fickle/settles", test_settles);
	g_test_add_func("/fickle/takes-back", test_takes_back);
	return g_test_run();
}
