/* SPDX-License-Identifier: MIT */
#include "core/rx.h"

#include "tests/core/bytes.h"

#define NODE_2 0x000200000a4d0002
#define NODE_3 0x000200000a4d0003

/* A stream as a sender of either byte order writes it, made from the wire notes alone. */
struct stream {
	GByteArray *bytes;
	uint32_t version;
	bool big;
};

static uint32_t slow_crc(const uint8_t *data, size_t len)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

static struct stream stream_new(uint32_t version, bool big)
{
	return (struct stream){g_byte_array_new(), version, big};
}

static void add_accept(struct stream *s)
{
	put(s->bytes, 0xacce7100, 4, s->big);
	put(s->bytes, 1, 4, s->big);
	put(s->bytes, NODE_3, 8, s->big);
}

static void add_hello_v1(struct stream *s, size_t nips)
{
	put(s->bytes, 0xeebc0ded, 4, false);
	put(s->bytes, 1, 2, false);
	put(s->bytes, 0, 2, false);
	put(s->bytes, NODE_2, 8, false);
	put(s->bytes, 0, 4, false);
	put(s->bytes, 12345, 4, false);
	put(s->bytes, 4, 4, false);
	put(s->bytes, 4 * nips, 4, false);
	put(s->bytes, 99, 8, false);
	put(s->bytes, 1, 4, false);
	for (size_t i = 0; i < 7; i++)
		put(s->bytes, 0, 4, false);
}

static void add_hello(struct stream *s, size_t nips)
{
	const bool big = s->big && s->version != 1;

	if (s->version == 1) {
		add_hello_v1(s, nips);
	} else {
		put(s->bytes, 0x45726963, 4, big);
		put(s->bytes, s->version, 4, big);
		put(s->bytes, NODE_2, 8, big);
		put(s->bytes, NODE_3, 8, big);
		put(s->bytes, 12345, 4, big);
		put(s->bytes, 0, 4, big);
		put(s->bytes, 99, 8, big);
		put(s->bytes, 0, 8, big);
		put(s->bytes, 1, 4, big);
		put(s->bytes, nips, 4, big);
	}
	for (size_t i = 0; i < nips; i++)
		put(s->bytes, 0x0a000001 + i, 4, big);
}

static void add_ksm(struct stream *s, uint32_t type, uint64_t req, uint64_t ack)
{
	if (s->version == 1)
		return;
	put(s->bytes, type, 4, s->big);
	put(s->bytes, 0, 4, s->big);
	put(s->bytes, req, 8, s->big);
	put(s->bytes, ack, 8, s->big);
}

static void add_noop(struct stream *s, uint64_t req, uint64_t ack)
{
	if (s->version != 1)
		add_ksm(s, 0xc0, req, ack);
}

static void add_lnet(struct stream *s, uint32_t type, size_t length, uint64_t req, uint64_t ack)
{
	add_ksm(s, 0xc1, req, ack);
	put(s->bytes, NODE_3, 8, false);
	put(s->bytes, NODE_2, 8, false);
	put(s->bytes, 12345, 4, false);
	put(s->bytes, 12345, 4, false);
	put(s->bytes, type, 4, false);
	put(s->bytes, length, 4, false);
	put(s->bytes, 0x1111, 8, false);
	put(s->bytes, 0x2222, 8, false);
	for (size_t i = 0; i < 6; i++)
		put(s->bytes, 0x33330000 + i, 4, false);
	for (size_t i = 0; i < length; i++)
		put(s->bytes, 17 * i + length, 1, false);
}

/* Writes the sum of the message that starts at `at` into it. */
static void seal(struct stream *s, size_t at)
{
	const uint32_t crc = slow_crc(s->bytes->data + at, s->bytes->len - at);

	g_assert_cmphex(crc, !=, 0);
	for (size_t i = 0; i < 4; i++)
		s->bytes->data[at + 4 + i] = (uint8_t)(crc >> 8 * (s->big ? 3 - i : i));
}

