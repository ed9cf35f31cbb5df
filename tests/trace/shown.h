/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TRACE_SHOWN_H
#define TESTS_TRACE_SHOWN_H

#include <stdio.h>

#include <glib.h>
#include <json-glib/json-glib.h>

#include "trace/trace.h"

/* The trace command run by tests, on captures, and what it shows of them. */

struct shown {
	int status;
	char *out, *err; /* out: NULL when it went elsewhere */
};

/* Once, after g_test_init: the tshark that configure found, as make check tells it. */
void shown_init(void);
/* A test that is skipped where there is no tshark. */
void shown_add_test(const char *name, gconstpointer data, GTestDataFunc fn);

/* The path of a capture of deployed nodes: "v2-ping". Free with g_free. */
char *shown_capture_path(const char *capture);

/* A capture, as JSON or as text. */
struct shown shown_of(const char *path, enum ztrace_format format);
struct shown shown_of_capture(const char *capture, enum ztrace_format format);
/* A capture of deployed nodes as text, written to out, which stays the caller's. */
struct shown shown_on(const char *capture, FILE *out);
void shown_clear(struct shown *shown);

/*
 * The messages of a trace in JSON: its header, FINs and RSTs aside. Each is one object of all
 * fields, the name without its category. Free with g_ptr_array_unref.
 */
GPtrArray *shown_messages(const struct shown *shown);
/* A field of one; "" and 0 when it has no such. */
const char *shown_text(JsonObject *message, const char *field);
gint64 shown_int(JsonObject *message, const char *field);
/* How many have field = value. */
guint shown_count(const GPtrArray *messages, const char *field, const char *value);

#endif
