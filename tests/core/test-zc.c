/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/core/memnet.h"

/* ZC requests, their ACKs, and the two releases (HLD 4.1; wire notes 7). */

#define SECOND G_GINT64_CONSTANT(1000000000)
#define BULK   (64 * 1024)
#define SINK   50

struct rig {
	struct memnet *net;
	struct memnode *a, *b;
	uint8_t *out; /* what a puts */
	uint8_t *in;  /* where b takes it */
};

static void attach_sink(struct memnode *at, uint8_t *buf)
{
	struct zcl_attach sink = {.portal = SINK,
				  .ignore_bits = UINT64_MAX,
				  .peer = ZCL_NID_ANY,
				  .options = ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET | ZCL_MD_TRUNCATE,
				  .iov = {{buf, BULK}},
				  .niov = 1};
	uint64_t id;

	g_assert_cmpint(zcl_lnet_attach(at->node, &sink, &id, 0), ==, ZCL_OK);
}

static struct rig rig_of(struct zcl_config ca, struct zcl_config cb, size_t chunk)
{
	struct rig r = {.net = memnet_new(chunk)};

	r.a = memnet_add(r.net, &ca);
	r.b = memnet_add(r.net, &cb);
	r.out = g_malloc(BULK);
	r.in = g_malloc0(BULK);
	for (size_t i = 0; i < BULK; i++)
		r.out[i] = (uint8_t)(i * 7 + i / 251);
	attach_sink(r.a, r.in);
	attach_sink(r.b, r.in);
	return r;
}

static struct rig rig_new(uint32_t va, uint32_t vb)
{
	return rig_of(memnet_config(1, va), memnet_config(9, vb), SIZE_MAX);
}

static void rig_free(struct rig *r)
{
	memnet_free(r->net);
	g_free(r->out);
	g_free(r->in);
}

static void put(struct rig *r, struct memnode *from, struct memnode *to, size_t size, bool ack)
{
	const struct iovec iov = {r->out, size};
	const struct zcl_put p = {.target = zcl_node_config(to->node)->nid,
				  .portal = SINK,
				  .iov = &iov,
				  .niov = 1,
				  .want_ack = ack};

	g_assert_cmpint(zcl_lnet_put(from->node, &p, memnet_now(r->net)), ==, ZCL_OK);
}

static const struct zcl_stats *stats(const struct memnode *n)
{
	return zcl_node_stats(n->node);
}

/* One bulk message on V2: a cookie, one ACK in a NOOP, one release, the bytes are right. */
static void test_noop(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	put(&r, r.a, r.b, BULK, false);
	memnet_settle(r.net);
	g_assert_cmpmem(r.in, BULK, r.out, BULK);
	g_assert_cmpuint(stats(r.a)->zc_requests, ==, 1);
	g_assert_cmpuint(memnode_event(r.a, ZCL_EV_COOKIE_GIVEN)->cookie, ==, ZCL_FIRST_COOKIE);
	g_assert_cmpuint(stats(r.b)->acks_noop, ==, 1);
	g_assert_cmpuint(stats(r.a)->acks_received, ==, 1);
	g_assert_cmpuint(stats(r.a)->buffers_released, ==, 1);
	g_assert_true(memnode_lnet_event(r.a, ZCL_LNET_EV_SEND)->final);
	rig_free(&r);
}

/* The LNet ACK of the same PUT is queued right behind: it takes the NOOP's cookie and place. */
static void test_carried_by_lnet_ack(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	put(&r, r.a, r.b, BULK, true);
	memnet_settle(r.net);
	g_assert_cmpuint(stats(r.b)->acks_noop, ==, 0);
	g_assert_cmpuint(stats(r.b)->acks_coalesced, ==, 1);
	g_assert_cmpuint(memnode_count(r.b, ZCL_EV_NOOP_REPLACED), ==, 1);
	g_assert_cmpuint(stats(r.a)->acks_received, ==, 1);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_ACK), ==, 1);
	rig_free(&r);
}

/* V1: no cookie, no ACK; the kernel's release is the only one. */
static void test_v1_has_no_cookies(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V1);

	put(&r, r.a, r.b, BULK, true);
	memnet_settle(r.net);
	g_assert_cmpmem(r.in, BULK, r.out, BULK);
	g_assert_cmpuint(stats(r.a)->zc_requests, ==, 0);
	g_assert_cmpuint(stats(r.b)->noops_sent, ==, 0);
	g_assert_cmpuint(stats(r.a)->buffers_released, ==, 1);
	rig_free(&r);
}

