/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/sim/shimnet.h"

static void test_exact_time(void)
{
	const struct zsim_link slow = {.latency_ns = 7 * MS, .bandwidth_bps = 100000000};
	const size_t segments = 8; /* below the first congestion window */
	struct shimnet *net = shimnet_new(NULL, &slow);
	int64_t start, last;

	shimnet_dial(net, 0);
	shimnet_run(net);
	start = zsim_now(net->sim);
	shimnet_send(&net->a, segments * 1448);
	/* Back to back: the first takes the whole way, the others follow at the link's speed. */
	last = start + shimnet_one_way(&slow, 1500) + (int64_t)(segments - 1) * 1502 * 8 * 10;
	zsim_run_until(net->sim, last - 1);
	g_assert_cmpuint(net->b.got->len, ==, (segments - 1) * 1448);
	zsim_run_until(net->sim, last);
	g_assert_cmpuint(net->b.got->len, ==, segments * 1448);
	shimnet_run(net);

	/* Other latency, from now on. */
	g_assert_cmpint(zsim_host_set_link(net->host[1], &shimnet_fast), ==, 0);
	start = zsim_now(net->sim);
	shimnet_send(&net->a, 100);
	last = start + (shimnet_one_way(&slow, 152) + shimnet_one_way(&shimnet_fast, 152)) / 2;
	zsim_run_until(net->sim, last - 1);
	g_assert_cmpuint(net->b.got->len, ==, segments * 1448);
	zsim_run_until(net->sim, last);
	g_assert_cmpuint(net->b.got->len, ==, segments * 1448 + 100);
	shimnet_free(net);
}

/* How long 200,000 bytes take over links with that much jitter. */
static int64_t time_with_jitter(int64_t jitter, uint64_t seed)
{
	const struct zsim_config config = {.seed = seed};
	struct zsim_link link = shimnet_fast;
	struct shimnet *net;
	int64_t time;

	link.jitter_ns = jitter;
	net = shimnet_new(&config, &link);
	shimnet_dial(net, 0);
	shimnet_send(&net->a, 200000);
	while (net->b.got->len < 200000)
		g_assert_cmpint(zsim_run_until(net->sim, zsim_now(net->sim) + MS / 10), !=,
				ZSIM_IDLE);
	shimnet_expect_got(&net->b, 200000);
	/* Late, but in order: TCP has nothing to repeat. */
	g_assert_cmpuint(shimnet_sent_bytes(net->host[0]), <, 200000 + 160 * 60);
	time = zsim_now(net->sim);
	shimnet_free(net);
	return time;
}

/* Up to so much later at each link, by chance, which the seed decides. */
static void test_jitter(void)
{
	const int64_t plain = time_with_jitter(0, 1), one = time_with_jitter(20 * MS, 1),
		      two = time_with_jitter(20 * MS, 2);
	struct zsim_link bad = shimnet_fast;
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

/* A long transfer gets what the bottleneck gives. */
static void test_bandwidth(void)
{
	const size_t total = 20 << 20;
	const struct zsim_link slow = {
		.latency_ns = 100000, .bandwidth_bps = 100000000, .queue_packets = 1000};
	struct shimnet *net = shimnet_new(NULL, &slow);
	double goodput;

	net->a.to_send = total;
	net->a.shutdown_at_once = true;
	shimnet_dial(net, 0);
	shimnet_run(net);
	shimnet_expect_got(&net->b, total);
	goodput = (double)total * 8e9 / (double)net->b.ended;
	g_test_message("%.1f Mbit/s", goodput / 1e6);
	g_assert_cmpfloat(goodput, >, 0.9 * 100e6 * 1448 / 1502);
	g_assert_cmpfloat(goodput, <, 100e6 * 1448 / 1502);
	shimnet_free(net);
}

static void test_loss(void)
{
	const struct zsim_link lossy = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS, .loss = 0.02};
	struct shimnet *net = shimnet_new(NULL, &lossy);
	struct zsim_counters counters;

	net->a.to_send = 1 << 20;
	net->b.to_send = 1 << 20;
	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	shimnet_dial(net, 0);
	shimnet_run(net);
	shimnet_expect_got(&net->a, 1 << 20);
	shimnet_expect_got(&net->b, 1 << 20);
	zsim_host_counters(net->host[0], &counters);
	g_assert_cmpuint(counters.dropped_packets, >, 0);
	shimnet_free(net);
}

