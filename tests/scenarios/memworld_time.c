/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld_impl.h"

static gint compare_events(gconstpointer a, gconstpointer b, gpointer user)
{
	const struct mem_event *x = a, *y = b;

	(void)user;
	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void memworld_event_free(gpointer data)
{
	struct mem_event *event = data;

	if (event->bytes)
		g_bytes_unref(event->bytes);
	g_free(event);
}

struct mem_event *memworld_schedule(struct memworld *w, int64_t when,
				    void (*fn)(struct memworld *, struct mem_event *),
				    struct mem_conn *end)
{
	struct mem_event *event = g_new0(struct mem_event, 1);

	event->when = MAX(when, w->now);
	event->number = ++w->numbers;
	event->fn = fn;
	event->end = end;
	w->flying += end != NULL;
	g_sequence_insert_sorted(w->events, event, compare_events, NULL);
	return event;
}

void memworld_again(struct memworld *w, struct mem_event *event)
{
	event->when = w->now;
	event->number = ++w->numbers;
	w->flying++;
	g_sequence_insert_sorted(w->events, event, compare_events, NULL);
}

int64_t memworld_now(const struct zworld *world)
{
	return memworld_of(world)->now;
}

static void call_back(struct memworld *w, struct mem_event *event)
{
	(void)w;
	event->call(event->data);
}

void memworld_at(struct zworld *world, int64_t when, void (*fn)(void *data), void *data)
{
	struct mem_event *event = memworld_schedule(memworld_of(world), when, call_back, NULL);

	event->call = fn;
	event->data = data;
}

void memworld_rest(struct zworld *world, void (*fn)(void *data), void *data)
{
	struct memworld *w = memworld_of(world);

	g_assert(w->rest == NULL);
	w->rest = fn;
	w->rest_data = data;
}

/* The node whose timer is the first; NULL: none before `before`. */
static struct zworld_peer *first_timer(const struct memworld *w, int64_t before, int64_t *when)
{
	struct zworld_peer *first = NULL;

	for (size_t i = 0; i < w->npeers; i++) {
		const struct zcl_node *node = w->peers[i]->node;
		int64_t expiry = node ? zcl_node_expiry(node) : INT64_MAX;

		if (expiry >= before)
			continue;
		before = expiry;
		*when = MAX(expiry, w->now);
		first = w->peers[i];
	}
	return first;
}

/* Who waits for it hears that all is at rest: before `next` comes, and not at the time of it. */
static bool tell_rest(struct memworld *w, int64_t next)
{
	void (*fn)(void *data) = w->rest;

	if (fn == NULL || w->flying > 0 || next <= w->now)
		return false;
	w->rest = NULL;
	fn(w->rest_data);
	memworld_settle(w);
	return true;
}

static int64_t next_time(const struct memworld *w)
{
	GSequenceIter *begin = g_sequence_get_begin_iter(w->events);
	const struct mem_event *event =
		g_sequence_iter_is_end(begin) ? NULL : g_sequence_get(begin);
	int64_t next = event ? event->when : INT64_MAX;

	first_timer(w, next, &next);
	return next;
}

/* One event or one timer; false when none is left before or at `until`. */
static bool step(struct memworld *w, int64_t until)
{
	GSequenceIter *begin = g_sequence_get_begin_iter(w->events);
	struct mem_event *event = g_sequence_iter_is_end(begin) ? NULL : g_sequence_get(begin);
	int64_t limit = until == INT64_MAX ? until : until + 1;
	struct zworld_peer *peer;
	int64_t when;

	if (tell_rest(w, next_time(w)))
		return true;
	if (event && event->when < limit)
		limit = event->when;
	else
		event = NULL;
	peer = first_timer(w, limit, &when);
	if (peer) {
		w->now = when;
		zcl_node_tick(peer->node, w->now);
	} else if (event) {
		w->now = event->when;
		g_sequence_remove(begin);
		w->flying -= event->end != NULL;
		event->fn(w, event);
		memworld_event_free(event);
	} else {
		return false;
	}
	memworld_settle(w);
	return true;
}

bool memworld_run(struct zworld *world, int64_t until)
{
	struct memworld *w = memworld_of(world);

	w->stopped = false;
	memworld_settle(w);
	while (!w->stopped)
		if (!step(w, until)) {
			w->now = MAX(w->now, until);
			return false;
		}
	return true;
}

void memworld_stop(struct zworld *world)
{
	memworld_of(world)->stopped = true;
}
