/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/sim/pair.h"

/* Random, so that no part of it looks like another. */
static uint8_t *make_payload(size_t size)
{
	GRand *random = g_rand_new_with_seed(7);
	uint8_t *payload = g_malloc(size);

	for (size_t i = 0; i < size; i++)
		payload[i] = (uint8_t)g_rand_int(random);
	g_rand_free(random);
	return payload;
}

static struct pair *pair_up(uint32_t version, double loss, bool gated)
{
	struct pair *pair = pair_new(version, loss);

	pair->a.options.gated = pair->b.options.gated = gated;
	pair_start(&pair->a);
	pair_start(&pair->b);
	return pair;
}

/* ---- connecting ------------------------------------------------------------------------ */

static void test_connect(gconstpointer data)
{
	const uint32_t version = GPOINTER_TO_UINT(data);
	struct pair *pair = pair_up(version, 0, false);

	pair_connect(&pair->a);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 1);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 1);
	g_assert_cmpuint(pair_event(&pair->a, ZCL_EV_CONN_UP)->version, ==, version);
	/* A path takes 1 ms: TCP is up after 2, the caller hears the HELLO after 4. */
	g_assert_cmpint(pair_event(&pair->a, ZCL_EV_CONN_UP)->time / MS, ==, 4);
	g_assert_cmpint(pair_event(&pair->b, ZCL_EV_CONN_UP)->time / MS, ==, 3);
	pair_free(pair);
}

static void test_typed(void)
{
	struct pair *pair = pair_new(ZCL_V2, 0);

	pair->a.options.core.typed = pair->b.options.core.typed = true;
	pair_start(&pair->a);
	pair_start(&pair->b);
	pair_connect(&pair->b);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 3);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 3);
	pair_free(pair);
}

static void test_refused(void)
{
	struct pair *pair = pair_new(ZCL_V2, 0);
	const struct zcl_event *failed;

	pair_start(&pair->a);
	pair_connect(&pair->a); /* nobody listens on the other host */
	failed = pair_event(&pair->a, ZCL_EV_ATTEMPT_FAILED);
	g_assert_nonnull(failed);
	g_assert_cmpint(failed->error, ==, ZCL_E_REFUSED);
	g_assert_cmpint(failed->time / MS, ==, 2);
	/* The node keeps trying, and somebody comes. */
	pair_start(&pair->b);
	pair_run(pair, 10 * SECOND);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 1);
	pair_free(pair);
}

static void test_nowhere(void)
{
	struct pair *pair = pair_up(ZCL_V2, 0, false);
	const struct zcl_event *failed;

	zcl_node_connect(pair_core(&pair->a), zcl_nid_tcp(0x0a0000ff, 0), 0);
	zsimnode_kick(pair->a.node);
	pair_run(pair, 300 * SECOND);
	failed = pair_event(&pair->a, ZCL_EV_ATTEMPT_FAILED);
	g_assert_nonnull(failed);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 0);
	pair_free(pair);
}

/* A caller that says nothing takes the only place; the next is turned away, and comes again. */
static void test_limit(void)
{
	struct pair *pair = pair_new(ZCL_V2, 0);
	zsim_tcp *mute;

	pair->b.options.core.max_handshakes = 1;
	pair_start(&pair->a);
	pair_start(&pair->b);
	mute = zsim_connect(pair->a.host, 0, zsim_host_ipv4(pair->b.host), ZSIMNODE_PORT, NULL,
			    NULL);
	pair_run(pair, SECOND);
	pair_connect(&pair->a);
	g_assert_cmpuint(pair_count(&pair->b, ZCL_EV_ACCEPT), ==, 1);
	g_assert_cmpuint(pair_count(&pair->a, ZCL_EV_HELLO_SENT), >=, 1);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 0);
	pair_run(pair, 30 * SECOND);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 1);
	g_assert_cmpuint(zsim_tcp_space(mute), ==, 0); /* reset after the accept timeout */
	zsim_tcp_destroy(mute);
	pair_free(pair);
}

/* ---- messages -------------------------------------------------------------------------- */

#define BULK_SIZE  ((size_t)1 << 20)
#define BULK_COUNT 5u

