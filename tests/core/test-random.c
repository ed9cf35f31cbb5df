/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/digest.h"
#include "tests/core/memnet.h"

/*
 * Random life: PUTs, GETs and pings both ways in any size, connections that are reset or go silent
 * at any moment, pages that the kernel keeps for a while, any chunk. Whatever happens, each
 * submission ends in exactly one final event, an intact PUT arrives intact, and nothing is left.
 */

#define SECOND G_GINT64_CONSTANT(1000000000)
#define BUF    (48 * 1024)
#define NODES  3
#define PORTAL 9

struct life {
	GRand *rand;
	struct memnet *net;
	struct memnode *node[NODES];
	uint8_t *source, *sink[NODES];
	GHashTable *open; /* submissions without a final event: number -> number */
	guint submitted, seen[NODES];
};

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + i / 253);
}

static void attach(struct life *l, int at)
{
	const struct zcl_attach put = {.portal = PORTAL,
				       .ignore_bits = UINT64_MAX,
				       .peer = ZCL_NID_ANY,
				       .options = ZCL_MD_PUT | ZCL_MD_GET | ZCL_MD_REMOTE_OFFSET,
				       .iov = {{l->sink[at], BUF}},
				       .niov = 1};
	uint64_t id;

	g_assert_cmpint(zcl_lnet_attach(l->node[at]->node, &put, &id, 0), ==, ZCL_OK);
}

static struct life life_new(guint32 seed)
{
	static const size_t chunks[] = {7, 100, 4096, 30000, SIZE_MAX};
	struct life l = {.rand = g_rand_new_with_seed(seed),
			 .source = g_malloc(BUF),
			 .open = g_hash_table_new(NULL, NULL)};

	l.net = memnet_new(chunks[g_rand_int_range(l.rand, 0, G_N_ELEMENTS(chunks))]);
	for (size_t i = 0; i < BUF; i++)
		l.source[i] = byte_at(i);
	for (int i = 0; i < NODES; i++) {
		struct zcl_config c = memnet_config((uint8_t)(1 + i), ZCL_V2);

		c.max_version = g_rand_boolean(l.rand) ? ZCL_V1 : ZCL_V2;
		c.refuses = g_rand_boolean(l.rand) ? ZCL_REFUSE_REPLY : ZCL_REFUSE_ABORT;
		c.typed = g_rand_boolean(l.rand);
		c.checksum = g_rand_boolean(l.rand);
		c.zc_requests = g_rand_int_range(l.rand, 0, 4) > 0;
		l.node[i] = memnet_add(l.net, &c);
		l.sink[i] = g_malloc(BUF);
		memcpy(l.sink[i], l.source, BUF);
		attach(&l, i);
	}
	memnet_set_pinning(l.net, g_rand_boolean(l.rand));
	return l;
}

static void submit(struct life *l)
{
	const int from = g_rand_int_range(l->rand, 0, NODES);
	const int to = (from + g_rand_int_range(l->rand, 1, NODES)) % NODES;
	const zcl_nid target = zcl_node_config(l->node[to]->node)->nid;
	const size_t size = (size_t)g_rand_int_range(l->rand, 0, 2) * 16384 +
			    (size_t)g_rand_int_range(l->rand, 0, 2000);
	const uint32_t offset = (uint32_t)g_rand_int_range(l->rand, 0, BUF - (gint)size);
	const struct iovec iov = {l->source + offset, size};
	void *user = GUINT_TO_POINTER(++l->submitted);
	enum zcl_err err;

	if (g_rand_int_range(l->rand, 0, 4) > 0) {
		const struct zcl_put put = {.target = target,
					    .portal = PORTAL,
					    .offset = offset,
					    .iov = &iov,
					    .niov = 1,
					    .want_ack = g_rand_boolean(l->rand),
					    .user = user};

		err = zcl_lnet_put(l->node[from]->node, &put, memnet_now(l->net));
	} else {
		/* Every byte everywhere is the same pattern: a GET writes what stands there. */
		const struct zcl_get get = {.target = target,
					    .portal = PORTAL,
					    .src_offset = offset,
					    .iov = &iov,
					    .niov = 1,
					    .user = user};

		err = zcl_lnet_get(l->node[from]->node, &get, memnet_now(l->net));
	}
	g_assert_cmpint(err, ==, ZCL_OK);
	g_hash_table_add(l->open, user);
}

/* Each submission ends once; the next tick comes in time. */
static void look(struct life *l)
{
	for (int i = 0; i < NODES; i++) {
		const GArray *events = l->node[i]->lnet_events;

		for (; l->seen[i] < events->len; l->seen[i]++) {
			const struct zcl_lnet_event *ev =
				&g_array_index(events, struct zcl_lnet_event, l->seen[i]);

			if (ev->final)
				g_assert_true(g_hash_table_remove(l->open, ev->user));
		}
		/* Early at most: what is due is never missed. */
		g_assert_cmpint(zcl_node_expiry(l->node[i]->node), <=,
				zcl_node_next_deadline(l->node[i]->node));
	}
}

static void step(struct life *l)
{
	switch (g_rand_int_range(l->rand, 0, 40)) {
	case 0:
		memnet_reset_all(l->net);
		break;
	case 1:
		memnet_release(l->net);
		break;
	case 2:
		memnet_freeze_all(l->net);
		memnet_run(l->net, memnet_now(l->net) + 60 * SECOND);
		memnet_thaw_new(l->net);
		break;
	case 3:
		memnet_settle(l->net);
		break;
	case 4:
		memnet_run(l->net, memnet_now(l->net) + SECOND);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		submit(l);
		break;
	default:
		memnet_step(l->net);
		break;
	}
	look(l);
}

static void check_bytes(const struct life *l)
{
	for (int i = 0; i < NODES; i++)
		g_assert_cmpmem(l->sink[i], BUF, l->source, BUF);
	for (size_t i = 0; i < BUF; i++)
		g_assert_cmpuint(l->source[i], ==, byte_at(i));
}

static void live(guint32 seed)
{
	struct life l = life_new(seed);

	for (int i = 0; i < 300; i++)
		step(&l);
	/* Let everything come to its end: answers, retries, timeouts. */
	for (int i = 0; i < 5; i++) {
		memnet_release(l.net);
		memnet_run(l.net, memnet_now(l.net) + 60 * SECOND);
	}
	look(&l);
	g_assert_cmpuint(g_hash_table_size(l.open), ==, 0);
	check_bytes(&l);
	memnet_free(l.net);
	for (int i = 0; i < NODES; i++)
		g_free(l.sink[i]);
	g_free(l.source);
	g_hash_table_unref(l.open);
	g_rand_free(l.rand);
}

static void test_random(void)
{
	for (guint32 seed = 1; seed <= 400; seed++) {
		g_test_message("seed %u", seed);
		live(seed);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/random/life", test_random);
	return g_test_run();
}
