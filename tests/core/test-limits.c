/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node.h"

#include <glib.h>

/*
 * A peer that asks and never reads what it is answered: its answers are bounded, and it is cut off
 * at the bound, not paused. Callers beyond max_handshakes are not let in.
 */

#define SELF   zcl_nid_tcp(0x0a000009, 0)
#define PEER   zcl_nid_tcp(0x0a000001, 0)
#define PORTAL 4

struct rig {
	struct zcl_node *node;
	struct zcl_conn *conn, *called;
	size_t aborted, events, gets, failed_gets;
	size_t cut_length; /* of the cut-off event */
};

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	((struct rig *)user)->called = conn;
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct rig *)user)->aborted++;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct rig *r = user;

	if (event->kind != ZCL_LNET_EV_GET)
		return;
	r->gets++;
	r->failed_gets += event->status == ZCL_E_LIMIT;
}

static void on_trace(void *user, const struct zcl_event *event)
{
	struct rig *r = user;

	if (event->kind != ZCL_EV_CUT_OFF)
		return;
	g_assert_cmpint(event->error, ==, ZCL_E_LIMIT);
	g_assert_cmpuint(event->peer, ==, PEER);
	r->events++;
	r->cut_length = event->length;
}

static const struct zcl_callbacks callbacks = {
	.connect = on_connect,
	.close = nothing,
	.abort = on_abort,
	.wake_tx = nothing,
	.wake_rx = nothing,
	.deliver = on_deliver,
	.trace = on_trace,
};

/* A caller that is up, and of whose answers nothing is sent any more. */
static void call(struct rig *r)
{
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION, .acr_nid = SELF};
	const struct zcl_hello hello = {.kshm_version = ZCL_V2,
					.kshm_src_nid = PEER,
					.kshm_dst_nid = SELF,
					.kshm_src_pid = ZCL_PID_LUSTRE,
					.kshm_src_incarnation = 7,
					.kshm_ctype = ZCL_CONN_ANY};
	uint8_t bytes[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];
	size_t len = ZCL_ACCEPT_SIZE;

	zcl_accept_encode(&req, bytes);
	len += zcl_hello_encode(&hello, bytes + len);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	g_assert_nonnull(r->conn);
	zcl_conn_rx_push(r->conn, bytes, len, 0);
	g_assert_cmpuint(zcl_node_stats(r->node)->conns_opened, ==, 1);
}

static void rig_init(struct rig *r, size_t max_answers, size_t max_answer_bytes)
{
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = SELF;
	config.incarnation = 99;
	config.typed = false;
	config.max_answers = max_answers;
	config.max_answer_bytes = max_answer_bytes;
	*r = (struct rig){0};
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
}

static void rig_clear(struct rig *r)
{
	zcl_node_shutdown(r->node, 0);
	zcl_conn_gone(r->conn, 0);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
}

static void send_message(struct rig *r, uint64_t cookie, const struct zcl_lnet_hdr *hdr)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET, .ksm_zc_cookies = {cookie, 0}};
	uint8_t bytes[ZCL_MSG_HDR_SIZE];

	zcl_ksm_encode(&ksm, bytes);
	zcl_lnet_hdr_encode(hdr, bytes + ZCL_KSM_SIZE);
	zcl_conn_rx_push(r->conn, bytes, sizeof(bytes), 0);
}

static struct zcl_lnet_hdr header(uint32_t type)
{
	return (struct zcl_lnet_hdr){.dest_nid = SELF, .src_nid = PEER, .type = type};
}

static void ping(struct rig *r)
{
	struct zcl_lnet_hdr hdr = header(ZCL_LNET_GET);

	hdr.msg.get.ptl_index = ZCL_PING_PORTAL;
	hdr.msg.get.match_bits = ZCL_PING_MATCHBITS;
	hdr.msg.get.sink_length = ZCL_PING_MAX_SIZE;
	send_message(r, 0, &hdr);
}

static void get(struct rig *r, uint32_t length)
{
	struct zcl_lnet_hdr hdr = header(ZCL_LNET_GET);

	hdr.msg.get.ptl_index = PORTAL;
	hdr.msg.get.sink_length = length;
	send_message(r, 0, &hdr);
}

/* An empty PUT that nobody wants, with a ZC request. */
static void put(struct rig *r, uint64_t cookie)
{
	struct zcl_lnet_hdr hdr = header(ZCL_LNET_PUT);

	hdr.msg.put.ack_wmd = zcl_handle_none;
	hdr.msg.put.ptl_index = PORTAL;
	send_message(r, cookie, &hdr);
}

static void check_cut_off(const struct rig *r, size_t asked, size_t bound)
{
	g_assert_cmpuint(asked, ==, bound + 1);
	g_assert_cmpuint(r->aborted, ==, 1);
	g_assert_cmpuint(r->events, ==, 1);
	g_assert_cmpuint(zcl_node_stats(r->node)->cut_off, ==, 1);
}