/* Everything that a stream can hold. */
static struct stream sample(uint32_t version, bool big)
{
	struct stream s = stream_new(version, big);
	size_t at;

	add_accept(&s);
	add_hello(&s, 2);
	add_noop(&s, 0, 1);
	add_lnet(&s, ZCL_LNET_PUT, 37, 7, 0);
	add_lnet(&s, ZCL_LNET_GET, 0, 0, 9);
	at = s.bytes->len;
	add_noop(&s, 4, 3);
	if (version != 1)
		seal(&s, at);
	at = s.bytes->len;
	add_lnet(&s, ZCL_LNET_REPLY, 11, 8, 0);
	if (version != 1)
		seal(&s, at);
	add_lnet(&s, ZCL_LNET_ACK, 0, 0, 0);
	return s;
}

/* How the test answers ZCL_ITEM_LNET. */
enum sink { SINK_ALL, SINK_NONE, SINK_SLOP, SINK_WAIT };

struct reader {
	struct zcl_rx rx;
	GString *log;
	enum sink sink;
	struct iovec iov[4];
	uint8_t payload[64];
	size_t length;
	bool in_place;
	size_t unit_size; /* in place: bytes of the present unit so far */
};

static void reader_init(struct reader *r, bool accept_first, uint32_t max_version, enum sink sink)
{
	memset(r, 0, sizeof(*r));
	zcl_rx_init(&r->rx, accept_first, max_version);
	r->log = g_string_new(NULL);
	r->sink = sink;
}

static void answer(struct reader *r, const struct zcl_lnet_hdr *hdr)
{
	const size_t length = hdr->payload_length;
	const size_t unwanted = r->sink == SINK_NONE ? length : r->sink == SINK_SLOP ? 3 : 0;
	const size_t want = MIN(length - MIN(length, unwanted), sizeof(r->payload));
	const size_t first = MIN(want, 5), second = MIN(want - first, 11);
	struct zcl_rx_item item;
	uint8_t byte = 0;

	/* Three pieces with an empty one between; the last is longer than needed. */
	r->iov[0] = (struct iovec){r->payload, first};
	r->iov[1] = (struct iovec){NULL, 0};
	r->iov[2] = (struct iovec){r->payload + first, second};
	r->iov[3] =
		(struct iovec){r->payload + first + second, sizeof(r->payload) - first - second};

	g_assert_cmpuint(zcl_rx_push(&r->rx, &byte, 1), ==, 0);
	if (r->sink == SINK_WAIT) {
		zcl_rx_wait(&r->rx);
		g_assert_cmpint(r->rx.state, ==, ZCL_RX_PARSE_WAIT);
		g_assert_cmpint(zcl_rx_next(&r->rx, &item), ==, ZCL_OK);
		g_assert_cmpint(item.kind, ==, ZCL_ITEM_MORE);
		g_assert_cmpuint(zcl_rx_push(&r->rx, &byte, 1), ==, 0);
	}
	memset(r->payload, 0, sizeof(r->payload));
	r->length = want;
	zcl_rx_payload(&r->rx, r->iov, 0, want);
}

static void log_item(struct reader *r, const struct zcl_rx_item *item)
{
	const struct zcl_ksm *ksm = &item->ksm;

	switch (item->kind) {
	case ZCL_ITEM_ACCEPT:
		g_string_append_printf(r->log, "accept %" PRIx64, item->accept.acr_nid);
		break;
	case ZCL_ITEM_HELLO:
		g_string_append_printf(r->log, "hello v%u %" PRIx64 " %s ips %u %x",
				       item->hello.kshm_version, item->hello.kshm_src_nid,
				       zcl_ctype_name(item->hello.kshm_ctype),
				       item->hello.kshm_nips, item->hello.kshm_ips[1]);
		break;
	case ZCL_ITEM_NOOP:
		g_string_append_printf(r->log, "noop %" PRIu64 " %" PRIu64, ksm->ksm_zc_cookies[0],
				       ksm->ksm_zc_cookies[1]);
		break;
	case ZCL_ITEM_LNET:
		g_string_append_printf(r->log, "lnet %s %u cookies %" PRIu64 " %" PRIu64,
				       zcl_lnet_type_name(item->hdr.type), item->hdr.payload_length,
				       ksm->ksm_zc_cookies[0], ksm->ksm_zc_cookies[1]);
		break;
	case ZCL_ITEM_MESSAGE:
		g_string_append_printf(r->log, "message %s", zcl_lnet_type_name(item->hdr.type));
		for (size_t i = 0; i < r->length; i++)
			g_string_append_printf(r->log, " %02x", r->payload[i]);
		break;
	case ZCL_ITEM_MORE:
		g_assert_not_reached();
	}
	g_string_append_printf(r->log, " (%zu)\n", item->wire_size);
}

