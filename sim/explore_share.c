/* SPDX-License-Identifier: MIT */
#include "sim/explore_share.h"

void zx_share_init(struct zx_share *share)
{
	*share = (struct zx_share){.found = g_array_new(FALSE, FALSE, sizeof(struct zx_found))};
}

void zx_share_clear(struct zx_share *share)
{
	g_array_unref(share->found);
}

static bool is_violated(struct zx_share *share, const struct zx_world *world,
			const struct zx_walker *walker)
{
	struct zx_violation *violation = &share->violation;

	if (world->watch.violated == ZX_PROPERTIES)
		return false;
	violation->property = world->watch.violated;
	memcpy(violation->why, world->watch.why, sizeof(violation->why));
	memcpy(violation->path, walker->path, walker->taking * sizeof(*walker->path));
	violation->length = walker->taking;
	return true;
}

/* False: a violation. */
static bool try_choice(struct zx_share *share, const struct zx_seen *seen, struct zx_walker *walker,
		       uint32_t state, zx_choice choice)
{
	const struct zx_world *world = zx_walker_try(walker, choice);
	struct zx_found found = {.parent = state, .choice = choice};

	share->transitions++;
	if (is_violated(share, world, walker))
		return false;
	zx_world_digest(world, &found.digest);
	if (!zx_seen_has(seen, &found.digest))
		g_array_append_val(share->found, found);
	return true;
}

static bool work_on(struct zx_share *share, const struct zx_seen *seen, struct zx_walker *walker,
		    size_t depth, uint32_t state)
{
	zx_choice path[ZX_MAX_DEPTH + 1], choices[ZX_MAX_CHOICES];
	const size_t length = zx_seen_path(seen, state, path);
	struct zx_world *world = zx_walker_go(walker, path, length);
	bool over;
	const size_t n = zx_world_choices(world, choices, &over);

	if (over) {
		share->ends++;
		zx_world_end(world);
		if (is_violated(share, world, walker))
			return false;
	}
	if (n > 0 && length >= depth) {
		share->too_deep = true;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		if (!try_choice(share, seen, walker, state, choices[i]))
			return false;
	return true;
}

void zx_share_work(struct zx_share *share, const struct zx_seen *seen, struct zx_walker *walker,
		   size_t depth)
{
	share->transitions = share->ends = 0;
	share->too_deep = false;
	share->violation.property = ZX_PROPERTIES;
	g_array_set_size(share->found, 0);
	for (size_t state = share->first; state < share->last; state++)
		if (!work_on(share, seen, walker, depth, (uint32_t)state))
			return;
}
