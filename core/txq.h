/* SPDX-License-Identifier: MIT */
#ifndef ZCL_TXQ_H
#define ZCL_TXQ_H

#include "core/tx.h"

/*
 * The transmit queue of one connection, with its carrier: the first queued message that can still
 * carry a ZC-ACK or be carried. All messages from the carrier to the tail are of one kind, all
 * NOOP or all LNET (HLD 4.1.2; wire notes 7).
 */
struct zcl_txq {
	GQueue queue;
	GList *carrier; /* NULL: none */
	size_t nob;	/* bytes that are queued and not sent */
};

void zcl_txq_init(struct zcl_txq *q);
/* Appends without any carrying (V1). */
static inline void zcl_txq_append(struct zcl_txq *q, struct zcl_tx *tx)
{
	zcl_queue_push(&q->queue, &tx->link);
	q->nob += zcl_tx_size(tx);
}
/*
 * Queues an LNET message. Takes the cookie and the place of a NOOP that still waits: then that
 * NOOP is returned, off the queue, to be recycled. NULL: none waited.
 */
struct zcl_tx *zcl_txq_add_lnet(struct zcl_txq *q, struct zcl_tx *tx);
/* Puts the cookie on a waiting LNET message, which is returned; NULL: none can carry it. */
struct zcl_tx *zcl_txq_piggyback(struct zcl_txq *q, uint64_t ack_cookie);
/* Queues a NOOP, when zcl_txq_piggyback found nothing. */
void zcl_txq_add_noop(struct zcl_txq *q, struct zcl_tx *noop);
/* The first byte of tx goes out: it carries nothing more. */
static inline void zcl_txq_started(struct zcl_txq *q, struct zcl_tx *tx)
{
	if (q->carrier == &tx->link)
		q->carrier = tx->link.next;
}

/* Takes tx off the queue; `left` of its bytes were not sent. */
static inline void zcl_txq_remove(struct zcl_txq *q, struct zcl_tx *tx, size_t left)
{
	g_assert(q->nob >= left);
	zcl_txq_started(q, tx);
	zcl_queue_unlink(&q->queue, &tx->link);
	q->nob -= left;
}

/* Asserts the carrier rule. */
void zcl_txq_check(const struct zcl_txq *q);

static inline struct zcl_tx *zcl_txq_head(const struct zcl_txq *q)
{
	return q->queue.head ? q->queue.head->data : NULL;
}

#endif
