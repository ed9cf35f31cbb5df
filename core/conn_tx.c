/* SPDX-License-Identifier: MIT */
#include "core/conn_queue.h"

/* Messages out: what went out, and when a message is over (HLD 4.1.2, 4.2.5). */

static struct zcl_event event_of_tx(const struct zcl_conn *conn, const struct zcl_tx *tx,
				    enum zcl_event_kind kind, int64_t now)
{
	struct zcl_event ev = zcl_event_of(conn->node, conn->peer, conn, kind, now);

	ev.lnet_type = tx->lnet_type;
	ev.length = tx->payload;
	ev.cookie = tx->ksm.ksm_zc_cookies[0];
	ev.ack = tx->ksm.ksm_zc_cookies[1];
	return ev;
}

void zcl_conn_trace_tx(const struct zcl_conn *conn, const struct zcl_tx *tx,
		       enum zcl_event_kind kind, int64_t now)
{
	struct zcl_event ev = event_of_tx(conn, tx, kind, now);

	zcl_node_emit(conn->node, &ev);
}

void zcl_conn_trace_cookie(const struct zcl_conn *conn, enum zcl_event_kind kind, uint64_t cookie,
			   int64_t now)
{
	struct zcl_event ev = zcl_event_of(conn->node, conn->peer, conn, kind, now);

	ev.cookie = cookie;
	zcl_node_emit(conn->node, &ev);
}

/* ---- what went out ---- */

ZCL_NO_INLINE void trace_released(const struct zcl_node *node, const struct zcl_tx *tx,
				  enum zcl_err err, int64_t now)
{
	struct zcl_event ev = event_of_tx(tx->conn, tx, ZCL_EV_RELEASED, now);

	ev.error = err;
	zcl_node_emit(node, &ev);
}

void zcl_tx_finish(struct zcl_node *node, struct zcl_tx *tx, enum zcl_err err, int64_t now)
{
	if (tx->unacked)
		zcl_zcreq_remove(tx->peer, tx);
	if (tx->zc) {
		node->stats.buffers_released++;
		if (zcl_node_traces(node))
			trace_released(node, tx, err, now);
	}
	if (zcl_tx_owner_is_peer(&tx->owner))
		zcl_peer_paid(tx->peer, tx->payload);
	tx->peer->under_way--;
	zcl_lnet_tx_done(node, tx, err, now);
	zcl_tx_put(&node->pool, tx);
}

ZCL_NO_INLINE void trace_sent(const struct zcl_conn *conn, const struct zcl_tx *tx, int64_t now)
{
	struct zcl_event ev = event_of_tx(conn, tx, ZCL_EV_MSG_SENT, now);

	if (tx->zc) {
		ev.way = tx->way;
		ev.why = tx->why;
	} else if (tx->payload > 0 && conn->why != ZCL_WHY_NONE) {
		ev.why = ZCL_WHY_SMALL;
	}
	zcl_node_emit(conn->node, &ev);
}

static void message_sent(struct zcl_conn *conn, struct zcl_tx *tx, int64_t now)
{
	struct zcl_stats *stats = &conn->node->stats;

	zcl_queue_drop_head(&conn->txq.queue);
	stats->messages_sent++;
	stats->payload_sent += tx->payload;
	if (tx->zc)
		stats->zc_messages[tx->way][tx->why]++;
	if (zcl_node_traces(conn->node))
		trace_sent(conn, tx, now);
	if (zcl_fault(conn->node, ZCL_FAULT_RELEASE_ON_SEND) && tx->unacked)
		zcl_zcreq_remove(conn->peer, tx);
	if (zcl_tx_is_over(tx))
		zcl_tx_finish(conn->node, tx, ZCL_OK, now);
	else
		zcl_queue_push(&conn->inflight, &tx->link);
}

