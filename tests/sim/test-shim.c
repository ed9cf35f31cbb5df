/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "sim/shim.h"

#define MS	  G_GINT64_CONSTANT(1000000)
#define SEC	  (1000 * MS)
#define ADDR(n)	  (0x0a000000u + (n))
#define PORT	  988
#define GBPS	  G_GUINT64_CONSTANT(1000000000)
#define ACK_BYTES 52 /* IP 20, TCP 20, timestamps 12 */

/* Two hosts; B listens. Each end notes what happens to it as words in a log. */
struct net;

struct end {
	struct net *net;
	const char *name;
	zsim_tcp *tcp;
	GByteArray *got;
	size_t to_send, sent; /* of the pattern */
	bool leave_unread;
	bool shutdown_at_once; /* when all is handed to TCP */
	bool destroy_at_end;
	int64_t ended; /* time of the last closed */
};

struct net {
	zsim *sim;
	zsim_host *host[2];
	zsim_listener *listener;
	struct end a, b;
	GString *log;
	size_t accepted;
	bool inside; /* a function of the shim that must not call back */
};

static const struct zsim_link fast = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS};

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static void note(struct end *end, const char *word)
{
	g_assert_false(end->net->inside);
	g_string_append_printf(end->net->log, "%s%s:%s", end->net->log->len ? " " : "", end->name,
			       word);
}

static void pump(struct end *end)
{
	struct net *net = end->net;
	uint8_t chunk[65536];

	while (end->sent < end->to_send) {
		const size_t size = MIN(sizeof(chunk), end->to_send - end->sent);
		struct iovec iov[2] = {{chunk, size / 3}, {chunk + size / 3, size - size / 3}};
		ssize_t n;

		for (size_t i = 0; i < size; i++)
			chunk[i] = pattern(end->sent + i);
		net->inside = true;
		n = zsim_tcp_send(end->tcp, iov, 2);
		net->inside = false;
		if (n <= 0)
			return;
		end->sent += (size_t)n;
	}
	if (end->to_send > 0 && end->shutdown_at_once)
		zsim_tcp_shutdown(end->tcp);
}

static void drain(struct end *end)
{
	uint8_t chunk[4096];
	ssize_t n;

	while ((n = zsim_tcp_recv(end->tcp, chunk, sizeof(chunk))) > 0)
		g_byte_array_append(end->got, chunk, (guint)n);
	g_assert_cmpint(n, ==, 0);
}

static void on_connected(zsim_tcp *tcp, void *user)
{
	struct end *end = user;

	g_assert_true(tcp == end->tcp);
	note(end, "connected");
	pump(end);
}

static void on_readable(zsim_tcp *tcp, void *user)
{
	struct end *end = user;

	g_assert_true(tcp == end->tcp);
	g_assert_false(end->net->inside);
	g_assert_cmpuint(zsim_tcp_unread(tcp), >, 0);
	if (!end->leave_unread)
		drain(end);
}

static void on_writable(zsim_tcp *tcp, void *user)
{
	g_assert_cmpuint(zsim_tcp_space(tcp), >, 0);
	pump(user);
}

static void on_closed(zsim_tcp *tcp, enum zsim_reason reason, void *user)
{
	struct end *end = user;

	g_assert_true(tcp == end->tcp);
	note(end, zsim_reason_name(reason));
	end->ended = zsim_now(end->net->sim);
	if (end->destroy_at_end) {
		zsim_tcp_destroy(tcp);
		end->tcp = NULL;
	}
}

static const struct zsim_tcp_ops ops = {on_connected, on_readable, on_writable, on_closed};

static void on_accept(zsim_tcp *tcp, void *user)
{
	struct net *net = user;

	net->accepted++;
	net->b.tcp = tcp;
	note(&net->b, "accepted");
	zsim_tcp_set_ops(tcp, &ops, &net->b);
	pump(&net->b);
}

static struct net *net_new(const struct zsim_config *config, const struct zsim_link *link)
{
	struct net *net = g_new0(struct net, 1);

	net->log = g_string_new(NULL);
	net->sim = zsim_new(config);
	g_assert_nonnull(net->sim);
	net->host[0] = zsim_host_add(net->sim, ADDR(1), link);
	net->host[1] = zsim_host_add(net->sim, ADDR(2), link);
	net->listener = zsim_listen(net->host[1], PORT, on_accept, net);
	g_assert_nonnull(net->listener);
	net->a = (struct end){.net = net, .name = "a", .got = g_byte_array_new()};
	net->b = (struct end){.net = net, .name = "b", .got = g_byte_array_new()};
	return net;
}

static void net_free(struct net *net)
{
	zsim_free(net->sim);
	g_byte_array_unref(net->a.got);
	g_byte_array_unref(net->b.got);
	g_string_free(net->log, TRUE);
	g_free(net);
}

static void dial_from(struct net *net, uint16_t port)
{
	net->inside = true;
	net->a.tcp = zsim_connect(net->host[0], port, ADDR(2), PORT, &ops, &net->a);
	net->inside = false;
	g_assert_nonnull(net->a.tcp);
}

static void run(struct net *net)
{
	g_assert_cmpint(zsim_run_until(net->sim, ZSIM_FOREVER), ==, ZSIM_IDLE);
}

/* ns for a packet from host to host: clocked out twice. */
static int64_t one_way(const struct zsim_link *link, uint64_t ip_bytes)
{
	return 2 * (link->latency_ns +
		    (int64_t)((ip_bytes + 2) * 8 * 1000000000 / link->bandwidth_bps));
}

static uint64_t sent_packets(const zsim_host *host)
{
	struct zsim_counters counters;

	zsim_host_counters(host, &counters);
	return counters.sent_packets;
}

static uint64_t sent_bytes(const zsim_host *host)
{
	struct zsim_counters counters;

	zsim_host_counters(host, &counters);
	return counters.sent_bytes;
}

