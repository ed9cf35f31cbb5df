/* SPDX-License-Identifier: MIT */
#include "tests/core/bytes.h"
#include "tests/core/rxreader.h"

/* The receiving machine refuses what is wrong, at its last byte, and is not harmed by anything. */

/* Each bit of a summed message, turned: the sum tells, or the header is refused as such. */
static void check_turned_bits(bool noop, bool big, enum rxsink sink)
{
	struct rxstream s;
	struct rxreader r;
	size_t bits;

	rxreader_begin(&s, &r, ZCL_V2, big, sink);
	if (noop)
		rxstream_noop(&s, 0, 5);
	else
		rxstream_lnet(&s, ZCL_LNET_PUT, 12, 6, 5);
	rxstream_seal(&s, 0);
	g_assert_cmpint(rxreader_feed(&r, s.bytes->data, s.bytes->len), ==, ZCL_OK);
	bits = 8 * s.bytes->len;
	for (size_t bit = 0; bit < bits; bit++) {
		const struct zcl_rx start = r.rx;
		enum zcl_err err;

		s.bytes->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		err = rxreader_feed(&r, s.bytes->data, s.bytes->len);
		s.bytes->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* A turned type or length may ask for other bytes: then it is not OK either. */
		if (err == ZCL_OK)
			g_assert_false(zcl_rx_at_boundary(&r.rx));
		else if (bit >= 32 && bit < 64)
			g_assert_cmpint(err, ==, ZCL_E_BAD_CHECKSUM);
		r.rx = start;
	}
	rxreader_end(&s, &r);
}

static void test_checksum(void)
{
	for (int big = 0; big <= 1; big++) {
		check_turned_bits(true, big, SINK_ALL);
		for (int sink = SINK_ALL; sink <= SINK_WAIT; sink++)
			check_turned_bits(false, big, (enum rxsink)sink);
	}
}

/* Feeds s to a new reader; checks the error, what version it was about, and that it stays. */
static void check_error(const struct rxstream *s, bool accept_first, uint32_t max_version,
			enum zcl_err want, uint32_t bad_version, size_t after)
{
	struct zcl_rx_item item;
	struct rxreader r;

	rxreader_init(&r, accept_first, max_version, SINK_ALL);
	g_assert_cmpint(rxreader_feed(&r, s->bytes->data, after - 1), ==, ZCL_OK);
	g_assert_false(zcl_rx_at_boundary(&r.rx));
	g_assert_cmpint(rxreader_feed(&r, s->bytes->data + after - 1, 1), ==, want);
	g_assert_cmpuint(r.rx.bad_version, ==, bad_version);
	g_assert_cmpint(r.rx.state, ==, ZCL_RX_FAILED);
	g_assert_false(zcl_rx_at_boundary(&r.rx));
	for (int i = 0; i < 3; i++) {
		g_assert_cmpint(zcl_rx_next(&r.rx, &item), ==, ZCL_E_INVALID);
		g_assert_cmpuint(zcl_rx_push(&r.rx, s->bytes->data, 1), ==, 0);
	}
	g_string_free(r.log, TRUE);
}

static void test_versions_not_spoken(void)
{
	struct rxstream s = rxstream_sample(ZCL_V2, false);

	check_error(&s, true, ZCL_V1, ZCL_E_UNKNOWN_VERSION, ZCL_V2, 24);
	rxstream_clear(&s);
	s = rxstream_sample(ZCL_V3, true);
	check_error(&s, true, ZCL_V1, ZCL_E_UNKNOWN_VERSION, ZCL_V3, 24);
	check_error(&s, true, ZCL_V2, ZCL_E_UNKNOWN_VERSION, ZCL_V3, 24);
	rxstream_clear(&s);
	s = rxstream_sample(ZCL_V4, false);
	check_error(&s, true, ZCL_V3, ZCL_E_UNKNOWN_VERSION, ZCL_V4, 24);
	rxstream_clear(&s);
}

