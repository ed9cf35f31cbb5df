/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "core/bytes.h"

void zcl_accept_encode(const struct zcl_accept_req *req, uint8_t *buf)
{
	struct zcl_writer w = {buf, false};

	zcl_write_u32(&w, ZCL_ACCEPTOR_MAGIC);
	zcl_write_u32(&w, req->acr_version);
	zcl_write_u64(&w, req->acr_nid);
	g_assert(w.at == buf + ZCL_ACCEPT_SIZE);
}

enum zcl_err zcl_accept_decode(const uint8_t *buf, struct zcl_accept_req *req, bool *flipped)
{
	struct zcl_reader r = {buf, false};
	const uint32_t magic = zcl_read_u32(&r);

	if (magic != ZCL_ACCEPTOR_MAGIC && magic != GUINT32_SWAP_LE_BE(ZCL_ACCEPTOR_MAGIC))
		return ZCL_E_BAD_MAGIC;
	r.swap = magic != ZCL_ACCEPTOR_MAGIC;
	*flipped = r.swap;
	req->acr_magic = ZCL_ACCEPTOR_MAGIC;
	req->acr_version = zcl_read_u32(&r);
	req->acr_nid = zcl_read_u64(&r);
	g_assert(r.at == buf + ZCL_ACCEPT_SIZE);
	return req->acr_version == ZCL_ACCEPTOR_VERSION ? ZCL_OK : ZCL_E_BAD_ACCEPTOR_VERSION;
}
