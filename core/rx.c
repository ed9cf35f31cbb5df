/* SPDX-License-Identifier: MIT */
#include "core/rx.h"

#include <string.h>

#include <glib.h>

#define HELLO_PEEK_SIZE 8 /* magic and version */
#define KSM_CSUM_AT	4 /* where ksm_csum stands in the ksock header */

/* Starts on a unit of `need` bytes, whose first `have` are in buf already. */
static void expect(struct zcl_rx *rx, enum zcl_rx_state state, size_t have, size_t need)
{
	g_assert(have <= need && need <= sizeof(rx->buf));
	rx->state = state;
	rx->have = have;
	rx->need = need;
}

static void expect_message(struct zcl_rx *rx)
{
	if (rx->version == ZCL_V1) {
		memset(&rx->ksm, 0, sizeof(rx->ksm));
		expect(rx, ZCL_RX_LNET_HEADER, 0, ZCL_LNET_HDR_SIZE);
	} else {
		expect(rx, ZCL_RX_KSM_HEADER, 0, ZCL_KSM_SIZE);
	}
}

static size_t ksm_size(const struct zcl_rx *rx)
{
	return rx->version == ZCL_V1 ? 0 : ZCL_KSM_SIZE;
}

void zcl_rx_init(struct zcl_rx *rx, bool accept_first, uint32_t max_version)
{
	g_assert(zcl_hello_fixed_size(max_version) != 0);
	memset(rx, 0, sizeof(*rx));
	rx->max_version = max_version;
	if (accept_first)
		expect(rx, ZCL_RX_ACCEPT, 0, ZCL_ACCEPT_SIZE);
	else
		expect(rx, ZCL_RX_HELLO_PEEK, 0, HELLO_PEEK_SIZE);
}

void zcl_rx_set_version(struct zcl_rx *rx, uint32_t version)
{
	g_assert(rx->state == ZCL_RX_KSM_HEADER || rx->state == ZCL_RX_LNET_HEADER);
	g_assert(rx->have == 0);
	g_assert(zcl_hello_fixed_size(version) != 0);
	rx->version = version;
	expect_message(rx);
}

/* The sum covers the bytes as sent; only a message that carries one is summed. */
static void sum(struct zcl_rx *rx, const void *data, size_t len)
{
	if (rx->ksm.ksm_csum != 0)
		rx->crc = zcl_crc(rx->crc, data, len);
}

static void sum_ksm(struct zcl_rx *rx)
{
	static const uint8_t no_csum[sizeof(rx->ksm.ksm_csum)];
	const size_t after = KSM_CSUM_AT + sizeof(no_csum);

	rx->crc = ZCL_CRC_INIT;
	sum(rx, rx->buf, KSM_CSUM_AT);
	sum(rx, no_csum, sizeof(no_csum));
	sum(rx, rx->buf + after, ZCL_KSM_SIZE - after);
}

static bool sum_is_wrong(const struct zcl_rx *rx)
{
	return rx->ksm.ksm_csum != 0 && rx->ksm.ksm_csum != rx->crc;
}

static enum zcl_err finish_accept(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	const enum zcl_err err = zcl_accept_decode(rx->buf, &item->accept, &rx->flipped);

	if (err != ZCL_OK)
		return err;
	item->kind = ZCL_ITEM_ACCEPT;
	item->wire_size = ZCL_ACCEPT_SIZE;
	expect(rx, ZCL_RX_HELLO_PEEK, 0, HELLO_PEEK_SIZE);
	return ZCL_OK;
}

static enum zcl_err finish_peek(struct zcl_rx *rx)
{
	uint32_t version;
	enum zcl_err err;

	err = zcl_hello_peek(rx->buf, &version, &rx->flipped);
	if (err == ZCL_OK && version > rx->max_version)
		err = ZCL_E_UNKNOWN_VERSION;
	if (err == ZCL_E_UNKNOWN_VERSION)
		rx->bad_version = version;
	if (err != ZCL_OK)
		return err;
	rx->version = version;
	expect(rx, ZCL_RX_HELLO, HELLO_PEEK_SIZE, zcl_hello_fixed_size(version));
	return ZCL_OK;
}

static void hand_out_hello(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	item->kind = ZCL_ITEM_HELLO;
	item->hello = rx->hello;
	item->wire_size = rx->need;
	expect_message(rx);
}