static void test_errors_of_each_state(void)
{
	struct rxstream s;

	s = rxstream_sample(ZCL_V2, false);
	check_error(&s, false, ZCL_V3, ZCL_E_BAD_MAGIC, 0, 8); /* an acceptor request instead */
	s.bytes->data[4] = 9;
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_ACCEPTOR_VERSION, 0, 16);
	s.bytes->data[0] = 'G';
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_MAGIC, 0, 16);
	rxstream_clear(&s);

	s = rxstream_sample(ZCL_V2, false);
	poke_le(s.bytes->data + 16 + 52, 17, 4);
	check_error(&s, true, ZCL_V3, ZCL_E_TOO_MANY_IPS, 0, 16 + 56);
	poke_le(s.bytes->data + 16 + 52, 2, 4);
	poke_le(s.bytes->data + 16 + 60, 0, 4);
	check_error(&s, true, ZCL_V3, ZCL_E_ZERO_IP, 0, 16 + 64);
	poke_le(s.bytes->data + 16 + 60, 1, 4);
	s.bytes->data[16 + 64] = 0xc2;
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_KSM_TYPE, 0, 16 + 64 + 24);
	s.bytes->data[16 + 64] = 0xc0;
	s.bytes->data[16 + 64 + 24 + 24 + 24] = ZCL_LNET_HELLO;
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_LNET_TYPE, 0, 16 + 64 + 24 + 96);
	s.bytes->data[16 + 64 + 24 + 24 + 24] = ZCL_LNET_PUT;
	s.bytes->data[16 + 64 + 24 + 24 + 31] = 1;
	check_error(&s, true, ZCL_V3, ZCL_E_PAYLOAD_TOO_LONG, 0, 16 + 64 + 24 + 96);
	rxstream_clear(&s);

	s = rxstream_sample(ZCL_V1, false);
	s.bytes->data[16 + 24] = ZCL_LNET_PUT;
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_HELLO_TYPE, 0, 16 + 72);
	rxstream_clear(&s);
}

/* Random bytes, and good streams with random damage, in random cuts: an error or not, but no harm.
 */
static void test_random(void)
{
	GRand *rand = g_rand_new_with_seed(20061120);

	for (int round = 0; round < 20000; round++) {
		struct rxstream s = rxstream_sample(1 + round % 3, round & 4);
		struct rxreader r;
		size_t at = 0;

		for (int damage = g_rand_int_range(rand, 0, 8); damage > 0; damage--) {
			const size_t where = (size_t)g_rand_int_range(rand, 0, (int)s.bytes->len);

			s.bytes->data[where] = (uint8_t)g_rand_int(rand);
		}
		rxreader_init(&r, g_rand_boolean(rand), 1 + g_rand_int(rand) % 3, SINK_NONE);
		while (at < s.bytes->len) {
			const size_t left = s.bytes->len - at;
			const size_t n = MIN(left, (size_t)g_rand_int_range(rand, 1, 120));

			if (rxreader_feed(&r, s.bytes->data + at, n) != ZCL_OK)
				break;
			at += n;
		}
		g_string_free(r.log, TRUE);
		rxstream_clear(&s);
	}
	g_rand_free(rand);
}

static void test_noise(void)
{
	GRand *rand = g_rand_new_with_seed(42);

	for (int round = 0; round < 20000; round++) {
		uint8_t noise[200];
		struct rxstream s;
		struct rxreader r;

		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)g_rand_int(rand);
		rxreader_begin(&s, &r, 1 + round % 3, round & 4, SINK_NONE);
		noise[0] = round & 8 ? 0xc0 : 0xc1;
		noise[1] = noise[2] = noise[3] = 0;
		(void)rxreader_feed(&r, noise, sizeof(noise));
		rxreader_end(&s, &r);
	}
	g_rand_free(rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rx/checksum", test_checksum);
	g_test_add_func("/rx/versions-not-spoken", test_versions_not_spoken);
	g_test_add_func("/rx/errors-of-each-state", test_errors_of_each_state);
	g_test_add_func("/rx/random", test_random);
	g_test_add_func("/rx/noise", test_noise);
	return g_test_run();
}
