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
	struct zcallers_options options;
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
	const bool was_full = !zcallers_have_room(callers);
	const int fd = caller->io.fd;

	zloop_remove(callers->loop, &caller->io);
	zloop_timer_cancel(callers->loop, &caller->timer);
	g_queue_unlink(&callers->all, &caller->link);
	g_free(caller);
	if (was_full)
		callers->options.room(callers->options.user);
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

static void look_at(struct caller *caller, uint32_t events, bool late)
{
	const struct zcallers_options *options = &caller->callers->options;
	struct zcaller seen = {
		.from = caller->from, .target = ZCL_NID_ANY, .source = ZCL_NID_ANY, .late = late};
	const bool waits = !late && !(events & (EPOLLERR | EPOLLHUP));
	uint8_t bytes[PEEK_BYTES];
	const ssize_t n = recv(caller->io.fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR) && waits)
		return;
	/* With what it has said before its end, somebody else deals with it. */
	if (n > 0 && !decode(bytes, (size_t)n, &seen.target, &seen.source) &&
	    n < (ssize_t)sizeof(bytes) && waits && !(events & EPOLLRDHUP))
		return;
	seen.fd = dismiss(caller);
	options->decide(options->user, &seen);
}

static void look(void *data, uint32_t events)
{
	look_at(data, events, false);
}

static void time_is_up(void *data)
{
	look_at(data, 0, true);
}

struct zcallers *zcallers_new(struct zloop *loop, const struct zcallers_options *options)
{
	struct zcallers *callers = g_new0(struct zcallers, 1);

	callers->loop = loop;
	callers->options = *options;
	g_queue_init(&callers->all);
	return callers;
}

bool zcallers_have_room(const struct zcallers *callers)
{
	return callers->all.length < callers->options.most;
}

void zcallers_take(struct zcallers *callers, int fd, const struct sockaddr_in *from)
{
	struct caller *caller = g_new0(struct caller, 1);

	g_assert(zcallers_have_room(callers));
	caller->callers = callers;
	caller->from = *from;
	caller->link.data = caller;
	caller->io = (struct zloop_io){.fd = -1, .fn = look, .data = caller};
	caller->timer = (struct zloop_timer){.fn = time_is_up, .data = caller};
	g_queue_push_tail_link(&callers->all, &caller->link);
	/* What is there stays there: only news are of interest. */
	zloop_add(callers->loop, &caller->io, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
	zloop_timer_set(callers->loop, &caller->timer, zloop_now() + callers->options.timeout);
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
