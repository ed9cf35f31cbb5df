/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "core/bytes.h"

void zcl_ksm_encode(const struct zcl_ksm *ksm, uint8_t *buf)
{
	struct zcl_writer w = {buf, false};

	g_assert(ksm->ksm_type == ZCL_KSM_NOOP || ksm->ksm_type == ZCL_KSM_LNET);
	zcl_write_u32(&w, ksm->ksm_type);
	zcl_write_u32(&w, ksm->ksm_csum);
	zcl_write_u64(&w, ksm->ksm_zc_cookies[0]);
	zcl_write_u64(&w, ksm->ksm_zc_cookies[1]);
	g_assert(w.at == buf + ZCL_KSM_SIZE);
}

enum zcl_err zcl_ksm_decode(const uint8_t *buf, bool flipped, struct zcl_ksm *ksm)
{
	struct zcl_reader r = {buf, flipped};

	ksm->ksm_type = zcl_read_u32(&r);
	ksm->ksm_csum = zcl_read_u32(&r);
	ksm->ksm_zc_cookies[0] = zcl_read_u64(&r);
	ksm->ksm_zc_cookies[1] = zcl_read_u64(&r);
	g_assert(r.at == buf + ZCL_KSM_SIZE);
	if (ksm->ksm_type != ZCL_KSM_NOOP && ksm->ksm_type != ZCL_KSM_LNET)
		return ZCL_E_BAD_KSM_TYPE;
	return ZCL_OK;
}
