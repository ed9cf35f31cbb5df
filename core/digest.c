/* SPDX-License-Identifier: MIT */
#include "core/digest.h"

#include <string.h>

#include "core/node_impl.h"

void zcl_digest_bytes(struct zcl_digest *digest, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint64_t word;

	zcl_digest_u64(digest, len);
	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		zcl_digest_u64(digest, word);
	}
	if (len == 0)
		return;
	word = 0;
	memcpy(&word, bytes, len);
	zcl_digest_u64(digest, word);
}

void zcl_digest_finish(struct zcl_digest *digest)
{
	for (int i = 0; i < 2; i++)
		zcl_digest_u64(digest, UINT64_C(0x2545f4914f6cdd1d));
}

static void add_time(struct zcl_digest *digest, int64_t when, int64_t now)
{
	if (when == INT64_MAX)
		zcl_digest_u64(digest, UINT64_MAX);
	else
		zcl_digest_u64(digest, when > now ? (uint64_t)(when - now) : 0);
}

static uint64_t flags(const bool *set, size_t n)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= (uint64_t)set[i] << i;
	return bits;
}

/* Which of the node's connections it is, from 1; 0: none. */
static uint64_t ordinal(const struct zcl_node *node, const struct zcl_conn *conn)
{
	uint64_t n = 1;

	if (conn == NULL)
		return 0;
	for (const GList *l = node->conns.head; l != NULL && l->data != conn; l = l->next)
		n++;
	return n;
}

/* ---- messages ---- */

static void add_owner(struct zcl_digest *digest, const struct zcl_tx_owner *owner)
{
	zcl_digest_u64(digest, (uint64_t)owner->portal << 32 | (uint64_t)owner->kind);
	if (owner->kind == ZCL_TX_ME)
		zcl_digest_u64(digest, owner->me->id);
	else if (owner->kind == ZCL_TX_OP)
		zcl_digest_u64(digest, owner->op);
	zcl_digest_u64(digest, owner->offset);
	zcl_digest_u64(digest, owner->match_bits);
}

static void add_tx(struct zcl_digest *digest, const struct zcl_tx *tx, int64_t now)
{
	const bool set[] = {tx->zc, tx->unacked};

	zcl_digest_u64(digest, tx->ksm.ksm_zc_cookies[0]);
	zcl_digest_u64(digest, tx->ksm.ksm_zc_cookies[1]);
	/* Behind the ksock header, which is packed when the first byte goes out. */
	zcl_digest_bytes(digest, tx->header + ZCL_KSM_SIZE, ZCL_LNET_HDR_SIZE);
	zcl_digest_u64(digest, tx->header_at);
	zcl_digest_u64(digest, tx->payload);
	zcl_digest_u64(digest, tx->sent);
	zcl_digest_u64(digest, flags(set, G_N_ELEMENTS(set)));
	zcl_digest_u64(digest, (uint64_t)tx->pins << 32 | tx->pins_left);
	/* How many numbers ago: later releases name them by how far back they are. */
	zcl_digest_u64(digest, tx->pins ? tx->conn->next_pin - tx->first_pin : 0);
	/* It counts while the message waits on the peer or for its ACK. */
	add_time(digest, tx->conn == NULL || tx->unacked ? tx->deadline : INT64_MAX, now);
	zcl_digest_u64(digest, tx->err);
	add_owner(digest, &tx->owner);
}

static void add_queue(struct zcl_digest *digest, const GQueue *queue, int64_t now)
{
	zcl_digest_u64(digest, queue->length);
	for (const GList *l = queue->head; l != NULL; l = l->next)
		add_tx(digest, l->data, now);
}

static void add_noops(struct zcl_digest *digest, const struct zcl_txq *q)
{
	zcl_digest_u64(digest, q->nnoops);
	for (size_t i = 0; i < q->nnoops; i++)
		zcl_digest_u64(digest, zcl_txq_cookie(q, i));
	zcl_digest_u64(digest, q->part_left);
	if (q->part_left > 0)
		zcl_digest_u64(digest, q->part_cookie);
}

/* ---- connections ---- */

static void add_rx_message(struct zcl_digest *digest, const struct zcl_rx *rx)
{
	uint8_t header[ZCL_LNET_HDR_SIZE];

	zcl_lnet_hdr_encode(&rx->hdr, header);
	zcl_digest_bytes(digest, header, sizeof(header));
	zcl_digest_u64(digest, rx->want);
	zcl_digest_u64(digest, rx->slop);
}

