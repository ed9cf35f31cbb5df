/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/core/rawnode.h"

/*
 * REPLYs and LNet ACKs that a peer sends, for this side's GETs and PUTs or for none: each operation
 * hears of its own, once, and nothing is written where nobody asked for it (wire notes 8).
 */

#define SECOND G_GINT64_CONSTANT(1000000000)
#define ROOM   100

struct rig {
	struct rawnode *r;
	uint8_t memory[ROOM + 50]; /* the sink of a GET, and what lies behind it */
	struct zcl_handle handle;  /* of the last request */
};

static struct zcl_handle handle_sent(const struct rawnode *r)
{
	struct zcl_lnet_hdr hdr;

	g_assert_cmpuint(r->out->len, ==, ZCL_MSG_HDR_SIZE);
	g_assert_cmpint(zcl_lnet_hdr_decode(r->out->data + ZCL_KSM_SIZE, &hdr), ==, ZCL_OK);
	g_assert_cmpuint(hdr.dest_nid, ==, RAWNODE_PEER);
	return hdr.type == ZCL_LNET_GET ? hdr.msg.get.return_wmd : hdr.msg.put.ack_wmd;
}

static void forget_events(struct rig *rig)
{
	rig->r->last = (struct zcl_lnet_event){0};
	g_byte_array_set_size(rig->r->out, 0);
}

static void get(struct rig *rig)
{
	const struct iovec iov = {rig->memory, ROOM};
	const struct zcl_get get = {.target = RAWNODE_PEER, .iov = &iov, .niov = 1, .user = rig};

	forget_events(rig);
	g_assert_cmpint(zcl_lnet_get(rig->r->node, &get, rig->r->now), ==, ZCL_OK);
	rawnode_drain(rig->r);
	rig->handle = handle_sent(rig->r);
}

static void put(struct rig *rig)
{
	const struct zcl_put put = {.target = RAWNODE_PEER, .want_ack = true, .user = rig};

	forget_events(rig);
	g_assert_cmpint(zcl_lnet_put(rig->r->node, &put, rig->r->now), ==, ZCL_OK);
	rawnode_drain(rig->r);
	rig->handle = handle_sent(rig->r);
	rig->r->last = (struct zcl_lnet_event){0}; /* SEND */
}

static struct rig rig_new(void)
{
	return (struct rig){.r = rawnode_called()};
}

static void rig_free(struct rig *rig)
{
	g_assert_false(rig->r->aborted);
	rawnode_free(rig->r);
}

/* A REPLY with so many bytes of this value; only the first `now` of them come. */
static void begin_reply(struct rig *rig, struct zcl_lnet_hdr hdr, size_t now, uint8_t value)
{
	uint8_t bytes[sizeof(rig->memory)];

	memset(bytes, value, sizeof(bytes));
	rawnode_hear_lnet(rig->r, &hdr);
	rawnode_hear(rig->r, bytes, now);
}

static struct zcl_lnet_hdr reply_header(const struct rig *rig, struct zcl_handle handle,
					size_t length)
{
	return (struct zcl_lnet_hdr){.dest_nid = RAWNODE_SELF,
				     .src_nid = rig->r->peer,
				     .type = ZCL_LNET_REPLY,
				     .payload_length = (uint32_t)length,
				     .msg.reply.dst_wmd = handle};
}

static void reply(struct rig *rig, struct zcl_handle handle, size_t length, uint8_t value)
{
	begin_reply(rig, reply_header(rig, handle, length), length, value);
}

static void ack(struct rig *rig, struct zcl_handle handle)
{
	const struct zcl_lnet_hdr hdr = {.dest_nid = RAWNODE_SELF,
					 .src_nid = rig->r->peer,
					 .type = ZCL_LNET_ACK,
					 .msg.ack.dst_wmd = handle};

	rawnode_hear_lnet(rig->r, &hdr);
}

/* Nobody hears of what has just come, and nothing of it is written. */
static void is_dropped(struct rig *rig, uint64_t dropped)
{
	g_assert_null(rig->r->last.user);
	g_assert_cmpuint(zcl_node_stats(rig->r->node)->dropped, ==, dropped);
	for (size_t i = 0; i < sizeof(rig->memory); i++)
		g_assert_cmpuint(rig->memory[i], ==, 0);
}

