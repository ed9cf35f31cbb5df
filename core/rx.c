/* SPDX-License-Identifier: MIT */
#include "core/rx.h"

#include <string.h>

#include <glib.h>

#include "core/rx_feed.h"

#define HELLO_PEEK_SIZE 8 /* magic and version */
#define KSM_CSUM_AT	4 /* where ksm_csum stands in the ksock header */

void zcl_rx_init(struct zcl_rx *rx, bool accept_first, uint32_t max_version)
{
	g_assert(zcl_hello_fixed_size(max_version) != 0);
	memset(rx, 0, sizeof(*rx));
	rx->max_version = max_version;
	if (accept_first)
		zcl_rx_expect(rx, ZCL_RX_ACCEPT, 0, ZCL_ACCEPT_SIZE);
	else
		zcl_rx_expect(rx, ZCL_RX_HELLO_PEEK, 0, HELLO_PEEK_SIZE);
}

void zcl_rx_set_version(struct zcl_rx *rx, uint32_t version)
{
	g_assert(rx->state == ZCL_RX_KSM_HEADER || rx->state == ZCL_RX_LNET_HEADER);
	g_assert(rx->have == 0);
	g_assert(zcl_hello_fixed_size(version) != 0);
	rx->version = version;
	zcl_rx_expect_message(rx);
}

void zcl_rx_sum_ksm(struct zcl_rx *rx, const uint8_t *unit)
{
	static const uint8_t no_csum[sizeof(rx->ksm.ksm_csum)];
	const size_t after = KSM_CSUM_AT + sizeof(no_csum);

	rx->crc = ZCL_CRC_INIT;
	zcl_rx_sum(rx, unit, KSM_CSUM_AT);
	zcl_rx_sum(rx, no_csum, sizeof(no_csum));
	zcl_rx_sum(rx, unit + after, ZCL_KSM_SIZE - after);
}

static enum zcl_err finish_accept(struct zcl_rx *rx, const uint8_t *unit)
{
	const enum zcl_err err = zcl_accept_decode(unit, &rx->accept, &rx->flipped);

	if (err == ZCL_OK)
		zcl_rx_expect(rx, ZCL_RX_HELLO_PEEK, 0, HELLO_PEEK_SIZE);
	return err;
}

static enum zcl_err finish_peek(struct zcl_rx *rx, const uint8_t *unit)
{
	uint32_t version;
	enum zcl_err err;

	err = zcl_hello_peek(unit, &version, &rx->flipped);
	if (err == ZCL_OK && version > rx->max_version)
		err = ZCL_E_UNKNOWN_VERSION;
	if (err == ZCL_E_UNKNOWN_VERSION)
		rx->bad_version = version;
	if (err != ZCL_OK)
		return err;
	rx->version = version;
	memmove(rx->buf, unit, HELLO_PEEK_SIZE); /* the rest comes behind it */
	zcl_rx_expect(rx, ZCL_RX_HELLO, HELLO_PEEK_SIZE, zcl_hello_fixed_size(version));
	return ZCL_OK;
}

static enum zcl_err finish_hello(struct zcl_rx *rx, enum zcl_item_kind *kind)
{
	const enum zcl_err err = zcl_hello_decode(rx->buf, rx->flipped, &rx->hello);

	if (err != ZCL_OK)
		return err;
	if (rx->hello.kshm_nips > 0) {
		zcl_rx_expect(rx, ZCL_RX_HELLO_IPS, rx->have,
			      rx->need + rx->hello.kshm_nips * sizeof(rx->hello.kshm_ips[0]));
		return ZCL_OK;
	}
	*kind = ZCL_ITEM_HELLO;
	zcl_rx_expect_message(rx);
	return ZCL_OK;
}

static enum zcl_err finish_hello_ips(struct zcl_rx *rx, enum zcl_item_kind *kind)
{
	const size_t fixed = zcl_hello_fixed_size(rx->hello.kshm_version);
	enum zcl_err err;

	err = zcl_hello_decode_ips(rx->buf + fixed, rx->flipped, &rx->hello);
	if (err != ZCL_OK)
		return err;
	*kind = ZCL_ITEM_HELLO;
	zcl_rx_expect_message(rx);
	return ZCL_OK;
}

static bool reads_a_unit(const struct zcl_rx *rx)
{
	return rx->state <= ZCL_RX_LNET_HEADER;
}

/* Out of line: what is done once for a connection would make each message slower. */
ZCL_NO_INLINE enum zcl_err step_handshake(struct zcl_rx *rx, const uint8_t *unit,
					  enum zcl_item_kind *kind)
{
	switch (rx->state) {
	case ZCL_RX_ACCEPT:
		*kind = ZCL_ITEM_ACCEPT;
		return finish_accept(rx, unit);
	case ZCL_RX_HELLO_PEEK:
		return finish_peek(rx, unit);
	case ZCL_RX_HELLO:
		return finish_hello(rx, kind);
	case ZCL_RX_HELLO_IPS:
		return finish_hello_ips(rx, kind);
	default:
		g_assert_not_reached();
	}
}

