/* SPDX-License-Identifier: MIT */
#include "sim/explore_search.h"

#include <time.h>

#include "sim/explore_crew.h"

/*
 * The states whose turn it is are cut into shares. Nobody adds a state while they are worked on;
 * what was found is then added in the order of the shares: the same as one thread alone finds.
 */
#define SHARE_STATES 32u
#define SHARES	     128u

struct search {
	const struct zx_model *model;
	const struct zx_bounds *bounds;
	const struct zx_progress *progress;
	struct zx_result *result;
	struct zx_seen seen;
	struct zx_share shares[SHARES];
	size_t nshares;
	gint next_share; /* atomic: which nobody has begun */
	gint violated;	 /* atomic: no share behind this one counts any more */
	struct zx_walker *walkers[ZX_MAX_THREADS];
	double busy[ZX_MAX_THREADS]; /* seconds of processor time; of the first: not here */
	gint64 start, told;	     /* us */
	bool stop;
};

static _Thread_local const struct zx_walker *under_way;

const struct zx_walker *zx_search_under_way(void)
{
	return under_way;
}

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

	r->seconds = seconds_since(s->start);
	if (s->bounds->seconds > 0 && r->seconds >= s->bounds->seconds)
		bound(s, "time");
	if (s->progress == NULL || seconds_since(s->told) < 1)
		return;
	s->told = g_get_monotonic_time();
	r->states = s->seen.n;
	r->memory = zx_seen_bytes(&s->seen);
	s->progress->tell(s->progress->user, r);
}

/* This thread's, so far. */
static double processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- working ---- */

static void note_violation(struct search *s, gint share)
{
	gint least;

	do
		least = g_atomic_int_get(&s->violated);
	while (share < least && !g_atomic_int_compare_and_exchange(&s->violated, least, share));
}

static void work(void *user, size_t worker)
{
	struct search *s = user;
	struct zx_walker *walker = s->walkers[worker];
	const double start = processor_seconds();
	gint i;

	under_way = walker;
	while ((i = g_atomic_int_add(&s->next_share, 1)) < (gint)s->nshares) {
		struct zx_share *share = &s->shares[i];

		if (i > g_atomic_int_get(&s->violated))
			break;
		zx_share_work(share, &s->seen, walker, s->bounds->depth);
		if (share->violation.property != ZX_PROPERTIES)
			note_violation(s, i);
	}
	under_way = NULL;
	if (worker > 0)
		s->busy[worker] += processor_seconds() - start;
}

static size_t deal(struct search *s, size_t first)
{
	s->nshares = 0;
	while (s->nshares < SHARES && first < s->seen.n) {
		struct zx_share *share = &s->shares[s->nshares++];

		share->first = first;
		first = share->last = MIN(first + SHARE_STATES, s->seen.n);
	}
	g_atomic_int_set(&s->next_share, 0);
	g_atomic_int_set(&s->violated, G_MAXINT);
	return first;
}

/* ---- what came of it ---- */

static void add(struct search *s, const struct zx_found *found)
{
	if (zx_seen_add(&s->seen, &found->digest, found->parent, found->choice) == ZX_FULL)
		bound(s, "memory");
	else if (s->bounds->states && s->seen.n > s->bounds->states)
		bound(s, "states");
}

static void take_share(struct search *s, const struct zx_share *share)
{
	struct zx_result *r = s->result;

	r->transitions += share->transitions;
	r->ends += share->ends;
	/* The others of this depth are still looked at. */
	if (share->too_deep)
		r->bounded = "depth";
	for (guint i = 0; i < share->found->len && !s->stop; i++)
		add(s, &g_array_index(share->found, struct zx_found, i));
	if (s->stop || share->violation.property == ZX_PROPERTIES)
		return;
	r->violation = share->violation;
	s->stop = true;
}

static void add_root(struct search *s)
{
	struct zx_found root = {.parent = ZX_ROOT};

	zx_world_digest(s->walkers[0]->worlds[0], &root.digest);
	add(s, &root);
}

static void search(struct search *s, struct zx_crew *crew)
{
	size_t next = 0;

	add_root(s);
	while (next < s->seen.n && !s->stop) {
		next = deal(s, next);
		zx_crew_run(crew);
		for (size_t i = 0; i < s->nshares && !s->stop; i++)
			take_share(s, &s->shares[i]);
		look_at_clock(s);
	}
	s->result->states = s->seen.n;
	s->result->depth = s->seen.states[s->seen.n - 1].depth;
	s->result->memory = zx_seen_bytes(&s->seen);
}

void zx_search(const struct zx_model *model, const struct zx_bounds *bounds, size_t threads,
	       const struct zx_progress *progress, struct zx_result *result)
{
	struct search *s = g_new0(struct search, 1);
	struct zx_crew *crew = zx_crew_new(threads, work, s);
	const double start = processor_seconds();

	*result = (struct zx_result){.violation.property = ZX_PROPERTIES};
	s->model = model;
	s->bounds = bounds;
	s->progress = progress;
	s->result = result;
	s->start = s->told = g_get_monotonic_time();
	zx_seen_init(&s->seen, bounds->memory);
	for (size_t i = 0; i < SHARES; i++)
		zx_share_init(&s->shares[i]);
	for (size_t i = 0; i < threads; i++) {
		s->walkers[i] = g_new(struct zx_walker, 1);
		zx_walker_init(s->walkers[i], model);
	}
	search(s, crew);
	zx_crew_free(crew);
	result->busiest = processor_seconds() - start;
	for (size_t i = 1; i < threads; i++)
		result->busiest = MAX(result->busiest, s->busy[i]);
	for (size_t i = 0; i < threads; i++) {
		zx_walker_clear(s->walkers[i]);
		g_free(s->walkers[i]);
	}
	for (size_t i = 0; i < SHARES; i++)
		zx_share_clear(&s->shares[i]);
	zx_seen_clear(&s->seen);
	result->seconds = seconds_since(s->start);
	g_free(s);
}
