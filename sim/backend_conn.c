/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "sim/backend_impl.h"

/* Source ports, as deployed nodes bind them: reserved ones from the top down (wire notes 1). */
#define SRC_PORT_FIRST 1023
#define SRC_PORT_LAST  512
#define SRC_PORT_TRIES (SRC_PORT_FIRST - SRC_PORT_LAST + 1)

struct zsimconn *zsimconn_new(struct zsimnode *node, struct zcl_conn *core, uint32_t from)
{
	struct zsimconn *conn = g_new0(struct zsimconn, 1);

	conn->node = node;
	conn->core = core;
	conn->from = from;
	conn->link.data = conn;
	conn->pending_link.data = conn;
	g_queue_push_tail_link(&node->conns, &conn->link);
	return conn;
}

static void conn_free(struct zsimconn *conn)
{
	struct zsimnode *node = conn->node;

	g_assert(conn->asks == 0);
	g_queue_unlink(&node->conns, &conn->link);
	zgate_free(conn->gate);
	if (conn->tcp != NULL)
		zsim_tcp_destroy(conn->tcp);
	g_free(conn);
}

void zsimconn_ask(struct zsimconn *conn, enum zsimconn_ask what)
{
	if (conn->asks == 0)
		g_queue_push_tail_link(&conn->node->pending, &conn->pending_link);
	conn->asks |= what;
}

static bool is_dying(const struct zsimconn *conn)
{
	return (conn->asks & (ZSIMCONN_CLOSE | ZSIMCONN_ABORT)) != 0;
}

/* ---- the end of the stream ------------------------------------------------------------- */

static enum zcl_err err_of(enum zsim_reason reason)
{
	switch (reason) {
	case ZSIM_EOF:
		return ZCL_E_EOF;
	case ZSIM_RESET:
		return ZCL_E_RESET;
	case ZSIM_REFUSED:
		return ZCL_E_REFUSED;
	case ZSIM_TIMEDOUT:
		return ZCL_E_TIMEDOUT;
	default:
		return ZCL_E_IO;
	}
}

static void give_end(struct zsimconn *conn, enum zcl_err why)
{
	if (is_dying(conn))
		return;
	if (zcl_conn_rx_paused(conn->core)) {
		conn->late_end = why;
		return;
	}
	conn->late_end = ZCL_OK;
	zcl_conn_closed(conn->core, why, zsimnode_now(conn->node));
}

static void tell_end(struct zsimconn *conn)
{
	if (conn->end == ZCL_OK || conn->end_told || is_dying(conn))
		return;
	if (zcl_conn_rx_paused(conn->core))
		return;
	conn->end_told = true;
	if (conn->gate != NULL)
		zgate_end(conn->gate, conn->end);
	else
		give_end(conn, conn->end);
}

/* ---- the gate -------------------------------------------------------------------------- */

static void gate_forward(void *user, const uint8_t *data, size_t len)
{
	struct zsimconn *conn = user;

	zcl_conn_rx_push(conn->core, data, len, zsimnode_now(conn->node));
}

static void gate_end(void *user, enum zcl_err why)
{
	give_end(user, why);
}

static void gate_held(void *user, enum zworld_unit unit)
{
	const struct zsimconn *conn = user;
	const struct zsimnode_options *options = &conn->node->options;

	if (options->held != NULL)
		options->held(options->user, conn->from, unit);
}

static void add_gate(struct zsimconn *conn, bool from_active)
{
	static const struct zgate_callbacks callbacks = {gate_forward, gate_end, gate_held};

	if (conn->node->options.gated)
		conn->gate = zgate_new(from_active, zsimnode_held(conn->node, conn->from),
				       &callbacks, conn);
}

/* ---- receiving ------------------------------------------------------------------------- */

/* Straight into the payload's memory, or into scratch for what has to be looked at. */
static size_t receive(struct zsimconn *conn)
{
	struct zsimnode *node = conn->node;
	const int64_t now = zsimnode_now(node);
	struct iovec iov;
	ssize_t n;

	if (conn->gate == NULL && zcl_conn_rx_iov(conn->core, &iov, 1) == 1) {
		n = zsim_tcp_recv(conn->tcp, iov.iov_base, iov.iov_len);
		if (n > 0)
			zcl_conn_rx_advance(conn->core, (size_t)n, now);
		return n > 0 ? (size_t)n : 0;
	}
	n = zsim_tcp_recv(conn->tcp, node->scratch, sizeof(node->scratch));
	if (n <= 0)
		return 0;
	if (conn->gate != NULL)
		zgate_push(conn->gate, node->scratch, (size_t)n);
	else
		zcl_conn_rx_push(conn->core, node->scratch, (size_t)n, now);
	return (size_t)n;
}

/* All that can be read, then how it ended. */
static void pump(struct zsimconn *conn)
{
	do {
		if (is_dying(conn) || zcl_conn_rx_paused(conn->core))
			return;
	} while (receive(conn) > 0);
	tell_end(conn);
}

static void resume(struct zsimconn *conn)
{
	if (conn->late_end != ZCL_OK)
		give_end(conn, conn->late_end);
	else
		pump(conn);
}

/* ---- sending --------------------------------------------------------------------------- */

