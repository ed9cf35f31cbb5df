/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/conn.h"

#include <errno.h>
#include <sys/socket.h>

/* Fairness: bytes that one connection may send in one pass of the loop. */
#define PASS_BYTES (4 * 1024 * 1024)

static void released(void *user, uint32_t first, uint32_t last)
{
	struct zreal_conn *conn = user;

	conn->node->stats.pinned -= last - first + 1;
	zcl_conn_released(conn->core, first, last, zreal_node_now(conn->node));
}

void zreal_conn_completions(struct zreal_conn *conn)
{
	const uint32_t before = conn->way.outstanding;

	if (before == 0)
		return;
	zway_drain(&conn->way, &conn->node->stats.way, conn->io.fd, released, conn);
	zreal_node_kick(conn->node);
	if (!conn->tx_starved || conn->way.outstanding == before)
		return;
	conn->tx_starved = false;
	if (conn->state == ZREAL_OPEN)
		zreal_conn_ask(conn, ZREAL_ASK_TX);
}

/* sent bytes went out in one call, zc of them ZC payload. */
static void count(struct zreal_conn *conn, size_t sent, size_t zc, bool zerocopy)
{
	struct zway_stats *stats = &conn->node->stats.way;

	stats->plain_bytes += sent - zc;
	if (zc == 0) {
		stats->plain_sends++;
		return;
	}
	stats->sends[zerocopy ? ZWAY_ZEROCOPY : ZWAY_COPY]++;
	stats->bytes[zerocopy ? ZWAY_ZEROCOPY : ZWAY_COPY] += zc;
	if (!zerocopy)
		stats->copied_why[conn->way.why]++;
}

static uint64_t zc_bytes(const struct zreal_conn *conn)
{
	const struct zcl_stats *stats = zcl_node_stats(conn->node->core);

	return stats->zc_bytes[ZCL_WAY_COPY] + stats->zc_bytes[ZCL_WAY_ZEROCOPY];
}

/* The batch did not go: what that means. True: try again at once. */
static bool send_failed(struct zreal_conn *conn, int error, bool zerocopy)
{
	if (error == EAGAIN) {
		conn->tx_blocked = true;
		zreal_conn_watch(conn);
		return false;
	}
	if (error == ENOBUFS && zerocopy) {
		conn->node->stats.way.nobufs++;
		if (conn->way.outstanding == 0) {
			/* Nothing will come back that could make room. */
			zway_fall_back(&conn->way, ZWHY_NOBUFS);
			return true;
		}
		conn->tx_starved = true;
		return false;
	}
	/* The other side may have said why before it broke: what can be read is read first. */
	conn->send_error = error;
	return false;
}

/* One system call. False: no more for now. */
static bool send_once(struct zreal_conn *conn, struct zcl_tx_batch *batch, size_t *total)
{
	const bool zerocopy = batch->zc && conn->way.way == ZWAY_ZEROCOPY;
	const struct msghdr msg = {.msg_iov = batch->iov, .msg_iovlen = batch->niov};
	const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (batch->more ? MSG_MORE : 0) |
			  (zerocopy ? MSG_ZEROCOPY : 0);
	uint64_t before;
	ssize_t sent;
	int error;

	do
		sent = sendmsg(conn->io.fd, &msg, flags);
	while (sent < 0 && errno == EINTR);
	error = errno;
	if (sent < 0) {
		zcl_conn_tx_advance(conn->core, 0, false, zreal_node_now(conn->node));
		return send_failed(conn, error, zerocopy);
	}
	if (zerocopy) {
		conn->way.outstanding++;
		conn->node->stats.pinned++;
	}
	before = zc_bytes(conn);
	*total += (size_t)sent;
	zcl_conn_tx_advance(conn->core, (size_t)sent, zerocopy, zreal_node_now(conn->node));
	count(conn, (size_t)sent, zc_bytes(conn) - before, zerocopy);
	if ((size_t)sent == batch->nob)
		return true;
	conn->tx_blocked = true;
	zreal_conn_watch(conn);
	return false;
}

void zreal_conn_send(struct zreal_conn *conn)
{
	struct zcl_tx_batch batch;
	size_t total = 0;
	bool go_on = true;

	if (conn->tx_blocked || conn->tx_starved || conn->send_error)
		return;
	while (go_on && conn->state == ZREAL_OPEN && !(conn->asked & ZREAL_ASK_END)) {
		if (total >= PASS_BYTES) {
			zreal_conn_ask(conn, ZREAL_ASK_TX);
			return;
		}
		/* What is copied goes out together with its header and with what follows. */
		zcl_conn_set_copying(conn->core, conn->way.way == ZWAY_COPY);
		if (!zcl_conn_tx_batch(conn->core, &batch))
			return;
		go_on = send_once(conn, &batch, &total);
	}
	if (conn->send_error)
		zreal_conn_receive(conn);
}