/* Connected and quiet. */
static struct net *connected_net(void)
{
	struct net *net = net_new(NULL, &fast);

	dial_from(net, 1023);
	run(net);
	g_assert_cmpstr(net->log->str, ==, "a:connected b:accepted");
	g_string_truncate(net->log, 0);
	/* Idle at the last packet: the timers that were called off have not moved the clock. */
	g_assert_cmpint(zsim_now(net->sim), <, 7 * MS);
	return net;
}

static void expect(struct net *net, const char *log)
{
	g_assert_cmpstr(net->log->str, ==, log);
}

static void send_bytes(struct end *end, size_t size)
{
	end->to_send += size;
	pump(end);
}

static void expect_got(const struct end *end, size_t size)
{
	g_assert_cmpuint(end->got->len, ==, size);
	for (size_t i = 0; i < size; i++)
		g_assert_cmpuint(end->got->data[i], ==, pattern(i));
}

/* No connection is left: the same ports can be used again, both ways. */
static void expect_reusable(struct net *net)
{
	const size_t before = net->accepted;

	g_string_truncate(net->log, 0);
	net->a.to_send = net->a.sent = net->b.to_send = net->b.sent = 0;
	dial_from(net, 1023);
	run(net);
	expect(net, "a:connected b:accepted");
	g_assert_cmpuint(net->accepted, ==, before + 1);
}

/* ---------------------------------------------------------------- the mended rows */

static void test_refused(void)
{
	struct net *net = net_new(NULL, &fast);

	zsim_listener_close(net->listener);
	dial_from(net, 0);
	g_assert_cmpuint(zsim_tcp_local_port(net->a.tcp), >=, 49152);
	run(net);
	expect(net, "a:refused");
	g_assert_cmpint(net->a.ended, ==,
			one_way(&fast, sent_bytes(net->host[0])) +
				one_way(&fast, sent_bytes(net->host[1])));
	net_free(net);
}

static void test_reset(void)
{
	struct net *net = connected_net();

	net->inside = true;
	zsim_tcp_abort(net->b.tcp);
	net->inside = false;
	run(net);
	expect(net, "a:reset");
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){(char *)"x", 1}, 1), ==, -1);
	g_assert_cmpint(errno, ==, EPIPE);
	expect_reusable(net);
	net_free(net);
}

static void test_close_unread(void)
{
	struct net *net = connected_net();

	net->b.leave_unread = true;
	send_bytes(&net->a, 10);
	run(net);
	g_assert_cmpuint(zsim_tcp_unread(net->b.tcp), ==, 10);
	net->inside = true;
	zsim_tcp_close(net->b.tcp);
	net->inside = false;
	run(net);
	expect(net, "b:local a:reset");
	expect_reusable(net);
	net_free(net);
}

static void test_shutdown_unacked(void)
{
	struct net *net = connected_net();

	net->a.shutdown_at_once = true;
	send_bytes(&net->a, 100000);
	run(net);
	expect(net, "b:eof");
	expect_got(&net->b, 100000);
	/* Half open: the other way still works. */
	net->b.shutdown_at_once = true;
	send_bytes(&net->b, 50000);
	run(net);
	expect(net, "b:eof a:eof");
	expect_got(&net->a, 50000);
	expect_reusable(net);
	net_free(net);
}

/* A short message, not the first, and its FIN: the ACK does not wait. */
static void test_shutdown_time(void)
{
	struct net *net = connected_net();
	int64_t start;

	send_bytes(&net->a, 100);
	run(net);
	start = zsim_now(net->sim);
	net->a.shutdown_at_once = true;
	send_bytes(&net->a, 100);
	run(net);
	expect(net, "b:eof");
	g_assert_cmpint(net->b.ended - start, ==,
			one_way(&fast, ACK_BYTES + 100) + 2 * one_way(&fast, ACK_BYTES));
	net_free(net);
}

static void test_crossing_fins(void)
{
	struct net *net = connected_net();

	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	send_bytes(&net->a, 3000);
	send_bytes(&net->b, 3000);
	run(net);
	expect(net, "b:eof a:eof");
	expect_got(&net->a, 3000);
	expect_got(&net->b, 3000);
	expect_reusable(net);
	net_free(net);
}

static void test_data_after_close(void)
{
	struct net *net = connected_net();

	zsim_tcp_close(net->a.tcp);
	send_bytes(&net->b, 10); /* meets the FIN on its way */
	run(net);
	expect(net, "b:eof a:local b:reset");
	expect_reusable(net);
	net_free(net);

	net = connected_net();
	zsim_tcp_close(net->a.tcp);
	run(net);
	expect(net, "b:eof a:local");
	send_bytes(&net->b, 10);
	run(net);
	expect(net, "b:eof a:local b:reset");
	expect_reusable(net);
	net_free(net);
}

static void test_timed_out(void)
{
	const struct zsim_config config = {.data_tries = 3};
	struct net *net = net_new(&config, &fast);

	zsim_host_partition(net->host[1], true);
	dial_from(net, 0);
	run(net);
	expect(net, "a:timedout");
	g_assert_cmpint(net->a.ended, ==, 127 * SEC);
	g_assert_cmpuint(sent_packets(net->host[0]), ==, 7);
	zsim_tcp_destroy(net->a.tcp);

	zsim_host_partition(net->host[1], false);
	g_string_truncate(net->log, 0);
	dial_from(net, 1023);
	run(net);
	zsim_host_partition(net->host[0], true);
	send_bytes(&net->a, 10);
	run(net);
	expect(net, "a:connected b:accepted a:timedout");
	/* Retransmissions 200, 400 and 800 ms apart, and 1600 ms of hope. */
	g_assert_cmpuint(sent_packets(net->host[0]), ==, 7 + 2 + 4);
	net_free(net);
}

