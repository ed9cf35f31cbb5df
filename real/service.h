/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_SERVICE_H
#define ZREAL_SERVICE_H

#include "real/zclnd.h"

/* What `zclnd peer` offers at its portals, for any match bits. The ping is the library's own. */

/* Portal 50: takes PUTs of any length and forgets them. The memory is the caller's, ZCLND_MTU. */
enum zclnd_err zsvc_sink(struct zclnd_ni *ni, void *memory);
/*
 * Portal 52: PUTs land at the offset that they name, GETs read from there; what goes beyond `size`
 * is cut off. The memory is the caller's.
 */
enum zclnd_err zsvc_store(struct zclnd_ni *ni, void *memory, size_t size);

#endif
