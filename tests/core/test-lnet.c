/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/core/memnet.h"

/* PUT, GET, REPLY, ACK, attached buffers, the ping (wire notes 8). */

#define SECOND G_GINT64_CONSTANT(1000000000)
#define PORTAL 7

struct rig {
	struct memnet *net;
	struct memnode *a, *b;
	uint8_t mem[4096]; /* attached at b */
	uint8_t own[4096]; /* a's */
};

static struct rig *rig_new(size_t chunk)
{
	struct zcl_config ca = memnet_config(1, ZCL_V2), cb = memnet_config(9, ZCL_V2);
	struct rig *r = g_new0(struct rig, 1);

	r->net = memnet_new(chunk);
	r->a = memnet_add(r->net, &ca);
	r->b = memnet_add(r->net, &cb);
	for (size_t i = 0; i < sizeof(r->own); i++)
		r->own[i] = (uint8_t)(i * 3 + 1);
	return r;
}

static void rig_free(struct rig *r)
{
	memnet_free(r->net);
	g_free(r);
}

static uint64_t attach(struct rig *r, uint64_t bits, uint32_t options, size_t length,
		       uint32_t threshold)
{
	const struct zcl_attach a = {
		.portal = PORTAL,
		.match_bits = bits,
		.peer = ZCL_NID_ANY,
		.options = options,
		.threshold = threshold,
		.iov = {{r->mem, length / 2}, {r->mem + length / 2, length - length / 2}},
		.niov = 2};
	uint64_t id = 0;

	g_assert_cmpint(zcl_lnet_attach(r->b->node, &a, &id, memnet_now(r->net)), ==, ZCL_OK);
	g_assert_cmpuint(id, !=, 0);
	return id;
}

static void put(struct rig *r, uint64_t bits, size_t size, uint32_t offset, bool ack)
{
	const struct iovec iov = {r->own, size};
	const struct zcl_put p = {.target = memnet_nid(9),
				  .portal = PORTAL,
				  .match_bits = bits,
				  .hdr_data = 0x1234,
				  .offset = offset,
				  .iov = &iov,
				  .niov = 1,
				  .want_ack = ack,
				  .user = r};

	g_assert_cmpint(zcl_lnet_put(r->a->node, &p, memnet_now(r->net)), ==, ZCL_OK);
	memnet_settle(r->net);
}

static void get(struct rig *r, uint64_t bits, size_t size, uint32_t offset)
{
	const struct iovec iov[] = {{r->own, size / 3}, {r->own + size / 3, size - size / 3}};
	const struct zcl_get g = {.target = memnet_nid(9),
				  .portal = PORTAL,
				  .match_bits = bits,
				  .src_offset = offset,
				  .iov = iov,
				  .niov = 2,
				  .user = r};

	g_assert_cmpint(zcl_lnet_get(r->a->node, &g, memnet_now(r->net)), ==, ZCL_OK);
	memnet_settle(r->net);
}

static void test_put(void)
{
	struct rig *r = rig_new(SIZE_MAX);
	const struct zcl_lnet_event *ev;

	attach(r, 42, ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET, 4096, 0);
	put(r, 42, 1000, 100, true);
	ev = memnode_lnet_event(r->b, ZCL_LNET_EV_PUT);
	g_assert_cmpuint(ev->mlength, ==, 1000);
	g_assert_cmpuint(ev->offset, ==, 100);
	g_assert_cmpuint(ev->hdr_data, ==, 0x1234);
	g_assert_cmpmem(r->mem + 100, 1000, r->own, 1000);
	ev = memnode_lnet_event(r->a, ZCL_LNET_EV_ACK);
	g_assert_cmpuint(ev->mlength, ==, 1000);
	g_assert_true(ev->final && ev->user == r);
	g_assert_false(memnode_lnet_event(r->a, ZCL_LNET_EV_SEND)->final);
	rig_free(r);
}