/* Two hosts cannot hear each other; a third one hears both. */
static void test_path_partition(void)
{
	const struct zsim_config config = {.syn_tries = 2};
	struct net *net = net_new(&config, &fast);
	zsim_host *third = zsim_host_add(net->sim, ADDR(3), &fast);

	zsim_path_partition(net->host[0], net->host[1], true);
	dial_from(net, 0);
	run(net);
	expect(net, "a:timedout");
	zsim_tcp_destroy(net->a.tcp);

	g_string_truncate(net->log, 0);
	net->a.tcp = zsim_connect(third, 0, ADDR(2), PORT, &ops, &net->a);
	run(net);
	expect(net, "a:connected b:accepted");
	zsim_tcp_destroy(net->a.tcp);
	run(net);
	zsim_tcp_destroy(net->b.tcp);

	g_string_truncate(net->log, 0);
	zsim_path_partition(net->host[0], net->host[1], false);
	dial_from(net, 0);
	run(net);
	expect(net, "a:connected b:accepted");
	net_free(net);
}

/* One packet of one path, once: the SYN is repeated after a second; the answer is another packet.
 */
static void test_path_lose(void)
{
	struct net *net = net_new(NULL, &fast);
	zsim_host *third = zsim_host_add(net->sim, ADDR(3), &fast);

	zsim_path_lose(net->host[0], net->host[1], 1);
	net->a.tcp = zsim_connect(third, 0, ADDR(2), PORT, &ops, &net->a);
	run(net);
	expect(net, "a:connected b:accepted");
	g_assert_cmpint(zsim_now(net->sim), <, 1 * SEC);
	zsim_tcp_destroy(net->a.tcp);
	run(net);
	zsim_tcp_destroy(net->b.tcp);

	g_string_truncate(net->log, 0);
	dial_from(net, 0);
	zsim_run_until(net->sim, 900 * MS);
	expect(net, "");
	run(net);
	expect(net, "a:connected b:accepted");
	g_assert_cmpuint(sent_packets(net->host[0]), ==, 3); /* SYN twice, ACK */
	net_free(net);
}

/* How long 200,000 bytes take over links with that much jitter. */
static int64_t time_with_jitter(int64_t jitter, uint64_t seed)
{
	const struct zsim_config config = {.seed = seed};
	struct zsim_link link = fast;
	struct net *net;
	int64_t time;

	link.jitter_ns = jitter;
	net = net_new(&config, &link);
	dial_from(net, 0);
	send_bytes(&net->a, 200000);
	while (net->b.got->len < 200000)
		g_assert_cmpint(zsim_run_until(net->sim, zsim_now(net->sim) + MS / 10), !=,
				ZSIM_IDLE);
	expect_got(&net->b, 200000);
	/* Late, but in order: TCP has nothing to repeat. */
	g_assert_cmpuint(sent_bytes(net->host[0]), <, 200000 + 160 * 60);
	time = zsim_now(net->sim);
	net_free(net);
	return time;
}

/* Up to so much later at each link, by chance, which the seed decides. */
static void test_jitter(void)
{
	const int64_t plain = time_with_jitter(0, 1), one = time_with_jitter(20 * MS, 1),
		      two = time_with_jitter(20 * MS, 2);
	struct zsim_link bad = fast;
	zsim *sim;

	g_assert_cmpint(time_with_jitter(0, 2), ==, plain);
	g_assert_cmpint(one, >, plain + 20 * MS);
	g_assert_cmpint(one, ==, time_with_jitter(20 * MS, 1));
	g_assert_cmpint(one, !=, two);
	sim = zsim_new(NULL);
	bad.jitter_ns = -1;
	g_assert_null(zsim_host_add(sim, ADDR(1), &bad));
	zsim_free(sim);
}

/* An address that nobody has. */
static void test_no_host(void)
{
	const struct zsim_config config = {.syn_tries = 1};
	struct net *net = net_new(&config, &fast);

	net->a.tcp = zsim_connect(net->host[0], 0, ADDR(99), PORT, &ops, &net->a);
	g_assert_nonnull(net->a.tcp);
	run(net);
	expect(net, "a:timedout");
	g_assert_cmpint(net->a.ended, ==, 1 * SEC);
	net_free(net);
}

static void test_close_connecting(void)
{
	struct net *net = net_new(NULL, &fast);

	dial_from(net, 1023);
	net->inside = true;
	zsim_tcp_close(net->a.tcp);
	net->inside = false;
	run(net);
	expect(net, "a:local");
	g_assert_cmpuint(net->accepted, ==, 0);
	g_assert_cmpuint(sent_packets(net->host[0]), ==, 2); /* SYN; RST for the SYN ACK */
	expect_reusable(net);
	net_free(net);
}

static void test_partial_send(void)
{
	const size_t total = 3 << 20;
	struct net *net = connected_net();
	uint8_t *bytes = g_malloc0(total);

	g_assert_cmpuint(zsim_tcp_space(net->a.tcp), ==, 256 << 10);
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){bytes, total}, 1), ==, 256 << 10);
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){bytes, total}, 1), ==, 0);
	run(net);
	g_assert_cmpuint(net->b.got->len, ==, 256 << 10);
	g_byte_array_set_size(net->b.got, 0);
	send_bytes(&net->a, total);
	run(net);
	expect_got(&net->b, total);
	g_free(bytes);
	net_free(net);
}

/* Nothing is sent before connected, and connected is told once. */
static void test_send_before_connected(void)
{
	struct net *net = net_new(NULL, &fast);

	dial_from(net, 0);
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){(char *)"x", 1}, 1), ==, 0);
	net->a.to_send = 5;
	run(net);
	expect(net, "a:connected b:accepted");
	expect_got(&net->b, 5);
	net_free(net);
}

/* ---------------------------------------------------------------- refusals and half-open */

