/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h"

/* PUTs and GETs of this side: each ends in exactly one final event (wire notes 8). */

void zcl_lnet_init(struct zcl_node *node)
{
	struct zcl_lnet *lnet = &node->lnet;

	lnet->me_by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
	lnet->op_slabs = g_ptr_array_new();
	lnet->ping_info_size = zcl_ping_encode(&node->config, lnet->ping_info);
}

static void free_slab(struct zcl_op *slab)
{
	for (size_t i = 0; i < ZCL_OP_SLAB; i++)
		zcl_iovs_clear(&slab[i].iovs);
	g_free(slab);
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
	for (guint i = 0; i < lnet->op_slabs->len; i++)
		free_slab(lnet->op_slabs->pdata[i]);
	g_ptr_array_unref(lnet->op_slabs);
}

/* ---- handles: generation << 32 | index ---- */

struct zcl_op *zcl_lnet_op_at(const struct zcl_lnet *lnet, uint32_t index)
{
	struct zcl_op *slab = lnet->op_slabs->pdata[index / ZCL_OP_SLAB];

	return slab + index % ZCL_OP_SLAB;
}

struct zcl_op *zcl_lnet_op(struct zcl_node *node, uint64_t handle)
{
	const uint32_t index = (uint32_t)handle;
	struct zcl_op *op;

	if (index >= node->lnet.nops)
		return NULL;
	op = zcl_lnet_op_at(&node->lnet, index);
	if (op->kind == ZCL_OP_FREE || op->generation != (uint32_t)(handle >> 32))
		return NULL;
	return op;
}

uint64_t zcl_lnet_op_handle(const struct zcl_op *op)
{
	return (uint64_t)op->generation << 32 | op->index;
}

/* One that was never used. */
static struct zcl_op *op_add(struct zcl_lnet *lnet)
{
	struct zcl_op *op;

	if (lnet->nops == lnet->op_slabs->len * ZCL_OP_SLAB)
		g_ptr_array_add(lnet->op_slabs, g_new0(struct zcl_op, ZCL_OP_SLAB));
	op = zcl_lnet_op_at(lnet, lnet->nops);
	*op = (struct zcl_op){.index = lnet->nops++, .link.data = op, .iovs = op->iovs};
	return op;
}

static struct zcl_op *op_take(struct zcl_lnet *lnet)
{
	struct zcl_op *op;

	if (lnet->free_op == 0)
		return op_add(lnet);
	op = zcl_lnet_op_at(lnet, lnet->free_op - 1);
	lnet->free_op = op->next_free;
	return op;
}

struct zcl_op *zcl_lnet_op_new(struct zcl_peer *peer, enum zcl_op_kind kind, int64_t now)
{
	struct zcl_node *node = peer->node;
	struct zcl_op *op = op_take(&node->lnet);

	op->kind = kind;
	op->generation++;
	op->peer = peer;
	op->sending = true;
	op->answering = true;
	op->hdr_data = 0;
	op->receiving = NULL;
	op->ping = NULL;
	op->deadline = zcl_time_after(now, node->config.socket_timeout);
	zcl_queue_push(&peer->ops, &op->link);
	zcl_peer_arm(peer, op->deadline);
	return op;
}

/* No answer is due any more. */
static void settled(struct zcl_op *op)
{
	if (!op->answering)
		return;
	op->answering = false;
	zcl_queue_unlink(&op->peer->ops, &op->link);
}

void zcl_lnet_op_free(struct zcl_node *node, struct zcl_op *op)
{
	settled(op);
	if (op->kind == ZCL_OP_PING)
		g_free(op->ping);
	op->ping = NULL;
	op->kind = ZCL_OP_FREE;
	op->next_free = node->lnet.free_op;
	node->lnet.free_op = op->index + 1;
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
		.peer = op->peer->nid,
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
			settled(op);
		tell(node, op, ZCL_LNET_EV_SEND, err, err == ZCL_OK ? op->rlength : 0, NULL);
		return;
	}
	if (err != ZCL_OK && op->answering) {
		settled(op);
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
	settled(op);
	if (op->kind == ZCL_OP_PUT)
		tell(node, op, ZCL_LNET_EV_ACK, status, mlength, NULL);
	else
		tell_reply(node, op, status, mlength);
}

/* A PUT that wants no answer. */
static void put_sent(struct zcl_node *node, const struct zcl_tx *tx, enum zcl_err err)
{
	const struct zcl_tx_owner *owner = &tx->owner;
	const struct zcl_lnet_event event = {
		.kind = ZCL_LNET_EV_SEND,
		.status = err,
		.final = true,
		.unlinked = false,
		.peer = tx->peer->nid,
		.portal = owner->portal,
		.match_bits = owner->match_bits,
		.hdr_data = owner->hdr_data,
		.offset = 0,
		.rlength = tx->payload,
		.mlength = err == ZCL_OK ? tx->payload : 0,
		.id = 0,
		.user = owner->user,
		.ping = NULL,
	};

	node->lnet.ops_used--;
	if (node->cb.deliver != NULL)
		node->cb.deliver(node->user, &event);
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
	case ZCL_TX_PUT:
		put_sent(node, tx, err);
		break;
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

void zcl_lnet_peer_lost(struct zcl_peer *peer, enum zcl_err why, int64_t now)
{
	GList *next;

	for (GList *l = peer->ops.head; l != NULL; l = next) {
		struct zcl_op *op = l->data;

		next = l->next;
		/* What is still being sent hears of it from its own message. */
		if (!op->sending)
			zcl_lnet_op_answered(peer->node, op, why, 0, now);
	}
}

int64_t zcl_lnet_peer_expiry(const struct zcl_peer *peer)
{
	const struct zcl_op *oldest = peer->ops.head ? peer->ops.head->data : NULL;

	/* All have the same time to be answered, so that the oldest is due first. */
	return oldest ? oldest->deadline : INT64_MAX;
}

void zcl_lnet_peer_tick(struct zcl_peer *peer, int64_t now)
{
	while (zcl_lnet_peer_expiry(peer) <= now)
		zcl_lnet_op_answered(peer->node, peer->ops.head->data, ZCL_E_TIMEDOUT, 0, now);
}
