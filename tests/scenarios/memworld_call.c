/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld_impl.h"

static void connected(struct memworld *w, struct mem_event *event)
{
	if (memworld_is_cut(event->end))
		memworld_park(w, event);
	else if (event->end->conn)
		zcl_conn_connected(event->end->conn, w->now);
}

static void refused(struct memworld *w, struct mem_event *event)
{
	if (memworld_is_cut(event->end))
		memworld_park(w, event);
	else if (event->end->conn)
		zcl_conn_closed(event->end->conn, ZCL_E_REFUSED, w->now);
}

/* How long a call, or the answer to it, takes from one to the other. */
static int64_t call_time(const struct mem_conn *from, const struct mem_conn *to)
{
	return memworld_latency(from, to) + (memworld_loses(from, to) ? ZWORLD_CALL_AGAIN : 0);
}

static void called(struct memworld *w, struct mem_event *event)
{
	struct mem_conn *caller = event->end, *end = caller->other;
	const size_t a = caller->owner->index, b = end->owner->index;

	if (memworld_is_cut(caller)) {
		memworld_park(w, event);
		return;
	}
	if (caller->lost)
		return; /* nobody goes on with it */
	if (end->owner->node)
		end->conn = zcl_node_accepted(end->owner->node, end, w->now);
	if (end->conn == NULL) {
		memworld_schedule(w, w->now + call_time(end, caller), refused, caller);
		return;
	}
	memworld_open_gates(caller, w->holds[a][b], end, w->holds[b][a]);
	memworld_schedule(w, w->now + call_time(end, caller), connected, caller);
}

void memworld_connect(struct memworld *w, struct zworld_peer *peer, struct zcl_conn *conn)
{
	struct mem_conn *end = memworld_conn_new(peer, conn);

	zcl_conn_set_backend(conn, end);
	for (size_t i = 0; i < w->npeers && end->other == NULL; i++)
		if (w->peers[i]->nid == zcl_conn_peer_nid(conn))
			end->other = memworld_conn_new(w->peers[i], NULL);
	if (end->other == NULL) {
		memworld_schedule(w, w->now + MEMWORLD_DEFAULT_LATENCY, refused, end);
		return;
	}
	end->other->other = end;
	end->call = end->other->call = ++w->calls[MIN(peer->index, end->other->owner->index)]
						 [MAX(peer->index, end->other->owner->index)];
	memworld_schedule(w, w->now + call_time(end, end->other), called, end);
}
