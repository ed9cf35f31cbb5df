/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <string.h>

#include "tests/core/memnet.h"

/*
 * How bytes went, as a backend tells it: what a batch says of the payload behind it, what waits for
 * the peer's word alone, and what is left with the kernel when a connection ends.
 */

#define BULK (64 * 1024)

static uint8_t out[BULK];

struct rig {
	struct zcl_node *node;
	struct zcl_conn *conn;
	struct zcl_event sent; /* the last */
	struct zcl_lnet_event last;
	size_t spliced; /* bytes of what was found so */
};

static void on_connect(void *user, struct zcl_conn *conn)
{
	((struct rig *)user)->conn = conn;
}

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	((struct rig *)user)->last = *event;
}

static void on_trace(void *user, const struct zcl_event *ev)
{
	struct rig *r = user;

	if (ev->kind == ZCL_EV_MSG_SENT)
		r->sent = *ev;
}

static void drain(struct rig *r)
{
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(r->conn, &batch) && !batch.zc && batch.zc_niov == 0)
		zcl_conn_tx_advance(r->conn, batch.nob, ZCL_WAY_COPY, 0);
}

/* Up with a peer of that version, and a bulk PUT is queued. */
static void rig_init(struct rig *r, uint32_t version)
{
	static const struct zcl_callbacks callbacks = {
		.connect = on_connect,
		.close = nothing,
		.abort = nothing,
		.wake_tx = nothing,
		.wake_rx = nothing,
		.deliver = on_deliver,
		.trace = on_trace,
	};
	struct zcl_config config = memnet_config(9, version);
	const struct zcl_hello hello = {.kshm_version = version,
					.kshm_src_nid = memnet_nid(1),
					.kshm_src_incarnation = 5,
					.kshm_ctype = ZCL_CONN_ANY};
	const struct iovec iov = {out, BULK};
	const struct zcl_put put = {.target = memnet_nid(1), .portal = 1, .iov = &iov, .niov = 1};
	uint8_t bytes[ZCL_HELLO_MAX_SIZE];

	memset(r, 0, sizeof(*r));
	config.typed = false;
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
	g_assert_cmpint(zcl_node_connect(r->node, memnet_nid(1), 0), ==, ZCL_OK);
	zcl_conn_connected(r->conn, 0);
	drain(r);
	zcl_conn_rx_push(r->conn, bytes, zcl_hello_encode(&hello, bytes), 0);
	g_assert_cmpint(zcl_lnet_put(r->node, &put, 0), ==, ZCL_OK);
}

static void rig_clear(struct rig *r)
{
	zcl_node_shutdown(r->node, 0);
	zcl_conn_gone(r->conn, 0);
	zcl_node_free(r->node);
}

static void count_spliced(void *user, const struct iovec *iov, size_t niov)
{
	struct rig *r = user;

	for (size_t i = 0; i < niov; i++)
		r->spliced += iov[i].iov_len;
}

/* The header comes first and shows the payload; the payload comes alone. */
static void send_header(struct rig *r, struct zcl_tx_batch *batch, bool acked)
{
	g_assert_true(zcl_conn_tx_batch(r->conn, batch));
	g_assert_false(batch->zc);
	g_assert_true(batch->more);
	g_assert_cmpuint(batch->zc_niov, ==, 1);
	g_assert_cmpuint(batch->zc_nob, ==, BULK);
	g_assert_true(batch->iov[batch->niov].iov_base == out);
	g_assert_cmpint(batch->acked, ==, acked);
	zcl_conn_tx_advance(r->conn, batch->nob, ZCL_WAY_COPY, 0);
	g_assert_true(zcl_conn_tx_batch(r->conn, batch));
	g_assert_true(batch->zc);
	g_assert_cmpuint(batch->zc_niov, ==, 0);
	g_assert_cmpuint(batch->nob, ==, BULK);
	g_assert_cmpint(batch->acked, ==, acked);
}

