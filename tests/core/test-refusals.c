/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node.h"
#include "tests/captures/streams.h"

/*
 * Recorded calls that zclnd answers otherwise than test-replay.c can show: those of V3 nodes, as
 * far as the refusal, and the decisions of a node that is called while it calls, by one that
 * restarts, and twice for the same. Answers are compared with recorded ones, byte by byte.
 */

#define REQUEST_SIZE 16
#define HELLO_SIZE   56
#define CALL_SIZE    (REQUEST_SIZE + HELLO_SIZE)
/* In a HELLO of V2 and V3. */
#define VERSION_AT     4
#define SRC_NID_AT     8
#define DST_NID_AT     16
#define INCARNATION_AT 32

struct callee {
	struct zcl_node *node;
	struct zcl_conn *calling; /* our own attempt; NULL: none */
	GQueue ended;		  /* connections to be told gone */
	bool closed_in_order;	  /* the last one that ended */
};

static void on_connect(void *user, struct zcl_conn *conn)
{
	((struct callee *)user)->calling = conn;
}

static void note_end(struct callee *callee, struct zcl_conn *conn, bool in_order)
{
	callee->closed_in_order = in_order;
	if (callee->calling == conn)
		callee->calling = NULL;
	g_queue_push_tail(&callee->ended, conn);
}

static void on_close(void *user, struct zcl_conn *conn)
{
	note_end(user, conn, true);
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	note_end(user, conn, false);
}

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static bool has_ended(const struct callee *callee, const struct zcl_conn *conn)
{
	return g_queue_find((GQueue *)&callee->ended, conn) != NULL;
}

static void start(struct callee *callee, zcl_nid nid, uint64_t incarnation)
{
	static const struct zcl_callbacks callbacks = {.connect = on_connect,
						       .close = on_close,
						       .abort = on_abort,
						       .wake_tx = nothing,
						       .wake_rx = nothing};
	struct zcl_config config;

	*callee = (struct callee){0};
	g_queue_init(&callee->ended);
	zcl_config_init(&config);
	config.nid = nid;
	config.incarnation = incarnation;
	callee->node = zcl_node_new(&config, &callbacks, callee, NULL);
	g_assert_nonnull(callee->node);
}

static void stop(struct callee *callee)
{
	zcl_node_shutdown(callee->node, 0);
	while (!g_queue_is_empty(&callee->ended))
		zcl_conn_gone(g_queue_pop_head(&callee->ended), 0);
	g_assert_true(zcl_node_is_idle(callee->node));
	zcl_node_free(callee->node);
}

/* Everything that the connection has to send. */
static GByteArray *sent(struct zcl_conn *conn)
{
	GByteArray *out = g_byte_array_new();
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(conn, &batch)) {
		for (size_t i = 0; i < batch.niov; i++)
			g_byte_array_append(out, batch.iov[i].iov_base,
					    (guint)batch.iov[i].iov_len);
		zcl_conn_tx_advance(conn, batch.nob, ZCL_WAY_COPY, 0);
	}
	return out;
}

/* Request and HELLO of a recorded caller; *conn, unless NULL, is the connection. */
static GByteArray *answer_to(struct callee *callee, const uint8_t *call, struct zcl_conn **conn)
{
	struct zcl_conn *called = zcl_node_accepted(callee->node, NULL, 0);

	g_assert_nonnull(called);
	zcl_conn_rx_push(called, call, CALL_SIZE, 0);
	if (conn)
		*conn = called;
	return sent(called);
}

static uint64_t u64_at(const GByteArray *bytes, guint at)
{
	uint64_t value;

	g_assert_cmpuint(bytes->len, >=, at + sizeof(value));
	memcpy(&value, bytes->data + at, sizeof(value));
	return GUINT64_FROM_LE(value);
}

static GByteArray *stream_of(const GPtrArray *streams, guint index, bool from_active)
{
	g_assert_cmpuint(index, <, streams->len);
	return streams_join(streams->pdata[index], from_active);
}

/* The HELLO with which a deployed V2 node refuses V3, with other NIDs and another incarnation. */
static GByteArray *recorded_refusal(zcl_nid nid, uint64_t incarnation)
{
	GPtrArray *streams = streams_load("nego-active3-passive2-ping");
	GByteArray *hello = stream_of(streams, 0, false);
	const uint64_t own = GUINT64_TO_LE(nid), started = GUINT64_TO_LE(incarnation);

	g_assert_cmpuint(hello->len, ==, HELLO_SIZE);
	g_assert_cmpuint(u64_at(hello, SRC_NID_AT), ==, u64_at(hello, DST_NID_AT));
	memcpy(hello->data + SRC_NID_AT, &own, sizeof(own));
	memcpy(hello->data + DST_NID_AT, &own, sizeof(own));
	memcpy(hello->data + INCARNATION_AT, &started, sizeof(started));
	g_ptr_array_unref(streams);
	return hello;
}

