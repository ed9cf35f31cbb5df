/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h" /* the counter of cookies has a long way to go */
#include "tests/core/rawnode.h"

/*
 * One node against ACKs and zero-copy requests written by hand: which cookies it takes, when it
 * acknowledges, and what it sends as a request (wire notes 6 and 7).
 */

/* A cookie that nobody gave out closes the connection; a keepalive does not. */
static void test_unknown_cookie(void)
{
	struct rawnode *r = rawnode_called();

	rawnode_hear_noop(r, ZCL_KEEPALIVE_COOKIE);
	g_assert_false(r->aborted);
	rawnode_hear_noop(r, 2);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_COOKIE);
	rawnode_free(r);
}

static uint8_t payload[RAWNODE_BULK];

/* An ACK twice: the second is unknown. */
static void test_acked_twice(void)
{
	struct rawnode *r = rawnode_called();

	rawnode_put(r);
	rawnode_drain(r);
	rawnode_hear_noop(r, 2);
	g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_SEND);
	g_assert_cmpint(r->last.status, ==, ZCL_OK);
	g_assert_false(r->aborted);
	rawnode_hear_noop(r, 2);
	g_assert_true(r->aborted);
	rawnode_free(r);
}

/* The ACK in a message's ksock header counts when that is there: its LNet header may never come. */
static void test_acked_at_the_header(void)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET, .ksm_zc_cookies = {0, 2}};
	const struct zcl_ksm next = {.ksm_type = ZCL_KSM_LNET, .ksm_zc_cookies = {0, 3}};
	const struct zcl_lnet_hdr hdr = {
		.dest_nid = RAWNODE_SELF, .src_nid = RAWNODE_PEER, .type = ZCL_LNET_PUT};
	uint8_t head[ZCL_MSG_HDR_SIZE];

	zcl_lnet_hdr_encode(&hdr, head + ZCL_KSM_SIZE);
	for (size_t cut = ZCL_KSM_SIZE - 1; cut <= ZCL_MSG_HDR_SIZE; cut++) {
		struct rawnode *r = rawnode_called();
		const struct zcl_stats *stats = zcl_node_stats(r->node);

		zcl_ksm_encode(&ksm, head);
		rawnode_put(r);
		rawnode_drain(r);
		rawnode_hear(r, head, cut);
		g_assert_cmpuint(stats->acks_received, ==, cut >= ZCL_KSM_SIZE);
		g_assert_cmpuint(stats->buffers_released, ==, cut >= ZCL_KSM_SIZE);
		g_assert_cmpint(r->last.final, ==, cut >= ZCL_KSM_SIZE);
		/* Once: the rest does not make it a second one. */
		rawnode_hear(r, head + cut, sizeof(head) - cut);
		g_assert_cmpuint(stats->acks_received, ==, 1);
		g_assert_cmpuint(stats->messages_received, ==, 1);
		g_assert_false(r->aborted);
		/* And the next message's counts again. */
		rawnode_put(r);
		rawnode_drain(r);
		zcl_ksm_encode(&next, head);
		rawnode_hear(r, head, sizeof(head));
		g_assert_cmpuint(stats->acks_received, ==, 2);
		rawnode_free(r);
	}
}

/* A PUT waits on the BULK_OUT of a set, which is returned; its ACK would come on CONTROL. */
static struct zcl_conn *put_on_bulk(struct rawnode *r, struct zcl_conn **control)
{
	rawnode_call_typed(r, ZCL_CONN_CONTROL);
	*control = r->conn;
	rawnode_call_typed(r, ZCL_CONN_BULK_IN); /* BULK_OUT here */
	rawnode_put(r);
	return r->conn;
}

/* The connection with the PUT is reset; what comes now comes on the other. */
static void lose_bulk(struct rawnode *r, struct zcl_conn *bulk, struct zcl_conn *control)
{
	zcl_conn_closed(bulk, ZCL_E_RESET, 0);
	rawnode_bury(r);
	g_assert_cmpint(r->last.status, ==, ZCL_E_RESET);
	r->aborted = false;
	r->conn = control;
}

/*
 * A message and its ACK take different connections of a typed set. The one breaks while the ACK is
 * on its way on the other: that is nobody's fault. A cookie that was never given is.
 */
static void test_acked_late(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);
	struct zcl_conn *control, *bulk = put_on_bulk(r, &control);

	rawnode_drain(r);
	lose_bulk(r, bulk, control);
	rawnode_hear_noop(r, 2);
	g_assert_false(r->aborted);
	rawnode_hear_noop(r, 3);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_COOKIE);
	rawnode_free(r);
}

