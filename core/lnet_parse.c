/* SPDX-License-Identifier: MIT */
#include "core/lnet_match.h"
#include "core/rx_feed.h"

/* Messages from peers: where a payload goes, and what is answered (wire notes 8). */

ZCL_NO_INLINE void note_traced(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr,
			       enum zcl_event_kind kind, size_t length, enum zcl_err err,
			       int64_t now)
{
	struct zcl_event ev = zcl_event_of(conn->node, conn->peer, conn, kind, now);

	ev.lnet_type = hdr->type;
	ev.length = length;
	ev.error = err;
	zcl_node_emit(conn->node, &ev);
}

static inline void note(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr,
			enum zcl_event_kind kind, size_t length, enum zcl_err err, int64_t now)
{
	if (zcl_node_traces(conn->node))
		note_traced(conn, hdr, kind, length, err, now);
}

static void dropped(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, enum zcl_err why,
		    int64_t now)
{
	conn->node->stats.dropped++;
	note(conn, hdr, ZCL_EV_DROPPED, hdr->payload_length, why, now);
}

static void drop(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, enum zcl_err why,
		 int64_t now)
{
	dropped(conn, hdr, why, now);
	zcl_rx_payload(&conn->rx, NULL, 0, 0);
}

static struct zcl_op *op_of(struct zcl_conn *conn, struct zcl_handle handle)
{
	struct zcl_op *op;

	if (handle.wh_interface_cookie != conn->node->config.incarnation)
		return NULL;
	op = zcl_lnet_op(conn->node, handle.wh_object_cookie);
	return op != NULL && op->answering && op->peer == conn->peer ? op : NULL;
}

/* ---- at the header ---- */

static void wait(struct zcl_conn *conn)
{
	conn->node->paused += !zcl_conn_rx_paused(conn);
	zcl_rx_wait(&conn->rx);
}

static void parse_put(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	struct zcl_node *node = conn->node;
	const uint32_t portal = hdr->msg.put.ptl_index;
	struct zcl_claim *claim = &conn->sink.claim;
	struct zcl_me *me = zcl_lnet_match_put(node, hdr, claim);

	if (me == NULL) {
		if (portal < ZCL_LNET_PORTALS && node->lnet.lazy[portal])
			wait(conn);
		else
			drop(conn, hdr, ZCL_E_NO_MATCH, now);
		return;
	}
	conn->sink.kind = ZCL_SINK_ME;
	conn->sink.me = me;
	zcl_rx_set_payload(&conn->rx, me->spec.iov, claim->offset, claim->mlength);
}

static void parse_reply(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	struct zcl_op *op = op_of(conn, hdr->msg.reply.dst_wmd);

	if (op == NULL || op->kind == ZCL_OP_PUT || op->receiving != NULL) {
		drop(conn, hdr, ZCL_E_NOT_FOUND, now);
		return;
	}
	op->receiving = conn;
	conn->sink = (struct zcl_sink){.kind = ZCL_SINK_OP,
				       .op = hdr->msg.reply.dst_wmd.wh_object_cookie,
				       .claim.mlength = MIN(hdr->payload_length, op->rlength)};
	zcl_rx_payload(&conn->rx, zcl_iovs(&op->iovs, op->niov), 0, conn->sink.claim.mlength);
}

void zcl_lnet_parse(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	conn->sink.kind = ZCL_SINK_NONE;
	if (hdr->dest_nid != conn->node->config.nid) {
		drop(conn, hdr, ZCL_E_BAD_DEST_NID, now);
		return;
	}
	if (hdr->src_nid != conn->peer->nid) {
		drop(conn, hdr, ZCL_E_BAD_SRC_NID, now);
		return;
	}
	switch (hdr->type) {
	case ZCL_LNET_PUT:
		parse_put(conn, hdr, now);
		break;
	case ZCL_LNET_REPLY:
		parse_reply(conn, hdr, now);
		break;
	case ZCL_LNET_GET:
	case ZCL_LNET_ACK:
		/* All they say is in the header; a payload has no meaning. */
		conn->sink.kind = ZCL_SINK_HEADER;
		zcl_rx_payload(&conn->rx, NULL, 0, 0);
		break;
	default:
		drop(conn, hdr, ZCL_E_BAD_LNET_TYPE, now);
		break;
	}
}

