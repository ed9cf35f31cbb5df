/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_PATTERN_H
#define ZREAL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The content of message number `number`, for checking what arrives. size: any; buffer: aligned to
 * 8.
 */
void zpattern_fill(uint8_t *buffer, size_t size, uint64_t number);
bool zpattern_check(const uint8_t *buffer, size_t size, uint64_t number);

#endif
