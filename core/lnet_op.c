/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node_impl.h"

/* PUTs and GETs of this side: each ends in exactly one final event (wire notes 8). */

void zcl_lnet_init(struct zcl_node *node)
{
	struct zcl_lnet *lnet = &node->lnet;

	lnet->me_by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
	lnet->ops = g_array_new(FALSE, TRUE, sizeof(struct zcl_op));
	lnet->free_ops = g_array_new(FALSE, FALSE, sizeof(guint));
	lnet->ping_info_size = zcl_ping_encode(&node->config, lnet->ping_info);
}

void zcl_lnet_clear(struct zcl_node *node)
{
	struct zcl_lnet *lnet = &node->lnet;

	for (size_t i = 0; i < ZCL_LNET_PORTALS; i++) {
		if (lnet->portal[i] == NULL)
			continue;
		g_ptr_array_set_free_func(lnet->portal[i], g_free);
		g_ptr_array_unref(lnet->portal[i]);
	}
	g_hash_table_unref(lnet->me_by_id);
	g_assert(lnet->ops_used == 0);
	g_array_unref(lnet->ops);
	g_array_unref(lnet->free_ops);
}

/* ---- handles: generation << 32 | index
 * ----------------------------------------------------------- */

static struct zcl_op *op_at(const struct zcl_node *node, guint index)
{
	return &g_array_index(node->lnet.ops, struct zcl_op, index);
}

struct zcl_op *zcl_lnet_op(struct zcl_node *node, uint64_t handle)
{
	const guint index = (guint)handle;
	struct zcl_op *op;

	if (index >= node->lnet.ops->len)
		return NULL;
	op = op_at(node, index);
	if (op->kind == ZCL_OP_FREE || op->generation != (uint32_t)(handle >> 32))
		return NULL;
	return op;
}

static guint op_index(const struct zcl_node *node, const struct zcl_op *op)
{
	return (guint)(op - op_at(node, 0));
}

static uint64_t op_handle(const struct zcl_node *node, const struct zcl_op *op)
{
	return (uint64_t)op->generation << 32 | op_index(node, op);
}

static struct zcl_op *op_new(struct zcl_node *node, enum zcl_op_kind kind, int64_t now)
{
	struct zcl_lnet *lnet = &node->lnet;
	struct zcl_op *op;

	if (lnet->ops_used >= node->config.max_ops)
		return NULL;
	if (lnet->free_ops->len > 0) {
		op = op_at(node, g_array_index(lnet->free_ops, guint, lnet->free_ops->len - 1));
		g_array_set_size(lnet->free_ops, lnet->free_ops->len - 1);
	} else {
		g_array_set_size(lnet->ops, lnet->ops->len + 1);
		op = op_at(node, lnet->ops->len - 1);
	}
	lnet->ops_used++;
	op->kind = kind;
	op->generation++;
	op->sending = true;
	op->deadline = zcl_time_after(now, node->config.socket_timeout);
	zcl_node_arm(node, op->deadline);
	return op;
}

static void op_free(struct zcl_node *node, struct zcl_op *op)
{
	const guint index = op_index(node, op);
	const uint32_t generation = op->generation;

	g_free(op->ping);
	memset(op, 0, sizeof(*op));
	op->generation = generation;
	g_array_append_val(node->lnet.free_ops, index);
	node->lnet.ops_used--;
}

/* ---- events
 * --------------------------------------------------------------------------------------- */

static void tell(struct zcl_node *node, struct zcl_op *op, enum zcl_lnet_event_kind kind,
		 enum zcl_err status, size_t mlength, const struct zcl_ping_info *ping)
{
	const struct zcl_lnet_event event = {
		.kind = kind,
		.status = status,
		.final = !op->sending && !op->answering,
		.peer = op->target,
		.portal = op->portal,
		.match_bits = op->match_bits,
		.hdr_data = op->hdr_data,
		.rlength = op->rlength,
		.mlength = mlength,
		.user = op->user,
		.ping = ping,
	};

	if (node->cb.deliver != NULL)
		node->cb.deliver(node->user, &event);
	if (event.final)
		op_free(node, op);
}

static void op_sent(struct zcl_node *node, struct zcl_op *op, enum zcl_err err)
{
	op->sending = false;
	if (op->kind == ZCL_OP_PUT) {
		if (err != ZCL_OK)
			op->answering = false;
		tell(node, op, ZCL_LNET_EV_SEND, err, err == ZCL_OK ? op->rlength : 0, NULL);
		return;
	}
	if (err != ZCL_OK && op->answering) {
		op->answering = false;
		tell(node, op, ZCL_LNET_EV_REPLY, err, 0, NULL);
		return;
	}
	/* The answer had come before the request's own end. */
	if (!op->answering)
		op_free(node, op);
}

