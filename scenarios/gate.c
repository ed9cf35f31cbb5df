/* SPDX-License-Identifier: MIT */
#include "scenarios/gate.h"

#include <glib.h>

#include "core/rx.h"

/* A unit that waits: its bytes end at this place of the stream. */
struct waiting {
	unsigned unit; /* 0: bytes that did not decode, never held */
	uint64_t end;
	enum zcl_err why; /* ZWORLD_END */
};

struct zgate {
	struct zgate_callbacks callbacks;
	void *user;
	unsigned held;
	struct zcl_rx rx;
	bool raw;	   /* did not decode: all that comes passes */
	GByteArray *bytes; /* that have not passed */
	uint64_t passed;   /* place in the stream of the first of them */
	uint64_t decoded;  /* place up to which rx has read */
	GArray *queue;	   /* of struct waiting */
	bool told;	   /* the first of them was reported as held */
	bool over;	   /* reset in between: nothing more comes in */
};

struct zgate *zgate_new(bool from_active, unsigned held, const struct zgate_callbacks *callbacks,
			void *user)
{
	struct zgate *gate = g_new0(struct zgate, 1);

	gate->callbacks = *callbacks;
	gate->user = user;
	gate->held = held;
	gate->bytes = g_byte_array_new();
	gate->queue = g_array_new(FALSE, TRUE, sizeof(struct waiting));
	zcl_rx_init(&gate->rx, from_active, ZCL_V3);
	return gate;
}

void zgate_free(struct zgate *gate)
{
	if (gate == NULL)
		return;
	g_byte_array_unref(gate->bytes);
	g_array_unref(gate->queue);
	g_free(gate);
}

static uint64_t stream_end(const struct zgate *gate)
{
	return gate->passed + gate->bytes->len;
}

static void enqueue(struct zgate *gate, unsigned unit, uint64_t end, enum zcl_err why)
{
	struct waiting waiting = {unit, end, why};

	g_array_append_val(gate->queue, waiting);
}

/* All that has come in and belongs to no unit passes as it is. */
static void enqueue_rest(struct zgate *gate)
{
	uint64_t end = stream_end(gate);
	uint64_t last = gate->passed;

	if (gate->queue->len)
		last = g_array_index(gate->queue, struct waiting, gate->queue->len - 1).end;
	if (last < end)
		enqueue(gate, 0, end, ZCL_OK);
}

static unsigned unit_of(const struct zcl_rx_item *item)
{
	switch (item->kind) {
	case ZCL_ITEM_ACCEPT:
		return ZWORLD_ACCEPT;
	case ZCL_ITEM_HELLO:
		return item->hello.kshm_ctype == ZCL_CONN_NONE ? ZWORLD_REFUSAL : ZWORLD_HELLO;
	case ZCL_ITEM_NOOP:
		return ZWORLD_NOOP;
	case ZCL_ITEM_MESSAGE:
		return ZWORLD_LNET;
	default:
		return 0;
	}
}

/*
 * Asks the machine for all units that are complete. A HELLO of an unknown version is told by how it
 * begins; it is taken to end with what has come, and is the last that is understood.
 */
static void take_items(struct zgate *gate)
{
	struct zcl_rx_item item;
	enum zcl_err err;

	for (;;) {
		err = zcl_rx_next(&gate->rx, &item);
		if (err == ZCL_E_UNKNOWN_VERSION)
			enqueue(gate, ZWORLD_HELLO, stream_end(gate), ZCL_OK);
		if (err != ZCL_OK) {
			gate->raw = true;
			return;
		}
		if (item.kind == ZCL_ITEM_MORE)
			return;
		if (item.kind == ZCL_ITEM_LNET)
			zcl_rx_payload(&gate->rx, NULL, 0, 0);
		else
			enqueue(gate, unit_of(&item), gate->decoded, ZCL_OK);
	}
}

static void decode(struct zgate *gate)
{
	take_items(gate);
	while (!gate->raw && gate->decoded < stream_end(gate)) {
		size_t at = (size_t)(gate->decoded - gate->passed);
		size_t n = zcl_rx_push(&gate->rx, gate->bytes->data + at, gate->bytes->len - at);

		gate->decoded += n;
		take_items(gate);
		if (n == 0 && !gate->raw)
			gate->raw = true; /* it wants nothing more: not ours to judge */
	}
	if (gate->raw)
		enqueue_rest(gate);
}

static void pass(struct zgate *gate, const struct waiting *first)
{
	guint len = (guint)(first->end - gate->passed);

	if (len) {
		gate->callbacks.forward(gate->user, gate->bytes->data, len);
		g_byte_array_remove_range(gate->bytes, 0, len);
		gate->passed += len;
	}
	if (first->unit == ZWORLD_END)
		gate->callbacks.end(gate->user, first->why);
}

static void drain(struct zgate *gate)
{
	while (gate->queue->len) {
		struct waiting first = g_array_index(gate->queue, struct waiting, 0);

		if (first.unit & gate->held) {
			if (!gate->told)
				gate->callbacks.held(gate->user, (enum zworld_unit)first.unit);
			gate->told = true;
			return;
		}
		gate->told = false;
		g_array_remove_index(gate->queue, 0);
		pass(gate, &first);
	}
}

void zgate_push(struct zgate *gate, const void *data, size_t len)
{
	if (gate->over)
		return;
	g_assert(len <= G_MAXUINT - gate->bytes->len);
	g_byte_array_append(gate->bytes, data, (guint)len);
	decode(gate);
	drain(gate);
}

void zgate_end(struct zgate *gate, enum zcl_err why)
{
	if (gate->over)
		return;
	enqueue_rest(gate);
	enqueue(gate, ZWORLD_END, stream_end(gate), why);
	drain(gate);
}

void zgate_set_held(struct zgate *gate, unsigned held)
{
	gate->held = held;
	drain(gate);
}

unsigned zgate_waiting(const struct zgate *gate)
{
	const struct waiting *first = (const struct waiting *)(const void *)gate->queue->data;

	return gate->queue->len > 0 ? first->unit & gate->held : 0;
}

/* The last that came in is a reset. */
static bool ends_in_reset(const struct zgate *gate)
{
	const struct waiting *last;

	if (gate->queue->len == 0)
		return false;
	last = &g_array_index(gate->queue, struct waiting, gate->queue->len - 1);
	return last->unit == ZWORLD_END && last->why != ZCL_E_EOF;
}

/* All that waits before the last is lost. */
static void lose_rest(struct zgate *gate)
{
	gate->passed = stream_end(gate);
	g_byte_array_set_size(gate->bytes, 0);
	g_array_remove_range(gate->queue, 0, gate->queue->len - 1);
}

bool zgate_can_pass(const struct zgate *gate, unsigned unit)
{
	if (!(gate->held & unit))
		return false;
	return zgate_waiting(gate) == unit || (unit == ZWORLD_END && ends_in_reset(gate));
}

bool zgate_pass(struct zgate *gate, unsigned unit)
{
	struct waiting first;

	if (!zgate_can_pass(gate, unit))
		return false;
	if (zgate_waiting(gate) != unit)
		lose_rest(gate);
	first = g_array_index(gate->queue, struct waiting, 0);
	gate->told = false;
	g_array_remove_index(gate->queue, 0);
	pass(gate, &first);
	drain(gate);
	return true;
}

void zgate_reset(struct zgate *gate)
{
	if (gate->over)
		return;
	zgate_end(gate, ZCL_E_RESET);
	gate->over = true;
	if ((gate->held & ZWORLD_END) || !ends_in_reset(gate))
		return;
	lose_rest(gate);
	drain(gate);
}
