/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node.h"
#include "core/rx.h"
#include "tests/captures/streams.h"

/*
 * Recorded traffic of deployed nodes, replayed: the other side's bytes are fed to our node, in the
 * role of the caller and in that of the called, and what it sends must be what was recorded, but
 * for handles. (NIDs and incarnation are given to it, so that they are equal too.)
 *
 * What LNet's user did is taken from the recording: a recorded PUT or GET of our side is submitted
 * when its turn comes. Everything else has to come by itself: HELLOs, REPLYs, LNet ACKs, ZC-ACKs
 * and the way they take. The other side's messages are fed as late as the recording allows.
 */

#define MAX_STREAMS 8

/* One protocol unit of one stream. */
struct unit {
	int64_t time; /* of its last byte */
	guint stream;
	bool ours;
	struct zcl_rx_item item;
	GByteArray *bytes;
	bool fed;
};

struct replay {
	bool active; /* our node's role */
	bool checksum;
	uint64_t incarnation;
	zcl_nid nid;
	GPtrArray *units; /* by time */
	guint next_theirs;
	struct zcl_node *node;
	struct zcl_conn *conns[MAX_STREAMS];
	GQueue calls;	    /* connections that our node wants opened */
	GQueue dead;	    /* to be told gone */
	GHashTable *handle; /* recorded object cookie of our side -> ours */
	GPtrArray *memory;
	uint8_t *sink;
};

/* ---- reading the recording
 * ------------------------------------------------------------------------ */

static void unit_free(gpointer data)
{
	struct unit *u = data;

	g_byte_array_unref(u->bytes);
	g_free(u);
}

/* Decodes one direction of a stream into units; times are those of the chunk that completed them.
 */
static void decode(struct replay *r, const struct stream_bytes *s, guint stream, bool from_active)
{
	GByteArray *bytes = g_byte_array_new();
	struct zcl_rx_item item;
	struct zcl_rx rx;

	zcl_rx_init(&rx, from_active, ZCL_V3);
	for (guint c = 0; c < s->chunks->len; c++) {
		const struct stream_chunk *chunk = s->chunks->pdata[c];
		gsize len;
		const uint8_t *data = g_bytes_get_data(chunk->data, &len);

		if (chunk->from_active != from_active)
			continue;
		while (len > 0) {
			const size_t n = zcl_rx_push(&rx, data, len);

			g_byte_array_append(bytes, data, (guint)n);
			data += n;
			len -= n;
			for (;;) {
				struct unit *u;

				g_assert_cmpint(zcl_rx_next(&rx, &item), ==, ZCL_OK);
				if (item.kind == ZCL_ITEM_MORE)
					break;
				if (item.kind == ZCL_ITEM_LNET) {
					zcl_rx_payload(&rx, NULL, 0, 0);
					continue;
				}
				u = g_new0(struct unit, 1);
				u->time = chunk->time_ns;
				u->stream = stream;
				u->ours = from_active == r->active;
				u->item = item;
				u->bytes = bytes;
				g_assert_cmpuint(bytes->len, ==, item.wire_size);
				bytes = g_byte_array_new();
				g_ptr_array_add(r->units, u);
			}
		}
	}
	g_assert_cmpuint(bytes->len, ==, 0);
	g_byte_array_unref(bytes);
}

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct unit *x = *(struct unit *const *)a, *y = *(struct unit *const *)b;

	return (x->time > y->time) - (x->time < y->time);
}

/* What our node has to be to answer as the recorded one did. */
static void learn(struct replay *r)
{
	for (guint i = 0; i < r->units->len; i++) {
		const struct unit *u = r->units->pdata[i];

		if (!u->ours)
			continue;
		if (u->item.kind == ZCL_ITEM_HELLO) {
			r->nid = u->item.hello.kshm_src_nid;
			r->incarnation = u->item.hello.kshm_src_incarnation;
		}
		r->checksum |= u->item.kind == ZCL_ITEM_MESSAGE && u->item.ksm.ksm_csum != 0;
	}
}

/* ---- our node
 * ------------------------------------------------------------------------------------- */