/* Takes what is complete. */
static enum zcl_err drain(struct reader *r)
{
	for (;;) {
		struct zcl_rx_item item;
		const enum zcl_err err = zcl_rx_next(&r->rx, &item);

		if (err != ZCL_OK) {
			g_string_append_printf(r->log, "error %s\n", zcl_err_name(err));
			return err;
		}
		if (item.kind == ZCL_ITEM_MORE)
			return ZCL_OK;
		log_item(r, &item);
		if (item.kind == ZCL_ITEM_LNET)
			answer(r, &item.hdr);
	}
}

/* The same as feed, by zcl_rx_feed. */
static enum zcl_err feed_in_place(struct reader *r, const uint8_t *data, size_t len)
{
	/* A copy of just these bytes: a unit that is read beyond them is seen by the sanitizer. */
	uint8_t *copy = g_memdup2(data, len);
	const uint8_t *at = copy;
	struct zcl_rx_item item = {.kind = ZCL_ITEM_MORE};
	enum zcl_err err;

	do {
		const uint8_t *before = at;

		err = zcl_rx_feed(&r->rx, &at, copy + len, &item.kind);
		r->unit_size += (size_t)(at - before);
		if (err != ZCL_OK)
			g_string_append_printf(r->log, "error %s\n", zcl_err_name(err));
		if (err != ZCL_OK || item.kind == ZCL_ITEM_MORE)
			break;
		item.accept = r->rx.accept;
		item.hello = r->rx.hello;
		item.ksm = r->rx.ksm;
		item.hdr = r->rx.hdr;
		item.wire_size = r->unit_size;
		log_item(r, &item);
		if (item.kind == ZCL_ITEM_LNET)
			answer(r, &item.hdr);
		else
			r->unit_size = 0;
	} while (item.kind != ZCL_ITEM_MORE);
	g_assert_true(err != ZCL_OK || at == copy + len);
	g_free(copy);
	return err;
}

/* Feeds all of data; on an error returns it. */
static enum zcl_err feed(struct reader *r, const uint8_t *data, size_t len)
{
	enum zcl_err err;

	if (r->in_place)
		return feed_in_place(r, data, len);
	err = drain(r);
	while (err == ZCL_OK && len > 0) {
		const size_t n = zcl_rx_push(&r->rx, data, len);

		g_assert_cmpuint(n, >, 0);
		g_assert_cmpuint(n, <=, len);
		data += n;
		len -= n;
		err = drain(r);
	}
	return err;
}

static char *read_in_cuts(const struct stream *s, enum sink sink, bool in_place, size_t a, size_t b)
{
	struct reader r;

	reader_init(&r, true, ZCL_V3, sink);
	r.in_place = in_place;
	g_assert_true(zcl_rx_at_boundary(&r.rx));
	g_assert_cmpint(feed(&r, s->bytes->data, a), ==, ZCL_OK);
	g_assert_cmpint(feed(&r, s->bytes->data + a, b - a), ==, ZCL_OK);
	g_assert_cmpint(feed(&r, s->bytes->data + b, s->bytes->len - b), ==, ZCL_OK);
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
			struct stream s = sample(version, big);
			const bool in_place = version % 2;
			char *want = g_strdup(version == ZCL_V1 ? v1_log : v2_log);
			char *got = read_in_cuts(&s, SINK_ALL, in_place, 0, 0);

			if (version == ZCL_V3)
				strstr(want, "hello v2")[7] = '3';
			g_assert_cmpstr(got, ==, want);
			g_free(want);
			g_free(got);
			g_byte_array_unref(s.bytes);
		}
	}
}

