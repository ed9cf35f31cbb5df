/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node_impl.h"
#include "core/wire_msg.h"

/*
 * What to send next. Small messages are copied behind each other: for the kernel an entry of the
 * list costs more than the copy, and a message has two. Larger ones are sent from where they are.
 */

#define SMALL 512	  /* bytes of a message, up to which the copy costs less */
#define STAGE (64 * 1024) /* bytes that one batch copies */

/* Where small messages are copied to. */
struct stage {
	uint8_t *start; /* of what is in no entry of the batch yet, */
	uint8_t *at;	/* which ends here */
	uint8_t *end;
	bool checksum; /* whether the connection's messages have one */
};

static void batch_add(struct zcl_tx_batch *batch, const void *base, size_t len)
{
	g_assert(batch->niov < ZCL_TX_MAX_IOV);
	batch->iov[batch->niov++] = (struct iovec){.iov_base = (void *)base, .iov_len = len};
	batch->nob += len;
}

static size_t batch_room(const struct zcl_tx_batch *batch)
{
	return ZCL_TX_MAX_IOV - batch->niov;
}

static void batch_add_payload(struct zcl_tx_batch *batch, const struct zcl_tx *tx)
{
	const size_t header = zcl_tx_header_size(tx);
	const size_t at = tx->sent > header ? tx->sent - header : 0;

	if (tx->niov == 1) {
		batch_add(batch, (uint8_t *)tx->iovs.few[0].iov_base + at, tx->payload - at);
		return;
	}
	g_assert(batch_room(batch) >= tx->niov);
	batch->niov += zcl_iov_slice(zcl_iovs(&tx->iovs, tx->niov), tx->niov, at, tx->payload - at,
				     batch->iov + batch->niov);
	batch->nob += tx->payload - at;
}

/* The payload of a ZC message: alone, or shown behind what comes before it. */
static void batch_add_zc(struct zcl_tx_batch *batch, const struct zcl_tx *tx)
{
	const size_t niov = batch->niov, nob = batch->nob;

	batch->acked = tx->unacked;
	batch_add_payload(batch, tx);
	if (niov == 0) {
		batch->zc = true;
		return;
	}
	batch->more = true;
	batch->zc_niov = batch->niov - niov;
	batch->zc_nob = batch->nob - nob;
	batch->niov = niov;
	batch->nob = nob;
}

static void copy_in(struct stage *stage, const void *data, size_t len)
{
	memcpy(stage->at, data, len);
	stage->at += len;
}

/*
 * The ksock header from its values: packed it was written this moment, in smaller pieces than a
 * copy would read it in, and for that the processor waits.
 */
static void copy_whole_header(struct stage *stage, const struct zcl_tx *tx)
{
	zcl_ksm_pack(&tx->ksm, stage->at);
	memcpy(stage->at + ZCL_KSM_SIZE, tx->header + ZCL_KSM_SIZE, ZCL_LNET_HDR_SIZE);
	stage->at += ZCL_MSG_HDR_SIZE;
}

static void copy_payload(struct stage *stage, const struct zcl_tx *tx, size_t skip)
{
	const struct iovec *iov = zcl_iovs(&tx->iovs, tx->niov);

	if (tx->niov == 1 && skip == 0) {
		copy_in(stage, iov->iov_base, iov->iov_len);
		return;
	}
	for (size_t i = 0; i < tx->niov; i++) {
		const size_t skipped = MIN(skip, iov[i].iov_len);

		skip -= skipped;
		if (iov[i].iov_len > skipped)
			copy_in(stage, (const uint8_t *)iov[i].iov_base + skipped,
				iov[i].iov_len - skipped);
	}
}

/* All that is left of tx, behind what was copied before. */
static inline void copy_message(struct stage *stage, const struct zcl_tx *tx)
{
	const size_t header = zcl_tx_header_size(tx);

	if (tx->sent == 0 && tx->header_at == 0)
		copy_whole_header(stage, tx);
	else if (tx->sent < header)
		copy_in(stage, tx->header + tx->header_at + tx->sent, header - tx->sent);
	copy_payload(stage, tx, tx->sent > header ? tx->sent - header : 0);
}

/* What was copied becomes an entry. */
static void add_stage(struct zcl_tx_batch *batch, struct stage *stage)
{
	if (stage->at == stage->start)
		return;
	batch_add(batch, stage->start, (size_t)(stage->at - stage->start));
	stage->start = stage->at;
}

