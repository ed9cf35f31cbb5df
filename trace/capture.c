/* SPDX-License-Identifier: MIT */
#include "trace/capture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "trace/follow.h"
#include "trace/log.h"
#include "trace/tshark.h"

#define STREAMS_A_RUN 256 /* bounds the length of tshark's command line */
#define NS_PER_S      INT64_C(1000000000)

G_DEFINE_QUARK(ztrace - error - quark, ztrace_error)

/* A packet with FIN or RST, whose stream may turn out to be no socklnd. */
struct end {
	uint32_t stream;
	char from[ZTRACE_ADDRESS];
	struct ztrace_end_mark mark;
};

/* What the first run of tshark tells. */
struct index {
	GArray *frames;	     /* of struct ztrace_frame, packet n at n - 1 */
	GHashTable *streams; /* the set of stream numbers */
	GArray *ends;	     /* of struct end */
	int64_t start_ns;
};

static void free_chunk(gpointer data)
{
	struct ztrace_chunk *chunk = data;

	g_bytes_unref(chunk->data);
	g_free(chunk);
}

static void free_stream(gpointer data)
{
	struct ztrace_stream *stream = data;

	g_free(stream->address[0]);
	g_free(stream->address[1]);
	g_ptr_array_unref(stream->chunks);
	g_array_unref(stream->ends);
	g_free(stream);
}

struct ztrace_stream *ztrace_stream_new(uint32_t number)
{
	struct ztrace_stream *stream = g_new0(struct ztrace_stream, 1);

	stream->number = number;
	stream->chunks = g_ptr_array_new_with_free_func(free_chunk);
	stream->ends = g_array_new(FALSE, FALSE, sizeof(struct ztrace_end_mark));
	return stream;
}

/* "1795340334.165894000": seconds and exactly nine decimals. */
static bool parse_epoch(const char *text, int64_t *ns)
{
	char **parts = g_strsplit(text, ".", 2);
	guint64 seconds, rest;
	bool ok;

	ok = g_strv_length(parts) == 2 && strlen(parts[1]) == 9 &&
	     g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXINT64 / NS_PER_S - 1, &seconds,
					NULL) &&
	     g_ascii_string_to_unsigned(parts[1], 10, 0, NS_PER_S - 1, &rest, NULL);
	if (ok)
		*ns = (int64_t)seconds * NS_PER_S + (int64_t)rest;
	g_strfreev(parts);
	return ok;
}

/* An ICMP error quotes a TCP header: such a packet may have several streams, or none. */
static bool add_streams(struct index *index, const char *list, struct ztrace_frame *frame)
{
	char **numbers = g_strsplit(list, ",", -1);
	bool ok = true;

	frame->stream = ZTRACE_NO_STREAM;
	for (size_t i = 0; ok && numbers[i] != NULL; i++) {
		guint64 number;

		ok = g_ascii_string_to_unsigned(numbers[i], 10, 0, ZTRACE_NO_STREAM - 1, &number,
						NULL);
		if (!ok)
			break;
		frame->stream = (uint32_t)number;
		g_hash_table_add(index->streams, GUINT_TO_POINTER(frame->stream));
	}
	g_strfreev(numbers);
	return ok;
}

enum column { TIME, CAPTURED, LENGTH, STREAMS, RESET, FIN, PORT, IPV4, IPV6, COLUMNS };

/* Packets that quote others have several values. */
static void add_end(struct index *index, char **fields, const struct ztrace_frame *frame)
{
	const bool reset = strcmp(fields[RESET], "1") == 0;
	struct end end = {.stream = frame->stream,
			  .mark = {.frame = index->frames->len + 1,
				   .time_ns = frame->time_ns,
				   .reset = reset}};

	if (!reset && strcmp(fields[FIN], "1") != 0)
		return;
	if (*fields[IPV6])
		g_snprintf(end.from, sizeof(end.from), "[%s]:%s", fields[IPV6], fields[PORT]);
	else
		g_snprintf(end.from, sizeof(end.from), "%s:%s", fields[IPV4], fields[PORT]);
	g_array_append_val(index->ends, end);
}

static bool on_index_line(char *line, void *user, GError **error)
{
	struct index *index = user;
	struct ztrace_frame frame = {0};
	char **fields = g_strsplit(line, "\t", -1);
	bool ok;

	ok = g_strv_length(fields) == COLUMNS && parse_epoch(fields[TIME], &frame.time_ns) &&
	     add_streams(index, fields[STREAMS], &frame);
	if (ok) {
		frame.cut = strcmp(fields[CAPTURED], fields[LENGTH]) != 0;
		if (index->frames->len == 0)
			index->start_ns = frame.time_ns;
		frame.time_ns -= index->start_ns;
		add_end(index, fields, &frame);
		g_array_append_val(index->frames, frame);
	} else {
		g_set_error(error, ZTRACE_ERROR, ZTRACE_ERROR_OUTPUT,
			    "tshark's list of packets is not understood: '%s'", line);
	}
	g_strfreev(fields);
	return ok;
}

static const char *const index_args[] = {
	"-T", "fields",	    "-e", "frame.time_epoch", "-e", "frame.cap_len", "-e", "frame.len",
	"-e", "tcp.stream", "-e", "tcp.flags.reset",  "-e", "tcp.flags.fin", "-e", "tcp.srcport",
	"-e", "ip.src",	    "-e", "ipv6.src",	      NULL,
};