static void test_spliced(void)
{
	struct zcl_tx_batch batch;
	uint8_t noop[ZCL_KSM_SIZE];
	struct rig r;

	rig_init(&r, ZCL_V2);
	zcl_conn_set_why(r.conn, ZCL_WHY_REGISTERED);
	send_header(&r, &batch, true);
	zcl_conn_tx_advance(r.conn, BULK, ZCL_WAY_SPLICE, 0);
	g_assert_cmpint(r.sent.way, ==, ZCL_WAY_SPLICE);
	g_assert_cmpint(r.sent.why, ==, ZCL_WHY_REGISTERED);
	g_assert_cmpuint(zcl_node_stats(r.node)->zc_bytes[ZCL_WAY_SPLICE], ==, BULK);
	/* Nothing of it is numbered, so nothing but the ACK is waited for. */
	zcl_conn_released(r.conn, 0, 0, 0);
	g_assert_null(r.last.user);
	g_assert_cmpuint(zcl_node_stats(r.node)->buffers_released, ==, 0);
	zcl_ksm_encode(&(struct zcl_ksm){.ksm_type = ZCL_KSM_NOOP,
					 .ksm_zc_cookies = {0, ZCL_FIRST_COOKIE}},
		       noop);
	zcl_conn_rx_push(r.conn, noop, sizeof(noop), 0);
	g_assert_cmpuint(zcl_node_stats(r.node)->buffers_released, ==, 1);
	zcl_conn_closed(r.conn, ZCL_E_RESET, 0);
	zcl_conn_foreach_spliced(r.conn, count_spliced, &r);
	g_assert_cmpuint(r.spliced, ==, 0);
	rig_clear(&r);
}

/* A part was spliced, the rest copied or not sent: the whole payload is told of until it is gone.
 */
static void test_spliced_in_part(void)
{
	for (int rest = 0; rest < 2; rest++) {
		struct zcl_tx_batch batch;
		struct rig r;

		rig_init(&r, ZCL_V2);
		zcl_conn_set_why(r.conn, ZCL_WHY_REGISTERED);
		send_header(&r, &batch, true);
		zcl_conn_tx_advance(r.conn, 5000, ZCL_WAY_SPLICE, 0);
		zcl_conn_set_why(r.conn, ZCL_WHY_FAILED);
		if (rest)
			zcl_conn_tx_advance(r.conn, BULK - 5000, ZCL_WAY_COPY, 0);
		g_assert_cmpint(r.sent.why, ==, rest ? ZCL_WHY_FAILED : ZCL_WHY_NONE);
		zcl_conn_closed(r.conn, ZCL_E_RESET, 0);
		zcl_conn_foreach_spliced(r.conn, count_spliced, &r);
		g_assert_cmpuint(r.spliced, ==, BULK);
		g_assert_cmpuint(zcl_node_stats(r.node)->buffers_released, ==, 0);
		rig_clear(&r);
		g_assert_cmpint(r.last.status, ==, ZCL_E_RESET);
	}
}

/* Without ZC-ACKs nobody would tell when the pages are free. */
static void test_v1(void)
{
	struct zcl_tx_batch batch;
	struct rig r;

	rig_init(&r, ZCL_V1);
	send_header(&r, &batch, false);
	rig_clear(&r);
}

/* Who copies takes the payload along; what nobody gave a reason for has no way in its event. */
static void test_taken_along(void)
{
	struct zcl_tx_batch batch;
	struct rig r;

	rig_init(&r, ZCL_V2);
	g_assert_true(zcl_conn_tx_batch(r.conn, &batch));
	zcl_conn_tx_advance(r.conn, batch.nob + batch.zc_nob, ZCL_WAY_COPY, 0);
	g_assert_cmpuint(zcl_node_stats(r.node)->zc_bytes[ZCL_WAY_COPY], ==, BULK);
	g_assert_cmpuint(r.sent.length, ==, BULK);
	g_assert_cmpint(r.sent.why, ==, ZCL_WHY_NONE);
	g_assert_false(zcl_conn_tx_batch(r.conn, &batch));
	rig_clear(&r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/way/spliced", test_spliced);
	g_test_add_func("/way/spliced-in-part", test_spliced_in_part);
	g_test_add_func("/way/v1", test_v1);
	g_test_add_func("/way/taken-along", test_taken_along);
	return g_test_run();
}
