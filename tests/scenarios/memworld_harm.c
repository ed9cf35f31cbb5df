/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld_impl.h"

bool memworld_is_cut(const struct mem_conn *end)
{
	return end->other && end->owner->world->cut[end->owner->index][end->other->owner->index];
}

static void forget_parked(struct memworld *w, const struct mem_conn *end)
{
	GList *next;

	for (GList *l = w->parked.head; l; l = next) {
		struct mem_event *event = l->data;

		next = l->next;
		if (event->end != end)
			continue;
		memworld_event_free(event);
		g_queue_delete_link(&w->parked, l);
	}
}

/* What is sent into a partition is sent again when it is over; but a reset is sent once. */
void memworld_park(struct memworld *w, const struct mem_event *event)
{
	struct mem_event *copy;

	if (event->why != ZCL_OK && event->why != ZCL_E_EOF) {
		event->end->other->lost = true;
		forget_parked(w, event->end);
		return;
	}
	copy = g_memdup2(event, sizeof(*event));
	if (copy->bytes)
		g_bytes_ref(copy->bytes);
	g_queue_push_tail(&w->parked, copy);
}

void memworld_partition(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
			bool cut)
{
	struct memworld *w = memworld_of(world);

	w->cut[a->index][b->index] = w->cut[b->index][a->index] = cut;
	for (guint n = cut ? 0 : w->parked.length; n > 0; n--) {
		struct mem_event *event = g_queue_pop_head(&w->parked);

		if (memworld_is_cut(event->end)) {
			g_queue_push_tail(&w->parked, event);
			continue;
		}
		memworld_again(w, event);
	}
}

bool memworld_loses(const struct mem_conn *from, const struct mem_conn *to)
{
	unsigned *left = &from->owner->world->lose[from->owner->index][to->owner->index];

	return *left > 0 && --*left == 0;
}

void memworld_lose(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		   unsigned number)
{
	memworld_of(world)->lose[from->index][to->index] = number;
}

void memworld_crash(struct zworld *world, struct zworld_peer *peer)
{
	struct memworld *w = memworld_of(world);

	memworld_do_requests(w);
	peer->muted = true;
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		end->lost = end->lost || (end->owner == peer && end->conn);
	}
	zcl_node_shutdown(peer->node, w->now);
	memworld_do_requests(w);
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		if (end->owner == peer)
			memworld_gone(end);
	}
	g_assert(zcl_node_is_idle(peer->node));
	zcl_node_free(peer->node);
	peer->node = NULL;
	peer->muted = false;
}

bool memworld_restart(struct zworld *world, struct zworld_peer *peer,
		      const struct zcl_config *config, const char **why)
{
	enum zcl_err err;

	(void)world;
	peer->node = zcl_node_new(config, &memworld_callbacks, peer, &err);
	if (peer->node == NULL)
		*why = zcl_strerror(err);
	return peer->node != NULL;
}

void memworld_reset(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
		    unsigned call)
{
	struct memworld *w = memworld_of(world);

	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);
		const struct zworld_peer *other = end->other ? end->other->owner : NULL;

		if (!(end->owner == a && other == b) && !(end->owner == b && other == a))
			continue;
		if (end->gate == NULL || end->over || end->lost || (call && end->call != call))
			continue;
		end->over = true;
		forget_parked(w, end);
		zgate_reset(end->gate);
	}
}
