/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/conn.h"

#include <errno.h>
#include <sys/socket.h>

#include "real/call.h"

/* Fairness: bytes that one connection may send in one pass of the loop. */
#define PASS_BYTES (4 * 1024 * 1024)

static void released(void *user, uint32_t first, uint32_t last)
{
	struct zreal_conn *conn = user;

	conn->node->stats.pinned -= last - first + 1;
	zcl_conn_released(conn->core, first, last, zreal_node_stamp(conn->node));
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

static uint64_t zc_bytes(const struct zreal_conn *conn)
{
	const struct zcl_stats *stats = zcl_node_stats(conn->node->core);
	uint64_t sum = 0;

	for (enum zcl_way way = 0; way < ZCL_WAY_LAST; way++)
		sum += stats->zc_bytes[way];
	return sum;
}

/* n bytes went out in one call, the ZC payload among them by this way. */
static void advance(struct zreal_conn *conn, size_t n, enum zcl_way way, enum zcl_why why)
{
	struct zway_stats *stats = &conn->node->stats.way;
	const uint64_t before = zc_bytes(conn);
	uint64_t zc;

	if (way == ZCL_WAY_ZEROCOPY) {
		conn->way.outstanding++;
		conn->node->stats.pinned++;
	}
	zcl_conn_set_why(conn->core, why);
	zcl_conn_tx_advance(conn->core, n, way, zreal_node_stamp(conn->node));
	zc = zc_bytes(conn) - before;
	stats->plain_bytes += n - zc;
	if (zc > 0)
		stats->sends[way]++;
	else
		stats->plain_sends++;
}

static void wait_for_room(struct zreal_conn *conn)
{
	conn->tx_blocked = true;
	zreal_conn_watch(conn);
}

/* The batch did not go: what that means. True: try again at once. */
static bool send_failed(struct zreal_conn *conn, int error, enum zcl_way way)
{
	struct zway_stats *stats = &conn->node->stats.way;

	zcl_conn_tx_advance(conn->core, 0, way, zreal_node_stamp(conn->node));
	if (error == EAGAIN) {
		wait_for_room(conn);
		return false;
	}
	if (error == ENOBUFS && way == ZCL_WAY_ZEROCOPY) {
		stats->nobufs++;
		if (conn->way.outstanding == 0) {
			/* Nothing will come back that could make room. */
			zway_fall_back(&conn->way, stats, ZCL_WHY_NOBUFS);
			return true;
		}
		conn->tx_starved = true;
		return false;
	}
	/* The other side may have said why before it broke: what can be read is read first. */
	conn->send_error = error;
	return false;
}

/* Whether the connection itself is broken, and not only this way of using it. */
static bool is_end(int error)
{
	return error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == ENOTCONN;
}

/* As send_once, for whole pages that the kernel may read until the peer has them. */
static bool splice_once(struct zreal_conn *conn, const struct zcl_tx_batch *batch, size_t *total)
{
	const struct zsplice_sent sent = zsplice_send(&conn->splice, conn->io.fd, batch->iov,
						      batch->niov, PASS_BYTES - *total);

	if (sent.n < 0 && (errno == EAGAIN || is_end(errno)))
		return send_failed(conn, errno, ZCL_WAY_SPLICE);
	if (sent.n < 0) {
		/* What a pipe still has was not sent; it is sent from memory. */
		zsplice_clear(&conn->splice);
		zway_fall_back(&conn->way, &conn->node->stats.way, ZCL_WHY_FAILED);
		return true;
	}
	*total += (size_t)sent.n;
	advance(conn, (size_t)sent.n, ZCL_WAY_SPLICE, conn->way.why);
	if ((size_t)sent.n == sent.asked)
		return true;
	wait_for_room(conn);
	return false;
}

/* One system call. False: no more for now. */
static bool send_once(struct zreal_conn *conn, struct zcl_tx_batch *batch, size_t *total)
{
	const enum zcl_way way = batch->zc ? conn->way.way : ZCL_WAY_COPY;
	/* What is copied goes out together with its header. */
	const bool along = batch->zc_niov > 0 && conn->way.way == ZCL_WAY_COPY;
	const struct msghdr msg = {.msg_iov = batch->iov,
				   .msg_iovlen = batch->niov + (along ? batch->zc_niov : 0)};
	const size_t nob = batch->nob + (along ? batch->zc_nob : 0);
	/* Else what is copied here is so since everything of its length is. */
	const bool chosen = batch->zc || along;
	const enum zcl_why no_zerocopy = conn->way.no_zerocopy;
	const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (batch->more && !along ? MSG_MORE : 0) |
			  (way == ZCL_WAY_ZEROCOPY ? MSG_ZEROCOPY : 0);
	ssize_t sent;

	if (way == ZCL_WAY_SPLICE)
		return splice_once(conn, batch, total);
	do
		sent = msg.msg_iovlen == 1 ? zcall_send(conn->io.fd, batch->iov->iov_base,
							batch->iov->iov_len, flags)
					   : sendmsg(conn->io.fd, &msg, flags);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return send_failed(conn, errno, way);
	*total += (size_t)sent;
	advance(conn, (size_t)sent, way, chosen || !no_zerocopy ? conn->way.why : no_zerocopy);
	if ((size_t)sent == nob)
		return true;
	wait_for_room(conn);
	return false;
}

/* The next batch, and the way for the payload in it or behind it. False: there is none. */
static bool next_batch(struct zreal_conn *conn, struct zcl_tx_batch *batch)
{
	struct zway_state *way = &conn->way;
	const size_t below = zway_copies_below(way);

	/* Where nothing can go but by copy, many messages go out in one call. */
	zcl_conn_set_copying_below(conn->core, below);
	if (below == SIZE_MAX)
		way->way = ZCL_WAY_COPY;
	if (!zcl_conn_tx_batch(conn->core, batch))
		return false;
	if (batch->zc_niov > 0)
		zway_choose(way, batch->iov + batch->niov, batch->zc_niov, batch->zc_nob,
			    batch->acked);
	return true;
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
		if (!next_batch(conn, &batch))
			return;
		go_on = send_once(conn, &batch, &total);
	}
	if (conn->send_error)
		zreal_conn_receive(conn);
}
