/* SPDX-License-Identifier: MIT */
#ifndef ZCL_RX_FEED_H
#define ZCL_RX_FEED_H

#include <glib.h>

#include "core/rx.h"
#include "core/wire_msg.h"

/*
 * The part of the receiving machine that every message passes, in line: units that lie whole in
 * what came. The rest is in rx.c.
 */

/* Any cut of the bytes. */
enum zcl_err zcl_rx_feed_pieces(struct zcl_rx *rx, const uint8_t **at, const uint8_t *end,
				enum zcl_item_kind *kind);
/* Starts the sum of a message that has one: with its ksock header. */
void zcl_rx_sum_ksm(struct zcl_rx *rx, const uint8_t *unit);

/* Starts on a unit of `need` bytes, whose first `have` are in buf already. */
static inline void zcl_rx_expect(struct zcl_rx *rx, enum zcl_rx_state state, size_t have,
				 size_t need)
{
	g_assert(have <= need && need <= sizeof(rx->buf));
	rx->state = state;
	rx->have = have;
	rx->need = need;
}

static inline void zcl_rx_expect_message(struct zcl_rx *rx)
{
	if (rx->version == ZCL_V1) {
		rx->ksm = (struct zcl_ksm){0};
		zcl_rx_expect(rx, ZCL_RX_LNET_HEADER, 0, ZCL_LNET_HDR_SIZE);
	} else {
		zcl_rx_expect(rx, ZCL_RX_KSM_HEADER, 0, ZCL_KSM_SIZE);
	}
}

/* The sum covers the bytes as sent; only a message that carries one is summed. */
static inline void zcl_rx_sum(struct zcl_rx *rx, const void *data, size_t len)
{
	if (rx->ksm.ksm_csum != 0)
		rx->crc = zcl_crc(rx->crc, data, len);
}

static inline bool zcl_rx_sum_is_wrong(const struct zcl_rx *rx)
{
	return rx->ksm.ksm_csum != 0 && rx->ksm.ksm_csum != rx->crc;
}

static inline enum zcl_err zcl_rx_finish_ksm(struct zcl_rx *rx, const uint8_t *unit,
					     enum zcl_item_kind *kind)
{
	const enum zcl_err err = zcl_ksm_unpack(unit, rx->flipped, &rx->ksm);

	if (err != ZCL_OK)
		return err;
	if (rx->ksm.ksm_csum != 0)
		zcl_rx_sum_ksm(rx, unit);
	if (rx->ksm.ksm_type == ZCL_KSM_LNET) {
		zcl_rx_expect(rx, ZCL_RX_LNET_HEADER, 0, ZCL_LNET_HDR_SIZE);
		return ZCL_OK;
	}
	if (zcl_rx_sum_is_wrong(rx))
		return ZCL_E_BAD_CHECKSUM;
	*kind = ZCL_ITEM_NOOP;
	zcl_rx_expect_message(rx);
	return ZCL_OK;
}

static inline enum zcl_err zcl_rx_finish_lnet(struct zcl_rx *rx, const uint8_t *unit,
					      enum zcl_item_kind *kind)
{
	const enum zcl_err err = zcl_lnet_hdr_unpack(unit, &rx->hdr);

	if (err != ZCL_OK)
		return err;
	zcl_rx_sum(rx, unit, ZCL_LNET_HDR_SIZE);
	*kind = ZCL_ITEM_LNET;
	rx->state = ZCL_RX_PARSE;
	return ZCL_OK;
}

static inline enum zcl_err zcl_rx_finish_message(struct zcl_rx *rx, enum zcl_item_kind *kind)
{
	g_assert(rx->want == 0 && rx->slop == 0);
	if (zcl_rx_sum_is_wrong(rx))
		return ZCL_E_BAD_CHECKSUM;
	*kind = ZCL_ITEM_MESSAGE;
	zcl_rx_expect_message(rx);
	return ZCL_OK;
}

