/* SPDX-License-Identifier: MIT */
#include "core/wire_msg.h"

const struct zcl_handle zcl_handle_none = {UINT64_MAX, UINT64_MAX};

bool zcl_handle_equal(struct zcl_handle a, struct zcl_handle b)
{
	return a.wh_interface_cookie == b.wh_interface_cookie &&
	       a.wh_object_cookie == b.wh_object_cookie;
}

const char *zcl_lnet_type_name(uint32_t type)
{
	static const char *const names[] = {"ACK", "PUT", "GET", "REPLY", "HELLO"};

	return type < G_N_ELEMENTS(names) ? names[type] : "?";
}

void zcl_lnet_hdr_encode(const struct zcl_lnet_hdr *hdr, uint8_t *buf)
{
	zcl_lnet_hdr_pack(hdr, buf);
}

enum zcl_err zcl_lnet_hdr_decode(const uint8_t *buf, struct zcl_lnet_hdr *hdr)
{
	return zcl_lnet_hdr_unpack(buf, hdr);
}
