/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_RING_H
#define ZREAL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bounded queue from many threads to one, without locks: slots of one size, allocated once, each
 * with a number that says whose turn it is. A slot is claimed, filled in place, and committed; the
 * reader takes slots in the order in which they were claimed.
 */
struct zring;

/* slots: a power of two, at least 2. A new ring is closed. */
struct zring *zring_new(size_t slots, size_t slot_size);
void zring_free(struct zring *ring);

enum zring_answer {
	ZRING_OK,
	ZRING_FULL,
	ZRING_CLOSED,
};
/* Any thread: *slot is the caller's to fill until zring_commit with the same ticket. */
enum zring_answer zring_claim(struct zring *ring, void **slot, uint64_t *ticket);
void zring_commit(struct zring *ring, uint64_t ticket);

/* Nothing more is claimed after zring_close returned (what was, is still to be committed). */
void zring_open(struct zring *ring);
void zring_close(struct zring *ring);

/* The reader: the oldest slot, NULL when it is not committed yet or there is none. */
void *zring_peek(struct zring *ring);
/* The slot of zring_peek is free again. */
void zring_pop(struct zring *ring);
/* Closed, and all that was claimed is taken. */
bool zring_is_drained(struct zring *ring);

#endif
