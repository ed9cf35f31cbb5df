/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_LOOP_H
#define ZREAL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One epoll loop of one thread: descriptors, timers, deferred work, signals, and posts from other
 * threads. One pass: everything that is ready is dispatched, then due timers, then one round of
 * deferred work; so what all descriptors of a pass asked to be sent goes out together at its end.
 * All functions but zloop_post are for the loop's own thread. Times: ns of CLOCK_MONOTONIC.
 */
struct zloop;

/* What a look at a descriptor brought. */
enum zloop_look {
	ZLOOP_LOOK_NOTHING,
	ZLOOP_LOOK_FOUND,
	ZLOOP_LOOK_IN_VAIN, /* there is more to wait for than looks show: epoll is asked */
};

/* A descriptor in the loop, embedded in its owner, who sets fn and data first. */
struct zloop_io {
	int fd; /* -1: not in the loop */
	uint32_t events;
	void (*fn)(void *data, uint32_t events);
	void *data;
	/*
	 * NULL: none. Reads without being told that there is something. For busy polling: one
	 * system call instead of two when the same descriptor goes on.
	 */
	enum zloop_look (*look)(void *data);
};

/* A timer, embedded in its owner; zero-initialised with fn and data set. */
struct zloop_timer {
	int64_t due;
	uint64_t order;
	void *place; /* NULL: not armed */
	void (*fn)(void *data);
	void *data;
};

/* Deferred work, embedded in its owner; zero-initialised with fn and data set. */
struct zloop_work {
	struct zloop_work *next, *prev;
	bool queued;
	void (*fn)(void *data);
	void *data;
};

/* NULL with errno when the kernel gives no descriptors. */
struct zloop *zloop_new(void);
/* Everything must have been removed but signals and posts. */
void zloop_free(struct zloop *loop);

int64_t zloop_now(void);
/* When the events of the present pass were taken; outside of zloop_run: now. */
int64_t zloop_time(const struct zloop *loop);

/* Watches fd (stays the owner's) for EPOLL* events; level-triggered unless EPOLLET is given. */
void zloop_add(struct zloop *loop, struct zloop_io *io, int fd, uint32_t events);
void zloop_modify(struct zloop *loop, struct zloop_io *io, uint32_t events);
/* No event reaches io after this, not even one of the present pass. Not watched: nothing. */
void zloop_remove(struct zloop *loop, struct zloop_io *io);

/* Arms, or moves, the timer; equal times fire in the order in which they were armed. */
void zloop_timer_set(struct zloop *loop, struct zloop_timer *timer, int64_t due);
void zloop_timer_cancel(struct zloop *loop, struct zloop_timer *timer);

/* Runs fn at the end of this pass; asked for inside a round of work: in the next round. */
void zloop_work_queue(struct zloop *loop, struct zloop_work *work);
void zloop_work_cancel(struct zloop *loop, struct zloop_work *work);

/* Any thread: fn(data) soon, on the loop's thread, in the order of the posts. */
void zloop_post(struct zloop *loop, void (*fn)(void *data), void *data);

/* Takes the signal (blocked for this thread from now on) and calls fn in the loop. */
void zloop_signal(struct zloop *loop, int signo, void (*fn)(void *data, int signo), void *data);

/*
 * Work that other threads leave without a lock: run(data) is called in each pass, and says whether
 * there was any. Before the loop sleeps it asks waits(data), after which a zloop_wake by whoever
 * left something is not missed. One per loop; waits must read what the other threads wrote in
 * sequentially consistent order.
 */
void zloop_set_source(struct zloop *loop, bool (*waits)(void *data), bool (*run)(void *data),
		      void *data);
/* Any thread: a system call only when the loop sleeps or is about to. */
void zloop_wake(struct zloop *loop);
/*
 * For ns after the last thing that happened the loop looks again instead of sleeping; 0: never. It
 * looks at the descriptor with a look function that was ready last, and at every eighth time at
 * all. One at which looks go on finding something is not in epoll meanwhile: there it would cost
 * whoever sends to it some time with each message.
 */
void zloop_set_busy_poll(struct zloop *loop, int64_t ns);

/* Runs what was posted but not seen to: after the loop has ended, from any one thread. */
void zloop_run_posts(struct zloop *loop);

/* Nothing is ready and no work is queued: without a timer, nothing more would happen now. */
bool zloop_is_idle(const struct zloop *loop);
/* Until zloop_stop. SIGPIPE is blocked for this thread meanwhile. */
void zloop_run(struct zloop *loop);
void zloop_stop(struct zloop *loop);

#endif
