/* SPDX-License-Identifier: MIT */
#include "core/txq.h"

static struct zcl_tx_pool pool;

static struct zcl_tx *lnet(void)
{
	const struct zcl_lnet_hdr hdr = {.type = ZCL_LNET_GET};
	struct zcl_tx *tx = zcl_tx_get(&pool);

	zcl_tx_init_lnet(tx, &hdr, NULL, 0);
	return tx;
}

static struct zcl_tx *noop(uint64_t cookie)
{
	struct zcl_tx *tx = zcl_tx_get(&pool);

	zcl_tx_init_noop(tx, cookie);
	return tx;
}

static uint64_t ack_at(const struct zcl_txq *q, guint n)
{
	const struct zcl_tx *tx = g_queue_peek_nth((GQueue *)&q->queue, n);

	return tx->ksm.ksm_zc_cookies[1];
}

static void send_head(struct zcl_txq *q)
{
	struct zcl_tx *tx = zcl_txq_head(q);

	zcl_txq_started(q, tx);
	zcl_txq_remove(q, tx, zcl_tx_size(tx));
	zcl_tx_put(&pool, tx);
	zcl_txq_check(q);
}

static void drain(struct zcl_txq *q)
{
	while (zcl_txq_head(q) != NULL)
		send_head(q);
	g_assert_cmpuint(q->nob, ==, 0);
	g_assert_null(q->carrier);
}

/* An ACK goes onto the first queued message that has none, the next onto the next. */
static void test_piggyback(void)
{
	struct zcl_txq q;
	struct zcl_tx *a = lnet(), *b = lnet();

	zcl_txq_init(&q);
	g_assert_null(zcl_txq_piggyback(&q, 5));
	g_assert_null(zcl_txq_add_lnet(&q, a));
	g_assert_null(zcl_txq_add_lnet(&q, b));
	g_assert_true(zcl_txq_piggyback(&q, 5) == a);
	g_assert_true(zcl_txq_piggyback(&q, 6) == b);
	g_assert_null(zcl_txq_piggyback(&q, 7));
	zcl_txq_check(&q);
	g_assert_cmpuint(ack_at(&q, 0), ==, 5);
	g_assert_cmpuint(ack_at(&q, 1), ==, 6);
	drain(&q);
}

/* A later LNET message takes cookie and place of the first NOOP that waits. */
static void test_noop_replaced(void)
{
	struct zcl_txq q;
	struct zcl_tx *n1 = noop(5), *n2 = noop(6), *a = lnet(), *b = lnet(), *c = lnet();

	zcl_txq_init(&q);
	zcl_txq_add_noop(&q, n1);
	zcl_txq_add_noop(&q, n2);
	g_assert_true(zcl_txq_add_lnet(&q, a) == n1);
	zcl_txq_check(&q);
	g_assert_true(zcl_txq_add_lnet(&q, b) == n2);
	zcl_txq_check(&q);
	g_assert_null(zcl_txq_add_lnet(&q, c));
	zcl_txq_check(&q);
	g_assert_cmpuint(ack_at(&q, 0), ==, 5);
	g_assert_cmpuint(ack_at(&q, 1), ==, 6);
	g_assert_cmpuint(ack_at(&q, 2), ==, 0);
	g_assert_cmpuint(q.nob, ==, 3 * ZCL_MSG_HDR_SIZE);
	zcl_tx_put(&pool, n1);
	zcl_tx_put(&pool, n2);
	drain(&q);
}

/* The place of the NOOP is kept: what was queued before it stays before. */
static void test_noop_place(void)
{
	struct zcl_txq q;
	struct zcl_tx *a = lnet(), *n1 = noop(6), *n2 = noop(7), *b = lnet();

	zcl_txq_init(&q);
	zcl_txq_add_lnet(&q, a);
	g_assert_true(zcl_txq_piggyback(&q, 5) == a);
	zcl_txq_add_noop(&q, n1);
	zcl_txq_add_noop(&q, n2);
	g_assert_true(zcl_txq_add_lnet(&q, b) == n1);
	zcl_txq_check(&q);
	g_assert_cmpuint(ack_at(&q, 0), ==, 5);
	g_assert_cmpuint(ack_at(&q, 1), ==, 6);
	g_assert_cmpuint(ack_at(&q, 2), ==, 7);
	g_assert_true(zcl_tx_is_noop(g_queue_peek_nth(&q.queue, 2)));
	zcl_tx_put(&pool, n1);
	drain(&q);
}