/* B answers and closes with unread bytes; A reads as soon as it can. */
static void refuse(bool drain_late)
{
	struct net *net = connected_net();

	net->a.leave_unread = drain_late;
	net->b.leave_unread = true;
	send_bytes(&net->a, 60);
	run(net);
	send_bytes(&net->b, 32);
	zsim_tcp_close(net->b.tcp);
	run(net);
	expect(net, "b:local a:reset");
	if (drain_late)
		drain(&net->a);
	expect_got(&net->a, 32);
	g_assert_cmpint(zsim_tcp_recv(net->a.tcp, &(char){0}, 1), ==, 0);
	expect_reusable(net);
	net_free(net);
}

static void test_refusal_hello(void)
{
	refuse(false);
	refuse(true);
}

static void cut(void *host)
{
	zsim_host_partition(host, true);
}

static void heal(void *host)
{
	zsim_host_partition(host, false);
}

/* What would arrive at the host's link around that time is lost. */
static void lose(struct net *net, zsim_host *host, int64_t when)
{
	zsim_at(net->sim, when - MS / 10, cut, host);
	zsim_at(net->sim, when + MS / 10, heal, host);
}

/* Bytes are lost, then a RST comes: it is asked about and counts. */
static void test_reset_after_hole(void)
{
	struct net *net = connected_net();

	zsim_host_partition(net->host[0], true);
	send_bytes(&net->b, 32);
	zsim_run_until(net->sim, zsim_now(net->sim) + 10 * MS);
	zsim_host_partition(net->host[0], false);
	zsim_tcp_abort(net->b.tcp);
	run(net);
	expect(net, "a:reset");
	expect_got(&net->a, 0);
	net_free(net);
}

/* All was received, no ACK came back, the first segment was sent again: the RST still counts. */
static void test_reset_after_retransmission(void)
{
	struct net *net = connected_net();
	const int64_t start = zsim_now(net->sim);

	send_bytes(&net->a, 8 * 1448);
	zsim_at(net->sim, start + 3 * MS, cut, net->host[0]);
	zsim_run_until(net->sim, start + 300 * MS);
	expect_got(&net->b, 8 * 1448);
	zsim_host_partition(net->host[0], false);
	zsim_tcp_abort(net->a.tcp);
	run(net);
	expect(net, "b:reset");
	net_free(net);
}

/* The last ACK of an orderly end is lost: the FIN comes again and is acknowledged again. */
static void test_lost_last_ack(void)
{
	const int64_t step = one_way(&fast, ACK_BYTES);
	struct net *net = connected_net();
	int64_t start;

	zsim_tcp_close(net->a.tcp);
	zsim_run_until(net->sim, zsim_now(net->sim) + step);
	expect(net, "b:eof");
	start = zsim_now(net->sim);
	lose(net, net->host[1], start + 2 * step);
	zsim_tcp_close(net->b.tcp);
	run(net);
	expect(net, "b:eof a:local b:local");
	g_assert_cmpint(net->b.ended, ==, start + 200 * MS + 2 * step);
	net_free(net);

	/* FINs that cross. */
	net = connected_net();
	start = zsim_now(net->sim);
	lose(net, net->host[1], start + 2 * step);
	zsim_tcp_close(net->a.tcp);
	zsim_tcp_close(net->b.tcp);
	run(net);
	expect(net, "a:local b:local");
	g_assert_cmpint(net->b.ended, ==, start + 200 * MS + 2 * step);
	net_free(net);
}

/* A FIN is lost while an ACK of something else is under way to its sender. */
static void test_lost_fin(void)
{
	struct net *net = connected_net();

	zsim_tcp_shutdown(net->b.tcp);
	net->b.leave_unread = true;
	send_bytes(&net->a, 200000);
	run(net);
	expect(net, "a:eof");
	lose(net, net->host[1], zsim_now(net->sim) + one_way(&fast, ACK_BYTES));
	zsim_tcp_shutdown(net->a.tcp);
	drain(&net->b); /* tells A that the window is open */
	run(net);
	expect(net, "a:eof b:eof");
	net_free(net);
}

/* After EOF the bytes before it are there. */
static void test_read_after_eof(void)
{
	struct net *net = connected_net();

	net->a.leave_unread = true;
	net->b.shutdown_at_once = true;
	send_bytes(&net->b, 5000);
	run(net);
	expect(net, "a:eof");
	drain(&net->a);
	expect_got(&net->a, 5000);
	zsim_tcp_close(net->a.tcp);
	run(net);
	expect(net, "a:eof b:eof a:local");
	net_free(net);
}

static void test_crash(void)
{
	struct net *net = connected_net();

	/* B crashes and is back: it resets what it does not know. */
	zsim_host_crash(net->host[1]);
	net->listener = zsim_listen(net->host[1], PORT, on_accept, net);
	send_bytes(&net->a, 10);
	run(net);
	expect(net, "a:reset");
	expect_reusable(net);

	/* A crashes and dials from the same port: B gives up the old connection, A gets through. */
	g_string_truncate(net->log, 0);
	send_bytes(&net->a, 10);
	run(net);
	zsim_host_crash(net->host[0]);
	dial_from(net, 1023);
	run(net);
	expect(net, "b:reset a:connected b:accepted");
	net_free(net);
}

/* B is first to close and keeps TIME_WAIT; A dials from the same port at once. */
static void test_time_wait(void)
{
	struct net *net = connected_net();

	net->a.destroy_at_end = true;
	zsim_tcp_close(net->b.tcp);
	g_assert_cmpint(zsim_run_until(net->sim, zsim_now(net->sim) + 500 * MS), ==, ZSIM_TIME);
	expect(net, "a:eof b:local");
	g_assert_null(net->a.tcp);
	net->a.destroy_at_end = false;
	g_string_truncate(net->log, 0);
	dial_from(net, 1023);
	zsim_run_until(net->sim, zsim_now(net->sim) + 10 * MS);
	expect(net, "a:connected b:accepted");
	net_free(net);

	/* A is first: its port is taken for 2 s. */
	net = connected_net();
	zsim_tcp_destroy(net->a.tcp);
	zsim_run_until(net->sim, zsim_now(net->sim) + 10 * MS);
	zsim_tcp_close(net->b.tcp);
	zsim_run_until(net->sim, zsim_now(net->sim) + 1500 * MS);
	g_assert_null(zsim_connect(net->host[0], 1023, ADDR(2), PORT, NULL, NULL));
	g_assert_cmpint(errno, ==, EADDRINUSE);
	run(net);
	expect_reusable(net);
	net_free(net);
}

