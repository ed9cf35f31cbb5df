/* SPDX-License-Identifier: MIT */
#include "core/conn_queue.h"
#include "core/rx_feed.h"

/* Bytes in: the handshake, then messages (HLD 4.1.3, 4.1.4, 6.1; wire notes 6, 7). */

static void protocol_error(struct zcl_conn *conn, enum zcl_err err, int64_t now)
{
	if (conn->state != ZCL_CS_UP) {
		zcl_conn_hello_error(conn, err, now);
		return;
	}
	zcl_conn_note_error(conn, err, now);
	zcl_conn_end(conn, err, true, now);
}

/* A ZC-ACK came: its message needs no ACK any more (HLD 4.1.4). */
static void acked(struct zcl_conn *conn, uint64_t cookie, int64_t now)
{
	struct zcl_tx *tx = zcl_zcreq_take(conn->peer, cookie);

	/* The ACK took another connection of the set than its message, whose own is gone. */
	if (tx == NULL && zcl_zcreq_may_be_late(conn->peer, cookie))
		return;
	/* Nobody can have received all of what was not all sent. */
	if (tx == NULL || tx->sent < zcl_tx_size(tx)) {
		protocol_error(conn, ZCL_E_BAD_COOKIE, now);
		return;
	}
	conn->node->stats.acks_received++;
	zcl_conn_note_cookie(conn, ZCL_EV_ACKED, cookie, now);
	if (!zcl_tx_is_over(tx))
		return;
	zcl_queue_unlink(&tx->conn->inflight, &tx->link);
	zcl_tx_finish(conn->node, tx, ZCL_OK, now);
}

/* The whole payload of a ZC request is there and checked: ACK it (HLD 4.1.3). */
static void requested(struct zcl_conn *conn, uint64_t cookie, int64_t now)
{
	struct zcl_conn *way = zcl_peer_pick(conn->peer, ZCL_KSM_SIZE);

	g_assert(way != NULL);
	zcl_conn_queue_ack(way, cookie, now);
}

static void noop_received(struct zcl_conn *conn, const struct zcl_ksm *ksm, int64_t now)
{
	const uint64_t cookie = ksm->ksm_zc_cookies[1];

	conn->node->stats.noops_received++;
	zcl_conn_note_cookie(conn, ZCL_EV_NOOP_RECEIVED, cookie, now);
	if (cookie != 0 && cookie != ZCL_KEEPALIVE_COOKIE)
		acked(conn, cookie, now);
}

/*
 * All bytes are used up. When they end between a ksock header and its LNet header, the ZC-ACK that
 * is in the one does not wait for the other (wire notes 6).
 */
static void ran_out(struct zcl_conn *conn, int64_t now)
{
	const uint64_t cookie = conn->rx.ksm.ksm_zc_cookies[1];

	if (conn->rx.state != ZCL_RX_LNET_HEADER || cookie == 0 || conn->ack_taken)
		return;
	conn->ack_taken = true;
	acked(conn, cookie, now);
}

static void header_received(struct zcl_conn *conn, int64_t now)
{
	const struct zcl_ksm *ksm = &conn->rx.ksm;
	const bool taken = conn->ack_taken;

	conn->ack_taken = false;
	if (ksm->ksm_zc_cookies[1] != 0 && !taken) {
		acked(conn, ksm->ksm_zc_cookies[1], now);
		if (zcl_conn_is_down(conn))
			return;
	}
	if (zcl_fault(conn->node, ZCL_FAULT_EARLY_ACK) && ksm->ksm_zc_cookies[0] != 0)
		requested(conn, ksm->ksm_zc_cookies[0], now);
	zcl_lnet_parse(conn, &conn->rx.hdr, now);
}

/* Pausing instead could lock two nodes that wait for each other. */
static void bound_answers(struct zcl_conn *conn, int64_t now)
{
	const struct zcl_config *config = &conn->node->config;
	struct zcl_peer *peer = conn->peer;

	if (G_UNLIKELY(peer->answers > config->max_answers ||
		       peer->answer_bytes > config->max_answer_bytes))
		zcl_peer_cut_off(peer, now);
}

ZCL_NO_INLINE void trace_received(const struct zcl_conn *conn, int64_t now)
{
	const struct zcl_rx *rx = &conn->rx;
	struct zcl_event ev = zcl_event_of(conn->node, conn->peer, conn, ZCL_EV_MSG_RECEIVED, now);

	ev.lnet_type = rx->hdr.type;
	ev.length = rx->hdr.payload_length;
	ev.cookie = rx->ksm.ksm_zc_cookies[0];
	ev.ack = rx->ksm.ksm_zc_cookies[1];
	zcl_node_emit(conn->node, &ev);
}

