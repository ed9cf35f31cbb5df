/* SPDX-License-Identifier: MIT */
#include "core/proto.h"

/* What each version's table says (HLD 4.2.2; wire notes 5, "Connection set"). */

static void test_table(void)
{
	g_assert_true(zcl_proto_find(ZCL_V1) == &zcl_proto_v1);
	g_assert_true(zcl_proto_find(ZCL_V2) == &zcl_proto_v2);
	g_assert_null(zcl_proto_find(0));
	g_assert_null(zcl_proto_find(9));
	g_assert_true(zcl_proto_v2.fallback == &zcl_proto_v1);
	g_assert_null(zcl_proto_v1.fallback);
}

static void test_match(void)
{
	static const struct {
		int32_t ctype;
		enum zcl_match small, bulk;
	} rows[] = {
		{ZCL_CONN_ANY, ZCL_MATCH_YES, ZCL_MATCH_YES},
		{ZCL_CONN_CONTROL, ZCL_MATCH_YES, ZCL_MATCH_MAY},
		{ZCL_CONN_BULK_IN, ZCL_MATCH_MAY, ZCL_MATCH_MAY},
		{ZCL_CONN_BULK_OUT, ZCL_MATCH_MAY, ZCL_MATCH_YES},
		{ZCL_CONN_NONE, ZCL_MATCH_NO, ZCL_MATCH_NO},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpint(zcl_proto_v2.match_conn(rows[i].ctype, 1023, 1024), ==,
				rows[i].small);
		g_assert_cmpint(zcl_proto_v2.match_conn(rows[i].ctype, 1024, 1024), ==,
				rows[i].bulk);
	}
}

/* Re-pack at queueing: the same message without its ksock header on V1 (HLD 4.2.5). */
static void test_repack(void)
{
	const struct zcl_lnet_hdr hdr = {.type = ZCL_LNET_GET};
	struct zcl_tx tx = {0};

	zcl_tx_init_lnet(&tx, &hdr, NULL, 0);
	tx.header_at = zcl_proto_v2.header_at;
	g_assert_cmpuint(zcl_tx_size(&tx), ==, ZCL_KSM_SIZE + ZCL_LNET_HDR_SIZE);
	tx.header_at = zcl_proto_v1.header_at;
	g_assert_cmpuint(zcl_tx_size(&tx), ==, ZCL_LNET_HDR_SIZE);
}

/* V1 queues in order and carries nothing. */
static void test_v1_has_no_carrier(void)
{
	const struct zcl_lnet_hdr hdr = {.type = ZCL_LNET_GET};
	struct zcl_tx tx = {.link.data = &tx};
	struct zcl_txq q;

	zcl_txq_init(&q);
	zcl_tx_init_lnet(&tx, &hdr, NULL, 0);
	g_assert_cmpuint(zcl_proto_v1.queue_lnet(&q, &tx), ==, 0);
	g_assert_null(q.carrier);
	zcl_txq_remove(&q, &tx, zcl_tx_size(&tx));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proto/table", test_table);
	g_test_add_func("/proto/match", test_match);
	g_test_add_func("/proto/repack", test_repack);
	g_test_add_func("/proto/v1-has-no-carrier", test_v1_has_no_carrier);
	return g_test_run();
}