static void assert_bytes(const uint8_t *expected, const uint8_t *got, size_t size, guint count)
{
	for (guint i = 0; i < count; i++)
		g_assert_cmpmem(got + i * size, size, expected, size);
}

/* Frees the pair. Returns how many packets were lost on the links. */
static uint64_t move_bulk(struct pair *pair)
{
	struct zsim_counters counters[2];
	uint8_t *payload = make_payload(BULK_SIZE);
	uint8_t *sink = g_malloc0(BULK_COUNT * BULK_SIZE);

	pair_attach(&pair->b, sink, BULK_COUNT * BULK_SIZE);
	pair_connect(&pair->a);
	for (guint i = 0; i < BULK_COUNT; i++)
		pair_put(&pair->a, payload, BULK_SIZE);
	pair_run(pair, 45 * SECOND);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, BULK_COUNT);
	g_assert_cmpuint(pair_lnet_count(&pair->a, ZCL_LNET_EV_ACK), ==, BULK_COUNT);
	assert_bytes(payload, sink, BULK_SIZE, BULK_COUNT);
	zsim_host_counters(pair->a.host, &counters[0]);
	zsim_host_counters(pair->b.host, &counters[1]);
	/* Only now: the sink must outlive the nodes. */
	pair_free(pair);
	g_free(payload);
	g_free(sink);
	return counters[0].dropped_packets + counters[1].dropped_packets;
}

static void test_bulk_v1(void)
{
	g_assert_cmpuint(move_bulk(pair_up(ZCL_V1, 0, false)), ==, 0);
}

static void test_bulk_v2(gconstpointer data)
{
	struct pair *pair = pair_up(ZCL_V2, 0, GPOINTER_TO_UINT(data) != 0);
	const struct zcl_stats *a, *b;
	uint8_t *payload = make_payload(BULK_SIZE);

	pair_attach(&pair->b, NULL, 0);
	pair_connect(&pair->a);
	for (guint i = 0; i < BULK_COUNT; i++)
		pair_put(&pair->a, payload, BULK_SIZE);
	pair_run(pair, 2 * SECOND);
	a = zcl_node_stats(pair_core(&pair->a));
	b = zcl_node_stats(pair_core(&pair->b));
	g_assert_cmpuint(a->zc_requests, ==, BULK_COUNT);
	g_assert_cmpuint(a->acks_received, ==, BULK_COUNT);
	g_assert_cmpuint(a->buffers_released, ==, BULK_COUNT);
	g_assert_cmpuint(b->acks_piggybacked + b->acks_coalesced + b->acks_noop, ==, BULK_COUNT);
	/* Each was acknowledged by LNet as well: every ZC-ACK could travel on that. */
	g_assert_cmpuint(b->acks_coalesced, ==, BULK_COUNT);
	g_assert_cmpuint(a->bytes_sent, ==, b->bytes_received);
	g_assert_cmpuint(b->bytes_sent, ==, a->bytes_received);
	pair_free(pair);
	g_free(payload);
}

static void test_bytes_v2(gconstpointer data)
{
	g_assert_cmpuint(move_bulk(pair_up(ZCL_V2, 0, GPOINTER_TO_UINT(data) != 0)), ==, 0);
}

static void test_loss(gconstpointer data)
{
	g_assert_cmpuint(move_bulk(pair_up(GPOINTER_TO_UINT(data), 0.005, false)), >, 10);
}

/* What is queued while the sender is not there yet goes along in one pass. */
static void test_pass(void)
{
	struct pair *pair = pair_new(ZCL_V2, 0);
	uint8_t *payload = make_payload(64 * 1024);
	const struct zcl_stats *b;
	int64_t before;

	pair->a.options.tx_delay = pair->b.options.tx_delay = 5 * MS;
	pair_start(&pair->a);
	pair_start(&pair->b);
	pair_attach(&pair->a, NULL, 0);
	pair_attach(&pair->b, NULL, 0);
	pair_connect(&pair->a);
	before = zsim_now(pair->sim);
	pair_put(&pair->a, payload, 64 * 1024);
	/* It leaves after 5 ms and takes some more; ours is queued before it is there, and waits.
	 */
	pair_run(pair, 8 * MS);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, 0);
	pair_put(&pair->b, payload, 64);
	pair_run(pair, SECOND);
	b = zcl_node_stats(pair_core(&pair->b));
	g_assert_cmpuint(b->acks_piggybacked, ==, 1);
	g_assert_cmpuint(b->noops_sent, ==, 0);
	for (guint i = 0; i < pair->a.events->len; i++) {
		const struct zcl_event *event = &g_array_index(pair->a.events, struct zcl_event, i);

		if (event->kind == ZCL_EV_MSG_SENT && event->length == 64 * 1024)
			g_assert_cmpint(event->time, >=, before + 5 * MS);
	}
	pair_free(pair);
	g_free(payload);
}