/* ... and so is one of a message that its connection took along before all of it was sent. */
static void test_acked_of_the_unsent(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);
	struct zcl_conn *control, *bulk = put_on_bulk(r, &control);

	zcl_conn_tx_advance(bulk, ZCL_MSG_HDR_SIZE, ZCL_WAY_COPY, 0);
	lose_bulk(r, bulk, control);
	rawnode_hear_noop(r, 2);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_COOKIE);
	rawnode_free(r);
}

/* The counter wraps to the first cookie: 0 says that there is none, 1 is the keepalive. */
static void test_cookies_wrap(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);
	static const uint64_t cookies[] = {UINT64_MAX - 1, UINT64_MAX, 2, 3};

	r->node->first_cookie = cookies[0]; /* of a peer that is met from now on */
	rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
	for (size_t i = 0; i < G_N_ELEMENTS(cookies); i++) {
		rawnode_put(r);
		rawnode_drain(r);
		g_assert_cmpuint(rawnode_event(r, ZCL_EV_COOKIE_GIVEN)->cookie, ==, cookies[i]);
		r->last.final = false;
		rawnode_hear_noop(r, cookies[i]);
		g_assert_true(r->last.final && r->last.status == ZCL_OK);
	}
	g_assert_false(r->aborted);
	rawnode_free(r);
}

/* An ACK for what was not all sent is a lie. */
static void test_acked_too_early(void)
{
	struct rawnode *r = rawnode_called();
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_NOOP, .ksm_zc_cookies = {0, 2}};
	uint8_t bytes[ZCL_KSM_SIZE];

	rawnode_put(r);
	zcl_ksm_encode(&ksm, bytes);
	zcl_conn_rx_push(r->conn, bytes, sizeof(bytes), 0);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_COOKIE);
	rawnode_free(r);
}

/* The ACK of a ZC request goes out when its last byte is there, not before. */
static void test_ack_after_payload(void)
{
	struct rawnode *r = rawnode_called();
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET, .ksm_zc_cookies = {7, 0}};
	const struct zcl_lnet_hdr hdr = {.dest_nid = RAWNODE_SELF,
					 .src_nid = RAWNODE_PEER,
					 .type = ZCL_LNET_PUT,
					 .payload_length = sizeof(payload),
					 .msg.put.ack_wmd = {UINT64_MAX, UINT64_MAX}};
	uint8_t head[ZCL_MSG_HDR_SIZE];
	const guint before = r->out->len;

	zcl_ksm_encode(&ksm, head);
	zcl_lnet_hdr_encode(&hdr, head + ZCL_KSM_SIZE);
	rawnode_hear(r, head, sizeof(head));
	rawnode_hear(r, payload, sizeof(payload) - 1);
	g_assert_cmpuint(r->out->len, ==, before);
	rawnode_hear(r, payload, 1);
	g_assert_cmpuint(r->out->len, ==, before + ZCL_KSM_SIZE);
	rawnode_free(r);
}

/* ... and never when its checksum is wrong. */
static void test_no_ack_for_bad_checksum(void)
{
	struct rawnode *r = rawnode_called();
	const struct zcl_ksm ksm = {
		.ksm_type = ZCL_KSM_LNET, .ksm_csum = 0x1234, .ksm_zc_cookies = {7, 0}};
	const struct zcl_lnet_hdr hdr = {.dest_nid = RAWNODE_SELF,
					 .src_nid = RAWNODE_PEER,
					 .type = ZCL_LNET_PUT,
					 .payload_length = sizeof(payload)};
	uint8_t head[ZCL_MSG_HDR_SIZE];
	const guint before = r->out->len;

	zcl_ksm_encode(&ksm, head);
	zcl_lnet_hdr_encode(&hdr, head + ZCL_KSM_SIZE);
	rawnode_hear(r, head, sizeof(head));
	rawnode_hear(r, payload, sizeof(payload));
	g_assert_cmpuint(r->out->len, ==, before);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_CHECKSUM);
	rawnode_free(r);
}

/* No cookie on a connection that cannot send without a copy, and no batch of its own. */
static void test_not_capable(void)
{
	struct rawnode *r = rawnode_called();
	struct zcl_tx_batch batch;

	zcl_conn_set_zc_capable(r->conn, false);
	rawnode_put(r);
	g_assert_true(zcl_conn_tx_batch(r->conn, &batch));
	g_assert_false(batch.zc);
	g_assert_cmpuint(batch.nob, ==, ZCL_MSG_HDR_SIZE + sizeof(payload));
	rawnode_drain(r);
	g_assert_cmpuint(zcl_node_stats(r->node)->zc_requests, ==, 0);
	g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_SEND);
	rawnode_free(r);
}

