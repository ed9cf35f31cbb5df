/* SPDX-License-Identifier: MIT */
#include "tests/core/rawnode.h"

/*
 * The socket timeout, 50 s as of deployed nodes: without progress of a message that goes out, of
 * one that comes in, or without a ZC-ACK. Silence between messages is no reason (wire notes 1).
 */

#define SECOND	G_GINT64_CONSTANT(1000000000)
#define TIMEOUT (50 * SECOND)

static void pass(struct rawnode *r, int64_t time)
{
	r->now += time;
	zcl_node_tick(r->node, r->now);
}

/* The connection is lost when this time has passed, and not before. */
static void lost_after(struct rawnode *r, int64_t time)
{
	pass(r, time - 1);
	g_assert_false(r->aborted);
	pass(r, 1);
	g_assert_true(r->aborted);
	g_assert_cmpint(rawnode_event(r, ZCL_EV_CONN_DOWN)->error, ==, ZCL_E_TIMEDOUT);
}

static void test_silence(void)
{
	struct rawnode *r = rawnode_called();

	pass(r, 100 * TIMEOUT);
	g_assert_false(r->aborted);
	/* Nor is it one after messages both ways. */
	rawnode_put(r);
	rawnode_drain(r);
	rawnode_hear_noop(r, ZCL_FIRST_COOKIE);
	g_assert_true(r->last.final && r->last.status == ZCL_OK);
	pass(r, 100 * TIMEOUT);
	g_assert_false(r->aborted);
	rawnode_free(r);
}

/* Each byte that comes of an unfinished message is progress; its end is the end of the wait. */
static void test_receiving(void)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET};
	const struct zcl_lnet_hdr hdr = {.dest_nid = RAWNODE_SELF,
					 .src_nid = RAWNODE_PEER,
					 .type = ZCL_LNET_PUT,
					 .payload_length = 2,
					 .msg.put.ack_wmd = {UINT64_MAX, UINT64_MAX}};
	uint8_t bytes[ZCL_MSG_HDR_SIZE + 2] = {0};

	zcl_ksm_encode(&ksm, bytes);
	zcl_lnet_hdr_encode(&hdr, bytes + ZCL_KSM_SIZE);
	for (size_t had = 1; had < sizeof(bytes); had++) {
		struct rawnode *r = rawnode_called();

		pass(r, 10 * TIMEOUT);
		rawnode_hear(r, bytes, had);
		if (had + 1 < sizeof(bytes)) {
			pass(r, TIMEOUT - 1);
			rawnode_hear(r, bytes + had, 1);
		}
		lost_after(r, TIMEOUT);
		rawnode_free(r);

		r = rawnode_called();
		rawnode_hear(r, bytes, had);
		rawnode_hear(r, bytes + had, sizeof(bytes) - had);
		pass(r, 10 * TIMEOUT);
		g_assert_false(r->aborted);
		rawnode_free(r);
	}
}

/* It is this side that does not read: a message may wait on a lazy portal for as long as it takes.
 */
static void test_parse_wait(void)
{
	static uint8_t memory[8];
	struct rawnode *r = rawnode_called();
	const struct zcl_lnet_hdr hdr = {.dest_nid = RAWNODE_SELF,
					 .src_nid = RAWNODE_PEER,
					 .type = ZCL_LNET_PUT,
					 .msg.put = {.ack_wmd = {1, 2}, .ptl_index = 3}};
	const struct zcl_attach attach = {.portal = 3,
					  .peer = ZCL_NID_ANY,
					  .options = ZCL_MD_PUT,
					  .iov = {{memory, sizeof(memory)}},
					  .niov = 1};
	uint64_t id;

	g_assert_cmpint(zcl_lnet_set_lazy(r->node, 3, true, r->now), ==, ZCL_OK);
	rawnode_hear_lnet(r, &hdr);
	rawnode_hear_noop(r, ZCL_KEEPALIVE_COOKIE); /* behind it */
	pass(r, 10 * TIMEOUT);
	g_assert_false(r->aborted);
	g_byte_array_set_size(r->out, 0);
	g_assert_cmpint(zcl_lnet_attach(r->node, &attach, &id, r->now), ==, ZCL_OK);
	rawnode_drain(r);
	g_assert_cmpuint(r->out->len, ==, ZCL_MSG_HDR_SIZE);
	g_assert_cmpuint(zcl_node_stats(r->node)->noops_received, ==, 1);
	rawnode_free(r);
}

