/* SPDX-License-Identifier: MIT */
#include "core/proto.h"

/* V2.x: ksock header with cookies, ACKs piggybacked or in NOOPs (HLD 4.1). */

static uint64_t queue_lnet(struct zcl_txq *q, struct zcl_tx *tx)
{
	return zcl_txq_add_lnet(q, tx);
}

static enum zcl_ack_way queue_ack(struct zcl_txq *q, uint64_t cookie)
{
	return zcl_txq_piggyback(q, cookie) ? ZCL_ACK_PIGGYBACKED : ZCL_ACK_NEEDS_NOOP;
}

const struct zcl_proto zcl_proto_v2 = {
	.version = ZCL_V2,
	.fallback = &zcl_proto_v1,
	.zc_acks = true,
	.checksums = true,
	.header_at = 0,
	.send_hello = zcl_hello_encode,
	.queue_lnet = queue_lnet,
	.queue_ack = queue_ack,
	.match_conn = zcl_proto_match_typed,
};
