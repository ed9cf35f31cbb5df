/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/conn.h"

#define ACCEPTS_PER_PASS 64
/* How long callers wait when there is no memory for them, or no descriptor: real ns. */
#define BREATH_NS INT64_C(100000000)

static void open_spare(struct zreal_node *node)
{
	node->spare = node->options.no_spare ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Callers wait in the kernel's queue: the loop would be told of them again and again. */
static void hold(struct zreal_node *node)
{
	node->holding = true;
	node->stats.held++;
	zloop_modify(node->loop, &node->listener, 0);
}

static void breath_is_over(void *data)
{
	zreal_node_kick(data);
}

static void hold_for_a_breath(struct zreal_node *node)
{
	hold(node);
	zloop_timer_set(node->loop, &node->breath, zloop_now() + BREATH_NS);
}

/*
 * Out of descriptors: a caller that would wait for ever is turned away with the spare one. Another
 * thread may have taken that at the last time; then callers wait until there is one again.
 */
static void turn_away(struct zreal_node *node)
{
	int fd;

	zreal_note(node, ZREAL_NOTE_FILES, NULL);
	if (node->spare < 0) {
		hold_for_a_breath(node);
		return;
	}
	close(node->spare);
	fd = accept4(node->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	open_spare(node);
	node->stats.refused_files++;
}

/* NULL: it is closed. */
static struct zreal_conn *adopt(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	struct zreal_conn *conn;

	if (node->stopping) {
		close(fd);
		return NULL;
	}
	conn = zreal_conn_new(node);
	conn->core = zcl_node_accepted(node->core, conn, zreal_node_now(node));
	if (!conn->core) {
		node->stats.refused_limit++;
		zreal_note(node, ZREAL_NOTE_LIMIT, from);
		zreal_conn_discard(conn);
		close(fd);
		return NULL;
	}
	node->stats.accepted++;
	zreal_conn_attach(conn, fd, from, ZREAL_OPEN);
	zreal_node_kick(node);
	return conn;
}

void zreal_node_adopt(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	struct zreal_conn *conn = adopt(node, fd, from);

	/* Now, so that no other caller meets a limit for its sake. */
	if (conn)
		zreal_conn_receive(conn);
}

void zreal_node_adopt_late(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	struct zreal_conn *conn = adopt(node, fd, from);

	if (conn)
		zreal_conn_fail(conn, ZCL_E_TIMEDOUT);
}

static void take_caller(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	if (node->options.accept == ZREAL_ACCEPT_SECURE &&
	    ntohs(from->sin_port) > ZSOCK_RESERVED_MAX) {
		node->stats.refused_unreserved++;
		zreal_note(node, ZREAL_NOTE_UNRESERVED, from);
		close(fd);
		return;
	}
	if (node->options.route && node->options.route(node->options.user, fd, from))
		return;
	adopt(node, fd, from);
}

static bool has_room(const struct zreal_node *node)
{
	return zcl_node_may_accept(node->core) &&
	       (!node->options.has_room || node->options.has_room(node->options.user));
}

void zreal_listener_admit(struct zreal_node *node)
{
	if (!node->holding || node->listener.fd < 0 || !has_room(node))
		return;
	node->holding = false;
	zloop_modify(node->loop, &node->listener, EPOLLIN);
}

static void on_callers(void *data, uint32_t events)
{
	struct zreal_node *node = data;

	(void)events;
	if (node->spare < 0)
		open_spare(node);
	for (int i = 0; i < ACCEPTS_PER_PASS; i++) {
		struct sockaddr_in from = {0};
		socklen_t len = sizeof(from);
		int fd;

		/*
		 * Too many have not said who they are. Closing the others would look like a node of
		 * the oldest kind, and their answer would be V1.
		 */
		if (!has_room(node)) {
			hold(node);
			return;
		}
		fd = accept4(node->listener.fd, (struct sockaddr *)&from, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_caller(node, fd, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE) {
			turn_away(node);
			return;
		}
		if (errno == ENOBUFS || errno == ENOMEM) {
			hold_for_a_breath(node);
			return;
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

void zreal_listener_init(struct zreal_node *node)
{
	node->listener = (struct zloop_io){.fd = -1, .fn = on_callers, .data = node};
	node->breath = (struct zloop_timer){.fn = breath_is_over, .data = node};
	open_spare(node);
}

/* What can be done about it; empty when only the error can be told. */
static const char *listen_remedy(int error)
{
	switch (error) {
	case EACCES:
		return " (ports below 1024 need CAP_NET_BIND_SERVICE; choose another with "
		       "--listen)";
	case EADDRINUSE:
		return " (another process listens there, or this host's own LNet does; choose "
		       "another with --listen)";
	case EADDRNOTAVAIL:
		return " (no interface of this host has that address, or not yet; compare it with "
		       "--nid, or choose another with --listen)";
	default:
		return "";
	}
}

bool zreal_listener_start(struct zreal_node *node, GError **error)
{
	char text[ZSOCK_TEXT_MAX];
	int fd;

	if (!node->options.listens)
		return true;
	node->address = node->options.listen;
	fd = node->options.listen_fd >= 0 ? zsock_listening(node->options.listen_fd, &node->address)
					  : zsock_listen(&node->address);
	if (fd < 0) {
		const int saved = errno;

		zsock_format(&node->options.listen, text);
		g_set_error(error, ZREAL_ERROR, ZCL_E_IO, "cannot listen at %s: %s%s", text,
			    g_strerror(saved), listen_remedy(saved));
		return false;
	}
	zloop_add(node->loop, &node->listener, fd, EPOLLIN);
	return true;
}

void zreal_listener_stop(struct zreal_node *node)
{
	const int fd = node->listener.fd;

	if (fd < 0)
		return;
	zloop_timer_cancel(node->loop, &node->breath);
	zloop_remove(node->loop, &node->listener);
	close(fd);
}

void zreal_listener_clear(struct zreal_node *node)
{
	zreal_listener_stop(node);
	if (node->spare >= 0)
		close(node->spare);
}
