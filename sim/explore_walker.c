/* SPDX-License-Identifier: MIT */
#include "sim/explore_walker.h"

void zx_walker_init(struct zx_walker *walker, const struct zx_model *model)
{
	*walker = (struct zx_walker){.model = model};
	walker->worlds[0] = zx_world_new(model);
}

void zx_walker_clear(struct zx_walker *walker)
{
	for (size_t i = 0; i < G_N_ELEMENTS(walker->worlds) && walker->worlds[i]; i++)
		zx_world_free(walker->worlds[i]);
}

/* Behind the world after `at` choices: the one after the next. */
static struct zx_world *step(struct zx_walker *walker, size_t at, zx_choice choice)
{
	struct zx_world **next = &walker->worlds[at + 1];

	if (*next == NULL)
		*next = zx_world_new(walker->model);
	zx_world_copy(*next, walker->worlds[at]);
	walker->path[at] = choice;
	walker->taking = at + 1;
	zx_world_take(*next, choice);
	return *next;
}

struct zx_world *zx_walker_go(struct zx_walker *walker, const zx_choice *path, size_t length)
{
	size_t at = 0;

	while (at < length && at < walker->length && walker->path[at] == path[at])
		at++;
	for (; at < length; at++)
		step(walker, at, path[at]);
	walker->length = walker->taking = length;
	return walker->worlds[length];
}

struct zx_world *zx_walker_try(struct zx_walker *walker, zx_choice choice)
{
	return step(walker, walker->length, choice);
}