/* What is read is complete (unit: its bytes); *kind changes when it can be handed out. */
static inline enum zcl_err step(struct zcl_rx *rx, const uint8_t *unit, enum zcl_item_kind *kind)
{
	switch (rx->state) {
	case ZCL_RX_KSM_HEADER:
		return zcl_rx_finish_ksm(rx, unit, kind);
	case ZCL_RX_LNET_HEADER:
		return zcl_rx_finish_lnet(rx, unit, kind);
	case ZCL_RX_DONE:
		return zcl_rx_finish_message(rx, kind);
	default:
		return step_handshake(rx, unit, kind);
	}
}

ZCL_NO_INLINE size_t push_unit(struct zcl_rx *rx, const uint8_t *data, size_t len)
{
	const size_t n = MIN(len, rx->need - rx->have);

	memcpy(rx->buf + rx->have, data, n);
	rx->have += n;
	return n;
}

/* The unit where it lies, when all of it is there; else what is there of it is kept. */
static const uint8_t *gather(struct zcl_rx *rx, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *unit = *at;

	if (rx->have == 0 && (size_t)(end - unit) >= rx->need) {
		*at += rx->need;
		return unit;
	}
	if (unit < end)
		*at += push_unit(rx, unit, (size_t)(end - unit));
	return rx->have == rx->need ? rx->buf : NULL;
}

/* The next place for `want` bytes, from *offset of the list *iov on. */
static struct iovec place(const struct iovec **iov, size_t *offset, size_t want)
{
	while (*offset >= (*iov)->iov_len) {
		*offset -= (*iov)->iov_len;
		(*iov)++;
	}
	return (struct iovec){(uint8_t *)(*iov)->iov_base + *offset,
			      MIN((*iov)->iov_len - *offset, want)};
}

static size_t push_payload(struct zcl_rx *rx, const uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len && rx->want > 0) {
		const struct iovec to = place(&rx->iov, &rx->offset, rx->want);
		const size_t n = MIN(len - done, to.iov_len);

		memcpy(to.iov_base, data + done, n);
		zcl_rx_placed(rx, to.iov_base, n);
		done += n;
	}
	zcl_rx_settle(rx);
	return done;
}

static size_t push_slop(struct zcl_rx *rx, const uint8_t *data, size_t len)
{
	const size_t n = MIN(len, rx->slop);

	zcl_rx_sum(rx, data, n);
	rx->slop -= n;
	zcl_rx_settle(rx);
	return n;
}

/* The next unit or payload; false: that is all there is for now. */
static inline bool take(struct zcl_rx *rx, const uint8_t **at, const uint8_t *end,
			const uint8_t **unit)
{
	if (reads_a_unit(rx)) {
		*unit = gather(rx, at, end);
		return *unit != NULL;
	}
	*unit = NULL;
	if (rx->state == ZCL_RX_LNET_PAYLOAD)
		*at += push_payload(rx, *at, (size_t)(end - *at));
	if (rx->state == ZCL_RX_SLOP)
		*at += push_slop(rx, *at, (size_t)(end - *at));
	return rx->state == ZCL_RX_DONE;
}

enum zcl_err zcl_rx_feed_pieces(struct zcl_rx *rx, const uint8_t **at, const uint8_t *end,
				enum zcl_item_kind *kind)
{
	enum zcl_err err = rx->state == ZCL_RX_FAILED ? ZCL_E_INVALID : ZCL_OK;
	const uint8_t *unit;

	g_assert(rx->state != ZCL_RX_PARSE); /* ZCL_ITEM_LNET wants an answer first */
	while (err == ZCL_OK && *kind == ZCL_ITEM_MORE && take(rx, at, end, &unit))
		err = step(rx, unit, kind);
	return err;
}

enum zcl_err zcl_rx_feed(struct zcl_rx *rx, const uint8_t **at, const uint8_t *end,
			 enum zcl_item_kind *kind)
{
	return zcl_rx_feed_units(rx, at, end, kind);
}

void zcl_rx_payload(struct zcl_rx *rx, const struct iovec *iov, size_t offset, size_t want)
{
	zcl_rx_set_payload(rx, iov, offset, want);
}

void zcl_rx_wait(struct zcl_rx *rx)
{
	g_assert(rx->state == ZCL_RX_PARSE || rx->state == ZCL_RX_PARSE_WAIT);
	rx->state = ZCL_RX_PARSE_WAIT;
}

void zcl_rx_drop_sink(struct zcl_rx *rx)
{
	if (rx->state != ZCL_RX_LNET_PAYLOAD)
		return; /* nothing is written there any more */
	rx->slop += rx->want;
	rx->want = 0;
	rx->iov = NULL;
	zcl_rx_settle(rx);
}

size_t zcl_rx_iov(const struct zcl_rx *rx, struct iovec *iov, size_t max)
{
	const struct iovec *from = rx->iov;
	size_t offset = rx->offset, want = rx->want, n = 0;

	if (rx->state != ZCL_RX_LNET_PAYLOAD)
		return 0;
	for (; n < max && want > 0; n++) {
		iov[n] = place(&from, &offset, want);
		offset += iov[n].iov_len;
		want -= iov[n].iov_len;
	}
	return n;
}

void zcl_rx_advance(struct zcl_rx *rx, size_t n)
{
	g_assert(rx->state == ZCL_RX_LNET_PAYLOAD && n <= rx->want);
	while (n > 0) {
		const struct iovec to = place(&rx->iov, &rx->offset, rx->want);
		const size_t len = MIN(n, to.iov_len);

		zcl_rx_placed(rx, to.iov_base, len);
		n -= len;
	}
	zcl_rx_settle(rx);
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
