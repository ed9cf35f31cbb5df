/* SPDX-License-Identifier: MIT */
#include "tests/sim/shimnet.h"

static void test_refused(void)
{
	struct shimnet *net = shimnet_new(NULL, &shimnet_fast);

	zsim_listener_close(net->listener);
	shimnet_dial(net, 0);
	g_assert_cmpuint(zsim_tcp_local_port(net->a.tcp), >=, 49152);
	shimnet_run(net);
	shimnet_expect(net, "a:refused");
	g_assert_cmpint(net->a.ended, ==,
			shimnet_one_way(&shimnet_fast, shimnet_sent_bytes(net->host[0])) +
				shimnet_one_way(&shimnet_fast, shimnet_sent_bytes(net->host[1])));
	shimnet_free(net);
}

static void test_timed_out(void)
{
	const struct zsim_config config = {.data_tries = 3};
	struct shimnet *net = shimnet_new(&config, &shimnet_fast);

	zsim_host_partition(net->host[1], true);
	shimnet_dial(net, 0);
	shimnet_run(net);
	shimnet_expect(net, "a:timedout");
	g_assert_cmpint(net->a.ended, ==, 127 * SEC);
	g_assert_cmpuint(shimnet_sent_packets(net->host[0]), ==, 7);
	zsim_tcp_destroy(net->a.tcp);

	zsim_host_partition(net->host[1], false);
	g_string_truncate(net->log, 0);
	shimnet_dial(net, 1023);
	shimnet_run(net);
	zsim_host_partition(net->host[0], true);
	shimnet_send(&net->a, 10);
	shimnet_run(net);
	shimnet_expect(net, "a:connected b:accepted a:timedout");
	/* Retransmissions 200, 400 and 800 ms apart, and 1600 ms of hope. */
	g_assert_cmpuint(shimnet_sent_packets(net->host[0]), ==, 7 + 2 + 4);
	shimnet_free(net);
}

/* Two hosts cannot hear each other; a third one hears both. */
static void test_path_partition(void)
{
	const struct zsim_config config = {.syn_tries = 2};
	struct shimnet *net = shimnet_new(&config, &shimnet_fast);
	zsim_host *third = zsim_host_add(net->sim, ADDR(3), &shimnet_fast);

	zsim_path_partition(net->host[0], net->host[1], true);
	shimnet_dial(net, 0);
	shimnet_run(net);
	shimnet_expect(net, "a:timedout");
	zsim_tcp_destroy(net->a.tcp);

	g_string_truncate(net->log, 0);
	net->a.tcp = zsim_connect(third, 0, ADDR(2), PORT, &shimnet_ops, &net->a);
	shimnet_run(net);
	shimnet_expect(net, "a:connected b:accepted");
	zsim_tcp_destroy(net->a.tcp);
	shimnet_run(net);
	zsim_tcp_destroy(net->b.tcp);

	g_string_truncate(net->log, 0);
	zsim_path_partition(net->host[0], net->host[1], false);
	shimnet_dial(net, 0);
	shimnet_run(net);
	shimnet_expect(net, "a:connected b:accepted");
	shimnet_free(net);
}

/* One packet of one path, once: the SYN is repeated after a second; the answer is another packet.
 */
static void test_path_lose(void)
{
	struct shimnet *net = shimnet_new(NULL, &shimnet_fast);
	zsim_host *third = zsim_host_add(net->sim, ADDR(3), &shimnet_fast);

	zsim_path_lose(net->host[0], net->host[1], 1);
	net->a.tcp = zsim_connect(third, 0, ADDR(2), PORT, &shimnet_ops, &net->a);
	shimnet_run(net);
	shimnet_expect(net, "a:connected b:accepted");
	g_assert_cmpint(zsim_now(net->sim), <, 1 * SEC);
	zsim_tcp_destroy(net->a.tcp);
	shimnet_run(net);
	zsim_tcp_destroy(net->b.tcp);

	g_string_truncate(net->log, 0);
	shimnet_dial(net, 0);
	zsim_run_until(net->sim, 900 * MS);
	shimnet_expect(net, "");
	shimnet_run(net);
	shimnet_expect(net, "a:connected b:accepted");
	g_assert_cmpuint(shimnet_sent_packets(net->host[0]), ==, 3); /* SYN twice, ACK */
	shimnet_free(net);
}

/* An address that nobody has. */
static void test_no_host(void)
{
	const struct zsim_config config = {.syn_tries = 1};
	struct shimnet *net = shimnet_new(&config, &shimnet_fast);

	net->a.tcp = zsim_connect(net->host[0], 0, ADDR(99), PORT, &shimnet_ops, &net->a);
	g_assert_nonnull(net->a.tcp);
	shimnet_run(net);
	shimnet_expect(net, "a:timedout");
	g_assert_cmpint(net->a.ended, ==, 1 * SEC);
	shimnet_free(net);
}

static void test_close_connecting(void)
{
	struct shimnet *net = shimnet_new(NULL, &shimnet_fast);

	shimnet_dial(net, 1023);
	net->inside = true;
	zsim_tcp_close(net->a.tcp);
	net->inside = false;
	shimnet_run(net);
	shimnet_expect(net, "a:local");
	g_assert_cmpuint(net->accepted, ==, 0);
	g_assert_cmpuint(shimnet_sent_packets(net->host[0]), ==, 2); /* SYN; RST for the SYN ACK */
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

/* Nothing is sent before connected, and connected is told once. */
static void test_send_before_connected(void)
{
	struct shimnet *net = shimnet_new(NULL, &shimnet_fast);

	shimnet_dial(net, 0);
	g_assert_cmpint(zsim_tcp_send(net->a.tcp, &(struct iovec){(char *)"x", 1}, 1), ==, 0);
	net->a.to_send = 5;
	shimnet_run(net);
	shimnet_expect(net, "a:connected b:accepted");
	shimnet_expect_got(&net->b, 5);
	shimnet_free(net);
}

/* A listener that closes during the handshake: the caller is reset. */
static void test_listener_close(void)
{
	struct shimnet *net = shimnet_new(NULL, &shimnet_fast);

	shimnet_dial(net, 1023);
	zsim_run_until(net->sim, 5 * MS);
	shimnet_expect(net, "a:connected");
	zsim_listener_close(net->listener);
	shimnet_run(net);
	g_assert_cmpuint(net->accepted, ==, 0);
	shimnet_expect(net, "a:connected a:reset");
	net->listener = zsim_listen(net->host[1], PORT, shimnet_on_accept, net);
	shimnet_expect_reusable(net);
	shimnet_free(net);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shim/tcp/refused", test_refused);
	g_test_add_func("/shim/tcp/timed-out", test_timed_out);
	g_test_add_func("/shim/tcp/path-partition", test_path_partition);
	g_test_add_func("/shim/tcp/path-lose", test_path_lose);
	g_test_add_func("/shim/tcp/no-host", test_no_host);
	g_test_add_func("/shim/tcp/close-connecting", test_close_connecting);
	g_test_add_func("/shim/tcp/send-before-connected", test_send_before_connected);
	g_test_add_func("/shim/tcp/listener-close", test_listener_close);
	return g_test_run();
}
