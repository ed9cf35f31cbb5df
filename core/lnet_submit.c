/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h"

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

enum zcl_err zcl_lnet_send(struct zcl_peer *peer, const struct zcl_lnet_hdr *hdr,
			   const struct iovec *iov, size_t niov, struct zcl_tx_owner owner,
			   int64_t now)
{
	struct zcl_node *node = peer->node;
	struct zcl_tx *tx;

	/* Answers are never refused: their number is bounded by what the peer asks. */
	if (owner.kind == ZCL_TX_OP && peer->under_way >= node->config.max_queued)
		return ZCL_E_LIMIT;
	tx = zcl_tx_get(&node->pool);
	zcl_tx_init_lnet(tx, hdr, iov, niov);
	tx->owner = owner;
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
				   .wh_object_cookie = zcl_lnet_op_handle(op)};
}

static struct zcl_tx_owner owned_by(const struct zcl_op *op)
{
	return (struct zcl_tx_owner){.kind = ZCL_TX_OP, .op = zcl_lnet_op_handle(op)};
}

enum zcl_err zcl_lnet_put(struct zcl_node *node, const struct zcl_put *put, int64_t now)
{
	enum zcl_err err = check(node, put->target, put->portal, put->niov);
	struct zcl_lnet_hdr hdr;
	struct zcl_peer *peer;
	struct zcl_op *op;
	size_t length;

	if (err != ZCL_OK)
		return err;
	length = zcl_iov_length(put->iov, put->niov);
	if (length > ZCL_LNET_MTU)
		return ZCL_E_INVALID;
	peer = zcl_peer_get(node, put->target);
	op = peer ? zcl_lnet_op_new(peer, ZCL_OP_PUT, put->want_ack, now) : NULL;
	if (op == NULL)
		return ZCL_E_LIMIT;
	op->portal = put->portal;
	op->match_bits = put->match_bits;
	op->hdr_data = put->hdr_data;
	op->rlength = length;
	op->user = put->user;

	hdr = header_to(node, put->target, ZCL_LNET_PUT);
	hdr.payload_length = (uint32_t)length;
	hdr.msg.put.ack_wmd = put->want_ack ? wire_handle(node, op) : zcl_handle_none;
	hdr.msg.put.match_bits = put->match_bits;
	hdr.msg.put.hdr_data = put->hdr_data;
	hdr.msg.put.ptl_index = put->portal;
	hdr.msg.put.offset = put->offset;
	err = zcl_lnet_send(peer, &hdr, put->iov, put->niov, owned_by(op), now);
	if (err != ZCL_OK)
		zcl_lnet_op_free(node, op);
	return err;
}

static enum zcl_err submit_get(struct zcl_node *node, const struct zcl_get *get,
			       enum zcl_op_kind kind, uint8_t *ping, int64_t now)
{
	enum zcl_err err = check(node, get->target, get->portal, get->niov);
	struct zcl_lnet_hdr hdr;
	struct zcl_peer *peer;
	struct zcl_op *op;
	const size_t length = err == ZCL_OK ? zcl_iov_length(get->iov, get->niov) : 0;

	if (err == ZCL_OK && length > ZCL_LNET_MTU)
		err = ZCL_E_INVALID;
	peer = err == ZCL_OK ? zcl_peer_get(node, get->target) : NULL;
	op = peer ? zcl_lnet_op_new(peer, kind, true, now) : NULL;
	if (op == NULL) {
		g_free(ping);
		return err == ZCL_OK ? ZCL_E_LIMIT : err;
	}
	op->portal = get->portal;
	op->match_bits = get->match_bits;
	op->rlength = length;
	op->user = get->user;
	op->ping = ping;
	zcl_iovs_set(&op->iovs, get->iov, get->niov);
	op->niov = (uint8_t)get->niov;

	hdr = header_to(node, get->target, ZCL_LNET_GET);
	hdr.msg.get.return_wmd = wire_handle(node, op);
	hdr.msg.get.match_bits = get->match_bits;
	hdr.msg.get.ptl_index = get->portal;
	hdr.msg.get.src_offset = get->src_offset;
	hdr.msg.get.sink_length = (uint32_t)length;
	err = zcl_lnet_send(peer, &hdr, NULL, 0, owned_by(op), now);
	if (err != ZCL_OK)
		zcl_lnet_op_free(node, op);
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
