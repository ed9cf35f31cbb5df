/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "tests/captures/streams.h"
#include "tests/trace/pcap.h"

/* The trace command on captures of deployed nodes and on made ones, through tshark. */

struct run {
	int status;
	char *out, *err;
};

static char *rewind_and_read(FILE *file)
{
	GString *text = g_string_new(NULL);
	char buf[4096];
	size_t n;

	rewind(file);
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		g_string_append_len(text, buf, (gssize)n);
	fclose(file);
	return g_string_free(text, FALSE);
}

static struct run run(const char *path, bool json)
{
	struct ztrace_options opts = {.path = path,
				      .format = json ? ZTRACE_FORMAT_JSON : ZTRACE_FORMAT_DEFAULT,
				      .out = tmpfile(),
				      .err = tmpfile()};
	struct run done;

	g_assert_nonnull(opts.out);
	g_assert_nonnull(opts.err);
	done.status = ztrace_run(&opts);
	done.out = rewind_and_read(opts.out);
	done.err = rewind_and_read(opts.err);
	return done;
}

static void run_clear(struct run *done)
{
	g_free(done->out);
	g_free(done->err);
}

static char *capture_path(const char *name)
{
	char *file = g_strconcat(name, ".pcap", NULL);
	char *path = g_test_build_filename(G_TEST_DIST, "tests", "captures", file, NULL);

	g_free(file);
	return path;
}

static struct run run_capture(const char *name, bool json)
{
	char *path = capture_path(name);
	const struct run done = run(path, json);

	g_free(path);
	return done;
}

/* make check says which tshark configure found. */
static void use_configured_tshark(void)
{
	const char *configured = g_getenv("TSHARK");

	if (configured != NULL && *configured == '/')
		g_setenv("ZCLND_TSHARK", configured, TRUE);
}

static bool no_tshark(void)
{
	const char *named = g_getenv("ZCLND_TSHARK");
	char *found = g_find_program_in_path(named != NULL ? named : "tshark");
	const bool missing = found == NULL;

	g_free(found);
	if (missing)
		g_test_skip("tshark is not installed");
	return missing;
}

/* The name without its category, time and the fields of a message, in one object. */
static JsonObject *flat(JsonObject *line)
{
	JsonObject *data = json_object_get_object_member(line, "data");
	const char *name = json_object_get_string_member(line, "name");

	g_assert_true(g_str_has_prefix(name, "wire:"));
	json_object_set_string_member(data, "name", name + strlen("wire:"));
	json_object_set_int_member(data, "time", json_object_get_int_member(line, "time"));
	json_object_set_string_member(data, "vantage_point",
				      json_object_get_string_member(line, "vantage_point"));
	return json_object_ref(data);
}

static bool is_end(JsonObject *line)
{
	const char *name = json_object_get_string_member(line, "name");

	return strcmp(name, "wire:reset") == 0 || strcmp(name, "wire:close") == 0;
}

/* The messages of a trace: its header, FINs and RSTs aside. Free with g_ptr_array_unref. */
static GPtrArray *parse(const char *out)
{
	GPtrArray *objects = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
	char **lines = g_strsplit(out, "\n", -1);

	for (size_t i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
		GError *error = NULL;
		JsonNode *node = json_from_string(lines[i], &error);
		JsonObject *line;

		g_assert_no_error(error);
		line = json_node_get_object(node);
		if (i == 0)
			g_assert_cmpstr(json_object_get_string_member(line, "format"), ==,
					"zclnd-trace");
		else if (!is_end(line))
			g_ptr_array_add(objects, flat(line));
		json_node_unref(node);
	}
	g_strfreev(lines);
	return objects;
}

static const char *text_of(JsonObject *object, const char *name)
{
	return json_object_get_string_member_with_default(object, name, "");
}

static gint64 int_of(JsonObject *object, const char *name)
{
	return json_object_get_int_member_with_default(object, name, 0);
}

/* How many objects have member = value. */
static guint count(const GPtrArray *objects, const char *member, const char *value)
{
	guint n = 0;

	for (size_t i = 0; i < objects->len; i++)
		n += strcmp(text_of(objects->pdata[i], member), value) == 0;
	return n;
}

