/* SPDX-License-Identifier: MIT */
#include <stddef.h>
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

/* ---- handles: generation << 32 | index ---- */

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

uint64_t zcl_lnet_op_handle(const struct zcl_node *node, const struct zcl_op *op)
{
	return (uint64_t)op->generation << 32 | op_index(node, op);
}

struct zcl_op *zcl_lnet_op_new(struct zcl_node *node, enum zcl_op_kind kind, int64_t now)
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

void zcl_lnet_op_free(struct zcl_node *node, struct zcl_op *op)
{
	const guint index = op_index(node, op);
	const uint32_t generation = op->generation;

	g_free(op->ping);
	memset(op, 0, offsetof(struct zcl_op, iov));
	op->generation = generation;
	g_array_append_val(node->lnet.free_ops, index);
	node->lnet.ops_used--;
}

/* ---- events ---- */

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
		zcl_lnet_op_free(node, op);
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
		zcl_lnet_op_free(node, op);
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
	struct zcl_me *me = tx->owner.me;
	struct zcl_lnet_event event;

	g_assert(me != NULL);
	event = (struct zcl_lnet_event){
		.kind = ZCL_LNET_EV_GET,
		.status = err,
		.peer = tx->peer->nid,
		.portal = me->spec.portal,
		.match_bits = tx->owner.match_bits,
		.offset = tx->owner.offset,
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
	switch (tx->owner.kind) {
	case ZCL_TX_OP:
		op = zcl_lnet_op(node, tx->owner.op);
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

/* ---- time ---- */

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