/* A FIN to nobody is repeated with patience, but not for ever. */
static void test_close_partitioned(void)
{
	struct net *net = connected_net();

	zsim_host_partition(net->host[1], true);
	zsim_tcp_close(net->a.tcp);
	run(net);
	expect(net, "a:timedout");
	g_assert_cmpint(net->a.ended, >, 60 * SEC);
	g_assert_cmpint(net->a.ended, <, 1000 * SEC);
	net_free(net);
}

/* B does not read, A fills all windows; then B reads. */
static void test_closed_window(void)
{
	const size_t total = 2 << 20;
	struct net *net = connected_net();
	int64_t start;

	net->b.leave_unread = true;
	send_bytes(&net->a, total);
	zsim_run_until(net->sim, 30 * SEC);
	g_assert_cmpuint(zsim_tcp_unread(net->b.tcp), >, (256 << 10) - 1448);
	start = zsim_now(net->sim);
	net->b.leave_unread = false;
	drain(&net->b);
	zsim_run_until(net->sim, start + 200 * MS);
	expect_got(&net->b, total);
	net_free(net);

	/* A has nothing to send when the window closes, and is not told that it has opened. */
	net = connected_net();
	net->b.leave_unread = true;
	send_bytes(&net->a, 256 << 10);
	run(net);
	g_assert_cmpuint(zsim_tcp_unread(net->b.tcp), ==, 256 << 10);
	net->b.leave_unread = false;
	zsim_host_partition(net->host[1], true);
	drain(&net->b);
	run(net);
	zsim_host_partition(net->host[1], false);
	send_bytes(&net->a, 5000);
	run(net);
	expect_got(&net->b, (256 << 10) + 5000);
	net_free(net);

	/* Nobody ever reads, and then nobody is there: probes come to an end. */
	net = connected_net();
	net->b.leave_unread = true;
	send_bytes(&net->a, total);
	zsim_run_until(net->sim, 30 * SEC);
	expect(net, "");
	zsim_host_partition(net->host[1], true);
	run(net);
	expect(net, "a:timedout");
	net_free(net);
}

/* ---------------------------------------------------------------- callbacks and time */

static void append_name(void *user)
{
	g_string_append(user, "x");
}

static void stop_now(void *user)
{
	zsim_stop(user);
}

static void test_time(void)
{
	zsim *sim = zsim_new(NULL);
	GString *log = g_string_new(NULL);
	zsim_event *event;

	g_assert_cmpint(zsim_now(sim), ==, 0);
	g_assert_cmpint(zsim_run_until(sim, 5), ==, ZSIM_IDLE);
	zsim_at(sim, 10, append_name, log);
	zsim_at(sim, 20, append_name, log);
	event = zsim_at(sim, 30, append_name, log);
	zsim_at(sim, 20, stop_now, sim);
	zsim_at(sim, 20, append_name, log);
	g_assert_cmpint(zsim_run_until(sim, 15), ==, ZSIM_TIME);
	g_assert_cmpint(zsim_now(sim), ==, 15);
	g_assert_cmpstr(log->str, ==, "x");
	g_assert_cmpint(zsim_run_until(sim, 20), ==, ZSIM_STOPPED);
	g_assert_cmpstr(log->str, ==, "xx");
	g_assert_cmpint(zsim_run_until(sim, 20), ==, ZSIM_TIME);
	g_assert_cmpstr(log->str, ==, "xxx");
	zsim_cancel(event);
	zsim_cancel(NULL);
	zsim_at(sim, 3, append_name, log); /* gone by: now */
	g_assert_cmpint(zsim_run_until(sim, ZSIM_FOREVER), ==, ZSIM_IDLE);
	g_assert_cmpint(zsim_now(sim), ==, 20);
	g_assert_cmpstr(log->str, ==, "xxxx");
	zsim_at(sim, 50, append_name, log); /* freed with the simulation */
	zsim_free(sim);
	zsim_free(NULL);
	g_string_free(log, TRUE);
}

/* Nothing is told after abort and destroy, also not what has happened before. */
static void silence(void *user)
{
	struct net *net = user;

	zsim_tcp_abort(net->a.tcp);
}

static void silence_for_good(void *user)
{
	struct net *net = user;

	zsim_tcp_destroy(net->a.tcp);
}

static void on_readable_note(zsim_tcp *tcp, void *user)
{
	(void)tcp;
	note(user, "readable");
}

/* Silences A between the arrival of bytes or of a RST and its being told. */
static void silence_between(bool reset, void (*how)(void *user), const char *log)
{
	struct zsim_tcp_ops loud = ops;
	struct net *net = connected_net();
	int64_t arrival = zsim_now(net->sim);

	loud.readable = on_readable_note;
	zsim_tcp_set_ops(net->a.tcp, &loud, &net->a);
	if (reset) {
		const uint64_t before = sent_bytes(net->host[1]);

		zsim_tcp_abort(net->b.tcp);
		arrival += one_way(&fast, sent_bytes(net->host[1]) - before);
	} else {
		send_bytes(&net->b, 100);
		arrival += one_way(&fast, ACK_BYTES + 100);
	}
	/* Put in now, our event would come before the arrival, later after it is told. */
	zsim_run_until(net->sim, arrival - 1);
	expect(net, "");
	if (how != NULL)
		zsim_at(net->sim, arrival, how, net);
	zsim_run_until(net->sim, arrival);
	expect(net, log);
	run(net);
	net_free(net);
}

