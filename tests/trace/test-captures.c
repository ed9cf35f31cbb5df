/* SPDX-License-Identifier: MIT */
#include "core/rx.h"

#include <string.h>

#include "tests/captures/streams.h"

/*
 * Every stream of the captures of deployed nodes, decoded by core/rx: what is in it, to the last
 * byte, for three ways of cutting.
 */

#define LNET_TYPES 4 /* ACK, PUT, GET, REPLY */

static const struct expectation {
	const char *capture;
	uint32_t stream;
	uint32_t accept, hello, noop, put, get, reply, ack;
} expected[] = {
	{"nego-active1-passive2-ping", 0, 1, 2, 0, 0, 1, 1, 0},
	{"nego-active1-passive2-ping", 1, 1, 2, 0, 0, 0, 0, 0},
	{"nego-active1-passive2-ping", 2, 1, 2, 0, 0, 0, 0, 0},
	{"nego-active2-passive1-ping", 0, 1, 2, 0, 0, 0, 0, 0},
	{"nego-active2-passive1-ping", 1, 1, 2, 0, 0, 1, 1, 0},
	{"nego-active2-passive1-ping", 2, 1, 2, 0, 0, 0, 0, 0},
	{"nego-active2-passive1-ping", 3, 1, 2, 0, 0, 0, 0, 0},
	{"nego-active3-passive2-ping", 0, 1, 2, 0, 0, 0, 0, 0},
	{"nego-active3-passive2-ping", 1, 1, 2, 0, 0, 1, 1, 0},
	{"nego-active3-passive2-ping", 2, 1, 2, 0, 0, 0, 0, 0},
	{"nego-active3-passive2-ping", 3, 1, 2, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 0, 1, 2, 0, 0, 1, 1, 0},
	{"probe-race-incarnation", 1, 1, 2, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 2, 1, 2, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 4, 1, 1, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 5, 1, 2, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 6, 1, 2, 0, 0, 1, 1, 0},
	{"probe-race-incarnation", 7, 1, 2, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 8, 1, 2, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 9, 1, 2, 0, 0, 0, 0, 0},
	{"probe-race-incarnation", 10, 1, 2, 0, 0, 0, 0, 0},
	{"v1-lst-brw-write-64k-full", 0, 1, 2, 0, 16, 4, 1, 2},
	{"v1-lst-brw-write-64k-full", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v1-lst-brw-write-64k-full", 2, 1, 2, 0, 0, 0, 3, 0},
	{"v1-ping", 0, 1, 2, 0, 0, 1, 1, 0},
	{"v1-ping", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v1-ping", 2, 1, 2, 0, 0, 0, 0, 0},
	{"v2-csum-ping", 0, 1, 2, 0, 0, 1, 1, 0},
	{"v2-csum-ping", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v2-csum-ping", 2, 1, 2, 0, 0, 0, 0, 0},
	{"v2-lst-brw-write-16k-c8-full", 0, 1, 2, 3, 42, 17, 1, 2},
	{"v2-lst-brw-write-16k-c8-full", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v2-lst-brw-write-16k-c8-full", 2, 1, 2, 0, 0, 0, 16, 0},
	{"v2-lst-brw-write-64k-full", 0, 1, 2, 3, 16, 4, 1, 2},
	{"v2-lst-brw-write-64k-full", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v2-lst-brw-write-64k-full", 2, 1, 2, 0, 0, 0, 3, 0},
	{"v2-ping", 0, 1, 2, 0, 0, 1, 1, 0},
	{"v2-ping", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v2-ping", 2, 1, 2, 0, 0, 0, 0, 0},
	{"v3-keepalive-idle", 0, 1, 2, 0, 0, 1, 1, 0},
	{"v3-keepalive-idle", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v3-keepalive-idle", 2, 1, 2, 2, 0, 0, 0, 0},
	{"v3-lst-brw-write-16k-c8-full", 0, 1, 2, 0, 42, 17, 1, 2},
	{"v3-lst-brw-write-16k-c8-full", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v3-lst-brw-write-16k-c8-full", 2, 1, 2, 13, 0, 0, 16, 0},
	{"v3-lst-brw-write-64k-full", 0, 1, 2, 0, 16, 4, 1, 2},
	{"v3-lst-brw-write-64k-full", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v3-lst-brw-write-64k-full", 2, 1, 2, 3, 0, 0, 3, 0},
	{"v3-ping", 0, 1, 2, 0, 0, 1, 1, 0},
	{"v3-ping", 1, 1, 2, 0, 0, 0, 0, 0},
	{"v3-ping", 2, 1, 2, 0, 0, 0, 0, 0},
	/* Its bytes are checked by test_begun_before_the_capture. */
	{"probe-race-incarnation", 3, 0, 0, 0, 0, 0, 0, 0},
};

/* One ZC-ACK as it came: in an LNet message, or in a NOOP. */
struct zcack {
	bool piggyback;
	uint64_t cookies[2];
};

struct tally {
	uint32_t accept, hello, noop, lnet[LNET_TYPES];
	uint32_t summed; /* messages with a checksum, which held */
	uint64_t bytes;
	GArray *requests; /* of uint64_t: cookies of ZC requests */
	GArray *acks;	  /* of struct zcack */
};

static struct tally tally_new(void)
{
	return (struct tally){
		.requests = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
		.acks = g_array_new(FALSE, FALSE, sizeof(struct zcack)),
	};
}

static void tally_clear(struct tally *tally)
{
	g_array_unref(tally->requests);
	g_array_unref(tally->acks);
}

static void count_ksm(struct tally *tally, const struct zcl_ksm *ksm, bool noop)
{
	const struct zcack ack = {!noop, {ksm->ksm_zc_cookies[0], ksm->ksm_zc_cookies[1]}};

	if (ksm->ksm_csum != 0)
		tally->summed++;
	if (!noop && ksm->ksm_zc_cookies[0] != 0)
		g_array_append_val(tally->requests, ksm->ksm_zc_cookies[0]);
	if (ksm->ksm_zc_cookies[1] != 0)
		g_array_append_val(tally->acks, ack);
}

static void count_item(struct tally *tally, const struct zcl_rx_item *item)
{
	tally->bytes += item->wire_size;
	switch (item->kind) {
	case ZCL_ITEM_ACCEPT:
		tally->accept++;
		break;
	case ZCL_ITEM_HELLO:
		tally->hello++;
		break;
	case ZCL_ITEM_NOOP:
		tally->noop++;
		count_ksm(tally, &item->ksm, true);
		break;
	case ZCL_ITEM_MESSAGE:
		g_assert_cmpuint(item->hdr.type, <, LNET_TYPES);
		tally->lnet[item->hdr.type]++;
		count_ksm(tally, &item->ksm, false);
		break;
	default:
		g_assert_not_reached();
	}
}

/* Pushes data; tally NULL: nothing is counted. */
static enum zcl_err feed(struct zcl_rx *rx, const uint8_t *data, size_t len, struct tally *tally)
{
	while (len > 0) {
		const size_t n = zcl_rx_push(rx, data, len);

		g_assert_cmpuint(n, >, 0);
		data += n;
		len -= n;
		for (;;) {
			struct zcl_rx_item item;
			const enum zcl_err err = zcl_rx_next(rx, &item);

			if (err != ZCL_OK)
				return err;
			if (item.kind == ZCL_ITEM_MORE)
				break;
			if (item.kind == ZCL_ITEM_LNET)
				zcl_rx_payload(rx, NULL, 0, 0);
			else if (tally != NULL)
				count_item(tally, &item);
		}
	}
	return ZCL_OK;
}

enum cut { WHOLE, BYTES, CHUNKS, CUTS };

static void feed_side(const struct stream_bytes *stream, bool from_active, enum cut cut,
		      struct tally *tally)
{
	GByteArray *all = streams_join(stream, from_active);
	struct zcl_rx rx;

	zcl_rx_init(&rx, from_active, ZCL_V3);
	if (cut == WHOLE)
		g_assert_cmpint(feed(&rx, all->data, all->len, tally), ==, ZCL_OK);
	for (size_t i = 0; cut == BYTES && i < all->len; i++)
		g_assert_cmpint(feed(&rx, all->data + i, 1, tally), ==, ZCL_OK);
	for (size_t i = 0; cut == CHUNKS && i < stream->chunks->len; i++) {
		const struct stream_chunk *chunk = stream->chunks->pdata[i];
		gsize len;
		const uint8_t *data = g_bytes_get_data(chunk->data, &len);

		if (chunk->from_active == from_active)
			g_assert_cmpint(feed(&rx, data, len, tally), ==, ZCL_OK);
	}
	g_assert_true(zcl_rx_at_boundary(&rx));
	g_byte_array_unref(all);
}

static const struct expectation *expectation_of(const char *capture, uint32_t stream)
{
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		if (strcmp(expected[i].capture, capture) == 0 && expected[i].stream == stream)
			return &expected[i];
	}
	g_error("no expectation for stream %u of %s", stream, capture);
}

static uint64_t size_of(const struct stream_bytes *stream)
{
	uint64_t size = 0;

	for (size_t i = 0; i < stream->chunks->len; i++)
		size += g_bytes_get_size(((struct stream_chunk *)stream->chunks->pdata[i])->data);
	return size;
}

static void check_stream(const char *capture, const struct stream_bytes *stream, enum cut cut)
{
	const struct expectation *want = expectation_of(capture, stream->number);
	struct tally got = tally_new();

	g_test_message("%s stream %u cut %d", capture, stream->number, cut);
	if (want->accept != 0) {
		feed_side(stream, true, cut, &got);
		feed_side(stream, false, cut, &got);
		g_assert_cmpuint(got.bytes, ==, size_of(stream));
	}
	g_assert_cmpuint(got.accept, ==, want->accept);
	g_assert_cmpuint(got.hello, ==, want->hello);
	g_assert_cmpuint(got.noop, ==, want->noop);
	g_assert_cmpuint(got.lnet[ZCL_LNET_PUT], ==, want->put);
	g_assert_cmpuint(got.lnet[ZCL_LNET_GET], ==, want->get);
	g_assert_cmpuint(got.lnet[ZCL_LNET_REPLY], ==, want->reply);
	g_assert_cmpuint(got.lnet[ZCL_LNET_ACK], ==, want->ack);
	tally_clear(&got);
}

static void test_counts(gconstpointer name)
{
	const char *capture = name;
	GPtrArray *streams = streams_load(capture);
	uint32_t rows = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++)
		rows += strcmp(expected[i].capture, capture) == 0;
	g_assert_cmpuint(streams->len, ==, rows);
	for (size_t i = 0; i < streams->len; i++) {
		for (enum cut cut = WHOLE; cut < CUTS; cut++)
			check_stream(capture, streams->pdata[i], cut);
	}
	g_ptr_array_unref(streams);
}

/* Both directions of all streams that begin in the capture. */
static struct tally tally_capture(const char *capture)
{
	GPtrArray *streams = streams_load(capture);
	struct tally tally = tally_new();

	for (size_t i = 0; i < streams->len; i++) {
		feed_side(streams->pdata[i], true, WHOLE, &tally);
		feed_side(streams->pdata[i], false, WHOLE, &tally);
	}
	g_ptr_array_unref(streams);
	return tally;
}

/* The cookies that one ack names, by the V3 rule, which V2's single cookie obeys too. */
static void add_acked(GHashTable *acked, const struct zcack *ack)
{
	uint64_t from = ack->cookies[1], to = ack->cookies[1];

	if (!ack->piggyback && ack->cookies[0] > ack->cookies[1])
		g_assert_true(g_hash_table_add(acked, GSIZE_TO_POINTER(ack->cookies[0])));
	else if (!ack->piggyback && ack->cookies[0] != 0)
		from = ack->cookies[0];
	for (uint64_t cookie = from; cookie <= to; cookie++)
		g_assert_true(g_hash_table_add(acked, GSIZE_TO_POINTER(cookie)));
}

static const struct cookies {
	const char *capture;
	uint32_t requests, piggybacked, noops, pairs;
} cookies[] = {
	{"v1-lst-brw-write-64k-full", 0, 0, 0, 0},	{"v2-lst-brw-write-64k-full", 3, 0, 3, 0},
	{"v2-lst-brw-write-16k-c8-full", 16, 13, 3, 0}, {"v3-lst-brw-write-64k-full", 3, 0, 3, 0},
	{"v3-lst-brw-write-16k-c8-full", 16, 0, 13, 3},
};

/* Requests count from 2 without a hole; each is acked exactly once, as the table says. */
static void test_cookies(gconstpointer data)
{
	const struct cookies *want = data;
	struct tally got = tally_capture(want->capture);
	GHashTable *acked = g_hash_table_new(NULL, NULL);
	uint32_t piggybacked = 0, pairs = 0;

	g_assert_cmpuint(got.requests->len, ==, want->requests);
	for (size_t i = 0; i < got.requests->len; i++)
		g_assert_cmpuint(g_array_index(got.requests, uint64_t, i), ==,
				 ZCL_FIRST_COOKIE + i);
	for (size_t i = 0; i < got.acks->len; i++) {
		const struct zcack *ack = &g_array_index(got.acks, struct zcack, i);
		const bool pair = !ack->piggyback && ack->cookies[0] == ack->cookies[1] + 1;

		add_acked(acked, ack);
		piggybacked += ack->piggyback;
		pairs += pair;
	}
	g_assert_cmpuint(piggybacked, ==, want->piggybacked);
	g_assert_cmpuint(got.noop, ==, want->noops);
	g_assert_cmpuint(got.acks->len, ==, want->piggybacked + want->noops);
	g_assert_cmpuint(pairs, ==, want->pairs);
	g_assert_cmpuint(g_hash_table_size(acked), ==, want->requests);
	for (uint64_t i = 0; i < want->requests; i++)
		g_assert_true(g_hash_table_contains(acked, GSIZE_TO_POINTER(ZCL_FIRST_COOKIE + i)));
	g_hash_table_unref(acked);
	tally_clear(&got);
}

static void test_keepalives(void)
{
	struct tally got = tally_capture("v3-keepalive-idle");

	g_assert_cmpuint(got.acks->len, ==, 2);
	for (size_t i = 0; i < got.acks->len; i++) {
		const struct zcack *ack = &g_array_index(got.acks, struct zcack, i);

		g_assert_false(ack->piggyback);
		g_assert_cmpuint(ack->cookies[0], ==, 0);
		g_assert_cmpuint(ack->cookies[1], ==, ZCL_KEEPALIVE_COOKIE);
	}
	tally_clear(&got);
}

static void test_checksums_hold(void)
{
	struct tally got = tally_capture("v2-csum-ping");

	g_assert_cmpuint(got.summed, ==, 2);
	g_assert_cmpuint(got.lnet[ZCL_LNET_GET] + got.lnet[ZCL_LNET_REPLY], ==, 2);
	tally_clear(&got);
}

/* Each bit of a summed message, turned. Only a turned type or length has other consequences. */
static void check_turned_bits(const GByteArray *all, bool from_active)
{
	const size_t hello = ZCL_HELLO_V2_SIZE + (from_active ? ZCL_ACCEPT_SIZE : 0);
	struct zcl_rx start;

	zcl_rx_init(&start, from_active, ZCL_V3);
	g_assert_cmpint(feed(&start, all->data, hello, NULL), ==, ZCL_OK);
	for (size_t bit = 8 * hello; bit < 8 * all->len; bit++) {
		struct zcl_rx rx = start;
		enum zcl_err err;

		all->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		err = feed(&rx, all->data + hello, all->len - hello, NULL);
		all->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (err == ZCL_OK)
			g_assert_false(zcl_rx_at_boundary(&rx)); /* waits for a longer payload */
		else if (bit / 8 - hello >= ZCL_MSG_HDR_SIZE || bit / 8 - hello < ZCL_KSM_SIZE)
			g_assert_true(err == ZCL_E_BAD_CHECKSUM || bit / 8 - hello < 4);
	}
}

static void test_turned_bits(void)
{
	GPtrArray *streams = streams_load("v2-csum-ping");

	for (int from_active = 0; from_active <= 1; from_active++) {
		GByteArray *all = streams_join(streams->pdata[0], from_active);

		check_turned_bits(all, from_active);
		g_byte_array_unref(all);
	}
	g_ptr_array_unref(streams);
}

/* A keepalive on a connection that was there before the capture: the HELLO of another one helps. */
static void test_begun_before_the_capture(void)
{
	GPtrArray *streams = streams_load("probe-race-incarnation");
	GByteArray *hello = streams_join(streams->pdata[2], false);
	const struct stream_bytes *stream = streams->pdata[3];
	struct tally got = tally_new();
	struct zcl_rx rx;

	zcl_rx_init(&rx, false, ZCL_V3);
	g_assert_cmpint(feed(&rx, hello->data, hello->len, NULL), ==, ZCL_OK);
	for (size_t i = 0; i < stream->chunks->len; i++) {
		const struct stream_chunk *chunk = stream->chunks->pdata[i];
		gsize len;
		const uint8_t *data = g_bytes_get_data(chunk->data, &len);

		g_assert_cmpint(feed(&rx, data, len, &got), ==, ZCL_OK);
	}
	g_assert_true(zcl_rx_at_boundary(&rx));
	g_assert_cmpuint(got.bytes, ==, size_of(stream));
	g_assert_cmpuint(got.noop, ==, 1);
	g_assert_cmpuint(g_array_index(got.acks, struct zcack, 0).cookies[1], ==,
			 ZCL_KEEPALIVE_COOKIE);
	tally_clear(&got);
	g_byte_array_unref(hello);
	g_ptr_array_unref(streams);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		char *path = g_strconcat("/captures/counts/", expected[i].capture, NULL);

		if (expected[i].stream == 0)
			g_test_add_data_func(path, expected[i].capture, test_counts);
		g_free(path);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(cookies); i++) {
		char *path = g_strconcat("/captures/cookies/", cookies[i].capture, NULL);

		g_test_add_data_func(path, &cookies[i], test_cookies);
		g_free(path);
	}
	g_test_add_func("/captures/keepalives", test_keepalives);
	g_test_add_func("/captures/checksums-hold", test_checksums_hold);
	g_test_add_func("/captures/turned-bits", test_turned_bits);
	g_test_add_func("/captures/begun-before-the-capture", test_begun_before_the_capture);
	return g_test_run();
}
