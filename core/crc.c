/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include <zlib.h>

uint32_t zcl_crc(uint32_t crc, const void *data, size_t len)
{
	if (len == 0)
		return crc; /* zlib takes a NULL buffer for "give me the start value" */
	/* zlib inverts before and after; the wire's sum is the one in between. */
	return ~(uint32_t)crc32_z(~crc, data, len);
}
