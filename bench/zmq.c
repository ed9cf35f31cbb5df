/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <zmq.h>

/*
 * ZeroMQ between two processes: PUSH to PULL for a stream, whose receiver says on a second socket
 * when it has all, or REQ to REP for a ping-pong. To be measured beside; it is no part of zclnd.
 */

#define MAX_SIZE ((guint64)64 << 20)

struct job {
	bool listens, stream;
	const char *addr;
	size_t size, count;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "zmq: %s: %s\n", what, zmq_strerror(zmq_errno()));
	exit(1);
}

static void *open_socket(void *context, int type)
{
	void *socket = zmq_socket(context, type);

	if (!socket)
		die("socket");
	return socket;
}

static void receive(void *socket)
{
	zmq_msg_t msg;

	zmq_msg_init(&msg);
	if (zmq_msg_recv(&msg, socket, 0) < 0)
		die("receive");
	zmq_msg_close(&msg);
}

static void keep(void *data, void *hint)
{
	(void)data;
	(void)hint;
}

/* The memory is lent, not copied. */
static void transmit(void *socket, void *buf, size_t size)
{
	zmq_msg_t msg;

	if (zmq_msg_init_data(&msg, buf, size, keep, NULL) < 0 || zmq_msg_send(&msg, socket, 0) < 0)
		die("send");
}

static void serve(void *context, const struct job *job, void *buf)
{
	void *socket = open_socket(context, job->stream ? ZMQ_PULL : ZMQ_REP);
	void *back = open_socket(context, ZMQ_PUSH);
	char *where = g_strdup_printf("tcp://%s:*", job->addr);
	char bound[128], second[128];
	size_t len = sizeof(bound), len2 = sizeof(second);

	if (zmq_bind(socket, where) < 0 || zmq_bind(back, where) < 0 ||
	    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &len) < 0 ||
	    zmq_getsockopt(back, ZMQ_LAST_ENDPOINT, second, &len2) < 0)
		die("bind");
	printf("ready: %s,%s\n", bound, second);
	fflush(stdout);
	for (size_t i = 0; i < job->count; i++) {
		receive(socket);
		if (!job->stream)
			transmit(socket, buf, job->size);
	}
	if (job->stream)
		transmit(back, buf, 1);
	zmq_close(back);
	zmq_close(socket);
	g_free(where);
}

static void ask(void *context, const struct job *job, void *buf)
{
	void *socket = open_socket(context, job->stream ? ZMQ_PUSH : ZMQ_REQ);
	void *back = open_socket(context, ZMQ_PULL);
	char **where = g_strsplit(job->addr, ",", 2);
	gint64 start;

	if (!where[0] || !where[1] || zmq_connect(socket, where[0]) < 0 ||
	    zmq_connect(back, where[1]) < 0)
		die("connect");
	start = g_get_monotonic_time();
	for (size_t i = 0; i < job->count; i++) {
		transmit(socket, buf, job->size);
		if (!job->stream)
			receive(socket);
	}
	if (job->stream)
		receive(back);
	printf("{\"seconds\":%.6f}\n", (double)(g_get_monotonic_time() - start) / 1e6);
	zmq_close(back);
	zmq_close(socket);
	g_strfreev(where);
}

static bool parse(int argc, char **argv, struct job *job)
{
	guint64 size, count;

	if (argc != 6 || !g_ascii_string_to_unsigned(argv[4], 10, 1, MAX_SIZE, &size, NULL) ||
	    !g_ascii_string_to_unsigned(argv[5], 10, 1, G_MAXSIZE, &count, NULL))
		return false;
	*job = (struct job){
		.listens = strcmp(argv[1], "listen") == 0,
		.addr = argv[2],
		.stream = strcmp(argv[3], "stream") == 0,
		.size = (size_t)size,
		.count = (size_t)count,
	};
	return (job->listens || strcmp(argv[1], "call") == 0) &&
	       (job->stream || strcmp(argv[3], "pingpong") == 0);
}

int main(int argc, char **argv)
{
	struct job job;
	void *context, *buf;

	if (!parse(argc, argv, &job)) {
		fputs("usage: zmq listen|call ADDR stream|pingpong SIZE COUNT\n", stderr);
		return 2;
	}
	context = zmq_ctx_new();
	buf = g_malloc0(job.size);
	if (job.listens)
		serve(context, &job, buf);
	else
		ask(context, &job, buf);
	zmq_ctx_term(context);
	g_free(buf);
	return 0;
}
