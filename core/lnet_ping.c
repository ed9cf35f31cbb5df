/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node_impl.h"

/*
 * What a ping answers (wire notes 8): magic, features, pid, number of NIs, and for each NI its
 * NID, its status and 4 unused bytes; in the sender's order.
 */

#define HEAD  16
#define ENTRY 16

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static uint8_t *put_ni(uint8_t *p, zcl_nid nid)
{
	memcpy(p, &nid, sizeof(nid));
	p = put32(p + sizeof(nid), ZCL_NI_UP);
	return put32(p, 0);
}

size_t zcl_ping_encode(const struct zcl_config *config, uint8_t *buf)
{
	uint8_t *p = buf;

	p = put32(p, ZCL_PING_MAGIC);
	p = put32(p, config->ping_features);
	p = put32(p, config->pid);
	p = put32(p, 2);
	/* Deployed nodes ask again for ever when 0@lo is not the first. */
	p = put_ni(p, ZCL_NID_LO);
	p = put_ni(p, config->nid);
	return (size_t)(p - buf);
}

static uint32_t get32(const uint8_t *p, bool flipped)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return flipped ? GUINT32_SWAP_LE_BE(v) : v;
}

static uint64_t get64(const uint8_t *p, bool flipped)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return flipped ? GUINT64_SWAP_LE_BE(v) : v;
}

enum zcl_err zcl_ping_decode(const uint8_t *buf, size_t len, struct zcl_ping_info *info)
{
	bool flipped;
	size_t held;

	memset(info, 0, sizeof(*info));
	if (len < HEAD)
		return ZCL_E_BAD_MAGIC;
	flipped = get32(buf, false) == GUINT32_SWAP_LE_BE(ZCL_PING_MAGIC);
	if (get32(buf, flipped) != ZCL_PING_MAGIC)
		return ZCL_E_BAD_MAGIC;
	info->features = get32(buf + 4, flipped);
	info->pid = get32(buf + 8, flipped);
	/* A node may have more NIs than we asked room for. */
	held = MIN((len - HEAD) / ENTRY, ZCL_PING_MAX_NIS);
	info->nnis = MIN(get32(buf + 12, flipped), (uint32_t)held);
	for (size_t i = 0; i < info->nnis; i++) {
		info->ni[i].nid = get64(buf + HEAD + i * ENTRY, flipped);
		info->ni[i].status = get32(buf + HEAD + i * ENTRY + 8, flipped);
	}
	return ZCL_OK;
}