static void add_rx(struct zcl_digest *digest, const struct zcl_rx *rx)
{
	const bool set[] = {rx->flipped, rx->state >= ZCL_RX_PARSE};

	zcl_digest_u64(digest, rx->state);
	zcl_digest_u64(digest, flags(set, G_N_ELEMENTS(set)));
	zcl_digest_u64(digest, (uint64_t)rx->version << 32 | rx->bad_version);
	if (rx->state <= ZCL_RX_LNET_HEADER) {
		zcl_digest_u64(digest, rx->need);
		zcl_digest_bytes(digest, rx->buf, rx->have);
	}
	if (rx->state >= ZCL_RX_LNET_HEADER) {
		zcl_digest_u64(digest, rx->ksm.ksm_csum);
		zcl_digest_u64(digest, rx->ksm.ksm_zc_cookies[0]);
		zcl_digest_u64(digest, rx->ksm.ksm_zc_cookies[1]);
		zcl_digest_u64(digest, rx->ksm.ksm_csum ? rx->crc : 0);
	}
	if (rx->state >= ZCL_RX_PARSE && rx->state <= ZCL_RX_DONE)
		add_rx_message(digest, rx);
}

static void add_sink(struct zcl_digest *digest, const struct zcl_sink *sink)
{
	zcl_digest_u64(digest, sink->kind);
	if (sink->kind != ZCL_SINK_ME && sink->kind != ZCL_SINK_OP)
		return;
	zcl_digest_u64(digest, sink->kind == ZCL_SINK_ME ? sink->me->id : sink->op);
	zcl_digest_u64(digest, sink->claim.offset);
	zcl_digest_u64(digest, sink->claim.mlength);
}

static uint64_t carrier_place(const struct zcl_txq *q)
{
	uint64_t place = 1;

	if (q->carrier == NULL)
		return 0;
	for (const GList *l = q->queue.head; l != NULL && l != q->carrier; l = l->next)
		place++;
	return place;
}

static void add_conn(struct zcl_digest *digest, const struct zcl_conn *conn, int64_t now)
{
	const bool set[] = {conn->active,
			    conn->zc_capable,
			    conn->copy_below > 0,
			    conn->tx_awake,
			    conn->peer != NULL && conn->peer->attempt == conn,
			    conn->ack_taken};

	zcl_digest_u64(digest, (uint64_t)conn->state << 32 | (uint32_t)conn->ctype);
	zcl_digest_u64(digest, flags(set, G_N_ELEMENTS(set)));
	zcl_digest_u64(digest, conn->peer ? conn->peer->nid : ZCL_NID_ANY);
	zcl_digest_u64(digest, conn->proto ? conn->proto->version : 0);
	zcl_digest_u64(digest, conn->called_as);
	add_time(digest, conn->rx_deadline, now);
	add_time(digest, conn->tx_deadline, now);
	add_queue(digest, &conn->inflight, now);
	add_queue(digest, &conn->txq.queue, now);
	add_noops(digest, &conn->txq);
	if (conn->state == ZCL_CS_DOWN)
		return;
	zcl_digest_bytes(digest, conn->hello + conn->hello_sent,
			 conn->hello_len - conn->hello_sent);
	add_rx(digest, &conn->rx);
	add_sink(digest, &conn->sink);
	if (conn->stash != NULL)
		zcl_digest_bytes(digest, conn->stash->data, conn->stash->len);
	zcl_digest_u64(digest, carrier_place(&conn->txq));
}

/* ---- peers ---- */

static void add_peer(struct zcl_digest *digest, const struct zcl_node *node,
		     const struct zcl_peer *peer, int64_t now)
{
	const bool set[] = {peer->told, peer->connecting, peer->wanted, peer->keep, peer->enough};

	zcl_digest_u64(digest, peer->nid);
	zcl_digest_u64(digest, peer->proto ? peer->proto->version : 0);
	zcl_digest_u64(digest, flags(set, G_N_ELEMENTS(set)));
	zcl_digest_u64(digest, peer->incarnation);
	add_time(digest, peer->retry_at, now);
	zcl_digest_u64(digest, (uint64_t)peer->retry_interval);
	zcl_digest_u64(digest, (uint64_t)peer->lost_races << 32 | peer->conns.length);
	zcl_digest_u64(digest, peer->connecting ? peer->fallbacks : 0);
	for (const GList *l = peer->conns.head; l != NULL; l = l->next)
		zcl_digest_u64(digest, ordinal(node, l->data));
	add_queue(digest, &peer->waiting, now);
	zcl_digest_u64(digest, peer->next_cookie);
	zcl_digest_u64(digest, peer->lost_cookie);
	zcl_digest_u64(digest, (uint64_t)peer->zc_reqs.length << 32 | peer->under_way);
	for (const GList *l = peer->zc_reqs.head; l != NULL; l = l->next)
		zcl_digest_u64(digest, ((const struct zcl_tx *)l->data)->ksm.ksm_zc_cookies[0]);
	zcl_digest_u64(digest, peer->ops.length);
	for (const GList *l = peer->ops.head; l != NULL; l = l->next)
		zcl_digest_u64(digest, ((const struct zcl_op *)l->data)->index);
}