/* A backend that copies gets header and payload in one batch; the ZC request is made all the same.
 */
static void test_copying(void)
{
	struct rawnode *r = rawnode_called();
	const struct zcl_stats *stats = zcl_node_stats(r->node);
	struct zcl_tx_batch batch;

	rawnode_put(r);
	zcl_conn_set_copying(r->conn, true);
	g_assert_true(zcl_conn_tx_batch(r->conn, &batch));
	g_assert_false(batch.zc);
	g_assert_cmpuint(batch.nob, ==, ZCL_MSG_HDR_SIZE + sizeof(payload));
	/* Half of the header, then into the payload, then the rest. */
	zcl_conn_tx_advance(r->conn, 50, false, 0);
	g_assert_cmpuint(stats->zc_bytes[ZCL_WAY_COPY], ==, 0);
	g_assert_true(zcl_conn_tx_batch(r->conn, &batch));
	zcl_conn_tx_advance(r->conn, ZCL_MSG_HDR_SIZE - 50 + 1000, false, 0);
	g_assert_cmpuint(stats->zc_bytes[ZCL_WAY_COPY], ==, 1000);
	rawnode_drain(r);
	g_assert_cmpuint(stats->zc_bytes[ZCL_WAY_COPY], ==, sizeof(payload));
	g_assert_cmpuint(stats->zc_bytes[ZCL_WAY_ZEROCOPY], ==, 0);
	g_assert_cmpuint(stats->zc_requests, ==, 1);
	rawnode_hear_noop(r, 2);
	g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_SEND);
	rawnode_free(r);
}

/* An LNet ACK for more than was sent: the program hears of what was sent. */
static void test_acked_too_much(void)
{
	static const uint32_t said[] = {0, 99, 100, 101, UINT32_MAX};

	for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
		struct rawnode *r = rawnode_called();
		const struct iovec iov = {payload, 100};
		const struct zcl_put put = {.target = RAWNODE_PEER,
					    .portal = 3,
					    .iov = &iov,
					    .niov = 1,
					    .want_ack = true};
		struct zcl_lnet_hdr hdr;
		const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET};
		uint8_t bytes[ZCL_MSG_HDR_SIZE];

		g_byte_array_set_size(r->out, 0);
		g_assert_cmpint(zcl_lnet_put(r->node, &put, 0), ==, ZCL_OK);
		rawnode_drain(r);
		g_assert_cmpint(zcl_lnet_hdr_decode(r->out->data + ZCL_KSM_SIZE, &hdr), ==, ZCL_OK);
		hdr = (struct zcl_lnet_hdr){
			.dest_nid = RAWNODE_SELF,
			.src_nid = RAWNODE_PEER,
			.type = ZCL_LNET_ACK,
			.msg.ack = {.dst_wmd = hdr.msg.put.ack_wmd, .mlength = said[i]}};
		zcl_ksm_encode(&ksm, bytes);
		zcl_lnet_hdr_encode(&hdr, bytes + ZCL_KSM_SIZE);
		rawnode_hear(r, bytes, sizeof(bytes));
		g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_ACK);
		g_assert_cmpint(r->last.status, ==, ZCL_OK);
		g_assert_cmpuint(r->last.mlength, ==, MIN(said[i], 100));
		g_assert_false(r->aborted);
		rawnode_free(r);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conn/unknown-cookie", test_unknown_cookie);
	g_test_add_func("/conn/acked-twice", test_acked_twice);
	g_test_add_func("/conn/acked-at-the-header", test_acked_at_the_header);
	g_test_add_func("/conn/acked-late", test_acked_late);
	g_test_add_func("/conn/acked-of-the-unsent", test_acked_of_the_unsent);
	g_test_add_func("/conn/acked-too-early", test_acked_too_early);
	g_test_add_func("/conn/cookies-wrap", test_cookies_wrap);
	g_test_add_func("/conn/ack-after-payload", test_ack_after_payload);
	g_test_add_func("/conn/acked-too-much", test_acked_too_much);
	g_test_add_func("/conn/copying", test_copying);
	g_test_add_func("/conn/not-capable", test_not_capable);
	g_test_add_func("/conn/no-ack-for-bad-checksum", test_no_ack_for_bad_checksum);
	return g_test_run();
}