static void test_silence(void)
{
	silence_between(false, NULL, "a:readable");
	silence_between(false, silence, "");
	silence_between(false, silence_for_good, "");
	silence_between(true, NULL, "a:reset");
	silence_between(true, silence, "");
	silence_between(true, silence_for_good, "");
}

static void test_user(void)
{
	struct net *net = connected_net();
	int x;

	g_assert_true(zsim_tcp_user(net->a.tcp) == &net->a);
	zsim_tcp_set_user(net->a.tcp, &x);
	g_assert_true(zsim_tcp_user(net->a.tcp) == &x);
	g_assert_cmphex(zsim_tcp_local_ipv4(net->a.tcp), ==, ADDR(1));
	g_assert_cmpuint(zsim_tcp_local_port(net->a.tcp), ==, 1023);
	g_assert_cmphex(zsim_tcp_peer_ipv4(net->a.tcp), ==, ADDR(2));
	g_assert_cmpuint(zsim_tcp_peer_port(net->a.tcp), ==, PORT);
	g_assert_cmphex(zsim_tcp_peer_ipv4(net->b.tcp), ==, ADDR(1));
	g_assert_cmpuint(zsim_tcp_peer_port(net->b.tcp), ==, 1023);
	g_assert_cmphex(zsim_tcp_local_ipv4(net->b.tcp), ==, ADDR(2));
	g_assert_cmpuint(zsim_tcp_local_port(net->b.tcp), ==, PORT);
	net_free(net);
}

static void test_errors(void)
{
	const struct zsim_config tiny = {.mtu = 100};
	const struct zsim_link still = {.latency_ns = 1};
	const struct zsim_link lossy = {.bandwidth_bps = 1, .loss = 1.5};
	struct net *net;

	g_assert_null(zsim_new(&tiny));
	g_assert_cmpint(errno, ==, EINVAL);
	net = net_new(NULL, &fast);
	g_assert_null(zsim_new(NULL));
	g_assert_cmpint(errno, ==, EBUSY);
	g_assert_null(zsim_host_add(net->sim, ADDR(1), &fast));
	g_assert_cmpint(errno, ==, EEXIST);
	g_assert_null(zsim_host_add(net->sim, 0x7f000001, &fast));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_null(zsim_host_add(net->sim, ADDR(3), &still));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_cmpint(zsim_host_set_link(net->host[0], &lossy), ==, -1);
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_null(zsim_listen(net->host[1], PORT, on_accept, NULL));
	g_assert_cmpint(errno, ==, EADDRINUSE);
	g_assert_null(zsim_connect(net->host[1], 0, ADDR(2), PORT, NULL, NULL));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_null(zsim_connect(net->host[1], PORT, ADDR(1), PORT, NULL, NULL));
	g_assert_cmpint(errno, ==, EADDRINUSE);
	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], "/nowhere/x.pcap"), ==, -1);
	g_assert_cmpint(errno, ==, ENOENT);
	dial_from(net, 0);
	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], "/nowhere/x.pcap"), ==, -1);
	g_assert_cmpint(errno, ==, EBUSY);
	net_free(net);
}

/* A listener that closes during the handshake: the caller is reset. */
static void test_listener_close(void)
{
	struct net *net = net_new(NULL, &fast);

	dial_from(net, 1023);
	zsim_run_until(net->sim, 5 * MS);
	expect(net, "a:connected");
	zsim_listener_close(net->listener);
	run(net);
	g_assert_cmpuint(net->accepted, ==, 0);
	expect(net, "a:connected a:reset");
	net->listener = zsim_listen(net->host[1], PORT, on_accept, net);
	expect_reusable(net);
	net_free(net);
}

/* ---------------------------------------------------------------- the network */

static void test_exact_time(void)
{
	const struct zsim_link slow = {.latency_ns = 7 * MS, .bandwidth_bps = 100000000};
	const size_t segments = 8; /* below the first congestion window */
	struct net *net = net_new(NULL, &slow);
	int64_t start, last;

	dial_from(net, 0);
	run(net);
	start = zsim_now(net->sim);
	send_bytes(&net->a, segments * 1448);
	/* Back to back: the first takes the whole way, the others follow at the link's speed. */
	last = start + one_way(&slow, 1500) + (int64_t)(segments - 1) * 1502 * 8 * 10;
	zsim_run_until(net->sim, last - 1);
	g_assert_cmpuint(net->b.got->len, ==, (segments - 1) * 1448);
	zsim_run_until(net->sim, last);
	g_assert_cmpuint(net->b.got->len, ==, segments * 1448);
	run(net);

	/* Other latency, from now on. */
	g_assert_cmpint(zsim_host_set_link(net->host[1], &fast), ==, 0);
	start = zsim_now(net->sim);
	send_bytes(&net->a, 100);
	last = start + (one_way(&slow, 152) + one_way(&fast, 152)) / 2;
	zsim_run_until(net->sim, last - 1);
	g_assert_cmpuint(net->b.got->len, ==, segments * 1448);
	zsim_run_until(net->sim, last);
	g_assert_cmpuint(net->b.got->len, ==, segments * 1448 + 100);
	net_free(net);
}

/* A long transfer gets what the bottleneck gives. */
static void test_bandwidth(void)
{
	const size_t total = 20 << 20;
	const struct zsim_link slow = {
		.latency_ns = 100000, .bandwidth_bps = 100000000, .queue_packets = 1000};
	struct net *net = net_new(NULL, &slow);
	double goodput;

	net->a.to_send = total;
	net->a.shutdown_at_once = true;
	dial_from(net, 0);
	run(net);
	expect_got(&net->b, total);
	goodput = (double)total * 8e9 / (double)net->b.ended;
	g_test_message("%.1f Mbit/s", goodput / 1e6);
	g_assert_cmpfloat(goodput, >, 0.9 * 100e6 * 1448 / 1502);
	g_assert_cmpfloat(goodput, <, 100e6 * 1448 / 1502);
	net_free(net);
}

