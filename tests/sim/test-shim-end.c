/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "tests/sim/shimnet.h"

static void test_reset(void)
{
	struct shimnet *net = shimnet_connected();

	net->inside = true;
	zsim_tcp_abort(net->b.tcp);
	net->inside = false;
	shimnet_run(net);
	shimnet_expect(net, "a:reset");
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){(char *)"x", 1}, 1), ==, -1);
	g_assert_cmpint(errno, ==, EPIPE);
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

static void test_close_unread(void)
{
	struct shimnet *net = shimnet_connected();

	net->b.leave_unread = true;
	shimnet_send(&net->a, 10);
	shimnet_run(net);
	g_assert_cmpuint(zsim_tcp_unread(net->b.tcp), ==, 10);
	net->inside = true;
	zsim_tcp_close(net->b.tcp);
	net->inside = false;
	shimnet_run(net);
	shimnet_expect(net, "b:local a:reset");
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

static void test_shutdown_unacked(void)
{
	struct shimnet *net = shimnet_connected();

	net->a.shutdown_at_once = true;
	shimnet_send(&net->a, 100000);
	shimnet_run(net);
	shimnet_expect(net, "b:eof");
	shimnet_expect_got(&net->b, 100000);
	/* Half open: the other way still works. */
	net->b.shutdown_at_once = true;
	shimnet_send(&net->b, 50000);
	shimnet_run(net);
	shimnet_expect(net, "b:eof a:eof");
	shimnet_expect_got(&net->a, 50000);
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

/* A short message, not the first, and its FIN: the ACK does not wait. */
static void test_shutdown_time(void)
{
	struct shimnet *net = shimnet_connected();
	int64_t start;

	shimnet_send(&net->a, 100);
	shimnet_run(net);
	start = zsim_now(net->sim);
	net->a.shutdown_at_once = true;
	shimnet_send(&net->a, 100);
	shimnet_run(net);
	shimnet_expect(net, "b:eof");
	g_assert_cmpint(net->b.ended - start, ==,
			shimnet_one_way(&shimnet_fast, ACK_BYTES + 100) +
				2 * shimnet_one_way(&shimnet_fast, ACK_BYTES));
	shimnet_free(net);
}

static void test_crossing_fins(void)
{
	struct shimnet *net = shimnet_connected();

	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	shimnet_send(&net->a, 3000);
	shimnet_send(&net->b, 3000);
	shimnet_run(net);
	shimnet_expect(net, "b:eof a:eof");
	shimnet_expect_got(&net->a, 3000);
	shimnet_expect_got(&net->b, 3000);
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

static void test_data_after_close(void)
{
	struct shimnet *net = shimnet_connected();

	zsim_tcp_close(net->a.tcp);
	shimnet_send(&net->b, 10); /* meets the FIN on its way */
	shimnet_run(net);
	shimnet_expect(net, "b:eof a:local b:reset");
	shimnet_expect_reusable(net);
	shimnet_free(net);

	net = shimnet_connected();
	zsim_tcp_close(net->a.tcp);
	shimnet_run(net);
	shimnet_expect(net, "b:eof a:local");
	shimnet_send(&net->b, 10);
	shimnet_run(net);
	shimnet_expect(net, "b:eof a:local b:reset");
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

/* B answers and closes with unread bytes; A reads as soon as it can. */
static void refuse(bool drain_late)
{
	struct shimnet *net = shimnet_connected();

	net->a.leave_unread = drain_late;
	net->b.leave_unread = true;
	shimnet_send(&net->a, 60);
	shimnet_run(net);
	shimnet_send(&net->b, 32);
	zsim_tcp_close(net->b.tcp);
	shimnet_run(net);
	shimnet_expect(net, "b:local a:reset");
	if (drain_late)
		shimnet_drain(&net->a);
	shimnet_expect_got(&net->a, 32);
	g_assert_cmpint(zsim_tcp_recv(net->a.tcp, &(char){0}, 1), ==, 0);
	shimnet_expect_reusable(net);
	shimnet_free(net);
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
static void lose(struct shimnet *net, zsim_host *host, int64_t when)
{
	zsim_at(net->sim, when - MS / 10, cut, host);
	zsim_at(net->sim, when + MS / 10, heal, host);
}

/* Bytes are lost, then a RST comes: it is asked about and counts. */
static void test_reset_after_hole(void)
{
	struct shimnet *net = shimnet_connected();

	zsim_host_partition(net->host[0], true);
	shimnet_send(&net->b, 32);
	zsim_run_until(net->sim, zsim_now(net->sim) + 10 * MS);
	zsim_host_partition(net->host[0], false);
	zsim_tcp_abort(net->b.tcp);
	shimnet_run(net);
	shimnet_expect(net, "a:reset");
	shimnet_expect_got(&net->a, 0);
	shimnet_free(net);
}

/* All was received, no ACK came back, the first segment was sent again: the RST still counts. */
static void test_reset_after_retransmission(void)
{
	struct shimnet *net = shimnet_connected();
	const int64_t start = zsim_now(net->sim);

	shimnet_send(&net->a, 8 * 1448);
	zsim_at(net->sim, start + 3 * MS, cut, net->host[0]);
	zsim_run_until(net->sim, start + 300 * MS);
	shimnet_expect_got(&net->b, 8 * 1448);
	zsim_host_partition(net->host[0], false);
	zsim_tcp_abort(net->a.tcp);
	shimnet_run(net);
	shimnet_expect(net, "b:reset");
	shimnet_free(net);
}

/* The last ACK of an orderly end is lost: the FIN comes again and is acknowledged again. */
static void test_lost_last_ack(void)
{
	const int64_t step = shimnet_one_way(&shimnet_fast, ACK_BYTES);
	struct shimnet *net = shimnet_connected();
	int64_t start;

	zsim_tcp_close(net->a.tcp);
	zsim_run_until(net->sim, zsim_now(net->sim) + step);
	shimnet_expect(net, "b:eof");
	start = zsim_now(net->sim);
	lose(net, net->host[1], start + 2 * step);
	zsim_tcp_close(net->b.tcp);
	shimnet_run(net);
	shimnet_expect(net, "b:eof a:local b:local");
	g_assert_cmpint(net->b.ended, ==, start + 200 * MS + 2 * step);
	shimnet_free(net);

	/* FINs that cross. */
	net = shimnet_connected();
	start = zsim_now(net->sim);
	lose(net, net->host[1], start + 2 * step);
	zsim_tcp_close(net->a.tcp);
	zsim_tcp_close(net->b.tcp);
	shimnet_run(net);
	shimnet_expect(net, "a:local b:local");
	g_assert_cmpint(net->b.ended, ==, start + 200 * MS + 2 * step);
	shimnet_free(net);
}

/* A FIN is lost while an ACK of something else is under way to its sender. */
static void test_lost_fin(void)
{
	struct shimnet *net = shimnet_connected();

	zsim_tcp_shutdown(net->b.tcp);
	net->b.leave_unread = true;
	shimnet_send(&net->a, 200000);
	shimnet_run(net);
	shimnet_expect(net, "a:eof");
	lose(net, net->host[1], zsim_now(net->sim) + shimnet_one_way(&shimnet_fast, ACK_BYTES));
	zsim_tcp_shutdown(net->a.tcp);
	shimnet_drain(&net->b); /* tells A that the window is open */
	shimnet_run(net);
	shimnet_expect(net, "a:eof b:eof");
	shimnet_free(net);
}

/* After EOF the bytes before it are there. */
static void test_read_after_eof(void)
{
	struct shimnet *net = shimnet_connected();

	net->a.leave_unread = true;
	net->b.shutdown_at_once = true;
	shimnet_send(&net->b, 5000);
	shimnet_run(net);
	shimnet_expect(net, "a:eof");
	shimnet_drain(&net->a);
	shimnet_expect_got(&net->a, 5000);
	zsim_tcp_close(net->a.tcp);
	shimnet_run(net);
	shimnet_expect(net, "a:eof b:eof a:local");
	shimnet_free(net);
}

static void test_crash(void)
{
	struct shimnet *net = shimnet_connected();

	/* B crashes and is back: it resets what it does not know. */
	zsim_host_crash(net->host[1]);
	net->listener = zsim_listen(net->host[1], PORT, shimnet_on_accept, net);
	shimnet_send(&net->a, 10);
	shimnet_run(net);
	shimnet_expect(net, "a:reset");
	shimnet_expect_reusable(net);

	/* A crashes and dials from the same port: B gives up the old connection, A gets through. */
	g_string_truncate(net->log, 0);
	shimnet_send(&net->a, 10);
	shimnet_run(net);
	zsim_host_crash(net->host[0]);
	shimnet_dial(net, 1023);
	shimnet_run(net);
	shimnet_expect(net, "b:reset a:connected b:accepted");
	shimnet_free(net);
}

/* B is first to close and keeps TIME_WAIT; A dials from the same port at once. */
static void test_time_wait(void)
{
	struct shimnet *net = shimnet_connected();

	net->a.destroy_at_end = true;
	zsim_tcp_close(net->b.tcp);
	g_assert_cmpint(zsim_run_until(net->sim, zsim_now(net->sim) + 500 * MS), ==, ZSIM_TIME);
	shimnet_expect(net, "a:eof b:local");
	g_assert_null(net->a.tcp);
	net->a.destroy_at_end = false;
	g_string_truncate(net->log, 0);
	shimnet_dial(net, 1023);
	zsim_run_until(net->sim, zsim_now(net->sim) + 10 * MS);
	shimnet_expect(net, "a:connected b:accepted");
	shimnet_free(net);

	/* A is first: its port is taken for 2 s. */
	net = shimnet_connected();
	zsim_tcp_destroy(net->a.tcp);
	zsim_run_until(net->sim, zsim_now(net->sim) + 10 * MS);
	zsim_tcp_close(net->b.tcp);
	zsim_run_until(net->sim, zsim_now(net->sim) + 1500 * MS);
	g_assert_null(zsim_connect(net->host[0], 1023, ADDR(2), PORT, NULL, NULL));
	g_assert_cmpint(errno, ==, EADDRINUSE);
	shimnet_run(net);
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

/* A FIN to nobody is repeated with patience, but not for ever. */
static void test_close_partitioned(void)
{
	struct shimnet *net = shimnet_connected();

	zsim_host_partition(net->host[1], true);
	zsim_tcp_close(net->a.tcp);
	shimnet_run(net);
	shimnet_expect(net, "a:timedout");
	g_assert_cmpint(net->a.ended, >, 60 * SEC);
	g_assert_cmpint(net->a.ended, <, 1000 * SEC);
	shimnet_free(net);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
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
	g_test_add_func("/shim/tcp/refusal-hello", test_refusal_hello);
	g_test_add_func("/shim/tcp/read-after-eof", test_read_after_eof);
	g_test_add_func("/shim/tcp/crash", test_crash);
	g_test_add_func("/shim/tcp/time-wait", test_time_wait);
	g_test_add_func("/shim/tcp/close-partitioned", test_close_partitioned);
	return g_test_run();
}