static enum zcl_err finish_hello(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	const enum zcl_err err = zcl_hello_decode(rx->buf, rx->flipped, &rx->hello);

	if (err != ZCL_OK)
		return err;
	if (rx->hello.kshm_nips == 0)
		hand_out_hello(rx, item);
	else
		expect(rx, ZCL_RX_HELLO_IPS, rx->have,
		       rx->need + rx->hello.kshm_nips * sizeof(rx->hello.kshm_ips[0]));
	return ZCL_OK;
}

static enum zcl_err finish_hello_ips(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	const size_t fixed = zcl_hello_fixed_size(rx->hello.kshm_version);
	enum zcl_err err;

	err = zcl_hello_decode_ips(rx->buf + fixed, rx->flipped, &rx->hello);
	if (err == ZCL_OK)
		hand_out_hello(rx, item);
	return err;
}

static enum zcl_err finish_ksm(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	const enum zcl_err err = zcl_ksm_decode(rx->buf, rx->flipped, &rx->ksm);

	if (err != ZCL_OK)
		return err;
	sum_ksm(rx);
	if (rx->ksm.ksm_type == ZCL_KSM_LNET) {
		expect(rx, ZCL_RX_LNET_HEADER, ZCL_KSM_SIZE, ZCL_MSG_HDR_SIZE);
		return ZCL_OK;
	}
	if (sum_is_wrong(rx))
		return ZCL_E_BAD_CHECKSUM;
	item->kind = ZCL_ITEM_NOOP;
	item->ksm = rx->ksm;
	item->wire_size = ZCL_KSM_SIZE;
	expect_message(rx);
	return ZCL_OK;
}

static enum zcl_err finish_lnet(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	const uint8_t *header = rx->buf + ksm_size(rx);
	const enum zcl_err err = zcl_lnet_hdr_decode(header, &rx->hdr);

	if (err != ZCL_OK)
		return err;
	sum(rx, header, ZCL_LNET_HDR_SIZE);
	item->kind = ZCL_ITEM_LNET;
	item->ksm = rx->ksm;
	item->hdr = rx->hdr;
	item->wire_size = rx->need;
	rx->state = ZCL_RX_PARSE;
	return ZCL_OK;
}

static enum zcl_err finish_message(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	g_assert(rx->want == 0 && rx->slop == 0);
	if (sum_is_wrong(rx))
		return ZCL_E_BAD_CHECKSUM;
	item->kind = ZCL_ITEM_MESSAGE;
	item->ksm = rx->ksm;
	item->hdr = rx->hdr;
	item->wire_size = ksm_size(rx) + ZCL_LNET_HDR_SIZE + rx->hdr.payload_length;
	expect_message(rx);
	return ZCL_OK;
}

static bool reads_a_unit(const struct zcl_rx *rx)
{
	return rx->state <= ZCL_RX_LNET_HEADER;
}

/* One step: fills item when a unit can be handed out. */
static enum zcl_err step(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	switch (rx->state) {
	case ZCL_RX_ACCEPT:
		return finish_accept(rx, item);
	case ZCL_RX_HELLO_PEEK:
		return finish_peek(rx);
	case ZCL_RX_HELLO:
		return finish_hello(rx, item);
	case ZCL_RX_HELLO_IPS:
		return finish_hello_ips(rx, item);
	case ZCL_RX_KSM_HEADER:
		return finish_ksm(rx, item);
	case ZCL_RX_LNET_HEADER:
		return finish_lnet(rx, item);
	case ZCL_RX_DONE:
		return finish_message(rx, item);
	default:
		g_assert_not_reached();
	}
}

enum zcl_err zcl_rx_next(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	item->kind = ZCL_ITEM_MORE;
	item->wire_size = 0;
	g_assert(rx->state != ZCL_RX_PARSE); /* ZCL_ITEM_LNET wants an answer first */
	if (rx->state == ZCL_RX_FAILED)
		return ZCL_E_INVALID;
	while (item->kind == ZCL_ITEM_MORE) {
		const bool complete =
			rx->state == ZCL_RX_DONE || (reads_a_unit(rx) && rx->have == rx->need);
		enum zcl_err err;

		if (!complete)
			return ZCL_OK;
		err = step(rx, item);
		if (err != ZCL_OK) {
			item->kind = ZCL_ITEM_MORE;
			rx->state = ZCL_RX_FAILED;
			return err;
		}
	}
	return ZCL_OK;
}

static void settle(struct zcl_rx *rx)
{
	if (rx->want > 0)
		rx->state = ZCL_RX_LNET_PAYLOAD;
	else if (rx->slop > 0)
		rx->state = ZCL_RX_SLOP;
	else
		rx->state = ZCL_RX_DONE;
}