static void test_small_has_no_cookie(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	put(&r, r.a, r.b, 16 * 1024 - 1, false);
	put(&r, r.a, r.b, 16 * 1024, false);
	memnet_settle(r.net);
	g_assert_cmpuint(stats(r.a)->zc_requests, ==, 1);
	rig_free(&r);
}

/* Both releases are needed, in either order; one alone gives nothing back. */
static void test_two_releases(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	memnet_set_pinning(r.net, true);
	put(&r, r.a, r.b, BULK, false);
	memnet_settle(r.net);
	g_assert_cmpuint(stats(r.a)->acks_received, ==, 1);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_SEND), ==, 0);
	memnet_release(r.net);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_SEND), ==, 1);
	rig_free(&r);
}

static void test_kernel_release_on_v1(void)
{
	struct rig r = rig_new(ZCL_V1, ZCL_V1);

	memnet_set_pinning(r.net, true);
	put(&r, r.a, r.b, BULK, false);
	memnet_settle(r.net);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_SEND), ==, 0);
	memnet_release(r.net);
	g_assert_cmpint(memnode_lnet_event(r.a, ZCL_LNET_EV_SEND)->status, ==, ZCL_OK);
	rig_free(&r);
}

/* A buffer of a dead connection comes back only when the connection is gone, with an error. */
static void test_dead_connection(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	memnet_set_pinning(r.net, true);
	put(&r, r.a, r.b, BULK, false);
	memnet_settle(r.net);
	memnet_reset_all(r.net);
	memnet_settle(r.net);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_SEND), ==, 1);
	g_assert_cmpint(memnode_lnet_event(r.a, ZCL_LNET_EV_SEND)->status, ==, ZCL_E_RESET);
	rig_free(&r);
}

/* The peer never ACKs: after the socket timeout its connections close and the message fails. */
static void test_never_acked(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	zcl_node_connect(r.a->node, memnet_nid(9), 0);
	memnet_settle(r.net);
	put(&r, r.a, r.b, BULK, false);
	memnet_freeze_all(r.net);
	memnet_run(r.net, 49 * SECOND);
	g_assert_cmpuint(memnode_count(r.a, ZCL_EV_CONN_DOWN), ==, 0);
	memnet_run(r.net, 51 * SECOND);
	g_assert_cmpint(memnode_event(r.a, ZCL_EV_CONN_DOWN)->error, ==, ZCL_E_TIMEDOUT);
	g_assert_cmpint(memnode_lnet_event(r.a, ZCL_LNET_EV_SEND)->status, ==, ZCL_E_TIMEDOUT);
	rig_free(&r);
}

/* Cookies count on across reconnects. */
static void test_cookies_count_on(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	put(&r, r.a, r.b, BULK, false);
	memnet_settle(r.net);
	memnet_reset_all(r.net);
	memnet_settle(r.net);
	g_array_set_size(r.a->events, 0);
	put(&r, r.a, r.b, BULK, false);
	memnet_settle(r.net);
	g_assert_cmpuint(memnode_event(r.a, ZCL_EV_COOKIE_GIVEN)->cookie, ==, ZCL_FIRST_COOKIE + 1);
	rig_free(&r);
}

/* Traffic both ways: ACKs ride on bulk that is queued; every request is ACKed exactly once. */
static void test_both_ways(void)
{
	struct rig r = rig_of(memnet_config(1, ZCL_V2), memnet_config(9, ZCL_V2), 5000);

	for (int i = 0; i < 32; i++) {
		put(&r, r.a, r.b, BULK, false);
		put(&r, r.b, r.a, BULK, false);
	}
	memnet_settle(r.net);
	g_assert_cmpuint(stats(r.a)->acks_received, ==, 32);
	g_assert_cmpuint(stats(r.b)->acks_received, ==, 32);
	g_assert_cmpuint(stats(r.b)->acks_piggybacked, >, 0);
	g_assert_cmpuint(stats(r.b)->acks_piggybacked + stats(r.b)->acks_coalesced +
				 stats(r.b)->acks_noop,
			 ==, 32);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_SEND), ==, 32);
	rig_free(&r);
}