/* What TCP took is released at once: the simulation copies. */
static void transmit(struct zsimconn *conn)
{
	struct zcl_tx_batch batch;

	conn->tx_due = false;
	if (!conn->connected)
		return;
	while (!is_dying(conn) && zcl_conn_tx_batch(conn->core, &batch)) {
		const ssize_t n = zsim_tcp_send(conn->tcp, batch.iov, (int)batch.niov);

		/* The end that made it fail is on its way here. */
		if (n < 0)
			return;
		zcl_conn_tx_advance(conn->core, (size_t)n, false, zsimnode_now(conn->node));
		if ((size_t)n < batch.nob)
			return; /* writable follows */
	}
}

void zsimconn_pass(struct zsimconn *conn)
{
	if (conn->tx_due)
		transmit(conn);
}

static void want_tx(struct zsimconn *conn)
{
	if (conn->node->options.tx_delay == 0) {
		transmit(conn);
		return;
	}
	conn->tx_due = true;
	zsimnode_want_pass(conn->node);
}

/* ---- TCP's events ---------------------------------------------------------------------- */

static void on_connected(zsim_tcp *tcp, void *user)
{
	struct zsimconn *conn = user;

	(void)tcp;
	conn->connected = true;
	add_gate(conn, false);
	zcl_conn_connected(conn->core, zsimnode_now(conn->node));
	zsimnode_kick(conn->node);
}

static void on_readable(zsim_tcp *tcp, void *user)
{
	struct zsimconn *conn = user;

	(void)tcp;
	pump(conn);
	zsimnode_kick(conn->node);
}

static void on_writable(zsim_tcp *tcp, void *user)
{
	struct zsimconn *conn = user;

	(void)tcp;
	transmit(conn);
	zsimnode_kick(conn->node);
}

static void on_closed(zsim_tcp *tcp, enum zsim_reason reason, void *user)
{
	struct zsimconn *conn = user;

	(void)tcp;
	/* An EOF may be followed by a reset while a hold keeps the EOF from the core. */
	if (conn->end == ZCL_OK)
		conn->end = err_of(reason);
	pump(conn);
	zsimnode_kick(conn->node);
}

void zsimconn_reset(struct zsimconn *conn)
{
	if (!conn->connected || is_dying(conn) || (conn->end != ZCL_OK && conn->end != ZCL_E_EOF))
		return;
	zsim_tcp_abort(conn->tcp);
	conn->end = ZCL_E_RESET;
	conn->end_told = true;
	if (conn->gate != NULL)
		zgate_reset(conn->gate);
	else
		give_end(conn, conn->end);
}

static void give_number(struct zsimconn *conn, bool active, uint16_t port)
{
	const struct zsimnode_options *options = &conn->node->options;

	if (options->number)
		conn->call = options->number(options->user, active, conn->from, port);
}

static const struct zsim_tcp_ops tcp_ops = {on_connected, on_readable, on_writable, on_closed};

void zsimconn_accept(zsim_tcp *tcp, void *user)
{
	struct zsimnode *node = user;
	struct zsimconn *conn = zsimconn_new(node, NULL, zsim_tcp_peer_ipv4(tcp));

	conn->tcp = tcp;
	give_number(conn, false, zsim_tcp_peer_port(tcp));
	conn->core = zcl_node_accepted(node->core, conn, zsimnode_now(node));
	if (conn->core == NULL) {
		conn_free(conn);
		return;
	}
	conn->connected = true;
	add_gate(conn, true);
	zsim_tcp_set_ops(tcp, &tcp_ops, conn);
	zsimnode_kick(node);
}

/* ---- what the core asked for ----------------------------------------------------------- */

static uint16_t next_port(struct zsimnode *node)
{
	if (node->src_port <= SRC_PORT_LAST)
		node->src_port = SRC_PORT_FIRST + 1;
	return --node->src_port;
}

static void open_tcp(struct zsimconn *conn)
{
	struct zsimnode *node = conn->node;

	for (int i = 0; i < SRC_PORT_TRIES && conn->tcp == NULL; i++) {
		conn->tcp = zsim_connect(node->host, next_port(node), conn->from, ZSIMNODE_PORT,
					 &tcp_ops, conn);
		if (conn->tcp == NULL && errno != EADDRINUSE)
			break;
	}
	give_number(conn, true, node->src_port);
	if (conn->tcp == NULL)
		zcl_conn_closed(conn->core, errno == EADDRINUSE ? ZCL_E_LIMIT : ZCL_E_UNREACHABLE,
				zsimnode_now(node));
}

/* What was given to TCP still arrives, but for an abort. */
static void end(struct zsimconn *conn, bool abort)
{
	struct zcl_conn *core = conn->core;
	struct zsimnode *node = conn->node;

	if (abort && conn->tcp != NULL)
		zsim_tcp_abort(conn->tcp);
	conn_free(conn);
	zcl_conn_gone(core, zsimnode_now(node));
}

void zsimconn_serve(struct zsimconn *conn)
{
	const unsigned asks = conn->asks;

	conn->asks = 0;
	if (asks & (ZSIMCONN_CLOSE | ZSIMCONN_ABORT)) {
		end(conn, (asks & ZSIMCONN_ABORT) != 0);
		return;
	}
	if (asks & ZSIMCONN_CONNECT)
		open_tcp(conn);
	if (asks & ZSIMCONN_TX)
		want_tx(conn);
	if (asks & ZSIMCONN_RX)
		resume(conn);
}
