/* SPDX-License-Identifier: MIT */
#ifndef ZCL_TXQ_H
#define ZCL_TXQ_H

#include "core/tx.h"

/*
 * The transmit queue of one connection, with its carrier: the first queued message that can still
 * carry a ZC-ACK or be carried. All messages from the carrier to the tail are of one kind, all
 * NOOP or all LNET (HLD 4.1.2; wire notes 7). So NOOPs of which nothing was sent are the end of the
 * queue, and while there are any, the first of them is the carrier: all that is kept of them is
 * their cookies, in a ring.
 */
struct zcl_txq {
	GQueue queue;	/* LNET messages */
	GList *carrier; /* the first of these without a ZC-ACK; NULL: none, or there are NOOPs */
	size_t nob;	/* bytes that are queued and not sent, NOOPs among them */

	uint64_t *cookies; /* of the NOOPs behind `queue`; grows, NULL: there never was one */
	size_t first, nnoops;
	size_t room; /* of cookies; a power of two */

	/* A NOOP of which a part was sent, before all others; part_left 0: none. */
	uint64_t part_cookie;
	size_t part_left; /* its last bytes */
	uint8_t part[ZCL_KSM_SIZE];
};

void zcl_txq_init(struct zcl_txq *q);
/* Frees what it has of its own; no messages are in it. */
void zcl_txq_clear(struct zcl_txq *q);
/* Drops all NOOPs; returns how many there were. */
size_t zcl_txq_drop_noops(struct zcl_txq *q);
/* The first NOOP goes out, but for its last `left` bytes; packed: all of it. */
void zcl_txq_part_noop(struct zcl_txq *q, const uint8_t *packed, size_t left);
/* Doubles the room for cookies. */
void zcl_txq_grow(struct zcl_txq *q);
/* Messages and NOOPs that are queued. */
size_t zcl_txq_length(const struct zcl_txq *q);
/* Asserts the carrier rule. */
void zcl_txq_check(const struct zcl_txq *q);

static inline bool zcl_txq_is_empty(const struct zcl_txq *q)
{
	return q->queue.head == NULL && q->nnoops == 0 && q->part_left == 0;
}

static inline struct zcl_tx *zcl_txq_head(const struct zcl_txq *q)
{
	return q->queue.head ? q->queue.head->data : NULL;
}

/* The cookie of a NOOP; i < nnoops */
static inline uint64_t zcl_txq_cookie(const struct zcl_txq *q, size_t i)
{
	return q->cookies[(q->first + i) & (q->room - 1)];
}

/* Takes NOOPs off the front of the ring; n <= nnoops */
static inline void zcl_txq_skip_noops(struct zcl_txq *q, size_t n)
{
	g_assert(n <= q->nnoops);
	q->nnoops -= n;
	/* From the start again: the memory that is still in the cache. */
	q->first = q->nnoops > 0 ? q->first + n : 0;
}

/* Appends without any carrying (V1). */
static inline void zcl_txq_append(struct zcl_txq *q, struct zcl_tx *tx)
{
	zcl_queue_push(&q->queue, &tx->link);
	q->nob += zcl_tx_size(tx);
}

/*
 * Queues an LNET message. Takes the cookie and the place of the first NOOP that still waits: then
 * the cookie is returned. 0: none waited.
 */
static inline uint64_t zcl_txq_add_lnet(struct zcl_txq *q, struct zcl_tx *tx)
{
	uint64_t cookie;

	zcl_txq_append(q, tx);
	if (q->nnoops == 0) {
		if (q->carrier == NULL)
			q->carrier = &tx->link;
		return 0;
	}
	cookie = zcl_txq_cookie(q, 0);
	zcl_txq_skip_noops(q, 1);
	q->nob -= ZCL_KSM_SIZE;
	zcl_tx_set_ack(tx, cookie);
	return cookie;
}

/* Puts the cookie on a waiting LNET message, which is returned; NULL: none can carry it. */
static inline struct zcl_tx *zcl_txq_piggyback(struct zcl_txq *q, uint64_t ack_cookie)
{
	struct zcl_tx *tx;

	if (q->carrier == NULL)
		return NULL;
	tx = q->carrier->data;
	g_assert(tx->sent == 0 && tx->ksm.ksm_zc_cookies[1] == 0);
	zcl_tx_set_ack(tx, ack_cookie);
	q->carrier = tx->link.next;
	return tx;
}

/* Queues a NOOP, when zcl_txq_piggyback found nothing. */
static inline void zcl_txq_add_noop(struct zcl_txq *q, uint64_t ack_cookie)
{
	g_assert(q->carrier == NULL);
	if (G_UNLIKELY(q->nnoops == q->room))
		zcl_txq_grow(q);
	q->cookies[(q->first + q->nnoops++) & (q->room - 1)] = ack_cookie;
	q->nob += ZCL_KSM_SIZE;
}

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

#endif
