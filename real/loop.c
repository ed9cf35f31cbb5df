/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/loop.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "real/call.h"

#define NS_PER_S   1000000000
#define MAX_EVENTS 64
/* Times in a row that only the descriptor that was ready last is looked at. */
#define LOOKS_IN_A_ROW 7
/* Looks at the same descriptor that found something, until epoll is done without. */
#define FINDS_UNTIL_OUT 16

struct post {
	void (*fn)(void *data);
	void *data;
};

struct handler {
	void (*fn)(void *data, int signo);
	void *data;
};

struct zloop {
	int epoll;
	bool stopped;
	int64_t time; /* of the present pass; 0: does not run */

	/* The events of this pass that are still to be dispatched. */
	struct epoll_event ready[MAX_EVENTS];
	int ready_at, ready_end;

	GSequence *timers;
	struct zloop_timer *first_timer; /* NULL: none is armed */
	uint64_t timer_order;
	int64_t timer_set; /* what the timerfd is armed for; INT64_MAX: not */
	struct zloop_io timer_io;

	struct zloop_work work; /* head of the ring */

	pthread_mutex_t lock;
	GQueue posts; /* of struct post, under the lock */
	struct zloop_io post_io;

	atomic_bool asleep; /* or about to: whoever leaves something must wake the loop */
	bool (*waits)(void *data);
	bool (*run_source)(void *data);
	void *source;
	int64_t busy_poll, busy_until;
	struct zloop_io *hot; /* the last to be ready of those that can be looked at */
	int looks;	      /* since all were asked for */
	int finds;	      /* by looks at it */
	bool hot_is_out;      /* of epoll */

	sigset_t signals;
	struct handler handlers[NSIG];
	struct zloop_io signal_io;
};

int64_t zloop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t zloop_time(const struct zloop *loop)
{
	return loop->time ? loop->time : zloop_now();
}

/* ---- descriptors -------------------------------------------------------------------- */

void zloop_add(struct zloop *loop, struct zloop_io *io, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	g_assert(fd >= 0);
	io->fd = fd;
	io->events = events;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		g_error("epoll_ctl: %s", g_strerror(errno));
}

/* The descriptor that is looked at, back into epoll, which tells at once what it missed. */
static void put_back(struct zloop *loop)
{
	loop->finds = 0;
	if (!loop->hot_is_out)
		return;
	loop->hot_is_out = false;
	zloop_add(loop, loop->hot, loop->hot->fd, loop->hot->events);
}

static void take_out(struct zloop *loop)
{
	loop->hot_is_out = true;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->hot->fd, NULL) < 0)
		g_error("epoll_ctl: %s", g_strerror(errno));
}

static void make_hot(struct zloop *loop, struct zloop_io *io)
{
	if (loop->hot == io)
		return;
	put_back(loop);
	loop->hot = io;
}

void zloop_modify(struct zloop *loop, struct zloop_io *io, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	if (io->events == events)
		return;
	if (loop->hot == io)
		put_back(loop);
	io->events = events;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, io->fd, &ev) < 0)
		g_error("epoll_ctl: %s", g_strerror(errno));
}

void zloop_remove(struct zloop *loop, struct zloop_io *io)
{
	if (io->fd < 0)
		return;
	if (loop->hot == io) {
		put_back(loop);
		loop->hot = NULL;
	}
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, io->fd, NULL);
	io->fd = -1;
	io->events = 0;
	for (int i = loop->ready_at; i < loop->ready_end; i++)
		if (loop->ready[i].data.ptr == io)
			loop->ready[i].data.ptr = NULL;
}

static void dispatch(struct zloop *loop)
{
	for (loop->ready_at = 0; loop->ready_at < loop->ready_end;) {
		const struct epoll_event ev = loop->ready[loop->ready_at++];
		struct zloop_io *io = ev.data.ptr;

		if (!io)
			continue;
		if (io->look && loop->busy_poll > 0)
			make_hot(loop, io);
		io->fn(io->data, ev.events);
	}
	loop->ready_at = loop->ready_end = 0;
}

/* ---- timers ------------------------------------------------------------------------- */