static void on_connect(void *user, struct zcl_conn *conn)
{
	g_queue_push_tail(&((struct replay *)user)->calls, conn);
}

static void on_end(void *user, struct zcl_conn *conn)
{
	struct replay *r = user;

	if (!g_queue_remove(&r->calls, conn)) {
		for (guint i = 0; i < MAX_STREAMS; i++)
			r->conns[i] = r->conns[i] == conn ? NULL : r->conns[i];
	}
	g_queue_push_tail(&r->dead, conn);
}

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void bury(struct replay *r)
{
	while (!g_queue_is_empty(&r->dead))
		zcl_conn_gone(g_queue_pop_head(&r->dead), 0);
}

static void attach_sinks(struct replay *r)
{
	struct zcl_attach a = {.ignore_bits = UINT64_MAX,
			       .peer = ZCL_NID_ANY,
			       .options = ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET,
			       .iov = {{r->sink, ZCL_LNET_MTU}},
			       .niov = 1};
	uint64_t id;

	for (a.portal = 0; a.portal < ZCL_LNET_PORTALS; a.portal++)
		g_assert_cmpint(zcl_lnet_attach(r->node, &a, &id, 0), ==, ZCL_OK);
}

static void start_node(struct replay *r, uint32_t version)
{
	static const struct zcl_callbacks callbacks = {.connect = on_connect,
						       .close = on_end,
						       .abort = on_end,
						       .wake_tx = nothing,
						       .wake_rx = nothing};
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = r->nid;
	config.incarnation = r->incarnation;
	config.max_version = version;
	config.checksum = r->checksum;
	config.ping_features = 0x1e; /* what the recorded nodes say of themselves */
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
	g_assert_nonnull(r->node);
	attach_sinks(r);
}

/* ---- feeding the other side's messages
 * --------------------------------------------------------------- */

static struct zcl_handle *answers(struct zcl_lnet_hdr *hdr)
{
	switch (hdr->type) {
	case ZCL_LNET_ACK:
		return &hdr->msg.ack.dst_wmd;
	case ZCL_LNET_REPLY:
		return &hdr->msg.reply.dst_wmd;
	default:
		return NULL;
	}
}

/* The recorded answer names the recorded node's handle: put ours there, and mend the checksum. */
static void translate(struct replay *r, struct unit *u)
{
	const size_t at = u->bytes->len - u->item.hdr.payload_length - ZCL_LNET_HDR_SIZE;
	struct zcl_handle *handle = answers(&u->item.hdr);
	const struct zcl_handle *ours;
	struct zcl_ksm ksm = u->item.ksm;

	if (handle == NULL)
		return;
	ours = g_hash_table_lookup(r->handle, &handle->wh_object_cookie);
	g_assert_nonnull(ours);
	*handle = *ours;
	zcl_lnet_hdr_encode(&u->item.hdr, u->bytes->data + at);
	if (ksm.ksm_csum == 0)
		return;
	ksm.ksm_csum = 0;
	zcl_ksm_encode(&ksm, u->bytes->data);
	ksm.ksm_csum = zcl_crc(ZCL_CRC_INIT, u->bytes->data, u->bytes->len);
	zcl_ksm_encode(&ksm, u->bytes->data);
}

/* The buffer that our side had attached when the GET came: its content is in the recorded REPLY. */
static void attach_for_get(struct replay *r, const struct unit *get)
{
	for (guint i = 0; i < r->units->len; i++) {
		const struct unit *u = r->units->pdata[i];
		struct zcl_attach a = {.portal = get->item.hdr.msg.get.ptl_index,
				       .match_bits = get->item.hdr.msg.get.match_bits,
				       .peer = ZCL_NID_ANY,
				       .options = ZCL_MD_GET,
				       .threshold = 1};
		uint64_t id;

		if (!u->ours || u->item.kind != ZCL_ITEM_MESSAGE ||
		    u->item.hdr.type != ZCL_LNET_REPLY ||
		    !zcl_handle_equal(u->item.hdr.msg.reply.dst_wmd,
				      get->item.hdr.msg.get.return_wmd))
			continue;
		a.iov[0].iov_len = u->item.hdr.payload_length;
		a.iov[0].iov_base = u->bytes->data + u->bytes->len - a.iov[0].iov_len;
		a.niov = 1;
		g_assert_cmpint(zcl_lnet_attach(r->node, &a, &id, 0), ==, ZCL_OK);
		return;
	}
	g_assert_not_reached();
}

