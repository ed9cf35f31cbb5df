/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/conn.h"
#include "real/fault.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long a closed connection waits for the other side's FIN: real ns. */
#define LINGER_NS INT64_C(2000000000)
/* Reads of what a closed connection still gets, each of the scratch buffer. */
#define DISCARDS_PER_PASS 16
/* How long a connection that is suspected to be half open is probed: real ns. */
#define PROBE_NS INT64_C(5000000000)

static void on_ready(void *data, uint32_t events);
static enum zloop_look look(void *data);
static void time_is_up(void *data);

struct zreal_conn *zreal_conn_new(struct zreal_node *node)
{
	struct zreal_conn *conn = g_new0(struct zreal_conn, 1);

	conn->node = node;
	conn->state = ZREAL_NEW;
	conn->lowat = 1;
	zsplice_init(&conn->splice);
	conn->pending.data = conn->link.data = conn;
	conn->io = (struct zloop_io){.fd = -1, .fn = on_ready, .look = look, .data = conn};
	conn->timer = (struct zloop_timer){.fn = time_is_up, .data = conn};
	g_queue_push_tail_link(&node->conns, &conn->link);
	node->stats.conns++;
	return conn;
}

void zreal_conn_discard(struct zreal_conn *conn)
{
	struct zreal_node *node = conn->node;

	g_assert(conn->io.fd < 0 && conn->way.outstanding == 0);
	zloop_timer_cancel(node->loop, &conn->timer);
	if (conn->asked)
		g_queue_unlink(&node->pending, &conn->pending);
	g_queue_unlink(&node->conns, &conn->link);
	node->stats.conns--;
	zsplice_clear(&conn->splice);
	g_free(conn);
}

void zreal_conn_ask(struct zreal_conn *conn, unsigned asks)
{
	if (!conn->asked)
		g_queue_push_tail_link(&conn->node->pending, &conn->pending);
	conn->asked |= asks;
	zreal_node_kick(conn->node);
}

void zreal_conn_watch(struct zreal_conn *conn)
{
	uint32_t events = 0;

	if (conn->io.fd < 0)
		return;
	switch (conn->state) {
	case ZREAL_NEW:
		break;
	case ZREAL_CONNECTING:
		events = EPOLLOUT;
		break;
	case ZREAL_OPEN:
		events = (conn->paused ? 0 : EPOLLIN) | (conn->tx_blocked ? EPOLLOUT : 0);
		break;
	case ZREAL_CLOSING:
		events = EPOLLIN;
		break;
	case ZREAL_FAILED:
	case ZREAL_ABORTED: /* HUP is always there: only news are of interest */
		events = EPOLLET;
		break;
	}
	zloop_modify(conn->node->loop, &conn->io, events);
}

/* TCP's own timeout is the node's: what the core took to be sent may still be with the kernel. */
static void guard(const struct zreal_conn *conn, int fd)
{
	const struct zreal_options *options = &conn->node->options;
	const double ms = (double)options->core.socket_timeout * conn->node->clock->scale / 1e6;

	if (options->keepalive > 0)
		zsock_guard(fd, options->keepalive, (unsigned)CLAMP(ms, 1, G_MAXINT32));
}

void zreal_conn_suspect(struct zreal_conn *conn)
{
	if (conn->state != ZREAL_OPEN || conn->node->options.keepalive <= 0)
		return;
	zsock_probe(conn->io.fd);
	zloop_timer_set(conn->node->loop, &conn->timer, zloop_now() + PROBE_NS);
}

void zreal_conn_attach(struct zreal_conn *conn, int fd, const struct sockaddr_in *remote,
		       enum zreal_conn_state state)
{
	conn->remote = *remote;
	guard(conn, fd);
	zway_init(&conn->way, conn->node->options.way, fd);
	conn->state = state;
	zloop_add(conn->node->loop, &conn->io, fd, state == ZREAL_OPEN ? EPOLLIN : EPOLLOUT);
}

void zreal_conn_fail(struct zreal_conn *conn, enum zcl_err why)
{
	struct zreal_node *node = conn->node;

	if (conn->state >= ZREAL_FAILED || conn->asked & ZREAL_ASK_END)
		return;
	conn->state = ZREAL_FAILED;
	zreal_conn_watch(conn);
	zcl_conn_closed(conn->core, why, zreal_node_now(node));
	zreal_node_kick(node);
}

