/* SPDX-License-Identifier: MIT */
#include "sim/explore_crew.h"

#include <glib.h>

struct worker {
	struct zx_crew *crew;
	size_t number;
	GThread *thread;
};

struct zx_crew {
	void (*work)(void *user, size_t worker);
	void *user;
	size_t n;
	struct worker *workers; /* the first is the caller */
	GMutex lock;
	GCond start, done;
	size_t run;  /* how often they were sent to work */
	size_t busy; /* who has not come back */
	gboolean leave;
};

/* Waits to be sent; FALSE: home. */
static gboolean wait_for_run(struct zx_crew *crew, size_t run)
{
	gboolean leave;

	g_mutex_lock(&crew->lock);
	while (crew->run == run && !crew->leave)
		g_cond_wait(&crew->start, &crew->lock);
	leave = crew->leave;
	g_mutex_unlock(&crew->lock);
	return !leave;
}

static void come_back(struct zx_crew *crew)
{
	g_mutex_lock(&crew->lock);
	if (--crew->busy == 0)
		g_cond_signal(&crew->done);
	g_mutex_unlock(&crew->lock);
}

static gpointer run_worker(gpointer data)
{
	const struct worker *worker = data;
	struct zx_crew *crew = worker->crew;

	for (size_t run = 0; wait_for_run(crew, run); run++) {
		crew->work(crew->user, worker->number);
		come_back(crew);
	}
	return NULL;
}

struct zx_crew *zx_crew_new(size_t n, void (*work)(void *user, size_t worker), void *user)
{
	struct zx_crew *crew = g_new0(struct zx_crew, 1);

	crew->work = work;
	crew->user = user;
	crew->n = n;
	crew->workers = g_new0(struct worker, n);
	g_mutex_init(&crew->lock);
	g_cond_init(&crew->start);
	g_cond_init(&crew->done);
	for (size_t i = 1; i < n; i++) {
		crew->workers[i] = (struct worker){.crew = crew, .number = i};
		crew->workers[i].thread = g_thread_new("explore", run_worker, &crew->workers[i]);
	}
	return crew;
}

void zx_crew_run(struct zx_crew *crew)
{
	g_mutex_lock(&crew->lock);
	crew->run++;
	crew->busy = crew->n - 1;
	g_cond_broadcast(&crew->start);
	g_mutex_unlock(&crew->lock);
	crew->work(crew->user, 0);
	g_mutex_lock(&crew->lock);
	while (crew->busy > 0)
		g_cond_wait(&crew->done, &crew->lock);
	g_mutex_unlock(&crew->lock);
}

void zx_crew_free(struct zx_crew *crew)
{
	g_mutex_lock(&crew->lock);
	crew->leave = TRUE;
	g_cond_broadcast(&crew->start);
	g_mutex_unlock(&crew->lock);
	for (size_t i = 1; i < crew->n; i++)
		g_thread_join(crew->workers[i].thread);
	g_cond_clear(&crew->start);
	g_cond_clear(&crew->done);
	g_mutex_clear(&crew->lock);
	g_free(crew->workers);
	g_free(crew);
}
