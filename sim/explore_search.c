/* SPDX-License-Identifier: MIT */
#include "sim/explore_search.h"

#define LOOK_AT_CLOCK 1024 /* transitions */

struct search {
	const struct zx_model *model;
	const struct zx_bounds *bounds;
	struct zx_progress *progress;
	struct zx_result *result;
	struct zx_world *world;
	struct zx_seen seen;
	gint64 start, told; /* us */
	zx_choice path[ZX_MAX_DEPTH + 1];
	size_t length;
	bool stop;
};

static double seconds_since(gint64 start)
{
	return (double)(g_get_monotonic_time() - start) / 1e6;
}

static void bound(struct search *s, const char *why)
{
	s->stop = true;
	if (s->result->bounded == NULL)
		s->result->bounded = why;
}

static void look_at_clock(struct search *s)
{
	struct zx_result *r = s->result;

	if (r->transitions % LOOK_AT_CLOCK != 0)
		return;
	r->seconds = seconds_since(s->start);
	if (s->bounds->seconds > 0 && r->seconds >= s->bounds->seconds)
		bound(s, "time");
	if (s->progress->tell == NULL || seconds_since(s->told) < 1)
		return;
	s->told = g_get_monotonic_time();
	r->states = s->seen.n;
	s->progress->tell(s->progress->user, r);
}

static void found(struct search *s)
{
	const struct zx_watch *watch = &s->world->watch;

	s->result->violated = watch->violated;
	g_strlcpy(s->result->why, watch->why, sizeof(s->result->why));
	memcpy(s->result->path, s->path, s->length * sizeof(*s->path));
	s->result->length = s->length;
	s->stop = true;
}

static void take(struct search *s, zx_choice choice)
{
	s->progress->length++;
	zx_world_take(s->world, choice);
}

/* Back to the state that s->path leads to. */
static void go_there(struct search *s)
{
	zx_world_restart(s->world);
	s->progress->length = 0;
	for (size_t i = 0; i < s->length; i++)
		take(s, s->path[i]);
}

static void add(struct search *s, uint32_t parent, zx_choice choice)
{
	struct zcl_digest digest;

	zx_world_digest(s->world, &digest);
	if (zx_seen_add(&s->seen, &digest, parent, choice) == ZX_FULL)
		bound(s, "memory");
	else if (s->bounds->states && s->seen.n > s->bounds->states)
		bound(s, "states");
}

/* One choice from the state that the world is in. */
static void step(struct search *s, uint32_t state, zx_choice choice)
{
	s->path[s->length++] = choice;
	take(s, choice);
	s->result->transitions++;
	if (s->world->watch.violated != ZX_PROPERTIES)
		found(s);
	else
		add(s, state, choice);
	s->length--;
	look_at_clock(s);
}

static void expand(struct search *s, uint32_t state)
{
	zx_choice choices[ZX_MAX_CHOICES];
	size_t n;
	bool over;

	s->length = zx_seen_path(&s->seen, state, s->path);
	go_there(s);
	n = zx_world_choices(s->world, choices, &over);
	if (over) {
		s->result->ends++;
		zx_world_end(s->world);
		if (s->world->watch.violated != ZX_PROPERTIES) {
			found(s);
			return;
		}
	}
	if (n > 0 && s->length >= s->bounds->depth) {
		/* The others of this depth are still looked at. */
		s->result->bounded = "depth";
		return;
	}
	for (size_t i = 0; i < n && !s->stop; i++) {
		if (i > 0)
			go_there(s);
		step(s, state, choices[i]);
	}
}

void zx_search(const struct zx_model *model, const struct zx_bounds *bounds,
	       struct zx_progress *progress, struct zx_result *result)
{
	struct zx_progress none = {0};
	struct search *s = g_new0(struct search, 1);

	*result = (struct zx_result){.violated = ZX_PROPERTIES};
	s->model = model;
	s->bounds = bounds;
	s->progress = progress ? progress : &none;
	s->progress->path = s->path;
	s->progress->length = 0;
	s->result = result;
	s->start = s->told = g_get_monotonic_time();
	s->world = zx_world_new(model);
	zx_seen_init(&s->seen, bounds->memory);
	add(s, ZX_ROOT, 0);
	for (size_t state = 0; state < s->seen.n && !s->stop; state++)
		expand(s, (uint32_t)state);
	result->states = s->seen.n;
	result->depth = s->seen.states[s->seen.n - 1].depth;
	result->memory = zx_seen_bytes(&s->seen);
	result->seconds = seconds_since(s->start);
	zx_world_free(s->world);
	zx_seen_clear(&s->seen);
	g_free(s);
}
