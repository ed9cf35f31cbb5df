/* SPDX-License-Identifier: MIT */
#include "tests/core/rxreader.h"

#include <inttypes.h>
#include <string.h>

void rxreader_init(struct rxreader *r, bool accept_first, uint32_t max_version, enum rxsink sink)
{
	memset(r, 0, sizeof(*r));
	zcl_rx_init(&r->rx, accept_first, max_version);
	r->log = g_string_new(NULL);
	r->sink = sink;
}

void rxreader_answer(struct rxreader *r, const struct zcl_lnet_hdr *hdr)
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

static void log_item(struct rxreader *r, const struct zcl_rx_item *item)
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
static enum zcl_err drain(struct rxreader *r)
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
			rxreader_answer(r, &item.hdr);
	}
}

/* The same as feed, by zcl_rx_feed. */
static enum zcl_err feed_in_place(struct rxreader *r, const uint8_t *data, size_t len)
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
			rxreader_answer(r, &item.hdr);
		else
			r->unit_size = 0;
	} while (item.kind != ZCL_ITEM_MORE);
	g_assert_true(err != ZCL_OK || at == copy + len);
	g_free(copy);
	return err;
}

enum zcl_err rxreader_feed(struct rxreader *r, const uint8_t *data, size_t len)
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

void rxreader_begin(struct rxstream *s, struct rxreader *r, uint32_t version, bool big,
		    enum rxsink sink)
{
	*s = rxstream_new(version, big);
	rxstream_hello(s, 0);
	rxreader_init(r, false, ZCL_V3, sink);
	g_assert_cmpint(rxreader_feed(r, s->bytes->data, s->bytes->len), ==, ZCL_OK);
	g_byte_array_set_size(s->bytes, 0);
	g_string_truncate(r->log, 0);
}

void rxreader_end(struct rxstream *s, struct rxreader *r)
{
	rxstream_clear(s);
	g_string_free(r->log, TRUE);
}
