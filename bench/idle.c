/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real/net.h"

/*
 * What idle connections cost. Two servers, each a process with one node on loopback: one has
 * thousands of idle connections, from as many peers, the other none. A third node pings both, a few
 * times the one, a few times the other, and again, so that what else happens on the machine happens
 * to both. Printed: memory for each idle connection (of the process, without what the kernel has
 * for the socket), and how long a ping took: the mean of each slice, of these the best and others.
 */

#define CONNS	  10000
#define SLICE	  20  /* pings of one server, then of the other */
#define SLICES	  200 /* of each server */
#define WARM	  10  /* of them not counted */
#define CHUNK	  500 /* handshakes at a time */
#define HELLO_LEN 56
#define LIMIT_S	  120 /* it ends by itself */

struct report {
	size_t heap, rss, conns;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "idle: %s: %s\n", what, g_strerror(errno));
	exit(1);
}

static zcl_nid nid_of(uint32_t addr)
{
	return zcl_nid_tcp(addr, 0);
}

/* ---- a server: says where it listens, reports when asked, ends when nobody asks any more ---- */

struct server {
	struct zloop *loop;
	struct zreal_node *node;
	struct zloop_io ask;
};

static size_t resident(void)
{
	char *text = NULL;
	size_t pages = 0;

	if (g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
		sscanf(text, "%*u %zu", &pages);
	g_free(text);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void stop(void *data)
{
	struct server *s = data;

	zloop_stop(s->loop);
}

static void on_ask(void *data, uint32_t events)
{
	struct server *s = data;
	const struct mallinfo2 info = mallinfo2();
	const struct report report = {
		.heap = info.uordblks + info.hblkhd,
		.rss = resident(),
		.conns = zreal_node_stats(s->node)->conns,
	};
	char byte;

	(void)events;
	if (read(s->ask.fd, &byte, 1) <= 0) {
		zloop_remove(s->loop, &s->ask);
		zreal_node_shutdown(s->node, stop, s);
	} else if (write(s->ask.fd, &report, sizeof(report)) != sizeof(report)) {
		die("write");
	}
}

static _Noreturn void serve(uint32_t addr, int ask)
{
	struct server s = {.loop = zloop_new()};
	struct zreal_options options;
	struct sockaddr_in at;

	alarm(LIMIT_S);
	zreal_options_init(&options, nid_of(addr));
	options.listen = zsock_addr(addr, 0);
	options.accept = ZREAL_ACCEPT_ALL;
	s.node = zreal_node_new(s.loop, &options, NULL);
	if (!s.node)
		die("cannot listen");
	at = zreal_node_address(s.node);
	if (write(ask, &at, sizeof(at)) != sizeof(at))
		die("write");
	s.ask = (struct zloop_io){.fn = on_ask, .data = &s};
	zloop_add(s.loop, &s.ask, ask, EPOLLIN);
	zloop_run(s.loop);
	zreal_node_free(s.node);
	zloop_free(s.loop);
	exit(0);
}

struct served {
	zcl_nid nid;
	struct sockaddr_in at;
	int ask;
	pid_t pid;
};

/* others: of an earlier server, which this one must not keep open. */
static struct served start_server(uint32_t addr, int others)
{
	struct served server = {.nid = nid_of(addr)};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		die("socketpair");
	server.pid = fork();
	if (server.pid < 0)
		die("fork");
	if (server.pid == 0) {
		close(ends[0]);
		if (others >= 0)
			close(others);
		serve(addr, ends[1]);
	}
	close(ends[1]);
	server.ask = ends[0];
	if (read(server.ask, &server.at, sizeof(server.at)) != sizeof(server.at))
		die("a server does not start");
	return server;
}

static struct report ask(const struct served *server)
{
	struct report report;

	if (write(server->ask, "?", 1) != 1 ||
	    read(server->ask, &report, sizeof(report)) != sizeof(report))
		die("a server does not answer");
	return report;
}

/* ---- idle callers: sockets that have said HELLO, and no more ---- */

static int call_server(const struct served *server, uint32_t from)
{
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION,
					   .acr_nid = server->nid};
	const struct zcl_hello hello = {.kshm_version = ZCL_V2,
					.kshm_src_nid = nid_of(from),
					.kshm_dst_nid = server->nid,
					.kshm_src_pid = ZCL_PID_LUSTRE,
					.kshm_src_incarnation = 1,
					.kshm_ctype = ZCL_CONN_ANY};
	const struct sockaddr_in source = zsock_addr(from, 0);
	uint8_t bytes[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];
	size_t len = ZCL_ACCEPT_SIZE;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	zcl_accept_encode(&req, bytes);
	len += zcl_hello_encode(&hello, bytes + len);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&source, sizeof(source)) < 0 ||
	    connect(fd, (const struct sockaddr *)&server->at, sizeof(server->at)) < 0 ||
	    send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("an idle connection");
	return fd;
}