static void test_pings(void)
{
	struct rig r;
	size_t n = 0;

	rig_init(&r, 100, SIZE_MAX);
	call(&r);
	for (; r.aborted == 0 && n < 1000; n++)
		ping(&r);
	check_cut_off(&r, n, 100);
	ping(&r); /* what still comes is not looked at */
	rig_clear(&r);
}

static void test_noops(void)
{
	struct rig r;
	size_t n = 0;

	rig_init(&r, 100, SIZE_MAX);
	call(&r);
	for (; r.aborted == 0 && n < 1000; n++)
		put(&r, ZCL_FIRST_COOKIE + n);
	check_cut_off(&r, n, 100);
	rig_clear(&r);
}

/* The bytes count as well; the buffers that were to be read from are free again. */
static void test_bytes(void)
{
	static uint8_t memory[4096];
	const struct zcl_attach source = {.portal = PORTAL,
					  .ignore_bits = UINT64_MAX,
					  .peer = ZCL_NID_ANY,
					  .options = ZCL_MD_GET | ZCL_MD_REMOTE_OFFSET,
					  .iov = {{memory, sizeof(memory)}},
					  .niov = 1};
	struct rig r;
	uint64_t id;
	size_t n = 0;

	rig_init(&r, SIZE_MAX, 10 * sizeof(memory));
	g_assert_cmpint(zcl_lnet_attach(r.node, &source, &id, 0), ==, ZCL_OK);
	call(&r);
	for (; r.aborted == 0 && n < 1000; n++)
		get(&r, sizeof(memory));
	check_cut_off(&r, n, 10);
	g_assert_cmpuint(r.cut_length, ==, 11 * sizeof(memory));
	g_assert_cmpuint(r.failed_gets, ==, 11);
	g_assert_cmpint(zcl_lnet_detach(r.node, id), ==, ZCL_OK);
	rig_clear(&r);
}

static void take_all(struct rig *r)
{
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(r->conn, &batch))
		zcl_conn_tx_advance(r->conn, batch.nob, ZCL_WAY_COPY, 0);
}

/* A peer that reads may ask for ever: what is sent counts no more. */
static void test_reader(void)
{
	struct rig r;

	rig_init(&r, 10, 10 * ZCL_PING_MAX_SIZE);
	call(&r);
	for (int i = 0; i < 1000; i++) {
		ping(&r);
		put(&r, ZCL_FIRST_COOKIE + (uint64_t)i); /* its ACK rides on the REPLY */
		if (i % 10 == 9)
			take_all(&r);
	}
	g_assert_cmpuint(r.aborted, ==, 0);
	g_assert_cmpuint(zcl_node_stats(r.node)->cut_off, ==, 0);
	rig_clear(&r);
}

static void test_handshakes(void)
{
	struct zcl_config config;
	struct zcl_conn *first;
	struct rig r = {0};

	zcl_config_init(&config);
	config.nid = SELF;
	config.incarnation = 99;
	config.max_handshakes = 1;
	r.node = zcl_node_new(&config, &callbacks, &r, NULL);
	g_assert_true(zcl_node_may_accept(r.node));
	first = zcl_node_accepted(r.node, NULL, 0);
	g_assert_false(zcl_node_may_accept(r.node));
	g_assert_null(zcl_node_accepted(r.node, NULL, 0));
	/* It says nothing. */
	zcl_node_tick(r.node, config.accept_timeout);
	g_assert_cmpuint(r.aborted, ==, 1);
	g_assert_true(zcl_node_may_accept(r.node));
	zcl_conn_gone(first, config.accept_timeout);
	call(&r);
	g_assert_true(zcl_node_may_accept(r.node));
	rig_clear(&r);
}

/* ---- peers ---- */

#define STRANGERS 1000

static struct zcl_conn *call_as(struct rig *r, zcl_nid nid)
{
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION, .acr_nid = SELF};
	const struct zcl_hello hello = {.kshm_version = ZCL_V2,
					.kshm_src_nid = nid,
					.kshm_src_incarnation = 7,
					.kshm_ctype = ZCL_CONN_ANY};
	uint8_t bytes[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];
	struct zcl_conn *conn = zcl_node_accepted(r->node, NULL, 0);
	size_t len = ZCL_ACCEPT_SIZE;

	zcl_accept_encode(&req, bytes);
	len += zcl_hello_encode(&hello, bytes + len);
	g_assert_nonnull(conn);
	zcl_conn_rx_push(conn, bytes, len, 0);
	return conn;
}

static void leave(struct zcl_conn *conn)
{
	zcl_conn_closed(conn, ZCL_E_EOF, 0);
	zcl_conn_gone(conn, 0);
}

/* The call is granted. */
static struct zcl_conn *met(struct rig *r, zcl_nid nid)
{
	const uint64_t before = zcl_node_stats(r->node)->conns_opened;
	struct zcl_conn *conn = call_as(r, nid);

