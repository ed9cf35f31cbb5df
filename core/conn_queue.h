/* SPDX-License-Identifier: MIT */
#ifndef ZCL_CONN_QUEUE_H
#define ZCL_CONN_QUEUE_H

#include "core/inline.h"
#include "core/zcreq.h"

/* Queueing on a connection, in line where every message passes (HLD 4.1.2, 4.1.3). */

/* For who traces: what happened to a message; to a cookie. conn_tx.c */
void zcl_conn_trace_tx(const struct zcl_conn *conn, const struct zcl_tx *tx,
		       enum zcl_event_kind kind, int64_t now);
void zcl_conn_trace_cookie(const struct zcl_conn *conn, enum zcl_event_kind kind, uint64_t cookie,
			   int64_t now);

static inline void zcl_conn_note_tx(const struct zcl_conn *conn, const struct zcl_tx *tx,
				    enum zcl_event_kind kind, int64_t now)
{
	if (zcl_node_traces(conn->node))
		zcl_conn_trace_tx(conn, tx, kind, now);
}

static inline void zcl_conn_note_cookie(const struct zcl_conn *conn, enum zcl_event_kind kind,
					uint64_t cookie, int64_t now)
{
	if (zcl_node_traces(conn->node))
		zcl_conn_trace_cookie(conn, kind, cookie, now);
}

/* What is queued must make progress. */
static inline void zcl_conn_arm_tx(struct zcl_conn *conn, int64_t now)
{
	conn->tx_deadline = zcl_time_after(now, conn->node->config.socket_timeout);
	zcl_conn_arm(conn, conn->tx_deadline);
}

static inline void zcl_conn_wake_tx(struct zcl_conn *conn)
{
	if (conn->tx_awake || conn->state == ZCL_CS_DOWN)
		return;
	conn->tx_awake = true;
	conn->node->cb.wake_tx(conn->node->user, conn);
}

static inline void zcl_conn_ask_for_ack(struct zcl_conn *conn, struct zcl_tx *tx, int64_t now)
{
	const struct zcl_config *config = &conn->node->config;

	zcl_zcreq_add(conn->peer, tx, zcl_time_after(now, config->socket_timeout));
	conn->node->stats.zc_requests++;
	zcl_conn_note_tx(conn, tx, ZCL_EV_COOKIE_GIVEN, now);
}

/* The cookie of a NOOP went onto a message. */
static inline void zcl_conn_noop_replaced(struct zcl_conn *conn, uint64_t cookie,
					  struct zcl_tx *carrier, int64_t now)
{
	if (zcl_fault(conn->node, ZCL_FAULT_LOSE_CARRIER))
		carrier->ksm.ksm_zc_cookies[1] = 0;
	conn->node->stats.acks_coalesced++;
	zcl_conn_note_cookie(conn, ZCL_EV_NOOP_REPLACED, cookie, now);
	zcl_peer_paid(conn->peer, 0);
}

/* Queues an LNET message. */
ZCL_ALWAYS_INLINE void zcl_conn_queue_lnet(struct zcl_conn *conn, struct zcl_tx *tx, int64_t now)
{
	const struct zcl_config *config = &conn->node->config;
	const struct zcl_proto *proto = conn->proto;
	const bool idle = zcl_txq_is_empty(&conn->txq);
	uint64_t noop;

	g_assert(conn->state == ZCL_CS_UP);
	tx->conn = conn;
	tx->header_at = proto->header_at;
	tx->zc = conn->zc_capable && tx->payload > 0 && tx->payload >= config->zc_min_payload;
	if (tx->zc && proto->zc_acks && config->zc_requests)
		zcl_conn_ask_for_ack(conn, tx, now);
	noop = proto->queue_lnet(&conn->txq, tx);
	if (noop != 0)
		zcl_conn_noop_replaced(conn, noop, tx, now);
	zcl_conn_note_tx(conn, tx, ZCL_EV_MSG_QUEUED, now);
	if (idle)
		zcl_conn_arm_tx(conn, now);
	zcl_conn_wake_tx(conn);
}

/* Queues a ZC-ACK: onto a message that waits, else as a NOOP. */
ZCL_ALWAYS_INLINE void zcl_conn_queue_ack(struct zcl_conn *conn, uint64_t cookie, int64_t now)
{
	if (conn->proto->queue_ack(&conn->txq, cookie) == ZCL_ACK_PIGGYBACKED) {
		conn->node->stats.acks_piggybacked++;
		zcl_conn_note_cookie(conn, ZCL_EV_ACK_PIGGYBACKED, cookie, now);
		return;
	}
	zcl_peer_owes(conn->peer, 0);
	if (zcl_txq_is_empty(&conn->txq))
		zcl_conn_arm_tx(conn, now);
	zcl_txq_add_noop(&conn->txq, cookie);
	zcl_conn_note_cookie(conn, ZCL_EV_NOOP_QUEUED, cookie, now);
	zcl_conn_wake_tx(conn);
}

/* Launching a message, in line where every message passes: zcl_peer_launch. */
ZCL_ALWAYS_INLINE void zcl_peer_launch_inline(struct zcl_peer *peer, struct zcl_tx *tx, int64_t now)
{
	struct zcl_conn *conn = zcl_peer_pick(peer, zcl_tx_size(tx));

	peer->under_way++;
	tx->peer = peer;
	if (zcl_tx_owner_is_peer(&tx->owner))
		zcl_peer_owes(peer, tx->payload);
	if (G_UNLIKELY(conn == NULL)) {
		zcl_peer_wait(peer, tx, now);
		return;
	}
	zcl_conn_queue_lnet(conn, tx, now);
	if (G_UNLIKELY(!peer->settled && !peer->wanted))
		zcl_peer_look_after_set(peer, now);
}

#endif