static void test_v3(gconstpointer data)
{
	const uint64_t incarnation = 0x1122334455667788;
	GPtrArray *streams = streams_load(data);

	for (guint i = 0; i < streams->len; i++) {
		GByteArray *call = stream_of(streams, i, true), *expected, *got;
		const zcl_nid nid = u64_at(call, 8); /* whom the acceptor request names */
		struct callee callee;

		g_assert_cmpuint(call->data[REQUEST_SIZE + VERSION_AT], ==, ZCL_V3);
		expected = recorded_refusal(nid, incarnation);
		start(&callee, nid, incarnation);
		got = answer_to(&callee, call->data, NULL);
		g_assert_cmpmem(got->data, got->len, expected->data, expected->len);
		/* In order: the caller has it in any case. */
		g_assert_true(callee.closed_in_order);
		stop(&callee);
		g_byte_array_unref(call);
		g_byte_array_unref(expected);
		g_byte_array_unref(got);
	}
	g_ptr_array_unref(streams);
}

/* ---- decisions ---- */

struct probe {
	GPtrArray *streams;
	struct callee callee;
};

/*
 * Lets the recorded caller of a stream call, and compares the answer. The nodes spoke V3, whose
 * HELLO is V2's but for the number.
 */
static struct zcl_conn *decide(struct probe *probe, guint index)
{
	GByteArray *call = stream_of(probe->streams, index, true);
	GByteArray *expected = stream_of(probe->streams, index, false), *got;
	struct zcl_conn *conn;

	call->data[REQUEST_SIZE + VERSION_AT] = ZCL_V2;
	expected->data[VERSION_AT] = ZCL_V2;
	got = answer_to(&probe->callee, call->data, &conn);
	g_assert_cmpmem(got->data, got->len, expected->data, HELLO_SIZE);
	g_byte_array_unref(call);
	g_byte_array_unref(expected);
	g_byte_array_unref(got);
	return conn;
}

static void test_decisions(void)
{
	struct probe probe = {.streams = streams_load("probe-race-incarnation")};
	struct callee *callee = &probe.callee;
	GByteArray *first = stream_of(probe.streams, 0, true);
	const zcl_nid self = u64_at(first, REQUEST_SIZE + SRC_NID_AT), peer = u64_at(first, 8);
	struct zcl_conn *old, *conn;
	guint at = 0;

	g_assert_cmpuint(self, >, peer);
	start(callee, self, u64_at(first, REQUEST_SIZE + INCARNATION_AT));
	/* Streams in which the other side calls: the first of them comes while we call. */
	while (((struct stream_bytes *)probe.streams->pdata[at])->active[strlen("10.77.0.")] != '1')
		at++;
	zcl_node_connect(callee->node, peer, 0);
	zcl_conn_connected(callee->calling, 0);
	conn = decide(&probe, at);
	g_assert_true(has_ended(callee, conn)); /* lost the race */
	zcl_conn_closed(callee->calling, ZCL_E_TIMEDOUT, 0);
	zcl_node_disconnect(callee->node, peer, 0);
	old = decide(&probe, at + 1);
	g_assert_false(has_ended(callee, old)); /* accepted, as one that has started anew */
	conn = decide(&probe, at + 2);
	g_assert_true(has_ended(callee, conn)); /* stale: another incarnation */
	g_assert_true(has_ended(callee, old));
	conn = decide(&probe, at + 3);
	g_assert_false(has_ended(callee, conn)); /* the next is taken, whatever it is */
	zcl_conn_closed(conn, ZCL_E_EOF, 0);
	old = decide(&probe, at + 4);
	g_assert_false(has_ended(callee, old)); /* none was left: nothing can be stale */
	conn = decide(&probe, at + 5);
	g_assert_true(has_ended(callee, conn)); /* a duplicate */
	g_assert_false(has_ended(callee, old));
	stop(callee);
	g_byte_array_unref(first);
	g_ptr_array_unref(probe.streams);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/refusals/v3-ping", "v3-ping", test_v3);
	g_test_add_data_func("/refusals/v3-bulk", "v3-lst-brw-write-64k-full", test_v3);
	g_test_add_data_func("/refusals/v3-bulk-16k", "v3-lst-brw-write-16k-c8-full", test_v3);
	g_test_add_data_func("/refusals/v3-keepalive", "v3-keepalive-idle", test_v3);
	g_test_add_func("/refusals/decisions", test_decisions);
	return g_test_run();
}
