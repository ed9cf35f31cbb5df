/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "tests/sim/shimnet.h"

/* A transfer over a bad link; what A saw, as bytes. */
static GBytes *capture(const char *dir, uint64_t seed)
{
	const struct zsim_link lossy = {.latency_ns = 1 * MS, .bandwidth_bps = GBPS, .loss = 0.05};
	const struct zsim_config config = {.seed = seed};
	char *path = g_build_filename(dir, "a.pcap", NULL);
	struct shimnet *net = shimnet_new(&config, &lossy);
	char *content;
	gsize size;

	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], path), ==, 0);
	g_assert_cmpint(zsim_pcap(net->sim, net->host[0], path), ==, -1);
	g_assert_cmpint(errno, ==, EEXIST);
	net->a.to_send = net->b.to_send = 60000;
	net->a.shutdown_at_once = net->b.shutdown_at_once = true;
	shimnet_dial(net, 0);
	shimnet_run(net);
	shimnet_free(net);
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
	g_test_add_func("/shim/pcap", test_pcap);
	g_test_add_func("/shim/determinism", test_determinism);
	return g_test_run();
}