static void tell_reply(struct zcl_node *node, struct zcl_op *op, enum zcl_err status,
		       size_t mlength)
{
	const bool sending = op->sending;
	struct zcl_ping_info info;
	const struct zcl_ping_info *ping = NULL;

	if (status == ZCL_OK && op->kind == ZCL_OP_PING) {
		status = zcl_ping_decode(op->ping, mlength, &info);
		ping = status == ZCL_OK ? &info : NULL;
	}
	/* A GET has no buffer to release: its REPLY is the end, whenever its message is over. */
	op->sending = false;
	if (!sending) {
		tell(node, op, ZCL_LNET_EV_REPLY, status, mlength, ping);
		return;
	}
	op->generation++; /* what is still being sent belongs to nobody */
	tell(node, op, ZCL_LNET_EV_REPLY, status, mlength, ping);
}

void zcl_lnet_op_answered(struct zcl_node *node, struct zcl_op *op, enum zcl_err status,
			  size_t mlength, int64_t now)
{
	(void)now;
	if (op->receiving != NULL) {
		zcl_rx_drop_sink(&op->receiving->rx);
		op->receiving->sink.kind = ZCL_SINK_NONE;
		op->receiving = NULL;
	}
	op->answering = false;
	if (op->kind == ZCL_OP_PUT)
		tell(node, op, ZCL_LNET_EV_ACK, status, mlength, NULL);
	else
		tell_reply(node, op, status, mlength);
}

static void me_sent(struct zcl_node *node, const struct zcl_tx *tx, enum zcl_err err)
{
	struct zcl_me *me = zcl_lnet_me(node, tx->owner_id);
	struct zcl_lnet_event event;

	g_assert(me != NULL);
	event = (struct zcl_lnet_event){
		.kind = ZCL_LNET_EV_GET,
		.status = err,
		.peer = tx->peer->nid,
		.portal = me->spec.portal,
		.match_bits = tx->match_bits,
		.offset = tx->offset,
		.rlength = tx->payload,
		.mlength = tx->payload,
		.id = me->id,
		.user = me->spec.user,
	};
	event.unlinked = zcl_lnet_me_end(node, me);
	if (node->cb.deliver != NULL)
		node->cb.deliver(node->user, &event);
}

void zcl_lnet_tx_done(struct zcl_node *node, const struct zcl_tx *tx, enum zcl_err err, int64_t now)
{
	struct zcl_op *op;

	(void)now;
	switch (tx->owner) {
	case ZCL_TX_OP:
		op = zcl_lnet_op(node, tx->owner_id);
		if (op != NULL)
			op_sent(node, op, err);
		break;
	case ZCL_TX_ME:
		me_sent(node, tx, err);
		break;
	case ZCL_TX_SELF:
	case ZCL_TX_NOBODY:
		break;
	}
}

/* ---- time
 * ------------------------------------------------------------------------------------------ */

void zcl_lnet_peer_lost(struct zcl_node *node, zcl_nid peer, enum zcl_err why, int64_t now)
{
	for (guint i = 0; i < node->lnet.ops->len; i++) {
		struct zcl_op *op = op_at(node, i);

		/* What is still being sent hears of it from its own message. */
		if (op->kind != ZCL_OP_FREE && op->target == peer && op->answering && !op->sending)
			zcl_lnet_op_answered(node, op, why, 0, now);
	}
}

int64_t zcl_lnet_expiry(const struct zcl_node *node)
{
	int64_t expiry = INT64_MAX;

	for (guint i = 0; i < node->lnet.ops->len; i++) {
		const struct zcl_op *op = op_at(node, i);

		if (op->kind != ZCL_OP_FREE && op->answering && op->deadline < expiry)
			expiry = op->deadline;
	}
	return expiry;
}

void zcl_lnet_tick(struct zcl_node *node, int64_t now)
{
	for (guint i = 0; i < node->lnet.ops->len; i++) {
		struct zcl_op *op = op_at(node, i);

		if (op->kind != ZCL_OP_FREE && op->answering && op->deadline <= now)
			zcl_lnet_op_answered(node, op, ZCL_E_TIMEDOUT, 0, now);
	}
}

/* ---- submitting
 * ------------------------------------------------------------------------------------ */

static enum zcl_err check(const struct zcl_node *node, zcl_nid target, uint32_t portal, size_t niov)
{
	if (node->shut)
		return ZCL_E_SHUTDOWN;
	if (zcl_nid_net_type(target) != ZCL_NET_TCP || target == ZCL_NID_ANY ||
	    target == node->config.nid)
		return ZCL_E_INVALID;
	return portal < ZCL_LNET_PORTALS && niov <= ZCL_LNET_MAX_IOV ? ZCL_OK : ZCL_E_INVALID;
}

enum zcl_err zcl_lnet_send(struct zcl_node *node, const struct zcl_lnet_hdr *hdr,
			   const struct iovec *iov, size_t niov, enum zcl_tx_owner owner,
			   uint64_t owner_id, size_t offset, int64_t now)
{
	struct zcl_peer *peer = zcl_peer_get(node, hdr->dest_nid);
	struct zcl_tx *tx;

	if (peer == NULL)
		return ZCL_E_LIMIT;
	/* Answers are never refused: their number is bounded by what the peer asks. */
	if (owner == ZCL_TX_OP && peer->under_way >= node->config.max_queued)
		return ZCL_E_LIMIT;
	tx = zcl_tx_get(&node->pool);
	zcl_tx_init_lnet(tx, hdr, iov, niov);
	tx->owner = owner;
	tx->owner_id = owner_id;
	tx->offset = offset;
	zcl_peer_launch(peer, tx, now);
	return ZCL_OK;
}

