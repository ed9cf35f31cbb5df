/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/caller.h"

#include <errno.h>
#include <glib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/rx.h"

/* An acceptor request and the longest HELLO are shorter. */
#define PEEK_BYTES 512

struct zcallers {
	struct zloop *loop;
	size_t most;
	int64_t timeout;
	void (*decide)(void *user, int fd, const struct sockaddr_in *from, zcl_nid target,
		       zcl_nid source);
	void *user;
	GQueue all; /* of struct caller */
};

struct caller {
	struct zcallers *callers;
	struct zloop_io io;
	struct zloop_timer timer;
	struct sockaddr_in from;
	GList link;
};

/* Its descriptor, which is the caller's of this function to close. */
static int dismiss(struct caller *caller)
{
	struct zcallers *callers = caller->callers;
	const int fd = caller->io.fd;

	zloop_remove(callers->loop, &caller->io);
	zloop_timer_cancel(callers->loop, &caller->timer);
	g_queue_unlink(&callers->all, &caller->link);
	g_free(caller);
	return fd;
}

/* True: it is known, or will never be, who calls. */
static bool decode(const uint8_t *bytes, size_t n, zcl_nid *target, zcl_nid *source)
{
	struct zcl_rx_item item;
	enum zcl_err err = ZCL_OK;
	struct zcl_rx rx;
	size_t at = 0;

	zcl_rx_init(&rx, true, ZCL_V3);
	while (err == ZCL_OK) {
		err = zcl_rx_next(&rx, &item);
		if (err != ZCL_OK)
			break;
		if (item.kind == ZCL_ITEM_ACCEPT)
			*target = item.accept.acr_nid;
		if (item.kind == ZCL_ITEM_HELLO) {
			*source = item.hello.kshm_src_nid;
			break;
		}
		if (item.kind != ZCL_ITEM_MORE)
			continue;
		if (at == n)
			return false;
		at += zcl_rx_push(&rx, bytes + at, n - at);
	}
	return true;
}

static void look(void *data, uint32_t events)
{
	struct caller *caller = data;
	struct zcallers *callers = caller->callers;
	const struct sockaddr_in from = caller->from;
	zcl_nid target = ZCL_NID_ANY, source = ZCL_NID_ANY;
	uint8_t bytes[PEEK_BYTES];
	const ssize_t n = recv(caller->io.fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR) && !(events & (EPOLLERR | EPOLLHUP)))
		return;
	/* With what it has said before its end, somebody else deals with it. */
	if (n > 0 && !decode(bytes, (size_t)n, &target, &source) && n < (ssize_t)sizeof(bytes) &&
	    !(events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)))
		return;
	callers->decide(callers->user, dismiss(caller), &from, target, source);
}

static void time_is_up(void *data)
{
	close(dismiss(data));
}

struct zcallers *zcallers_new(struct zloop *loop, size_t most, int64_t timeout,
			      void (*decide)(void *user, int fd, const struct sockaddr_in *from,
					     zcl_nid target, zcl_nid source),
			      void *user)
{
	struct zcallers *callers = g_new0(struct zcallers, 1);

	callers->loop = loop;
	callers->most = most;
	callers->timeout = timeout;
	callers->decide = decide;
	callers->user = user;
	g_queue_init(&callers->all);
	return callers;
}

bool zcallers_take(struct zcallers *callers, int fd, const struct sockaddr_in *from)
{
	struct caller *caller;

	if (callers->all.length >= callers->most) {
		close(fd);
		return false;
	}
	caller = g_new0(struct caller, 1);
	caller->callers = callers;
	caller->from = *from;
	caller->link.data = caller;
	caller->io = (struct zloop_io){.fd = -1, .fn = look, .data = caller};
	caller->timer = (struct zloop_timer){.fn = time_is_up, .data = caller};
	g_queue_push_tail_link(&callers->all, &caller->link);
	/* What is there stays there: only news are of interest. */
	zloop_add(callers->loop, &caller->io, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
	zloop_timer_set(callers->loop, &caller->timer, zloop_now() + callers->timeout);
	return true;
}

void zcallers_close(struct zcallers *callers)
{
	while (callers && callers->all.length > 0)
		close(dismiss(callers->all.head->data));
}

void zcallers_free(struct zcallers *callers)
{
	g_assert(!callers || callers->all.length == 0);
	g_free(callers);
}