static int compare_numbers(gconstpointer a, gconstpointer b)
{
	const guint x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);

	return (x > y) - (x < y);
}

static bool has_end(const struct ztrace_stream *stream, const struct ztrace_end_mark *mark)
{
	for (guint i = 0; i < stream->ends->len; i++) {
		const struct ztrace_end_mark *known =
			&g_array_index(stream->ends, struct ztrace_end_mark, i);

		if (known->side == mark->side && known->reset == mark->reset)
			return true;
	}
	return false;
}

/* Gives each end to its stream, when that is one of those that carried data. */
static void give_ends(const struct index *index, GHashTable *found)
{
	for (guint i = 0; i < index->ends->len; i++) {
		const struct end *end = &g_array_index(index->ends, struct end, i);
		struct ztrace_stream *stream =
			g_hash_table_lookup(found, GUINT_TO_POINTER(end->stream));
		struct ztrace_end_mark mark = end->mark;

		if (stream == NULL)
			continue;
		if (strcmp(end->from, stream->address[0]) == 0)
			mark.side = 0;
		else if (strcmp(end->from, stream->address[1]) == 0)
			mark.side = 1;
		else
			continue;
		if (!has_end(stream, &mark))
			g_array_append_val(stream->ends, mark);
	}
}

/* One run of tshark for up to STREAMS_A_RUN streams; takes them off the list. */
static bool follow_some(const char *tshark, const char *path, GList **numbers,
			struct ztrace_follow *follow, GError **error)
{
	GPtrArray *args = g_ptr_array_new_with_free_func(g_free);
	char *said = NULL;
	bool ok;

	g_ptr_array_add(args, g_strdup("-q"));
	for (size_t i = 0; i < STREAMS_A_RUN && *numbers != NULL; i++) {
		g_ptr_array_add(args, g_strdup("-z"));
		g_ptr_array_add(args, g_strdup_printf("follow,tcp,yaml,%u",
						      GPOINTER_TO_UINT((*numbers)->data)));
		*numbers = g_list_delete_link(*numbers, *numbers);
	}
	g_ptr_array_add(args, NULL);
	ok = ztrace_tshark_run(tshark, path, (const char *const *)args->pdata, ztrace_follow_line,
			       follow, &said, error);
	if (ok)
		ok = ztrace_follow_end(follow, error);
	g_free(said); /* a damaged end was told by the first run */
	g_ptr_array_unref(args);
	return ok;
}

static bool follow_all(const char *tshark, const char *path, struct index *index,
		       struct ztrace_capture *capture, GError **error)
{
	GList *numbers = g_list_sort(g_hash_table_get_keys(index->streams), compare_numbers);
	struct ztrace_follow follow;
	bool ok = true;

	ztrace_follow_init(&follow, capture->streams, index->frames);
	while (ok && numbers != NULL)
		ok = follow_some(tshark, path, &numbers, &follow, error);
	give_ends(index, follow.found);
	ztrace_follow_clear(&follow);
	g_list_free(numbers);
	return ok;
}

static int compare_streams(gconstpointer a, gconstpointer b)
{
	const struct ztrace_stream *const *x = a, *const *y = b;

	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

static bool read_with(const char *tshark, const char *path, struct ztrace_capture *capture,
		      GError **error)
{
	struct index index = {
		.frames = g_array_new(FALSE, FALSE, sizeof(struct ztrace_frame)),
		.streams = g_hash_table_new(NULL, NULL),
		.ends = g_array_new(FALSE, FALSE, sizeof(struct end)),
	};
	bool ok;

	ok = ztrace_tshark_run(tshark, path, index_args, on_index_line, &index, &capture->note,
			       error);
	if (ok && capture->note != NULL && index.frames->len == 0) {
		g_set_error(error, ZTRACE_ERROR, ZTRACE_ERROR_UNREAD,
			    "no capture that tshark can read: %s", capture->note);
		ok = false;
	}
	ok = ok && follow_all(tshark, path, &index, capture, error);
	g_ptr_array_sort(capture->streams, compare_streams);
	g_array_unref(index.frames);
	g_array_unref(index.ends);
	g_hash_table_unref(index.streams);
	return ok;
}

struct ztrace_capture *ztrace_capture_read(const char *path, GError **error)
{
	struct ztrace_capture *capture;
	char *tshark;

	if (access(path, R_OK) != 0) {
		g_set_error_literal(error, ZTRACE_ERROR, ZTRACE_ERROR_UNREAD, g_strerror(errno));
		return NULL;
	}
	if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
		g_set_error_literal(error, ZTRACE_ERROR, ZTRACE_ERROR_UNREAD,
				    "a folder: name one capture file");
		return NULL;
	}
	tshark = ztrace_tshark_find(error);
	if (tshark == NULL)
		return NULL;
	capture = g_new0(struct ztrace_capture, 1);
	capture->streams = g_ptr_array_new_with_free_func(free_stream);
	if (!read_with(tshark, path, capture, error)) {
		ztrace_capture_free(capture);
		capture = NULL;
	}
	g_free(tshark);
	return capture;
}

void ztrace_capture_free(struct ztrace_capture *capture)
{
	g_ptr_array_unref(capture->streams);
	g_free(capture->note);
	g_free(capture);
}