#define IN_PLACE 64

/* The flag byte: 1 big-endian sender, 2 V1, the sink above, IN_PLACE. */
static void test_every_pair_of_cuts(gconstpointer flags)
{
	const int how = GPOINTER_TO_INT(flags);
	const enum sink sink = (enum sink)((how & ~IN_PLACE) >> 2);
	struct stream s = sample(how & 2 ? ZCL_V1 : ZCL_V2, how & 1);
	char *whole = read_in_cuts(&s, sink, false, 0, 0);

	for (size_t a = 0; a <= s.bytes->len; a++) {
		for (size_t b = a; b <= s.bytes->len; b++) {
			char *got = read_in_cuts(&s, sink, how & IN_PLACE, a, b);

			g_assert_cmpstr(got, ==, whole);
			g_free(got);
		}
	}
	g_free(whole);
	g_byte_array_unref(s.bytes);
}

static void test_byte_by_byte(void)
{
	for (int how = 0; how < 16; how++) {
		struct stream s = sample(how & 2 ? ZCL_V1 : ZCL_V2, how & 1);
		const enum sink sink = (enum sink)(how >> 2);
		char *whole = read_in_cuts(&s, sink, false, 0, 0);
		struct reader r;

		reader_init(&r, true, ZCL_V3, sink);
		for (size_t i = 0; i < s.bytes->len; i++)
			g_assert_cmpint(feed(&r, s.bytes->data + i, 1), ==, ZCL_OK);
		g_assert_cmpstr(r.log->str, ==, whole);
		g_string_free(r.log, TRUE);
		g_free(whole);
		g_byte_array_unref(s.bytes);
	}
}

/* A reader that stands behind the HELLO, and a stream to extend. */
static void begin(struct stream *s, struct reader *r, uint32_t version, bool big, enum sink sink)
{
	*s = stream_new(version, big);
	add_hello(s, 0);
	reader_init(r, false, ZCL_V3, sink);
	g_assert_cmpint(feed(r, s->bytes->data, s->bytes->len), ==, ZCL_OK);
	g_byte_array_set_size(s->bytes, 0);
	g_string_truncate(r->log, 0);
}

static void end(struct stream *s, struct reader *r)
{
	g_byte_array_unref(s->bytes);
	g_string_free(r->log, TRUE);
}

/* Hands the header in s to r, which stops at ZCL_ITEM_LNET without an answer. */
static void push_header(const struct stream *s, struct zcl_rx *rx)
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
	struct stream s;
	struct reader r;
	size_t at = ZCL_MSG_HDR_SIZE;
	struct iovec iov[4];
	size_t n;

	begin(&s, &r, ZCL_V2, big, SINK_SLOP);
	add_lnet(&s, ZCL_LNET_PUT, 37, 2, 0);
	seal(&s, 0);
	push_header(&s, &r.rx);
	g_assert_cmpuint(zcl_rx_iov(&r.rx, iov, G_N_ELEMENTS(iov)), ==, 0);
	answer(&r, &r.rx.hdr);
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
	end(&s, &r);
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
	struct stream s;
	struct reader r;

	begin(&s, &r, ZCL_V2, false, SINK_SLOP);
	add_lnet(&s, ZCL_LNET_PUT, 37, 0, 0);
	push_header(&s, &r.rx);
	answer(&r, &r.rx.hdr);
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
	end(&s, &r);
}