/* ---- ends ------------------------------------------------------------------------------ */

static void test_restart(void)
{
	struct pair *pair = pair_up(ZCL_V2, 0, false);

	pair_connect(&pair->a);
	zsimnode_crash(pair->b.node);
	pair->b.options.core.incarnation++;
	pair_start(&pair->b);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 1); /* it cannot know yet */
	pair_connect(&pair->b);
	pair_run(pair, 5 * SECOND);
	g_assert_cmpuint(pair_count(&pair->a, ZCL_EV_STALE), ==, 1);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 1);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 1);
	pair_free(pair);
}

/* A node that goes away properly is missed at once. */
static void test_goes(void)
{
	struct pair *pair = pair_up(ZCL_V2, 0, false);

	pair_connect(&pair->a);
	zsimnode_free(pair->b.node);
	pair->b.node = NULL;
	pair_run(pair, SECOND);
	g_assert_cmpuint(pair_conns(&pair->a), ==, 0);
	g_assert_cmpint(pair_event(&pair->a, ZCL_EV_CONN_DOWN)->error, ==, ZCL_E_RESET);
	pair_free(pair);
}

static void test_hold(void)
{
	struct pair *pair = pair_up(ZCL_V2, 0, true);
	const uint32_t from = zsim_host_ipv4(pair->a.host);

	pair_attach(&pair->b, NULL, 0);
	zsimnode_hold(pair->b.node, from, ZWORLD_HELLO);
	pair_connect(&pair->a);
	g_assert_cmpuint(pair->b.held->len, ==, 1);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 0);
	zsimnode_release(pair->b.node, from, ZWORLD_HELLO);
	pair_run(pair, SECOND);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 1);

	/* The message and the end behind it wait; the end goes last. */
	zsimnode_hold(pair->b.node, from, ZWORLD_LNET | ZWORLD_END);
	pair_put(&pair->a, "hello", 5);
	pair_run(pair, SECOND);
	zsimnode_free(pair->a.node);
	pair->a.node = NULL;
	pair_run(pair, SECOND);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, 0);
	zsimnode_release(pair->b.node, from, ZWORLD_LNET);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, 1);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 1);
	zsimnode_release(pair->b.node, from, ZWORLD_END);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 0);
	pair_free(pair);
}

/* A PUT that waits for a buffer (PARSE_WAIT) stops the reading; nothing is lost behind it, and the
   end of the stream waits too. */
static void test_pause(gconstpointer data)
{
	struct pair *pair = pair_up(ZCL_V1, 0, GPOINTER_TO_UINT(data) != 0);

	zcl_lnet_set_lazy(pair_core(&pair->b), 9, true, 0);
	pair_connect(&pair->a);
	pair_put(&pair->a, "one", 3);
	pair_put(&pair->a, "two", 3);
	pair_run(pair, SECOND);
	zsimnode_free(pair->a.node);
	pair->a.node = NULL;
	pair_run(pair, SECOND);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, 0);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 1);
	pair_attach(&pair->b, NULL, 0);
	pair_run(pair, SECOND);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, 2);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 0);
	pair_free(pair);
}

