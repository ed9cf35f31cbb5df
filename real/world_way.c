/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/world_impl.h"

/* Whom a relay is for: who opens its connections, and who is called. */
struct relay_user {
	struct zworld_peer *from, *to;
};

/* The core opens a connection right after it says so; the relay sees them in this order. */
void zreal_world_note_call(struct zworld_peer *from, struct zworld_peer *to)
{
	struct zworld_peer *first = from->index < to->index ? from : to;
	struct zworld_peer *second = first == from ? to : from;
	const unsigned number = ++first->way[second->index].calls;

	if (to->life)
		g_queue_push_tail(&from->way[to->index].called, GUINT_TO_POINTER(number));
}

static unsigned on_called(void *user)
{
	const struct relay_user *pair = user;

	return GPOINTER_TO_UINT(g_queue_pop_head(&pair->from->way[pair->to->index].called));
}

static void on_held(void *user, bool forward, enum zworld_unit unit)
{
	const struct relay_user *pair = user;

	zreal_world_on_held(forward ? pair->from : pair->to, forward ? pair->to : pair->from, unit);
}

/* Whoever calls a NID reaches the first that has it, as one host has an address on a network. */
static void show_way(struct zworld_peer *from, const struct zworld_peer *to,
		     const struct sockaddr_in *at)
{
	if (zreal_world_peer_of(to->world, to->nid) == to)
		zreal_node_set_peer(from->life->node, to->nid, at);
}

static bool add_way(struct zworld_peer *from, struct zworld_peer *to, struct zworld_link *link)
{
	struct real_world *world = from->world;
	struct relay_user *pair = g_new(struct relay_user, 1);
	const struct zrelay_options options = {
		.listen_at = to->address,
		.from = from->address,
		.to = zreal_node_address(to->life->node),
		.clock = &world->clock,
		.link = link,
		.chance = world->chance,
		.pcap = {from->pcap, to->pcap},
		.shown_as = {zcl_nid_addr(from->nid), zcl_nid_addr(to->nid)},
		.held = on_held,
		.called = on_called,
		.lose = {&from->way[to->index].lose, &to->way[from->index].lose},
		.user = pair,
	};
	struct sockaddr_in at;

	if (world->plain) {
		show_way(from, to, &options.to);
		g_free(pair);
		return true;
	}
	*pair = (struct relay_user){from, to};
	g_ptr_array_add(world->relay_users, pair);
	from->way[to->index].relay = zrelay_new(world->loop, &options);
	if (!from->way[to->index].relay)
		return false;
	at = zrelay_address(from->way[to->index].relay);
	show_way(from, to, &at);
	return true;
}

static struct zworld_link **link_of(struct real_world *world, guint a, guint b)
{
	return (struct zworld_link **)&world->links
		->pdata[MAX(a, b) * ZREAL_WORLD_MAX_PEERS + MIN(a, b)];
}

bool zreal_world_add_ways(struct zworld_peer *peer)
{
	struct real_world *world = peer->world;

	g_ptr_array_set_size(world->links, (gint)((peer->index + 1) * ZREAL_WORLD_MAX_PEERS));
	for (guint i = 0; i < peer->index; i++) {
		struct zworld_peer *other = world->peers->pdata[i];
		struct zworld_link *link = g_new0(struct zworld_link, 1);

		*link_of(world, i, peer->index) = link;
		if (!add_way(peer, other, link) || !add_way(other, peer, link))
			return false;
	}
	return true;
}

bool zreal_world_set_link(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
			  const struct zworld_link *link, const char **why)
{
	if (a == b) {
		*why = "a link joins two different peers";
		return false;
	}
	if (link->loss > 0 || link->queue > 0) {
		*why = "losing packets needs the simulation";
		return false;
	}
	**link_of(zreal_world_of(base), a->index, b->index) = *link;
	return true;
}

/* ---- holds, and one by one --------------------------------------------------------- */

static void set_held(struct zworld_peer *from, struct zworld_peer *to, unsigned units)
{
	g_assert(from != to);
	from->way[to->index].held = units;
	zrelay_set_held(from->way[to->index].relay, true, units);
	zrelay_set_held(to->way[from->index].relay, false, units);
}