static const struct totals {
	const char *capture;
	guint accept, hello, noop, put, get, reply, ack;
} totals[] = {
	{"nego-active1-passive2-ping", 3, 6, 0, 0, 1, 1, 0},
	{"nego-active2-passive1-ping", 4, 8, 0, 0, 1, 1, 0},
	{"nego-active3-passive2-ping", 4, 8, 0, 0, 1, 1, 0},
	{"probe-race-incarnation", 10, 19, 0, 0, 2, 2, 0},
	{"v1-lst-brw-write-64k-full", 3, 6, 0, 16, 4, 4, 2},
	{"v1-ping", 3, 6, 0, 0, 1, 1, 0},
	{"v2-csum-ping", 3, 6, 0, 0, 1, 1, 0},
	{"v2-lst-brw-write-16k-c8-full", 3, 6, 3, 42, 17, 17, 2},
	{"v2-lst-brw-write-64k-full", 3, 6, 3, 16, 4, 4, 2},
	{"v2-ping", 3, 6, 0, 0, 1, 1, 0},
	{"v3-keepalive-idle", 3, 6, 2, 0, 1, 1, 0},
	{"v3-lst-brw-write-16k-c8-full", 3, 6, 13, 42, 17, 17, 2},
	{"v3-lst-brw-write-64k-full", 3, 6, 3, 16, 4, 4, 2},
	{"v3-ping", 3, 6, 0, 0, 1, 1, 0},
};

static void test_totals(gconstpointer data)
{
	const struct totals *want = data;
	struct run done;
	GPtrArray *objects;

	if (no_tshark())
		return;
	done = run_capture(want->capture, true);
	objects = parse(done.out);
	g_assert_cmpint(done.status, ==, ZTRACE_OK);
	if (strcmp(want->capture, "probe-race-incarnation") != 0)
		g_assert_cmpstr(done.err, ==, "");
	g_assert_cmpuint(count(objects, "name", "accept_request"), ==, want->accept);
	g_assert_cmpuint(count(objects, "name", "hello"), ==, want->hello);
	g_assert_cmpuint(count(objects, "name", "noop"), ==, want->noop);
	g_assert_cmpuint(count(objects, "lnet_type", "PUT"), ==, want->put);
	g_assert_cmpuint(count(objects, "lnet_type", "GET"), ==, want->get);
	g_assert_cmpuint(count(objects, "lnet_type", "REPLY"), ==, want->reply);
	g_assert_cmpuint(count(objects, "lnet_type", "ACK"), ==, want->ack);
	g_assert_cmpuint(objects->len, ==,
			 want->accept + want->hello + want->noop + want->put + want->get +
				 want->reply + want->ack);
	g_ptr_array_unref(objects);
	run_clear(&done);
}

static void test_json_fields(void)
{
	struct run done;
	GPtrArray *objects;
	JsonObject *object;

	if (no_tshark())
		return;
	done = run_capture("v2-csum-ping", true);
	objects = parse(done.out);
	object = objects->pdata[1];
	g_assert_cmpint(int_of(object, "time"), ==, 10266000);
	g_assert_cmpint(int_of(object, "frame"), ==, 6);
	g_assert_cmpstr(text_of(object, "vantage_point"), ==, "10.77.0.2");
	g_assert_cmpstr(text_of(object, "peer"), ==, "10.77.0.3");
	g_assert_cmpint(int_of(object, "stream"), ==, 0);
	g_assert_cmpstr(text_of(object, "from"), ==, "10.77.0.2:1023");
	g_assert_cmpstr(text_of(object, "to"), ==, "10.77.0.3:988");
	g_assert_cmpstr(text_of(object, "name"), ==, "hello");
	g_assert_cmpstr(text_of(object, "version"), ==, "v2");
	g_assert_cmpstr(text_of(object, "ctype"), ==, "CONTROL");
	g_assert_cmpstr(text_of(object, "src_nid"), ==, "10.77.0.2@tcp");
	g_assert_cmpstr(text_of(object, "incarnation"), ==, "1795340832600001759");
	object = objects->pdata[3];
	g_assert_cmpstr(text_of(object, "lnet_type"), ==, "GET");
	g_assert_cmpint(int_of(object, "csum"), ==, 0x0ea59e7f);
	g_assert_cmpstr(text_of(object, "match_bits"), ==, "0x8000000000000000");
	g_assert_true(json_object_has_member(object, "portal"));
	g_assert_false(json_object_has_member(object, "req_cookie"));
	g_assert_false(json_object_has_member(object, "ack_cookie"));
	g_ptr_array_unref(objects);
	run_clear(&done);
}

