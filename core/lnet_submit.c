/* SPDX-License-Identifier: MIT */
#include "core/conn_queue.h"

/* PUTs, GETs and pings of the program become messages (wire notes 8). */

static enum zcl_err check(const struct zcl_node *node, zcl_nid target, uint32_t portal, size_t niov)
{
	if (node->shut)
		return ZCL_E_SHUTDOWN;
	if (zcl_nid_net_type(target) != ZCL_NET_TCP || target == ZCL_NID_ANY ||
	    target == node->config.nid)
		return ZCL_E_INVALID;
	return portal < ZCL_LNET_PORTALS && niov <= ZCL_LNET_MAX_IOV ? ZCL_OK : ZCL_E_INVALID;
}

struct zcl_tx *zcl_lnet_message(struct zcl_peer *peer, const struct zcl_lnet_hdr *hdr,
				const struct iovec *iov, size_t niov)
{
	struct zcl_tx *tx = zcl_tx_get(&peer->node->pool);

	g_assert(zcl_iov_length(iov, niov) == hdr->payload_length);
	zcl_tx_init_lnet(tx, hdr, iov, niov);
	return tx;
}

/* The peer that an operation is for; NULL at a limit. */
static struct zcl_peer *admit(struct zcl_node *node, zcl_nid target, int64_t now)
{
	struct zcl_peer *peer = zcl_peer_of(node, target, now);

	if (peer == NULL || node->lnet.ops_used >= node->config.max_ops ||
	    peer->under_way >= node->config.max_queued)
		return NULL;
	node->lnet.ops_used++;
	return peer;
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

static struct zcl_handle wire_handle(const struct zcl_op *op)
{
	return (struct zcl_handle){.wh_interface_cookie = op->peer->node->config.incarnation,
				   .wh_object_cookie = zcl_lnet_op_handle(op)};
}

/* An operation that has an answer to wait for: its handle goes to the peer, and comes back. */
static struct zcl_op *put_with_ack(struct zcl_peer *peer, const struct zcl_put *put, size_t length,
				   int64_t now)
{
	struct zcl_op *op = zcl_lnet_op_new(peer, ZCL_OP_PUT, now);

	op->portal = put->portal;
	op->match_bits = put->match_bits;
	op->hdr_data = put->hdr_data;
	op->rlength = length;
	op->user = put->user;
	return op;
}

static void own_put(struct zcl_tx_owner *owner, const struct zcl_put *put, const struct zcl_op *op)
{
	if (op != NULL) {
		owner->kind = ZCL_TX_OP;
		owner->op = zcl_lnet_op_handle(op);
		return;
	}
	owner->kind = ZCL_TX_PUT;
	owner->user = put->user;
	owner->portal = put->portal;
	owner->match_bits = put->match_bits;
	owner->hdr_data = put->hdr_data;
}

/* What most messages are, and so in line from the struct of the program to the packed header. */
static inline struct zcl_tx *put_message(struct zcl_peer *peer, const struct zcl_put *put,
					 struct zcl_handle ack, size_t length)
{
	struct zcl_tx *tx = zcl_tx_get(&peer->node->pool);
	struct zcl_lnet_hdr hdr = header_to(peer->node, put->target, ZCL_LNET_PUT);

	hdr.payload_length = (uint32_t)length;
	hdr.msg.put.ack_wmd = ack;
	hdr.msg.put.match_bits = put->match_bits;
	hdr.msg.put.hdr_data = put->hdr_data;
	hdr.msg.put.ptl_index = put->portal;
	hdr.msg.put.offset = put->offset;
	zcl_tx_init_lnet(tx, &hdr, put->iov, put->niov);
	return tx;
}

enum zcl_err zcl_lnet_put(struct zcl_node *node, const struct zcl_put *put, int64_t now)
{
	const enum zcl_err err = check(node, put->target, put->portal, put->niov);
	struct zcl_op *op = NULL;
	struct zcl_peer *peer;
	struct zcl_tx *tx;
	size_t length;

	if (err != ZCL_OK)
		return err;
	length = zcl_iov_length(put->iov, put->niov);
	if (length > ZCL_LNET_MTU)
		return ZCL_E_INVALID;
	peer = admit(node, put->target, now);
	if (peer == NULL)
		return ZCL_E_LIMIT;
	if (put->want_ack)
		op = put_with_ack(peer, put, length, now);
	tx = put_message(peer, put, op ? wire_handle(op) : zcl_handle_none, length);
	own_put(&tx->owner, put, op);
	zcl_peer_launch_inline(peer, tx, now);
	return ZCL_OK;
}

static enum zcl_err check_get(struct zcl_node *node, const struct zcl_get *get)
{
	const enum zcl_err err = check(node, get->target, get->portal, get->niov);

	if (err == ZCL_OK && zcl_iov_length(get->iov, get->niov) > ZCL_LNET_MTU)
		return ZCL_E_INVALID;
	return err;
}

/* ping: memory of the node's own that the answer goes to, or NULL. */
static void submit_get(struct zcl_peer *peer, const struct zcl_get *get, enum zcl_op_kind kind,
		       uint8_t *ping, int64_t now)
{
	struct zcl_op *op = zcl_lnet_op_new(peer, kind, now);
	struct zcl_lnet_hdr hdr = header_to(peer->node, get->target, ZCL_LNET_GET);
	struct zcl_tx *tx;

	op->portal = get->portal;
	op->match_bits = get->match_bits;
	op->rlength = zcl_iov_length(get->iov, get->niov);
	op->user = get->user;
	op->ping = ping;
	zcl_iovs_set(&op->iovs, get->iov, get->niov);
	op->niov = (uint8_t)get->niov;

	hdr.msg.get.return_wmd = wire_handle(op);
	hdr.msg.get.match_bits = get->match_bits;
	hdr.msg.get.ptl_index = get->portal;
	hdr.msg.get.src_offset = get->src_offset;
	hdr.msg.get.sink_length = (uint32_t)op->rlength;
	tx = zcl_lnet_message(peer, &hdr, NULL, 0);
	tx->owner.kind = ZCL_TX_OP;
	tx->owner.op = zcl_lnet_op_handle(op);
	zcl_peer_launch(peer, tx, now);
}

enum zcl_err zcl_lnet_get(struct zcl_node *node, const struct zcl_get *get, int64_t now)
{
	const enum zcl_err err = check_get(node, get);
	struct zcl_peer *peer;

	if (err != ZCL_OK)
		return err;
	peer = admit(node, get->target, now);
	if (peer == NULL)
		return ZCL_E_LIMIT;
	submit_get(peer, get, ZCL_OP_GET, NULL, now);
	return ZCL_OK;
}

enum zcl_err zcl_lnet_ping(struct zcl_node *node, zcl_nid target, void *user, int64_t now)
{
	struct iovec iov = {.iov_len = ZCL_PING_MAX_SIZE};
	const struct zcl_get get = {
		.target = target,
		.portal = ZCL_PING_PORTAL,
		.match_bits = ZCL_PING_MATCHBITS,
		.iov = &iov,
		.niov = 1,
		.user = user,
	};
	const enum zcl_err err = check_get(node, &get);
	struct zcl_peer *peer;

	if (err != ZCL_OK)
		return err;
	peer = admit(node, target, now);
	if (peer == NULL)
		return ZCL_E_LIMIT;
	iov.iov_base = g_malloc0(ZCL_PING_MAX_SIZE);
	submit_get(peer, &get, ZCL_OP_PING, iov.iov_base, now);
	return ZCL_OK;
}
