/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <glib/gstdio.h>

#include "tests/captures/streams.h"
#include "tests/trace/pcap.h"
#include "tests/trace/shown.h"

/*
 * What the trace command makes of streams that a capture has not whole, not in order, or beside
 * others: captures made here, of real bytes, through tshark.
 */

enum { ACTIVE, PASSIVE }; /* sides */

struct made {
	int variant; /* of the test */
	char *folder, *path;
	GByteArray *side[2]; /* real bytes: v2-csum-ping's first stream */
	struct pcap pcap;
	struct pcap_tcp tcp;
	struct shown shown;
};

static void made_init(struct made *made, int variant)
{
	GPtrArray *streams = streams_load("v2-csum-ping");

	*made = (struct made){.variant = variant};
	made->folder = g_dir_make_tmp("zclnd-trace-test-XXXXXX", NULL);
	g_assert_nonnull(made->folder);
	made->path = g_build_filename(made->folder, "made.pcap", NULL);
	made->side[ACTIVE] = streams_join(streams->pdata[0], true);
	made->side[PASSIVE] = streams_join(streams->pdata[0], false);
	g_ptr_array_unref(streams);
}

/* A capture that begins with the TCP handshake. */
static void begin(struct made *made, enum pcap_link link)
{
	pcap_init(&made->pcap, link);
	pcap_connect(&made->tcp, &made->pcap, 40000);
}

/* The bytes of a side from..to are in one segment that follows what it sent. */
static void add_part(struct made *made, unsigned side, size_t from, size_t to)
{
	pcap_send(&made->tcp, side, made->side[side]->data + from, to - from);
}

static void add_side(struct made *made, unsigned side)
{
	add_part(made, side, 0, made->side[side]->len);
}

static void add_in_segments(struct made *made, unsigned side, size_t len)
{
	const size_t size = made->side[side]->len;

	for (size_t at = 0; at < size; at += len)
		add_part(made, side, at, at + MIN(len, size - at));
}

static void show(struct made *made)
{
	pcap_save(&made->pcap, made->path);
	made->shown = shown_of(made->path, ZTRACE_FORMAT_JSON);
}

static void made_clear(struct made *made)
{
	g_unlink(made->path);
	g_rmdir(made->folder);
	g_free(made->folder);
	g_free(made->path);
	g_byte_array_unref(made->side[ACTIVE]);
	g_byte_array_unref(made->side[PASSIVE]);
	shown_clear(&made->shown);
}

static void check_whole_ping(const struct made *made)
{
	GPtrArray *messages = shown_messages(&made->shown);

	g_assert_cmpstr(made->shown.err, ==, "");
	g_assert_cmpint(made->shown.status, ==, ZTRACE_OK);
	g_assert_cmpuint(messages->len, ==, 5);
	g_assert_cmpuint(shown_count(messages, "name", "hello"), ==, 2);
	g_assert_cmpuint(shown_count(messages, "lnet_type", "GET"), ==, 1);
	g_assert_cmpuint(shown_count(messages, "lnet_type", "REPLY"), ==, 1);
	g_ptr_array_unref(messages);
}

static void check_told(const struct made *made, int status, const char *told)
{
	g_assert_cmpint(made->shown.status, ==, status);
	if (strstr(made->shown.err, told) == NULL)
		g_error("'%s' lacks '%s'", made->shown.err, told);
}

static bool shows(const struct made *made, const char *lnet_type)
{
	char *quoted = g_strconcat("\"", lnet_type, "\"", NULL);
	const bool found = strstr(made->shown.out, quoted) != NULL;

	g_free(quoted);
	return found;
}

/* Links as ns-3 writes them, a port that is not 988, messages across segments. */
static void test_link(struct made *made)
{
	begin(made, (enum pcap_link)made->variant);
	add_in_segments(made, ACTIVE, 7);
	add_in_segments(made, PASSIVE, 50);
	show(made);
	check_whole_ping(made);
}

/* A retransmission, one that overlaps, and segments in the wrong order. */
static void test_tcp_is_put_together(struct made *made)
{
	static const struct {
		uint32_t at, end; /* 0: that of the stream */
	} again[] = {{0, 30}, {20, 60}, {100, 0}, {60, 100}};
	const uint8_t *data = made->side[ACTIVE]->data;
	const uint32_t size = made->side[ACTIVE]->len;

	begin(made, PCAP_RAW);
	add_part(made, ACTIVE, 0, 30);
	for (size_t i = 0; i < G_N_ELEMENTS(again); i++) {
		const uint32_t at = again[i].at, end = again[i].end ? again[i].end : size;

		pcap_send_at(&made->tcp, ACTIVE, at, data + at, end - at);
	}
	pcap_skip(&made->tcp, ACTIVE, size - 30);
	add_side(made, PASSIVE);
	pcap_ack(&made->tcp, ACTIVE);
	show(made);
	check_whole_ping(made);
}

static void test_turned_bit_is_told(struct made *made)
{
	made->side[PASSIVE]->data[made->side[PASSIVE]->len - 1] ^= 0x40;
	begin(made, PCAP_RAW);
	add_side(made, ACTIVE);
	add_side(made, PASSIVE);
	show(made);
	check_told(made, ZTRACE_FAILED,
		   ": stream 0, 10.0.0.2:5000 > 10.0.0.1:40000, byte 56: bad_checksum: ");
	g_assert_true(g_str_has_prefix(made->shown.err, made->path));
	g_assert_true(shows(made, "GET")); /* the other direction is told all the same */
	g_assert_false(shows(made, "REPLY"));
}