/* ---- LNet ---- */

static void add_me(struct zcl_digest *digest, const struct zcl_me *me)
{
	const struct zcl_attach *spec = &me->spec;

	zcl_digest_u64(digest, me->id);
	zcl_digest_u64(digest, (uint64_t)spec->portal << 32 | spec->options);
	zcl_digest_u64(digest, spec->match_bits);
	zcl_digest_u64(digest, spec->ignore_bits);
	zcl_digest_u64(digest, spec->peer);
	zcl_digest_u64(digest, zcl_iov_length(spec->iov, spec->niov));
	zcl_digest_u64(digest, me->use.next);
	zcl_digest_u64(digest, spec->threshold ? spec->threshold - me->use.operations : UINT64_MAX);
	zcl_digest_u64(digest, me->busy << 1 | me->detached);
}

static void add_portals(struct zcl_digest *digest, const struct zcl_lnet *lnet)
{
	size_t left = lnet->attached;

	zcl_digest_bytes(digest, lnet->lazy, sizeof(lnet->lazy));
	zcl_digest_u64(digest, lnet->next_me);
	for (size_t i = 0; left > 0; i++) {
		const GPtrArray *list = lnet->portal[i];

		for (guint m = 0; list != NULL && m < list->len; m++, left--)
			add_me(digest, list->pdata[m]);
	}
}

static void add_op(struct zcl_digest *digest, const struct zcl_node *node, const struct zcl_op *op,
		   int64_t now)
{
	zcl_digest_u64(digest, (uint64_t)op->generation << 32 | op->kind);
	if (op->kind == ZCL_OP_FREE)
		return;
	zcl_digest_u64(digest, (uint64_t)op->sending << 1 | op->answering);
	zcl_digest_u64(digest, op->peer->nid);
	zcl_digest_u64(digest, op->portal);
	zcl_digest_u64(digest, op->match_bits);
	zcl_digest_u64(digest, op->hdr_data);
	zcl_digest_u64(digest, op->rlength);
	zcl_digest_u64(digest, ordinal(node, op->receiving));
	add_time(digest, op->answering ? op->deadline : INT64_MAX, now);
}

static void add_lnet(struct zcl_digest *digest, const struct zcl_node *node, int64_t now)
{
	const struct zcl_lnet *lnet = &node->lnet;

	add_portals(digest, lnet);
	zcl_digest_u64(digest, lnet->nops);
	for (uint32_t i = 0; i < lnet->nops; i++)
		add_op(digest, node, zcl_lnet_op_at(lnet, i), now);
	for (uint32_t i = lnet->free_op; i != 0; i = zcl_lnet_op_at(lnet, i - 1)->next_free)
		zcl_digest_u64(digest, i);
}

/* ---- the node ---- */

void zcl_node_digest(const struct zcl_node *node, int64_t now, struct zcl_digest *digest)
{
	zcl_digest_u64(digest, node->config.incarnation);
	zcl_digest_u64(digest, (uint64_t)node->handshakes << 1 | node->shut);
	zcl_digest_u64(digest, (uint64_t)node->peers->len << 32 | node->conns.length);
	zcl_digest_u64(digest, node->next_place);
	zcl_digest_u64(digest, node->first_cookie);
	for (guint i = 0; i < node->peers->len; i++)
		add_peer(digest, node, node->peers->pdata[i], now);
	for (const GList *l = node->conns.head; l != NULL; l = l->next)
		add_conn(digest, l->data, now);
	add_lnet(digest, node, now);
}

int64_t zcl_node_next_deadline(const struct zcl_node *node)
{
	int64_t first = INT64_MAX;

	if (node->shut)
		return INT64_MAX;
	for (const GList *l = node->conns.head; l != NULL; l = l->next)
		first = MIN(first, zcl_conn_expiry(l->data));
	for (guint i = 0; i < node->peers->len; i++)
		first = MIN(first, zcl_peer_expiry(node->peers->pdata[i]));
	return first;
}