/* The same when a hold lets go of messages and end all at once. */
static void test_pause_after_hold(void)
{
	struct pair *pair = pair_up(ZCL_V1, 0, true);
	const uint32_t from = zsim_host_ipv4(pair->a.host);

	zcl_lnet_set_lazy(pair_core(&pair->b), 9, true, 0);
	pair_connect(&pair->a);
	zsimnode_hold(pair->b.node, from, ZWORLD_LNET);
	pair_put(&pair->a, "one", 3);
	pair_put(&pair->a, "two", 3);
	pair_run(pair, SECOND);
	zsimnode_free(pair->a.node);
	pair->a.node = NULL;
	pair_run(pair, SECOND);
	zsimnode_release(pair->b.node, from, ZWORLD_LNET);
	pair_run(pair, SECOND);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 1);
	pair_attach(&pair->b, NULL, 0);
	pair_run(pair, SECOND);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, 2);
	g_assert_cmpuint(pair_conns(&pair->b), ==, 0);
	pair_free(pair);
}

/* While it does not read, its peer's messages stay where they are. */
static void test_pause_stops(void)
{
	struct pair *pair = pair_up(ZCL_V1, 0, false);
	uint8_t *payload = make_payload(BULK_SIZE);

	zcl_lnet_set_lazy(pair_core(&pair->b), 9, true, 0);
	pair_connect(&pair->a);
	for (guint i = 0; i < BULK_COUNT; i++)
		pair_put(&pair->a, payload, BULK_SIZE);
	pair_run(pair, 20 * SECOND);
	g_assert_cmpuint(pair_count(&pair->a, ZCL_EV_MSG_SENT), <, 2);
	pair_attach(&pair->b, NULL, 0);
	pair_run(pair, 20 * SECOND);
	g_assert_cmpuint(pair_lnet_count(&pair->b, ZCL_LNET_EV_PUT), ==, BULK_COUNT);
	pair_free(pair);
	g_free(payload);
}

static void test_bad_options(void)
{
	struct pair *pair = pair_new(ZCL_V2, 0);
	const char *why = NULL;

	pair_start(&pair->a);
	g_assert_null(zsimnode_new(pair->sim, pair->a.host, &pair->a.options, &why));
	g_assert_nonnull(strstr(why, "another node"));
	pair->b.options.core.incarnation = 0;
	g_assert_null(zsimnode_new(pair->sim, pair->b.host, &pair->b.options, &why));
	g_assert_cmpstr(why, ==, zcl_strerror(ZCL_E_INVALID));
	pair_free(pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/backend/connect/v1", GUINT_TO_POINTER(ZCL_V1), test_connect);
	g_test_add_data_func("/backend/connect/v2", GUINT_TO_POINTER(ZCL_V2), test_connect);
	g_test_add_func("/backend/connect/typed", test_typed);
	g_test_add_func("/backend/connect/refused", test_refused);
	g_test_add_func("/backend/connect/nowhere", test_nowhere);
	g_test_add_func("/backend/connect/limit", test_limit);
	g_test_add_func("/backend/bulk/v1", test_bulk_v1);
	g_test_add_data_func("/backend/bulk/v2", GUINT_TO_POINTER(0), test_bulk_v2);
	g_test_add_data_func("/backend/bulk/v2-gated", GUINT_TO_POINTER(1), test_bulk_v2);
	g_test_add_data_func("/backend/bytes/v2", GUINT_TO_POINTER(0), test_bytes_v2);
	g_test_add_data_func("/backend/bytes/v2-gated", GUINT_TO_POINTER(1), test_bytes_v2);
	g_test_add_data_func("/backend/loss/v1", GUINT_TO_POINTER(ZCL_V1), test_loss);
	g_test_add_data_func("/backend/loss/v2", GUINT_TO_POINTER(ZCL_V2), test_loss);
	g_test_add_func("/backend/pass", test_pass);
	g_test_add_func("/backend/restart", test_restart);
	g_test_add_func("/backend/goes", test_goes);
	g_test_add_func("/backend/hold", test_hold);
	g_test_add_data_func("/backend/pause/plain", GUINT_TO_POINTER(0), test_pause);
	g_test_add_data_func("/backend/pause/gated", GUINT_TO_POINTER(1), test_pause);
	g_test_add_func("/backend/pause/after-hold", test_pause_after_hold);
	g_test_add_func("/backend/pause/stops", test_pause_stops);
	g_test_add_func("/backend/bad-options", test_bad_options);
	return g_test_run();
}
