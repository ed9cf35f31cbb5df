/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/conn.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/rx.h"
#include "real/call.h"

/* Fairness: bytes that one connection may read in one pass of the loop. */
#define PASS_BYTES (1024 * 1024)
/* Payload whose ACKs wait for each other: one wake-up of the sender for all. */
#define ACK_BYTES (256 * 1024)
/* Scratch behind a payload: the next header comes along, little of the next payload does. */
#define TAIL_BYTES 4096
/* SO_RCVLOWAT inside a bulk payload: fewer wake-ups, each with more to read. */
#define LOWAT_BULK (128 * 1024)
#define LOWAT_HALF (64 * 1024)

static void set_lowat(struct zreal_conn *conn)
{
	const size_t missing = zcl_conn_rx_missing(conn->core);
	const int want = missing >= LOWAT_BULK	 ? LOWAT_BULK
			 : missing >= LOWAT_HALF ? LOWAT_HALF
						 : 1;

	if (want == conn->lowat)
		return;
	conn->lowat = want;
	setsockopt(conn->io.fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof(want));
}

static void read_failed(struct zreal_conn *conn, ssize_t got)
{
	if (got == 0) {
		/* A failed send may have taken the error with it and left a mere end. */
		zreal_conn_fail(conn, conn->send_error ? zsock_error(conn->send_error) : ZCL_E_EOF);
		return;
	}
	if (errno != EAGAIN)
		zreal_conn_fail(conn, zsock_error(errno));
	else if (conn->send_error)
		zreal_conn_fail(conn, zsock_error(conn->send_error));
}

/* One system call. False: there is no more for now. */
static bool read_once(struct zreal_conn *conn, size_t *got_total, bool *in_payload)
{
	struct zreal_node *node = conn->node;
	struct iovec iov[ZCL_LNET_MAX_IOV + 1];
	const size_t niov = zcl_conn_rx_iov(conn->core, iov, ZCL_LNET_MAX_IOV);
	const size_t tail = niov ? TAIL_BYTES : ZREAL_SCRATCH;
	size_t direct = 0, taken;
	ssize_t got;

	for (size_t i = 0; i < niov; i++)
		direct += iov[i].iov_len;
	iov[niov] = (struct iovec){node->scratch, tail};
	do
		/* What follows is likely to be small, and recv is the cheaper call. */
		got = niov == 0 ? zcall_recv(conn->io.fd, node->scratch, tail, 0)
				: readv(conn->io.fd, iov, (int)niov + 1);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		read_failed(conn, got);
		return false;
	}
	zreal_node_kick(node);
	if (node->options.catch_up)
		node->options.catch_up(node->options.user);
	taken = MIN((size_t)got, direct);
	node->stats.reads++;
	node->stats.direct_bytes += taken;
	node->stats.scratch_bytes += (size_t)got - taken;
	if (taken)
		zcl_conn_rx_advance(conn->core, taken, zreal_node_stamp(node));
	if ((size_t)got > taken)
		zcl_conn_rx_push(conn->core, node->scratch, (size_t)got - taken,
				 zreal_node_stamp(node));
	*got_total += (size_t)got;
	*in_payload = niov > 0;
	return (size_t)got == direct + tail;
}

enum zloop_look zreal_conn_look(struct zreal_conn *conn)
{
	size_t total = 0;
	bool in_payload;

	/* In bulk the kernel says when there is enough to read, and what it is done with. */
	if (conn->state != ZREAL_OPEN || conn->paused || conn->lowat > 1 || conn->tx_blocked ||
	    conn->way.outstanding > 0 || conn->asked & ZREAL_ASK_END ||
	    zcl_conn_rx_paused(conn->core))
		return ZLOOP_LOOK_IN_VAIN;
	read_once(conn, &total, &in_payload);
	if (conn->state == ZREAL_OPEN)
		set_lowat(conn);
	return total > 0 || conn->state != ZREAL_OPEN ? ZLOOP_LOOK_FOUND : ZLOOP_LOOK_NOTHING;
}

void zreal_conn_receive(struct zreal_conn *conn)
{
	size_t total = 0;
	bool more = true, in_payload;

	while (more && total < PASS_BYTES) {
		if (conn->state != ZREAL_OPEN || conn->asked & ZREAL_ASK_END)
			return;
		if (zcl_conn_rx_paused(conn->core)) {
			conn->paused = true;
			zreal_conn_watch(conn);
			return;
		}
		more = read_once(conn, &total, &in_payload);
		/* The ACK of so much payload goes out before more is read. */
		if (more && in_payload && total >= ACK_BYTES && conn->node->pending.length > 0)
			break;
	}
	if (conn->state == ZREAL_OPEN)
		set_lowat(conn);
}