void zcl_rx_payload(struct zcl_rx *rx, const struct iovec *iov, size_t niov, size_t want)
{
	size_t left = want;

	g_assert(rx->state == ZCL_RX_PARSE || rx->state == ZCL_RX_PARSE_WAIT);
	g_assert(niov <= ZCL_RX_MAX_IOV && want <= rx->hdr.payload_length);
	rx->iov_at = 0;
	rx->iov_end = 0;
	for (size_t i = 0; i < niov && left > 0; i++) {
		const size_t len = MIN(iov[i].iov_len, left);

		if (len == 0)
			continue;
		rx->iov[rx->iov_end++] = (struct iovec){iov[i].iov_base, len};
		left -= len;
	}
	g_assert(left == 0);
	rx->want = want;
	rx->slop = rx->hdr.payload_length - want;
	settle(rx);
}

void zcl_rx_wait(struct zcl_rx *rx)
{
	g_assert(rx->state == ZCL_RX_PARSE);
	rx->state = ZCL_RX_PARSE_WAIT;
}

void zcl_rx_drop_sink(struct zcl_rx *rx)
{
	if (rx->state != ZCL_RX_LNET_PAYLOAD)
		return; /* nothing is written there any more */
	rx->slop += rx->want;
	rx->want = 0;
	rx->iov_at = 0;
	rx->iov_end = 0;
	settle(rx);
}

size_t zcl_rx_iov(const struct zcl_rx *rx, struct iovec *iov, size_t max)
{
	size_t n;

	if (rx->state != ZCL_RX_LNET_PAYLOAD)
		return 0;
	n = MIN(max, rx->iov_end - rx->iov_at);
	memcpy(iov, rx->iov + rx->iov_at, n * sizeof(*iov));
	return n;
}

void zcl_rx_advance(struct zcl_rx *rx, size_t n)
{
	g_assert(rx->state == ZCL_RX_LNET_PAYLOAD && n <= rx->want);
	rx->want -= n;
	while (n > 0) {
		struct iovec *iov = &rx->iov[rx->iov_at];
		const size_t len = MIN(n, iov->iov_len);

		g_assert(rx->iov_at < rx->iov_end);
		sum(rx, iov->iov_base, len);
		iov->iov_base = (uint8_t *)iov->iov_base + len;
		iov->iov_len -= len;
		if (iov->iov_len == 0)
			rx->iov_at++;
		n -= len;
	}
	settle(rx);
}

static size_t push_unit(struct zcl_rx *rx, const uint8_t *data, size_t len)
{
	const size_t n = MIN(len, rx->need - rx->have);

	memcpy(rx->buf + rx->have, data, n);
	rx->have += n;
	return n;
}

static size_t push_payload(struct zcl_rx *rx, const uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len && rx->state == ZCL_RX_LNET_PAYLOAD) {
		const struct iovec iov = rx->iov[rx->iov_at];
		const size_t n = MIN(len - done, iov.iov_len);

		memcpy(iov.iov_base, data + done, n);
		zcl_rx_advance(rx, n);
		done += n;
	}
	return done;
}

static size_t push_slop(struct zcl_rx *rx, const uint8_t *data, size_t len)
{
	const size_t n = MIN(len, rx->slop);

	sum(rx, data, n);
	rx->slop -= n;
	settle(rx);
	return n;
}

size_t zcl_rx_push(struct zcl_rx *rx, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t n = 0;

	if (len == 0)
		return 0;
	if (reads_a_unit(rx))
		return push_unit(rx, bytes, len);
	if (rx->state == ZCL_RX_LNET_PAYLOAD)
		n = push_payload(rx, bytes, len);
	if (rx->state == ZCL_RX_SLOP)
		n += push_slop(rx, bytes + n, len - n);
	return n;
}

bool zcl_rx_at_boundary(const struct zcl_rx *rx)
{
	switch (rx->state) {
	case ZCL_RX_ACCEPT:
	case ZCL_RX_HELLO_PEEK:
	case ZCL_RX_KSM_HEADER:
		return rx->have == 0;
	case ZCL_RX_LNET_HEADER:
		return rx->version == ZCL_V1 && rx->have == 0;
	default:
		return false;
	}
}

const char *zcl_rx_state_name(enum zcl_rx_state state)
{
	static const char *const names[] = {
		"ACCEPT", "HELLO_PEEK", "HELLO",	"HELLO_IPS", "KSM_HEADER", "LNET_HEADER",
		"PARSE",  "PARSE_WAIT", "LNET_PAYLOAD", "SLOP",	     "DONE",	   "FAILED",
	};

	return (size_t)state < G_N_ELEMENTS(names) ? names[state] : "?";
}
