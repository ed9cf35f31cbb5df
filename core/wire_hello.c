/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "core/bytes.h"

/* V1 reuses an LNet header: its union is 40 bytes, of which incarnation and type take 12. */
#define V1_UNION_REST	 28
#define V1_VERSION_MAJOR 1
#define V1_VERSION_MINOR 0

enum zcl_err zcl_hello_peek(const uint8_t *buf, uint32_t *version, bool *flipped)
{
	struct zcl_reader le = {buf, ZCL_BYTES_LE_SWAP};
	struct zcl_reader own = {buf, false};
	uint32_t magic;

	if (zcl_read_u32(&le) == ZCL_TCP_MAGIC) {
		const uint16_t major = zcl_read_u16(&le), minor = zcl_read_u16(&le);
		const bool known = major == V1_VERSION_MAJOR && minor == V1_VERSION_MINOR;

		*flipped = false;
		*version = known ? ZCL_V1 : 0;
		return known ? ZCL_OK : ZCL_E_UNKNOWN_VERSION;
	}
	magic = zcl_read_u32(&own);
	if (magic != ZCL_PROTO_MAGIC && magic != GUINT32_SWAP_LE_BE(ZCL_PROTO_MAGIC))
		return ZCL_E_BAD_MAGIC;
	own.swap = magic != ZCL_PROTO_MAGIC;
	*flipped = own.swap;
	*version = zcl_read_u32(&own);
	return *version == ZCL_V2 || *version == ZCL_V3 ? ZCL_OK : ZCL_E_UNKNOWN_VERSION;
}

size_t zcl_hello_fixed_size(uint32_t version)
{
	switch (version) {
	case ZCL_V1:
		return ZCL_HELLO_V1_SIZE;
	case ZCL_V2:
	case ZCL_V3:
		return ZCL_HELLO_V2_SIZE;
	default:
		return 0;
	}
}

static void encode_v1(const struct zcl_hello *hello, struct zcl_writer *w)
{
	zcl_write_u32(w, ZCL_TCP_MAGIC);
	zcl_write_u16(w, V1_VERSION_MAJOR);
	zcl_write_u16(w, V1_VERSION_MINOR);
	zcl_write_u64(w, hello->kshm_src_nid);
	zcl_write_u32(w, 0); /* dest_pid */
	zcl_write_u32(w, hello->kshm_src_pid);
	zcl_write_u32(w, ZCL_LNET_HELLO);
	zcl_write_u32(w, hello->kshm_nips * (uint32_t)sizeof(uint32_t));
	zcl_write_u64(w, hello->kshm_src_incarnation);
	zcl_write_u32(w, (uint32_t)hello->kshm_ctype);
	zcl_write_zeros(w, V1_UNION_REST);
}

static void encode_v2(const struct zcl_hello *hello, struct zcl_writer *w)
{
	zcl_write_u32(w, ZCL_PROTO_MAGIC);
	zcl_write_u32(w, hello->kshm_version);
	zcl_write_u64(w, hello->kshm_src_nid);
	zcl_write_u64(w, hello->kshm_dst_nid);
	zcl_write_u32(w, hello->kshm_src_pid);
	zcl_write_u32(w, hello->kshm_dst_pid);
	zcl_write_u64(w, hello->kshm_src_incarnation);
	zcl_write_u64(w, hello->kshm_dst_incarnation);
	zcl_write_u32(w, (uint32_t)hello->kshm_ctype);
	zcl_write_u32(w, hello->kshm_nips);
}

size_t zcl_hello_encode(const struct zcl_hello *hello, uint8_t *buf)
{
	const bool v1 = hello->kshm_version == ZCL_V1;
	struct zcl_writer w = {buf, v1 && ZCL_BYTES_LE_SWAP};

	g_assert(zcl_hello_fixed_size(hello->kshm_version) != 0);
	g_assert(hello->kshm_src_nid != ZCL_NID_ANY);
	g_assert(hello->kshm_ctype >= ZCL_CONN_NONE && hello->kshm_ctype <= ZCL_CONN_BULK_OUT);
	g_assert(hello->kshm_nips <= ZCL_MAX_IPS);
	if (v1)
		encode_v1(hello, &w);
	else
		encode_v2(hello, &w);
	g_assert(w.at == buf + zcl_hello_fixed_size(hello->kshm_version));
	for (size_t i = 0; i < hello->kshm_nips; i++) {
		g_assert(hello->kshm_ips[i] != 0);
		zcl_write_u32(&w, hello->kshm_ips[i]);
	}
	return (size_t)(w.at - buf);
}