void zreal_world_hold(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned units)
{
	(void)base;
	set_held(from, to, from->way[to->index].held | units);
}

void zreal_world_release(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
			 unsigned units)
{
	(void)base;
	set_held(from, to, from->way[to->index].held & ~units);
}

bool zreal_world_pass(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		      enum zworld_unit unit, unsigned call)
{
	struct zrelay *there = from->way[to->index].relay, *back = to->way[from->index].relay;
	const unsigned x = zrelay_can_pass(there, true, unit, call);
	const unsigned y = zrelay_can_pass(back, false, unit, call);

	(void)base;
	if (x && (!y || x < y))
		zrelay_pass(there, true, unit, x);
	else if (y)
		zrelay_pass(back, false, unit, y);
	return x || y;
}

struct looking {
	void (*fn)(void *user, const struct zworld_held *held);
	void *user;
	struct zworld_peer *from, *to;
};

static void found_held(void *user, bool forward, unsigned call, enum zworld_unit unit)
{
	const struct looking *looking = user;
	const struct zworld_held held = {.from = forward ? looking->from : looking->to,
					 .to = forward ? looking->to : looking->from,
					 .call = call,
					 .unit = unit};

	looking->fn(looking->user, &held);
}

void zreal_world_foreach_held(const struct zworld *base,
			      void (*fn)(void *user, const struct zworld_held *held), void *user)
{
	const struct real_world *world = (const struct real_world *)base;
	struct looking looking = {.fn = fn, .user = user};

	for (guint i = 0; i < world->peers->len; i++) {
		looking.from = world->peers->pdata[i];
		for (guint k = 0; k < world->peers->len; k++) {
			looking.to = world->peers->pdata[k];
			if (k != i)
				zrelay_foreach_held(looking.from->way[k].relay, found_held,
						    &looking);
		}
	}
}

bool zreal_world_ways_are_at_rest(const struct real_world *world)
{
	for (guint i = 0; i < world->peers->len; i++) {
		const struct zworld_peer *peer = world->peers->pdata[i];

		for (guint k = 0; k < world->peers->len; k++)
			if (peer->way[k].relay && !zrelay_is_at_rest(peer->way[k].relay))
				return false;
	}
	return true;
}

/* ---- crash, reset, partition, loss -------------------------------------------------- */

void zreal_world_ways_vanish(struct zworld_peer *peer)
{
	for (guint i = 0; i < peer->world->peers->len; i++) {
		struct zworld_peer *other = peer->world->peers->pdata[i];

		if (other == peer)
			continue;
		zrelay_set_called(other->way[peer->index].relay, NULL);
		zrelay_vanish(other->way[peer->index].relay, false);
		zrelay_vanish(peer->way[i].relay, true);
	}
}

bool zreal_world_ways_return(struct zworld_peer *peer)
{
	const struct sockaddr_in at = zreal_node_address(peer->life->node);

	for (guint i = 0; i < peer->world->peers->len; i++) {
		struct zworld_peer *other = peer->world->peers->pdata[i];
		struct sockaddr_in way;

		if (other == peer)
			continue;
		if (!zrelay_set_called(other->way[peer->index].relay, &at))
			return false;
		way = zrelay_address(peer->way[i].relay);
		show_way(peer, other, &way);
	}
	return true;
}

void zreal_world_reset(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
		       unsigned call)
{
	(void)base;
	zrelay_reset(a->way[b->index].relay, call);
	zrelay_reset(b->way[a->index].relay, call);
}

void zreal_world_partition(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
			   bool cut)
{
	(void)base;
	zrelay_set_cut(a->way[b->index].relay, cut);
	zrelay_set_cut(b->way[a->index].relay, cut);
}

void zreal_world_lose(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned number)
{
	(void)base;
	from->way[to->index].lose = number;
}

void zreal_world_free_ways(struct zworld_peer *peer)
{
	for (guint i = 0; i < peer->world->peers->len; i++) {
		if (peer->way[i].relay)
			zrelay_free(peer->way[i].relay);
		g_queue_clear(&peer->way[i].called);
	}
}
