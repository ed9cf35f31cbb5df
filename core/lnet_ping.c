/* SPDX-License-Identifier: MIT */
#include "core/bytes.h"
#include "core/node_impl.h"

/*
 * What a ping answers (wire notes 8): magic, features, pid, number of NIs, and for each NI its
 * NID, its status and 4 unused bytes; in the sender's order.
 */

#define HEAD  16
#define ENTRY 16

/* Deployed nodes put the sequence number of their answer where 0@lo's status would stand. */
#define SEQUENCE 1

static void put_ni(struct zcl_writer *w, zcl_nid nid, uint32_t status)
{
	zcl_write_u64(w, nid);
	zcl_write_u32(w, status);
	zcl_write_u32(w, 0);
}

size_t zcl_ping_encode(const struct zcl_config *config, uint8_t *buf)
{
	struct zcl_writer w = {.at = buf};

	zcl_write_u32(&w, ZCL_PING_MAGIC);
	zcl_write_u32(&w, config->ping_features);
	zcl_write_u32(&w, config->pid);
	zcl_write_u32(&w, 2);
	/* Deployed nodes ask again for ever when 0@lo is not the first. */
	put_ni(&w, ZCL_NID_LO, SEQUENCE);
	put_ni(&w, config->nid, ZCL_NI_UP);
	return (size_t)(w.at - buf);
}

enum zcl_err zcl_ping_decode(const uint8_t *buf, size_t len, struct zcl_ping_info *info)
{
	struct zcl_reader r = {.at = buf};
	uint32_t magic, nnis;
	size_t held;

	*info = (struct zcl_ping_info){0};
	if (len < HEAD)
		return ZCL_E_BAD_MAGIC;
	magic = zcl_read_u32(&r);
	r.swap = magic == GUINT32_SWAP_LE_BE(ZCL_PING_MAGIC);
	if (magic != ZCL_PING_MAGIC && !r.swap)
		return ZCL_E_BAD_MAGIC;
	info->features = zcl_read_u32(&r);
	info->pid = zcl_read_u32(&r);
	nnis = zcl_read_u32(&r);
	/* A node may have more NIs than we asked room for. */
	held = MIN((len - HEAD) / ENTRY, ZCL_PING_MAX_NIS);
	info->nnis = MIN(nnis, (uint32_t)held);
	for (size_t i = 0; i < info->nnis; i++) {
		info->ni[i].nid = zcl_read_u64(&r);
		info->ni[i].status = zcl_read_u32(&r);
		zcl_read_u32(&r);
	}
	return ZCL_OK;
}
