/* SPDX-License-Identifier: MIT */
#include "core/proto.h"

/* V1.x: no ksock header, no cookies, no NOOP (HLD 4.2.5). */

static uint64_t queue_lnet(struct zcl_txq *q, struct zcl_tx *tx)
{
	zcl_txq_append(q, tx);
	return 0;
}

static enum zcl_ack_way queue_ack(struct zcl_txq *q, uint64_t cookie)
{
	(void)q;
	(void)cookie;
	/* No V1 message has a request cookie, so nothing can ask for an ACK. */
	g_assert_not_reached();
}

const struct zcl_proto zcl_proto_v1 = {
	.version = ZCL_V1,
	.fallback = NULL,
	.zc_acks = false,
	.checksums = false,
	.header_at = ZCL_KSM_SIZE,
	.send_hello = zcl_hello_encode,
	.queue_lnet = queue_lnet,
	.queue_ack = queue_ack,
	.match_conn = zcl_proto_match_typed,
};