static void test_drop_sink(void)
{
	for (size_t before = 0; before <= 37; before++) {
		struct stream s;
		struct reader r;
		const uint8_t *rest;

		begin(&s, &r, ZCL_V2, false, SINK_ALL);
		add_lnet(&s, ZCL_LNET_PUT, 37, 2, 0);
		seal(&s, 0); /* the sum holds whether the payload is kept or not */
		push_header(&s, &r.rx);
		answer(&r, &r.rx.hdr);
		rest = s.bytes->data + ZCL_MSG_HDR_SIZE;
		g_assert_cmpuint(zcl_rx_push(&r.rx, rest, before), ==, before);
		zcl_rx_drop_sink(&r.rx);
		memset(r.payload, 0xee, sizeof(r.payload));
		g_assert_cmpint(feed(&r, rest + before, 37 - before), ==, ZCL_OK);
		g_assert_nonnull(strstr(r.log->str, "message PUT"));
		for (size_t i = 0; i < sizeof(r.payload); i++)
			g_assert_cmphex(r.payload[i], ==, 0xee);
		g_assert_true(zcl_rx_at_boundary(&r.rx));
		end(&s, &r);
	}
}

/* Each bit of a summed message, turned: the sum tells, or the header is refused as such. */
static void check_turned_bits(bool noop, bool big, enum sink sink)
{
	struct stream s;
	struct reader r;
	size_t bits;

	begin(&s, &r, ZCL_V2, big, sink);
	if (noop)
		add_noop(&s, 0, 5);
	else
		add_lnet(&s, ZCL_LNET_PUT, 12, 6, 5);
	seal(&s, 0);
	g_assert_cmpint(feed(&r, s.bytes->data, s.bytes->len), ==, ZCL_OK);
	bits = 8 * s.bytes->len;
	for (size_t bit = 0; bit < bits; bit++) {
		const struct zcl_rx start = r.rx;
		enum zcl_err err;

		s.bytes->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		err = feed(&r, s.bytes->data, s.bytes->len);
		s.bytes->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* A turned type or length may ask for other bytes: then it is not OK either. */
		if (err == ZCL_OK)
			g_assert_false(zcl_rx_at_boundary(&r.rx));
		else if (bit >= 32 && bit < 64)
			g_assert_cmpint(err, ==, ZCL_E_BAD_CHECKSUM);
		r.rx = start;
	}
	end(&s, &r);
}

static void test_checksum(void)
{
	for (int big = 0; big <= 1; big++) {
		check_turned_bits(true, big, SINK_ALL);
		for (int sink = SINK_ALL; sink <= SINK_WAIT; sink++)
			check_turned_bits(false, big, (enum sink)sink);
	}
}

static void test_set_version(void)
{
	struct stream s;
	struct reader r;

	begin(&s, &r, ZCL_V2, false, SINK_ALL);
	zcl_rx_set_version(&r.rx, ZCL_V1);
	s.version = ZCL_V1;
	add_lnet(&s, ZCL_LNET_GET, 0, 0, 0);
	g_assert_cmpint(feed(&r, s.bytes->data, s.bytes->len), ==, ZCL_OK);
	g_assert_cmpstr(r.log->str, ==,
			"lnet GET 0 cookies 0 0 (72)\n"
			"message GET (72)\n");
	end(&s, &r);
}

/* Feeds hex to a new reader; checks the error, what version it was about, and that it stays. */
static void check_error(const struct stream *s, bool accept_first, uint32_t max_version,
			enum zcl_err want, uint32_t bad_version, size_t after)
{
	struct zcl_rx_item item;
	struct reader r;

	reader_init(&r, accept_first, max_version, SINK_ALL);
	g_assert_cmpint(feed(&r, s->bytes->data, after - 1), ==, ZCL_OK);
	g_assert_false(zcl_rx_at_boundary(&r.rx));
	g_assert_cmpint(feed(&r, s->bytes->data + after - 1, 1), ==, want);
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
	struct stream s = sample(ZCL_V2, false);

