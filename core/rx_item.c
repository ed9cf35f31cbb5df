/* SPDX-License-Identifier: MIT */
#include "core/rx.h"

/* What was read, by value. */

static size_t ksm_size(const struct zcl_rx *rx)
{
	return rx->version == ZCL_V1 ? 0 : ZCL_KSM_SIZE;
}

static size_t wire_size(const struct zcl_rx *rx, enum zcl_item_kind kind)
{
	switch (kind) {
	case ZCL_ITEM_ACCEPT:
		return ZCL_ACCEPT_SIZE;
	case ZCL_ITEM_HELLO:
		return zcl_hello_fixed_size(rx->hello.kshm_version) +
		       rx->hello.kshm_nips * sizeof(rx->hello.kshm_ips[0]);
	case ZCL_ITEM_NOOP:
		return ZCL_KSM_SIZE;
	case ZCL_ITEM_LNET:
		return ksm_size(rx) + ZCL_LNET_HDR_SIZE;
	case ZCL_ITEM_MESSAGE:
		return ksm_size(rx) + ZCL_LNET_HDR_SIZE + rx->hdr.payload_length;
	case ZCL_ITEM_MORE:
		break;
	}
	return 0;
}

enum zcl_err zcl_rx_next(struct zcl_rx *rx, struct zcl_rx_item *item)
{
	const uint8_t *none = NULL;
	const enum zcl_err err = zcl_rx_feed(rx, &none, none, &item->kind);

	item->wire_size = wire_size(rx, item->kind);
	switch (item->kind) {
	case ZCL_ITEM_ACCEPT:
		item->accept = rx->accept;
		break;
	case ZCL_ITEM_HELLO:
		item->hello = rx->hello;
		break;
	case ZCL_ITEM_NOOP:
	case ZCL_ITEM_LNET:
	case ZCL_ITEM_MESSAGE:
		item->ksm = rx->ksm;
		item->hdr = rx->hdr;
		break;
	case ZCL_ITEM_MORE:
		break;
	}
	return err;
}
