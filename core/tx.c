/* SPDX-License-Identifier: MIT */
#include "core/tx.h"

#include <stddef.h>
#include <string.h>

#define SLAB 32

void zcl_tx_pool_init(struct zcl_tx_pool *pool)
{
	g_queue_init(&pool->free);
	pool->slabs = g_ptr_array_new_with_free_func(g_free);
	pool->in_use = 0;
}

void zcl_tx_pool_clear(struct zcl_tx_pool *pool)
{
	g_assert(pool->in_use == 0);
	g_ptr_array_unref(pool->slabs);
}

static void grow(struct zcl_tx_pool *pool)
{
	struct zcl_tx *slab = g_new0(struct zcl_tx, SLAB);

	g_ptr_array_add(pool->slabs, slab);
	for (size_t i = 0; i < SLAB; i++) {
		slab[i].link.data = &slab[i];
		slab[i].zc_link.data = &slab[i];
		g_queue_push_tail_link(&pool->free, &slab[i].link);
	}
}

struct zcl_tx *zcl_tx_get(struct zcl_tx_pool *pool)
{
	struct zcl_tx *tx;

	if (g_queue_is_empty(&pool->free))
		grow(pool);
	tx = g_queue_pop_head_link(&pool->free)->data;
	pool->in_use++;
	return tx;
}

void zcl_tx_put(struct zcl_tx_pool *pool, struct zcl_tx *tx)
{
	g_assert(pool->in_use > 0);
	memset(tx, 0, offsetof(struct zcl_tx, header));
	tx->link.data = tx;
	tx->zc_link.data = tx;
	/* The one that is still in the cache goes out next. */
	g_queue_push_head_link(&pool->free, &tx->link);
	pool->in_use--;
}

void zcl_tx_init_noop(struct zcl_tx *tx, uint64_t ack_cookie)
{
	tx->ksm.ksm_type = ZCL_KSM_NOOP;
	tx->ksm.ksm_zc_cookies[1] = ack_cookie;
	tx->lnet_type = UINT32_MAX;
	tx->header_end = ZCL_KSM_SIZE;
}

void zcl_tx_init_lnet(struct zcl_tx *tx, const struct zcl_lnet_hdr *hdr, const struct iovec *iov,
		      size_t niov)
{
	g_assert(niov <= ZCL_LNET_MAX_IOV);

	tx->ksm.ksm_type = ZCL_KSM_LNET;
	tx->lnet_type = hdr->type;
	tx->header_end = ZCL_MSG_HDR_SIZE;
	zcl_lnet_hdr_encode(hdr, tx->header + ZCL_KSM_SIZE);
	for (size_t i = 0; i < niov; i++) {
		tx->iov[i] = iov[i];
		tx->payload += iov[i].iov_len;
	}
	tx->niov = niov;
	g_assert(tx->payload == hdr->payload_length);
}

void zcl_tx_set_ack(struct zcl_tx *tx, uint64_t cookie)
{
	g_assert(tx->sent == 0);
	tx->ksm.ksm_zc_cookies[1] = cookie;
	tx->sealed = false;
}

void zcl_tx_seal(struct zcl_tx *tx, bool checksum)
{
	g_assert(tx->sent == 0);

	if (tx->sealed || tx->header_at != 0)
		return;
	tx->sealed = true;
	tx->ksm.ksm_csum = 0;
	zcl_ksm_encode(&tx->ksm, tx->header);
	if (!checksum)
		return;
	tx->ksm.ksm_csum = zcl_crc(ZCL_CRC_INIT, tx->header, tx->header_end);
	for (size_t i = 0; i < tx->niov; i++)
		tx->ksm.ksm_csum =
			zcl_crc(tx->ksm.ksm_csum, tx->iov[i].iov_base, tx->iov[i].iov_len);
	zcl_ksm_encode(&tx->ksm, tx->header);
}