/* Who is refused and does not read that: no longer than others. It is no caller any more. */
static void test_refusing(void)
{
	const struct zcl_accept_req req = {.acr_version = 1, .acr_nid = RAWNODE_SELF};
	const struct zcl_hello hello = {.kshm_version = ZCL_V2, .kshm_src_nid = RAWNODE_PEER};
	struct zcl_config config = rawnode_config(ZCL_V1);
	uint8_t bytes[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];
	struct rawnode *r;

	config.max_handshakes = 1;
	r = rawnode_new_of(&config);
	zcl_accept_encode(&req, bytes);
	zcl_hello_encode(&hello, bytes + ZCL_ACCEPT_SIZE);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	g_assert_false(zcl_node_may_accept(r->node));
	zcl_conn_rx_push(r->conn, bytes, ZCL_ACCEPT_SIZE + ZCL_HELLO_V2_SIZE, 0);
	g_assert_cmpint(r->refused, ==, ZCL_REASON_VERSION);
	g_assert_true(zcl_node_may_accept(r->node));
	pass(r, TIMEOUT - 1);
	g_assert_false(r->aborted);
	pass(r, 1);
	g_assert_true(r->aborted);
	g_assert_true(zcl_node_may_accept(r->node));
	rawnode_free(r);
}

/* The same of a caller whose acceptor request is of another version. */
static void test_refusing_at_the_door(void)
{
	const struct zcl_accept_req req = {.acr_version = 2, .acr_nid = RAWNODE_SELF};
	struct zcl_config config = rawnode_config(ZCL_V2);
	uint8_t bytes[ZCL_ACCEPT_SIZE];
	struct rawnode *r;

	config.max_handshakes = 1;
	r = rawnode_new_of(&config);
	zcl_accept_encode(&req, bytes);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	zcl_conn_rx_push(r->conn, bytes, sizeof(bytes), 0);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_ACCEPTOR_VERSION);
	g_assert_true(zcl_node_may_accept(r->node));
	pass(r, config.accept_timeout);
	g_assert_true(r->aborted);
	g_assert_true(zcl_node_may_accept(r->node));
	rawnode_free(r);
}

/* Each byte that goes out is progress. */
static void test_sending(void)
{
	struct rawnode *r = rawnode_called();

	pass(r, 10 * TIMEOUT);
	zcl_conn_set_zc_capable(r->conn, false); /* nothing else that could be overdue */
	rawnode_put(r);
	pass(r, TIMEOUT - 1);
	zcl_conn_tx_advance(r->conn, 1, ZCL_WAY_COPY, r->now);
	pass(r, TIMEOUT - 1);
	zcl_conn_tx_advance(r->conn, ZCL_MSG_HDR_SIZE, ZCL_WAY_COPY, r->now);
	lost_after(r, TIMEOUT);
	g_assert_cmpint(r->last.status, ==, ZCL_E_TIMEDOUT);
	rawnode_free(r);
}

/* Nothing of it goes out at all; what is queued behind it meanwhile is no progress. */
static void test_stuck(void)
{
	struct rawnode *r = rawnode_called();

	zcl_conn_set_zc_capable(r->conn, false);
	rawnode_put(r);
	pass(r, TIMEOUT / 2);
	rawnode_put(r);
	lost_after(r, TIMEOUT / 2);
	rawnode_free(r);
}

/* Sent and not acknowledged: all connections with that peer are closed, and the message fails. */
static void test_unacknowledged(void)
{
	static const int32_t set[] = {ZCL_CONN_CONTROL, ZCL_CONN_BULK_OUT, ZCL_CONN_BULK_IN};
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

	for (size_t i = 0; i < G_N_ELEMENTS(set); i++)
		rawnode_call_typed(r, set[i]);
	rawnode_put(r); /* on the last, BULK_OUT here */
	rawnode_drain(r);
	g_assert_cmpuint(rawnode_conns(r), ==, 3);
	lost_after(r, TIMEOUT);
	g_assert_cmpuint(rawnode_event(r, ZCL_EV_OVERDUE)->cookie, ==, ZCL_FIRST_COOKIE);
	g_assert_cmpuint(rawnode_conns(r), ==, 0);
	rawnode_bury(r);
	g_assert_true(r->last.final && r->last.status == ZCL_E_TIMEDOUT);
	rawnode_free(r);
}

/* A message that waits for a connection, and for that the end of a longer interval. */
static void test_waiting(void)
{
	struct zcl_config config = rawnode_config(ZCL_V2);
	struct rawnode *r;

	config.min_reconnect = config.max_reconnect;
	r = rawnode_new_of(&config);
	g_assert_cmpint(zcl_node_connect(r->node, r->peer, r->now), ==, ZCL_OK);
	zcl_conn_closed(r->conn, ZCL_E_REFUSED, r->now);
	rawnode_bury(r);
	rawnode_put(r);
	pass(r, TIMEOUT - 1);
	g_assert_false(r->last.final);
	pass(r, 1);
	g_assert_true(r->last.final && r->last.status == ZCL_E_TIMEDOUT);
	rawnode_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/timeouts/silence", test_silence);
	g_test_add_func("/timeouts/receiving", test_receiving);
	g_test_add_func("/timeouts/parse-wait", test_parse_wait);
	g_test_add_func("/timeouts/refusing", test_refusing);
	g_test_add_func("/timeouts/refusing-at-the-door", test_refusing_at_the_door);
	g_test_add_func("/timeouts/sending", test_sending);
	g_test_add_func("/timeouts/stuck", test_stuck);
	g_test_add_func("/timeouts/unacknowledged", test_unacknowledged);
	g_test_add_func("/timeouts/waiting", test_waiting);
	return g_test_run();
}
