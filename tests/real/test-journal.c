/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "real/journal.h"
#include "real/lib.h"

/* The journal: how often it speaks, and that its phrases are of events and fields that exist. */

static int64_t now;

static int64_t fake_now(void)
{
	return now;
}

struct log {
	char *text;
	size_t size;
	FILE *to;
	struct zjournal *journal;
};

static void log_open(struct log *log, bool verbose)
{
	now = 0;
	log->to = open_memstream(&log->text, &log->size);
	fflush(log->to);
	log->journal = zjournal_new(
		&(struct zjournal_options){.to = log->to, .verbose = verbose, .now = fake_now});
}

static unsigned lines(const struct log *log)
{
	unsigned n = 0;

	for (const char *c = log->text; *c; c++)
		n += *c == '\n';
	return n;
}

static void log_close(struct log *log)
{
	zjournal_free(log->journal);
	fclose(log->to);
	free(log->text);
}

static void note(struct log *log, enum zclnd_note kind, uint32_t ipv4)
{
	const struct sockaddr_in from = zsock_addr(ipv4, 40000);

	zjournal_note(log->journal, kind, &from);
}

static void event(struct log *log, enum zcl_event_kind kind, zcl_nid peer, enum zcl_err err)
{
	const struct zcl_event ev = {
		.kind = kind, .peer = peer, .error = err, .lnet_type = UINT32_MAX};
	const struct zclnd_trace trace = {.event = &ev};

	zjournal_trace(log->journal, &trace);
}

static void test_rate(void)
{
	struct log log;

	log_open(&log, false);
	for (int i = 0; i < 25; i++)
		note(&log, ZCLND_NOTE_UNRESERVED, 0x0a000001);
	g_assert_cmpuint(lines(&log), ==, 10);
	/* Others are not kept from speaking by one who speaks often. */
	note(&log, ZCLND_NOTE_UNRESERVED, 0x0a000002);
	note(&log, ZCLND_NOTE_LIMIT, 0x0a000001);
	g_assert_cmpuint(lines(&log), ==, 12);
	now = G_GINT64_CONSTANT(59999999999);
	note(&log, ZCLND_NOTE_UNRESERVED, 0x0a000001);
	g_assert_cmpuint(lines(&log), ==, 12);
	now++;
	note(&log, ZCLND_NOTE_UNRESERVED, 0x0a000001);
	g_assert_cmpuint(lines(&log), ==, 13);
	g_assert_nonnull(strstr(log.text, "(16 more like this were left out)\n"));
	log_close(&log);
}

/* More peers than are remembered: no growth without end, and nothing is lost for it. */
static void test_crowd(void)
{
	struct log log;

	log_open(&log, false);
	for (uint32_t i = 0; i < 10000; i++)
		note(&log, ZCLND_NOTE_UNRESERVED, 0x0a000000 + i);
	g_assert_cmpuint(lines(&log), ==, 10000);
	log_close(&log);
}

static void test_once(void)
{
	const zcl_nid peer = zcl_nid_tcp(0x0a000009, 0);
	struct log log;

	log_open(&log, false);
	event(&log, ZCL_EV_ATTEMPT_FAILED, peer, ZCL_E_RESET);
	g_assert_nonnull(strstr(log.text, "by a NID that they do not have"));
	g_assert_null(strstr(log.text, "CAP_NET_BIND_SERVICE"));
	for (uint32_t i = 0; i < 3; i++)
		note(&log, ZCLND_NOTE_NOT_PERMITTED, 0x0a000009 + i);
	g_assert_cmpuint(lines(&log), ==, 2);
	/* Who is not permitted a reserved port is told the likelier reason. */
	event(&log, ZCL_EV_ATTEMPT_FAILED, peer, ZCL_E_RESET);
	g_assert_nonnull(strstr(log.text, "accept=all in lnet's options there"));
	log_close(&log);
}

static void test_levels(void)
{
	const zcl_nid peer = zcl_nid_tcp(0x0a000009, 0);
	struct log log;

	for (int verbose = 0; verbose < 2; verbose++) {
		log_open(&log, verbose);
		event(&log, ZCL_EV_CONN_UP, peer, ZCL_OK);
		event(&log, ZCL_EV_CONN_DOWN, peer, ZCL_E_EOF);
		event(&log, ZCL_EV_MSG_SENT, peer, ZCL_OK);
		g_assert_cmpuint(lines(&log), ==, verbose ? 2 : 0);
		event(&log, ZCL_EV_OVERDUE, peer, ZCL_OK);
		g_assert_nonnull(
			strstr(log.text, "zclnd: warning: 10.0.0.9@tcp has not acknowledged"));
		log_close(&log);
	}
}

/* Every failure of an attempt and of a peer's bytes has words. */
static void test_words(void)
{
	const zcl_nid peer = zcl_nid_tcp(0x0a000009, 0);

	for (int err = ZCL_OK + 1; err < ZCL_ERR_LAST; err++) {
		struct log log;

		log_open(&log, true);
		event(&log, ZCL_EV_ATTEMPT_FAILED, peer, err);
		event(&log, ZCL_EV_PROTOCOL_ERROR, ZCL_NID_ANY, err);
		event(&log, ZCL_EV_CONN_DOWN, peer, err);
		g_assert_cmpuint(lines(&log), ==, 3);
		g_assert_nonnull(strstr(log.text, zcl_err_name(err)));
		g_assert_null(strpbrk(log.text, "{}"));
		log_close(&log);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/journal/rate", test_rate);
	g_test_add_func("/journal/crowd", test_crowd);
	g_test_add_func("/journal/once", test_once);
	g_test_add_func("/journal/levels", test_levels);
	g_test_add_func("/journal/words", test_words);
	return g_test_run();
}
