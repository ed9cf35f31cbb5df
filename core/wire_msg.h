/* SPDX-License-Identifier: MIT */
#ifndef ZCL_WIRE_MSG_H
#define ZCL_WIRE_MSG_H

#include "core/bytes.h"
#include "core/inline.h"
#include "core/wire.h"

/*
 * The headers of messages, packed and unpacked in line: what the encoders and decoders of
 * core/wire.h are made of, for the two places that every message passes.
 */

ZCL_ALWAYS_INLINE void zcl_ksm_pack(const struct zcl_ksm *ksm, uint8_t *buf)
{
	struct zcl_writer w = {buf, false};

	g_assert(ksm->ksm_type == ZCL_KSM_NOOP || ksm->ksm_type == ZCL_KSM_LNET);
	zcl_write_u32(&w, ksm->ksm_type);
	zcl_write_u32(&w, ksm->ksm_csum);
	zcl_write_u64(&w, ksm->ksm_zc_cookies[0]);
	zcl_write_u64(&w, ksm->ksm_zc_cookies[1]);
	g_assert(w.at == buf + ZCL_KSM_SIZE);
}

static inline enum zcl_err zcl_ksm_unpack(const uint8_t *buf, bool flipped, struct zcl_ksm *ksm)
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

static inline struct zcl_handle zcl_read_handle(struct zcl_reader *r)
{
	struct zcl_handle handle;

	handle.wh_interface_cookie = zcl_read_u64(r);
	handle.wh_object_cookie = zcl_read_u64(r);
	return handle;
}

static inline void zcl_write_handle(struct zcl_writer *w, struct zcl_handle handle)
{
	zcl_write_u64(w, handle.wh_interface_cookie);
	zcl_write_u64(w, handle.wh_object_cookie);
}

ZCL_ALWAYS_INLINE void zcl_lnet_msg_pack(const struct zcl_lnet_hdr *hdr, struct zcl_writer *w)
{
	switch (hdr->type) {
	case ZCL_LNET_ACK:
		zcl_write_handle(w, hdr->msg.ack.dst_wmd);
		zcl_write_u64(w, hdr->msg.ack.match_bits);
		zcl_write_u32(w, hdr->msg.ack.mlength);
		return;
	case ZCL_LNET_PUT:
		zcl_write_handle(w, hdr->msg.put.ack_wmd);
		zcl_write_u64(w, hdr->msg.put.match_bits);
		zcl_write_u64(w, hdr->msg.put.hdr_data);
		zcl_write_u32(w, hdr->msg.put.ptl_index);
		zcl_write_u32(w, hdr->msg.put.offset);
		return;
	case ZCL_LNET_GET:
		zcl_write_handle(w, hdr->msg.get.return_wmd);
		zcl_write_u64(w, hdr->msg.get.match_bits);
		zcl_write_u32(w, hdr->msg.get.ptl_index);
		zcl_write_u32(w, hdr->msg.get.src_offset);
		zcl_write_u32(w, hdr->msg.get.sink_length);
		return;
	case ZCL_LNET_REPLY:
		zcl_write_handle(w, hdr->msg.reply.dst_wmd);
		return;
	default:
		g_assert_not_reached();
	}
}

ZCL_ALWAYS_INLINE void zcl_lnet_hdr_pack(const struct zcl_lnet_hdr *hdr, uint8_t *buf)
{
	struct zcl_writer w = {buf, ZCL_BYTES_LE_SWAP};

	g_assert(hdr->payload_length <= ZCL_LNET_MTU);
	zcl_write_u64(&w, hdr->dest_nid);
	zcl_write_u64(&w, hdr->src_nid);
	zcl_write_u32(&w, hdr->dest_pid);
	zcl_write_u32(&w, hdr->src_pid);
	zcl_write_u32(&w, hdr->type);
	zcl_write_u32(&w, hdr->payload_length);
	zcl_lnet_msg_pack(hdr, &w);
	g_assert(w.at <= buf + ZCL_LNET_HDR_SIZE);
	zcl_write_zeros(&w, (size_t)(buf + ZCL_LNET_HDR_SIZE - w.at));
}

static inline void zcl_lnet_put_unpack(struct zcl_reader *r, struct zcl_lnet_hdr *hdr)
{
	hdr->msg.put.ack_wmd = zcl_read_handle(r);
	hdr->msg.put.match_bits = zcl_read_u64(r);
	hdr->msg.put.hdr_data = zcl_read_u64(r);
	hdr->msg.put.ptl_index = zcl_read_u32(r);
	hdr->msg.put.offset = zcl_read_u32(r);
}

static inline enum zcl_err zcl_lnet_msg_unpack(struct zcl_reader *r, struct zcl_lnet_hdr *hdr)
{
	memset(&hdr->msg, 0, sizeof(hdr->msg)); /* the same bytes always give the same struct */
	switch (hdr->type) {
	case ZCL_LNET_ACK:
		hdr->msg.ack.dst_wmd = zcl_read_handle(r);
		hdr->msg.ack.match_bits = zcl_read_u64(r);
		hdr->msg.ack.mlength = zcl_read_u32(r);
		return ZCL_OK;
	case ZCL_LNET_GET:
		hdr->msg.get.return_wmd = zcl_read_handle(r);
		hdr->msg.get.match_bits = zcl_read_u64(r);
		hdr->msg.get.ptl_index = zcl_read_u32(r);
		hdr->msg.get.src_offset = zcl_read_u32(r);
		hdr->msg.get.sink_length = zcl_read_u32(r);
		return ZCL_OK;
	case ZCL_LNET_REPLY:
		hdr->msg.reply.dst_wmd = zcl_read_handle(r);
		return ZCL_OK;
	default: /* a HELLO too: it opens a V1 stream and comes nowhere else */
		return ZCL_E_BAD_LNET_TYPE;
	}
}

static inline enum zcl_err zcl_lnet_hdr_unpack(const uint8_t *buf, struct zcl_lnet_hdr *hdr)
{
	struct zcl_reader r = {buf, ZCL_BYTES_LE_SWAP};
	enum zcl_err err = ZCL_OK;

	hdr->dest_nid = zcl_read_u64(&r);
	hdr->src_nid = zcl_read_u64(&r);
	hdr->dest_pid = zcl_read_u32(&r);
	hdr->src_pid = zcl_read_u32(&r);
	hdr->type = zcl_read_u32(&r);
	hdr->payload_length = zcl_read_u32(&r);
	if (G_LIKELY(hdr->type == ZCL_LNET_PUT))
		zcl_lnet_put_unpack(&r, hdr); /* fills all of it */
	else
		err = zcl_lnet_msg_unpack(&r, hdr);
	if (err != ZCL_OK)
		return err;
	g_assert(r.at <= buf + ZCL_LNET_HDR_SIZE);
	if (hdr->payload_length > ZCL_LNET_MTU)
		return ZCL_E_PAYLOAD_TOO_LONG;
	return ZCL_OK;
}

#endif