/* What has begun to go out carries nothing more. */
static void test_carrier_sent(void)
{
	struct zcl_txq q;
	struct zcl_tx *a = lnet(), *b = lnet();

	zcl_txq_init(&q);
	zcl_txq_add_lnet(&q, a);
	zcl_txq_started(&q, a);
	g_assert_null(zcl_txq_piggyback(&q, 5));
	zcl_txq_add_lnet(&q, b);
	g_assert_true(zcl_txq_piggyback(&q, 5) == b);
	drain(&q);
}

/* Random traffic: the carrier rule holds, and every cookie goes out exactly once. */
static void test_random(void)
{
	struct zcl_txq q;
	guint64 given = 0, sent = 0;
	GRand *rand = g_rand_new_with_seed(1);

	zcl_txq_init(&q);
	for (int i = 0; i < 100000; i++) {
		const int what = g_rand_int_range(rand, 0, 3);
		struct zcl_tx *tx;

		if (what == 0) {
			tx = zcl_txq_add_lnet(&q, lnet());
			if (tx != NULL)
				zcl_tx_put(&pool, tx);
		} else if (what == 1) {
			given++;
			if (zcl_txq_piggyback(&q, given) == NULL)
				zcl_txq_add_noop(&q, noop(given));
		} else if (zcl_txq_head(&q) != NULL) {
			/* Not necessarily in order: only that none is lost or doubled. */
			sent += ack_at(&q, 0) != 0;
			send_head(&q);
		}
		zcl_txq_check(&q);
	}
	while (zcl_txq_head(&q) != NULL) {
		sent += ack_at(&q, 0) != 0;
		send_head(&q);
	}
	g_assert_cmpuint(given, ==, sent);
	g_rand_free(rand);
}

/* The header follows the cookie, also when it was packed before the cookie came. */
static void test_seal(void)
{
	struct zcl_tx *tx = lnet();
	struct zcl_ksm ksm;
	uint32_t plain;

	zcl_tx_seal(tx, true);
	g_assert_cmpint(zcl_ksm_decode(tx->header, false, &ksm), ==, ZCL_OK);
	g_assert_cmpuint(ksm.ksm_zc_cookies[1], ==, 0);
	plain = ksm.ksm_csum;
	g_assert_cmpuint(plain, !=, 0);
	zcl_tx_set_ack(tx, 9);
	zcl_tx_seal(tx, true);
	g_assert_cmpint(zcl_ksm_decode(tx->header, false, &ksm), ==, ZCL_OK);
	g_assert_cmpuint(ksm.ksm_zc_cookies[1], ==, 9);
	g_assert_cmpuint(ksm.ksm_csum, !=, plain);
	zcl_tx_put(&pool, tx);
}

/* A steady state takes nothing from the allocator. */
static void test_pool_steady(void)
{
	const guint before = pool.slabs->len;

	for (int i = 0; i < 1000; i++)
		zcl_tx_put(&pool, lnet());
	g_assert_cmpuint(pool.slabs->len, ==, before);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	zcl_tx_pool_init(&pool);
	g_test_add_func("/txq/piggyback", test_piggyback);
	g_test_add_func("/txq/noop-replaced", test_noop_replaced);
	g_test_add_func("/txq/noop-place", test_noop_place);
	g_test_add_func("/txq/carrier-sent", test_carrier_sent);
	g_test_add_func("/txq/random", test_random);
	g_test_add_func("/txq/seal", test_seal);
	g_test_add_func("/txq/pool-steady", test_pool_steady);
	status = g_test_run();
	zcl_tx_pool_clear(&pool);
	return status;
}
