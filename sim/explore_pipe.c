/* SPDX-License-Identifier: MIT */
#include "sim/explore_pipe.h"

#include <glib.h>
#include <string.h>

void zx_pipe_start(struct zx_pipe *pipe, bool from_active, bool cuts)
{
	zx_pipe_empty(pipe);
	pipe->cuts = cuts;
	pipe->raw = false;
	zcl_rx_init(&pipe->rx, from_active, ZCL_V3);
}

void zx_pipe_clear(struct zx_pipe *pipe)
{
	g_free(pipe->bytes);
	g_free(pipe->units);
	*pipe = (struct zx_pipe){0};
}

void zx_pipe_empty(struct zx_pipe *pipe)
{
	pipe->head = pipe->len = pipe->decoded = 0;
	pipe->first = pipe->nunits = 0;
}

static void make_room(struct zx_pipe *pipe, size_t len)
{
	if (len <= pipe->cap)
		return;
	pipe->cap = MAX(2 * pipe->cap, len + 1024);
	pipe->bytes = g_realloc(pipe->bytes, pipe->cap);
}

static void make_unit_room(struct zx_pipe *pipe, size_t n)
{
	if (n <= pipe->unit_cap)
		return;
	pipe->unit_cap = MAX(2 * pipe->unit_cap, n + 8);
	pipe->units = g_renew(struct zx_unit, pipe->units, pipe->unit_cap);
}

void zx_pipe_copy(struct zx_pipe *to, const struct zx_pipe *from)
{
	uint8_t *bytes;
	struct zx_unit *units;
	size_t cap, unit_cap;

	make_room(to, from->len);
	make_unit_room(to, from->nunits);
	bytes = to->bytes;
	cap = to->cap;
	units = to->units;
	unit_cap = to->unit_cap;
	*to = *from;
	to->bytes = bytes;
	to->cap = cap;
	to->units = units;
	to->unit_cap = unit_cap;
	if (from->len > 0)
		memcpy(to->bytes + from->head, from->bytes + from->head, from->len - from->head);
	for (size_t i = from->first; i < from->nunits; i++)
		to->units[i] = from->units[i];
}

void zx_pipe_push(struct zx_pipe *pipe, const void *data, size_t len)
{
	make_room(pipe, pipe->len + len);
	memcpy(pipe->bytes + pipe->len, data, len);
	pipe->len += len;
}

static void add_unit(struct zx_pipe *pipe, unsigned kind, size_t end)
{
	make_unit_room(pipe, pipe->nunits + 1);
	pipe->units[pipe->nunits++] = (struct zx_unit){kind, (uint32_t)end};
}

/* 0: no unit ends here. */
static unsigned kind_of(const struct zx_pipe *pipe, const struct zcl_rx_item *item)
{
	switch (item->kind) {
	case ZCL_ITEM_ACCEPT:
		/* Alone it tells a node nothing: it goes with the HELLO behind it. */
		return pipe->cuts ? ZWORLD_ACCEPT : 0;
	case ZCL_ITEM_HELLO:
		return item->hello.kshm_ctype == ZCL_CONN_NONE ? ZWORLD_REFUSAL : ZWORLD_HELLO;
	case ZCL_ITEM_NOOP:
		return ZWORLD_NOOP;
	case ZCL_ITEM_LNET:
		return pipe->cuts && item->hdr.payload_length > 0 ? ZWORLD_LNET : 0;
	case ZCL_ITEM_MESSAGE:
		return ZWORLD_LNET;
	default:
		return 0;
	}
}

static void take_items(struct zx_pipe *pipe)
{
	struct zcl_rx_item item;
	unsigned kind;

	for (;;) {
		if (zcl_rx_next(&pipe->rx, &item) != ZCL_OK) {
			pipe->raw = true;
			return;
		}
		if (item.kind == ZCL_ITEM_MORE)
			return;
		kind = kind_of(pipe, &item);
		if (item.kind == ZCL_ITEM_LNET)
			zcl_rx_payload(&pipe->rx, NULL, 0, 0);
		if (kind)
			add_unit(pipe, kind, pipe->decoded);
	}
}

void zx_pipe_cut(struct zx_pipe *pipe)
{
	take_items(pipe);
	while (!pipe->raw && pipe->decoded < pipe->len) {
		const size_t n = zcl_rx_push(&pipe->rx, pipe->bytes + pipe->decoded,
					     pipe->len - pipe->decoded);

		pipe->decoded += n;
		take_items(pipe);
		pipe->raw |= n == 0;
	}
	if (pipe->raw && (zx_pipe_is_empty(pipe) || pipe->units[pipe->nunits - 1].end < pipe->len))
		add_unit(pipe, 0, pipe->len);
}

size_t zx_pipe_take(struct zx_pipe *pipe, const uint8_t **data)
{
	const size_t end = pipe->units[pipe->first].end;
	const size_t n = end - pipe->head;

	*data = pipe->bytes + pipe->head;
	pipe->head = end;
	pipe->first++;
	if (pipe->head == pipe->len)
		zx_pipe_empty(pipe);
	return n;
}

void zx_pipe_digest(const struct zx_pipe *pipe, struct zcl_digest *digest)
{
	size_t at = pipe->head;

	zcl_digest_u64(digest, pipe->nunits - pipe->first);
	for (size_t i = pipe->first; i < pipe->nunits; i++) {
		zcl_digest_bytes(digest, pipe->bytes + at, pipe->units[i].end - at);
		at = pipe->units[i].end;
	}
}