static struct zcl_lnet_hdr header_to(const struct zcl_node *node, zcl_nid target, uint32_t type)
{
	return (struct zcl_lnet_hdr){
		.dest_nid = target,
		.src_nid = node->config.nid,
		.dest_pid = ZCL_PID_LUSTRE,
		.src_pid = node->config.pid,
		.type = type,
	};
}

static struct zcl_handle wire_handle(const struct zcl_node *node, const struct zcl_op *op)
{
	return (struct zcl_handle){.wh_interface_cookie = node->config.incarnation,
				   .wh_object_cookie = op_handle(node, op)};
}

enum zcl_err zcl_lnet_put(struct zcl_node *node, const struct zcl_put *put, int64_t now)
{
	enum zcl_err err = check(node, put->target, put->portal, put->niov);
	struct zcl_lnet_hdr hdr;
	struct zcl_op *op;
	size_t length;

	if (err != ZCL_OK)
		return err;
	length = zcl_iov_length(put->iov, put->niov);
	if (length > ZCL_LNET_MTU)
		return ZCL_E_INVALID;
	op = op_new(node, ZCL_OP_PUT, now);
	if (op == NULL)
		return ZCL_E_LIMIT;
	op->target = put->target;
	op->portal = put->portal;
	op->match_bits = put->match_bits;
	op->hdr_data = put->hdr_data;
	op->rlength = length;
	op->answering = put->want_ack;
	op->user = put->user;

	hdr = header_to(node, put->target, ZCL_LNET_PUT);
	hdr.payload_length = (uint32_t)length;
	hdr.msg.put.ack_wmd = put->want_ack ? wire_handle(node, op) : zcl_handle_none;
	hdr.msg.put.match_bits = put->match_bits;
	hdr.msg.put.hdr_data = put->hdr_data;
	hdr.msg.put.ptl_index = put->portal;
	hdr.msg.put.offset = put->offset;
	err = zcl_lnet_send(node, &hdr, put->iov, put->niov, ZCL_TX_OP, op_handle(node, op), 0,
			    now);
	if (err != ZCL_OK)
		op_free(node, op);
	return err;
}

static enum zcl_err submit_get(struct zcl_node *node, const struct zcl_get *get,
			       enum zcl_op_kind kind, uint8_t *ping, int64_t now)
{
	enum zcl_err err = check(node, get->target, get->portal, get->niov);
	struct zcl_lnet_hdr hdr;
	struct zcl_op *op;
	const size_t length = err == ZCL_OK ? zcl_iov_length(get->iov, get->niov) : 0;

	if (err == ZCL_OK && length > ZCL_LNET_MTU)
		err = ZCL_E_INVALID;
	op = err == ZCL_OK ? op_new(node, kind, now) : NULL;
	if (op == NULL) {
		g_free(ping);
		return err == ZCL_OK ? ZCL_E_LIMIT : err;
	}
	op->target = get->target;
	op->portal = get->portal;
	op->match_bits = get->match_bits;
	op->rlength = length;
	op->answering = true;
	op->user = get->user;
	op->ping = ping;
	memcpy(op->iov, get->iov, get->niov * sizeof(*get->iov));
	op->niov = get->niov;

	hdr = header_to(node, get->target, ZCL_LNET_GET);
	hdr.msg.get.return_wmd = wire_handle(node, op);
	hdr.msg.get.match_bits = get->match_bits;
	hdr.msg.get.ptl_index = get->portal;
	hdr.msg.get.src_offset = get->src_offset;
	hdr.msg.get.sink_length = (uint32_t)length;
	err = zcl_lnet_send(node, &hdr, NULL, 0, ZCL_TX_OP, op_handle(node, op), 0, now);
	if (err != ZCL_OK)
		op_free(node, op);
	return err;
}

enum zcl_err zcl_lnet_get(struct zcl_node *node, const struct zcl_get *get, int64_t now)
{
	return submit_get(node, get, ZCL_OP_GET, NULL, now);
}

enum zcl_err zcl_lnet_ping(struct zcl_node *node, zcl_nid target, void *user, int64_t now)
{
	uint8_t *buf = g_malloc0(ZCL_PING_MAX_SIZE);
	const struct iovec iov = {.iov_base = buf, .iov_len = ZCL_PING_MAX_SIZE};
	const struct zcl_get get = {
		.target = target,
		.portal = ZCL_PING_PORTAL,
		.match_bits = ZCL_PING_MATCHBITS,
		.iov = &iov,
		.niov = 1,
		.user = user,
	};

	return submit_get(node, &get, ZCL_OP_PING, buf, now);
}
