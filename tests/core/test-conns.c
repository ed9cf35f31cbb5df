/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/core/memnet.h"

/* How many connections of a type two nodes have, when they do not want equally many. */

#define SECOND G_GINT64_CONSTANT(1000000000)

struct pair {
	struct memnet *net;
	struct memnode *a, *b;
};

static struct pair pair_new(uint32_t conns_a, uint32_t conns_b)
{
	struct zcl_config ca = memnet_config(1, ZCL_V2), cb = memnet_config(9, ZCL_V2);
	struct pair p = {.net = memnet_new(SIZE_MAX)};

	ca.typed = cb.typed = true;
	ca.conns_per_peer = conns_a;
	cb.conns_per_peer = conns_b;
	p.a = memnet_add(p.net, &ca);
	p.b = memnet_add(p.net, &cb);
	return p;
}

static void call(struct pair *p, struct memnode *from, struct memnode *to)
{
	g_assert_cmpint(
		zcl_node_connect(from->node, zcl_node_config(to->node)->nid, memnet_now(p->net)),
		==, ZCL_OK);
}

struct count {
	int32_t ctype;
	guint n;
};

static void count_conn(void *user, const struct zcl_conn_info *info)
{
	struct count *count = user;

	count->n += info->up && info->ctype == count->ctype;
}

static void assert_types(const struct memnode *node, guint bulk_in, guint bulk_out)
{
	struct count control = {ZCL_CONN_CONTROL, 0}, in = {ZCL_CONN_BULK_IN, 0},
		     out = {ZCL_CONN_BULK_OUT, 0};

	zcl_node_foreach_conn(node->node, count_conn, &control);
	zcl_node_foreach_conn(node->node, count_conn, &in);
	zcl_node_foreach_conn(node->node, count_conn, &out);
	g_assert_cmpuint(control.n, ==, 1);
	g_assert_cmpuint(in.n, ==, bulk_in);
	g_assert_cmpuint(out.n, ==, bulk_out);
}

/* As many as both want; whoever calls. */
static void test_equal(void)
{
	for (uint32_t conns = 1; conns <= 4; conns++) {
		struct pair p = pair_new(conns, conns);

		call(&p, p.a, p.b);
		memnet_run(p.net, 60 * SECOND);
		assert_types(p.a, conns, conns);
		assert_types(p.b, conns, conns);
		g_assert_cmpuint(memnode_count(p.b, ZCL_EV_REFUSE), ==, 0);
		g_assert_cmpuint(memnode_count(p.a, ZCL_EV_CONNECT), ==, 1 + 2 * conns);
		memnet_free(p.net);
	}
}

/* One of each type comes before a second of any. */
static void test_order(void)
{
	static const int32_t order[] = {ZCL_CONN_CONTROL, ZCL_CONN_BULK_IN, ZCL_CONN_BULK_OUT,
					ZCL_CONN_BULK_IN, ZCL_CONN_BULK_OUT};
	struct pair p = pair_new(2, 2);
	guint at = 0;

	call(&p, p.a, p.b);
	memnet_run(p.net, SECOND);
	for (guint i = 0; i < p.a->events->len; i++) {
		const struct zcl_event *event = &g_array_index(p.a->events, struct zcl_event, i);

		if (event->kind != ZCL_EV_CONNECT)
			continue;
		g_assert_cmpuint(at, <, G_N_ELEMENTS(order));
		g_assert_cmpint(event->ctype, ==, order[at++]);
	}
	g_assert_cmpuint(at, ==, G_N_ELEMENTS(order));
	memnet_free(p.net);
}

/* The caller wants more than the called accepts: it asks four times, and then never again. */
static void test_mismatch(void)
{
	struct pair p = pair_new(3, 1);
	guint calls, bytes;

	call(&p, p.a, p.b);
	memnet_run(p.net, 600 * SECOND);
	assert_types(p.a, 1, 1);
	assert_types(p.b, 1, 1);
	calls = memnode_count(p.a, ZCL_EV_CONNECT);
	g_assert_cmpuint(calls, ==, 3 + 4);
	g_assert_cmpuint(memnode_count(p.b, ZCL_EV_REFUSE), ==, 4);
	g_assert_cmpint(memnode_event(p.b, ZCL_EV_REFUSE)->reason, ==, ZCL_REASON_DUPLICATE);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_GIVE_UP), ==, 1);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_ATTEMPT_FAILED), ==, 0);
	/* Neither a message nor another wish brings it back. */
	bytes = (guint)memnet_bytes(p.net);
	call(&p, p.a, p.b);
	g_assert_cmpint(zcl_lnet_ping(p.a->node, memnet_nid(9), NULL, memnet_now(p.net)), ==,
			ZCL_OK);
	memnet_run(p.net, memnet_now(p.net) + 600 * SECOND);
	g_assert_cmpuint((guint)memnet_bytes(p.net), >, bytes);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_CONNECT), ==, calls);
	memnet_free(p.net);
}

