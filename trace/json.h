/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_JSON_H
#define ZTRACE_JSON_H

#include <stdio.h>

#include <json-glib/json-glib.h>

#include "trace/log.h"

/*
 * Trace files, zclnd-trace(5): JSON Lines, a header and then an event a line. A file may hold
 * several traces, each with a header of its own.
 */

#define ZTRACE_FORMAT	      "zclnd-trace"
#define ZTRACE_FORMAT_VERSION 1

/* Writes a whole log. A write error stays on the stream: the caller asks ferror. */
void ztrace_json_write(const struct ztrace_log *log, FILE *out);

/* Whether the file begins as a trace does. False also when it cannot be read. */
bool ztrace_json_is_trace(const char *path);
/*
 * Reads a file: an array of struct ztrace_log, at least one; free it with g_ptr_array_unref. NULL
 * and *error with "FILE:LINE: what was expected". Members and events that are not known are passed
 * over: newer programs may write more.
 */
GPtrArray *ztrace_json_read(const char *path, GError **error);

#define ZTRACE_JSON_ERROR (ztrace_json_error_quark())
GQuark ztrace_json_error_quark(void);

/* "connectivity", "transport" or "zc": what stands before an event's name in a trace. */
const char *ztrace_json_category(enum zcl_event_kind kind);
/* The same for a name; "other" when the core has no such event. */
const char *ztrace_json_category_of(const char *name);

/* ---- private to the JSON writer and reader ---- */

/* json_wire.c: the fields of a captured message, both ways. False: *error says what is missing. */
void ztrace_json_wire_write(JsonBuilder *builder, const struct ztrace_wire *wire);
bool ztrace_json_wire_read(JsonObject *data, const char *name, struct ztrace_wire *wire,
			   GError **error);
/* json_event.c: the fields of an event of the core, both ways. */
typedef bool (*ztrace_field_func)(const void *event, const char *field, char *buf, size_t size);
void ztrace_json_event_write(JsonBuilder *builder, ztrace_field_func get, const void *event);
bool ztrace_json_event_read(JsonObject *data, struct zcl_event *event, GError **error);

void ztrace_json_string(JsonBuilder *builder, const char *name, const char *value);
void ztrace_json_int(JsonBuilder *builder, const char *name, int64_t value);
/* Ends the object that was begun first, writes it as a line and frees the builder. */
void ztrace_json_line(JsonBuilder *builder, FILE *out);
/* Fills in a header; vantage points are those of the log. */
void ztrace_json_header(const struct ztrace_log *log, FILE *out);

#endif