static void test_gap_is_told(struct made *made)
{
	begin(made, PCAP_RAW);
	add_part(made, ACTIVE, 0, 16);
	pcap_skip(&made->tcp, ACTIVE, 20);
	add_part(made, ACTIVE, 36, made->side[ACTIVE]->len);
	add_side(made, PASSIVE);
	pcap_ack(&made->tcp, PASSIVE);
	show(made);
	check_told(made, ZTRACE_FAILED,
		   ": stream 0, 10.0.0.1:40000 > 10.0.0.2:5000, byte 16: gap: ");
	g_assert_true(shows(made, "REPLY"));
}

enum { AMID, AT_END };

/* A short snapshot length: in the middle of the stream, and at its end. */
static void test_shortened_packet_is_told(struct made *made)
{
	const size_t size = made->side[PASSIVE]->len;

	begin(made, PCAP_RAW);
	add_side(made, ACTIVE);
	add_part(made, PASSIVE, 0, 56);
	add_part(made, PASSIVE, 56, size);
	pcap_shorten(&made->pcap, 20);
	if (made->variant == AMID) {
		pcap_ack(&made->tcp, ACTIVE);
		add_part(made, PASSIVE, 56, size);
	}
	show(made);
	check_told(made, ZTRACE_FAILED,
		   ": stream 0, 10.0.0.2:5000 > 10.0.0.1:40000, byte 56: gap: ");
	g_assert_true(shows(made, "GET"));
	g_assert_false(shows(made, "REPLY"));
}

static void test_end_of_capture_is_a_note(struct made *made)
{
	begin(made, PCAP_RAW);
	add_side(made, ACTIVE);
	add_part(made, PASSIVE, 0, made->side[PASSIVE]->len - 1);
	show(made);
	check_told(made, ZTRACE_OK,
		   "note: stream 0, 10.0.0.2:5000 > 10.0.0.1:40000, byte "
		   "56: the capture ends in the middle of a message (143 ");
	check_told(made, ZTRACE_OK, "in SLOP");
}

/* The file itself ends in the middle of a packet, as when a capture is copied while it grows. */
static void test_cut_file_is_a_note(struct made *made)
{
	begin(made, PCAP_RAW);
	add_side(made, ACTIVE);
	add_side(made, PASSIVE);
	g_byte_array_set_size(made->pcap.bytes, made->pcap.bytes->len - 9);
	show(made);
	check_told(made, ZTRACE_OK, ": note: ");
	g_assert_true(shows(made, "GET"));
	g_assert_false(shows(made, "REPLY"));
}

enum { ALONE, BESIDE };

static void test_other_traffic(struct made *made)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

	pcap_init(&made->pcap, PCAP_RAW);
	pcap_connect(&made->tcp, &made->pcap, 40001);
	pcap_send(&made->tcp, ACTIVE, http, strlen(http));
	if (made->variant == BESIDE) {
		pcap_connect(&made->tcp, &made->pcap, 40000);
		add_side(made, ACTIVE);
		add_side(made, PASSIVE);
	}
	show(made);
	check_told(made, made->variant == BESIDE ? ZTRACE_OK : ZTRACE_FAILED,
		   "note: stream 0, 10.0.0.1:40001 > 10.0.0.2:5000, byte 0: not socklnd");
	if (made->variant == ALONE)
		check_told(made, ZTRACE_FAILED, "no socklnd stream in this capture");
}

/* The acceptor's refusal of a version is its own magic: the side that spoke first is not alone. */
static void test_acceptor_refusal(struct made *made)
{
	GPtrArray *messages;

	begin(made, PCAP_RAW);
	add_part(made, ACTIVE, 0, 16);
	pcap_send(&made->tcp, PASSIVE, made->side[ACTIVE]->data, 16);
	show(made);
	messages = shown_messages(&made->shown);
	g_assert_cmpint(made->shown.status, ==, ZTRACE_OK);
	g_assert_cmpuint(shown_count(messages, "name", "accept_request"), ==, 2);
	g_assert_cmpuint(messages->len, ==, 2);
	g_ptr_array_unref(messages);
}

static const struct test {
	const char *name;
	void (*fn)(struct made *made);
	int variant;
} tests[] = {
	{"link-ppp", test_link, PCAP_PPP},
	{"link-raw-ip", test_link, PCAP_RAW},
	{"tcp-is-put-together", test_tcp_is_put_together, 0},
	{"turned-bit-is-told", test_turned_bit_is_told, 0},
	{"gap-is-told", test_gap_is_told, 0},
	{"shortened-packet-at-end", test_shortened_packet_is_told, AT_END},
	{"shortened-packet-amid", test_shortened_packet_is_told, AMID},
	{"end-of-capture-is-a-note", test_end_of_capture_is_a_note, 0},
	{"cut-file-is-a-note", test_cut_file_is_a_note, 0},
	{"other-traffic-alone", test_other_traffic, ALONE},
	{"other-traffic-beside", test_other_traffic, BESIDE},
	{"acceptor-refusal", test_acceptor_refusal, 0},
};

static void on_made(gconstpointer data)
{
	const struct test *test = data;
	struct made made;

	made_init(&made, test->variant);
	test->fn(&made);
	made_clear(&made);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	shown_init();
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		char *name = g_strconcat("/trace/", tests[i].name, NULL);

		shown_add_test(name, &tests[i], on_made);
		g_free(name);
	}
	return g_test_run();
}