	g_assert_cmpuint(zcl_node_stats(r->node)->conns_opened, ==, before + 1);
	return conn;
}

static void meet_nobody_else(struct rig *r, zcl_nid nid)
{
	const uint64_t before = zcl_node_stats(r->node)->refusals_made;
	struct zcl_conn *conn = call_as(r, nid);

	g_assert_cmpuint(zcl_node_stats(r->node)->refusals_made, ==, before + 1);
	leave(conn);
}

static bool knows(const struct rig *r, zcl_nid nid)
{
	struct zcl_peer_info info;

	return zcl_node_peer_info(r->node, nid, &info) == ZCL_OK;
}

static void crowd_init(struct rig *r, size_t max_peers)
{
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = SELF;
	config.incarnation = 99;
	config.typed = false;
	config.max_peers = max_peers;
	*r = (struct rig){0};
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
}

static void crowd_clear(struct rig *r)
{
	zcl_node_shutdown(r->node, 0);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
}

/* Invented NIDs do not lock others out: who is idle is forgotten, the oldest first. */
static void test_strangers(void)
{
	struct rig r;

	crowd_init(&r, 3);
	for (zcl_nid i = 0; i < STRANGERS; i++) {
		leave(met(&r, PEER + 100 + i));
		for (zcl_nid n = 0; n <= i; n++)
			g_assert_cmpint(knows(&r, PEER + 100 + n), ==, n + 3 > i);
	}
	g_assert_cmpuint(zcl_node_stats(r.node)->forgotten, ==, STRANGERS - 3);
	crowd_clear(&r);
}

/* Who has a connection, one that is not quite gone included, or is called, stays. */
static void test_friends(void)
{
	struct zcl_conn *first, *second, *third;
	struct rig r;

	crowd_init(&r, 3);
	first = met(&r, PEER);
	second = met(&r, PEER + 1);
	third = met(&r, PEER + 2);
	meet_nobody_else(&r, PEER + 3);
	g_assert_false(knows(&r, PEER + 3));
	zcl_conn_closed(second, ZCL_E_EOF, 0);
	meet_nobody_else(&r, PEER + 3);
	zcl_conn_gone(second, 0);
	second = met(&r, PEER + 3);
	g_assert_false(knows(&r, PEER + 1));
	g_assert_true(knows(&r, PEER) && knows(&r, PEER + 2));
	leave(first);
	g_assert_cmpint(zcl_node_connect(r.node, PEER, 0), ==, ZCL_OK);
	meet_nobody_else(&r, PEER + 1);
	g_assert_cmpint(zcl_node_disconnect(r.node, PEER, 0), ==, ZCL_OK);
	zcl_conn_gone(r.called, 0);
	g_assert_cmpint(zcl_node_connect(r.node, PEER + 1, 0), ==, ZCL_OK);
	g_assert_false(knows(&r, PEER));
	g_assert_cmpint(zcl_node_disconnect(r.node, PEER + 1, 0), ==, ZCL_OK);
	zcl_conn_gone(r.called, 0);
	leave(second);
	leave(third);
	crowd_clear(&r);
}

/* A peer that is met again gets no cookie that it was given before. */
static void test_cookies_count_on(void)
{
	static uint8_t payload[20000];
	const struct iovec iov = {payload, sizeof(payload)};
	const struct zcl_put put = {.target = PEER, .portal = PORTAL, .iov = &iov, .niov = 1};
	struct zcl_ksm ksm;
	struct rig r;

	crowd_init(&r, 1);
	for (uint64_t cookie = ZCL_FIRST_COOKIE; cookie < ZCL_FIRST_COOKIE + 3; cookie++) {
		struct zcl_tx_batch batch;

		r.conn = met(&r, PEER);
		take_all(&r);
		g_assert_cmpint(zcl_lnet_put(r.node, &put, 0), ==, ZCL_OK);
		g_assert_true(zcl_conn_tx_batch(r.conn, &batch));
		g_assert_cmpint(zcl_ksm_decode(batch.iov[0].iov_base, false, &ksm), ==, ZCL_OK);
		g_assert_cmpuint(ksm.ksm_zc_cookies[0], ==, cookie);
		leave(r.conn);
		leave(met(&r, PEER + 1));
	}
	crowd_clear(&r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/limits/pings", test_pings);
	g_test_add_func("/limits/noops", test_noops);
	g_test_add_func("/limits/bytes", test_bytes);
	g_test_add_func("/limits/reader", test_reader);
	g_test_add_func("/limits/handshakes", test_handshakes);
	g_test_add_func("/limits/strangers", test_strangers);
	g_test_add_func("/limits/friends", test_friends);
	g_test_add_func("/limits/cookies-count-on", test_cookies_count_on);
	return g_test_run();
}