/* Without remote offsets each message starts where the one before ended. */
static void test_local_offset(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	attach(r, 42, ZCL_MD_PUT, 250, 0);
	put(r, 42, 100, 9999, false);
	put(r, 42, 100, 0, false);
	put(r, 42, 100, 0, false); /* does not fit any more */
	g_assert_cmpuint(memnode_lnet_count(r->b, ZCL_LNET_EV_PUT), ==, 2);
	g_assert_cmpmem(r->mem + 100, 100, r->own, 100);
	g_assert_cmpuint(zcl_node_stats(r->b->node)->dropped, ==, 1);
	rig_free(r);
}

static void test_no_match(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	attach(r, 42, ZCL_MD_PUT, 4096, 0);
	put(r, 43, 1000, 0, true);
	g_assert_cmpint(memnode_event(r->b, ZCL_EV_DROPPED)->error, ==, ZCL_E_NO_MATCH);
	g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_ACK), ==, 0);
	/* The connection goes on, behind the payload that was skipped. */
	put(r, 42, 1000, 0, true);
	g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_ACK), ==, 1);
	/* The asker of the first hears of it when its time is up. */
	memnet_run(r->net, 51 * SECOND);
	g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_ACK), ==, 2);
	rig_free(r);
}

static void test_truncate(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	attach(r, 42, ZCL_MD_PUT | ZCL_MD_TRUNCATE | ZCL_MD_REMOTE_OFFSET, 300, 0);
	put(r, 42, 1000, 200, true);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->mlength, ==, 100);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->rlength, ==, 1000);
	g_assert_cmpuint(memnode_lnet_event(r->a, ZCL_LNET_EV_ACK)->mlength, ==, 100);
	g_assert_cmpmem(r->mem + 200, 100, r->own, 100);
	g_assert_cmpuint(r->mem[300], ==, 0);
	rig_free(r);
}

static void test_threshold_and_detach(void)
{
	struct rig *r = rig_new(SIZE_MAX);
	uint64_t id;

	attach(r, 42, ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET, 4096, 1);
	put(r, 42, 10, 0, false);
	g_assert_true(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->unlinked);
	put(r, 42, 10, 0, false);
	g_assert_cmpuint(zcl_node_stats(r->b->node)->dropped, ==, 1);
	id = attach(r, 42, ZCL_MD_PUT, 4096, 0);
	g_assert_cmpint(zcl_lnet_detach(r->b->node, id), ==, ZCL_OK);
	g_assert_cmpint(zcl_lnet_detach(r->b->node, id), ==, ZCL_E_NOT_FOUND);
	put(r, 42, 10, 0, false);
	g_assert_cmpuint(zcl_node_stats(r->b->node)->dropped, ==, 2);
	rig_free(r);
}

static void test_order_and_ignore_bits(void)
{
	struct rig *r = rig_new(SIZE_MAX);
	struct zcl_attach any = {.portal = PORTAL,
				 .ignore_bits = UINT64_MAX,
				 .peer = ZCL_NID_ANY,
				 .options = ZCL_MD_PUT | ZCL_MD_TRUNCATE};
	uint64_t first, second;

	first = attach(r, 42, ZCL_MD_PUT, 4096, 0);
	g_assert_cmpint(zcl_lnet_attach(r->b->node, &any, &second, 0), ==, ZCL_OK);
	put(r, 42, 10, 0, false);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->id, ==, first);
	g_array_set_size(r->b->lnet_events, 0);
	put(r, 77, 10, 0, false);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->id, ==, second);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->mlength, ==, 0);
	rig_free(r);
}

static void test_get(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	for (size_t i = 0; i < sizeof(r->mem); i++)
		r->mem[i] = (uint8_t)(i ^ 0x5a);
	attach(r, 42, ZCL_MD_GET | ZCL_MD_REMOTE_OFFSET, 4096, 0);
	get(r, 42, 1000, 50);
	g_assert_cmpmem(r->own, 1000, r->mem + 50, 1000);
	g_assert_cmpuint(memnode_lnet_event(r->a, ZCL_LNET_EV_REPLY)->mlength, ==, 1000);
	g_assert_true(memnode_lnet_event(r->a, ZCL_LNET_EV_REPLY)->final);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_GET)->mlength, ==, 1000);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_GET)->match_bits, ==, 42);
	g_assert_cmpuint(memnode_lnet_event(r->b, ZCL_LNET_EV_GET)->offset, ==, 50);
	/* A PUT does not land in a buffer for GETs. */
	put(r, 42, 10, 0, false);
	g_assert_cmpuint(zcl_node_stats(r->b->node)->dropped, ==, 1);
	rig_free(r);
}