static void feed(struct replay *r, struct unit *u)
{
	u->fed = true;
	if (r->conns[u->stream] == NULL && !r->active && u->item.kind == ZCL_ITEM_ACCEPT)
		r->conns[u->stream] = zcl_node_accepted(r->node, NULL, u->time);
	if (r->conns[u->stream] == NULL)
		return;
	if (u->item.kind == ZCL_ITEM_MESSAGE) {
		translate(r, u);
		if (u->item.hdr.type == ZCL_LNET_GET &&
		    u->item.hdr.msg.get.ptl_index != ZCL_PING_PORTAL)
			attach_for_get(r, u);
	}
	zcl_conn_rx_push(r->conns[u->stream], u->bytes->data, u->bytes->len, u->time);
	bury(r);
}

/* Feeds the other side's units, in order, up to and with `last`. */
static void feed_until(struct replay *r, const struct unit *last)
{
	while (!last->fed) {
		struct unit *u = r->units->pdata[r->next_theirs++];

		if (!u->ours)
			feed(r, u);
	}
}

/* ---- what has to be fed before a unit of ours can come
 * ------------------------------------------------ */

static bool causes(const struct unit *theirs, const struct unit *ours)
{
	const struct zcl_lnet_hdr *t = &theirs->item.hdr, *o = &ours->item.hdr;
	const uint64_t ack = ours->item.ksm.ksm_zc_cookies[1];

	/* A connection is used when its HELLO is answered, and the next is opened then. */
	if (theirs->item.kind == ZCL_ITEM_HELLO || theirs->item.kind == ZCL_ITEM_ACCEPT)
		return theirs->stream == ours->stream || ours->item.kind == ZCL_ITEM_ACCEPT;
	if (theirs->item.kind != ZCL_ITEM_MESSAGE)
		return false;
	if ((ours->item.kind == ZCL_ITEM_NOOP || ours->item.kind == ZCL_ITEM_MESSAGE) && ack != 0 &&
	    theirs->item.ksm.ksm_zc_cookies[0] == ack)
		return true;
	if (ours->item.kind != ZCL_ITEM_MESSAGE)
		return false;
	return (o->type == ZCL_LNET_REPLY && t->type == ZCL_LNET_GET &&
		zcl_handle_equal(o->msg.reply.dst_wmd, t->msg.get.return_wmd)) ||
	       (o->type == ZCL_LNET_ACK && t->type == ZCL_LNET_PUT &&
		zcl_handle_equal(o->msg.ack.dst_wmd, t->msg.put.ack_wmd));
}

static void feed_causes(struct replay *r, guint ours)
{
	/* Nothing that was recorded later can be a cause. */
	for (guint i = ours; i-- > 0;) {
		const struct unit *u = r->units->pdata[i];

		if (!u->ours && causes(u, r->units->pdata[ours])) {
			feed_until(r, u);
			return;
		}
	}
}

/* ---- our side's units
 * ----------------------------------------------------------------------------------- */

