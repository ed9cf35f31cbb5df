/* SPDX-License-Identifier: MIT */
#ifndef ZCL_WIRE_H
#define ZCL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/nid.h"

/*
 * What stands on the wire, as host values, and its packing (wire notes 1, 3, 4, 6).
 * Encoders write exactly the documented size and never fail on a valid struct
 * (invalid ones are programming errors and assert). Decoders check every field
 * that can be malformed. All are pure; thread-safe.
 */

#define ZCL_TCP_MAGIC	   0xeebc0dedu /* LNET_PROTO_TCP_MAGIC: V1 HELLO, little-endian */
#define ZCL_PROTO_MAGIC	   0x45726963u /* LNET_PROTO_MAGIC: V2+ HELLO, sender order */
#define ZCL_ACCEPTOR_MAGIC 0xacce7100u
#define ZCL_PING_MAGIC	   0x70696e67u

#define ZCL_ACCEPTOR_VERSION 1u
#define ZCL_V1		     1u /* major 1, minor 0 */
#define ZCL_V2		     2u
#define ZCL_V3		     3u
#define ZCL_V4		     4u

#define ZCL_KSM_NOOP 0xc0u
#define ZCL_KSM_LNET 0xc1u

enum zcl_ctype {
	ZCL_CONN_NONE = -1,
	ZCL_CONN_ANY = 0,
	ZCL_CONN_CONTROL = 1,
	ZCL_CONN_BULK_IN = 2,
	ZCL_CONN_BULK_OUT = 3,
};
#define ZCL_CTYPES 4 /* ANY .. BULK_OUT */

enum zcl_lnet_type {
	ZCL_LNET_ACK = 0,
	ZCL_LNET_PUT = 1,
	ZCL_LNET_GET = 2,
	ZCL_LNET_REPLY = 3,
	ZCL_LNET_HELLO = 4,
};

#define ZCL_KEEPALIVE_COOKIE 1u /* reserved: never a real cookie */
#define ZCL_FIRST_COOKIE     2u
#define ZCL_LNET_MTU	     ((size_t)1 << 20)
#define ZCL_MAX_IPS	     16
#define ZCL_PID_LUSTRE	     12345u
#define ZCL_PID_USERFLAG     0x80000000u

#define ZCL_ACCEPT_SIZE	   16
#define ZCL_HELLO_V1_SIZE  72
#define ZCL_HELLO_V2_SIZE  56
#define ZCL_HELLO_MAX_SIZE (ZCL_HELLO_V1_SIZE + 4 * ZCL_MAX_IPS)
#define ZCL_KSM_SIZE	   24
#define ZCL_LNET_HDR_SIZE  72
#define ZCL_MSG_HDR_SIZE   (ZCL_KSM_SIZE + ZCL_LNET_HDR_SIZE)

/* Acceptor request: opens every TCP connection, from the active side (wire notes 3). */
struct zcl_accept_req {
	uint32_t acr_magic; /* filled by the decoder, ignored by the encoder */
	uint32_t acr_version;
	zcl_nid acr_nid; /* the NID that is called */
};

/* HELLO of every version (wire notes 4). Fields that a version lacks are 0. */
struct zcl_hello {
	uint32_t kshm_magic;   /* filled by the decoder, ignored by the encoder */
	uint32_t kshm_version; /* ZCL_V1, ZCL_V2, ZCL_V3 */
	zcl_nid kshm_src_nid;
	zcl_nid kshm_dst_nid;
	uint32_t kshm_src_pid;
	uint32_t kshm_dst_pid;
	uint64_t kshm_src_incarnation;
	uint64_t kshm_dst_incarnation;
	int32_t kshm_ctype;
	uint32_t kshm_nips;
	uint32_t kshm_ips[ZCL_MAX_IPS]; /* host-order integers */
};

/* ksock message header of V2+ (wire notes 6). */
struct zcl_ksm {
	uint32_t ksm_type;
	uint32_t ksm_csum;
	uint64_t ksm_zc_cookies[2]; /* [0] request, [1] ACK */
};

/* Opaque reference to a buffer on the side that made it. All ones: none. */
struct zcl_handle {
	uint64_t wh_interface_cookie;
	uint64_t wh_object_cookie;
};

/* LNet header, little-endian in every version (wire notes 6). */
struct zcl_lnet_hdr {
	zcl_nid dest_nid;
	zcl_nid src_nid;
	uint32_t dest_pid;
	uint32_t src_pid;
	uint32_t type; /* enum zcl_lnet_type */
	uint32_t payload_length;
	union {
		struct {
			struct zcl_handle dst_wmd;
			uint64_t match_bits;
			uint32_t mlength;
		} ack;
		struct {
			struct zcl_handle ack_wmd; /* all ones: no ACK wanted */
			uint64_t match_bits;
			uint64_t hdr_data;
			uint32_t ptl_index;
			uint32_t offset;
		} put;
		struct {
			struct zcl_handle return_wmd;
			uint64_t match_bits;
			uint32_t ptl_index;
			uint32_t src_offset;
			uint32_t sink_length;
		} get;
		struct {
			struct zcl_handle dst_wmd;
		} reply;
	} msg;
};