static void test_json_cookies(void)
{
	gint64 next = 2;
	guint piggybacked = 0;
	GPtrArray *objects;
	struct run done;

	if (no_tshark())
		return;
	done = run_capture("v2-lst-brw-write-16k-c8-full", true);
	objects = parse(done.out);
	for (size_t i = 0; i < objects->len; i++) {
		JsonObject *object = objects->pdata[i];

		if (json_object_has_member(object, "req_cookie")) {
			g_assert_cmpint(int_of(object, "req_cookie"), ==, next++);
			g_assert_cmpint(int_of(object, "payload_length"), ==, 16384);
		}
		piggybacked += json_object_has_member(object, "ack_cookie") &&
			       strcmp(text_of(object, "name"), "lnet") == 0;
	}
	g_assert_cmpint(next, ==, 18);
	g_assert_cmpuint(piggybacked, ==, 13);
	g_ptr_array_unref(objects);
	run_clear(&done);
}

/* Every line has its columns at the same places. */
static void test_text_is_aligned(void)
{
	struct run done;
	char **lines;
	size_t what;

	if (no_tshark())
		return;
	done = run_capture("nego-active3-passive2-ping", false);
	lines = g_strsplit(done.out, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 1 + 4 + 8 + 2 + 1 + 1);
	what = (size_t)(strstr(lines[0], "WHAT") - lines[0]);
	for (size_t i = 1; *lines[i] != '\0'; i++) {
		g_assert_cmpuint(strlen(lines[i]), ==, strlen(lines[0]));
		g_assert_cmpint(lines[i][what - 1], ==, ' ');
		g_assert_true(g_regex_match_simple("^(accept_request|hello|lnet|reset) ",
						   lines[i] + what, 0, 0));
	}
	g_assert_nonnull(strstr(done.out, "V2       NONE"));
	g_strfreev(lines);
	run_clear(&done);
}

/* ---- captures made here ---- */

struct made {
	char *folder, *path;
	GByteArray *side[2]; /* real bytes: v2-csum-ping's first stream */
	struct pcap pcap;
};

static void made_init(struct made *made, enum pcap_link link)
{
	GPtrArray *streams = streams_load("v2-csum-ping");

	made->folder = g_dir_make_tmp("zclnd-trace-test-XXXXXX", NULL);
	g_assert_nonnull(made->folder);
	made->path = g_build_filename(made->folder, "made.pcap", NULL);
	made->side[0] = streams_join(streams->pdata[0], true);
	made->side[1] = streams_join(streams->pdata[0], false);
	pcap_init(&made->pcap, link);
	g_ptr_array_unref(streams);
}

static struct run made_run(struct made *made)
{
	pcap_save(&made->pcap, made->path);
	return run(made->path, true);
}

static void made_clear(struct made *made, struct run *done)
{
	g_unlink(made->path);
	g_rmdir(made->folder);
	g_free(made->folder);
	g_free(made->path);
	g_byte_array_unref(made->side[0]);
	g_byte_array_unref(made->side[1]);
	run_clear(done);
}

static void check_whole_ping(const struct run *done)
{
	GPtrArray *objects = parse(done->out);

	g_assert_cmpstr(done->err, ==, "");
	g_assert_cmpint(done->status, ==, ZTRACE_OK);
	g_assert_cmpuint(objects->len, ==, 5);
	g_assert_cmpuint(count(objects, "name", "hello"), ==, 2);
	g_assert_cmpuint(count(objects, "lnet_type", "GET"), ==, 1);
	g_assert_cmpuint(count(objects, "lnet_type", "REPLY"), ==, 1);
	g_ptr_array_unref(objects);
}

/* Links as ns-3 writes them, a port that is not 988, messages across segments. */
static void test_other_links(gconstpointer link)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;

	if (no_tshark())
		return;
	made_init(&made, (enum pcap_link)GPOINTER_TO_INT(link));
	pcap_connect(&tcp, &made.pcap, 40000);
	for (size_t at = 0; at < made.side[0]->len; at += 7)
		pcap_send(&tcp, 0, made.side[0]->data + at, MIN(7, made.side[0]->len - at));
	for (size_t at = 0; at < made.side[1]->len; at += 50)
		pcap_send(&tcp, 1, made.side[1]->data + at, MIN(50, made.side[1]->len - at));
	done = made_run(&made);
	check_whole_ping(&done);
	made_clear(&made, &done);
}

