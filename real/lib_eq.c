/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* A queue of events that any thread waits on. Its descriptor is readable while it is not empty. */

struct zclnd_eq {
	pthread_mutex_t lock;
	struct zclnd_event *ring;
	size_t size, head, n;
	size_t extra, capacity; /* events that may be lost: how many wait, and may */
	uint64_t lost;
	int fd;
};

struct zclnd_eq *zclnd_eq_new(size_t capacity)
{
	const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct zclnd_eq *eq;

	if (fd < 0)
		return NULL;
	eq = g_new0(struct zclnd_eq, 1);
	eq->capacity = capacity;
	eq->fd = fd;
	pthread_mutex_init(&eq->lock, NULL);
	return eq;
}

void zclnd_eq_free(struct zclnd_eq *eq)
{
	if (!eq)
		return;
	pthread_mutex_destroy(&eq->lock);
	close(eq->fd);
	g_free(eq->ring);
	g_free(eq);
}

static void grow(struct zclnd_eq *eq)
{
	const size_t size = MAX(64, eq->size * 2);
	struct zclnd_event *ring = g_new(struct zclnd_event, size);

	for (size_t i = 0; i < eq->n; i++)
		ring[i] = eq->ring[(eq->head + i) & (eq->size - 1)];
	g_free(eq->ring);
	eq->ring = ring;
	eq->size = size;
	eq->head = 0;
}

static bool is_kept(const struct zclnd_event *event)
{
	return event->final || event->unlinked || event->kind == ZCLND_EV_SEND;
}

static void push(struct zclnd_eq *eq, const struct zclnd_event *event)
{
	if (!is_kept(event)) {
		if (eq->extra >= eq->capacity) {
			eq->lost++;
			return;
		}
		eq->extra++;
	}
	if (eq->n == eq->size)
		grow(eq);
	eq->ring[(eq->head + eq->n++) & (eq->size - 1)] = *event;
}

void zl_eq_push(struct zclnd_eq *eq, const struct zclnd_event *events, size_t n)
{
	const uint64_t one = 1;
	bool was_empty;

	if (n == 0)
		return;
	pthread_mutex_lock(&eq->lock);
	was_empty = eq->n == 0;
	for (size_t i = 0; i < n; i++)
		push(eq, &events[i]);
	if (was_empty && eq->n > 0 && write(eq->fd, &one, sizeof(one)) < 0)
		g_assert(errno == EAGAIN);
	pthread_mutex_unlock(&eq->lock);
}

bool zclnd_eq_poll(struct zclnd_eq *eq, struct zclnd_event *event)
{
	uint64_t count;
	bool there;

	pthread_mutex_lock(&eq->lock);
	there = eq->n > 0;
	if (there) {
		*event = eq->ring[eq->head];
		eq->head = (eq->head + 1) & (eq->size - 1);
		eq->n--;
		eq->extra -= !is_kept(event);
		if (eq->n == 0 && read(eq->fd, &count, sizeof(count)) < 0)
			g_assert(errno == EAGAIN);
	}
	pthread_mutex_unlock(&eq->lock);
	return there;
}

bool zclnd_eq_wait(struct zclnd_eq *eq, struct zclnd_event *event, int64_t timeout)
{
	const int64_t end = timeout < 0 ? INT64_MAX : zloop_now() + timeout;
	struct pollfd pollfd = {.fd = eq->fd, .events = POLLIN};

	for (;;) {
		struct timespec ts;
		int64_t left;

		if (zclnd_eq_poll(eq, event))
			return true;
		left = end - zloop_now();
		if (timeout >= 0 && left <= 0)
			return false;
		ts = (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
		if (ppoll(&pollfd, 1, timeout < 0 ? NULL : &ts, NULL) < 0 && errno != EINTR)
			return false;
	}
}

int zclnd_eq_fd(const struct zclnd_eq *eq)
{
	return eq->fd;
}

uint64_t zclnd_eq_lost(struct zclnd_eq *eq)
{
	uint64_t lost;

	pthread_mutex_lock(&eq->lock);
	lost = eq->lost;
	pthread_mutex_unlock(&eq->lock);
	return lost;
}
