/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "real/sock.h"

/*
 * A plain TCP stream between two processes on loopback, with the socket options of the real
 * backend: what the protocol is measured against. The receiver answers one byte when it has all.
 */

#define LOWAT (128 * 1024)

struct job {
	size_t size;  /* bytes of a write */
	size_t count; /* writes */
};

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

static void send_all(int fd, const uint8_t *buf, size_t size)
{
	while (size > 0) {
		const ssize_t n = send(fd, buf, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			die("send");
		if (n < 0) {
			wait_for(fd, POLLOUT);
			continue;
		}
		buf += n;
		size -= (size_t)n;
	}
}

/* Fewer wake-ups, as in the real backend; what is left is always enough to wake up for. */
static void set_lowat(int fd, size_t total)
{
	const int lowat = total >= LOWAT ? LOWAT : 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof(lowat));
}

static void receive_all(int fd, uint8_t *buf, size_t size, size_t total)
{
	set_lowat(fd, total);
	while (total > 0) {
		const ssize_t n = recv(fd, buf, MIN(size, total), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			die("recv");
		if (n < 0) {
			wait_for(fd, POLLIN);
			continue;
		}
		if (total >= LOWAT && total - (size_t)n < LOWAT)
			set_lowat(fd, total - (size_t)n);
		total -= (size_t)n;
	}
}

static _Noreturn void receiver(int listener, const struct job *job)
{
	uint8_t *buf = g_malloc(job->size);
	int fd;

	wait_for(listener, POLLIN);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("accept");
	zsock_tune(fd);
	receive_all(fd, buf, job->size, job->size * job->count);
	send_all(fd, buf, 1);
	exit(0);
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void sender(const struct sockaddr_in *to, const struct job *job)
{
	uint8_t *buf = g_malloc0(job->size);
	enum zsock_source source;
	int fd = zsock_connect((struct in_addr){0}, to, false, &source);
	gint64 start;
	double seconds, cpu;

	if (fd < 0)
		die("connect");
	wait_for(fd, POLLOUT);
	start = g_get_monotonic_time();
	cpu = cpu_seconds();
	for (size_t i = 0; i < job->count; i++)
		send_all(fd, buf, job->size);
	receive_all(fd, buf, job->size, 1);
	seconds = (double)(g_get_monotonic_time() - start) / 1e6;
	printf("{\"mib_per_s\":%.1f,\"cpu_s_per_gb\":%.4f}\n",
	       (double)(job->size * job->count) / 1048576 / seconds,
	       (cpu_seconds() - cpu) / ((double)(job->size * job->count) / 1e9));
	close(fd);
	g_free(buf);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = zsock_addr(0x7f000001, 0);
	struct job job;
	int listener, status;
	pid_t child;

	if (argc != 3) {
		fprintf(stderr, "usage: plain SIZE COUNT\n");
		return 2;
	}
	job.size = (size_t)g_ascii_strtoull(argv[1], NULL, 10);
	job.count = (size_t)g_ascii_strtoull(argv[2], NULL, 10);
	if (job.size == 0 || job.count == 0) {
		fprintf(stderr, "plain: SIZE and COUNT are above 0\n");
		return 2;
	}
	listener = zsock_listen(&addr);
	if (listener < 0)
		die("listen");
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0)
		receiver(listener, &job);
	close(listener);
	sender(&addr, &job);
	if (waitpid(child, &status, 0) < 0 || status != 0)
		die("the receiver");
	return 0;
}
