/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld.h"

#include <glib.h>

#include "tests/scenarios/memworld_impl.h"

static struct zworld_peer *op_add_peer(struct zworld *world, const char *name,
				       const struct zcl_config *config, const char **why)
{
	struct memworld *w = memworld_of(world);
	struct zworld_peer *peer = g_new0(struct zworld_peer, 1);
	enum zcl_err err;

	g_assert(w->npeers < MEMWORLD_MAX_PEERS);
	peer->world = w;
	peer->name = g_strdup(name);
	peer->index = w->npeers;
	peer->nid = config->nid;
	peer->node = zcl_node_new(config, &memworld_callbacks, peer, &err);
	if (peer->node == NULL) {
		*why = zcl_strerror(err);
		g_free(peer->name);
		g_free(peer);
		return NULL;
	}
	w->peers[w->npeers++] = peer;
	return peer;
}

static struct zcl_node *op_node(struct zworld_peer *peer)
{
	return peer->node;
}

static const char *op_peer_name(const struct zworld_peer *peer)
{
	return peer->name;
}

static bool op_set_link(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
			const struct zworld_link *link, const char **why)
{
	struct memworld *w = memworld_of(world);

	if (link->loss > 0 || link->queue > 0) {
		*why = "no packets are lost here";
		return false;
	}
	w->links[a->index][b->index] = w->links[b->index][a->index] = *link;
	return true;
}

static void op_kick(struct zworld *world, struct zworld_peer *peer)
{
	/* memworld_settle() follows every call of the runner. */
	(void)world;
	(void)peer;
}

/* Asked-for ends happen; nothing else does any more. */
static void let_go(struct memworld *w)
{
	for (size_t i = 0; i < w->npeers; i++)
		if (w->peers[i]->node)
			zcl_node_shutdown(w->peers[i]->node, w->now);
	memworld_settle(w);
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		if (end->conn)
			memworld_gone(end);
	}
	memworld_settle(w);
}

static void op_free(struct zworld *world)
{
	struct memworld *w = memworld_of(world);

	w->dying = true;
	let_go(w);
	for (size_t i = 0; i < w->npeers; i++) {
		if (w->peers[i]->node) {
			g_assert(zcl_node_is_idle(w->peers[i]->node));
			zcl_node_free(w->peers[i]->node);
		}
		g_free(w->peers[i]->name);
		g_free(w->peers[i]);
	}
	g_sequence_foreach(w->events, (GFunc)(void (*)(void))memworld_event_free, NULL);
	g_sequence_free(w->events);
	g_queue_clear_full(&w->parked, memworld_event_free);
	g_ptr_array_unref(w->conns);
	g_rand_free(w->chance);
	g_free(w);
}

static const struct zworld_ops ops = {
	.name = "memory",
	.strict_time = true,
	.free = op_free,
	.now = memworld_now,
	.add_peer = op_add_peer,
	.node = op_node,
	.peer_name = op_peer_name,
	.set_link = op_set_link,
	.at = memworld_at,
	.hold = memworld_hold,
	.release = memworld_release,
	.pass = memworld_pass,
	.foreach_held = memworld_foreach_held,
	.rest = memworld_rest,
	.crash = memworld_crash,
	.restart = memworld_restart,
	.reset = memworld_reset,
	.partition = memworld_partition,
	.lose = memworld_lose,
	.kick = op_kick,
	.run = memworld_run,
	.stop = memworld_stop,
};

struct zworld *memworld_new(const struct zworld_options *options, const char **why)
{
	struct memworld *w = g_new0(struct memworld, 1);

	(void)why;
	w->ops = ops;
	w->chance = g_rand_new_with_seed((guint32)options->seed);
	w->base.ops = &w->ops;
	w->events = g_sequence_new(NULL);
	g_queue_init(&w->requests);
	g_queue_init(&w->tales);
	g_queue_init(&w->parked);
	w->conns = g_ptr_array_new_with_free_func(memworld_conn_free);
	for (size_t i = 0; i < MEMWORLD_MAX_PEERS; i++)
		for (size_t j = 0; j < MEMWORLD_MAX_PEERS; j++)
			w->links[i][j].latency = MEMWORLD_DEFAULT_LATENCY;
	return &w->base;
}

struct zworld *memworld_new_loose(const struct zworld_options *options, const char **why)
{
	struct zworld *world = memworld_new(options, why);

	memworld_of(world)->ops.strict_time = false;
	return world;
}
