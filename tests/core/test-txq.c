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

/* The ZC-ACK of the n-th in the queue, NOOPs among them. */
static uint64_t ack_at(const struct zcl_txq *q, guint n)
{
	const struct zcl_tx *tx = g_queue_peek_nth((GQueue *)&q->queue, n);

	return tx ? tx->ksm.ksm_zc_cookies[1] : zcl_txq_cookie(q, n - q->queue.length);
}

static void send_head(struct zcl_txq *q)
{
	struct zcl_tx *tx = zcl_txq_head(q);

	if (tx == NULL) {
		zcl_txq_skip_noops(q, 1);
		q->nob -= ZCL_KSM_SIZE;
	} else {
		zcl_txq_started(q, tx);
		zcl_txq_remove(q, tx, zcl_tx_size(tx));
		zcl_tx_put(&pool, tx);
	}
	zcl_txq_check(q);
}

static void drain(struct zcl_txq *q)
{
	while (!zcl_txq_is_empty(q))
		send_head(q);
	g_assert_cmpuint(q->nob, ==, 0);
	g_assert_null(q->carrier);
	zcl_txq_clear(q);
}

/* An ACK goes onto the first queued message that has none, the next onto the next. */
static void test_piggyback(void)
{
	struct zcl_txq q;
	struct zcl_tx *a = lnet(), *b = lnet();

	zcl_txq_init(&q);
	g_assert_null(zcl_txq_piggyback(&q, 5));
	g_assert_cmpuint(zcl_txq_add_lnet(&q, a), ==, 0);
	g_assert_cmpuint(zcl_txq_add_lnet(&q, b), ==, 0);
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
	struct zcl_tx *a = lnet(), *b = lnet(), *c = lnet();

	zcl_txq_init(&q);
	zcl_txq_add_noop(&q, 5);
	zcl_txq_add_noop(&q, 6);
	g_assert_cmpuint(q.nob, ==, 2 * ZCL_KSM_SIZE);
	g_assert_cmpuint(zcl_txq_add_lnet(&q, a), ==, 5);
	zcl_txq_check(&q);
	g_assert_cmpuint(zcl_txq_add_lnet(&q, b), ==, 6);
	zcl_txq_check(&q);
	g_assert_cmpuint(zcl_txq_add_lnet(&q, c), ==, 0);
	zcl_txq_check(&q);
	g_assert_cmpuint(ack_at(&q, 0), ==, 5);
	g_assert_cmpuint(ack_at(&q, 1), ==, 6);
	g_assert_cmpuint(ack_at(&q, 2), ==, 0);
	g_assert_cmpuint(q.nob, ==, 3 * ZCL_MSG_HDR_SIZE);
	drain(&q);
}

/* The place of the NOOP is kept: what was queued before it stays before. */
static void test_noop_place(void)
{
	struct zcl_txq q;
	struct zcl_tx *a = lnet(), *b = lnet();

	zcl_txq_init(&q);
	zcl_txq_add_lnet(&q, a);
	g_assert_true(zcl_txq_piggyback(&q, 5) == a);
	zcl_txq_add_noop(&q, 6);
	zcl_txq_add_noop(&q, 7);
	g_assert_cmpuint(zcl_txq_add_lnet(&q, b), ==, 6);
	zcl_txq_check(&q);
	g_assert_cmpuint(ack_at(&q, 0), ==, 5);
	g_assert_cmpuint(ack_at(&q, 1), ==, 6);
	g_assert_cmpuint(ack_at(&q, 2), ==, 7);
	g_assert_cmpuint(q.queue.length, ==, 2);
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

/* However many wait, and wherever in the ring they start, each keeps its cookie and its place. */
static void test_many_noops(void)
{
	struct zcl_txq q;
	uint64_t given = 0, sent = 0;

	zcl_txq_init(&q);
	for (size_t n = 1; n < 200; n += 7) {
		for (size_t i = 0; i < n; i++)
			zcl_txq_add_noop(&q, ++given);
		for (size_t i = 0; i < n / 2; i++) {
			g_assert_cmpuint(ack_at(&q, 0), ==, ++sent);
			send_head(&q);
		}
	}
	while (!zcl_txq_is_empty(&q)) {
		g_assert_cmpuint(ack_at(&q, 0), ==, ++sent);
		send_head(&q);
	}
	g_assert_cmpuint(sent, ==, given);
	drain(&q);
}

/* A NOOP that is out in part stays before what is queued later, which cannot take its place. */
static void test_noop_in_part(void)
{
	uint8_t packed[ZCL_KSM_SIZE];
	struct zcl_txq q;

	zcl_txq_init(&q);
	zcl_txq_add_noop(&q, 5);
	zcl_txq_add_noop(&q, 6);
	zcl_tx_pack_noop(5, false, packed);
	zcl_txq_part_noop(&q, packed, 20);
	q.nob -= 4;
	g_assert_cmpuint(q.part_cookie, ==, 5);
	g_assert_cmpuint(zcl_txq_add_lnet(&q, lnet()), ==, 6);
	g_assert_cmpuint(zcl_txq_add_lnet(&q, lnet()), ==, 0);
	g_assert_cmpuint(zcl_txq_length(&q), ==, 3);
	zcl_txq_check(&q);
	send_head(&q);
	send_head(&q);
	g_assert_false(zcl_txq_is_empty(&q));
	g_assert_cmpuint(q.nob, ==, 20);
	g_assert_cmpuint(zcl_txq_drop_noops(&q), ==, 1);
	g_assert_true(zcl_txq_is_empty(&q));
	zcl_txq_clear(&q);
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

		if (what == 0) {
			zcl_txq_add_lnet(&q, lnet());
		} else if (what == 1) {
			given++;
			if (zcl_txq_piggyback(&q, given) == NULL)
				zcl_txq_add_noop(&q, given);
		} else if (!zcl_txq_is_empty(&q)) {
			/* Not necessarily in order: only that none is lost or doubled. */
			sent += ack_at(&q, 0) != 0;
			send_head(&q);
		}
		zcl_txq_check(&q);
	}
	while (!zcl_txq_is_empty(&q)) {
		sent += ack_at(&q, 0) != 0;
		send_head(&q);
	}
	zcl_txq_clear(&q);
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
	g_test_add_func("/txq/many-noops", test_many_noops);
	g_test_add_func("/txq/noop-in-part", test_noop_in_part);
	g_test_add_func("/txq/random", test_random);
	g_test_add_func("/txq/seal", test_seal);
	g_test_add_func("/txq/pool-steady", test_pool_steady);
	status = g_test_run();
	zcl_tx_pool_clear(&pool);
	return status;
}
