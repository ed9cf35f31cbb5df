/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node.h"
#include "core/rx.h"

#include <glib.h>

/*
 * One node against bytes written by hand: what it answers to wrong, old, new and foreign callers
 * (wire notes 3 to 7).
 */

#define SELF zcl_nid_tcp(0x0a000009, 0)
#define PEER zcl_nid_tcp(0x0a000001, 0)

struct raw {
	struct zcl_node *node;
	struct zcl_conn *conn;
	GByteArray *out; /* what the node sent */
	bool closed, aborted;
	enum zcl_err error; /* of the last protocol-error event */
	enum zcl_reason refused;
	struct zcl_lnet_event last;
};

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_close(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct raw *)user)->closed = true;
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct raw *)user)->aborted = true;
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	((struct raw *)user)->conn = conn;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	((struct raw *)user)->last = *event;
}

static void on_trace(void *user, const struct zcl_event *ev)
{
	struct raw *r = user;

	if (ev->kind == ZCL_EV_PROTOCOL_ERROR)
		r->error = ev->error;
	if (ev->kind == ZCL_EV_REFUSE)
		r->refused = ev->reason;
}

static const struct zcl_callbacks callbacks = {
	.connect = on_connect,
	.close = on_close,
	.abort = on_abort,
	.wake_tx = nothing,
	.wake_rx = nothing,
	.deliver = on_deliver,
	.trace = on_trace,
};

static struct raw *raw_new(uint32_t version, enum zcl_refusal refuses, bool checksum)
{
	struct raw *r = g_new0(struct raw, 1);
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = SELF;
	config.incarnation = 99;
	config.max_version = version;
	config.refuses = refuses;
	config.checksum = checksum;
	config.typed = false;
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
	r->out = g_byte_array_new();
	return r;
}

static void drain(struct raw *r)
{
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(r->conn, &batch)) {
		for (size_t i = 0; i < batch.niov; i++)
			g_byte_array_append(r->out, batch.iov[i].iov_base,
					    (guint)batch.iov[i].iov_len);
		zcl_conn_tx_advance(r->conn, batch.nob, false, 0);
	}
}

static void hear(struct raw *r, const void *data, size_t len)
{
	zcl_conn_rx_push(r->conn, data, len, 0);
	drain(r);
}

static void raw_free(struct raw *r)
{
	zcl_node_shutdown(r->node, 0);
	if (r->conn != NULL)
		zcl_conn_gone(r->conn, 0);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
	g_byte_array_unref(r->out);
	g_free(r);
}

/* ---- a caller, byte order as wanted ---- */

struct words {
	GByteArray *bytes;
	bool flipped;
};

static void w32(struct words *w, uint32_t v)
{
	v = w->flipped ? GUINT32_SWAP_LE_BE(v) : v;
	g_byte_array_append(w->bytes, (const guint8 *)&v, sizeof(v));
}

static void w64(struct words *w, uint64_t v)
{
	v = w->flipped ? GUINT64_SWAP_LE_BE(v) : v;
	g_byte_array_append(w->bytes, (const guint8 *)&v, sizeof(v));
}

static GByteArray *opening(bool flipped, zcl_nid target, uint32_t version, uint64_t incarnation)
{
	struct words w = {.bytes = g_byte_array_new(), .flipped = flipped};

	w32(&w, ZCL_ACCEPTOR_MAGIC);
	w32(&w, 1);
	w64(&w, target);
	w32(&w, ZCL_PROTO_MAGIC);
	w32(&w, version);
	w64(&w, PEER);
	w64(&w, target);
	w32(&w, ZCL_PID_LUSTRE);
	w32(&w, 0);
	w64(&w, incarnation);
	w64(&w, 0);
	w32(&w, ZCL_CONN_ANY);
	w32(&w, 0);
	return w.bytes;
}

static void call(struct raw *r, bool flipped, zcl_nid target, uint32_t version)
{
	GByteArray *bytes = opening(flipped, target, version, 5);

	r->conn = zcl_node_accepted(r->node, NULL, 0);
	hear(r, bytes->data, bytes->len);
	g_byte_array_unref(bytes);
}

static void call_typed(struct raw *r, uint32_t ctype)
{
	GByteArray *bytes = opening(false, SELF, ZCL_V2, 5);

	memcpy(bytes->data + bytes->len - 2 * sizeof(ctype), &ctype, sizeof(ctype));
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	hear(r, bytes->data, bytes->len);
	g_byte_array_unref(bytes);
}

