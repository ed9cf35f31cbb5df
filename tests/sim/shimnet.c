/* SPDX-License-Identifier: MIT */
#include "tests/sim/shimnet.h"

const struct zsim_link shimnet_fast = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS};

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

void shimnet_note(struct shimend *end, const char *word)
{
	g_assert_false(end->net->inside);
	g_string_append_printf(end->net->log, "%s%s:%s", end->net->log->len ? " " : "", end->name,
			       word);
}

void shimnet_pump(struct shimend *end)
{
	struct shimnet *net = end->net;
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

void shimnet_drain(struct shimend *end)
{
	uint8_t chunk[4096];
	ssize_t n;

	while ((n = zsim_tcp_recv(end->tcp, chunk, sizeof(chunk))) > 0)
		g_byte_array_append(end->got, chunk, (guint)n);
	g_assert_cmpint(n, ==, 0);
}

static void on_connected(zsim_tcp *tcp, void *user)
{
	struct shimend *end = user;

	g_assert_true(tcp == end->tcp);
	shimnet_note(end, "connected");
	shimnet_pump(end);
}

static void on_readable(zsim_tcp *tcp, void *user)
{
	struct shimend *end = user;

	g_assert_true(tcp == end->tcp);
	g_assert_false(end->net->inside);
	g_assert_cmpuint(zsim_tcp_unread(tcp), >, 0);
	if (!end->leave_unread)
		shimnet_drain(end);
}

static void on_writable(zsim_tcp *tcp, void *user)
{
	g_assert_cmpuint(zsim_tcp_space(tcp), >, 0);
	shimnet_pump(user);
}

static void on_closed(zsim_tcp *tcp, enum zsim_reason reason, void *user)
{
	struct shimend *end = user;

	g_assert_true(tcp == end->tcp);
	shimnet_note(end, zsim_reason_name(reason));
	end->ended = zsim_now(end->net->sim);
	if (end->destroy_at_end) {
		zsim_tcp_destroy(tcp);
		end->tcp = NULL;
	}
}

const struct zsim_tcp_ops shimnet_ops = {on_connected, on_readable, on_writable, on_closed};

void shimnet_on_accept(zsim_tcp *tcp, void *user)
{
	struct shimnet *net = user;

	net->accepted++;
	net->b.tcp = tcp;
	shimnet_note(&net->b, "accepted");
	zsim_tcp_set_ops(tcp, &shimnet_ops, &net->b);
	shimnet_pump(&net->b);
}

struct shimnet *shimnet_new(const struct zsim_config *config, const struct zsim_link *link)
{
	struct shimnet *net = g_new0(struct shimnet, 1);

	net->log = g_string_new(NULL);
	net->sim = zsim_new(config);
	g_assert_nonnull(net->sim);
	net->host[0] = zsim_host_add(net->sim, ADDR(1), link);
	net->host[1] = zsim_host_add(net->sim, ADDR(2), link);
	net->listener = zsim_listen(net->host[1], PORT, shimnet_on_accept, net);
	g_assert_nonnull(net->listener);
	net->a = (struct shimend){.net = net, .name = "a", .got = g_byte_array_new()};
	net->b = (struct shimend){.net = net, .name = "b", .got = g_byte_array_new()};
	return net;
}

void shimnet_free(struct shimnet *net)
{
	zsim_free(net->sim);
	g_byte_array_unref(net->a.got);
	g_byte_array_unref(net->b.got);
	g_string_free(net->log, TRUE);
	g_free(net);
}

void shimnet_dial(struct shimnet *net, uint16_t port)
{
	net->inside = true;
	net->a.tcp = zsim_connect(net->host[0], port, ADDR(2), PORT, &shimnet_ops, &net->a);
	net->inside = false;
	g_assert_nonnull(net->a.tcp);
}

void shimnet_run(struct shimnet *net)
{
	g_assert_cmpint(zsim_run_until(net->sim, ZSIM_FOREVER), ==, ZSIM_IDLE);
}

int64_t shimnet_one_way(const struct zsim_link *link, uint64_t ip_bytes)
{
	return 2 * (link->latency_ns +
		    (int64_t)((ip_bytes + 2) * 8 * 1000000000 / link->bandwidth_bps));
}

uint64_t shimnet_sent_packets(const zsim_host *host)
{
	struct zsim_counters counters;

	zsim_host_counters(host, &counters);
	return counters.sent_packets;
}

uint64_t shimnet_sent_bytes(const zsim_host *host)
{
	struct zsim_counters counters;

	zsim_host_counters(host, &counters);
	return counters.sent_bytes;
}

struct shimnet *shimnet_connected(void)
{
	struct shimnet *net = shimnet_new(NULL, &shimnet_fast);

	shimnet_dial(net, 1023);
	shimnet_run(net);
	g_assert_cmpstr(net->log->str, ==, "a:connected b:accepted");
	g_string_truncate(net->log, 0);
	/* Idle at the last packet: the timers that were called off have not moved the clock. */
	g_assert_cmpint(zsim_now(net->sim), <, 7 * MS);
	return net;
}

void shimnet_expect(struct shimnet *net, const char *log)
{
	g_assert_cmpstr(net->log->str, ==, log);
}

void shimnet_send(struct shimend *end, size_t size)
{
	end->to_send += size;
	shimnet_pump(end);
}

void shimnet_expect_got(const struct shimend *end, size_t size)
{
	g_assert_cmpuint(end->got->len, ==, size);
	for (size_t i = 0; i < size; i++)
		g_assert_cmpuint(end->got->data[i], ==, pattern(i));
}

void shimnet_expect_reusable(struct shimnet *net)
{
	const size_t before = net->accepted;

	g_string_truncate(net->log, 0);
	net->a.to_send = net->a.sent = net->b.to_send = net->b.sent = 0;
	shimnet_dial(net, 1023);
	shimnet_run(net);
	shimnet_expect(net, "a:connected b:accepted");
	g_assert_cmpuint(net->accepted, ==, before + 1);
}