extern const struct zcl_handle zcl_handle_none; /* all ones */
bool zcl_handle_equal(struct zcl_handle a, struct zcl_handle b);

static inline bool zcl_handle_is_none(struct zcl_handle handle)
{
	return (handle.wh_interface_cookie & handle.wh_object_cookie) == UINT64_MAX;
}

/* Names for people and traces: "CONTROL", "PUT", "NOOP"; "?" when unknown. Never NULL. */
const char *zcl_ctype_name(int32_t ctype);
const char *zcl_lnet_type_name(uint32_t type);
/* Parses the above, case-insensitively: ZCL_E_SYNTAX when it is none of them. */
enum zcl_err zcl_ctype_parse(const char *text, int32_t *ctype);

/* The type that the passive side answers: BULK_IN <-> BULK_OUT, the others stay. */
int32_t zcl_ctype_invert(int32_t ctype);

/* buf: ZCL_ACCEPT_SIZE bytes. Encodes in this machine's order. */
void zcl_accept_encode(const struct zcl_accept_req *req, uint8_t *buf);
/*
 * ZCL_E_BAD_MAGIC, ZCL_E_BAD_ACCEPTOR_VERSION (then *req holds the version). *flipped: the
 * sender's byte order is not ours.
 */
enum zcl_err zcl_accept_decode(const uint8_t *buf, struct zcl_accept_req *req, bool *flipped);

/*
 * The first 8 bytes of a HELLO tell magic and version. Returns ZCL_OK with *version and *flipped
 * (V1 is little-endian for everybody: never flipped on the wire), ZCL_E_BAD_MAGIC, or
 * ZCL_E_UNKNOWN_VERSION with *version as sent: V1-magic with a version other than 1.0 gives
 * *version 0, and V2+ magic any number above ZCL_V3.
 */
enum zcl_err zcl_hello_peek(const uint8_t *buf, uint32_t *version, bool *flipped);
/* Fixed part of a HELLO, before the IPs. version: ZCL_V1..ZCL_V3, else 0. */
size_t zcl_hello_fixed_size(uint32_t version);
/* Writes fixed part and IPs to buf (ZCL_HELLO_MAX_SIZE); returns the bytes written. */
size_t zcl_hello_encode(const struct zcl_hello *hello, uint8_t *buf);
/* Makes the V2 or V3 HELLO in buf that of another version, whose layout begins alike. */
void zcl_hello_set_version(uint8_t *buf, uint32_t version);
/*
 * Decodes the fixed part (buf: zcl_hello_fixed_size bytes, version and flipped from the peek):
 * ZCL_E_BAD_HELLO_TYPE, ZCL_E_TOO_MANY_IPS, ZCL_E_ANY_NID, ZCL_E_BAD_CTYPE. kshm_nips then says
 * how many u32 follow for zcl_hello_decode_ips (ZCL_E_ZERO_IP).
 */
enum zcl_err zcl_hello_decode(const uint8_t *buf, bool flipped, struct zcl_hello *hello);
enum zcl_err zcl_hello_decode_ips(const uint8_t *buf, bool flipped, struct zcl_hello *hello);

/* buf: ZCL_KSM_SIZE bytes. ZCL_E_BAD_KSM_TYPE. */
void zcl_ksm_encode(const struct zcl_ksm *ksm, uint8_t *buf);
enum zcl_err zcl_ksm_decode(const uint8_t *buf, bool flipped, struct zcl_ksm *ksm);

/* buf: ZCL_LNET_HDR_SIZE bytes. ZCL_E_BAD_LNET_TYPE, ZCL_E_PAYLOAD_TOO_LONG. */
void zcl_lnet_hdr_encode(const struct zcl_lnet_hdr *hdr, uint8_t *buf);
enum zcl_err zcl_lnet_hdr_decode(const uint8_t *buf, struct zcl_lnet_hdr *hdr);

/*
 * The checksum of wire notes 6: CRC-32, start all ones, no final inversion. Start with
 * ZCL_CRC_INIT and feed the ksock header (ksm_csum = 0), the LNet header and the payload.
 * 0 on the wire means "no checksum": a sum that happens to be 0 is sent so and goes unchecked.
 */
#define ZCL_CRC_INIT 0xffffffffu
uint32_t zcl_crc(uint32_t crc, const void *data, size_t len);

#endif