/* A retransmission, one that overlaps, and segments in the wrong order. */
static void test_tcp_is_put_together(void)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;
	const uint8_t *data;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	data = made.side[0]->data;
	pcap_connect(&tcp, &made.pcap, 40000);
	pcap_send(&tcp, 0, data, 30);
	pcap_send_at(&tcp, 0, 0, data, 30);
	pcap_send_at(&tcp, 0, 20, data + 20, 40);
	pcap_send_at(&tcp, 0, 100, data + 100, made.side[0]->len - 100);
	pcap_send_at(&tcp, 0, 60, data + 60, 40);
	pcap_skip(&tcp, 0, made.side[0]->len - 30);
	pcap_send(&tcp, 1, made.side[1]->data, made.side[1]->len);
	pcap_ack(&tcp, 0);
	done = made_run(&made);
	check_whole_ping(&done);
	made_clear(&made, &done);
}

static void test_turned_bit_is_told(void)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	made.side[1]->data[made.side[1]->len - 1] ^= 0x40;
	pcap_connect(&tcp, &made.pcap, 40000);
	pcap_send(&tcp, 0, made.side[0]->data, made.side[0]->len);
	pcap_send(&tcp, 1, made.side[1]->data, made.side[1]->len);
	done = made_run(&made);
	g_assert_cmpint(done.status, ==, ZTRACE_FAILED);
	g_assert_true(g_str_has_prefix(done.err, made.path));
	g_assert_nonnull(strstr(done.err, ": stream 0, 10.0.0.2:5000 > 10.0.0.1:40000, byte 56: "
					  "bad_checksum: "));
	g_assert_nonnull(
		strstr(done.out, "\"GET\"")); /* the other direction is told all the same */
	g_assert_null(strstr(done.out, "\"REPLY\""));
	made_clear(&made, &done);
}

static void test_gap_is_told(void)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	pcap_connect(&tcp, &made.pcap, 40000);
	pcap_send(&tcp, 0, made.side[0]->data, 16);
	pcap_skip(&tcp, 0, 20);
	pcap_send(&tcp, 0, made.side[0]->data + 36, made.side[0]->len - 36);
	pcap_send(&tcp, 1, made.side[1]->data, made.side[1]->len);
	pcap_ack(&tcp, 1);
	done = made_run(&made);
	g_assert_cmpint(done.status, ==, ZTRACE_FAILED);
	g_assert_nonnull(strstr(done.err, ": stream 0, 10.0.0.1:40000 > 10.0.0.2:5000, byte 16: "
					  "gap: "));
	g_assert_nonnull(strstr(done.out, "\"REPLY\""));
	made_clear(&made, &done);
}

/* A short snapshot length: in the middle of the stream, and at its end. */
static void test_shortened_packet_is_told(gconstpointer at_end)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	pcap_connect(&tcp, &made.pcap, 40000);
	pcap_send(&tcp, 0, made.side[0]->data, made.side[0]->len);
	pcap_send(&tcp, 1, made.side[1]->data, 56);
	pcap_send(&tcp, 1, made.side[1]->data + 56, made.side[1]->len - 56);
	pcap_shorten(&made.pcap, 20);
	if (!GPOINTER_TO_INT(at_end)) {
		pcap_ack(&tcp, 0);
		pcap_send(&tcp, 1, made.side[1]->data + 56, made.side[1]->len - 56);
	}
	done = made_run(&made);
	g_assert_cmpint(done.status, ==, ZTRACE_FAILED);
	g_assert_nonnull(strstr(done.err, ": stream 0, 10.0.0.2:5000 > 10.0.0.1:40000, byte 56: "
					  "gap: "));
	g_assert_nonnull(strstr(done.out, "\"GET\""));
	g_assert_null(strstr(done.out, "\"REPLY\""));
	made_clear(&made, &done);
}

static void test_end_of_capture_is_a_note(void)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	pcap_connect(&tcp, &made.pcap, 40000);
	pcap_send(&tcp, 0, made.side[0]->data, made.side[0]->len);
	pcap_send(&tcp, 1, made.side[1]->data, made.side[1]->len - 1);
	done = made_run(&made);
	g_assert_cmpint(done.status, ==, ZTRACE_OK);
	g_assert_nonnull(strstr(done.err, "note: stream 0, 10.0.0.2:5000 > 10.0.0.1:40000, byte "
					  "56: the capture ends in the middle of a message (143 "));
	g_assert_nonnull(strstr(done.err, "in SLOP"));
	made_clear(&made, &done);
}