static void pin(struct zcl_conn *conn, struct zcl_tx *tx)
{
	g_assert(tx->zc);
	if (tx->pins == 0)
		tx->first_pin = conn->next_pin;
	conn->next_pin++;
	tx->pins++;
	tx->pins_left++;
}

/* n bytes of a ZC message go out, from tx->sent on: how much is payload, and how it went. */
static void note_way(struct zcl_conn *conn, struct zcl_tx *tx, size_t n, enum zcl_way way)
{
	const size_t header = zcl_tx_header_size(tx);
	const size_t skipped = tx->sent < header ? MIN(n, header - tx->sent) : 0;

	g_assert(way == ZCL_WAY_COPY || skipped == 0);
	if (n == skipped)
		return;
	if (way == ZCL_WAY_ZEROCOPY)
		pin(conn, tx);
	tx->spliced |= way == ZCL_WAY_SPLICE;
	tx->way = way;
	tx->why = conn->why;
	conn->node->stats.zc_bytes[way] += n - skipped;
}

static size_t advance_hello(struct zcl_conn *conn, size_t nob)
{
	const size_t n = MIN(nob, conn->hello_len - conn->hello_sent);

	conn->hello_sent += n;
	return nob - n;
}

static void noop_sent(struct zcl_conn *conn, uint64_t cookie, int64_t now)
{
	conn->node->stats.noops_sent++;
	conn->node->stats.acks_noop++;
	zcl_conn_note_cookie(conn, ZCL_EV_NOOP_SENT, cookie, now);
	zcl_peer_paid(conn->peer, 0);
}

/* The rest of a NOOP of which a part went out before. */
static size_t advance_part(struct zcl_conn *conn, size_t nob, int64_t now)
{
	struct zcl_txq *q = &conn->txq;
	const size_t n = MIN(nob, q->part_left);

	if (n == 0)
		return nob;
	q->part_left -= n;
	if (q->part_left == 0)
		noop_sent(conn, q->part_cookie, now);
	return nob - n;
}

static void advance_noops(struct zcl_conn *conn, size_t nob, int64_t now)
{
	struct zcl_txq *q = &conn->txq;
	const size_t whole = nob / ZCL_KSM_SIZE, part = nob % ZCL_KSM_SIZE;
	uint8_t packed[ZCL_KSM_SIZE];

	g_assert(q->nnoops >= whole + (part > 0));
	for (size_t i = 0; i < whole; i++)
		noop_sent(conn, zcl_txq_cookie(q, i), now);
	zcl_txq_skip_noops(q, whole);
	if (part == 0)
		return;
	zcl_tx_pack_noop(zcl_txq_cookie(q, 0), zcl_conn_checksums(conn), packed);
	zcl_txq_part_noop(q, packed, ZCL_KSM_SIZE - part);
}

static size_t advance_messages(struct zcl_conn *conn, size_t nob, enum zcl_way way, int64_t now)
{
	struct zcl_tx *tx;

	while (nob > 0 && (tx = zcl_txq_head(&conn->txq)) != NULL) {
		const size_t left = zcl_tx_size(tx) - tx->sent;
		const size_t n = MIN(nob, left);

		if (tx->sent == 0)
			zcl_txq_started(&conn->txq, tx);
		g_assert(tx->zc || way == ZCL_WAY_COPY);
		if (tx->zc)
			note_way(conn, tx, n, way);
		tx->sent += n;
		nob -= n;
		if (n == left)
			message_sent(conn, tx, now);
	}
	return nob;
}

void zcl_conn_tx_advance(struct zcl_conn *conn, size_t nob, enum zcl_way way, int64_t now)
{
	if (nob == 0 || conn->state == ZCL_CS_DOWN)
		return;
	conn->node->stats.bytes_sent += nob;
	nob = advance_hello(conn, nob);
	g_assert(conn->txq.nob >= nob);
	conn->txq.nob -= nob;
	nob = advance_messages(conn, advance_part(conn, nob, now), way, now);
	if (nob > 0)
		advance_noops(conn, nob, now);
	if (conn->hello_sent == conn->hello_len && zcl_txq_is_empty(&conn->txq))
		conn->tx_deadline = INT64_MAX;
	else
		zcl_conn_arm_tx(conn, now);
	if (conn->state == ZCL_CS_REFUSING && conn->hello_sent == conn->hello_len)
		zcl_conn_end(conn, ZCL_E_RACE, false, now);
}