	check_error(&s, true, ZCL_V1, ZCL_E_UNKNOWN_VERSION, ZCL_V2, 24);
	g_byte_array_unref(s.bytes);
	s = sample(ZCL_V3, true);
	check_error(&s, true, ZCL_V1, ZCL_E_UNKNOWN_VERSION, ZCL_V3, 24);
	check_error(&s, true, ZCL_V2, ZCL_E_UNKNOWN_VERSION, ZCL_V3, 24);
	g_byte_array_unref(s.bytes);
	s = sample(ZCL_V4, false);
	check_error(&s, true, ZCL_V3, ZCL_E_UNKNOWN_VERSION, ZCL_V4, 24);
	g_byte_array_unref(s.bytes);
}

static void test_errors_of_each_state(void)
{
	struct stream s;

	s = sample(ZCL_V2, false);
	check_error(&s, false, ZCL_V3, ZCL_E_BAD_MAGIC, 0, 8); /* an acceptor request instead */
	s.bytes->data[4] = 9;
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_ACCEPTOR_VERSION, 0, 16);
	s.bytes->data[0] = 'G';
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_MAGIC, 0, 16);
	g_byte_array_unref(s.bytes);

	s = sample(ZCL_V2, false);
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
	g_byte_array_unref(s.bytes);

	s = sample(ZCL_V1, false);
	s.bytes->data[16 + 24] = ZCL_LNET_PUT;
	check_error(&s, true, ZCL_V3, ZCL_E_BAD_HELLO_TYPE, 0, 16 + 72);
	g_byte_array_unref(s.bytes);
}

/* Random bytes, and good streams with random damage, in random cuts: an error or not, but no harm.
 */
static void test_random(void)
{
	GRand *rand = g_rand_new_with_seed(20061120);

	for (int round = 0; round < 20000; round++) {
		struct stream s = sample(1 + round % 3, round & 4);
		struct reader r;
		size_t at = 0;

		for (int damage = g_rand_int_range(rand, 0, 8); damage > 0; damage--) {
			const size_t where = (size_t)g_rand_int_range(rand, 0, (int)s.bytes->len);

			s.bytes->data[where] = (uint8_t)g_rand_int(rand);
		}
		reader_init(&r, g_rand_boolean(rand), 1 + g_rand_int(rand) % 3, SINK_NONE);
		while (at < s.bytes->len) {
			const size_t left = s.bytes->len - at;
			const size_t n = MIN(left, (size_t)g_rand_int_range(rand, 1, 120));

			if (feed(&r, s.bytes->data + at, n) != ZCL_OK)
				break;
			at += n;
		}
		g_string_free(r.log, TRUE);
		g_byte_array_unref(s.bytes);
	}
	g_rand_free(rand);
}

static void test_noise(void)
{
	GRand *rand = g_rand_new_with_seed(42);

	for (int round = 0; round < 20000; round++) {
		uint8_t noise[200];
		struct stream s;
		struct reader r;

		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)g_rand_int(rand);
		begin(&s, &r, 1 + round % 3, round & 4, SINK_NONE);
		noise[0] = round & 8 ? 0xc0 : 0xc1;
		noise[1] = noise[2] = noise[3] = 0;
		(void)feed(&r, noise, sizeof(noise));
		end(&s, &r);
	}
	g_rand_free(rand);
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
	g_test_add_func("/rx/advance", test_advance);
	g_test_add_func("/rx/iov-lists-what-is-left", test_iov_lists_what_is_left);
	g_test_add_func("/rx/drop-sink", test_drop_sink);
	g_test_add_func("/rx/checksum", test_checksum);
	g_test_add_func("/rx/set-version", test_set_version);
	g_test_add_func("/rx/versions-not-spoken", test_versions_not_spoken);
	g_test_add_func("/rx/errors-of-each-state", test_errors_of_each_state);
	g_test_add_func("/rx/random", test_random);
	g_test_add_func("/rx/noise", test_noise);
	g_test_add_func("/rx/state-names", test_state_names);
	return g_test_run();
}
