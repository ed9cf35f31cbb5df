/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "tests/sim/shimnet.h"

static void test_partial_send(void)
{
	const size_t total = 3 << 20;
	struct shimnet *net = shimnet_connected();
	uint8_t *bytes = g_malloc0(total);

	g_assert_cmpuint(zsim_tcp_space(net->a.tcp), ==, 256 << 10);
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){bytes, total}, 1), ==, 256 << 10);
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){bytes, total}, 1), ==, 0);
	shimnet_run(net);
	g_assert_cmpuint(net->b.got->len, ==, 256 << 10);
	g_byte_array_set_size(net->b.got, 0);
	shimnet_send(&net->a, total);
	shimnet_run(net);
	shimnet_expect_got(&net->b, total);
	g_free(bytes);
	shimnet_free(net);
}

/* B does not read, A fills all windows; then B reads. */
static void test_closed_window(void)
{
	const size_t total = 2 << 20;
	struct shimnet *net = shimnet_connected();
	int64_t start;

	net->b.leave_unread = true;
	shimnet_send(&net->a, total);
	zsim_run_until(net->sim, 30 * SEC);
	g_assert_cmpuint(zsim_tcp_unread(net->b.tcp), >, (256 << 10) - 1448);
	start = zsim_now(net->sim);
	net->b.leave_unread = false;
	shimnet_drain(&net->b);
	zsim_run_until(net->sim, start + 200 * MS);
	shimnet_expect_got(&net->b, total);
	shimnet_free(net);

	/* A has nothing to send when the window closes, and is not told that it has opened. */
	net = shimnet_connected();
	net->b.leave_unread = true;
	shimnet_send(&net->a, 256 << 10);
	shimnet_run(net);
	g_assert_cmpuint(zsim_tcp_unread(net->b.tcp), ==, 256 << 10);
	net->b.leave_unread = false;
	zsim_host_partition(net->host[1], true);
	shimnet_drain(&net->b);
	shimnet_run(net);
	zsim_host_partition(net->host[1], false);
	shimnet_send(&net->a, 5000);
	shimnet_run(net);
	shimnet_expect_got(&net->b, (256 << 10) + 5000);
	shimnet_free(net);

	/* Nobody ever reads, and then nobody is there: probes come to an end. */
	net = shimnet_connected();
	net->b.leave_unread = true;
	shimnet_send(&net->a, total);
	zsim_run_until(net->sim, 30 * SEC);
	shimnet_expect(net, "");
	zsim_host_partition(net->host[1], true);
	shimnet_run(net);
	shimnet_expect(net, "a:timedout");
	shimnet_free(net);
}

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
	struct shimnet *net = user;

	zsim_tcp_abort(net->a.tcp);
}

static void silence_for_good(void *user)
{
	struct shimnet *net = user;

	zsim_tcp_destroy(net->a.tcp);
}

static void on_readable_note(zsim_tcp *tcp, void *user)
{
	(void)tcp;
	shimnet_note(user, "readable");
}

/* Silences A between the arrival of bytes or of a RST and its being told. */
static void silence_between(bool reset, void (*how)(void *user), const char *log)
{
	struct zsim_tcp_ops loud = shimnet_ops;
	struct shimnet *net = shimnet_connected();
	int64_t arrival = zsim_now(net->sim);

	loud.readable = on_readable_note;
	zsim_tcp_set_ops(net->a.tcp, &loud, &net->a);
	if (reset) {
		const uint64_t before = shimnet_sent_bytes(net->host[1]);

		zsim_tcp_abort(net->b.tcp);
		arrival +=
			shimnet_one_way(&shimnet_fast, shimnet_sent_bytes(net->host[1]) - before);
	} else {
		shimnet_send(&net->b, 100);
		arrival += shimnet_one_way(&shimnet_fast, ACK_BYTES + 100);
	}
	/* Put in now, our event would come before the arrival, later after it is told. */
	zsim_run_until(net->sim, arrival - 1);
	shimnet_expect(net, "");
	if (how != NULL)
		zsim_at(net->sim, arrival, how, net);
	zsim_run_until(net->sim, arrival);
	shimnet_expect(net, log);
	shimnet_run(net);
	shimnet_free(net);
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
	struct shimnet *net = shimnet_connected();
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
	shimnet_free(net);
}

static void test_errors(void)
{
	const struct zsim_config tiny = {.mtu = 100};
	const struct zsim_link still = {.latency_ns = 1};
	const struct zsim_link lossy = {.bandwidth_bps = 1, .loss = 1.5};
	struct shimnet *net;

	g_assert_null(zsim_new(&tiny));
	g_assert_cmpint(errno, ==, EINVAL);
	net = shimnet_new(NULL, &shimnet_fast);
	g_assert_null(zsim_new(NULL));
	g_assert_cmpint(errno, ==, EBUSY);
	g_assert_null(zsim_host_add(net->sim, ADDR(1), &shimnet_fast));
	g_assert_cmpint(errno, ==, EEXIST);
	g_assert_null(zsim_host_add(net->sim, 0x7f000001, &shimnet_fast));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_null(zsim_host_add(net->sim, ADDR(3), &still));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_cmpint(zsim_host_set_link(net->host[0], &lossy), ==, -1);
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_null(zsim_listen(net->host[1], PORT, shimnet_on_accept, NULL));
	g_assert_cmpint(errno, ==, EADDRINUSE);
	g_assert_null(zsim_connect(net->host[1], 0, ADDR(2), PORT, NULL, NULL));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_null(zsim_connect(net->host[1], PORT, ADDR(1), PORT, NULL, NULL));
	g_assert_cmpint(errno, ==, EADDRINUSE);
	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], "/nowhere/x.pcap"), ==, -1);
	g_assert_cmpint(errno, ==, ENOENT);
	shimnet_dial(net, 0);
	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], "/nowhere/x.pcap"), ==, -1);
	g_assert_cmpint(errno, ==, EBUSY);
	shimnet_free(net);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shim/tcp/partial-send", test_partial_send);
	g_test_add_func("/shim/tcp/closed-window", test_closed_window);
	g_test_add_func("/shim/tcp/user", test_user);
	g_test_add_func("/shim/time", test_time);
	g_test_add_func("/shim/silence", test_silence);
	g_test_add_func("/shim/errors", test_errors);
	return g_test_run();
}
