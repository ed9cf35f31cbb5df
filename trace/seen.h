/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_SEEN_H
#define ZTRACE_SEEN_H

#include <stdio.h>

#include "trace/capture.h"
#include "trace/log.h"

/*
 * What a capture shows, as a log: a lane for each host, an entry for each whole message, FIN and
 * RST of the socklnd streams, in the order in which the capture completed them. Streams that do not
 * decode to their last byte are told on err, a line each, with path. *good: false when one did not
 * decode, or none is socklnd. The caller frees the log.
 */
struct ztrace_log *ztrace_seen(const struct ztrace_capture *capture, const char *path, FILE *err,
			       bool *good);

#endif
