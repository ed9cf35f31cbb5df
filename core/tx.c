/* SPDX-License-Identifier: MIT */
#include "core/tx.h"

#define SLAB 32

void zcl_tx_pool_init(struct zcl_tx_pool *pool)
{
	pool->free = NULL;
	pool->slabs = g_ptr_array_new_with_free_func(g_free);
	pool->in_use = 0;
}

void zcl_tx_pool_clear(struct zcl_tx_pool *pool)
{
	g_assert(pool->in_use == 0);
	for (const GList *l = pool->free; l != NULL; l = l->next)
		zcl_iovs_clear(&((struct zcl_tx *)l->data)->iovs);
	g_ptr_array_unref(pool->slabs);
}

void zcl_tx_pool_grow(struct zcl_tx_pool *pool)
{
	struct zcl_tx *slab = g_new0(struct zcl_tx, SLAB);

	g_ptr_array_add(pool->slabs, slab);
	for (size_t i = SLAB; i-- > 0;) {
		slab[i].link.data = &slab[i];
		slab[i].zc_link.data = &slab[i];
		slab[i].link.next = pool->free;
		pool->free = &slab[i].link;
	}
}

void zcl_tx_seal(struct zcl_tx *tx, bool checksum)
{
	const struct iovec *iov;

	g_assert(tx->sent == 0);
	if (tx->sealed || tx->header_at != 0)
		return;
	tx->sealed = true;
	tx->ksm.ksm_csum = 0;
	zcl_ksm_pack(&tx->ksm, tx->header);
	if (!checksum)
		return;
	tx->ksm.ksm_csum = zcl_crc(ZCL_CRC_INIT, tx->header, ZCL_MSG_HDR_SIZE);
	iov = zcl_iovs(&tx->iovs, tx->niov);
	for (size_t i = 0; i < tx->niov; i++)
		tx->ksm.ksm_csum = zcl_crc(tx->ksm.ksm_csum, iov[i].iov_base, iov[i].iov_len);
	zcl_ksm_pack(&tx->ksm, tx->header);
}
