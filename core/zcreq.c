/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h"

static uint64_t take_cookie(struct zcl_peer *peer)
{
	const uint64_t cookie = peer->next_cookie++;

	if (zcl_fault(peer->node, ZCL_FAULT_REUSE_COOKIE))
		return ZCL_FIRST_COOKIE;
	/* 0 means none and 1 is the keepalive: the counter wraps to the first real one. */
	if (peer->next_cookie == 0)
		peer->next_cookie = ZCL_FIRST_COOKIE;
	return cookie;
}

void zcl_zcreq_add(struct zcl_peer *peer, struct zcl_tx *tx, int64_t deadline)
{
	g_assert(!tx->unacked);
	tx->ksm.ksm_zc_cookies[0] = take_cookie(peer);
	tx->unacked = true;
	tx->deadline = deadline;
	zcl_queue_push(&peer->zc_reqs, &tx->zc_link);
	zcl_peer_arm(peer, deadline);
}

static inline void zcreq_remove(struct zcl_peer *peer, struct zcl_tx *tx)
{
	g_assert(tx->unacked);
	tx->unacked = false;
	zcl_queue_unlink(&peer->zc_reqs, &tx->zc_link);
}

struct zcl_tx *zcl_zcreq_take(struct zcl_peer *peer, uint64_t cookie)
{
	/* ACKs come nearly in order, so that the one looked for is nearly always the first. */
	for (GList *l = peer->zc_reqs.head; l != NULL; l = l->next) {
		struct zcl_tx *tx = l->data;

		if (tx->ksm.ksm_zc_cookies[0] == cookie) {
			zcreq_remove(peer, tx);
			return tx;
		}
	}
	return NULL;
}

void zcl_zcreq_remove(struct zcl_peer *peer, struct zcl_tx *tx)
{
	zcreq_remove(peer, tx);
}

void zcl_zcreq_lose(struct zcl_peer *peer, struct zcl_tx *tx)
{
	zcl_zcreq_remove(peer, tx);
	/* Nobody acknowledges what was not all sent. */
	if (tx->sent == zcl_tx_size(tx) && !zcl_zcreq_may_be_late(peer, tx->ksm.ksm_zc_cookies[0]))
		peer->lost_cookie = tx->ksm.ksm_zc_cookies[0];
}

bool zcl_zcreq_may_be_late(const struct zcl_peer *peer, uint64_t cookie)
{
	/* As a distance, for the counter wraps. */
	return peer->lost_cookie != 0 && peer->lost_cookie - cookie <= INT64_MAX;
}
