/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "core/bytes.h"

const struct zcl_handle zcl_handle_none = {UINT64_MAX, UINT64_MAX};

bool zcl_handle_equal(struct zcl_handle a, struct zcl_handle b)
{
	return a.wh_interface_cookie == b.wh_interface_cookie &&
	       a.wh_object_cookie == b.wh_object_cookie;
}

bool zcl_handle_is_none(struct zcl_handle handle)
{
	return zcl_handle_equal(handle, zcl_handle_none);
}

const char *zcl_lnet_type_name(uint32_t type)
{
	static const char *const names[] = {"ACK", "PUT", "GET", "REPLY", "HELLO"};

	return type < G_N_ELEMENTS(names) ? names[type] : "?";
}

static struct zcl_handle read_handle(struct zcl_reader *r)
{
	struct zcl_handle handle;

	handle.wh_interface_cookie = zcl_read_u64(r);
	handle.wh_object_cookie = zcl_read_u64(r);
	return handle;
}

static void write_handle(struct zcl_writer *w, struct zcl_handle handle)
{
	zcl_write_u64(w, handle.wh_interface_cookie);
	zcl_write_u64(w, handle.wh_object_cookie);
}

static void encode_msg(const struct zcl_lnet_hdr *hdr, struct zcl_writer *w)
{
	switch (hdr->type) {
	case ZCL_LNET_ACK:
		write_handle(w, hdr->msg.ack.dst_wmd);
		zcl_write_u64(w, hdr->msg.ack.match_bits);
		zcl_write_u32(w, hdr->msg.ack.mlength);
		return;
	case ZCL_LNET_PUT:
		write_handle(w, hdr->msg.put.ack_wmd);
		zcl_write_u64(w, hdr->msg.put.match_bits);
		zcl_write_u64(w, hdr->msg.put.hdr_data);
		zcl_write_u32(w, hdr->msg.put.ptl_index);
		zcl_write_u32(w, hdr->msg.put.offset);
		return;
	case ZCL_LNET_GET:
		write_handle(w, hdr->msg.get.return_wmd);
		zcl_write_u64(w, hdr->msg.get.match_bits);
		zcl_write_u32(w, hdr->msg.get.ptl_index);
		zcl_write_u32(w, hdr->msg.get.src_offset);
		zcl_write_u32(w, hdr->msg.get.sink_length);
		return;
	case ZCL_LNET_REPLY:
		write_handle(w, hdr->msg.reply.dst_wmd);
		return;
	default:
		g_assert_not_reached();
	}
}

void zcl_lnet_hdr_encode(const struct zcl_lnet_hdr *hdr, uint8_t *buf)
{
	struct zcl_writer w = {buf, ZCL_BYTES_LE_SWAP};

	g_assert(hdr->payload_length <= ZCL_LNET_MTU);
	zcl_write_u64(&w, hdr->dest_nid);
	zcl_write_u64(&w, hdr->src_nid);
	zcl_write_u32(&w, hdr->dest_pid);
	zcl_write_u32(&w, hdr->src_pid);
	zcl_write_u32(&w, hdr->type);
	zcl_write_u32(&w, hdr->payload_length);
	encode_msg(hdr, &w);
	g_assert(w.at <= buf + ZCL_LNET_HDR_SIZE);
	zcl_write_zeros(&w, (size_t)(buf + ZCL_LNET_HDR_SIZE - w.at));
}

static enum zcl_err decode_msg(struct zcl_reader *r, struct zcl_lnet_hdr *hdr)
{
	switch (hdr->type) {
	case ZCL_LNET_ACK:
		hdr->msg.ack.dst_wmd = read_handle(r);
		hdr->msg.ack.match_bits = zcl_read_u64(r);
		hdr->msg.ack.mlength = zcl_read_u32(r);
		return ZCL_OK;
	case ZCL_LNET_PUT:
		hdr->msg.put.ack_wmd = read_handle(r);
		hdr->msg.put.match_bits = zcl_read_u64(r);
		hdr->msg.put.hdr_data = zcl_read_u64(r);
		hdr->msg.put.ptl_index = zcl_read_u32(r);
		hdr->msg.put.offset = zcl_read_u32(r);
		return ZCL_OK;
	case ZCL_LNET_GET:
		hdr->msg.get.return_wmd = read_handle(r);
		hdr->msg.get.match_bits = zcl_read_u64(r);
		hdr->msg.get.ptl_index = zcl_read_u32(r);
		hdr->msg.get.src_offset = zcl_read_u32(r);
		hdr->msg.get.sink_length = zcl_read_u32(r);
		return ZCL_OK;
	case ZCL_LNET_REPLY:
		hdr->msg.reply.dst_wmd = read_handle(r);
		return ZCL_OK;
	default: /* a HELLO too: it opens a V1 stream and comes nowhere else */
		return ZCL_E_BAD_LNET_TYPE;
	}
}

enum zcl_err zcl_lnet_hdr_decode(const uint8_t *buf, struct zcl_lnet_hdr *hdr)
{
	struct zcl_reader r = {buf, ZCL_BYTES_LE_SWAP};
	enum zcl_err err;

	memset(hdr, 0, sizeof(*hdr)); /* the same bytes always give the same struct */
	hdr->dest_nid = zcl_read_u64(&r);
	hdr->src_nid = zcl_read_u64(&r);
	hdr->dest_pid = zcl_read_u32(&r);
	hdr->src_pid = zcl_read_u32(&r);
	hdr->type = zcl_read_u32(&r);
	hdr->payload_length = zcl_read_u32(&r);
	err = decode_msg(&r, hdr);
	if (err != ZCL_OK)
		return err;
	g_assert(r.at <= buf + ZCL_LNET_HDR_SIZE);
	if (hdr->payload_length > ZCL_LNET_MTU)
		return ZCL_E_PAYLOAD_TOO_LONG;
	return ZCL_OK;
}