static void submit(struct replay *r, const struct unit *u)
{
	const struct zcl_lnet_hdr *hdr = &u->item.hdr;
	const struct iovec payload = {u->bytes->data + u->bytes->len - hdr->payload_length,
				      hdr->payload_length};
	const struct iovec sink = {r->sink, hdr->msg.get.sink_length};

	if (hdr->type == ZCL_LNET_PUT) {
		const struct zcl_put put = {.target = hdr->dest_nid,
					    .portal = hdr->msg.put.ptl_index,
					    .match_bits = hdr->msg.put.match_bits,
					    .hdr_data = hdr->msg.put.hdr_data,
					    .offset = hdr->msg.put.offset,
					    .iov = &payload,
					    .niov = 1,
					    .want_ack = !zcl_handle_is_none(hdr->msg.put.ack_wmd)};

		g_assert_cmpint(zcl_lnet_put(r->node, &put, u->time), ==, ZCL_OK);
	} else if (hdr->type == ZCL_LNET_GET) {
		const struct zcl_get get = {.target = hdr->dest_nid,
					    .portal = hdr->msg.get.ptl_index,
					    .match_bits = hdr->msg.get.match_bits,
					    .src_offset = hdr->msg.get.src_offset,
					    .iov = &sink,
					    .niov = 1};

		g_assert_cmpint(zcl_lnet_get(r->node, &get, u->time), ==, ZCL_OK);
	}
}

/* Takes exactly so many bytes out of the connection. */
static GByteArray *pull(struct replay *r, const struct unit *u)
{
	struct zcl_conn *conn = r->conns[u->stream];
	GByteArray *out = g_byte_array_new();
	struct zcl_tx_batch batch;

	g_assert_nonnull(conn);
	while (out->len < u->bytes->len) {
		size_t left = u->bytes->len - out->len, taken = 0;

		g_assert_true(zcl_conn_tx_batch(conn, &batch));
		for (size_t i = 0; i < batch.niov && left > taken; i++) {
			const size_t n = MIN(batch.iov[i].iov_len, left - taken);

			g_byte_array_append(out, batch.iov[i].iov_base, (guint)n);
			taken += n;
		}
		zcl_conn_tx_advance(conn, taken, false, u->time);
	}
	bury(r);
	return out;
}

static struct zcl_handle *own_handle(struct zcl_lnet_hdr *hdr)
{
	switch (hdr->type) {
	case ZCL_LNET_PUT:
		return &hdr->msg.put.ack_wmd;
	case ZCL_LNET_GET:
		return &hdr->msg.get.return_wmd;
	default:
		return NULL;
	}
}

/* The handle of our own PUT or GET is ours: remember it, and write the recorded one in its place.
 */
static void mask_handle(struct replay *r, const struct unit *u, GByteArray *sent)
{
	struct zcl_lnet_hdr recorded = u->item.hdr, got;
	const size_t at = sent->len - recorded.payload_length - ZCL_LNET_HDR_SIZE;
	struct zcl_handle *ours, *theirs = own_handle(&recorded);

	if (theirs == NULL || zcl_handle_is_none(*theirs))
		return;
	g_assert_cmpint(zcl_lnet_hdr_decode(sent->data + at, &got), ==, ZCL_OK);
	g_assert_cmpuint(got.type, ==, recorded.type);
	ours = own_handle(&got);
	g_hash_table_insert(r->handle, g_memdup2(&theirs->wh_object_cookie, 8),
			    g_memdup2(ours, sizeof(*ours)));
	*ours = *theirs;
	zcl_lnet_hdr_encode(&got, sent->data + at);
	if (u->item.ksm.ksm_csum != 0) /* it was over the other handle */
		memcpy(sent->data + 4, u->bytes->data + 4, 4);
}

static void check_unit(struct replay *r, guint i)
{
	struct unit *u = r->units->pdata[i];
	GByteArray *sent;

	feed_causes(r, i);
	if (u->item.kind == ZCL_ITEM_ACCEPT) {
		if (r->conns[u->stream] == NULL && g_queue_is_empty(&r->calls))
			zcl_node_connect(r->node, u->item.accept.acr_nid, u->time);
		r->conns[u->stream] = g_queue_pop_head(&r->calls);
		zcl_conn_connected(r->conns[u->stream], u->time);
	}
	if (u->item.kind == ZCL_ITEM_MESSAGE)
		submit(r, u);
	sent = pull(r, u);
	if (u->item.kind == ZCL_ITEM_MESSAGE)
		mask_handle(r, u, sent);
	for (guint at = 0; at < u->bytes->len; at++) {
		if (sent->data[at] != u->bytes->data[at])
			g_test_message("stream %u at %.6f s, byte %u: sent %02x, recorded %02x",
				       u->stream, (double)u->time / 1e9, at, sent->data[at],
				       u->bytes->data[at]);
	}
	g_assert_cmpmem(sent->data, sent->len, u->bytes->data, u->bytes->len);
	g_byte_array_unref(sent);
}

