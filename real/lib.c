/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include "real/caller.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* An instance: its loops, their threads, its beginning and end. */

void zl_error(struct zclnd_error *error, enum zclnd_err err, const char *format, ...)
{
	va_list args;

	if (!error)
		return;
	error->err = err;
	va_start(args, format);
	g_vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
}

struct zl_loop *zl_here(struct zclnd *z)
{
	for (unsigned i = 0; i < z->options.threads; i++) {
		if (zl_is_here(&z->loops[i]))
			return &z->loops[i];
	}
	return NULL;
}

/* ---- questions ---------------------------------------------------------------------- */

struct question {
	void (*fn)(void *data);
	void *data;
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool is_over;
};

static void answer(void *data)
{
	struct question *q = data;

	q->fn(q->data);
	pthread_mutex_lock(&q->lock);
	q->is_over = true;
	pthread_cond_signal(&q->over);
	pthread_mutex_unlock(&q->lock);
}

static void wait_for_answer(struct question *q)
{
	pthread_mutex_lock(&q->lock);
	while (!q->is_over)
		pthread_cond_wait(&q->over, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

enum zclnd_err zl_ask(struct zl_loop *loop, void (*fn)(void *data), void *data)
{
	struct zclnd *z = loop->z;
	struct question q = {.fn = fn, .data = data};
	enum zl_state state;

	if (zl_is_here(loop)) {
		fn(data);
		return ZCLND_OK;
	}
	if (zl_here(z))
		return ZCLND_E_INVALID;
	pthread_mutex_init(&q.lock, NULL);
	pthread_cond_init(&q.over, NULL);
	/* Under the lock, so that whoever stops the loops sees this post. */
	pthread_mutex_lock(&z->lock);
	state = atomic_load(&z->state);
	if (state == ZL_NEW || state == ZL_STOPPED)
		answer(&q);
	else
		zloop_post(loop->loop, answer, &q);
	pthread_mutex_unlock(&z->lock);
	wait_for_answer(&q);
	pthread_cond_destroy(&q.over);
	pthread_mutex_destroy(&q.lock);
	return ZCLND_OK;
}

/* ---- beginning ---------------------------------------------------------------------- */

void zclnd_options_init(struct zclnd_options *options)
{
	*options = (struct zclnd_options){.threads = 1};
}

static bool open_loop(struct zclnd *z, unsigned index, struct zclnd_error *error)
{
	struct zl_loop *loop = &z->loops[index];

	loop->z = z;
	loop->index = index;
	loop->loop = zloop_new();
	if (!loop->loop) {
		zl_error(error, ZCLND_E_IO, "no loop: %s", g_strerror(errno));
		return false;
	}
	loop->ring = zring_new(ZL_RING_SLOTS, zl_op_size());
	zloop_set_source(loop->loop, zl_ops_wait, zl_ops_run, loop);
	zloop_set_busy_poll(loop->loop, z->options.busy_poll);
	return true;
}

static void free_instance(struct zclnd *z)
{
	for (guint i = 0; i < z->nis->len; i++)
		zl_ni_free(z->nis->pdata[i]);
	g_ptr_array_unref(z->nis);
	for (unsigned i = 0; i < z->options.threads; i++) {
		zring_free(z->loops[i].ring);
		zloop_free(z->loops[i].loop);
	}
	pthread_mutex_destroy(&z->lock);
	g_free(z);
}

struct zclnd *zclnd_new(const struct zclnd_options *options, struct zclnd_error *error)
{
	struct zclnd *z;

	if (options && (options->threads < 1 || options->threads > ZCLND_MAX_THREADS ||
			options->busy_poll < 0)) {
		zl_error(error, ZCLND_E_INVALID, "threads are 1 to %d, busy_poll is not negative",
			 ZCLND_MAX_THREADS);
		return NULL;
	}
	z = g_new0(struct zclnd, 1);
	zclnd_options_init(&z->options);
	if (options)
		z->options = *options;
	pthread_mutex_init(&z->lock, NULL);
	z->nis = g_ptr_array_new();
	for (unsigned i = 0; i < z->options.threads; i++) {
		if (!open_loop(z, i, error)) {
			free_instance(z);
			return NULL;
		}
	}
	return z;
}

static void *run_loop(void *data)
{
	struct zl_loop *loop = data;

	atomic_store(&loop->self, (unsigned long)pthread_self());
	zloop_run(loop->loop);
	atomic_store(&loop->self, 0);
	return NULL;
}

/* Threads with no signal of their own. The number that started. */
static unsigned start_threads(struct zclnd *z, int *failure)
{
	sigset_t all, before;
	unsigned n;

	*failure = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (n = 0; n < z->options.threads && *failure == 0; n++) {
		*failure = pthread_create(&z->loops[n].thread, NULL, run_loop, &z->loops[n]);
		if (*failure)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

static enum zclnd_err start(struct zclnd *z, bool opens, struct zclnd_error *error)
{
	int failure;
	const unsigned n = start_threads(z, &failure);

	if (failure == 0) {
		for (unsigned i = 0; opens && i < n; i++)
			zring_open(z->loops[i].ring);
		return ZCLND_OK;
	}
	zl_error(error, ZCLND_E_IO, "cannot start a thread: %s", g_strerror(failure));
	for (unsigned i = 0; i < n; i++) {
		zloop_post(z->loops[i].loop, (void (*)(void *))zloop_stop, z->loops[i].loop);
		pthread_join(z->loops[i].thread, NULL);
	}
	return ZCLND_E_IO;
}

enum zclnd_err zclnd_start(struct zclnd *z, struct zclnd_error *error)
{
	enum zclnd_err err = ZCLND_E_INVALID;

	pthread_mutex_lock(&z->lock);
	if (atomic_load(&z->state) == ZL_NEW) {
		err = start(z, true, error);
		if (err == ZCLND_OK)
			atomic_store(&z->state, ZL_RUNNING);
	} else {
		zl_error(error, err, "the instance was started before");
	}
	pthread_mutex_unlock(&z->lock);
	return err;
}

/* ---- the end ------------------------------------------------------------------------ */

static void stop_when_down(struct zl_loop *loop)
{
	if (loop->parts_up == 0)
		zloop_stop(loop->loop);
}

/* From the loop: nothing of the node is left. */
static void part_is_down(void *data)
{
	struct zl_part *part = data;

	if (part->down)
		return;
	part->down = true;
	zl_entries_end(part);
	while (part->events.n > 0)
		zl_events_deliver(part);
	part->loop->parts_up--;
	stop_when_down(part->loop);
}

static void stop_loop(void *data)
{
	struct zl_loop *loop = data;
	const GPtrArray *nis = loop->z->nis;

	zl_ops_drain(loop);
	loop->parts_up = nis->len;
	for (guint i = 0; i < nis->len; i++) {
		struct zclnd_ni *ni = nis->pdata[i];

		if (loop->index == 0)
			zcallers_close(ni->callers);
		zl_controls_run(&ni->parts[loop->index]);
		zreal_node_shutdown(ni->parts[loop->index].node, part_is_down,
				    &ni->parts[loop->index]);
	}
	stop_when_down(loop);
}

/* False: somebody did it before. */
static bool begin_stop(struct zclnd *z)
{
	enum zl_state running = ZL_RUNNING;

	if (!atomic_compare_exchange_strong(&z->state, &running, ZL_STOPPING))
		return false;
	for (guint i = 0; i < z->nis->len; i++) {
		struct zclnd_ni *ni = z->nis->pdata[i];

		pthread_mutex_lock(&ni->lock);
		ni->closed = true;
		pthread_mutex_unlock(&ni->lock);
	}
	for (unsigned i = 0; i < z->options.threads; i++) {
		zring_close(z->loops[i].ring);
		zloop_post(z->loops[i].loop, stop_loop, &z->loops[i]);
	}
	return true;
}

void zclnd_stop(struct zclnd *z)
{
	enum zl_state state;

	if (zl_here(z)) {
		begin_stop(z);
		return;
	}
	pthread_mutex_lock(&z->lock);
	/* One that never ran has attached buffers to give back too, on its threads as always. */
	if (atomic_load(&z->state) == ZL_NEW && start(z, false, NULL) == ZCLND_OK)
		atomic_store(&z->state, ZL_RUNNING);
	begin_stop(z);
	state = atomic_load(&z->state);
	for (unsigned i = 0; state == ZL_STOPPING && i < z->options.threads; i++)
		pthread_join(z->loops[i].thread, NULL);
	/* What came too late for the loops: questions, callers. */
	for (unsigned i = 0; state == ZL_STOPPING && i < z->options.threads; i++)
		zloop_run_posts(z->loops[i].loop);
	atomic_store(&z->state, ZL_STOPPED);
	pthread_mutex_unlock(&z->lock);
}

void zclnd_free(struct zclnd *z)
{
	if (!z)
		return;
	zclnd_stop(z);
	free_instance(z);
}
