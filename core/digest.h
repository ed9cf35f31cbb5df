/* SPDX-License-Identifier: MIT */
#ifndef ZCL_DIGEST_H
#define ZCL_DIGEST_H

#include "core/node.h"

/*
 * A node's whole protocol state as a 128-bit number, for tools that must tell states apart. Equal
 * digests mean that the same events will from now on bring the same requests.
 */

/* Two multiply-rotate lanes over 64-bit words. Not against an adversary. */
struct zcl_digest {
	uint64_t lane[2];
};

static inline void zcl_digest_init(struct zcl_digest *digest)
{
	digest->lane[0] = UINT64_C(0x9e3779b97f4a7c15);
	digest->lane[1] = UINT64_C(0xc2b2ae3d27d4eb4f);
}

static inline void zcl_digest_u64(struct zcl_digest *digest, uint64_t value)
{
	uint64_t a = (digest->lane[0] ^ value) * UINT64_C(0xff51afd7ed558ccd);
	uint64_t b = (digest->lane[1] + value) * UINT64_C(0x9fb21c651e98df25);

	digest->lane[0] = a ^ (a >> 32);
	digest->lane[1] = ((b << 29) | (b >> 35)) ^ a;
}

/* The bytes and their number. */
void zcl_digest_bytes(struct zcl_digest *digest, const void *data, size_t len);
/* Mixes once more; the digest can be compared from now on, and added to no more. */
void zcl_digest_finish(struct zcl_digest *digest);

/*
 * Adds all of a node's state but what does not decide what it does next: pointers, connection
 * numbers (their order stays), statistics, the configuration (its incarnation stays), and the
 * content of payloads. Times count as what is left of them at `now` (ns); what is over is over.
 */
void zcl_node_digest(const struct zcl_node *node, int64_t now, struct zcl_digest *digest);

/*
 * The earliest deadline of a node, ns; INT64_MAX: none. Unlike zcl_node_expiry it is exact: a tick
 * at that time does something.
 */
int64_t zcl_node_next_deadline(const struct zcl_node *node);

#endif