/* ---- at the end of the payload ---- */

static struct zcl_lnet_hdr answer_to(const struct zcl_node *node, const struct zcl_lnet_hdr *hdr,
				     uint32_t type)
{
	return (struct zcl_lnet_hdr){
		.dest_nid = hdr->src_nid,
		.src_nid = node->config.nid,
		.dest_pid = hdr->src_pid,
		.src_pid = node->config.pid,
		.type = type,
	};
}

static void send_ack(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, size_t mlength,
		     int64_t now)
{
	struct zcl_lnet_hdr ack = answer_to(conn->node, hdr, ZCL_LNET_ACK);

	ack.msg.ack.dst_wmd = hdr->msg.put.ack_wmd;
	ack.msg.ack.match_bits = hdr->msg.put.match_bits;
	ack.msg.ack.mlength = (uint32_t)mlength;
	zcl_peer_launch(conn->peer, zcl_lnet_message(conn->peer, &ack, NULL, 0), now);
}

/* The attached buffer is free of this PUT again: with status OK it has all of it. */
ZCL_ALWAYS_INLINE void end_put(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr,
			       enum zcl_err status)
{
	struct zcl_node *node = conn->node;
	struct zcl_me *me = conn->sink.me;
	struct zcl_lnet_event event;

	g_assert(me != NULL);
	/* All fields are named, here and in put_sent: to clear the struct first takes longer. */
	event = (struct zcl_lnet_event){
		.kind = ZCL_LNET_EV_PUT,
		.status = status,
		.final = false,
		.unlinked = false,
		.peer = hdr->src_nid,
		.portal = me->spec.portal,
		.match_bits = hdr->msg.put.match_bits,
		.hdr_data = hdr->msg.put.hdr_data,
		.offset = conn->sink.claim.offset,
		.rlength = hdr->payload_length,
		.mlength = conn->sink.claim.mlength,
		.id = me->id,
		.user = me->spec.user,
		.ping = NULL,
	};
	event.unlinked = zcl_lnet_me_end(node, me);
	conn->sink.kind = ZCL_SINK_NONE;
	if (node->cb.deliver != NULL)
		node->cb.deliver(node->user, &event);
}

static void put_received(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	const struct zcl_me *me;
	const size_t mlength = conn->sink.claim.mlength;
	bool ack;

	if (conn->sink.kind != ZCL_SINK_ME)
		return;
	me = conn->sink.me;
	ack = !zcl_handle_is_none(hdr->msg.put.ack_wmd) && !(me->spec.options & ZCL_MD_NO_ACK);
	note(conn, hdr, ZCL_EV_DELIVERED, mlength, ZCL_OK, now);
	end_put(conn, hdr, ZCL_OK);
	if (ack)
		send_ack(conn, hdr, mlength, now);
}

static bool is_ping(const struct zcl_lnet_hdr *hdr)
{
	return hdr->msg.get.ptl_index == ZCL_PING_PORTAL &&
	       hdr->msg.get.match_bits == ZCL_PING_MATCHBITS;
}

static void answer_ping(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	struct zcl_lnet *lnet = &conn->node->lnet;
	struct zcl_lnet_hdr reply = answer_to(conn->node, hdr, ZCL_LNET_REPLY);
	const struct iovec iov = {
		.iov_base = lnet->ping_info,
		.iov_len = MIN(lnet->ping_info_size, hdr->msg.get.sink_length),
	};
	struct zcl_tx *tx;

	reply.msg.reply.dst_wmd = hdr->msg.get.return_wmd;
	reply.payload_length = (uint32_t)iov.iov_len;
	note(conn, hdr, ZCL_EV_DELIVERED, iov.iov_len, ZCL_OK, now);
	tx = zcl_lnet_message(conn->peer, &reply, &iov, 1);
	tx->owner.kind = ZCL_TX_SELF;
	zcl_peer_launch(conn->peer, tx, now);
}

