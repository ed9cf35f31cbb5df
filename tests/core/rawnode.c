/* SPDX-License-Identifier: MIT */
#include "tests/core/rawnode.h"

#include "tests/core/bytes.h"

#define PEER_INCARNATION 5

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_close(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct rawnode *)user)->closed = true;
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct rawnode *)user)->aborted = true;
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	((struct rawnode *)user)->conn = conn;
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

struct rawnode *rawnode_new(uint32_t version, enum zcl_refusal refuses)
{
	struct rawnode *r = g_new0(struct rawnode, 1);
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = RAWNODE_SELF;
	config.incarnation = 99;
	config.max_version = version;
	config.refuses = refuses;
	config.typed = false;
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
	r->out = g_byte_array_new();
	return r;
}

void rawnode_drain(struct rawnode *r)
{
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(r->conn, &batch)) {
		for (size_t i = 0; i < batch.niov; i++)
			g_byte_array_append(r->out, batch.iov[i].iov_base,
					    (guint)batch.iov[i].iov_len);
		zcl_conn_tx_advance(r->conn, batch.nob, false, 0);
	}
}

void rawnode_hear(struct rawnode *r, const void *data, size_t len)
{
	zcl_conn_rx_push(r->conn, data, len, 0);
	rawnode_drain(r);
}

void rawnode_free(struct rawnode *r)
{
	zcl_node_shutdown(r->node, 0);
	if (r->conn != NULL)
		zcl_conn_gone(r->conn, 0);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
	g_byte_array_unref(r->out);
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
	put(bytes, RAWNODE_PEER, 8, big);
	put(bytes, target, 8, big);
	put(bytes, ZCL_PID_LUSTRE, 4, big);
	put(bytes, 0, 4, big);
	put(bytes, PEER_INCARNATION, 8, big);
	put(bytes, 0, 8, big);
	put(bytes, ctype, 4, big);
	put(bytes, 0, 4, big);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
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
