/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/core/bytes.h"
#include "tests/core/rxreader.h"

/* The receiving machine says the same of a stream however it is cut. */

static char *read_in_cuts(const struct rxstream *s, enum rxsink sink, bool in_place, size_t a,
			  size_t b)
{
	struct rxreader r;

	rxreader_init(&r, true, ZCL_V3, sink);
	r.in_place = in_place;
	g_assert_true(zcl_rx_at_boundary(&r.rx));
	g_assert_cmpint(rxreader_feed(&r, s->bytes->data, a), ==, ZCL_OK);
	g_assert_cmpint(rxreader_feed(&r, s->bytes->data + a, b - a), ==, ZCL_OK);
	g_assert_cmpint(rxreader_feed(&r, s->bytes->data + b, s->bytes->len - b), ==, ZCL_OK);
	g_assert_true(zcl_rx_at_boundary(&r.rx));
	g_assert_cmpint(r.rx.flipped, ==, s->version != 1 && s->big != HOST_IS_BIG);
	return g_string_free(r.log, FALSE);
}

static const char v2_log[] =
	"accept 200000a4d0003 (16)\n"
	"hello v2 200000a4d0002 CONTROL ips 2 a000002 (64)\n"
	"noop 0 1 (24)\n"
	"lnet PUT 37 cookies 7 0 (96)\n"
	"message PUT 25 36 47 58 69 7a 8b 9c ad be cf e0 f1 02 13 24 35 46 57 68 79 8a 9b ac bd "
	"ce df f0 01 12 23 34 45 56 67 78 89 (133)\n"
	"lnet GET 0 cookies 0 9 (96)\n"
	"message GET (96)\n"
	"noop 4 3 (24)\n"
	"lnet REPLY 11 cookies 8 0 (96)\n"
	"message REPLY 0b 1c 2d 3e 4f 60 71 82 93 a4 b5 (107)\n"
	"lnet ACK 0 cookies 0 0 (96)\n"
	"message ACK (96)\n";

static const char v1_log[] =
	"accept 200000a4d0003 (16)\n"
	"hello v1 200000a4d0002 CONTROL ips 2 a000002 (80)\n"
	"lnet PUT 37 cookies 0 0 (72)\n"
	"message PUT 25 36 47 58 69 7a 8b 9c ad be cf e0 f1 02 13 24 35 46 57 68 79 8a 9b ac bd "
	"ce df f0 01 12 23 34 45 56 67 78 89 (109)\n"
	"lnet GET 0 cookies 0 0 (72)\n"
	"message GET (72)\n"
	"lnet REPLY 11 cookies 0 0 (72)\n"
	"message REPLY 0b 1c 2d 3e 4f 60 71 82 93 a4 b5 (83)\n"
	"lnet ACK 0 cookies 0 0 (72)\n"
	"message ACK (72)\n";

static void test_whole_stream(void)
{
	for (int big = 0; big <= 1; big++) {
		for (uint32_t version = ZCL_V1; version <= ZCL_V3; version++) {
			struct rxstream s = rxstream_sample(version, big);
			const bool in_place = version % 2;
			char *want = g_strdup(version == ZCL_V1 ? v1_log : v2_log);
			char *got = read_in_cuts(&s, SINK_ALL, in_place, 0, 0);

			if (version == ZCL_V3)
				strstr(want, "hello v2")[7] = '3';
			g_assert_cmpstr(got, ==, want);
			g_free(want);
			g_free(got);
			rxstream_clear(&s);
		}
	}
}

#define IN_PLACE 64

