/* SPDX-License-Identifier: MIT */
#include "core/txq.h"

#define FIRST_ROOM 16

void zcl_txq_init(struct zcl_txq *q)
{
	*q = (struct zcl_txq){0};
	g_queue_init(&q->queue);
}

void zcl_txq_clear(struct zcl_txq *q)
{
	g_assert(zcl_queue_is_empty(&q->queue));
	g_free(q->cookies);
}

size_t zcl_txq_length(const struct zcl_txq *q)
{
	return q->queue.length + q->nnoops + (q->part_left > 0);
}

size_t zcl_txq_drop_noops(struct zcl_txq *q)
{
	const size_t n = zcl_txq_length(q) - q->queue.length;

	q->first = q->nnoops = q->part_left = 0;
	return n;
}

void zcl_txq_part_noop(struct zcl_txq *q, const uint8_t *packed, size_t left)
{
	g_assert(q->part_left == 0 && left > 0 && left < ZCL_KSM_SIZE);
	q->part_cookie = zcl_txq_cookie(q, 0);
	q->part_left = left;
	memcpy(q->part, packed, ZCL_KSM_SIZE);
	zcl_txq_skip_noops(q, 1);
}

void zcl_txq_grow(struct zcl_txq *q)
{
	const size_t room = q->room > 0 ? 2 * q->room : FIRST_ROOM;
	uint64_t *cookies = g_new(uint64_t, room);

	for (size_t i = 0; i < q->nnoops; i++)
		cookies[i] = zcl_txq_cookie(q, i);
	g_free(q->cookies);
	q->cookies = cookies;
	q->first = 0;
	q->room = room;
}

void zcl_txq_check(const struct zcl_txq *q)
{
	g_assert(q->nnoops == 0 || q->carrier == NULL);
	for (const GList *l = q->carrier; l != NULL; l = l->next) {
		const struct zcl_tx *tx = l->data;

		g_assert(tx->sent == 0 && tx->ksm.ksm_zc_cookies[1] == 0);
	}
}