/* ---- connecting --------------------------------------------------------------------- */

static bool wants_reserved(const struct zreal_node *node, const struct sockaddr_in *to)
{
	switch (node->options.reserved) {
	case ZREAL_RESERVED_ALWAYS:
		return true;
	case ZREAL_RESERVED_NEVER:
		return false;
	case ZREAL_RESERVED_AUTO:
		break;
	}
	return ntohs(to->sin_port) == ZSOCK_PORT;
}

static void start_connect(struct zreal_conn *conn)
{
	struct zreal_node *node = conn->node;
	struct sockaddr_in to;
	enum zsock_source source;
	int fd;

	if (!zreal_node_peer(node, zcl_conn_peer_nid(conn->core), &to)) {
		zreal_conn_fail(conn, ZCL_E_UNREACHABLE);
		return;
	}
	fd = zsock_connect(node->source, &to, wants_reserved(node, &to), &source);
	if (fd < 0) {
		zreal_conn_fail(conn, zsock_error(errno));
		return;
	}
	if (source == ZSOCK_SOURCE_RESERVED)
		node->stats.reserved_sources++;
	else
		node->stats.ordinary_sources++;
	if (source == ZSOCK_SOURCE_NOT_PERMITTED)
		zreal_note(node, ZREAL_NOTE_NOT_PERMITTED, &to);
	else if (source == ZSOCK_SOURCE_IN_USE)
		zreal_note(node, ZREAL_NOTE_PORTS_IN_USE, &to);
	zreal_conn_attach(conn, fd, &to, ZREAL_CONNECTING);
}

/* A port that nobody listens at can be chosen as our own source: TCP then connects to itself. */
static bool is_self_connected(int fd)
{
	struct sockaddr_in a = {0}, b = {0};
	socklen_t alen = sizeof(a), blen = sizeof(b);

	return getsockname(fd, (struct sockaddr *)&a, &alen) == 0 &&
	       getpeername(fd, (struct sockaddr *)&b, &blen) == 0 && a.sin_port == b.sin_port &&
	       a.sin_addr.s_addr == b.sin_addr.s_addr;
}

static void end_connect(struct zreal_conn *conn)
{
	const int error = zsock_take_error(conn->io.fd);

	if (error || is_self_connected(conn->io.fd)) {
		zreal_conn_fail(conn, error ? zsock_error(error) : ZCL_E_REFUSED);
		return;
	}
	conn->node->stats.connected++;
	conn->state = ZREAL_OPEN;
	zreal_conn_watch(conn);
	zcl_conn_connected(conn->core, zreal_node_now(conn->node));
}

/* ---- the end ------------------------------------------------------------------------ */

/*
 * The other side reads what is queued there even after a reset, and on this machine that is the
 * very pages that were lent: other ones take their place before their owner writes there.
 */
static void detach(void *user, const struct iovec *iov, size_t niov)
{
	struct zreal_node *node = user;

	if (zreal_fault(node, ZREAL_FAULT_NO_DETACH))
		return;
	for (size_t i = 0; i < niov; i++) {
		if (zmem_detach(iov[i].iov_base, iov[i].iov_len)) {
			node->stats.way.detached += iov[i].iov_len;
			continue;
		}
		node->stats.way.undetached += iov[i].iov_len;
		g_warning("%zu bytes of registered memory could not be detached: %s. The receiver "
			  "of a broken connection may read what is written there next.",
			  iov[i].iov_len, g_strerror(errno));
	}
}

/* Nothing of it is with the kernel: the core's last word on it. */
static void gone(struct zreal_conn *conn)
{
	struct zreal_node *node = conn->node;
	struct zcl_conn *core = conn->core;
	const int fd = conn->io.fd;

	g_assert(conn->way.outstanding == 0);
	if (fd >= 0) {
		zloop_remove(node->loop, &conn->io);
		close(fd);
	}
	zreal_conn_discard(conn);
	zcl_conn_foreach_spliced(core, detach, node);
	zcl_conn_gone(core, zreal_node_now(node));
	zreal_node_kick(node);
}

/*
 * Resets. The descriptor stays until the error queue has given back all pages: a program that gets
 * its buffer back sooner could change what the other side receives.
 */