static struct zcl_hello answer(const struct raw *r)
{
	struct zcl_rx rx;
	struct zcl_rx_item item;
	size_t at = 0;

	zcl_rx_init(&rx, false, ZCL_V3);
	do {
		g_assert_cmpint(zcl_rx_next(&rx, &item), ==, ZCL_OK);
		if (item.kind == ZCL_ITEM_MORE) {
			g_assert_cmpuint(at, <, r->out->len);
			at += zcl_rx_push(&rx, r->out->data + at, r->out->len - at);
		}
	} while (item.kind != ZCL_ITEM_HELLO);
	return item.hello;
}

/* ---- tests ---- */

static void test_both_orders(void)
{
	for (int flipped = 0; flipped < 2; flipped++) {
		struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
		struct words w = {.bytes = g_byte_array_new(), .flipped = flipped};
		const struct zcl_lnet_hdr get = {
			.dest_nid = SELF,
			.src_nid = PEER,
			.type = ZCL_LNET_GET,
			.msg.get = {.match_bits = ZCL_PING_MATCHBITS, .sink_length = 400},
		};
		uint8_t hdr[ZCL_LNET_HDR_SIZE];

		call(r, flipped, SELF, ZCL_V2);
		g_assert_cmpint(answer(r).kshm_ctype, ==, ZCL_CONN_ANY);
		g_assert_cmpuint(answer(r).kshm_src_nid, ==, SELF);
		g_assert_cmpuint(answer(r).kshm_dst_nid, ==, PEER);
		w32(&w, ZCL_KSM_LNET);
		w32(&w, 0);
		w64(&w, 0);
		w64(&w, 0);
		zcl_lnet_hdr_encode(&get, hdr); /* little-endian from everybody */
		g_byte_array_append(w.bytes, hdr, sizeof(hdr));
		hear(r, w.bytes->data, w.bytes->len);
		g_assert_cmpuint(r->out->len, ==, 56 + 24 + 72 + 48);
		g_byte_array_unref(w.bytes);
		raw_free(r);
	}
}

/* A newer caller: our own HELLO, type NONE, our NID in dst_nid; then closed. */
static void test_newer_version(void)
{
	for (uint32_t version = ZCL_V3; version <= 9; version += 3) {
		struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);

		call(r, version == 6, SELF, version);
		g_assert_cmpuint(r->out->len, ==, 56);
		g_assert_cmpuint(answer(r).kshm_version, ==, ZCL_V2);
		g_assert_cmpint(answer(r).kshm_ctype, ==, ZCL_CONN_NONE);
		g_assert_cmpuint(answer(r).kshm_dst_nid, ==, SELF);
		g_assert_cmpint(r->refused, ==, ZCL_REASON_VERSION);
		g_assert_true(r->closed && !r->aborted);
		raw_free(r);
	}
}

static void test_v1_refuses_v2(void)
{
	struct raw *r = raw_new(ZCL_V1, ZCL_REFUSE_REPLY, false);

	call(r, false, SELF, ZCL_V2);
	g_assert_cmpuint(r->out->len, ==, 72);
	g_assert_cmpuint(answer(r).kshm_version, ==, ZCL_V1);
	g_assert_cmpint(answer(r).kshm_ctype, ==, ZCL_CONN_NONE);
	raw_free(r);

	r = raw_new(ZCL_V1, ZCL_REFUSE_ABORT, false);
	call(r, false, SELF, ZCL_V2);
	g_assert_cmpuint(r->out->len, ==, 0);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->refused, ==, ZCL_REASON_VERSION);
	raw_free(r);
}

static void test_wrong_target(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);

	call(r, false, SELF + 1, ZCL_V2);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_WRONG_NID);
	g_assert_cmpuint(r->out->len, ==, 0);
	raw_free(r);
}

static void test_own_nid_calls(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	const struct zcl_accept_req req = {.acr_version = 1, .acr_nid = SELF};
	const struct zcl_hello hello = {.kshm_version = ZCL_V2, .kshm_src_nid = SELF};
	uint8_t bytes[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];

	zcl_accept_encode(&req, bytes);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	hear(r, bytes, ZCL_ACCEPT_SIZE + zcl_hello_encode(&hello, bytes + ZCL_ACCEPT_SIZE));
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_WRONG_NID);
	raw_free(r);
}

