/* SPDX-License-Identifier: MIT */
#ifndef ZCL_ZCREQ_H
#define ZCL_ZCREQ_H

#include "core/node_impl.h"

/* The peer's zc_req_list (HLD 4.1.2, 4.1.4; wire notes 7); in line what every request passes. */

static inline uint64_t zcl_zcreq_next_cookie(struct zcl_peer *peer)
{
	const uint64_t cookie = peer->next_cookie++;

	if (zcl_fault(peer->node, ZCL_FAULT_REUSE_COOKIE))
		return ZCL_FIRST_COOKIE;
	/* 0 means none and 1 is the keepalive: the counter wraps to the first real one. */
	if (G_UNLIKELY(peer->next_cookie == 0))
		peer->next_cookie = ZCL_FIRST_COOKIE;
	return cookie;
}

/* Gives tx a cookie; its ZC-ACK is due at deadline. */
static inline void zcl_zcreq_add(struct zcl_peer *peer, struct zcl_tx *tx, int64_t deadline)
{
	g_assert(!tx->unacked);
	tx->ksm.ksm_zc_cookies[0] = zcl_zcreq_next_cookie(peer);
	tx->unacked = true;
	tx->deadline = deadline;
	zcl_queue_push(&peer->zc_reqs, &tx->zc_link);
	zcl_peer_arm(peer, deadline);
}

/* Off the list: acknowledged, or given up. */
static inline void zcl_zcreq_remove(struct zcl_peer *peer, struct zcl_tx *tx)
{
	g_assert(tx->unacked);
	tx->unacked = false;
	zcl_queue_unlink(&peer->zc_reqs, &tx->zc_link);
}

/* NULL: no such cookie is outstanding. Else off the list. */
static inline struct zcl_tx *zcl_zcreq_take(struct zcl_peer *peer, uint64_t cookie)
{
	/* ACKs come nearly in order, so that the one looked for is nearly always the first. */
	for (GList *l = peer->zc_reqs.head; l != NULL; l = l->next) {
		struct zcl_tx *tx = l->data;

		if (tx->ksm.ksm_zc_cookies[0] == cookie) {
			zcl_zcreq_remove(peer, tx);
			return tx;
		}
	}
	return NULL;
}

/* Off the list with its connection: its ACK may still come, on another one. */
void zcl_zcreq_lose(struct zcl_peer *peer, struct zcl_tx *tx);
/* The ACK of a cookie that is not outstanding may be late: no later one than a lost one. */
bool zcl_zcreq_may_be_late(const struct zcl_peer *peer, uint64_t cookie);

#endif
