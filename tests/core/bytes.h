/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_BYTES_H
#define TESTS_CORE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <inttypes.h>
#include <string.h>

#include <glib.h>

/* Bytes for tests, made without the code under test. */

/* Fills exactly size bytes from hexadecimal digits. */
static inline void unhex(const char *hex, uint8_t *buf, size_t size)
{
	g_assert_cmpuint(strlen(hex), ==, 2 * size);
	for (size_t i = 0; i < size; i++)
		buf[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				   g_ascii_xdigit_value(hex[2 * i + 1]));
}

/* Appends the low `size` bytes of v, most significant first when big. */
static inline void put(GByteArray *to, uint64_t v, size_t size, bool big)
{
	for (size_t i = 0; i < size; i++) {
		const size_t shift = 8 * (big ? size - 1 - i : i);
		const uint8_t byte = (uint8_t)(v >> shift);

		g_byte_array_append(to, &byte, 1);
	}
}

/* Overwrites size bytes at buf, little-endian. */
static inline void poke_le(uint8_t *buf, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf[i] = (uint8_t)(v >> 8 * i);
}

/* Turns n consecutive integers of the given sizes around: "4484" is u32, u32, u64, u32. */
static inline void flip(uint8_t *buf, const char *sizes)
{
	for (; *sizes != '\0'; sizes++) {
		const size_t size = (size_t)(*sizes - '0');

		for (size_t i = 0; i < size / 2; i++) {
			const uint8_t byte = buf[i];

			buf[i] = buf[size - 1 - i];
			buf[size - 1 - i] = byte;
		}
		buf += size;
	}
}

#define HOST_IS_BIG (G_BYTE_ORDER == G_BIG_ENDIAN)

#endif