struct recording {
	const char *name;
	uint32_t active, passive;	  /* versions that the nodes spoke; 0: not ours to play */
	uint64_t acks_noop, acks_carried; /* by the passive side */
};

static const struct recording recordings[] = {
	{"v1-ping", ZCL_V1, ZCL_V1, 0, 0},
	{"v2-ping", ZCL_V2, ZCL_V2, 0, 0},
	{"v2-csum-ping", ZCL_V2, ZCL_V2, 0, 0},
	{"nego-active1-passive2-ping", ZCL_V1, ZCL_V2, 0, 0},
	{"nego-active2-passive1-ping", ZCL_V2, ZCL_V1, 0, 0},
	{"nego-active3-passive2-ping", 0, ZCL_V2, 0, 0},
	{"v1-lst-brw-write-64k-full", ZCL_V1, ZCL_V1, 0, 0},
	{"v2-lst-brw-write-64k-full", ZCL_V2, ZCL_V2, 3, 0},
	{"v2-lst-brw-write-16k-c8-full", ZCL_V2, ZCL_V2, 3, 13},
};

/* ---- one replay
 * ------------------------------------------------------------------------------------------ */

static void finish(struct replay *r, const struct recording *rec)
{
	const struct zcl_stats *stats = zcl_node_stats(r->node);

	for (; r->next_theirs < r->units->len; r->next_theirs++) {
		struct unit *u = r->units->pdata[r->next_theirs];

		if (!u->ours)
			feed(r, u);
	}
	g_assert_cmpuint(stats->protocol_errors, ==, 0);
	g_assert_cmpuint(stats->dropped, ==, 0);
	/* Every ZC request of ours was acknowledged in the recording. */
	g_assert_cmpuint(stats->zc_requests, ==, stats->acks_received);
	g_assert_cmpuint(stats->acks_noop, ==, r->active ? 0 : rec->acks_noop);
	g_assert_cmpuint(stats->acks_piggybacked + stats->acks_coalesced, ==,
			 r->active ? 0 : rec->acks_carried);
	zcl_node_shutdown(r->node, 0);
	bury(r);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
}

static void replay(const struct recording *rec, bool active)
{
	GPtrArray *streams = streams_load(rec->name);
	struct replay r = {
		.active = active,
		.units = g_ptr_array_new_with_free_func(unit_free),
		.handle = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free),
		.sink = g_malloc0(ZCL_LNET_MTU),
	};

	g_queue_init(&r.calls);
	g_queue_init(&r.dead);
	g_assert_cmpuint(streams->len, <=, MAX_STREAMS);
	for (guint i = 0; i < streams->len; i++) {
		decode(&r, streams->pdata[i], i, true);
		decode(&r, streams->pdata[i], i, false);
	}
	g_ptr_array_sort(r.units, by_time);
	learn(&r);
	start_node(&r, active ? rec->active : rec->passive);
	for (guint i = 0; i < r.units->len; i++) {
		if (((struct unit *)r.units->pdata[i])->ours)
			check_unit(&r, i);
	}
	finish(&r, rec);
	g_ptr_array_unref(r.units);
	g_ptr_array_unref(streams);
	g_hash_table_unref(r.handle);
	g_free(r.sink);
}

static void test_active(gconstpointer data)
{
	replay(data, true);
}

static void test_passive(gconstpointer data)
{
	replay(data, false);
}

static void add(const struct recording *rec, const char *role, GTestDataFunc fn)
{
	char *path = g_strdup_printf("/replay/%s/%s", rec->name, role);

	g_test_add_data_func(path, rec, fn);
	g_free(path);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(recordings); i++) {
		if (recordings[i].active != 0)
			add(&recordings[i], "active", test_active);
		if (recordings[i].passive != 0)
			add(&recordings[i], "passive", test_passive);
	}
	return g_test_run();
}
