/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "tests/real/late.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/sock.h"

/* ---- the core's requests ------------------------------------------------------------ */

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_over(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct late *)user)->over = true;
}

/* Sends what the core has; small messages, which always fit. */
static void answer(struct late *late)
{
	struct zcl_tx_batch batch;

	while (late->conn && zcl_conn_tx_batch(late->conn, &batch)) {
		const struct msghdr msg = {.msg_iov = batch.iov, .msg_iovlen = batch.niov};

		/* After the end nobody takes it. */
		sendmsg(late->fd, &msg, MSG_NOSIGNAL);
		zcl_conn_tx_advance(late->conn, batch.nob, ZCL_WAY_COPY, zloop_now());
	}
}

/* Up to `most` bytes; as recv says. */
static ssize_t read_some(struct late *late, size_t most)
{
	uint8_t bytes[4096];
	const ssize_t n = recv(late->fd, bytes, MIN(most, sizeof(bytes)), MSG_DONTWAIT);

	if (n <= 0)
		return n;
	late->got += (size_t)n;
	zcl_conn_rx_push(late->conn, bytes, (size_t)n, zloop_now());
	answer(late);
	return n;
}

/* The stream is at its end. */
static void finish(struct late *late, enum zcl_err why)
{
	zloop_remove(late->loop, &late->io);
	if (late->fd >= 0)
		close(late->fd);
	late->fd = -1;
	zcl_conn_closed(late->conn, why, zloop_now());
	late->finished = true;
	zloop_stop(late->loop);
}

static void on_readable(void *data, uint32_t events)
{
	struct late *late = data;

	(void)events;
	while (late->got < late->stop) {
		const ssize_t n = read_some(late, late->stop - late->got);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			finish(late, n == 0 ? ZCL_E_EOF : ZCL_E_RESET);
			return;
		}
	}
	zloop_remove(late->loop, &late->io);
	late->stands_still = true;
	zloop_stop(late->loop);
}

static void on_caller(void *data, uint32_t events)
{
	struct late *late = data;
	const int fd = accept4(late->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	g_assert_cmpint(fd, >=, 0);
	g_assert_null(late->conn);
	late->conn = zcl_node_accepted(late->core, late, zloop_now());
	g_assert_nonnull(late->conn);
	late->fd = fd;
	zloop_add(late->loop, &late->io, fd, EPOLLIN);
}

/* ---- life --------------------------------------------------------------------------- */

uint32_t late_address(void)
{
	return 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
	       (uint32_t)g_random_int_range(0, 256) << 8 | (uint32_t)g_random_int_range(1, 255);
}

static void open_sink(struct late *late, size_t size)
{
	struct zcl_attach attach = {
		.portal = LATE_PORTAL,
		.ignore_bits = UINT64_MAX,
		.peer = ZCL_NID_ANY,
		.options = ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET,
		.niov = 1,
	};
	uint64_t id;

	late->sink = g_malloc(size);
	memset(late->sink, LATE_EMPTY, size);
	attach.iov[0] = (struct iovec){late->sink, size};
	g_assert_cmpint(zcl_lnet_attach(late->core, &attach, &id, zloop_now()), ==, ZCL_OK);
}

void late_start(struct late *late, struct zloop *loop, uint32_t version, size_t sink, size_t stop,
		int buffer)
{
	static const struct zcl_callbacks callbacks = {
		.connect = nothing,
		.close = on_over,
		.abort = on_over,
		.wake_tx = nothing,
		.wake_rx = nothing,
	};
	struct zcl_config config;
	int fd;

	*late = (struct late){.loop = loop, .stop = stop, .fd = -1};
	late->address = zsock_addr(late_address(), 0);
	fd = zsock_listen(&late->address);
	g_assert_cmpint(fd, >=, 0);
	if (buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	zcl_config_init(&config);
	config.nid = late_nid(late);
	config.incarnation = 1;
	config.typed = false;
	config.max_version = version;
	late->core = zcl_node_new(&config, &callbacks, late, NULL);
	g_assert_nonnull(late->core);
	open_sink(late, sink);
	late->io = (struct zloop_io){.fd = -1, .fn = on_readable, .data = late};
	late->listener = (struct zloop_io){.fd = -1, .fn = on_caller, .data = late};
	zloop_add(loop, &late->listener, fd, EPOLLIN);
}

zcl_nid late_nid(const struct late *late)
{
	return zcl_nid_tcp(ntohl(late->address.sin_addr.s_addr), 0);
}

struct sockaddr_in late_listens(const struct late *late)
{
	return late->address;
}

void late_end(struct late *late, enum late_ending ending)
{
	uint8_t nonsense[256];

	switch (ending) {
	case LATE_BREAKS:
		memset(nonsense, 0xff, sizeof(nonsense));
		g_assert_cmpint(send(late->fd, nonsense, sizeof(nonsense), MSG_NOSIGNAL), ==,
				sizeof(nonsense));
		break;
	case LATE_RESETS:
		zsock_close_reset(late->fd);
		close(late->fd);
		late->fd = -1;
		break;
	case LATE_ENDS:
	case LATE_CLOSED:
		shutdown(late->fd, SHUT_WR);
		break;
	default:
		break;
	}
}

void late_read_on(struct late *late)
{
	late->stop = SIZE_MAX;
	if (late->fd >= 0)
		zloop_add(late->loop, &late->io, late->fd, EPOLLIN);
	else
		finish(late, ZCL_E_RESET);
}

void late_stop(struct late *late)
{
	const int listener = late->listener.fd;

	zloop_remove(late->loop, &late->listener);
	close(listener);
	g_assert_true(late->finished);
	zcl_node_shutdown(late->core, zloop_now());
	g_assert_true(late->over);
	zcl_conn_gone(late->conn, zloop_now());
	zcl_node_free(late->core);
	g_free(late->sink);
}

/* ---- memory ------------------------------------------------------------------------- */

void *late_pages(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	g_assert_true(pages != MAP_FAILED);
	return pages;
}

void late_pages_free(void *pages, size_t size)
{
	munmap(pages, size);
}

struct zmem *late_file(size_t size)
{
	char name[] = "late-XXXXXX";
	const int fd = g_mkstemp(name);
	struct zmem *mem;

	g_assert_cmpint(fd, >=, 0);
	unlink(name);
	g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
	mem = zmem_from_fd(fd, 0, size, NULL);
	close(fd);
	return mem;
}
