/* SPDX-License-Identifier: MIT */
#ifndef ZCL_PROTO_H
#define ZCL_PROTO_H

#include "core/txq.h"

enum zcl_match {
	ZCL_MATCH_NO,
	ZCL_MATCH_MAY, /* when nothing better is up */
	ZCL_MATCH_YES,
};

/* What came of queueing a ZC-ACK. */
enum zcl_ack_way {
	ZCL_ACK_PIGGYBACKED, /* a queued message carries it */
	ZCL_ACK_NEEDS_NOOP,  /* nothing carries it: queue a NOOP */
};

/*
 * What differs between the versions (HLD 4.2.2). Nothing outside the tables asks which version a
 * connection has.
 */
struct zcl_proto {
	uint32_t version;
	const struct zcl_proto
		*fallback; /* what to try when a peer does not understand; NULL: none */
	bool zc_acks;	   /* messages have cookies */
	bool checksums;	   /* messages have a checksum */
	uint8_t header_at; /* where in a header that is packed as V2 a message begins */
	/* Writes our HELLO; out has room for ZCL_HELLO_MAX_SIZE; returns its bytes. */
	size_t (*send_hello)(const struct zcl_hello *hello, uint8_t *out);
	/* Queues an LNET message; returns the cookie of a NOOP that it made superfluous, or 0. */
	uint64_t (*queue_lnet)(struct zcl_txq *q, struct zcl_tx *tx);
	/* Looks for a carrier of a ZC-ACK. */
	enum zcl_ack_way (*queue_ack)(struct zcl_txq *q, uint64_t cookie);
	/* How well a connection of this type suits a message of nob bytes. */
	enum zcl_match (*match_conn)(int32_t ctype, size_t nob, size_t min_bulk);
};

/* NULL: no such version here. */
const struct zcl_proto *zcl_proto_find(uint32_t version);

extern const struct zcl_proto zcl_proto_v1;
extern const struct zcl_proto zcl_proto_v2;

/* Shared by V1 and V2 (wire notes 5, "Connection set"). */
enum zcl_match zcl_proto_match_typed(int32_t ctype, size_t nob, size_t min_bulk);

#endif
