/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld_impl.h"

static void set_holds(struct memworld *w, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned units)
{
	w->holds[from->index][to->index] = units;
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		if (end->gate && end->owner == to && end->other->owner == from)
			zgate_set_held(end->gate, units);
	}
}

void memworld_hold(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		   unsigned units)
{
	struct memworld *w = memworld_of(world);

	set_holds(w, from, to, w->holds[from->index][to->index] | units);
}

void memworld_release(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned units)
{
	struct memworld *w = memworld_of(world);

	set_holds(w, from, to, w->holds[from->index][to->index] & ~units);
}

bool memworld_pass(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		   enum zworld_unit unit, unsigned call)
{
	struct memworld *w = memworld_of(world);

	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		if (end->conn && end->gate && end->owner == to && end->other->owner == from &&
		    (call == 0 || end->call == call) && zgate_pass(end->gate, unit))
			return true;
	}
	return false;
}

void memworld_foreach_held(const struct zworld *world,
			   void (*fn)(void *user, const struct zworld_held *held), void *user)
{
	const struct memworld *w = memworld_of(world);

	for (guint i = 0; i < w->conns->len; i++) {
		const struct mem_conn *end = g_ptr_array_index(w->conns, i);
		const unsigned unit = end->conn && end->gate ? zgate_waiting(end->gate) : 0;
		const struct zworld_held held = {.from = unit ? end->other->owner : NULL,
						 .to = end->owner,
						 .call = end->call,
						 .unit = (enum zworld_unit)unit};

		if (unit)
			fn(user, &held);
	}
}