/*
 * What is sent of the ksock header from here on stands packed in tx->header, with its checksum. A
 * message that is copied whole needs only the checksum.
 */
static inline void seal(const struct stage *stage, struct zcl_tx *tx, bool copies)
{
	if (tx->sent == 0 && (!copies || stage->checksum))
		zcl_tx_seal(tx, stage->checksum);
	else if (tx->sent > 0 && tx->sent < zcl_tx_header_size(tx))
		zcl_ksm_pack(&tx->ksm, tx->header);
}

/* Adds what is left of a message that is not copied; false: the batch ends here. */
static bool add_in_place(struct zcl_tx_batch *batch, struct stage *stage, struct zcl_tx *tx,
			 bool zc)
{
	const size_t header = zcl_tx_header_size(tx);

	add_stage(batch, stage);
	if (batch_room(batch) < 1 + (size_t)tx->niov) {
		batch->more = true;
		return false;
	}
	seal(stage, tx, false);
	if (tx->sent < header)
		batch_add(batch, tx->header + tx->header_at + tx->sent, header - tx->sent);
	if (zc)
		batch_add_zc(batch, tx);
	else
		batch_add_payload(batch, tx);
	return !zc;
}

/* Adds what is left of tx; false: the batch ends here. */
static inline bool batch_add_tx(const struct zcl_conn *conn, struct zcl_tx_batch *batch,
				struct stage *stage, struct zcl_tx *tx)
{
	const size_t left = zcl_tx_size(tx) - tx->sent;
	const bool zc = tx->zc && tx->payload >= conn->copy_below;

	if (left > SMALL || zc)
		return add_in_place(batch, stage, tx, zc);
	if (left > (size_t)(stage->end - stage->at) || batch_room(batch) == 0) {
		batch->more = true;
		return false;
	}
	seal(stage, tx, true);
	copy_message(stage, tx);
	return true;
}

/* False: the batch ends before the end of the queue. */
static inline bool batch_messages(const struct zcl_conn *conn, struct zcl_tx_batch *batch,
				  struct stage *stage)
{
	for (GList *l = conn->txq.queue.head; l != NULL; l = l->next) {
		if (!batch_add_tx(conn, batch, stage, l->data))
			return false;
	}
	return true;
}

static void batch_noops(const struct zcl_txq *q, struct zcl_tx_batch *batch, struct stage *stage)
{
	for (size_t i = 0; i < q->nnoops; i++) {
		if ((size_t)(stage->end - stage->at) < ZCL_KSM_SIZE || batch_room(batch) == 0) {
			batch->more = true;
			return;
		}
		zcl_tx_pack_noop(zcl_txq_cookie(q, i), stage->checksum, stage->at);
		stage->at += ZCL_KSM_SIZE;
	}
}

static struct stage stage_of(const struct zcl_conn *conn)
{
	struct zcl_node *node = conn->node;

	if (G_UNLIKELY(node->stage == NULL))
		node->stage = g_malloc(STAGE);
	return (struct stage){.start = node->stage,
			      .at = node->stage,
			      .end = node->stage + STAGE,
			      .checksum = zcl_conn_checksums(conn)};
}

static void batch_fill(const struct zcl_conn *conn, struct zcl_tx_batch *batch)
{
	struct stage stage;

	if (conn->hello_sent < conn->hello_len)
		batch_add(batch, conn->hello + conn->hello_sent,
			  conn->hello_len - conn->hello_sent);
	if (conn->state != ZCL_CS_UP)
		return;
	stage = stage_of(conn);
	if (conn->txq.part_left > 0)
		copy_in(&stage, conn->txq.part + ZCL_KSM_SIZE - conn->txq.part_left,
			conn->txq.part_left);
	if (batch_messages(conn, batch, &stage))
		batch_noops(&conn->txq, batch, &stage);
	add_stage(batch, &stage);
}

bool zcl_conn_tx_batch(struct zcl_conn *conn, struct zcl_tx_batch *batch)
{
	batch->niov = batch->nob = batch->zc_niov = batch->zc_nob = 0;
	batch->zc = batch->more = batch->acked = false;
	if (conn->state != ZCL_CS_DOWN && conn->state != ZCL_CS_CONNECTING)
		batch_fill(conn, batch);
	if (batch->nob == 0)
		conn->tx_awake = false;
	return batch->nob > 0;
}