/* Checksums, byte by byte and in odd chunks: everything arrives, and is checked. */
static void test_checksum(void)
{
	static const size_t chunks[] = {1, 333, 4096, SIZE_MAX};

	for (guint i = 0; i < G_N_ELEMENTS(chunks); i++) {
		struct zcl_config ca = memnet_config(1, ZCL_V2), cb = memnet_config(9, ZCL_V2);
		struct rig r;

		ca.checksum = cb.checksum = true;
		ca.typed = cb.typed = true;
		r = rig_of(ca, cb, chunks[i]);
		put(&r, r.a, r.b, chunks[i] == 1 ? 17000 : BULK, true);
		memnet_settle(r.net);
		g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_ACK), ==, 1);
		g_assert_cmpuint(stats(r.b)->protocol_errors, ==, 0);
		g_assert_cmpint(memcmp(r.in, r.out, 17000), ==, 0);
		rig_free(&r);
	}
}

/* The stream of a bulk message, cut in two at each place that is near a border of something. */
static void test_every_cut(void)
{
	for (size_t cut = 1; cut < 17000; cut += cut < 400 || cut > 16300 ? 1 : 97) {
		struct rig r = rig_new(ZCL_V2, ZCL_V2);

		memnet_set_cut(r.net, cut);
		put(&r, r.a, r.b, 16384, true);
		memnet_settle(r.net);
		g_assert_cmpint(memcmp(r.in, r.out, 16384), ==, 0);
		g_assert_cmpuint(stats(r.a)->acks_received, ==, 1);
		g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_ACK), ==, 1);
		rig_free(&r);
	}
}

/* Messages that waited for a connection are sent, in order, once it is up. */
static void test_waiting(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	memnet_hold_connects(r.net, true);
	for (int i = 0; i < 5; i++)
		put(&r, r.a, r.b, 100, true);
	g_assert_cmpuint(memnode_count(r.a, ZCL_EV_WAITING), ==, 5);
	memnet_hold_connects(r.net, false);
	memnet_settle(r.net);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_ACK), ==, 5);
	rig_free(&r);
}

static void test_waiting_fails(void)
{
	struct rig r = rig_new(ZCL_V2, ZCL_V2);

	r.b->deaf = true;
	put(&r, r.a, r.b, 100, true);
	put(&r, r.a, r.b, BULK, false);
	memnet_settle(r.net);
	g_assert_cmpuint(memnode_lnet_count(r.a, ZCL_LNET_EV_SEND), ==, 2);
	g_assert_cmpint(memnode_lnet_event(r.a, ZCL_LNET_EV_SEND)->status, ==, ZCL_E_REFUSED);
	g_assert_true(memnode_lnet_event(r.a, ZCL_LNET_EV_SEND)->final);
	rig_free(&r);
}

/* The limit is an error to the caller, not growth. */
static void test_queue_limit(void)
{
	struct zcl_config ca = memnet_config(1, ZCL_V2);
	struct zcl_put p = {.target = memnet_nid(9), .portal = SINK};
	struct rig r;

	ca.max_queued = 4;
	r = rig_of(ca, memnet_config(9, ZCL_V2), SIZE_MAX);
	for (int i = 0; i < 4; i++)
		put(&r, r.a, r.b, 10, false);
	g_assert_cmpint(zcl_lnet_put(r.a->node, &p, 0), ==, ZCL_E_LIMIT);
	memnet_settle(r.net);
	g_assert_cmpint(zcl_lnet_put(r.a->node, &p, 0), ==, ZCL_OK);
	memnet_settle(r.net);
	rig_free(&r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/zc/noop", test_noop);
	g_test_add_func("/zc/carried-by-lnet-ack", test_carried_by_lnet_ack);
	g_test_add_func("/zc/v1-has-no-cookies", test_v1_has_no_cookies);
	g_test_add_func("/zc/small-has-no-cookie", test_small_has_no_cookie);
	g_test_add_func("/zc/two-releases", test_two_releases);
	g_test_add_func("/zc/kernel-release-on-v1", test_kernel_release_on_v1);
	g_test_add_func("/zc/dead-connection", test_dead_connection);
	g_test_add_func("/zc/never-acked", test_never_acked);
	g_test_add_func("/zc/cookies-count-on", test_cookies_count_on);
	g_test_add_func("/zc/both-ways", test_both_ways);
	g_test_add_func("/zc/checksum", test_checksum);
	g_test_add_func("/zc/every-cut", test_every_cut);
	g_test_add_func("/zc/waiting", test_waiting);
	g_test_add_func("/zc/waiting-fails", test_waiting_fails);
	g_test_add_func("/zc/queue-limit", test_queue_limit);
	return g_test_run();
}
