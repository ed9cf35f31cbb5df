/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld_impl.h"

/* ---- one end of a stream ---- */

static void give_end(struct mem_conn *end, enum zcl_err why)
{
	if (end->conn == NULL)
		return;
	if (zcl_conn_rx_paused(end->conn))
		end->inbox_end = why;
	else
		zcl_conn_closed(end->conn, why, end->owner->world->now);
}

static void gate_forward(void *user, const uint8_t *data, size_t len)
{
	struct mem_conn *end = user;

	if (end->conn == NULL)
		return;
	if (zcl_conn_rx_paused(end->conn))
		g_byte_array_append(end->inbox, data, (guint)len);
	else
		zcl_conn_rx_push(end->conn, data, len, end->owner->world->now);
}

static void gate_end(void *user, enum zcl_err why)
{
	give_end(user, why);
}

static void gate_held(void *user, enum zworld_unit unit)
{
	const struct mem_conn *end = user;

	memworld_note_held(end->other->owner, end->owner, unit);
}

static const struct zgate_callbacks gate_callbacks = {gate_forward, gate_end, gate_held};

void memworld_open_gates(struct mem_conn *caller, unsigned held, struct mem_conn *end,
			 unsigned held_back)
{
	end->gate = zgate_new(true, held, &gate_callbacks, end);
	caller->gate = zgate_new(false, held_back, &gate_callbacks, caller);
}

struct mem_conn *memworld_conn_new(struct zworld_peer *owner, struct zcl_conn *conn)
{
	struct mem_conn *end = g_new0(struct mem_conn, 1);

	end->owner = owner;
	end->conn = conn;
	end->inbox = g_byte_array_new();
	g_ptr_array_add(owner->world->conns, end);
	return end;
}

void memworld_conn_free(gpointer data)
{
	struct mem_conn *end = data;

	g_byte_array_unref(end->inbox);
	zgate_free(end->gate);
	g_free(end);
}

int64_t memworld_latency(const struct mem_conn *a, const struct mem_conn *b)
{
	return a->owner->world->links[a->owner->index][b->owner->index].latency;
}

/* ---- bytes and ends on their way ---- */

static void arrive(struct memworld *w, struct mem_event *event)
{
	struct mem_conn *end = event->end;

	if (memworld_is_cut(end)) {
		memworld_park(w, event);
	} else if (end->over) {
		return;
	} else if (end->lost) {
		if (event->bytes)
			memworld_schedule(w, w->now + memworld_latency(end, end->other), arrive,
					  end->other)
				->why = ZCL_E_RESET;
	} else if (event->bytes)
		zgate_push(event->end->gate, g_bytes_get_data(event->bytes, NULL),
			   g_bytes_get_size(event->bytes));
	else
		zgate_end(event->end->gate, event->why);
}

/* What is sent from this end when its last byte is on the wire arrives then. */
static int64_t arrival(struct memworld *w, struct mem_conn *end)
{
	const struct zworld_link *link = &w->links[end->owner->index][end->other->owner->index];
	int64_t when = end->clear_at + link->latency;

	if (link->jitter > 0)
		when += (int64_t)g_rand_double_range(w->chance, 0, (double)link->jitter);
	end->there_at = MAX(end->there_at, when);
	return end->there_at;
}

static void send_bytes(struct memworld *w, struct mem_conn *end, GBytes *bytes)
{
	const struct zworld_link *link = &w->links[end->owner->index][end->other->owner->index];
	double bits = 8.0 * (double)g_bytes_get_size(bytes);

	end->clear_at = MAX(end->clear_at, w->now);
	if (memworld_loses(end, end->other))
		end->clear_at += ZWORLD_SEND_AGAIN;
	if (link->bandwidth)
		end->clear_at += (int64_t)(bits * 1e9 / (double)link->bandwidth);
	memworld_schedule(w, arrival(w, end), arrive, end->other)->bytes = bytes;
}

void memworld_send_end(struct memworld *w, struct mem_conn *end, enum zcl_err why)
{
	end->clear_at = MAX(end->clear_at, w->now);
	if (end->other == NULL || end->lost || end->over)
		return;
	if (memworld_loses(end, end->other)) {
		/* A reset is sent once, and by one who is not there any more. */
		end->lost = why != ZCL_E_EOF;
		end->clear_at += ZWORLD_SEND_AGAIN;
	}
	if (!end->lost)
		memworld_schedule(w, arrival(w, end), arrive, end->other)->why = why;
}

void memworld_transmit(struct memworld *w, struct mem_conn *end)
{
	struct zcl_tx_batch batch;

	while (end->conn && zcl_conn_tx_batch(end->conn, &batch)) {
		GByteArray *bytes = g_byte_array_new();

		for (size_t i = 0; i < batch.niov; i++)
			g_byte_array_append(bytes, batch.iov[i].iov_base,
					    (guint)batch.iov[i].iov_len);
		zcl_conn_tx_advance(end->conn, batch.nob, false, w->now);
		send_bytes(w, end, g_byte_array_free_to_bytes(bytes));
	}
}

void memworld_read_again(struct memworld *w, struct mem_conn *end)
{
	GByteArray *inbox = end->inbox;

	if (end->conn == NULL)
		return;
	end->inbox = g_byte_array_new();
	gate_forward(end, inbox->data, inbox->len);
	g_byte_array_unref(inbox);
	if (end->inbox_end != ZCL_OK && end->conn && !zcl_conn_rx_paused(end->conn))
		zcl_conn_closed(end->conn, end->inbox_end, w->now);
}

void memworld_gone(struct mem_conn *end)
{
	struct zcl_conn *conn = end->conn;

	end->conn = NULL;
	if (conn)
		zcl_conn_gone(conn, end->owner->world->now);
}
