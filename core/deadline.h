/* SPDX-License-Identifier: MIT */
#ifndef ZCL_DEADLINE_H
#define ZCL_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/*
 * Which of a node's connections and peers is due next: a heap of one entry each. An entry may
 * stand earlier than what it stands for, never later: a deadline that moves away, as one does at
 * each message, costs nothing until its old time has come, and who has none is not in the heap.
 * Equal times are taken in the order of kind and age, so that the order never depends on history.
 */
enum zcl_deadline_kind {
	ZCL_DEADLINE_CONN,
	ZCL_DEADLINE_PEER,
};

struct zcl_deadline {
	int64_t at;  /* ns; INT64_MAX: not in the heap */
	guint place; /* in the heap, when it is there */
	enum zcl_deadline_kind kind;
	uint64_t age; /* among those of its kind, the oldest has the lowest */
	void *owner;
};

struct zcl_deadlines {
	GPtrArray *heap; /* struct zcl_deadline, borrowed */
};

void zcl_deadlines_init(struct zcl_deadlines *deadlines);
void zcl_deadlines_clear(struct zcl_deadlines *deadlines);

static inline void zcl_deadline_init(struct zcl_deadline *d, enum zcl_deadline_kind kind,
				     uint64_t age, void *owner)
{
	*d = (struct zcl_deadline){.at = INT64_MAX, .kind = kind, .age = age, .owner = owner};
}

/* Moves d to `at`, wherever that is; INT64_MAX: out of the heap. */
void zcl_deadline_set(struct zcl_deadlines *deadlines, struct zcl_deadline *d, int64_t at);

/* Something of d's owner is due at `at`, at the latest. */
static inline void zcl_deadline_arm(struct zcl_deadlines *deadlines, struct zcl_deadline *d,
				    int64_t at)
{
	if (G_UNLIKELY(at < d->at))
		zcl_deadline_set(deadlines, d, at);
}

/* The next one; NULL: none. */
static inline struct zcl_deadline *zcl_deadlines_first(const struct zcl_deadlines *deadlines)
{
	return deadlines->heap->len > 0 ? deadlines->heap->pdata[0] : NULL;
}

#endif
