/* SPDX-License-Identifier: MIT */
#include "sim/explore_path.h"

#define MOST_FREE 4096u /* choices of a run that nobody forces */
#define ORDERS	  64u	/* of such runs that are tried */

static bool may_take(const struct zx_world *world, zx_choice choice)
{
	zx_choice choices[ZX_MAX_CHOICES];
	bool over;
	const size_t n = zx_world_choices(world, choices, &over);

	for (size_t i = 0; i < n; i++)
		if (choices[i] == choice)
			return true;
	return false;
}

/* False: one of them cannot be taken. */
static bool take_all(struct zx_world *world, const zx_choice *path, size_t length)
{
	zx_world_restart(world);
	for (size_t i = 0; i < length; i++) {
		if (!may_take(world, path[i]))
			return false;
		zx_world_take(world, path[i]);
	}
	return true;
}

/* Holds the properties of an end against it, when it is one. */
static void look_for_end(struct zx_world *world)
{
	zx_choice choices[ZX_MAX_CHOICES];
	bool over;

	zx_world_choices(world, choices, &over);
	if (over && world->watch.violated == ZX_PROPERTIES)
		zx_world_end(world);
}

/* ---- order ---- */

static bool comes_to_it(struct zx_world *world, const struct zx_violation *violation)
{
	if (!take_all(world, violation->path, violation->length))
		return false;
	look_for_end(world);
	return world->watch.violated == violation->property;
}

/* Every call that waits comes about, or is refused because nobody is there. */
static void open_all(struct zx_world *world, struct zx_violation *ordered)
{
	for (unsigned s = 0; s < world->nstreams; s++) {
		const struct zx_stream *stream = &world->streams[s];
		const bool there = zx_world_is_there(world, stream);
		const zx_choice choice = (zx_choice)((there ? ZX_OPEN : ZX_REFUSE) << 8 | s);

		if (!stream->used || stream->opened || ordered->length == ZX_MAX_DEPTH)
			continue;
		ordered->path[ordered->length++] = choice;
		zx_world_take(world, choice);
	}
}

static bool order(struct zx_world *world, const struct zx_violation *violation,
		  struct zx_violation *ordered)
{
	zx_world_restart(world);
	ordered->length = 0;
	for (size_t i = 0; i < violation->length; i++) {
		const zx_choice choice = violation->path[i];

		open_all(world, ordered);
		/* Done already. */
		if (zx_choice_kind(choice) == ZX_OPEN ||
		    (zx_choice_kind(choice) == ZX_REFUSE && !may_take(world, choice)))
			continue;
		if (!may_take(world, choice) || ordered->length == ZX_MAX_DEPTH)
			return false;
		ordered->path[ordered->length++] = choice;
		zx_world_take(world, choice);
	}
	return comes_to_it(world, ordered);
}

/* The same with one choice so many places earlier. */
static void move(struct zx_violation *violation, size_t from, size_t places)
{
	zx_choice *path = violation->path;
	const zx_choice choice = path[from];

	memmove(&path[from - places + 1], &path[from - places], places * sizeof(*path));
	path[from - places] = choice;
}

static bool is_about_a_crash(zx_choice choice)
{
	return zx_choice_kind(choice) == ZX_RESTART || zx_choice_kind(choice) == ZX_CRASH ||
	       zx_choice_kind(choice) == ZX_BACK;
}

/*
 * What a peer that crashed had sent may arrive when it is back: then a call behind it is to its new
 * self. moves: how many choices may be moved, 1 or 2.
 */
static bool order_with_crash(struct zx_world *world, const struct zx_violation *violation,
			     struct zx_violation *ordered, unsigned moves)
{
	struct zx_violation *other = g_new(struct zx_violation, 1);
	bool found = false;

	for (size_t i = 1; i < violation->length && !found; i++) {
		for (size_t n = 1; n <= i && is_about_a_crash(violation->path[i]) && !found; n++) {
			*other = *violation;
			move(other, i, n);
			found = order(world, other, ordered) ||
				(moves > 1 && order_with_crash(world, other, ordered, moves - 1));
		}
	}
	g_free(other);
	return found;
}

void zx_path_order(const struct zx_model *model, struct zx_violation *violation)
{
	struct zx_violation *ordered = g_memdup2(violation, sizeof(*violation));
	struct zx_world *world = zx_world_new(model);

	if (order(world, violation, ordered) || order_with_crash(world, violation, ordered, 2))
		*violation = *ordered;
	zx_world_free(world);
	g_free(ordered);
}

/* ---- what must be forced ---- */

/* Nobody asks for it: no deed, nothing that disturbs. */
static bool comes_by_itself(zx_choice choice)
{
	return zx_choice_kind(choice) != ZX_DEED && zx_choice_kind(choice) < ZX_EARLY;
}

/* Some order in which things come when nobody interferes: one for each seed. */
static zx_choice next_free(const struct zx_world *world, guint32 *seed, bool *any)
{
	zx_choice choices[ZX_MAX_CHOICES];
	bool over;
	const size_t all = zx_world_choices(world, choices, &over);
	size_t n = 0;

	for (size_t i = 0; i < all; i++)
		if (comes_by_itself(choices[i]))
			choices[n++] = choices[i];
	*any = n > 0;
	*seed = *seed * 1664525u + 1013904223u;
	return n > 0 ? choices[(*seed >> 16) % n] : 0;
}

static void run_free(struct zx_world *world, guint32 seed)
{
	for (size_t i = 0; i < MOST_FREE && world->watch.violated == ZX_PROPERTIES; i++) {
		bool any;
		const zx_choice choice = next_free(world, &seed, &any);

		if (!any) {
			zx_world_end(world);
			return;
		}
		zx_world_take(world, choice);
	}
}

/* Whatever comes then, it comes to this violation. */
static bool forces(struct zx_world *world, const struct zx_violation *violation, size_t n)
{
	for (guint32 seed = 0; seed < ORDERS; seed++) {
		if (!take_all(world, violation->path, n))
			return false;
		run_free(world, seed);
		if (world->watch.violated != violation->property)
			return false;
	}
	return true;
}

size_t zx_path_forced(const struct zx_model *model, const struct zx_violation *violation,
		      struct zx_blame *blame)
{
	struct zx_world *world = zx_world_new(model);
	size_t n = 0;

	while (n < violation->length && !forces(world, violation, n))
		n++;
	if (n == violation->length) {
		take_all(world, violation->path, n);
		look_for_end(world);
	}
	*blame = world->watch.blame;
	zx_world_free(world);
	return n;
}