/* Nobody answers: the GET ends with a timeout, once. */
static void test_get_times_out(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	get(r, 42, 100, 0);
	g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_REPLY), ==, 0);
	memnet_run(r->net, 120 * SECOND);
	g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_REPLY), ==, 1);
	g_assert_cmpint(memnode_lnet_event(r->a, ZCL_LNET_EV_REPLY)->status, ==, ZCL_E_TIMEDOUT);
	rig_free(r);
}

/* The connection is lost while the answer is due: the GET fails at once. */
static void test_get_fails_with_peer(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	get(r, 42, 100, 0);
	memnet_reset_all(r->net);
	memnet_settle(r->net);
	g_assert_cmpint(memnode_lnet_event(r->a, ZCL_LNET_EV_REPLY)->status, ==, ZCL_E_RESET);
	rig_free(r);
}

static void test_ping(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	g_assert_cmpint(zcl_lnet_ping(r->a->node, memnet_nid(9), r, 0), ==, ZCL_OK);
	memnet_settle(r->net);
	g_assert_cmpint(memnode_lnet_event(r->a, ZCL_LNET_EV_REPLY)->status, ==, ZCL_OK);
	g_assert_cmpuint(r->a->ping.features, ==, ZCL_PING_FEAT_BASE | ZCL_PING_FEAT_STATUS);
	g_assert_cmpuint(r->a->ping.pid, ==, ZCL_PID_LUSTRE);
	g_assert_cmpuint(r->a->ping.nnis, ==, 2);
	g_assert_cmpuint(r->a->ping.ni[0].nid, ==, ZCL_NID_LO);
	g_assert_cmpuint(r->a->ping.ni[1].nid, ==, memnet_nid(9));
	g_assert_cmpuint(r->a->ping.ni[1].status, ==, ZCL_NI_UP);
	rig_free(r);
}

/* A lazy portal: the message waits (PARSE_WAIT), what follows it too, until a buffer is there. */
static void test_lazy(void)
{
	static const size_t chunks[] = {1, 7, 100, SIZE_MAX};

	for (guint i = 0; i < G_N_ELEMENTS(chunks); i++) {
		struct rig *r = rig_new(chunks[i]);

		zcl_lnet_set_lazy(r->b->node, PORTAL, true, 0);
		put(r, 42, 1000, 0, true);
		put(r, 42, 1000, 1000, true);
		g_assert_cmpuint(memnode_lnet_count(r->b, ZCL_LNET_EV_PUT), ==, 0);
		g_assert_cmpuint(zcl_node_stats(r->b->node)->dropped, ==, 0);
		attach(r, 42, ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET, 4096, 0);
		memnet_settle(r->net);
		g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_ACK), ==, 2);
		g_assert_cmpmem(r->mem, 1000, r->own, 1000);
		g_assert_cmpmem(r->mem + 1000, 1000, r->own, 1000);
		rig_free(r);
	}
}

/* What is attached is another buffer: the message goes on waiting. */
static void test_lazy_other_buffer(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	zcl_lnet_set_lazy(r->b->node, PORTAL, true, 0);
	put(r, 42, 1000, 0, true);
	memnet_settle(r->net);
	attach(r, 43, ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET, 4096, 0);
	memnet_settle(r->net);
	g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_ACK), ==, 0);
	attach(r, 42, ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET, 4096, 0);
	memnet_settle(r->net);
	g_assert_cmpuint(memnode_lnet_count(r->a, ZCL_LNET_EV_ACK), ==, 1);
	g_assert_cmpmem(r->mem, 1000, r->own, 1000);
	rig_free(r);
}