/* How many of tx's numbers lie in first..last; all modulo 2^32. */
static uint32_t overlap(const struct zcl_tx *tx, uint32_t first, uint32_t last)
{
	const int64_t start = (int32_t)(tx->first_pin - first);
	const int64_t end = start + tx->pins;
	const int64_t span = (int64_t)(uint32_t)(last - first) + 1;
	const int64_t n = MIN(end, span) - MAX(start, 0);

	return n > 0 ? (uint32_t)n : 0;
}

static void release_pins(struct zcl_tx *tx, uint32_t first, uint32_t last)
{
	const uint32_t n = tx->pins > 0 ? overlap(tx, first, last) : 0;

	g_assert(n <= tx->pins_left);
	tx->pins_left -= n;
}

void zcl_conn_released(struct zcl_conn *conn, uint32_t first, uint32_t last, int64_t now)
{
	GList *next;

	for (GList *l = conn->inflight.head; l != NULL; l = next) {
		struct zcl_tx *tx = l->data;

		next = l->next;
		release_pins(tx, first, last);
		/* Of a connection that is down they are told all together, when it is gone. */
		if (conn->state == ZCL_CS_DOWN || !zcl_tx_is_over(tx))
			continue;
		zcl_queue_unlink(&conn->inflight, &tx->link);
		zcl_tx_finish(conn->node, tx, ZCL_OK, now);
	}
	if (zcl_txq_head(&conn->txq) != NULL)
		release_pins(zcl_txq_head(&conn->txq), first, last);
}

static void foreach_spliced(const GQueue *queue,
			    void (*fn)(void *user, const struct iovec *iov, size_t niov),
			    void *user)
{
	for (const GList *l = queue->head; l != NULL; l = l->next) {
		const struct zcl_tx *tx = l->data;

		if (tx->spliced)
			fn(user, zcl_iovs(&tx->iovs, tx->niov), tx->niov);
	}
}

void zcl_conn_foreach_spliced(const struct zcl_conn *conn,
			      void (*fn)(void *user, const struct iovec *iov, size_t niov),
			      void *user)
{
	foreach_spliced(&conn->inflight, fn, user);
	foreach_spliced(&conn->txq.queue, fn, user);
}

/* ---- failing ---- */

static void fail_list(struct zcl_conn *conn, GQueue *list, enum zcl_err why, bool zc_too,
		      int64_t now)
{
	GList *next;

	for (GList *l = list->head; l != NULL; l = next) {
		struct zcl_tx *tx = l->data;

		next = l->next;
		if (tx->err == ZCL_OK)
			tx->err = why;
		if (tx->unacked)
			zcl_zcreq_lose(conn->peer, tx);
		if (tx->zc && !zc_too)
			continue;
		zcl_queue_unlink(list, &tx->link);
		zcl_tx_finish(conn->node, tx, tx->err, now);
	}
}

void zcl_conn_fail_queued(struct zcl_conn *conn, enum zcl_err why, bool zc_too, int64_t now)
{
	g_assert(conn->state == ZCL_CS_DOWN);
	conn->txq.carrier = NULL;
	conn->txq.nob = 0;
	for (size_t n = zcl_txq_drop_noops(&conn->txq); n > 0; n--)
		zcl_peer_paid(conn->peer, 0);
	fail_list(conn, &conn->inflight, why, zc_too, now);
	fail_list(conn, &conn->txq.queue, why, zc_too, now);
}