static void is_replied(struct rig *rig, size_t length, uint8_t value)
{
	g_assert_true(rig->r->last.kind == ZCL_LNET_EV_REPLY && rig->r->last.user == rig);
	g_assert_true(rig->r->last.final && rig->r->last.status == ZCL_OK);
	g_assert_cmpuint(rig->r->last.mlength, ==, length);
	for (size_t i = 0; i < sizeof(rig->memory); i++)
		g_assert_cmpuint(rig->memory[i], ==, i < length ? value : 0);
}

/* Shorter and as long as there is room for; of a longer one the rest is skipped. */
static void test_lengths(void)
{
	static const size_t lengths[] = {0, 1, ROOM - 1, ROOM, ROOM + 1, ROOM + 50};

	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		struct rig rig = rig_new();

		get(&rig);
		reply(&rig, rig.handle, lengths[i], 7);
		is_replied(&rig, MIN(lengths[i], ROOM), 7);
		rig_free(&rig);
	}
}

/* Handles that are not the GET's: another life's, another operation's, one that is over. */
static void test_wrong_handles(void)
{
	struct rig rig = rig_new();
	struct zcl_handle wrong;

	get(&rig);
	wrong = rig.handle;
	wrong.wh_interface_cookie++;
	reply(&rig, wrong, 10, 7);
	is_dropped(&rig, 1);
	wrong = rig.handle;
	wrong.wh_object_cookie++;
	reply(&rig, wrong, 10, 7);
	is_dropped(&rig, 2);
	wrong = rig.handle;
	wrong.wh_object_cookie += UINT64_C(1) << 32;
	reply(&rig, wrong, 10, 7);
	is_dropped(&rig, 3);
	reply(&rig, zcl_handle_none, 10, 7);
	is_dropped(&rig, 4);
	/* What is no answer to a GET. */
	ack(&rig, rig.handle);
	is_dropped(&rig, 5);
	reply(&rig, rig.handle, 10, 7);
	is_replied(&rig, 10, 7);
	rig_free(&rig);
}

/* One answer each; the place of one that is over is taken, and its handle is not the new one's. */
static void test_once(void)
{
	struct rig rig = rig_new();
	struct zcl_handle first;

	get(&rig);
	first = rig.handle;
	reply(&rig, first, 0, 7);
	is_replied(&rig, 0, 7);
	forget_events(&rig);
	reply(&rig, first, 10, 7);
	is_dropped(&rig, 1);
	get(&rig);
	g_assert_false(zcl_handle_equal(first, rig.handle));
	reply(&rig, first, 10, 7);
	is_dropped(&rig, 2);
	reply(&rig, rig.handle, 10, 8);
	is_replied(&rig, 10, 8);
	rig_free(&rig);
}

static void test_put(void)
{
	struct rig rig = rig_new();

	put(&rig);
	reply(&rig, rig.handle, 10, 7); /* no answer to a PUT */
	is_dropped(&rig, 1);
	ack(&rig, rig.handle);
	g_assert_true(rig.r->last.kind == ZCL_LNET_EV_ACK && rig.r->last.user == &rig);
	g_assert_true(rig.r->last.final && rig.r->last.status == ZCL_OK);
	forget_events(&rig);
	ack(&rig, rig.handle);
	is_dropped(&rig, 2);
	rig_free(&rig);
}

/* A second LNet ACK while the first one's PUT still waits for its ZC-ACK: that is not an answer. */
static void test_bulk_put(void)
{
	static uint8_t bulk[RAWNODE_BULK];
	const struct iovec iov = {bulk, sizeof(bulk)};
	struct rig rig = rig_new();
	const struct zcl_put put = {
		.target = RAWNODE_PEER, .iov = &iov, .niov = 1, .want_ack = true, .user = &rig};

	forget_events(&rig);
	g_assert_cmpint(zcl_lnet_put(rig.r->node, &put, 0), ==, ZCL_OK);
	rawnode_drain(rig.r);
	g_byte_array_set_size(rig.r->out, ZCL_MSG_HDR_SIZE);
	rig.handle = handle_sent(rig.r);
	ack(&rig, rig.handle);
	g_assert_true(rig.r->last.kind == ZCL_LNET_EV_ACK && !rig.r->last.final);
	forget_events(&rig);
	ack(&rig, rig.handle);
	is_dropped(&rig, 1);
	rawnode_hear_noop(rig.r, ZCL_FIRST_COOKIE);
	g_assert_true(rig.r->last.kind == ZCL_LNET_EV_SEND && rig.r->last.final);
	rig_free(&rig);
}

