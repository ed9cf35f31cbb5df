/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_STREAM_H
#define ZTRACE_STREAM_H

#include "trace/json.h"

/*
 * A trace that is written while it happens, for programs that run for long: each event is in the
 * file when the call returns. Any thread may add events.
 */
struct ztrace_stream;

/* program: "zclnd peer"; nids: the vantage points that are known. NULL and *error when the file
 * cannot be written. */
struct ztrace_stream *ztrace_stream_open(const char *path, const char *program, const zcl_nid *nids,
					 size_t n, GError **error);
/*
 * An event of `self` about `peer` (ZCL_NID_ANY: unknown). time: CLOCK_MONOTONIC, ns; 0 in the
 * trace is when it was opened. get: gives the event's fields as zcl_event_field does.
 */
void ztrace_stream_event(struct ztrace_stream *stream, int64_t time, zcl_nid self, zcl_nid peer,
			 const char *name, ztrace_field_func get, const void *event);
/* False when something could not be written. NULL: nothing to do. */
bool ztrace_stream_close(struct ztrace_stream *stream);

#endif