static void start_abort(struct zreal_conn *conn)
{
	zloop_timer_cancel(conn->node->loop, &conn->timer);
	conn->state = ZREAL_ABORTED;
	if (conn->io.fd < 0) {
		gone(conn);
		return;
	}
	zsock_abort(conn->io.fd);
	zreal_conn_completions(conn);
	if (conn->way.outstanding == 0)
		gone(conn);
	else
		zreal_conn_watch(conn);
}

static void time_is_up(void *data)
{
	struct zreal_conn *conn = data;

	if (conn->state == ZREAL_OPEN)
		guard(conn, conn->io.fd);
	else if (conn->state == ZREAL_CLOSING)
		start_abort(conn);
}

/* Reads and discards, so that our close is a FIN and what was sent before it arrives. */
static void discard_input(struct zreal_conn *conn)
{
	struct zreal_node *node = conn->node;
	ssize_t n = 0;

	zreal_conn_completions(conn);
	/* The rest in the next pass: who sends without end keeps nobody waiting. */
	for (int i = 0; i < DISCARDS_PER_PASS; i++) {
		n = recv(conn->io.fd, node->scratch, sizeof(node->scratch), 0);
		if (n <= 0)
			break;
	}
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	if (conn->way.outstanding > 0)
		start_abort(conn);
	else
		gone(conn);
}

static void start_close(struct zreal_conn *conn)
{
	if (conn->io.fd < 0 || conn->state != ZREAL_OPEN) {
		start_abort(conn);
		return;
	}
	conn->state = ZREAL_CLOSING;
	shutdown(conn->io.fd, SHUT_WR);
	zloop_timer_set(conn->node->loop, &conn->timer, zloop_now() + LINGER_NS);
	zreal_conn_watch(conn);
	discard_input(conn);
}

/* ---- events ------------------------------------------------------------------------- */

static void resume_rx(struct zreal_conn *conn)
{
	if (conn->state != ZREAL_OPEN || !conn->paused)
		return;
	conn->paused = false;
	zreal_conn_watch(conn);
	zreal_conn_receive(conn);
}

void zreal_conn_serve(struct zreal_conn *conn)
{
	const unsigned asked = conn->asked;

	conn->asked = 0;
	if (asked & ZREAL_ASK_ABORT) {
		start_abort(conn);
		return;
	}
	if (asked & ZREAL_ASK_CLOSE) {
		start_close(conn);
		return;
	}
	if (asked & ZREAL_ASK_CONNECT)
		start_connect(conn);
	if (asked & ZREAL_ASK_RX)
		resume_rx(conn);
	if (asked & ZREAL_ASK_TX)
		zreal_conn_send(conn);
}

/* The other side is gone while we do not read: nothing that is still to be read can be answered. */
static void broken_while_paused(struct zreal_conn *conn)
{
	const int error = zsock_take_error(conn->io.fd);

	zreal_conn_fail(conn, error ? zsock_error(error) : ZCL_E_RESET);
}

static void on_open(struct zreal_conn *conn, uint32_t events)
{
	if (events & EPOLLERR)
		zreal_conn_completions(conn);
	if (events & EPOLLOUT) {
		conn->tx_blocked = false;
		zreal_conn_watch(conn);
		zreal_conn_ask(conn, ZREAL_ASK_TX);
	}
	if (conn->paused) {
		if (events & EPOLLHUP)
			broken_while_paused(conn);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		zreal_conn_receive(conn);
}

static void on_ready(void *data, uint32_t events)
{
	struct zreal_conn *conn = data;

	zreal_node_kick(conn->node);
	switch (conn->state) {
	case ZREAL_NEW:
		g_assert_not_reached();
	case ZREAL_CONNECTING:
		end_connect(conn);
		break;
	case ZREAL_OPEN:
		on_open(conn, events);
		break;
	case ZREAL_FAILED:
		zreal_conn_completions(conn);
		break;
	case ZREAL_CLOSING:
		discard_input(conn);
		break;
	case ZREAL_ABORTED:
		zreal_conn_completions(conn);
		if (conn->way.outstanding == 0)
			gone(conn);
		break;
	}
}

static enum zloop_look look(void *data)
{
	return zreal_conn_look(data);
}
