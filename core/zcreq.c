/* SPDX-License-Identifier: MIT */
#include "core/zcreq.h"

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
