/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/core/rawnode.h"

/* What a node answers to PUTs and GETs: to whom, how much, and when nothing (wire notes 8). */

#define PORTAL 4
#define BITS   42
#define PID    777 /* of the asker, which is no kernel node */

static uint8_t memory[ZCL_LNET_MTU + 1000];

struct answer {
	bool came;
	struct zcl_lnet_hdr hdr;
};

static void attach(struct rawnode *r, uint32_t options, size_t length)
{
	const struct zcl_attach attach = {.portal = PORTAL,
					  .match_bits = BITS,
					  .peer = ZCL_NID_ANY,
					  .options = options | ZCL_MD_REMOTE_OFFSET,
					  .iov = {{memory, length}},
					  .niov = 1};
	uint64_t id;

	g_assert_cmpint(zcl_lnet_attach(r->node, &attach, &id, 0), ==, ZCL_OK);
}

/* What comes back at once. */
static struct answer ask(struct rawnode *r, struct zcl_lnet_hdr hdr)
{
	struct answer answer = {0};

	hdr.dest_nid = RAWNODE_SELF;
	hdr.src_nid = RAWNODE_PEER;
	hdr.dest_pid = ZCL_PID_LUSTRE;
	hdr.src_pid = PID;
	g_byte_array_set_size(r->out, 0);
	rawnode_hear_lnet(r, &hdr);
	g_assert_false(r->aborted);
	if (r->out->len == 0)
		return answer;
	answer.came = true;
	g_assert_cmpint(zcl_lnet_hdr_decode(r->out->data + ZCL_KSM_SIZE, &answer.hdr), ==, ZCL_OK);
	g_assert_cmpuint(r->out->len, ==, ZCL_MSG_HDR_SIZE + answer.hdr.payload_length);
	g_assert_cmpuint(answer.hdr.dest_nid, ==, RAWNODE_PEER);
	g_assert_cmpuint(answer.hdr.src_nid, ==, RAWNODE_SELF);
	g_assert_cmpuint(answer.hdr.dest_pid, ==, PID);
	g_assert_cmpuint(answer.hdr.src_pid, ==, ZCL_PID_LUSTRE);
	return answer;
}

static struct answer put(struct rawnode *r, struct zcl_handle handle)
{
	return ask(r, (struct zcl_lnet_hdr){.type = ZCL_LNET_PUT,
					    .msg.put = {.ack_wmd = handle,
							.match_bits = BITS,
							.ptl_index = PORTAL}});
}

static struct answer get(struct rawnode *r, uint32_t portal, uint64_t bits, uint32_t offset,
			 uint32_t sink)
{
	return ask(r, (struct zcl_lnet_hdr){.type = ZCL_LNET_GET,
					    .msg.get = {.return_wmd = {1, 2},
							.match_bits = bits,
							.ptl_index = portal,
							.src_offset = offset,
							.sink_length = sink}});
}

/* All ones, and nothing less, say that no ACK is wanted. */
static void test_handles(void)
{
	const struct zcl_handle wanted[] = {
		{1, 2}, {0, 0}, {UINT64_MAX, 2}, {1, UINT64_MAX}, {UINT64_MAX, UINT64_MAX - 1}};
	struct rawnode *r = rawnode_called();

	attach(r, ZCL_MD_PUT, 100);
	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		const struct answer ack = put(r, wanted[i]);

		g_assert_true(ack.came && ack.hdr.type == ZCL_LNET_ACK);
		g_assert_true(zcl_handle_equal(ack.hdr.msg.ack.dst_wmd, wanted[i]));
		g_assert_cmpuint(ack.hdr.msg.ack.match_bits, ==, BITS);
		g_assert_cmpuint(ack.hdr.msg.ack.mlength, ==, 0);
	}
	g_assert_false(put(r, zcl_handle_none).came);
	g_assert_cmpuint(zcl_node_stats(r->node)->dropped, ==, 0);
	rawnode_free(r);
}

/* The buffer does not want it. */
static void test_no_ack(void)
{
	struct rawnode *r = rawnode_called();

	attach(r, ZCL_MD_PUT | ZCL_MD_NO_ACK, 100);
	g_assert_false(put(r, (struct zcl_handle){1, 2}).came);
	g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_PUT);
	rawnode_free(r);
}

