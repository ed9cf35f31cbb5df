/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/core/rxreader.h"

/* The receiving machine puts payloads where it is told to, in pieces, and drops what is not wanted.
 */

/* Hands the header in s to r, which stops at ZCL_ITEM_LNET without an answer. */
static void push_header(const struct rxstream *s, struct zcl_rx *rx)
{
	struct zcl_rx_item item = {.kind = ZCL_ITEM_MORE};
	size_t at = 0;

	while (item.kind == ZCL_ITEM_MORE) {
		at += zcl_rx_push(rx, s->bytes->data + at, s->bytes->len - at);
		g_assert_cmpint(zcl_rx_next(rx, &item), ==, ZCL_OK);
	}
	g_assert_cmpint(item.kind, ==, ZCL_ITEM_LNET);
	g_assert_cmpuint(at, ==, item.wire_size);
	g_assert_cmpint(rx->state, ==, ZCL_RX_PARSE);
}

/* Payload received straight into its place, in steps of `stride` bytes. */
static void check_advance(size_t stride, bool big)
{
	struct zcl_rx_item item;
	struct rxstream s;
	struct rxreader r;
	size_t at = ZCL_MSG_HDR_SIZE;
	struct iovec iov[4];
	size_t n;

	rxreader_begin(&s, &r, ZCL_V2, big, SINK_SLOP);
	rxstream_lnet(&s, ZCL_LNET_PUT, 37, 2, 0);
	rxstream_seal(&s, 0);
	push_header(&s, &r.rx);
	g_assert_cmpuint(zcl_rx_iov(&r.rx, iov, G_N_ELEMENTS(iov)), ==, 0);
	rxreader_answer(&r, &r.rx.hdr);
	while ((n = zcl_rx_iov(&r.rx, iov, 1)) > 0) {
		const size_t take = MIN(stride, iov[0].iov_len);

		g_assert_cmpuint(n, ==, 1);
		memcpy(iov[0].iov_base, s.bytes->data + at, take);
		zcl_rx_advance(&r.rx, take);
		at += take;
	}
	g_assert_cmpuint(at, ==, s.bytes->len - 3);
	g_assert_cmpint(r.rx.state, ==, ZCL_RX_SLOP);
	g_assert_cmpuint(zcl_rx_push(&r.rx, s.bytes->data + at, 3), ==, 3);
	g_assert_cmpint(zcl_rx_next(&r.rx, &item), ==, ZCL_OK);
	g_assert_cmpint(item.kind, ==, ZCL_ITEM_MESSAGE);
	g_assert_cmpmem(r.payload, r.length, s.bytes->data + ZCL_MSG_HDR_SIZE, 34);
	g_assert_cmpint(r.payload[34], ==, 0);
	rxreader_end(&s, &r);
}

static void test_advance(void)
{
	for (size_t stride = 1; stride <= 40; stride++) {
		check_advance(stride, false);
		check_advance(stride, true);
	}
}

static void test_iov_lists_what_is_left(void)
{
	struct iovec iov[4];
	struct rxstream s;
	struct rxreader r;

	rxreader_begin(&s, &r, ZCL_V2, false, SINK_SLOP);
	rxstream_lnet(&s, ZCL_LNET_PUT, 37, 0, 0);
	push_header(&s, &r.rx);
	rxreader_answer(&r, &r.rx.hdr);
	g_assert_cmpuint(zcl_rx_iov(&r.rx, iov, 4), ==, 3);
	g_assert_cmpuint(iov[0].iov_len, ==, 5);
	g_assert_cmpuint(iov[1].iov_len, ==, 11);
	g_assert_cmpuint(iov[2].iov_len, ==, 18); /* not the whole room: only what is wanted */
	g_assert_cmpuint(zcl_rx_iov(&r.rx, iov, 2), ==, 2);
	zcl_rx_advance(&r.rx, 7);
	g_assert_cmpuint(zcl_rx_iov(&r.rx, iov, 4), ==, 2);
	g_assert_true(iov[0].iov_base == r.payload + 7);
	g_assert_cmpuint(iov[0].iov_len, ==, 9);
	zcl_rx_advance(&r.rx, 0);
	g_assert_cmpuint(zcl_rx_iov(&r.rx, iov, 4), ==, 2);
	zcl_rx_advance(&r.rx, 27);
	g_assert_cmpuint(zcl_rx_iov(&r.rx, iov, 4), ==, 0);
	rxreader_end(&s, &r);
}

static void test_drop_sink(void)
{
	for (size_t before = 0; before <= 37; before++) {
		struct rxstream s;
		struct rxreader r;
		const uint8_t *rest;

		rxreader_begin(&s, &r, ZCL_V2, false, SINK_ALL);
		rxstream_lnet(&s, ZCL_LNET_PUT, 37, 2, 0);
		rxstream_seal(&s, 0); /* the sum holds whether the payload is kept or not */
		push_header(&s, &r.rx);
		rxreader_answer(&r, &r.rx.hdr);
		rest = s.bytes->data + ZCL_MSG_HDR_SIZE;
		g_assert_cmpuint(zcl_rx_push(&r.rx, rest, before), ==, before);
		zcl_rx_drop_sink(&r.rx);
		memset(r.payload, 0xee, sizeof(r.payload));
		g_assert_cmpint(rxreader_feed(&r, rest + before, 37 - before), ==, ZCL_OK);
		g_assert_nonnull(strstr(r.log->str, "message PUT"));
		for (size_t i = 0; i < sizeof(r.payload); i++)
			g_assert_cmphex(r.payload[i], ==, 0xee);
		g_assert_true(zcl_rx_at_boundary(&r.rx));
		rxreader_end(&s, &r);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rx/advance", test_advance);
	g_test_add_func("/rx/iov-lists-what-is-left", test_iov_lists_what_is_left);
	g_test_add_func("/rx/drop-sink", test_drop_sink);
	return g_test_run();
}
