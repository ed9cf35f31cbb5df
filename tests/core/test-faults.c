/* SPDX-License-Identifier: MIT */
#include "core/fault.h"
#include "tests/core/memnet.h"

/*
 * A core broken on purpose (core/fault.h) is noticed by what the other tests look at. Without a
 * fault each check holds; with its fault it does not.
 */

#define SECOND G_GINT64_CONSTANT(1000000000)
#define BULK   (64 * 1024)

static uint8_t out[BULK], in[BULK];

struct rig {
	struct memnet *net;
	struct memnode *a, *b; /* b has the higher NID */
};

static struct rig rig_new(uint32_t faults, uint32_t va, size_t chunk)
{
	struct zcl_config ca = memnet_config(1, va), cb = memnet_config(9, ZCL_V2);
	const struct zcl_attach sink = {.portal = 1,
					.ignore_bits = UINT64_MAX,
					.peer = ZCL_NID_ANY,
					.options = ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET,
					.iov = {{in, BULK}},
					.niov = 1};
	struct rig r = {.net = memnet_new(chunk)};
	uint64_t id;

	ca.faults = cb.faults = faults;
	r.a = memnet_add(r.net, &ca);
	r.b = memnet_add(r.net, &cb);
	zcl_lnet_attach(r.b->node, &sink, &id, 0);
	return r;
}

static void put_bulk(struct rig *r, bool ack)
{
	const struct iovec iov = {out, BULK};
	const struct zcl_put p = {
		.target = memnet_nid(9), .portal = 1, .iov = &iov, .niov = 1, .want_ack = ack};

	g_assert_cmpint(zcl_lnet_put(r->a->node, &p, memnet_now(r->net)), ==, ZCL_OK);
}

/* Of two calls that cross, the higher NID's stands. */
static bool higher_wins(uint32_t faults, uint32_t va)
{
	struct rig r = rig_new(faults, va, SIZE_MAX);
	bool right;

	memnet_hold_connects(r.net, true);
	zcl_node_connect(r.a->node, memnet_nid(9), 0);
	zcl_node_connect(r.b->node, memnet_nid(1), 0);
	memnet_hold_connects(r.net, false);
	memnet_run(r.net, 30 * SECOND);
	right = memnode_conns(r.a) == 1 && memnode_conns(r.b) == 1 && memnode_conn(r.b).active;
	memnet_free(r.net);
	return right;
}

static bool race_is_won(uint32_t faults)
{
	return higher_wins(faults, ZCL_V2);
}

static bool fallback_happens(uint32_t faults)
{
	return higher_wins(faults, ZCL_V1);
}

/* While it falls back, the higher NID refuses the lower one for the race. */
static bool mark_is_held(uint32_t faults)
{
	struct rig r = rig_new(faults, ZCL_V1, SIZE_MAX);
	bool right;

	zcl_node_connect(r.b->node, memnet_nid(1), 0);
	/* Until b has been refused, and no further. */
	while (memnode_count(r.b, ZCL_EV_FALLBACK) == 0)
		g_assert_true(memnet_step(r.net));
	zcl_node_connect(r.a->node, memnet_nid(9), 0);
	memnet_run(r.net, 30 * SECOND);
	right = memnode_conns(r.b) == 1 && memnode_conn(r.b).active;
	memnet_free(r.net);
	return right;
}

/* The buffer is its owner's when the peer has all of it, not before. */
static bool release_waits(uint32_t faults)
{
	struct rig r = rig_new(faults, ZCL_V2, 1000);
	bool right = true;

	memnet_set_cut(r.net, 500); /* from there on the receiver lags behind the sender */
	put_bulk(&r, false);
	while (memnet_step(r.net)) {
		if (memnode_count(r.a, ZCL_EV_RELEASED) > memnode_count(r.b, ZCL_EV_DELIVERED))
			right = false;
	}
	memnet_free(r.net);
	return right;
}

static bool ack_follows_payload(uint32_t faults)
{
	struct rig r = rig_new(faults, ZCL_V2, 1000);
	bool right = true;

	put_bulk(&r, false);
	while (memnet_step(r.net)) {
		if (memnode_count(r.b, ZCL_EV_NOOP_QUEUED) >
		    memnode_count(r.b, ZCL_EV_MSG_RECEIVED))
			right = false;
	}
	memnet_free(r.net);
	return right;
}

static bool acks_arrive(uint32_t faults)
{
	struct rig r = rig_new(faults, ZCL_V2, SIZE_MAX);
	bool right;

	put_bulk(&r, true);
	memnet_settle(r.net);
	right = zcl_node_stats(r.a->node)->acks_received == 1;
	memnet_free(r.net);
	return right;
}

static const struct {
	const char *name;
	uint32_t fault;
	bool (*holds)(uint32_t faults);
} checks[] = {
	{"nid-order", ZCL_FAULT_NID_ORDER, race_is_won},
	{"no-fallback", ZCL_FAULT_NO_FALLBACK, fallback_happens},
	{"clear-mark", ZCL_FAULT_CLEAR_MARK, mark_is_held},
	{"release-on-send", ZCL_FAULT_RELEASE_ON_SEND, release_waits},
	{"early-ack", ZCL_FAULT_EARLY_ACK, ack_follows_payload},
	{"lose-carrier", ZCL_FAULT_LOSE_CARRIER, acks_arrive},
};

static void test_fault(gconstpointer data)
{
	const guint i = GPOINTER_TO_UINT(data);

	g_assert_true(checks[i].holds(0));
	g_assert_false(checks[i].holds(checks[i].fault));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(checks); i++) {
		char *path = g_strdup_printf("/faults/%s", checks[i].name);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_fault);
		g_free(path);
	}
	return g_test_run();
}
