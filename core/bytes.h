/* SPDX-License-Identifier: MIT */
#ifndef ZCL_BYTES_H
#define ZCL_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

/*
 * Cursors over packed integers, private to core/wire_*.c. The caller owns the buffer and has
 * checked its size; it asserts where the cursor ends. Each call moves past what it touched.
 */

/* A cursor whose integers are little-endian whoever sent them. */
#define ZCL_BYTES_LE_SWAP (G_BYTE_ORDER != G_LITTLE_ENDIAN)

struct zcl_reader {
	const uint8_t *at;
	bool swap; /* the integers are not in this machine's order */
};

struct zcl_writer {
	uint8_t *at;
	bool swap;
};

static inline uint16_t zcl_read_u16(struct zcl_reader *r)
{
	uint16_t v;

	memcpy(&v, r->at, sizeof(v));
	r->at += sizeof(v);
	return r->swap ? GUINT16_SWAP_LE_BE(v) : v;
}

static inline uint32_t zcl_read_u32(struct zcl_reader *r)
{
	uint32_t v;

	memcpy(&v, r->at, sizeof(v));
	r->at += sizeof(v);
	return r->swap ? GUINT32_SWAP_LE_BE(v) : v;
}

static inline uint64_t zcl_read_u64(struct zcl_reader *r)
{
	uint64_t v;

	memcpy(&v, r->at, sizeof(v));
	r->at += sizeof(v);
	return r->swap ? GUINT64_SWAP_LE_BE(v) : v;
}

static inline void zcl_write_u16(struct zcl_writer *w, uint16_t v)
{
	v = w->swap ? GUINT16_SWAP_LE_BE(v) : v;
	memcpy(w->at, &v, sizeof(v));
	w->at += sizeof(v);
}

static inline void zcl_write_u32(struct zcl_writer *w, uint32_t v)
{
	v = w->swap ? GUINT32_SWAP_LE_BE(v) : v;
	memcpy(w->at, &v, sizeof(v));
	w->at += sizeof(v);
}

static inline void zcl_write_u64(struct zcl_writer *w, uint64_t v)
{
	v = w->swap ? GUINT64_SWAP_LE_BE(v) : v;
	memcpy(w->at, &v, sizeof(v));
	w->at += sizeof(v);
}

static inline void zcl_write_zeros(struct zcl_writer *w, size_t n)
{
	memset(w->at, 0, n);
	w->at += n;
}

#endif