/* The file itself ends in the middle of a packet, as when a capture is copied while it grows. */
static void test_cut_file_is_a_note(void)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	pcap_connect(&tcp, &made.pcap, 40000);
	pcap_send(&tcp, 0, made.side[0]->data, made.side[0]->len);
	pcap_send(&tcp, 1, made.side[1]->data, made.side[1]->len);
	g_byte_array_set_size(made.pcap.bytes, made.pcap.bytes->len - 9);
	done = made_run(&made);
	g_assert_cmpint(done.status, ==, ZTRACE_OK);
	g_assert_nonnull(strstr(done.err, ": note: "));
	g_assert_nonnull(strstr(done.out, "\"GET\""));
	g_assert_null(strstr(done.out, "\"REPLY\""));
	made_clear(&made, &done);
}

static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

static void test_other_traffic(gconstpointer with_ping)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	pcap_connect(&tcp, &made.pcap, 40001);
	pcap_send(&tcp, 0, http, strlen(http));
	if (GPOINTER_TO_INT(with_ping)) {
		pcap_connect(&tcp, &made.pcap, 40000);
		pcap_send(&tcp, 0, made.side[0]->data, made.side[0]->len);
		pcap_send(&tcp, 1, made.side[1]->data, made.side[1]->len);
	}
	done = made_run(&made);
	g_assert_cmpint(done.status, ==, GPOINTER_TO_INT(with_ping) ? ZTRACE_OK : ZTRACE_FAILED);
	g_assert_nonnull(strstr(done.err, "note: stream 0, 10.0.0.1:40001 > 10.0.0.2:5000, byte 0: "
					  "not socklnd"));
	if (!GPOINTER_TO_INT(with_ping))
		g_assert_nonnull(strstr(done.err, "no socklnd stream in this capture"));
	made_clear(&made, &done);
}

/* The acceptor's refusal of a version is its own magic: the side that spoke first is not alone. */
static void test_acceptor_refusal(void)
{
	struct made made;
	struct pcap_tcp tcp;
	struct run done;
	GPtrArray *objects;

	if (no_tshark())
		return;
	made_init(&made, PCAP_RAW);
	pcap_connect(&tcp, &made.pcap, 40000);
	pcap_send(&tcp, 0, made.side[0]->data, 16);
	pcap_send(&tcp, 1, made.side[0]->data, 16);
	done = made_run(&made);
	objects = parse(done.out);
	g_assert_cmpint(done.status, ==, ZTRACE_OK);
	g_assert_cmpuint(count(objects, "name", "accept_request"), ==, 2);
	g_assert_cmpuint(objects->len, ==, 2);
	g_ptr_array_unref(objects);
	made_clear(&made, &done);
}

static void check_unread(const char *path, const char *what)
{
	struct run done = run(path, false);

	g_assert_cmpint(done.status, ==, ZTRACE_UNREAD);
	g_assert_cmpstr(done.out, ==, "");
	g_assert_true(g_str_has_prefix(done.err, path));
	if (strstr(done.err, what) == NULL)
		g_error("'%s' lacks '%s'", done.err, what);
	run_clear(&done);
}

static void test_unreadable(void)
{
	char *readme = g_test_build_filename(G_TEST_DIST, "tests", "captures", "README.md", NULL);
	char *folder = g_test_build_filename(G_TEST_DIST, "tests", "captures", NULL);

	if (no_tshark())
		return;
	check_unread("no/such/file.pcap", "No such file");
	check_unread(readme, "no capture that tshark can read");
	check_unread(folder, "a folder");
	g_free(readme);
	g_free(folder);
}

static void test_missing_tshark(void)
{
	char *before = g_strdup(g_getenv("ZCLND_TSHARK"));
	char *path = g_strdup(g_getenv("PATH"));
	char *capture = capture_path("v2-ping");

	g_setenv("ZCLND_TSHARK", "/no/such/program", TRUE);
	check_unread(capture, "ZCLND_TSHARK names '/no/such/program'");
	g_unsetenv("ZCLND_TSHARK");
	g_setenv("PATH", "/no/such/folder", TRUE);
	check_unread(capture, "apt install tshark");
	g_setenv("PATH", path, TRUE);
	if (before != NULL)
		g_setenv("ZCLND_TSHARK", before, TRUE);
	g_free(before);
	g_free(path);
	g_free(capture);
}

