/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/ring.h"

#include <glib.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#define LINE	    64
#define CLOSED	    (UINT64_C(1) << 63)
#define NUMBER_SIZE 16 /* keeps what follows aligned for anything */

struct zring {
	size_t slots, stride;
	char *memory;
	alignas(LINE) _Atomic uint64_t tail; /* the next ticket, and CLOSED */
	alignas(LINE) uint64_t head;	     /* the reader's */
};

/*
 * The number of a slot: the ticket that may claim it; one more when that is committed; `slots` more
 * when it is taken, which is the next ticket of the same slot.
 */
static _Atomic uint64_t *number(const struct zring *ring, uint64_t ticket)
{
	return (_Atomic uint64_t *)(ring->memory + (ticket & (ring->slots - 1)) * ring->stride);
}

static void *content(const struct zring *ring, uint64_t ticket)
{
	return (char *)number(ring, ticket) + NUMBER_SIZE;
}

struct zring *zring_new(size_t slots, size_t slot_size)
{
	struct zring *ring = aligned_alloc(LINE, sizeof(*ring));

	g_assert(slots >= 2 && (slots & (slots - 1)) == 0);
	g_assert(ring);
	ring->slots = slots;
	ring->stride = (NUMBER_SIZE + slot_size + LINE - 1) / LINE * LINE;
	ring->memory = aligned_alloc(LINE, ring->stride * slots);
	g_assert(ring->memory);
	atomic_init(&ring->tail, CLOSED);
	ring->head = 0;
	for (uint64_t i = 0; i < slots; i++)
		atomic_init(number(ring, i), i);
	return ring;
}

void zring_free(struct zring *ring)
{
	if (!ring)
		return;
	free(ring->memory);
	free(ring);
}

enum zring_answer zring_claim(struct zring *ring, void **slot, uint64_t *ticket)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	for (;;) {
		int64_t ahead;

		if (tail & CLOSED)
			return ZRING_CLOSED;
		ahead = (int64_t)(atomic_load_explicit(number(ring, tail), memory_order_acquire) -
				  tail);
		if (ahead < 0)
			return ZRING_FULL;
		if (ahead > 0)
			tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
		else if (atomic_compare_exchange_weak_explicit(&ring->tail, &tail, tail + 1,
							       memory_order_relaxed,
							       memory_order_relaxed))
			break;
	}
	*slot = content(ring, tail);
	*ticket = tail;
	return ZRING_OK;
}

void zring_commit(struct zring *ring, uint64_t ticket)
{
	/* In one order with the reader's going to sleep: see zloop_wake. */
	atomic_store(number(ring, ticket), ticket + 1);
}

void zring_open(struct zring *ring)
{
	atomic_fetch_and(&ring->tail, ~CLOSED);
}

void zring_close(struct zring *ring)
{
	atomic_fetch_or(&ring->tail, CLOSED);
}

void *zring_peek(struct zring *ring)
{
	if (atomic_load(number(ring, ring->head)) != ring->head + 1)
		return NULL;
	return content(ring, ring->head);
}

void zring_pop(struct zring *ring)
{
	atomic_store_explicit(number(ring, ring->head), ring->head + ring->slots,
			      memory_order_release);
	ring->head++;
}

bool zring_is_drained(struct zring *ring)
{
	return atomic_load(&ring->tail) == (CLOSED | ring->head);
}