static void await_hello(int fd)
{
	uint8_t answer[HELLO_LEN];

	if (recv(fd, answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
		die("an idle connection gets no HELLO");
}

static int *open_idle(const struct served *server, size_t n)
{
	int *fds = g_new(int, n);

	for (size_t at = 0; at < n; at += CHUNK) {
		const size_t end = MIN(n, at + CHUNK);

		for (size_t i = at; i < end; i++)
			fds[i] = call_server(server, 0x7f640001u + (uint32_t)i); /* 127.100... */
		for (size_t i = at; i < end; i++)
			await_hello(fds[i]);
	}
	return fds;
}

/* ---- pings ---- */

struct pinger {
	struct zloop *loop;
	struct zreal_node *node;
	struct zloop_work work;
	const struct served *servers;
	int64_t *ns[2]; /* of each slice of each server */
	size_t done;	/* pings of both */
	int64_t since;	/* of the present slice */
};

/* Which server has the slice: neither is always the first of two. */
static size_t whose(size_t slice)
{
	return (slice + slice / 2) % 2;
}

static void ping_next(void *data)
{
	struct pinger *p = data;
	const size_t slice = p->done / SLICE;

	if (slice == 2 * SLICES) {
		zreal_node_shutdown(p->node, (void (*)(void *))zloop_stop, p->loop);
		return;
	}
	if (p->done % SLICE == 0)
		p->since = zloop_now();
	if (zcl_lnet_ping(zreal_node_core(p->node), p->servers[whose(slice)].nid, NULL,
			  zreal_node_now(p->node)) != ZCL_OK)
		die("ping");
	zreal_node_kick(p->node);
}

static void on_answer(void *user, const struct zcl_lnet_event *event)
{
	struct pinger *p = user;

	if (event->kind != ZCL_LNET_EV_REPLY)
		return;
	if (event->status != ZCL_OK) {
		fprintf(stderr, "idle: a ping fails: %s\n", zcl_strerror(event->status));
		exit(1);
	}
	p->done++;
	if (p->done % SLICE == 0) {
		const size_t slice = p->done / SLICE - 1;

		p->ns[whose(slice)][slice / 2] = (zloop_now() - p->since) / SLICE;
	}
	zloop_work_queue(p->loop, &p->work);
}

static void ping_both(const struct served servers[2], int64_t *ns[2])
{
	struct pinger p = {.loop = zloop_new(), .servers = servers, .ns = {ns[0], ns[1]}};
	struct zreal_options options;

	zreal_options_init(&options, nid_of(0x7f070703));
	options.listens = false;
	options.deliver = on_answer;
	options.user = &p;
	p.work = (struct zloop_work){.fn = ping_next, .data = &p};
	p.node = zreal_node_new(p.loop, &options, NULL);
	for (int i = 0; i < 2; i++)
		zreal_node_set_peer(p.node, servers[i].nid, &servers[i].at);
	zloop_work_queue(p.loop, &p.work);
	zloop_run(p.loop);
	zreal_node_free(p.node);
	zloop_free(p.loop);
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void report_pings(int64_t *ns[2], size_t n)
{
	static const struct {
		const char *name;
		unsigned percent;
	} rows[] = {{"best", 0}, {"median", 50}, {"95 %", 95}};
	const size_t counted = SLICES - WARM;

	for (int i = 0; i < 2; i++)
		qsort(ns[i] + WARM, counted, sizeof(*ns[i]), compare);
	printf("%d pings of either server, %d at a time in turns: us with none, with %zu idle, "
	       "ratio\n",
	       SLICE * SLICES, SLICE, n);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const size_t at = WARM + counted * rows[i].percent / 100;
		const double none = (double)ns[0][at] / 1000, idle = (double)ns[1][at] / 1000;

		printf("%-8s %8.1f %8.1f %6.2f\n", rows[i].name, none, idle, idle / none);
	}
}

/* As many as descriptors allow, CONNS at most. */
static size_t raise_files(void)
{
	const size_t own = 100;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max >= CONNS + own)
		return CONNS;
	printf("only %zu descriptors: fewer idle connections\n", (size_t)limit.rlim_max);
	return limit.rlim_max > 2 * own ? (size_t)limit.rlim_max - own : own;
}

/*
 * All three processes run on one core: to wake another takes longer than a ping, and of two servers
 * one may happen to share the core of whoever pings.
 */
static void stay_on_one_core(void)
{
	cpu_set_t cores;
	int first = 0;

	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		die("sched_getaffinity");
	while (!CPU_ISSET(first, &cores))
		first++;
	CPU_ZERO(&cores);
	CPU_SET(first, &cores);
	if (sched_setaffinity(0, sizeof(cores), &cores) != 0)
		die("sched_setaffinity");
}

int main(void)
{
	const size_t n = raise_files();
	struct served servers[2];
	struct report before, after;
	int64_t *ns[2];
	int *fds;

	alarm(LIMIT_S);
	stay_on_one_core();
	servers[0] = start_server(0x7f070701, -1);
	servers[1] = start_server(0x7f070702, servers[0].ask);
	before = ask(&servers[1]);
	fds = open_idle(&servers[1], n);
	after = ask(&servers[1]);
	printf("%zu idle connections of %zu peers: %zu bytes each of malloc, %zu of the process\n",
	       after.conns, n, (after.heap - before.heap) / n, (after.rss - before.rss) / n);
	for (int i = 0; i < 2; i++)
		ns[i] = g_new0(int64_t, SLICES);
	ping_both(servers, ns);
	report_pings(ns, n);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	for (int i = 0; i < 2; i++) {
		close(servers[i].ask);
		waitpid(servers[i].pid, NULL, 0);
		g_free(ns[i]);
	}
	g_free(fds);
	return 0;
}