/* An acceptor request of another version is answered with ours, NID 0, then closed. */
static void test_acceptor_version(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	const struct zcl_accept_req req = {.acr_version = 2, .acr_nid = SELF};
	struct zcl_accept_req got;
	uint8_t bytes[ZCL_ACCEPT_SIZE];
	bool flipped;

	zcl_accept_encode(&req, bytes);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	hear(r, bytes, sizeof(bytes));
	g_assert_cmpuint(r->out->len, ==, ZCL_ACCEPT_SIZE);
	g_assert_cmpint(zcl_accept_decode(r->out->data, &got, &flipped), ==, ZCL_OK);
	g_assert_cmpuint(got.acr_nid, ==, 0);
	g_assert_true(r->closed);
	raw_free(r);
}

static void test_garbage(void)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);

	r->conn = zcl_node_accepted(r->node, NULL, 0);
	hear(r, http, sizeof(http));
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_MAGIC);
	raw_free(r);
}

static void noop(struct raw *r, uint64_t cookie)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_NOOP, .ksm_zc_cookies = {0, cookie}};
	uint8_t bytes[ZCL_KSM_SIZE];

	zcl_ksm_encode(&ksm, bytes);
	hear(r, bytes, sizeof(bytes));
}

/* A cookie that nobody gave out closes the connection; a keepalive does not. */
static void test_unknown_cookie(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);

	call(r, false, SELF, ZCL_V2);
	noop(r, ZCL_KEEPALIVE_COOKIE);
	g_assert_false(r->aborted);
	noop(r, 2);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_COOKIE);
	raw_free(r);
}

static uint8_t payload[20000];

static void put_bulk(struct raw *r)
{
	const struct iovec iov = {payload, sizeof(payload)};
	const struct zcl_put put = {.target = PEER, .portal = 3, .iov = &iov, .niov = 1};

	g_assert_cmpint(zcl_lnet_put(r->node, &put, 0), ==, ZCL_OK);
}

/* An ACK twice: the second is unknown. */
static void test_acked_twice(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);

	call(r, false, SELF, ZCL_V2);
	put_bulk(r);
	drain(r);
	noop(r, 2);
	g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_SEND);
	g_assert_cmpint(r->last.status, ==, ZCL_OK);
	g_assert_false(r->aborted);
	noop(r, 2);
	g_assert_true(r->aborted);
	raw_free(r);
}

/* The ACK in a message's ksock header counts when that is there: its LNet header may never come. */
static void test_acked_at_the_header(void)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET, .ksm_zc_cookies = {0, 2}};
	const struct zcl_ksm next = {.ksm_type = ZCL_KSM_LNET, .ksm_zc_cookies = {0, 3}};
	const struct zcl_lnet_hdr hdr = {.dest_nid = SELF, .src_nid = PEER, .type = ZCL_LNET_PUT};
	uint8_t head[ZCL_MSG_HDR_SIZE];

	zcl_lnet_hdr_encode(&hdr, head + ZCL_KSM_SIZE);
	for (size_t cut = ZCL_KSM_SIZE - 1; cut <= ZCL_MSG_HDR_SIZE; cut++) {
		struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
		const struct zcl_stats *stats = zcl_node_stats(r->node);

		zcl_ksm_encode(&ksm, head);
		call(r, false, SELF, ZCL_V2);
		put_bulk(r);
		drain(r);
		hear(r, head, cut);
		g_assert_cmpuint(stats->acks_received, ==, cut >= ZCL_KSM_SIZE);
		g_assert_cmpuint(stats->buffers_released, ==, cut >= ZCL_KSM_SIZE);
		g_assert_cmpint(r->last.final, ==, cut >= ZCL_KSM_SIZE);
		/* Once: the rest does not make it a second one. */
		hear(r, head + cut, sizeof(head) - cut);
		g_assert_cmpuint(stats->acks_received, ==, 1);
		g_assert_cmpuint(stats->messages_received, ==, 1);
		g_assert_false(r->aborted);
		/* And the next message's counts again. */
		put_bulk(r);
		drain(r);
		zcl_ksm_encode(&next, head);
		hear(r, head, sizeof(head));
		g_assert_cmpuint(stats->acks_received, ==, 2);
		raw_free(r);
	}
}

/*
 * A message and its ACK take different connections of a typed set. The one breaks while the ACK is
 * on its way on the other: that is nobody's fault. A cookie that was never given is.
 */