/* The flag byte: 1 big-endian sender, 2 V1, the sink above, IN_PLACE. */
static void test_every_pair_of_cuts(gconstpointer flags)
{
	const int how = GPOINTER_TO_INT(flags);
	const enum rxsink sink = (enum rxsink)((how & ~IN_PLACE) >> 2);
	struct rxstream s = rxstream_sample(how & 2 ? ZCL_V1 : ZCL_V2, how & 1);
	char *whole = read_in_cuts(&s, sink, false, 0, 0);

	for (size_t a = 0; a <= s.bytes->len; a++) {
		for (size_t b = a; b <= s.bytes->len; b++) {
			char *got = read_in_cuts(&s, sink, how & IN_PLACE, a, b);

			g_assert_cmpstr(got, ==, whole);
			g_free(got);
		}
	}
	g_free(whole);
	rxstream_clear(&s);
}

static void test_byte_by_byte(void)
{
	for (int how = 0; how < 16; how++) {
		struct rxstream s = rxstream_sample(how & 2 ? ZCL_V1 : ZCL_V2, how & 1);
		const enum rxsink sink = (enum rxsink)(how >> 2);
		char *whole = read_in_cuts(&s, sink, false, 0, 0);
		struct rxreader r;

		rxreader_init(&r, true, ZCL_V3, sink);
		for (size_t i = 0; i < s.bytes->len; i++)
			g_assert_cmpint(rxreader_feed(&r, s.bytes->data + i, 1), ==, ZCL_OK);
		g_assert_cmpstr(r.log->str, ==, whole);
		g_string_free(r.log, TRUE);
		g_free(whole);
		rxstream_clear(&s);
	}
}

static void test_set_version(void)
{
	struct rxstream s;
	struct rxreader r;

	rxreader_begin(&s, &r, ZCL_V2, false, SINK_ALL);
	zcl_rx_set_version(&r.rx, ZCL_V1);
	s.version = ZCL_V1;
	rxstream_lnet(&s, ZCL_LNET_GET, 0, 0, 0);
	g_assert_cmpint(rxreader_feed(&r, s.bytes->data, s.bytes->len), ==, ZCL_OK);
	g_assert_cmpstr(r.log->str, ==,
			"lnet GET 0 cookies 0 0 (72)\n"
			"message GET (72)\n");
	rxreader_end(&s, &r);
}

static void test_state_names(void)
{
	g_assert_cmpstr(zcl_rx_state_name(ZCL_RX_ACCEPT), ==, "ACCEPT");
	g_assert_cmpstr(zcl_rx_state_name(ZCL_RX_KSM_HEADER), ==, "KSM_HEADER");
	g_assert_cmpstr(zcl_rx_state_name(ZCL_RX_SLOP), ==, "SLOP");
	g_assert_cmpstr(zcl_rx_state_name(ZCL_RX_FAILED), ==, "FAILED");
	g_assert_cmpstr(zcl_rx_state_name((enum zcl_rx_state)(ZCL_RX_FAILED + 1)), ==, "?");
}

static void add_cuts(const char *name, int flags)
{
	g_test_add_data_func(name, GINT_TO_POINTER(flags), test_every_pair_of_cuts);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rx/whole-stream", test_whole_stream);
	add_cuts("/rx/every-pair-of-cuts/v2-little", 0);
	add_cuts("/rx/every-pair-of-cuts/v2-big", 1);
	add_cuts("/rx/every-pair-of-cuts/v1", 2);
	add_cuts("/rx/every-pair-of-cuts/slop", SINK_SLOP << 2);
	add_cuts("/rx/every-pair-of-cuts/in-place-v2-big", 1 | IN_PLACE);
	add_cuts("/rx/every-pair-of-cuts/in-place-v1", 2 | IN_PLACE);
	add_cuts("/rx/every-pair-of-cuts/in-place-slop", SINK_SLOP << 2 | IN_PLACE);
	add_cuts("/rx/every-pair-of-cuts/in-place-wait", SINK_WAIT << 2 | IN_PLACE);
	g_test_add_func("/rx/byte-by-byte", test_byte_by_byte);
	g_test_add_func("/rx/set-version", test_set_version);
	g_test_add_func("/rx/state-names", test_state_names);
	return g_test_run();
}