static void test_lazy_no_more(void)
{
	struct rig *r = rig_new(SIZE_MAX);

	zcl_lnet_set_lazy(r->b->node, PORTAL, true, 0);
	put(r, 42, 1000, 0, false);
	zcl_lnet_set_lazy(r->b->node, PORTAL, false, 0);
	memnet_settle(r->net);
	g_assert_cmpuint(zcl_node_stats(r->b->node)->dropped, ==, 1);
	rig_free(r);
}

/* A connection that ends in the middle of a payload: the buffer is told, with the error. */
static void test_cut_in_payload(void)
{
	struct rig *r = rig_new(500);
	const struct iovec iov = {r->own, 4000};
	const struct zcl_put p = {.target = memnet_nid(9),
				  .portal = PORTAL,
				  .match_bits = 42,
				  .iov = &iov,
				  .niov = 1};

	attach(r, 42, ZCL_MD_PUT, 4096, 1);
	zcl_node_connect(r->a->node, memnet_nid(9), 0);
	memnet_settle(r->net);
	g_assert_cmpint(zcl_lnet_put(r->a->node, &p, 0), ==, ZCL_OK);
	memnet_step(r->net);
	memnet_step(r->net);
	memnet_reset_all(r->net);
	memnet_settle(r->net);
	g_assert_cmpuint(memnode_lnet_count(r->b, ZCL_LNET_EV_PUT), ==, 1);
	g_assert_cmpint(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->status, ==, ZCL_E_RESET);
	g_assert_true(memnode_lnet_event(r->b, ZCL_LNET_EV_PUT)->unlinked);
	g_assert_cmpint(memnode_lnet_event(r->a, ZCL_LNET_EV_SEND)->status, ==, ZCL_E_RESET);
	rig_free(r);
}

static void test_invalid(void)
{
	struct rig *r = rig_new(SIZE_MAX);
	struct zcl_put p = {.target = memnet_nid(1), .portal = PORTAL};
	struct zcl_attach a = {.portal = ZCL_LNET_PORTALS, .options = ZCL_MD_PUT};
	static uint8_t big[ZCL_LNET_MTU + 1];
	const struct iovec iov = {big, sizeof(big)};
	uint64_t id;

	g_assert_cmpint(zcl_lnet_put(r->a->node, &p, 0), ==, ZCL_E_INVALID); /* itself */
	p.target = memnet_nid(9);
	p.portal = ZCL_LNET_PORTALS;
	g_assert_cmpint(zcl_lnet_put(r->a->node, &p, 0), ==, ZCL_E_INVALID);
	p.portal = PORTAL;
	p.iov = &iov;
	p.niov = 1;
	g_assert_cmpint(zcl_lnet_put(r->a->node, &p, 0), ==, ZCL_E_INVALID);
	g_assert_cmpint(zcl_lnet_attach(r->a->node, &a, &id, 0), ==, ZCL_E_INVALID);
	a.portal = 1;
	a.options = 0;
	g_assert_cmpint(zcl_lnet_attach(r->a->node, &a, &id, 0), ==, ZCL_E_INVALID);
	rig_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lnet/put", test_put);
	g_test_add_func("/lnet/local-offset", test_local_offset);
	g_test_add_func("/lnet/no-match", test_no_match);
	g_test_add_func("/lnet/truncate", test_truncate);
	g_test_add_func("/lnet/threshold-and-detach", test_threshold_and_detach);
	g_test_add_func("/lnet/order-and-ignore-bits", test_order_and_ignore_bits);
	g_test_add_func("/lnet/get", test_get);
	g_test_add_func("/lnet/get-times-out", test_get_times_out);
	g_test_add_func("/lnet/get-fails-with-peer", test_get_fails_with_peer);
	g_test_add_func("/lnet/ping", test_ping);
	g_test_add_func("/lnet/lazy", test_lazy);
	g_test_add_func("/lnet/lazy-other-buffer", test_lazy_other_buffer);
	g_test_add_func("/lnet/lazy-no-more", test_lazy_no_more);
	g_test_add_func("/lnet/cut-in-payload", test_cut_in_payload);
	g_test_add_func("/lnet/invalid", test_invalid);
	return g_test_run();
}