static int timer_compare(const void *a, const void *b, void *unused)
{
	const struct zloop_timer *x = a, *y = b;

	(void)unused;
	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Timers are armed seldom, and asked for in each pass. */
static void note_first_timer(struct zloop *loop)
{
	GSequenceIter *first = g_sequence_get_begin_iter(loop->timers);

	loop->first_timer = g_sequence_iter_is_end(first) ? NULL : g_sequence_get(first);
}

void zloop_timer_set(struct zloop *loop, struct zloop_timer *timer, int64_t due)
{
	zloop_timer_cancel(loop, timer);
	timer->due = due;
	timer->order = loop->timer_order++;
	timer->place = g_sequence_insert_sorted(loop->timers, timer, timer_compare, NULL);
	note_first_timer(loop);
}

void zloop_timer_cancel(struct zloop *loop, struct zloop_timer *timer)
{
	if (!timer->place)
		return;
	g_sequence_remove(timer->place);
	timer->place = NULL;
	note_first_timer(loop);
}

static void run_timers(struct zloop *loop)
{
	const uint64_t newer = loop->timer_order; /* armed by these timers: the next pass */
	const int64_t now = loop->time;
	struct zloop_timer *timer;

	while ((timer = loop->first_timer) && timer->due <= now && timer->order < newer) {
		zloop_timer_cancel(loop, timer);
		timer->fn(timer->data);
	}
}

static void arm_timerfd(struct zloop *loop)
{
	const struct zloop_timer *first = loop->first_timer;
	const int64_t due = first ? first->due : INT64_MAX;
	struct itimerspec spec = {0};

	if (due == loop->timer_set)
		return;
	loop->timer_set = due;
	if (first) {
		const int64_t at = MAX(due, 1); /* 0 would disarm */

		spec.it_value.tv_sec = at / NS_PER_S;
		spec.it_value.tv_nsec = at % NS_PER_S;
	}
	timerfd_settime(loop->timer_io.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void timerfd_ready(void *data, uint32_t events)
{
	struct zloop *loop = data;
	uint64_t count;

	(void)events;
	if (read(loop->timer_io.fd, &count, sizeof(count)) == sizeof(count))
		loop->timer_set = INT64_MAX;
}

/* ---- deferred work ------------------------------------------------------------------ */

static void work_link(struct zloop_work *head, struct zloop_work *work)
{
	work->prev = head->prev;
	work->next = head;
	head->prev->next = work;
	head->prev = work;
	work->queued = true;
}

void zloop_work_queue(struct zloop *loop, struct zloop_work *work)
{
	if (!work->queued)
		work_link(&loop->work, work);
}

void zloop_work_cancel(struct zloop *loop, struct zloop_work *work)
{
	(void)loop;
	if (!work->queued)
		return;
	work->prev->next = work->next;
	work->next->prev = work->prev;
	work->queued = false;
}

static void run_work(struct zloop *loop)
{
	struct zloop_work mark = {.fn = NULL};

	if (loop->work.next == &loop->work)
		return;
	work_link(&loop->work, &mark);
	while (loop->work.next != &mark) {
		struct zloop_work *work = loop->work.next;

		zloop_work_cancel(loop, work);
		work->fn(work->data);
	}
	zloop_work_cancel(loop, &mark);
}

/* ---- posts and signals -------------------------------------------------------------- */

static void ring_bell(struct zloop *loop)
{
	const uint64_t one = 1;

	if (write(loop->post_io.fd, &one, sizeof(one)) < 0)
		g_assert(errno == EAGAIN); /* the counter is full: it wakes anyway */
}

void zloop_post(struct zloop *loop, void (*fn)(void *data), void *data)
{
	struct post *post = g_new(struct post, 1);

	*post = (struct post){fn, data};
	pthread_mutex_lock(&loop->lock);
	g_queue_push_tail(&loop->posts, post);
	pthread_mutex_unlock(&loop->lock);
	ring_bell(loop);
}

void zloop_run_posts(struct zloop *loop)
{
	struct post *post;
	GQueue mine;

	pthread_mutex_lock(&loop->lock);
	mine = loop->posts;
	g_queue_init(&loop->posts);
	pthread_mutex_unlock(&loop->lock);
	while ((post = g_queue_pop_head(&mine))) {
		post->fn(post->data);
		g_free(post);
	}
}

static void post_ready(void *data, uint32_t events)
{
	struct zloop *loop = data;
	uint64_t count;

	(void)events;
	if (read(loop->post_io.fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	zloop_run_posts(loop);
}

void zloop_set_source(struct zloop *loop, bool (*waits)(void *data), bool (*run)(void *data),
		      void *data)
{
	loop->waits = waits;
	loop->run_source = run;
	loop->source = data;
}

/*
 * Why no wake-up is lost. Who leaves something stores it, then loads `asleep`; the loop, before it
 * sleeps, stores `asleep`, then looks (waits). The four are sequentially consistent and so have one
 * order. Say that the loop sleeps and its look has missed something. Then that was stored after the
 * look, hence after the loop's last true, and the load sees this true, and rings; or a false that
 * came later, which is another waker's, who rings. (The loop's own earlier false cannot be seen any
 * more: stores of one thread to one object keep their order.) The bell stays readable until a pass
 * reads it, and this pass runs the source after that.
 */
void zloop_wake(struct zloop *loop)
{
	if (atomic_load(&loop->asleep) && atomic_exchange(&loop->asleep, false))
		ring_bell(loop);
}

void zloop_set_busy_poll(struct zloop *loop, int64_t ns)
{
	loop->busy_poll = ns;
}

static void signal_ready(void *data, uint32_t events)
{
	struct zloop *loop = data;
	struct signalfd_siginfo info;

	(void)events;
	while (read(loop->signal_io.fd, &info, sizeof(info)) == sizeof(info)) {
		const struct handler *handler = &loop->handlers[info.ssi_signo];

		if (handler->fn)
			handler->fn(handler->data, (int)info.ssi_signo);
	}
}

void zloop_signal(struct zloop *loop, int signo, void (*fn)(void *data, int signo), void *data)
{
	int fd;

	g_assert(signo > 0 && signo < NSIG);
	sigaddset(&loop->signals, signo);
	loop->handlers[signo] = (struct handler){fn, data};
	pthread_sigmask(SIG_BLOCK, &loop->signals, NULL);
	fd = signalfd(loop->signal_io.fd, &loop->signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		g_error("signalfd: %s", g_strerror(errno));
	if (loop->signal_io.fd < 0)
		zloop_add(loop, &loop->signal_io, fd, EPOLLIN);
}

/* ---- the loop ----------------------------------------------------------------------- */

struct zloop *zloop_new(void)
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	const int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct zloop *loop;

	if (epoll < 0 || timer < 0 || event < 0) {
		const int saved = errno;

		close(epoll);
		close(timer);
		close(event);
		errno = saved;
		return NULL;
	}
	loop = g_new0(struct zloop, 1);
	loop->epoll = epoll;
	loop->timers = g_sequence_new(NULL);
	loop->timer_set = INT64_MAX;
	loop->work.next = loop->work.prev = &loop->work;
	pthread_mutex_init(&loop->lock, NULL);
	g_queue_init(&loop->posts);
	sigemptyset(&loop->signals);
	loop->timer_io = (struct zloop_io){.fd = -1, .fn = timerfd_ready, .data = loop};
	loop->post_io = (struct zloop_io){.fd = -1, .fn = post_ready, .data = loop};
	loop->signal_io = (struct zloop_io){.fd = -1, .fn = signal_ready, .data = loop};
	zloop_add(loop, &loop->timer_io, timer, EPOLLIN);
	zloop_add(loop, &loop->post_io, event, EPOLLIN);
	return loop;
}

void zloop_free(struct zloop *loop)
{
	if (!loop)
		return;
	g_assert(g_sequence_is_empty(loop->timers));
	g_assert(loop->work.next == &loop->work);
	close(loop->timer_io.fd);
	close(loop->post_io.fd);
	if (loop->signal_io.fd >= 0)
		close(loop->signal_io.fd);
	close(loop->epoll);
	g_queue_clear_full(&loop->posts, g_free);
	pthread_mutex_destroy(&loop->lock);
	g_sequence_free(loop->timers);
	g_free(loop);
}

/* Whether epoll_wait may sleep; then `asleep` says so to other threads. */
static bool may_sleep(struct zloop *loop)
{
	if (loop->work.next != &loop->work)
		return false;
	if (loop->busy_poll > 0 && loop->time < loop->busy_until)
		return false;
	if (!loop->waits)
		return true;
	atomic_store(&loop->asleep, true);
	if (!loop->waits(loop->source))
		return true;
	atomic_store(&loop->asleep, false);
	return false;
}

/* Whoever was ready last is likely to be next; the others are asked for every few passes. */
static bool may_look(const struct zloop *loop)
{
	return loop->busy_poll > 0 && loop->hot && loop->looks < LOOKS_IN_A_ROW;
}

static void note_find(struct zloop *loop)
{
	if (!loop->hot || loop->hot_is_out || ++loop->finds < FINDS_UNTIL_OUT)
		return;
	take_out(loop);
}

/* Until there is something, or it is the others' turn. A clock read for each would delay it. */
static bool look(struct zloop *loop)
{
	loop->time = zloop_now();
	while (may_look(loop)) {
		loop->looks++;
		switch (loop->hot->look(loop->hot->data)) {
		case ZLOOP_LOOK_FOUND:
			note_find(loop);
			return true;
		case ZLOOP_LOOK_IN_VAIN:
			make_hot(loop, NULL);
			return false;
		case ZLOOP_LOOK_NOTHING:
			break;
		}
		if (loop->waits && loop->waits(loop->source))
			return false;
	}
	return false;
}

/* Dispatches what is ready. False: nothing was. */
static bool poll_all(struct zloop *loop, bool sleeps)
{
	int n;

	if (sleeps) {
		put_back(loop);
		arm_timerfd(loop);
	}
	n = zcall_epoll_wait(loop->epoll, loop->ready, MAX_EVENTS, sleeps ? -1 : 0);
	if (sleeps && loop->waits)
		atomic_store_explicit(&loop->asleep, false, memory_order_relaxed);
	loop->looks = 0;
	loop->time = zloop_now();
	loop->ready_at = 0;
	loop->ready_end = MAX(n, 0);
	dispatch(loop);
	return n > 0 || sleeps;
}

static void one_pass(struct zloop *loop)
{
	const bool sleeps = may_sleep(loop);
	bool worked = !sleeps && may_look(loop) ? look(loop) : poll_all(loop, sleeps);

	if (loop->run_source && loop->run_source(loop->source))
		worked = true;
	if (worked && loop->busy_poll > 0)
		loop->busy_until = loop->time + loop->busy_poll;
	run_timers(loop);
}

bool zloop_is_idle(const struct zloop *loop)
{
	struct pollfd ready = {.fd = loop->epoll, .events = POLLIN};

	return loop->work.next == &loop->work && loop->ready_at == loop->ready_end &&
	       poll(&ready, 1, 0) == 0;
}

/* sendfile and splice have no MSG_NOSIGNAL. True: SIGPIPE was not blocked before. */
static bool hold_sigpipe(sigset_t *pipe)
{
	sigset_t before;

	sigemptyset(pipe);
	sigaddset(pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, pipe, &before);
	return !sigismember(&before, SIGPIPE);
}

static void let_go_of_sigpipe(const sigset_t *pipe)
{
	const struct timespec now = {0};

	/* Ours came to this thread; it must not find the program unprepared. */
	while (sigtimedwait(pipe, NULL, &now) == SIGPIPE)
		;
	pthread_sigmask(SIG_UNBLOCK, pipe, NULL);
}

void zloop_run(struct zloop *loop)
{
	sigset_t pipe;
	const bool held = hold_sigpipe(&pipe);

	loop->stopped = false;
	loop->time = zloop_now();
	while (!loop->stopped) {
		run_work(loop);
		if (loop->stopped)
			break;
		one_pass(loop);
	}
	loop->time = 0;
	if (held)
		let_go_of_sigpipe(&pipe);
}

void zloop_stop(struct zloop *loop)
{
	loop->stopped = true;
}