/* Another life of the set, another try. */
static void test_mismatch_forgotten(void)
{
	struct pair p = pair_new(2, 1);

	call(&p, p.a, p.b);
	memnet_run(p.net, 60 * SECOND);
	g_assert_cmpuint(memnode_count(p.b, ZCL_EV_REFUSE), ==, 4);
	memnet_reset_all(p.net);
	memnet_run(p.net, memnet_now(p.net) + SECOND);
	call(&p, p.a, p.b);
	memnet_run(p.net, memnet_now(p.net) + 600 * SECOND);
	assert_types(p.a, 1, 1);
	g_assert_cmpuint(memnode_count(p.b, ZCL_EV_REFUSE), ==, 8);
	memnet_free(p.net);
}

/* The called wants more: when it calls in its turn, it gets no more than the other accepts. */
static void test_called_wants_more(void)
{
	struct pair p = pair_new(1, 3);

	call(&p, p.a, p.b);
	memnet_run(p.net, 60 * SECOND);
	assert_types(p.b, 1, 1);
	call(&p, p.b, p.a);
	memnet_run(p.net, memnet_now(p.net) + 600 * SECOND);
	assert_types(p.a, 1, 1);
	g_assert_cmpuint(memnode_count(p.a, ZCL_EV_REFUSE), ==, 4);
	memnet_free(p.net);
}

/* Both at once, with any two numbers: the smaller one counts, and it ends. */
static void test_race(void)
{
	for (uint32_t conns_a = 1; conns_a <= 3; conns_a++) {
		for (uint32_t conns_b = 1; conns_b <= 3; conns_b++) {
			struct pair p = pair_new(conns_a, conns_b);
			guint calls;

			memnet_hold_connects(p.net, true);
			call(&p, p.a, p.b);
			call(&p, p.b, p.a);
			memnet_hold_connects(p.net, false);
			memnet_run(p.net, 120 * SECOND);
			assert_types(p.a, MIN(conns_a, conns_b), MIN(conns_a, conns_b));
			assert_types(p.b, MIN(conns_a, conns_b), MIN(conns_a, conns_b));
			calls = memnode_count(p.a, ZCL_EV_CONNECT) +
				memnode_count(p.b, ZCL_EV_CONNECT);
			memnet_run(p.net, 3600 * SECOND);
			g_assert_cmpuint(memnode_count(p.a, ZCL_EV_CONNECT) +
						 memnode_count(p.b, ZCL_EV_CONNECT),
					 ==, calls);
			memnet_free(p.net);
		}
	}
}

/* What may change while a node runs does, and what may not is left alone. */
static void test_tune(void)
{
	struct pair p = pair_new(1, 2);
	struct zcl_config config = *zcl_node_config(p.a->node);

	config.conns_per_peer = 2;
	config.nid = memnet_nid(77);
	config.max_version = ZCL_V1;
	g_assert_cmpint(zcl_node_tune(p.a->node, &config), ==, ZCL_OK);
	g_assert_cmpuint(zcl_node_config(p.a->node)->nid, ==, memnet_nid(1));
	g_assert_cmpuint(zcl_node_config(p.a->node)->max_version, ==, ZCL_V2);
	config.conns_per_peer = 0;
	g_assert_cmpint(zcl_node_tune(p.a->node, &config), ==, ZCL_E_INVALID);
	config.conns_per_peer = ZCL_MAX_BULK + 1;
	g_assert_cmpint(zcl_node_tune(p.a->node, &config), ==, ZCL_E_INVALID);
	call(&p, p.a, p.b);
	memnet_run(p.net, SECOND);
	assert_types(p.a, 2, 2);
	memnet_free(p.net);
}