static void test_usage(void)
{
	char *none[] = {(char *)"trace", NULL};
	char *two[] = {(char *)"trace", (char *)"a", (char *)"b", NULL};
	char *unknown[] = {(char *)"trace", (char *)"--no-such", NULL};

	if (g_test_subprocess()) {
		g_assert_cmpint(ztrace_main(1, none), ==, ZTRACE_UNREAD);
		g_assert_cmpint(ztrace_main(3, two), ==, ZTRACE_UNREAD);
		g_assert_cmpint(ztrace_main(2, unknown), ==, ZTRACE_UNREAD);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*exactly one file*--help*exactly one*--no-such*");
}

/* A closed pipe ends the output without a word; a full disk does not. */
static void test_output_errors(void)
{
	char *path = capture_path("v2-ping");
	struct ztrace_options opts = {.path = path, .err = tmpfile()};
	char *err;

	if (no_tshark())
		return;
	opts.out = fopen("/dev/full", "w");
	if (opts.out == NULL) {
		g_test_skip("there is no /dev/full");
		return;
	}
	g_assert_cmpint(ztrace_run(&opts), ==, ZTRACE_UNREAD);
	fclose(opts.out);
	err = rewind_and_read(opts.err);
	g_assert_nonnull(strstr(err, "the output cannot be written: "));
	g_free(err);
	g_free(path);
}

static void test_closed_pipe(void)
{
	char *path = capture_path("v2-ping");
	struct ztrace_options opts = {.path = path, .err = tmpfile()};
	int ends[2];
	char *err;

	if (no_tshark())
		return;
	signal(SIGPIPE, SIG_IGN);
	g_assert_cmpint(pipe(ends), ==, 0);
	close(ends[0]);
	opts.out = fdopen(ends[1], "w");
	g_assert_cmpint(ztrace_run(&opts), ==, ZTRACE_OK);
	fclose(opts.out);
	err = rewind_and_read(opts.err);
	g_assert_cmpstr(err, ==, "");
	g_free(err);
	g_free(path);
}

static void add_made_tests(void)
{
	g_test_add_data_func("/trace/link-ppp", GINT_TO_POINTER(PCAP_PPP), test_other_links);
	g_test_add_data_func("/trace/link-raw-ip", GINT_TO_POINTER(PCAP_RAW), test_other_links);
	g_test_add_func("/trace/tcp-is-put-together", test_tcp_is_put_together);
	g_test_add_func("/trace/turned-bit-is-told", test_turned_bit_is_told);
	g_test_add_func("/trace/gap-is-told", test_gap_is_told);
	g_test_add_data_func("/trace/shortened-packet-at-end", GINT_TO_POINTER(true),
			     test_shortened_packet_is_told);
	g_test_add_data_func("/trace/shortened-packet-amid", GINT_TO_POINTER(false),
			     test_shortened_packet_is_told);
	g_test_add_func("/trace/end-of-capture-is-a-note", test_end_of_capture_is_a_note);
	g_test_add_func("/trace/cut-file-is-a-note", test_cut_file_is_a_note);
	g_test_add_data_func("/trace/other-traffic-alone", GINT_TO_POINTER(false),
			     test_other_traffic);
	g_test_add_data_func("/trace/other-traffic-beside", GINT_TO_POINTER(true),
			     test_other_traffic);
	g_test_add_func("/trace/acceptor-refusal", test_acceptor_refusal);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	use_configured_tshark();
	for (size_t i = 0; i < G_N_ELEMENTS(totals); i++) {
		char *path = g_strconcat("/trace/totals/", totals[i].capture, NULL);

		g_test_add_data_func(path, &totals[i], test_totals);
		g_free(path);
	}
	g_test_add_func("/trace/json-fields", test_json_fields);
	g_test_add_func("/trace/json-cookies", test_json_cookies);
	g_test_add_func("/trace/text-is-aligned", test_text_is_aligned);
	add_made_tests();
	g_test_add_func("/trace/unreadable", test_unreadable);
	g_test_add_func("/trace/missing-tshark", test_missing_tshark);
	g_test_add_func("/trace/usage", test_usage);
	g_test_add_func("/trace/output-errors", test_output_errors);
	g_test_add_func("/trace/closed-pipe", test_closed_pipe);
	return g_test_run();
}