static void test_acked_late(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	struct zcl_conn *control, *bulk;

	call_typed(r, ZCL_CONN_CONTROL);
	control = r->conn;
	call_typed(r, ZCL_CONN_BULK_IN); /* BULK_OUT here */
	bulk = r->conn;
	put_bulk(r);
	drain(r);
	zcl_conn_closed(bulk, ZCL_E_RESET, 0);
	zcl_conn_gone(bulk, 0);
	g_assert_cmpint(r->last.status, ==, ZCL_E_RESET);
	r->aborted = false;
	r->conn = control;
	noop(r, 2);
	g_assert_false(r->aborted);
	noop(r, 3);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_COOKIE);
	raw_free(r);
}

/* An ACK for what was not all sent is a lie. */
static void test_acked_too_early(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_NOOP, .ksm_zc_cookies = {0, 2}};
	uint8_t bytes[ZCL_KSM_SIZE];

	call(r, false, SELF, ZCL_V2);
	put_bulk(r);
	zcl_ksm_encode(&ksm, bytes);
	zcl_conn_rx_push(r->conn, bytes, sizeof(bytes), 0);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_COOKIE);
	raw_free(r);
}

/* The ACK of a ZC request goes out when its last byte is there, not before. */
static void test_ack_after_payload(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET, .ksm_zc_cookies = {7, 0}};
	const struct zcl_lnet_hdr hdr = {.dest_nid = SELF,
					 .src_nid = PEER,
					 .type = ZCL_LNET_PUT,
					 .payload_length = sizeof(payload),
					 .msg.put.ack_wmd = {UINT64_MAX, UINT64_MAX}};
	uint8_t head[ZCL_MSG_HDR_SIZE];
	guint before;

	call(r, false, SELF, ZCL_V2);
	before = r->out->len;
	zcl_ksm_encode(&ksm, head);
	zcl_lnet_hdr_encode(&hdr, head + ZCL_KSM_SIZE);
	hear(r, head, sizeof(head));
	hear(r, payload, sizeof(payload) - 1);
	g_assert_cmpuint(r->out->len, ==, before);
	hear(r, payload, 1);
	g_assert_cmpuint(r->out->len, ==, before + ZCL_KSM_SIZE);
	raw_free(r);
}

/* ... and never when its checksum is wrong. */
static void test_no_ack_for_bad_checksum(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	const struct zcl_ksm ksm = {
		.ksm_type = ZCL_KSM_LNET, .ksm_csum = 0x1234, .ksm_zc_cookies = {7, 0}};
	const struct zcl_lnet_hdr hdr = {.dest_nid = SELF,
					 .src_nid = PEER,
					 .type = ZCL_LNET_PUT,
					 .payload_length = sizeof(payload)};
	uint8_t head[ZCL_MSG_HDR_SIZE];
	guint before;

	call(r, false, SELF, ZCL_V2);
	before = r->out->len;
	zcl_ksm_encode(&ksm, head);
	zcl_lnet_hdr_encode(&hdr, head + ZCL_KSM_SIZE);
	hear(r, head, sizeof(head));
	hear(r, payload, sizeof(payload));
	g_assert_cmpuint(r->out->len, ==, before);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_CHECKSUM);
	raw_free(r);
}

/* No cookie on a connection that cannot send without a copy, and no batch of its own. */
static void test_not_capable(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	struct zcl_tx_batch batch;

	call(r, false, SELF, ZCL_V2);
	zcl_conn_set_zc_capable(r->conn, false);
	put_bulk(r);
	g_assert_true(zcl_conn_tx_batch(r->conn, &batch));
	g_assert_false(batch.zc);
	g_assert_cmpuint(batch.nob, ==, ZCL_MSG_HDR_SIZE + sizeof(payload));
	drain(r);
	g_assert_cmpuint(zcl_node_stats(r->node)->zc_requests, ==, 0);
	g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_SEND);
	raw_free(r);
}

/* A backend that copies gets header and payload in one batch; the ZC request is made all the same.
 */
static void test_copying(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
	const struct zcl_stats *stats = zcl_node_stats(r->node);
	struct zcl_tx_batch batch;

	call(r, false, SELF, ZCL_V2);
	put_bulk(r);
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
	drain(r);
	g_assert_cmpuint(stats->zc_bytes[ZCL_WAY_COPY], ==, sizeof(payload));
	g_assert_cmpuint(stats->zc_bytes[ZCL_WAY_ZEROCOPY], ==, 0);
	g_assert_cmpuint(stats->zc_requests, ==, 1);
	noop(r, 2);
	g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_SEND);
	raw_free(r);
}