static void message_received(struct zcl_conn *conn, int64_t now)
{
	const struct zcl_lnet_hdr *hdr = &conn->rx.hdr;
	/* The ACK may go out on this connection, whose messages do not change these. */
	const struct zcl_ksm *ksm = &conn->rx.ksm;
	struct zcl_stats *stats = &conn->node->stats;

	stats->messages_received++;
	stats->payload_received += hdr->payload_length;
	if (zcl_node_traces(conn->node))
		trace_received(conn, now);
	/* Before LNet answers, so that the answer can carry the ACK. */
	if (ksm->ksm_zc_cookies[0] != 0 && !zcl_fault(conn->node, ZCL_FAULT_EARLY_ACK))
		requested(conn, ksm->ksm_zc_cookies[0], now);
	zcl_lnet_received(conn, hdr, now);
	bound_answers(conn, now);
}

static void handle(struct zcl_conn *conn, enum zcl_item_kind kind, int64_t now)
{
	const struct zcl_rx *rx = &conn->rx;

	switch (kind) {
	case ZCL_ITEM_LNET:
		header_received(conn, now);
		break;
	case ZCL_ITEM_MESSAGE:
		message_received(conn, now);
		break;
	case ZCL_ITEM_NOOP:
		noop_received(conn, &rx->ksm, now);
		break;
	case ZCL_ITEM_ACCEPT:
		zcl_conn_hello_accept(conn, &rx->accept, now);
		break;
	case ZCL_ITEM_HELLO:
		zcl_conn_hello_received(conn, &rx->hello, now);
		break;
	case ZCL_ITEM_MORE:
		break;
	}
}

static bool listens(const struct zcl_conn *conn)
{
	return conn->state != ZCL_CS_DOWN && conn->state != ZCL_CS_REFUSING;
}

/* Handles what is complete; returns behind the bytes that it took. */
static const uint8_t *run(struct zcl_conn *conn, const uint8_t *at, const uint8_t *end, int64_t now)
{
	while (listens(conn)) {
		enum zcl_item_kind kind;
		const enum zcl_err err = zcl_rx_feed_units(&conn->rx, &at, end, &kind);

		if (err != ZCL_OK) {
			protocol_error(conn, err, now);
			return end;
		}
		if (kind == ZCL_ITEM_MORE) {
			ran_out(conn, now);
			return at;
		}
		handle(conn, kind, now);
		if (at == end && zcl_rx_at_boundary(&conn->rx))
			break;
	}
	return end;
}

/* An incomplete message must make progress. */
static void arm_rx(struct zcl_conn *conn, int64_t now)
{
	if (conn->state != ZCL_CS_UP)
		return;
	if (zcl_rx_at_boundary(&conn->rx) || zcl_conn_rx_paused(conn)) {
		conn->rx_deadline = INT64_MAX;
		return;
	}
	conn->rx_deadline = zcl_time_after(now, conn->node->config.socket_timeout);
	zcl_conn_arm(conn, conn->rx_deadline);
}

static void push(struct zcl_conn *conn, const uint8_t *data, size_t len, int64_t now)
{
	const uint8_t *rest = run(conn, data, data + len, now);

	if (rest == data + len)
		return;
	/* PARSE_WAIT */
	if (conn->stash == NULL)
		conn->stash = g_byte_array_new();
	g_byte_array_append(conn->stash, rest, (guint)(data + len - rest));
}

void zcl_conn_rx_push(struct zcl_conn *conn, const void *data, size_t len, int64_t now)
{
	if (!listens(conn))
		return;
	conn->node->stats.bytes_received += len;
	push(conn, data, len, now);
	arm_rx(conn, now);
}

void zcl_conn_rx_resume(struct zcl_conn *conn, int64_t now)
{
	GByteArray *stash = conn->stash;

	conn->stash = NULL;
	if (stash != NULL) {
		push(conn, stash->data, stash->len, now);
		g_byte_array_unref(stash);
	} else {
		run(conn, NULL, NULL, now);
	}
	arm_rx(conn, now);
	if (listens(conn) && !zcl_conn_rx_paused(conn))
		conn->node->cb.wake_rx(conn->node->user, conn);
}

size_t zcl_conn_rx_iov(const struct zcl_conn *conn, struct iovec *iov, size_t max)
{
	return conn->state == ZCL_CS_UP ? zcl_rx_iov(&conn->rx, iov, max) : 0;
}

void zcl_conn_rx_advance(struct zcl_conn *conn, size_t n, int64_t now)
{
	if (conn->state != ZCL_CS_UP || n == 0)
		return;
	conn->node->stats.bytes_received += n;
	zcl_rx_advance(&conn->rx, n);
	run(conn, NULL, NULL, now);
	arm_rx(conn, now);
}

bool zcl_conn_rx_paused(const struct zcl_conn *conn)
{
	return conn->rx.state == ZCL_RX_PARSE_WAIT;
}

size_t zcl_conn_rx_missing(const struct zcl_conn *conn)
{
	return conn->rx.want + conn->rx.slop;
}
