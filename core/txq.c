/* SPDX-License-Identifier: MIT */
#include "core/txq.h"

void zcl_txq_init(struct zcl_txq *q)
{
	g_queue_init(&q->queue);
	q->carrier = NULL;
	q->nob = 0;
}

static struct zcl_tx *carrier(const struct zcl_txq *q)
{
	return q->carrier ? q->carrier->data : NULL;
}

struct zcl_tx *zcl_txq_add_lnet(struct zcl_txq *q, struct zcl_tx *tx)
{
	struct zcl_tx *noop = carrier(q);

	g_assert(!zcl_tx_is_noop(tx));
	if (noop == NULL || !zcl_tx_is_noop(noop)) {
		zcl_txq_append(q, tx);
		if (noop == NULL)
			q->carrier = &tx->link;
		return NULL;
	}
	zcl_tx_set_ack(tx, noop->ksm.ksm_zc_cookies[1]);
	q->carrier = noop->link.next;
	zcl_queue_replace(&q->queue, &noop->link, &tx->link);
	q->nob += zcl_tx_size(tx);
	q->nob -= zcl_tx_size(noop);
	return noop;
}

struct zcl_tx *zcl_txq_piggyback(struct zcl_txq *q, uint64_t ack_cookie)
{
	struct zcl_tx *tx = carrier(q);

	if (tx == NULL || zcl_tx_is_noop(tx))
		return NULL;
	g_assert(tx->sent == 0 && tx->ksm.ksm_zc_cookies[1] == 0);
	zcl_tx_set_ack(tx, ack_cookie);
	q->carrier = tx->link.next;
	return tx;
}

void zcl_txq_add_noop(struct zcl_txq *q, struct zcl_tx *noop)
{
	g_assert(zcl_tx_is_noop(noop));
	g_assert(carrier(q) == NULL || zcl_tx_is_noop(carrier(q)));
	zcl_txq_append(q, noop);
	if (q->carrier == NULL)
		q->carrier = &noop->link;
}

void zcl_txq_check(const struct zcl_txq *q)
{
	bool noop;

	if (q->carrier == NULL)
		return;
	noop = zcl_tx_is_noop(carrier(q));
	for (const GList *l = q->carrier; l != NULL; l = l->next) {
		const struct zcl_tx *tx = l->data;

		g_assert(zcl_tx_is_noop(tx) == noop);
		g_assert(tx->sent == 0);
		g_assert(noop == (tx->ksm.ksm_zc_cookies[1] != 0));
	}
}