/* A buffer for one peer is not there for another. */
static void test_for_one_peer(void)
{
	for (int other = 0; other < 2; other++) {
		const struct zcl_attach attach = {.portal = PORTAL,
						  .match_bits = BITS,
						  .peer = RAWNODE_PEER + (zcl_nid)other,
						  .options = ZCL_MD_PUT};
		struct rawnode *r = rawnode_called();
		uint64_t id;

		g_assert_cmpint(zcl_lnet_attach(r->node, &attach, &id, 0), ==, ZCL_OK);
		g_assert_cmpint(put(r, (struct zcl_handle){1, 2}).came, ==, !other);
		rawnode_free(r);
	}
}

/* At most what there is room for, and from another offset on what is left. */
static void test_get(void)
{
	struct rawnode *r = rawnode_called();
	static const struct {
		uint32_t offset, sink, length;
	} cases[] = {
		{0, 100, 100},	      {0, 99, 99}, {0, 0, 0},	{0, 101, 100},
		{0, UINT32_MAX, 100}, {99, 5, 1},  {100, 5, 0}, {UINT32_MAX, 5, 0},
	};

	attach(r, ZCL_MD_GET | ZCL_MD_TRUNCATE, 100);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct answer reply = get(r, PORTAL, BITS, cases[i].offset, cases[i].sink);

		g_assert_true(reply.came && reply.hdr.type == ZCL_LNET_REPLY);
		g_assert_cmpuint(reply.hdr.msg.reply.dst_wmd.wh_object_cookie, ==, 2);
		g_assert_cmpuint(reply.hdr.payload_length, ==, cases[i].length);
	}
	/* No answer: not for PUTs, other bits, other portals. */
	g_assert_false(put(r, (struct zcl_handle){1, 2}).came);
	g_assert_false(get(r, PORTAL, BITS + 1, 0, 5).came);
	g_assert_false(get(r, PORTAL + 1, BITS, 0, 5).came);
	g_assert_false(get(r, UINT32_MAX, BITS, 0, 5).came);
	g_assert_cmpuint(zcl_node_stats(r->node)->dropped, ==, 4);
	rawnode_free(r);
}

/* No message is longer than 1 MiB, whatever the asker has room for. */
static void test_get_beyond_mtu(void)
{
	static const uint32_t sinks[] = {ZCL_LNET_MTU, ZCL_LNET_MTU + 1, UINT32_MAX};
	struct rawnode *r = rawnode_called();

	attach(r, ZCL_MD_GET | ZCL_MD_TRUNCATE, sizeof(memory));
	for (size_t i = 0; i < G_N_ELEMENTS(sinks); i++)
		g_assert_cmpuint(get(r, PORTAL, BITS, 0, sinks[i]).hdr.payload_length, ==,
				 ZCL_LNET_MTU);
	rawnode_free(r);
}

/* A ping: portal 0 and these bits, no other; at most what there is room for. */
static void test_ping(void)
{
	static const uint32_t sinks[] = {0, 16, 47, 48, 49, 3960, UINT32_MAX};
	struct rawnode *r = rawnode_called();

	for (size_t i = 0; i < G_N_ELEMENTS(sinks); i++) {
		const struct answer reply =
			get(r, ZCL_PING_PORTAL, ZCL_PING_MATCHBITS, 0, sinks[i]);

		g_assert_true(reply.came && reply.hdr.type == ZCL_LNET_REPLY);
		g_assert_cmpuint(reply.hdr.payload_length, ==, MIN(sinks[i], 48));
	}
	g_assert_false(get(r, ZCL_PING_PORTAL, ZCL_PING_MATCHBITS + 1, 0, 400).came);
	g_assert_false(get(r, ZCL_PING_PORTAL, 0, 0, 400).came);
	g_assert_false(get(r, ZCL_PING_PORTAL + 1, ZCL_PING_MATCHBITS, 0, 400).came);
	rawnode_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/answers/handles", test_handles);
	g_test_add_func("/answers/no-ack", test_no_ack);
	g_test_add_func("/answers/for-one-peer", test_for_one_peer);
	g_test_add_func("/answers/get", test_get);
	g_test_add_func("/answers/get-beyond-mtu", test_get_beyond_mtu);
	g_test_add_func("/answers/ping", test_ping);
	return g_test_run();
}