static void get_received(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	struct zcl_node *node = conn->node;
	struct zcl_lnet_hdr reply = answer_to(node, hdr, ZCL_LNET_REPLY);
	struct iovec iov[ZCL_LNET_MAX_IOV];
	struct zcl_claim claim;
	struct zcl_tx *tx;
	struct zcl_me *me;
	size_t n;

	if (is_ping(hdr)) {
		answer_ping(conn, hdr, now);
		return;
	}
	me = zcl_lnet_match_get(node, hdr, &claim);
	if (me == NULL) {
		dropped(conn, hdr, ZCL_E_NO_MATCH, now);
		return;
	}
	n = zcl_iov_slice(me->spec.iov, me->spec.niov, claim.offset, claim.mlength, iov);
	reply.msg.reply.dst_wmd = hdr->msg.get.return_wmd;
	reply.payload_length = (uint32_t)claim.mlength;
	note(conn, hdr, ZCL_EV_DELIVERED, claim.mlength, ZCL_OK, now);
	tx = zcl_lnet_message(conn->peer, &reply, iov, n);
	tx->owner.kind = ZCL_TX_ME;
	tx->owner.me = me;
	tx->owner.offset = claim.offset;
	tx->owner.match_bits = hdr->msg.get.match_bits;
	zcl_peer_launch(conn->peer, tx, now);
}

static void ack_received(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	struct zcl_op *op = op_of(conn, hdr->msg.ack.dst_wmd);
	size_t mlength;

	if (op == NULL || op->kind != ZCL_OP_PUT) {
		dropped(conn, hdr, ZCL_E_NOT_FOUND, now);
		return;
	}
	/* Nobody takes more than was sent, whatever it says: a program may count on that. */
	mlength = MIN(hdr->msg.ack.mlength, op->rlength);
	zcl_lnet_op_answered(conn->node, op, ZCL_OK, mlength, now);
}

static void reply_received(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	struct zcl_op *op;
	const size_t mlength = conn->sink.claim.mlength;

	if (conn->sink.kind != ZCL_SINK_OP)
		return;
	op = zcl_lnet_op(conn->node, conn->sink.op);
	g_assert(op != NULL && op->receiving == conn);
	conn->sink.kind = ZCL_SINK_NONE;
	op->receiving = NULL;
	note(conn, hdr, ZCL_EV_DELIVERED, mlength, ZCL_OK, now);
	zcl_lnet_op_answered(conn->node, op, ZCL_OK, mlength, now);
}

void zcl_lnet_received(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now)
{
	switch (hdr->type) {
	case ZCL_LNET_PUT:
		put_received(conn, hdr, now);
		break;
	case ZCL_LNET_REPLY:
		reply_received(conn, hdr, now);
		break;
	case ZCL_LNET_GET:
		if (conn->sink.kind == ZCL_SINK_HEADER)
			get_received(conn, hdr, now);
		break;
	case ZCL_LNET_ACK:
		if (conn->sink.kind == ZCL_SINK_HEADER)
			ack_received(conn, hdr, now);
		break;
	default:
		break;
	}
}

void zcl_lnet_cut(struct zcl_conn *conn, enum zcl_err why, int64_t now)
{
	struct zcl_op *op;

	switch (conn->sink.kind) {
	case ZCL_SINK_ME:
		end_put(conn, &conn->rx.hdr, why);
		break;
	case ZCL_SINK_OP:
		op = zcl_lnet_op(conn->node, conn->sink.op);
		g_assert(op != NULL);
		zcl_lnet_op_answered(conn->node, op, why, 0, now);
		break;
	case ZCL_SINK_NONE:
	case ZCL_SINK_HEADER:
		break;
	}
}
