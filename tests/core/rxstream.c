/* SPDX-License-Identifier: MIT */
#include "tests/core/rxstream.h"

#include "core/wire.h"
#include "tests/core/bytes.h"

#define NODE_2 0x000200000a4d0002
#define NODE_3 0x000200000a4d0003

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

struct rxstream rxstream_new(uint32_t version, bool big)
{
	return (struct rxstream){g_byte_array_new(), version, big};
}

void rxstream_accept(struct rxstream *s)
{
	put(s->bytes, 0xacce7100, 4, s->big);
	put(s->bytes, 1, 4, s->big);
	put(s->bytes, NODE_3, 8, s->big);
}

static void add_hello_v1(struct rxstream *s, size_t nips)
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

void rxstream_hello(struct rxstream *s, size_t nips)
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

static void add_ksm(struct rxstream *s, uint32_t type, uint64_t req, uint64_t ack)
{
	if (s->version == 1)
		return;
	put(s->bytes, type, 4, s->big);
	put(s->bytes, 0, 4, s->big);
	put(s->bytes, req, 8, s->big);
	put(s->bytes, ack, 8, s->big);
}

void rxstream_noop(struct rxstream *s, uint64_t req, uint64_t ack)
{
	if (s->version != 1)
		add_ksm(s, 0xc0, req, ack);
}

void rxstream_lnet(struct rxstream *s, uint32_t type, size_t length, uint64_t req, uint64_t ack)
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

void rxstream_seal(struct rxstream *s, size_t at)
{
	const uint32_t crc = slow_crc(s->bytes->data + at, s->bytes->len - at);

	g_assert_cmphex(crc, !=, 0);
	for (size_t i = 0; i < 4; i++)
		s->bytes->data[at + 4 + i] = (uint8_t)(crc >> 8 * (s->big ? 3 - i : i));
}

struct rxstream rxstream_sample(uint32_t version, bool big)
{
	struct rxstream s = rxstream_new(version, big);
	size_t at;

	rxstream_accept(&s);
	rxstream_hello(&s, 2);
	rxstream_noop(&s, 0, 1);
	rxstream_lnet(&s, ZCL_LNET_PUT, 37, 7, 0);
	rxstream_lnet(&s, ZCL_LNET_GET, 0, 0, 9);
	at = s.bytes->len;
	rxstream_noop(&s, 4, 3);
	if (version != 1)
		rxstream_seal(&s, at);
	at = s.bytes->len;
	rxstream_lnet(&s, ZCL_LNET_REPLY, 11, 8, 0);
	if (version != 1)
		rxstream_seal(&s, at);
	rxstream_lnet(&s, ZCL_LNET_ACK, 0, 0, 0);
	return s;
}

void rxstream_clear(struct rxstream *s)
{
	g_byte_array_unref(s->bytes);
}