void zcl_hello_set_version(uint8_t *buf, uint32_t version)
{
	struct zcl_writer w = {buf + sizeof(uint32_t), false};

	zcl_write_u32(&w, version);
}

static enum zcl_err decode_v1(struct zcl_reader *r, struct zcl_hello *hello)
{
	uint32_t type, payload_length;

	hello->kshm_magic = zcl_read_u32(r);
	r->at += 2 * sizeof(uint16_t); /* major and minor: the peek saw to them */
	hello->kshm_src_nid = zcl_read_u64(r);
	r->at += sizeof(uint32_t); /* dest_pid */
	hello->kshm_src_pid = zcl_read_u32(r);
	type = zcl_read_u32(r);
	payload_length = zcl_read_u32(r);
	hello->kshm_src_incarnation = zcl_read_u64(r);
	hello->kshm_ctype = (int32_t)zcl_read_u32(r);
	r->at += V1_UNION_REST;
	hello->kshm_nips = payload_length / (uint32_t)sizeof(uint32_t);
	if (type != ZCL_LNET_HELLO)
		return ZCL_E_BAD_HELLO_TYPE;
	if (payload_length % sizeof(uint32_t) != 0)
		return ZCL_E_TOO_MANY_IPS;
	return ZCL_OK;
}

static void decode_v2(struct zcl_reader *r, struct zcl_hello *hello)
{
	hello->kshm_magic = zcl_read_u32(r);
	r->at += sizeof(uint32_t); /* version: the peek saw to it */
	hello->kshm_src_nid = zcl_read_u64(r);
	hello->kshm_dst_nid = zcl_read_u64(r);
	hello->kshm_src_pid = zcl_read_u32(r);
	hello->kshm_dst_pid = zcl_read_u32(r);
	hello->kshm_src_incarnation = zcl_read_u64(r);
	hello->kshm_dst_incarnation = zcl_read_u64(r);
	hello->kshm_ctype = (int32_t)zcl_read_u32(r);
	hello->kshm_nips = zcl_read_u32(r);
}

enum zcl_err zcl_hello_decode(const uint8_t *buf, bool flipped, struct zcl_hello *hello)
{
	struct zcl_reader r = {buf, flipped};
	enum zcl_err err;
	uint32_t version;
	bool peeked;

	err = zcl_hello_peek(buf, &version, &peeked);
	if (err != ZCL_OK)
		return err;
	g_assert(peeked == flipped);
	memset(hello, 0, sizeof(*hello));
	hello->kshm_version = version;
	if (version == ZCL_V1) {
		r.swap = ZCL_BYTES_LE_SWAP;
		err = decode_v1(&r, hello);
		if (err != ZCL_OK)
			return err;
	} else {
		decode_v2(&r, hello);
	}
	g_assert(r.at == buf + zcl_hello_fixed_size(version));
	if (hello->kshm_nips > ZCL_MAX_IPS)
		return ZCL_E_TOO_MANY_IPS;
	if (hello->kshm_src_nid == ZCL_NID_ANY)
		return ZCL_E_ANY_NID;
	if (hello->kshm_ctype < ZCL_CONN_NONE || hello->kshm_ctype > ZCL_CONN_BULK_OUT)
		return ZCL_E_BAD_CTYPE;
	return ZCL_OK;
}

enum zcl_err zcl_hello_decode_ips(const uint8_t *buf, bool flipped, struct zcl_hello *hello)
{
	struct zcl_reader r = {buf, hello->kshm_version == ZCL_V1 ? ZCL_BYTES_LE_SWAP : flipped};

	g_assert(hello->kshm_nips <= ZCL_MAX_IPS);
	for (size_t i = 0; i < hello->kshm_nips; i++) {
		hello->kshm_ips[i] = zcl_read_u32(&r);
		if (hello->kshm_ips[i] == 0)
			return ZCL_E_ZERO_IP;
	}
	return ZCL_OK;
}