static void test_loss(void)
{
	const struct zsim_link lossy = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS, .loss = 0.02};
	struct net *net = net_new(NULL, &lossy);
	struct zsim_counters counters;

	net->a.to_send = 1 << 20;
	net->b.to_send = 1 << 20;
	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	dial_from(net, 0);
	run(net);
	expect_got(&net->a, 1 << 20);
	expect_got(&net->b, 1 << 20);
	zsim_host_counters(net->host[0], &counters);
	g_assert_cmpuint(counters.dropped_packets, >, 0);
	net_free(net);
}

/* However packets get lost, both ends come to the right end and nothing stays behind. */
static void lose_and_close(uint64_t seed)
{
	const struct zsim_link bad = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS, .loss = 0.15};
	const struct zsim_config config = {.seed = seed, .syn_tries = 16};
	struct net *net = net_new(&config, &bad);

	net->a.to_send = 2000 * (seed % 3);
	net->b.to_send = 2000 * (seed / 3 % 3);
	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	dial_from(net, 1023);
	run(net);
	if (net->a.to_send == 0)
		zsim_tcp_shutdown(net->a.tcp);
	run(net);
	if (net->b.to_send == 0)
		zsim_tcp_shutdown(net->b.tcp);
	run(net);
	g_test_message("seed %u: %s", (unsigned)seed, net->log->str);
	expect_got(&net->b, net->a.to_send);
	expect_got(&net->a, net->b.to_send);
	g_assert_nonnull(strstr(net->log->str, "a:eof"));
	g_assert_nonnull(strstr(net->log->str, "b:eof"));
	g_assert_null(strstr(net->log->str, "reset"));
	g_assert_null(strstr(net->log->str, "timedout"));
	zsim_host_set_link(net->host[0], &fast);
	zsim_host_set_link(net->host[1], &fast);
	expect_reusable(net);
	net_free(net);
}

static void test_loss_at_close(void)
{
	for (uint64_t seed = 1; seed <= 400; seed++)
		lose_and_close(seed);
}

static void test_queue_drops(void)
{
	const struct zsim_link narrow = {
		.latency_ns = 1 * MS, .bandwidth_bps = 10000000, .queue_packets = 5};
	struct net *net = net_new(NULL, &fast);
	struct zsim_counters counters;

	zsim_host_set_link(net->host[1], &narrow);
	net->a.to_send = 1 << 20;
	dial_from(net, 0);
	run(net);
	expect_got(&net->b, 1 << 20);
	zsim_host_counters(net->host[1], &counters);
	g_assert_cmpuint(counters.dropped_packets, >, 0);
	g_assert_cmpuint(counters.received_bytes, >, 1 << 20);
	net_free(net);
}

static void test_counters(void)
{
	struct net *net = connected_net();
	struct zsim_counters a, b;

	send_bytes(&net->a, 100);
	run(net);
	zsim_host_counters(net->host[0], &a);
	zsim_host_counters(net->host[1], &b);
	g_assert_cmpuint(a.sent_packets, ==, 3); /* SYN, ACK, data */
	g_assert_cmpuint(b.sent_packets, ==, 2); /* SYN ACK, ACK */
	g_assert_cmpuint(a.sent_packets, ==, b.received_packets);
	g_assert_cmpuint(a.sent_bytes, ==, b.received_bytes);
	g_assert_cmpuint(a.received_bytes, ==, b.sent_bytes);
	g_assert_cmpuint(a.dropped_packets + b.dropped_packets, ==, 0);
	zsim_host_partition(net->host[1], true);
	send_bytes(&net->a, 100);
	zsim_run_until(net->sim, zsim_now(net->sim) + 100 * MS);
	zsim_host_counters(net->host[1], &b);
	g_assert_cmpuint(b.dropped_packets, ==, 1);
	g_assert_cmpuint(b.dropped_bytes, ==, ACK_BYTES + 100);
	net_free(net);
}

/* Each host dials the next, all at once. */
#define MANY 100

struct many {
	struct end end[MANY];
	struct net net;
	size_t accepted;
};

static void on_accept_many(zsim_tcp *tcp, void *user)
{
	struct many *many = user;

	many->accepted++;
	zsim_tcp_send(tcp, &(struct iovec){(char *)"hello", 5}, 1);
	zsim_tcp_destroy(tcp);
}

static void test_many_hosts(void)
{
	struct many *many = g_new0(struct many, 1);
	zsim_host *hosts[MANY];

	many->net.sim = zsim_new(NULL);
	many->net.log = g_string_new(NULL);
	for (uint32_t i = 0; i < MANY; i++) {
		hosts[i] = zsim_host_add(many->net.sim, ADDR(256 + i), &fast);
		g_assert_nonnull(zsim_listen(hosts[i], PORT, on_accept_many, many));
	}
	for (uint32_t i = 0; i < MANY; i++) {
		many->end[i] =
			(struct end){.net = &many->net, .name = "x", .got = g_byte_array_new()};
		many->end[i].tcp = zsim_connect(hosts[i], 1023, ADDR(256 + (i + 1) % MANY), PORT,
						&ops, &many->end[i]);
	}
	g_assert_cmpint(zsim_run_until(many->net.sim, ZSIM_FOREVER), ==, ZSIM_IDLE);
	g_assert_cmpuint(many->accepted, ==, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		g_assert_cmpuint(many->end[i].got->len, ==, 5);
		g_byte_array_unref(many->end[i].got);
	}
	zsim_free(many->net.sim);
	g_string_free(many->net.log, TRUE);
	g_free(many);
}

/* ---------------------------------------------------------------- pcap and determinism */

