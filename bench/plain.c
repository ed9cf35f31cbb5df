/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include "real/sock.h"

/*
 * Plain TCP between two processes, with the socket options of the real backend: what the protocol
 * is measured against. A stream: the caller writes, the listener reads all and answers one byte. A
 * ping-pong: each answers what the other has written. Blocking: one waits in the kernel; busy: one
 * asks again and again.
 */

#define PAGE	 4096
#define PIECE	 ((size_t)128 * 1024)
#define MAX_SIZE ((size_t)64 << 20)

enum kind { STREAM, PINGPONG };

struct job {
	bool listens, busy;
	enum kind kind;
	struct sockaddr_in addr;
	size_t size;  /* bytes of a write */
	size_t count; /* writes, each way in a ping-pong */
};

static const char usage[] =
	"usage: plain listen|call ADDR[:PORT] stream|pingpong SIZE COUNT [busy]\n"
	"listen prints \"ready: ADDR:PORT\"; call prints seconds as JSON.\n";

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "plain: %s: %s\n", what, g_strerror(errno));
	exit(1);
}

static void wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	while (poll(&p, 1, -1) < 0) {
		if (errno != EINTR)
			die("poll");
	}
}

static void send_all(int fd, const uint8_t *buf, size_t size, bool busy)
{
	const int flags = MSG_NOSIGNAL | (busy ? MSG_DONTWAIT : 0);

	while (size > 0) {
		const ssize_t n = send(fd, buf, size, flags);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			die("send");
		buf += n;
		size -= (size_t)n;
	}
}

/*
 * Blocking receives wait in recv itself, for whole pieces. Medians of seven interleaved rounds of
 * 1 MiB on loopback, in MiB/s: pieces of 128 KiB 7572, of 1 MiB 6886, whatever is there 7498 (which
 * had the best single run, by 4 %); iperf3 7766. No SO_RCVLOWAT: a recv that has taken some bytes
 * would sleep on when fewer than that are left.
 */
static void receive_all(int fd, uint8_t *buf, size_t size, size_t total, bool busy)
{
	const int flags = busy ? MSG_DONTWAIT : MSG_WAITALL;
	size_t at = 0;

	while (total > 0) {
		const size_t rest = MIN(size - at, total);
		const ssize_t n = recv(fd, buf + at, MIN(PIECE, rest), flags);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			die("recv");
		if (n == 0) {
			fputs("plain: the other side closed early\n", stderr);
			exit(1);
		}
		total -= (size_t)n;
		at = (at + (size_t)n) % size;
	}
}

/* Whole pages, as zclnd's memory is: the kernel copies faster into them. */
static uint8_t *new_buffer(size_t size)
{
	void *buf;

	if (posix_memalign(&buf, PAGE, size) != 0) {
		errno = ENOMEM;
		die("buffer");
	}
	memset(buf, 0, size);
	return buf;
}

static void set_blocking(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		die("fcntl");
}

static int take_caller(const struct job *job)
{
	struct sockaddr_in addr = job->addr;
	char text[ZSOCK_TEXT_MAX];
	const int listener = zsock_listen(&addr);
	int fd;

	if (listener < 0)
		die("listen");
	printf("ready: %s\n", zsock_format(&addr, text));
	fflush(stdout);
	wait_for(listener, POLLIN);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("accept");
	close(listener);
	zsock_tune(fd);
	return fd;
}

static int call(const struct job *job)
{
	enum zsock_source source;
	const int fd = zsock_connect((struct in_addr){0}, &job->addr, false, &source);
	int error;

	if (fd < 0)
		die("connect");
	wait_for(fd, POLLOUT);
	error = zsock_take_error(fd);
	if (error) {
		errno = error;
		die("connect");
	}
	return fd;
}

static void serve(int fd, const struct job *job, uint8_t *buf)
{
	if (job->kind == STREAM) {
		receive_all(fd, buf, job->size, job->size * job->count, job->busy);
		send_all(fd, buf, 1, job->busy);
		return;
	}
	for (size_t i = 0; i < job->count; i++) {
		receive_all(fd, buf, job->size, job->size, job->busy);
		send_all(fd, buf, job->size, job->busy);
	}
}

static void ask(int fd, const struct job *job, uint8_t *buf)
{
	const gint64 start = g_get_monotonic_time();

	for (size_t i = 0; i < job->count; i++) {
		send_all(fd, buf, job->size, job->busy);
		if (job->kind == PINGPONG)
			receive_all(fd, buf, job->size, job->size, job->busy);
	}
	if (job->kind == STREAM)
		receive_all(fd, buf, job->size, 1, job->busy);
	printf("{\"seconds\":%.6f}\n", (double)(g_get_monotonic_time() - start) / 1e6);
}

static bool parse_number(const char *text, size_t most, size_t *value)
{
	guint64 n;

	if (!g_ascii_string_to_unsigned(text, 10, 1, most, &n, NULL))
		return false;
	*value = (size_t)n;
	return true;
}

static bool parse(int argc, char **argv, struct job *job)
{
	if (argc != 6 && argc != 7)
		return false;
	job->listens = strcmp(argv[1], "listen") == 0;
	job->kind = strcmp(argv[3], "stream") == 0 ? STREAM : PINGPONG;
	job->busy = argc == 7;
	return (job->listens || strcmp(argv[1], "call") == 0) && zsock_parse(argv[2], &job->addr) &&
	       (job->kind == STREAM || strcmp(argv[3], "pingpong") == 0) &&
	       parse_number(argv[4], MAX_SIZE, &job->size) &&
	       parse_number(argv[5], SIZE_MAX / MAX_SIZE, &job->count) &&
	       (argc == 6 || strcmp(argv[6], "busy") == 0);
}

int main(int argc, char **argv)
{
	struct job job = {.addr = zsock_addr(0x7f000001, 0)};
	uint8_t *buf;
	int fd;

	if (!parse(argc, argv, &job)) {
		fputs(usage, stderr);
		return 2;
	}
	buf = new_buffer(job.size);
	fd = job.listens ? take_caller(&job) : call(&job);
	set_blocking(fd);
	if (job.listens)
		serve(fd, &job, buf);
	else
		ask(fd, &job, buf);
	close(fd);
	free(buf);
	return 0;
}