static inline void zcl_rx_settle(struct zcl_rx *rx)
{
	if (rx->want > 0)
		rx->state = ZCL_RX_LNET_PAYLOAD;
	else if (rx->slop > 0)
		rx->state = ZCL_RX_SLOP;
	else
		rx->state = ZCL_RX_DONE;
}

/* zcl_rx_payload */
static inline void zcl_rx_set_payload(struct zcl_rx *rx, const struct iovec *iov, size_t offset,
				      size_t want)
{
	g_assert(rx->state == ZCL_RX_PARSE || rx->state == ZCL_RX_PARSE_WAIT);
	g_assert(want <= rx->hdr.payload_length);
	rx->iov = iov;
	rx->offset = offset;
	rx->want = want;
	rx->slop = rx->hdr.payload_length - want;
	zcl_rx_settle(rx);
}

/* n bytes are at their place. */
static inline void zcl_rx_placed(struct zcl_rx *rx, const void *data, size_t n)
{
	zcl_rx_sum(rx, data, n);
	rx->offset += n;
	rx->want -= n;
}

/* Whether the unit that is next lies there. */
static inline bool zcl_rx_has_unit(const struct zcl_rx *rx, enum zcl_rx_state state, size_t size,
				   const uint8_t *at, const uint8_t *end)
{
	return rx->state == state && rx->have == 0 && (size_t)(end - at) >= size;
}

/* Whether the whole payload lies there, and goes to one place. */
static inline bool zcl_rx_has_payload(const struct zcl_rx *rx, const uint8_t *at,
				      const uint8_t *end)
{
	return rx->state == ZCL_RX_LNET_PAYLOAD && rx->slop == 0 &&
	       (size_t)(end - at) >= rx->want && rx->offset <= rx->iov->iov_len &&
	       rx->iov->iov_len - rx->offset >= rx->want;
}

static inline enum zcl_err zcl_rx_feed_payload(struct zcl_rx *rx, const uint8_t **at,
					       enum zcl_item_kind *kind)
{
	uint8_t *to = (uint8_t *)rx->iov->iov_base + rx->offset;
	const uint8_t *from = *at;

	*at += rx->want;
	memcpy(to, from, rx->want);
	zcl_rx_placed(rx, to, rx->want);
	return zcl_rx_finish_message(rx, kind);
}

/* zcl_rx_feed */
ZCL_ALWAYS_INLINE enum zcl_err zcl_rx_feed_units(struct zcl_rx *rx, const uint8_t **at,
						 const uint8_t *end, enum zcl_item_kind *kind)
{
	const uint8_t *unit = *at;
	enum zcl_err err = ZCL_OK;

	*kind = ZCL_ITEM_MORE;
	if (zcl_rx_has_unit(rx, ZCL_RX_KSM_HEADER, ZCL_KSM_SIZE, unit, end)) {
		*at = unit + ZCL_KSM_SIZE;
		err = zcl_rx_finish_ksm(rx, unit, kind);
		unit = *at;
	}
	if (err != ZCL_OK || *kind != ZCL_ITEM_MORE) {
		/* a NOOP, or what is none */
	} else if (zcl_rx_has_unit(rx, ZCL_RX_LNET_HEADER, ZCL_LNET_HDR_SIZE, unit, end)) {
		*at = unit + ZCL_LNET_HDR_SIZE;
		err = zcl_rx_finish_lnet(rx, unit, kind);
	} else if (zcl_rx_has_payload(rx, unit, end)) {
		err = zcl_rx_feed_payload(rx, at, kind);
	} else if (rx->state == ZCL_RX_DONE) {
		err = zcl_rx_finish_message(rx, kind);
	} else {
		err = zcl_rx_feed_pieces(rx, at, end, kind);
	}
	if (G_LIKELY(err == ZCL_OK))
		return ZCL_OK;
	*kind = ZCL_ITEM_MORE;
	rx->state = ZCL_RX_FAILED;
	return err;
}

#endif
