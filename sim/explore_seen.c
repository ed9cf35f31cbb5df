/* SPDX-License-Identifier: MIT */
#include "sim/explore_seen.h"

#define FIRST_STATES 1024
#define FIRST_TABLE  4096

void zx_seen_init(struct zx_seen *seen, size_t limit)
{
	*seen = (struct zx_seen){.cap = FIRST_STATES, .mask = FIRST_TABLE - 1, .limit = limit};
	seen->states = g_new(struct zx_state, seen->cap);
	seen->table = g_new0(uint32_t, seen->mask + 1);
}

void zx_seen_clear(struct zx_seen *seen)
{
	g_free(seen->states);
	g_free(seen->table);
	*seen = (struct zx_seen){0};
}

static size_t bytes_of(size_t states, size_t slots)
{
	return states * sizeof(struct zx_state) + slots * sizeof(uint32_t);
}

size_t zx_seen_bytes(const struct zx_seen *seen)
{
	return bytes_of(seen->cap, seen->mask + 1);
}

static uint32_t *slot_of(const struct zx_seen *seen, const struct zcl_digest *digest)
{
	size_t at = (size_t)digest->lane[0] & seen->mask;

	for (;; at = (at + 1) & seen->mask) {
		const struct zcl_digest *there;

		if (seen->table[at] == 0)
			return &seen->table[at];
		there = &seen->states[seen->table[at] - 1].digest;
		if (there->lane[0] == digest->lane[0] && there->lane[1] == digest->lane[1])
			return &seen->table[at];
	}
}

static void grow_table(struct zx_seen *seen)
{
	seen->mask = 2 * seen->mask + 1;
	g_free(seen->table);
	seen->table = g_new0(uint32_t, seen->mask + 1);
	for (size_t i = 0; i < seen->n; i++)
		*slot_of(seen, &seen->states[i].digest) = (uint32_t)i + 1;
}

/* While an array grows, its old half is there too. */
static bool make_room(struct zx_seen *seen)
{
	if (seen->n >= UINT32_MAX - 1)
		return false;
	if (seen->n == seen->cap) {
		if (bytes_of(3 * seen->cap, seen->mask + 1) > seen->limit)
			return false;
		seen->cap *= 2;
		seen->states = g_renew(struct zx_state, seen->states, seen->cap);
	}
	if (seen->n >= seen->mask / 2) {
		if (bytes_of(seen->cap, 2 * (seen->mask + 1)) > seen->limit)
			return false;
		grow_table(seen);
	}
	return true;
}

enum zx_added zx_seen_add(struct zx_seen *seen, const struct zcl_digest *digest, uint32_t parent,
			  zx_choice choice)
{
	const bool root = seen->n == 0;
	uint32_t *slot = slot_of(seen, digest);

	if (*slot != 0)
		return ZX_KNOWN;
	if (!make_room(seen))
		return ZX_FULL;
	slot = slot_of(seen, digest);
	seen->states[seen->n] = (struct zx_state){
		.digest = *digest,
		.parent = parent,
		.choice = choice,
		.depth = (uint16_t)(root ? 0 : seen->states[parent].depth + 1),
	};
	*slot = (uint32_t)++seen->n;
	return ZX_NEW;
}

bool zx_seen_has(const struct zx_seen *seen, const struct zcl_digest *digest)
{
	return *slot_of(seen, digest) != 0;
}

size_t zx_seen_path(const struct zx_seen *seen, size_t state, zx_choice *path)
{
	const size_t depth = seen->states[state].depth;

	for (size_t i = depth; i > 0; i--) {
		path[i - 1] = seen->states[state].choice;
		state = seen->states[state].parent;
	}
	return depth;
}
