/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/pattern.h"

#include <glib.h>
#include <string.h>

/* Each word tells the message and the place: a shifted, stale or foreign byte shows. */
static uint64_t word(uint64_t number, size_t at)
{
	return (number + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ at * UINT64_C(0xff51afd7ed558ccd);
}

void zpattern_fill(uint8_t *buffer, size_t size, uint64_t number)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		const uint64_t w = word(number, at);

		memcpy(buffer + at, &w, MIN(sizeof(w), size - at));
	}
}

bool zpattern_check(const uint8_t *buffer, size_t size, uint64_t number)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		const uint64_t w = word(number, at);

		if (memcmp(buffer + at, &w, MIN(sizeof(w), size - at)))
			return false;
	}
	return true;
}