/* A transfer over a bad link; what A saw, as bytes. */
static GBytes *capture(const char *dir, uint64_t seed)
{
	const struct zsim_link lossy = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS, .loss = 0.05};
	const struct zsim_config config = {.seed = seed};
	char *path = g_build_filename(dir, "a.pcap", NULL);
	struct net *net = net_new(&config, &lossy);
	char *content;
	gsize size;

	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], path), ==, 0);
	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], path), ==, -1);
	g_assert_cmpint(errno, ==, EEXIST);
	net->a.to_send = net->b.to_send = 60000;
	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	dial_from(net, 0);
	run(net);
	net_free(net);
	g_assert_true(g_file_get_contents(path, &content, &size, NULL));
	g_remove(path);
	g_free(path);
	return g_bytes_new_take(content, size);
}

static void test_determinism(void)
{
	char *dir = g_dir_make_tmp("zsim-XXXXXX", NULL);
	GBytes *first = capture(dir, 7);

	for (uint64_t i = 0; i < 50; i++) {
		GBytes *other = capture(dir, 8 + i % 3);

		g_assert_false(g_bytes_equal(first, other));
		g_bytes_unref(other);
	}
	GBytes *last = capture(dir, 7);

	g_assert_true(g_bytes_equal(first, last));
	g_bytes_unref(first);
	g_bytes_unref(last);
	g_rmdir(dir);
	g_free(dir);
}

static uint16_t sum16(const uint8_t *data, size_t size, uint32_t sum)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void test_pcap(void)
{
	char *dir = g_dir_make_tmp("zsim-XXXXXX", NULL);
	GBytes *bytes = capture(dir, 1);
	gsize size, at = 24;
	const uint8_t *data = g_bytes_get_data(bytes, &size);
	uint32_t word[4];
	size_t packets = 0;

	g_assert_cmpuint(size, >, 60000);
	memcpy(word, data, 4);
	g_assert_cmphex(word[0], ==, 0xa1b23c4d); /* nanoseconds */
	memcpy(word, data + 20, 4);
	g_assert_cmpuint(word[0], ==, 101);
	while (at < size) {
		memcpy(word, data + at, 16);
		const uint8_t *ip = data + at + 16;
		const uint32_t length = word[2];

		g_assert_cmpuint(length, ==, word[3]);
		g_assert_cmphex(ip[0], ==, 0x45);
		g_assert_cmpuint((uint32_t)ip[2] << 8 | ip[3], ==, length);
		g_assert_cmphex(sum16(ip, 20, 0), ==, 0xffff);
		/* The pseudo header: addresses, protocol 6, length. */
		g_assert_cmphex(sum16(ip + 20, length - 20, sum16(ip + 12, 8, 6 + length - 20)), ==,
				0xffff);
		at += 16 + length;
		packets++;
	}
	g_assert_cmpuint(at, ==, size);
	g_assert_cmpuint(packets, >, 80);
	g_bytes_unref(bytes);
	g_rmdir(dir);
	g_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shim/tcp/refused", test_refused);
	g_test_add_func("/shim/tcp/reset", test_reset);
	g_test_add_func("/shim/tcp/close-unread", test_close_unread);
	g_test_add_func("/shim/tcp/shutdown-unacked", test_shutdown_unacked);
	g_test_add_func("/shim/tcp/shutdown-time", test_shutdown_time);
	g_test_add_func("/shim/tcp/reset-after-hole", test_reset_after_hole);
	g_test_add_func("/shim/tcp/reset-after-retransmission", test_reset_after_retransmission);
	g_test_add_func("/shim/tcp/lost-last-ack", test_lost_last_ack);
	g_test_add_func("/shim/tcp/lost-fin", test_lost_fin);
	g_test_add_func("/shim/tcp/crossing-fins", test_crossing_fins);
	g_test_add_func("/shim/tcp/data-after-close", test_data_after_close);
	g_test_add_func("/shim/tcp/timed-out", test_timed_out);
	g_test_add_func("/shim/tcp/path-partition", test_path_partition);
	g_test_add_func("/shim/tcp/path-lose", test_path_lose);
	g_test_add_func("/shim/tcp/jitter", test_jitter);
	g_test_add_func("/shim/tcp/no-host", test_no_host);
	g_test_add_func("/shim/tcp/close-connecting", test_close_connecting);
	g_test_add_func("/shim/tcp/partial-send", test_partial_send);
	g_test_add_func("/shim/tcp/send-before-connected", test_send_before_connected);
	g_test_add_func("/shim/tcp/refusal-hello", test_refusal_hello);
	g_test_add_func("/shim/tcp/read-after-eof", test_read_after_eof);
	g_test_add_func("/shim/tcp/crash", test_crash);
	g_test_add_func("/shim/tcp/time-wait", test_time_wait);
	g_test_add_func("/shim/tcp/close-partitioned", test_close_partitioned);
	g_test_add_func("/shim/tcp/closed-window", test_closed_window);
	g_test_add_func("/shim/tcp/listener-close", test_listener_close);
	g_test_add_func("/shim/tcp/user", test_user);
	g_test_add_func("/shim/time", test_time);
	g_test_add_func("/shim/silence", test_silence);
	g_test_add_func("/shim/errors", test_errors);
	g_test_add_func("/shim/net/exact-time", test_exact_time);
	g_test_add_func("/shim/net/bandwidth", test_bandwidth);
	g_test_add_func("/shim/net/loss", test_loss);
	g_test_add_func("/shim/net/loss-at-close", test_loss_at_close);
	g_test_add_func("/shim/net/queue-drops", test_queue_drops);
	g_test_add_func("/shim/net/counters", test_counters);
	g_test_add_func("/shim/net/many-hosts", test_many_hosts);
	g_test_add_func("/shim/pcap", test_pcap);
	g_test_add_func("/shim/determinism", test_determinism);
	return g_test_run();
}
