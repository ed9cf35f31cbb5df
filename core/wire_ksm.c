/* SPDX-License-Identifier: MIT */
#include "core/wire_msg.h"

void zcl_ksm_encode(const struct zcl_ksm *ksm, uint8_t *buf)
{
	zcl_ksm_pack(ksm, buf);
}

enum zcl_err zcl_ksm_decode(const uint8_t *buf, bool flipped, struct zcl_ksm *ksm)
{
	return zcl_ksm_unpack(buf, flipped, ksm);
}
