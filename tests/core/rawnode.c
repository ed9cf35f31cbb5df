/* SPDX-License-Identifier: MIT */
#include "tests/core/rawnode.h"

#include "tests/core/bytes.h"
#include "tests/core/watched.h"

#define PEER_INCARNATION 5

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_close(void *user, struct zcl_conn *conn)
{
	struct rawnode *r = user;

	r->closed = true;
	g_queue_push_tail(&r->ended, conn);
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	struct rawnode *r = user;

	r->aborted = true;
	g_queue_push_tail(&r->ended, conn);
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	struct rawnode *r = user;

	r->conn = conn;
	r->connects++;
}

static void on_suspect(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct rawnode *)user)->suspects++;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	((struct rawnode *)user)->last = *event;
}

static void on_trace(void *user, const struct zcl_event *ev)
{
	struct rawnode *r = user;

	if (ev->kind == ZCL_EV_PROTOCOL_ERROR)
		r->error = ev->error;
	if (ev->kind == ZCL_EV_REFUSE)
		r->refused = ev->reason;
	g_array_append_val(r->events, *ev);
}

static const struct zcl_callbacks callbacks = {
	.connect = on_connect,
	.close = on_close,
	.abort = on_abort,
	.wake_tx = nothing,
	.wake_rx = nothing,
	.suspect = on_suspect,
	.deliver = on_deliver,
	.trace = on_trace,
};

struct zcl_config rawnode_config(uint32_t version)
{
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = RAWNODE_SELF;
	config.incarnation = 99;
	config.max_version = version;
	config.typed = false;
	return config;
}

struct rawnode *rawnode_new_of(const struct zcl_config *config)
{
	struct rawnode *r = g_new0(struct rawnode, 1);

	g_queue_init(&r->ended);
	r->peer = RAWNODE_PEER;
	r->incarnation = PEER_INCARNATION;
	r->out = g_byte_array_new();
	r->events = g_array_new(FALSE, FALSE, sizeof(struct zcl_event));
	r->node = zcl_node_new(config, &callbacks, r, NULL);
	g_assert_nonnull(r->node);
	return r;
}

struct rawnode *rawnode_new(uint32_t version, enum zcl_refusal refuses)
{
	struct zcl_config config = rawnode_config(version);

	config.refuses = refuses;
	return rawnode_new_of(&config);
}

void rawnode_drain(struct rawnode *r)
{
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(r->conn, &batch)) {
		for (size_t i = 0; i < batch.niov; i++)
			g_byte_array_append(r->out, batch.iov[i].iov_base,
					    (guint)batch.iov[i].iov_len);
		zcl_conn_tx_advance(r->conn, batch.nob, ZCL_WAY_COPY, r->now);
	}
}

void rawnode_hear(struct rawnode *r, const void *data, size_t len)
{
	zcl_conn_rx_push(r->conn, data, len, r->now);
	rawnode_drain(r);
}

void rawnode_hear_lnet(struct rawnode *r, const struct zcl_lnet_hdr *hdr)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET};
	uint8_t bytes[ZCL_MSG_HDR_SIZE];

	zcl_ksm_encode(&ksm, bytes);
	zcl_lnet_hdr_encode(hdr, bytes + ZCL_KSM_SIZE);
	rawnode_hear(r, bytes, sizeof(bytes));
}

void rawnode_hear_noop(struct rawnode *r, uint64_t cookie)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_NOOP, .ksm_zc_cookies = {0, cookie}};
	uint8_t bytes[ZCL_KSM_SIZE];

	zcl_ksm_encode(&ksm, bytes);
	rawnode_hear(r, bytes, sizeof(bytes));
}

void rawnode_bury(struct rawnode *r)
{
	while (!g_queue_is_empty(&r->ended)) {
		struct zcl_conn *conn = g_queue_pop_head(&r->ended);

		if (r->conn == conn)
			r->conn = NULL;
		zcl_conn_gone(conn, r->now);
	}
}

void rawnode_free(struct rawnode *r)
{
	zcl_node_shutdown(r->node, r->now);
	rawnode_bury(r);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
	g_byte_array_unref(r->out);
	g_array_unref(r->events);
	g_free(r);
}

/* ---- a caller ---- */

static void open_call(struct rawnode *r, bool big, zcl_nid target, uint32_t version, uint32_t ctype)
{
	GByteArray *bytes = g_byte_array_new();

	put(bytes, ZCL_ACCEPTOR_MAGIC, 4, big);
	put(bytes, 1, 4, big);
	put(bytes, target, 8, big);
	put(bytes, ZCL_PROTO_MAGIC, 4, big);
	put(bytes, version, 4, big);
	put(bytes, r->peer, 8, big);
	put(bytes, target, 8, big);
	put(bytes, ZCL_PID_LUSTRE, 4, big);
	put(bytes, 0, 4, big);
	put(bytes, r->incarnation, 8, big);
	put(bytes, 0, 8, big);
	put(bytes, ctype, 4, big);
	put(bytes, 0, 4, big);
	r->conn = zcl_node_accepted(r->node, NULL, r->now);
	g_assert_nonnull(r->conn);
	rawnode_hear(r, bytes->data, bytes->len);
	g_byte_array_unref(bytes);
}

void rawnode_call(struct rawnode *r, bool big, zcl_nid target, uint32_t version)
{
	open_call(r, big, target, version, ZCL_CONN_ANY);
}

void rawnode_call_typed(struct rawnode *r, uint32_t ctype)
{
	open_call(r, false, RAWNODE_SELF, ZCL_V2, ctype);
}

struct rawnode *rawnode_called(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

	rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
	return r;
}

/* ---- the active side ---- */

void rawnode_connected(struct rawnode *r)
{
	zcl_conn_connected(r->conn, r->now);
	rawnode_drain(r);
}

void rawnode_dial(struct rawnode *r)
{
	g_assert_cmpint(zcl_node_connect(r->node, r->peer, r->now), ==, ZCL_OK);
	rawnode_connected(r);
}

void rawnode_hello_from(struct rawnode *r, struct zcl_hello hello)
{
	uint8_t bytes[ZCL_HELLO_MAX_SIZE];

	hello.kshm_src_incarnation = r->incarnation;
	rawnode_hear(r, bytes, zcl_hello_encode(&hello, bytes));
}

/* ---- what it does ---- */

void rawnode_put(struct rawnode *r)
{
	static uint8_t payload[RAWNODE_BULK];
	const struct iovec iov = {payload, sizeof(payload)};
	const struct zcl_put put = {.target = r->peer, .portal = 3, .iov = &iov, .niov = 1};

	g_assert_cmpint(zcl_lnet_put(r->node, &put, r->now), ==, ZCL_OK);
}

guint rawnode_count(const struct rawnode *r, enum zcl_event_kind kind)
{
	return watched_count(r->events, kind);
}

const struct zcl_event *rawnode_event(const struct rawnode *r, enum zcl_event_kind kind)
{
	for (guint i = r->events->len; i > 0; i--) {
		const struct zcl_event *ev = &g_array_index(r->events, struct zcl_event, i - 1);

		if (ev->kind == kind)
			return ev;
	}
	return NULL;
}

guint rawnode_conns(const struct rawnode *r)
{
	return watched_conns(r->node);
}