/* An LNet ACK for more than was sent: the program hears of what was sent. */
static void test_acked_too_much(void)
{
	static const uint32_t said[] = {0, 99, 100, 101, UINT32_MAX};

	for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
		struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);
		const struct iovec iov = {payload, 100};
		const struct zcl_put put = {
			.target = PEER, .portal = 3, .iov = &iov, .niov = 1, .want_ack = true};
		struct zcl_lnet_hdr hdr;
		const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET};
		uint8_t bytes[ZCL_MSG_HDR_SIZE];

		call(r, false, SELF, ZCL_V2);
		g_byte_array_set_size(r->out, 0);
		g_assert_cmpint(zcl_lnet_put(r->node, &put, 0), ==, ZCL_OK);
		drain(r);
		g_assert_cmpint(zcl_lnet_hdr_decode(r->out->data + ZCL_KSM_SIZE, &hdr), ==, ZCL_OK);
		hdr = (struct zcl_lnet_hdr){
			.dest_nid = SELF,
			.src_nid = PEER,
			.type = ZCL_LNET_ACK,
			.msg.ack = {.dst_wmd = hdr.msg.put.ack_wmd, .mlength = said[i]}};
		zcl_ksm_encode(&ksm, bytes);
		zcl_lnet_hdr_encode(&hdr, bytes + ZCL_KSM_SIZE);
		hear(r, bytes, sizeof(bytes));
		g_assert_cmpint(r->last.kind, ==, ZCL_LNET_EV_ACK);
		g_assert_cmpint(r->last.status, ==, ZCL_OK);
		g_assert_cmpuint(r->last.mlength, ==, MIN(said[i], 100));
		g_assert_false(r->aborted);
		raw_free(r);
	}
}

/* ---- the active side ---- */

static void dial(struct raw *r)
{
	g_assert_cmpint(zcl_node_connect(r->node, PEER, 0), ==, ZCL_OK);
	zcl_conn_connected(r->conn, 0);
	drain(r);
}

static void hello_from(struct raw *r, struct zcl_hello hello)
{
	uint8_t bytes[ZCL_HELLO_MAX_SIZE];

	hello.kshm_src_incarnation = 5;
	hear(r, bytes, zcl_hello_encode(&hello, bytes));
}

static void test_another_nid_answers(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);

	dial(r);
	g_assert_cmpuint(r->out->len, ==, 16 + 56);
	hello_from(r, (struct zcl_hello){.kshm_version = ZCL_V2, .kshm_src_nid = PEER + 1});
	g_assert_true(r->aborted);
	raw_free(r);
}

static void test_wrong_type_answered(void)
{
	struct raw *r = raw_new(ZCL_V2, ZCL_REFUSE_REPLY, false);

	dial(r);
	hello_from(r, (struct zcl_hello){.kshm_version = ZCL_V2,
					 .kshm_src_nid = PEER,
					 .kshm_ctype = ZCL_CONN_BULK_IN});
	g_assert_true(r->aborted);
	raw_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conn/both-orders", test_both_orders);
	g_test_add_func("/conn/newer-version", test_newer_version);
	g_test_add_func("/conn/v1-refuses-v2", test_v1_refuses_v2);
	g_test_add_func("/conn/wrong-target", test_wrong_target);
	g_test_add_func("/conn/own-nid-calls", test_own_nid_calls);
	g_test_add_func("/conn/acceptor-version", test_acceptor_version);
	g_test_add_func("/conn/garbage", test_garbage);
	g_test_add_func("/conn/unknown-cookie", test_unknown_cookie);
	g_test_add_func("/conn/acked-twice", test_acked_twice);
	g_test_add_func("/conn/acked-at-the-header", test_acked_at_the_header);
	g_test_add_func("/conn/acked-late", test_acked_late);
	g_test_add_func("/conn/acked-too-early", test_acked_too_early);
	g_test_add_func("/conn/ack-after-payload", test_ack_after_payload);
	g_test_add_func("/conn/acked-too-much", test_acked_too_much);
	g_test_add_func("/conn/copying", test_copying);
	g_test_add_func("/conn/not-capable", test_not_capable);
	g_test_add_func("/conn/no-ack-for-bad-checksum", test_no_ack_for_bad_checksum);
	g_test_add_func("/conn/another-nid-answers", test_another_nid_answers);
	g_test_add_func("/conn/wrong-type-answered", test_wrong_type_answered);
	return g_test_run();
}