/* Its time is up: what comes later is skipped, also the rest of what had begun to come. */
static void test_late(void)
{
	struct rig rig = rig_new();

	get(&rig);
	rig.r->now += 50 * SECOND;
	zcl_node_tick(rig.r->node, rig.r->now);
	g_assert_true(rig.r->last.final && rig.r->last.status == ZCL_E_TIMEDOUT);
	forget_events(&rig);
	reply(&rig, rig.handle, 10, 7);
	is_dropped(&rig, 1);

	get(&rig);
	rig.r->now += 49 * SECOND;
	begin_reply(&rig, reply_header(&rig, rig.handle, ROOM), 30, 7);
	rig.r->now += SECOND;
	zcl_node_tick(rig.r->node, rig.r->now);
	g_assert_true(rig.r->last.final && rig.r->last.status == ZCL_E_TIMEDOUT);
	memset(rig.memory, 0, sizeof(rig.memory)); /* its owner's again */
	forget_events(&rig);
	rawnode_hear(rig.r,
		     "0123456789012345678901234567890123456789012345678901234567890123456789",
		     ROOM - 30);
	is_dropped(&rig, 1);
	put(&rig); /* the stream goes on behind it */
	ack(&rig, rig.handle);
	g_assert_true(rig.r->last.final && rig.r->last.status == ZCL_OK);
	rig_free(&rig);
}

/* Another peer knows the handle: it is not its to answer. */
static void test_another_peer(void)
{
	struct rig rig = rig_new();

	get(&rig);
	rig.r->peer = RAWNODE_PEER + 1;
	rawnode_call(rig.r, false, RAWNODE_SELF, ZCL_V2);
	reply(&rig, rig.handle, 10, 7);
	is_dropped(&rig, 1);
	ack(&rig, rig.handle);
	is_dropped(&rig, 2);
	rig_free(&rig);
}

/* Two at once on two connections: the first has the buffer, the second is skipped. */
static void test_two_at_once(void)
{
	struct rig rig = {.r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY)};
	struct zcl_conn *control, *bulk;

	rawnode_call_typed(rig.r, ZCL_CONN_BULK_OUT);
	bulk = rig.r->conn;
	rawnode_call_typed(rig.r, ZCL_CONN_CONTROL);
	control = rig.r->conn;
	get(&rig);
	rig.r->conn = bulk;
	begin_reply(&rig, reply_header(&rig, rig.handle, ROOM), 30, 7);
	rig.r->conn = control;
	reply(&rig, rig.handle, ROOM, 9);
	g_assert_null(rig.r->last.user);
	g_assert_cmpuint(zcl_node_stats(rig.r->node)->dropped, ==, 1);
	rig.r->conn = bulk;
	memset(rig.memory, 7, ROOM);
	for (size_t i = 30; i < ROOM; i++)
		rawnode_hear(rig.r, "\7", 1);
	is_replied(&rig, ROOM, 7);
	rig_free(&rig);
}

/* Messages between other NIDs than the two of the connection are not for anybody here. */
static void test_foreign(void)
{
	struct rig rig = rig_new();
	struct zcl_lnet_hdr hdr;

	get(&rig);
	hdr = reply_header(&rig, rig.handle, 10);
	hdr.dest_nid++;
	begin_reply(&rig, hdr, 10, 7);
	is_dropped(&rig, 1);
	hdr = reply_header(&rig, rig.handle, 10);
	hdr.src_nid++;
	begin_reply(&rig, hdr, 10, 7);
	is_dropped(&rig, 2);
	reply(&rig, rig.handle, 10, 7);
	is_replied(&rig, 10, 7);
	rig_free(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/replies/lengths", test_lengths);
	g_test_add_func("/replies/wrong-handles", test_wrong_handles);
	g_test_add_func("/replies/once", test_once);
	g_test_add_func("/replies/put", test_put);
	g_test_add_func("/replies/bulk-put", test_bulk_put);
	g_test_add_func("/replies/late", test_late);
	g_test_add_func("/replies/another-peer", test_another_peer);
	g_test_add_func("/replies/two-at-once", test_two_at_once);
	g_test_add_func("/replies/foreign", test_foreign);
	return g_test_run();
}
