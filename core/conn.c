/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h"

struct zcl_conn *zcl_conn_new(struct zcl_node *node, struct zcl_peer *peer, int32_t ctype,
			      const struct zcl_proto *proto, int64_t now)
{
	struct zcl_conn *conn = g_new0(struct zcl_conn, 1);
	const int64_t patience = peer ? node->config.socket_timeout : node->config.accept_timeout;

	conn->node = node;
	conn->peer = peer;
	conn->active = peer != NULL;
	conn->state = conn->active ? ZCL_CS_CONNECTING : ZCL_CS_CALLED;
	conn->ctype = ctype;
	conn->proto = proto;
	if (peer != NULL)
		zcl_peer_hold(peer);
	conn->number = ++node->next_conn;
	conn->link.data = conn;
	conn->peer_link.data = conn;
	zcl_rx_init(&conn->rx, !conn->active, node->config.max_version);
	zcl_txq_init(&conn->txq);
	g_queue_init(&conn->inflight);
	conn->zc_capable = true;
	conn->tx_deadline = INT64_MAX;
	conn->rx_deadline = zcl_time_after(now, patience);
	zcl_deadline_init(&conn->due, ZCL_DEADLINE_CONN, conn->number, conn);
	zcl_conn_arm(conn, conn->rx_deadline);
	zcl_queue_push(&node->conns, &conn->link);
	return conn;
}

bool zcl_node_may_accept(const struct zcl_node *node)
{
	return !node->shut && node->handshakes < node->config.max_handshakes;
}

struct zcl_conn *zcl_node_accepted(struct zcl_node *node, void *backend, int64_t now)
{
	struct zcl_conn *conn;

	if (!zcl_node_may_accept(node))
		return NULL;
	conn = zcl_conn_new(node, NULL, ZCL_CONN_NONE, NULL, now);
	conn->backend = backend;
	node->handshakes++;
	zcl_node_note(node, NULL, conn, ZCL_EV_ACCEPT, now);
	return conn;
}

void zcl_conn_connected(struct zcl_conn *conn, int64_t now)
{
	if (zcl_conn_is_down(conn))
		return;
	g_assert(conn->state == ZCL_CS_CONNECTING);
	conn->state = ZCL_CS_CALLING;
	zcl_conn_hello_start(conn, now);
}

static void note_lost(struct zcl_conn *conn, enum zcl_event_kind kind, enum zcl_err why,
		      int64_t now)
{
	struct zcl_event ev = zcl_event_of(conn->node, conn->peer, conn, kind, now);

	ev.error = why;
	zcl_node_emit(conn->node, &ev);
}

void zcl_conn_note_error(struct zcl_conn *conn, enum zcl_err err, int64_t now)
{
	struct zcl_event ev =
		zcl_event_of(conn->node, conn->peer, conn, ZCL_EV_PROTOCOL_ERROR, now);

	conn->node->stats.protocol_errors++;
	ev.error = err;
	zcl_node_emit(conn->node, &ev);
}

void zcl_conn_end(struct zcl_conn *conn, enum zcl_err why, bool abort, int64_t now)
{
	struct zcl_node *node = conn->node;
	struct zcl_peer *peer = conn->peer;
	const enum zcl_conn_state was = conn->state;

	if (was == ZCL_CS_DOWN)
		return;
	conn->state = ZCL_CS_DOWN;
	conn->rx_deadline = conn->tx_deadline = INT64_MAX;
	if (was == ZCL_CS_CALLED)
		node->handshakes--;
	if (peer != NULL && peer->attempt == conn)
		peer->attempt = NULL;
	if (was == ZCL_CS_UP) {
		zcl_queue_unlink(&peer->conns, &conn->peer_link);
		peer->settled = false;
		node->paused -= zcl_conn_rx_paused(conn);
	}
	/* Asked first: an owner who hears of a failure may well start anew. */
	if (abort)
		node->cb.abort(node->user, conn);
	else
		node->cb.close(node->user, conn);
	if (was != ZCL_CS_UP)
		return;
	note_lost(conn, ZCL_EV_CONN_DOWN, why, now);
	zcl_lnet_cut(conn, why, now);
	zcl_conn_fail_queued(conn, why, false, now);
	zcl_peer_conn_lost(peer, why, now);
}

void zcl_conn_closed(struct zcl_conn *conn, enum zcl_err why, int64_t now)
{
	struct zcl_peer *peer = conn->peer;
	const bool mute = why == ZCL_E_EOF || why == ZCL_E_RESET;
	const enum zcl_conn_state was = conn->state;
	const struct zcl_proto *fallback = conn->proto ? conn->proto->fallback : NULL;

	g_assert(why != ZCL_OK);
	zcl_conn_end(conn, why, true, now);
	switch (was) {
	case ZCL_CS_CONNECTING:
		zcl_peer_attempt_failed(peer, why, now);
		break;
	case ZCL_CS_CALLING:
		/* Closed before any HELLO came: the pre-2007 node (wire notes 5). */
		if (mute && fallback != NULL)
			zcl_peer_attempt_version(peer, fallback, false, now);
		else
			zcl_peer_attempt_failed(peer, why, now);
		break;
	case ZCL_CS_CALLED:
		note_lost(conn, ZCL_EV_CALLER_LOST, why, now);
		break;
	default:
		break;
	}
}

void zcl_conn_gone(struct zcl_conn *conn, int64_t now)
{
	struct zcl_node *node = conn->node;

	g_assert(conn->state == ZCL_CS_DOWN);
	zcl_conn_fail_queued(conn, ZCL_E_ABORTED, true, now);
	g_assert(zcl_txq_is_empty(&conn->txq) && zcl_queue_is_empty(&conn->inflight));
	if (conn->peer != NULL)
		zcl_peer_let_go(conn->peer);
	zcl_queue_unlink(&node->conns, &conn->link);
	zcl_deadline_set(&node->deadlines, &conn->due, INT64_MAX);
	zcl_txq_clear(&conn->txq);
	if (conn->stash)
		g_byte_array_unref(conn->stash);
	g_free(conn);
}

void zcl_conn_set_zc_capable(struct zcl_conn *conn, bool capable)
{
	conn->zc_capable = capable;
}

void zcl_conn_set_copying(struct zcl_conn *conn, bool copying)
{
	conn->copy_below = copying ? SIZE_MAX : 0;
}

void zcl_conn_set_copying_below(struct zcl_conn *conn, size_t size)
{
	conn->copy_below = size;
}

void zcl_conn_set_why(struct zcl_conn *conn, enum zcl_why why)
{
	conn->why = why;
}

void zcl_conn_set_backend(struct zcl_conn *conn, void *backend)
{
	conn->backend = backend;
}

void *zcl_conn_backend(const struct zcl_conn *conn)
{
	return conn->backend;
}

struct zcl_node *zcl_conn_node(const struct zcl_conn *conn)
{
	return conn->node;
}

zcl_nid zcl_conn_peer_nid(const struct zcl_conn *conn)
{
	return conn->peer ? conn->peer->nid : ZCL_NID_ANY;
}

uint64_t zcl_conn_number(const struct zcl_conn *conn)
{
	return conn->number;
}
