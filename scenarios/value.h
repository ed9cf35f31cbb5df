/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_VALUE_H
#define ZRACE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers with units, as scripts write them. Each returns false and leaves the result alone when
   the whole text is not such a value or lies out of range. */

/* "0", "-3ms", "2.5s", "50us", "100ns", "1min"; ns, at most an hour either way. */
bool zrace_parse_time(const char *text, int64_t *ns);
/* "4096", "64KiB", "1MiB", "1kB", "16B"; bytes, at most 1 TiB. */
bool zrace_parse_size(const char *text, size_t *bytes);
/* "10Gbps", "100Mbps", "64kbps", "9600bps"; bits per second, more than 0. */
bool zrace_parse_bandwidth(const char *text, uint64_t *bps);
/* "1%", "0.5%"; 0..1. */
bool zrace_parse_percent(const char *text, double *fraction);
/* "v1", "v2": ZCL_V1, ZCL_V2. */
bool zrace_parse_version(const char *text, uint32_t *version);
/* Decimal digits only, first..last. */
bool zrace_parse_count(const char *text, uint64_t first, uint64_t last, uint64_t *count);

#endif