/* However packets get lost, both ends come to the right end and nothing stays behind. */
static void lose_and_close(uint64_t seed)
{
	const struct zsim_link bad = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS, .loss = 0.15};
	const struct zsim_config config = {.seed = seed, .syn_tries = 16};
	struct shimnet *net = shimnet_new(&config, &bad);

	net->a.to_send = 2000 * (seed % 3);
	net->b.to_send = 2000 * (seed / 3 % 3);
	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	shimnet_dial(net, 1023);
	shimnet_run(net);
	if (net->a.to_send == 0)
		zsim_tcp_shutdown(net->a.tcp);
	shimnet_run(net);
	if (net->b.to_send == 0)
		zsim_tcp_shutdown(net->b.tcp);
	shimnet_run(net);
	g_test_message("seed %u: %s", (unsigned)seed, net->log->str);
	shimnet_expect_got(&net->b, net->a.to_send);
	shimnet_expect_got(&net->a, net->b.to_send);
	g_assert_nonnull(strstr(net->log->str, "a:eof"));
	g_assert_nonnull(strstr(net->log->str, "b:eof"));
	g_assert_null(strstr(net->log->str, "reset"));
	g_assert_null(strstr(net->log->str, "timedout"));
	zsim_host_set_link(net->host[0], &shimnet_fast);
	zsim_host_set_link(net->host[1], &shimnet_fast);
	shimnet_expect_reusable(net);
	shimnet_free(net);
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
	struct shimnet *net = shimnet_new(NULL, &shimnet_fast);
	struct zsim_counters counters;

	zsim_host_set_link(net->host[1], &narrow);
	net->a.to_send = 1 << 20;
	shimnet_dial(net, 0);
	shimnet_run(net);
	shimnet_expect_got(&net->b, 1 << 20);
	zsim_host_counters(net->host[1], &counters);
	g_assert_cmpuint(counters.dropped_packets, >, 0);
	g_assert_cmpuint(counters.received_bytes, >, 1 << 20);
	shimnet_free(net);
}

static void test_counters(void)
{
	struct shimnet *net = shimnet_connected();
	struct zsim_counters a, b;

	shimnet_send(&net->a, 100);
	shimnet_run(net);
	zsim_host_counters(net->host[0], &a);
	zsim_host_counters(net->host[1], &b);
	g_assert_cmpuint(a.sent_packets, ==, 3); /* SYN, ACK, data */
	g_assert_cmpuint(b.sent_packets, ==, 2); /* SYN ACK, ACK */
	g_assert_cmpuint(a.sent_packets, ==, b.received_packets);
	g_assert_cmpuint(a.sent_bytes, ==, b.received_bytes);
	g_assert_cmpuint(a.received_bytes, ==, b.sent_bytes);
	g_assert_cmpuint(a.dropped_packets + b.dropped_packets, ==, 0);
	zsim_host_partition(net->host[1], true);
	shimnet_send(&net->a, 100);
	zsim_run_until(net->sim, zsim_now(net->sim) + 100 * MS);
	zsim_host_counters(net->host[1], &b);
	g_assert_cmpuint(b.dropped_packets, ==, 1);
	g_assert_cmpuint(b.dropped_bytes, ==, ACK_BYTES + 100);
	shimnet_free(net);
}

/* Each host dials the next, all at once. */
#define MANY 100

struct many {
	struct shimend end[MANY];
	struct shimnet net;
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
		hosts[i] = zsim_host_add(many->net.sim, ADDR(256 + i), &shimnet_fast);
		g_assert_nonnull(zsim_listen(hosts[i], PORT, on_accept_many, many));
	}
	for (uint32_t i = 0; i < MANY; i++) {
		many->end[i] =
			(struct shimend){.net = &many->net, .name = "x", .got = g_byte_array_new()};
		many->end[i].tcp = zsim_connect(hosts[i], 1023, ADDR(256 + (i + 1) % MANY), PORT,
						&shimnet_ops, &many->end[i]);
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shim/tcp/jitter", test_jitter);
	g_test_add_func("/shim/net/exact-time", test_exact_time);
	g_test_add_func("/shim/net/bandwidth", test_bandwidth);
	g_test_add_func("/shim/net/loss", test_loss);
	g_test_add_func("/shim/net/loss-at-close", test_loss_at_close);
	g_test_add_func("/shim/net/queue-drops", test_queue_drops);
	g_test_add_func("/shim/net/counters", test_counters);
	g_test_add_func("/shim/net/many-hosts", test_many_hosts);
	return g_test_run();
}
