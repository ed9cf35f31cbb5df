/* SPDX-License-Identifier: MIT */
#include "core/deadline.h"

void zcl_deadlines_init(struct zcl_deadlines *deadlines)
{
	deadlines->heap = g_ptr_array_new();
}

void zcl_deadlines_clear(struct zcl_deadlines *deadlines)
{
	g_assert(deadlines->heap->len == 0);
	g_ptr_array_unref(deadlines->heap);
}

static bool before(const struct zcl_deadline *a, const struct zcl_deadline *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	return a->kind != b->kind ? a->kind < b->kind : a->age < b->age;
}

static struct zcl_deadline *at(const struct zcl_deadlines *deadlines, guint place)
{
	return deadlines->heap->pdata[place];
}

static void put(struct zcl_deadlines *deadlines, struct zcl_deadline *d, guint place)
{
	deadlines->heap->pdata[place] = d;
	d->place = place;
}

/* From `place`, which is free, to where d belongs. */
static void rise(struct zcl_deadlines *deadlines, struct zcl_deadline *d, guint place)
{
	while (place > 0 && before(d, at(deadlines, (place - 1) / 2))) {
		put(deadlines, at(deadlines, (place - 1) / 2), place);
		place = (place - 1) / 2;
	}
	put(deadlines, d, place);
}

static void sink(struct zcl_deadlines *deadlines, struct zcl_deadline *d, guint place)
{
	const guint len = deadlines->heap->len;

	for (;;) {
		guint child = 2 * place + 1;

		if (child + 1 < len && before(at(deadlines, child + 1), at(deadlines, child)))
			child++;
		if (child >= len || before(d, at(deadlines, child)))
			break;
		put(deadlines, at(deadlines, child), place);
		place = child;
	}
	put(deadlines, d, place);
}

static void take_out(struct zcl_deadlines *deadlines, const struct zcl_deadline *d)
{
	struct zcl_deadline *last = at(deadlines, deadlines->heap->len - 1);

	g_ptr_array_set_size(deadlines->heap, (gint)deadlines->heap->len - 1);
	if (last == d)
		return;
	sink(deadlines, last, d->place);
	rise(deadlines, last, last->place);
}

void zcl_deadline_set(struct zcl_deadlines *deadlines, struct zcl_deadline *d, int64_t at)
{
	const int64_t was = d->at;

	if (at == was)
		return;
	if (at == INT64_MAX)
		take_out(deadlines, d);
	d->at = at;
	if (at == INT64_MAX)
		return;
	if (was == INT64_MAX) {
		g_ptr_array_add(deadlines->heap, d);
		rise(deadlines, d, deadlines->heap->len - 1);
	} else if (at < was) {
		rise(deadlines, d, d->place);
	} else {
		sink(deadlines, d, d->place);
	}
}
