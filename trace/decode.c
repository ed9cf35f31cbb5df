/* SPDX-License-Identifier: MIT */
#include "trace/decode.h"

#include <string.h>

bool ztrace_opens_with_request(const struct ztrace_stream *stream, unsigned int side)
{
	uint8_t opening[ZCL_ACCEPT_SIZE] = {0};
	struct zcl_accept_req req;
	size_t have = 0;
	bool flipped;

	for (size_t i = 0; i < stream->chunks->len && have < sizeof(opening); i++) {
		const struct ztrace_chunk *chunk = stream->chunks->pdata[i];
		const void *data;
		gsize len;

		if (chunk->side != side)
			continue;
		if (chunk->after_gap)
			break;
		data = g_bytes_get_data(chunk->data, &len);
		len = MIN(len, sizeof(opening) - have);
		memcpy(opening + have, data, len);
		have += len;
	}
	/* A short or foreign request is still one: its magic is what tells. */
	return zcl_accept_decode(opening, &req, &flipped) != ZCL_E_BAD_MAGIC;
}

struct decoder {
	struct zcl_rx rx;
	struct ztrace_record record; /* the next one */
	GArray *records;
	struct ztrace_result result;
};

/* Takes out what is complete. False on a protocol error. */
static bool drain(struct decoder *d)
{
	for (;;) {
		struct zcl_rx_item *item = &d->record.item;

		d->result.state = d->rx.state;
		d->result.err = zcl_rx_next(&d->rx, item);
		if (d->result.err != ZCL_OK) {
			d->result.end = ZTRACE_END_ERROR;
			return false;
		}
		if (item->kind == ZCL_ITEM_MORE)
			return true;
		if (item->kind == ZCL_ITEM_LNET) {
			zcl_rx_payload(&d->rx, NULL, 0, 0);
			continue;
		}
		d->record.version = d->rx.version;
		g_array_append_val(d->records, d->record);
		d->result.offset += item->wire_size;
		d->result.partial -= item->wire_size;
	}
}

static bool take_chunk(struct decoder *d, const struct ztrace_chunk *chunk)
{
	gsize len;
	const uint8_t *data = g_bytes_get_data(chunk->data, &len);

	/* A packet that came late completes what came before it only now. */
	if (chunk->frame > d->record.frame) {
		d->record.frame = chunk->frame;
		d->record.time_ns = chunk->time_ns;
	}
	while (len > 0) {
		const size_t n = zcl_rx_push(&d->rx, data, len);

		g_assert(n > 0); /* drained before: it always wants more */
		data += n;
		len -= n;
		d->result.partial += n;
		if (!drain(d)) {
			d->result.partial += len;
			return false;
		}
	}
	return true;
}

struct ztrace_result ztrace_decode(const struct ztrace_stream *stream, unsigned int side,
				   GArray *records)
{
	struct decoder d = {
		.record = {.stream = stream, .from = side},
		.records = records,
	};

	zcl_rx_init(&d.rx, ztrace_opens_with_request(stream, side), ZCL_V3);
	for (size_t i = 0; i < stream->chunks->len; i++) {
		const struct ztrace_chunk *chunk = stream->chunks->pdata[i];

		if (chunk->side != side)
			continue;
		if (chunk->after_gap) {
			d.result.end = ZTRACE_END_GAP;
			d.result.state = d.rx.state;
			return d.result;
		}
		if (!take_chunk(&d, chunk))
			return d.result;
	}
	d.result.state = d.rx.state;
	d.result.end = zcl_rx_at_boundary(&d.rx) ? ZTRACE_END_CLEAN : ZTRACE_END_TRUNCATED;
	return d.result;
}