/* Which connection carries a PUT of so many bytes, by the receiver's view of its type. */
static int32_t carried_by(uint32_t version, size_t length)
{
	static uint8_t payload[2000];
	const struct iovec iov = {payload, length};
	struct zcl_config ca = memnet_config(1, version), cb = memnet_config(9, version);
	struct pair p = {.net = memnet_new(SIZE_MAX)};
	struct zcl_put put = {.iov = &iov, .niov = 1};
	int32_t ctype;

	ca.typed = cb.typed = true;
	p.a = memnet_add(p.net, &ca);
	p.b = memnet_add(p.net, &cb);
	call(&p, p.a, p.b);
	memnet_run(p.net, SECOND);
	assert_types(p.a, 1, 1);
	put.target = memnet_nid(9);
	g_assert_cmpint(zcl_lnet_put(p.a->node, &put, memnet_now(p.net)), ==, ZCL_OK);
	memnet_settle(p.net);
	g_assert_cmpuint(memnode_count(p.b, ZCL_EV_MSG_RECEIVED), ==, 1);
	ctype = memnode_event(p.b, ZCL_EV_MSG_RECEIVED)->ctype;
	memnet_free(p.net);
	return ctype;
}

/* Bulk is what has min_bulk bytes (1024) with its headers: 96 bytes of V2, 72 of V1. */
static void test_bulk_begins(void)
{
	g_assert_cmpint(carried_by(ZCL_V2, 1), ==, ZCL_CONN_CONTROL);
	g_assert_cmpint(carried_by(ZCL_V2, 927), ==, ZCL_CONN_CONTROL);
	g_assert_cmpint(carried_by(ZCL_V2, 928), ==, ZCL_CONN_BULK_IN);
	g_assert_cmpint(carried_by(ZCL_V1, 951), ==, ZCL_CONN_CONTROL);
	g_assert_cmpint(carried_by(ZCL_V1, 952), ==, ZCL_CONN_BULK_IN);
}

struct queues {
	size_t queued[2], n; /* of the BULK_OUT connections */
};

static void note_queue(void *user, const struct zcl_conn_info *info)
{
	struct queues *queues = user;

	if (!info->up || info->ctype != ZCL_CONN_BULK_OUT)
		return;
	g_assert_cmpuint(queues->n, <, G_N_ELEMENTS(queues->queued));
	queues->queued[queues->n++] = info->queued;
}

static void put(struct pair *p, size_t length, size_t first, size_t second)
{
	static uint8_t payload[20000];
	const struct iovec iov = {payload, length};
	const struct zcl_put put = {.target = memnet_nid(9), .iov = &iov, .niov = 1};
	struct queues queues = {0};

	g_assert_cmpint(zcl_lnet_put(p->a->node, &put, memnet_now(p->net)), ==, ZCL_OK);
	zcl_node_foreach_conn(p->a->node, note_queue, &queues);
	g_assert_cmpuint(queues.n, ==, 2);
	g_assert_cmpuint(queues.queued[0], ==, first);
	g_assert_cmpuint(queues.queued[1], ==, second);
}

/* Of connections that suit a message equally, the one with the fewest queued bytes has it. */
static void test_fewest_bytes(void)
{
	struct pair p = pair_new(2, 2);

	call(&p, p.a, p.b);
	memnet_run(p.net, SECOND);
	assert_types(p.a, 2, 2);
	put(&p, 20000, 1, 0);
	put(&p, 5000, 1, 1);
	put(&p, 5000, 1, 2); /* more messages there, but fewer bytes */
	put(&p, 12000, 1, 3);
	put(&p, 1000, 2, 3);
	memnet_free(p.net);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conns/equal", test_equal);
	g_test_add_func("/conns/order", test_order);
	g_test_add_func("/conns/mismatch", test_mismatch);
	g_test_add_func("/conns/mismatch-forgotten", test_mismatch_forgotten);
	g_test_add_func("/conns/called-wants-more", test_called_wants_more);
	g_test_add_func("/conns/race", test_race);
	g_test_add_func("/conns/tune", test_tune);
	g_test_add_func("/conns/bulk-begins", test_bulk_begins);
	g_test_add_func("/conns/fewest-bytes", test_fewest_bytes);
	return g_test_run();
}
