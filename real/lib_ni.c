/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include <string.h>

#include "real/caller.h"

/* A network interface: its options, its parts on the loops, its peers. */

unsigned zclnd_peer_loop(zclnd_nid self, zclnd_nid peer, unsigned threads)
{
	/* Fibonacci hashing: spreads addresses that follow each other evenly. */
	const uint64_t mixed = (self + peer) * UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned)((mixed >> 32) * threads >> 32);
}

struct zl_part *zl_part_of(struct zclnd_ni *ni, zclnd_nid peer)
{
	const unsigned threads = ni->z->options.threads;

	return &ni->parts[threads == 1 ? 0 : zclnd_peer_loop(ni->options.nid, peer, threads)];
}

/* ---- options ------------------------------------------------------------------------ */

void zclnd_ni_options_init(struct zclnd_ni_options *options, zclnd_nid nid)
{
	struct zreal_options real;

	zreal_options_init(&real, nid);
	*options = (struct zclnd_ni_options){
		.nid = nid,
		.listens = real.listens,
		.listen = real.listen,
		.listen_fd = -1,
		.accept = (enum zclnd_accept)real.accept,
		.accept_timeout = real.core.accept_timeout,
		.max_handshakes = real.core.max_handshakes,
		.version = real.core.max_version,
		.typed = real.core.typed,
		.checksum = real.core.checksum,
		.zc_requests = real.core.zc_requests,
		.way = (enum zclnd_way)real.way,
		.min_bulk = real.core.min_bulk,
		.zc_min = real.core.zc_min_payload,
		.min_reconnect = real.core.min_reconnect,
		.max_reconnect = real.core.max_reconnect,
		.conns_per_peer = real.core.conns_per_peer,
		.socket_timeout = real.core.socket_timeout,
		.keepalive = (unsigned)real.keepalive,
		.peer_port = real.peer_port,
		.max_peers = real.core.max_peers,
		.max_queued = real.core.max_queued,
		.max_ops = real.core.max_ops,
		.max_attached = real.core.max_attached,
		.max_answers = real.core.max_answers,
		.max_answer_bytes = real.core.max_answer_bytes,
	};
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	zl_event_of_core(user, event);
}

static void on_trace(void *user, const struct zcl_event *event)
{
	const struct zl_part *part = user;
	const struct zclnd_trace trace = {.event = event, .node = part->node};
	const struct zclnd_ni_options *options = &part->ni->options;

	options->trace(options->trace_user ? options->trace_user : options->user, &trace);
}

static void on_note(void *user, enum zreal_note note, const struct sockaddr_in *addr)
{
	const struct zl_part *part = user;

	part->ni->options.note(part->ni->options.user, (enum zclnd_note)note, addr);
}

static void on_settle(void *user)
{
	zl_events_deliver(user);
}

static void on_catch_up(void *user)
{
	zl_catch_up(user);
}

static void to_core(const struct zclnd_ni_options *options, struct zcl_config *core)
{
	core->nid = options->nid;
	core->incarnation = options->incarnation;
	core->max_version = options->version;
	core->trace_conns_only = options->trace_conns_only;
	core->typed = options->typed;
	core->zc_requests = options->zc_requests;
	core->checksum = options->checksum;
	core->min_bulk = options->min_bulk;
	core->zc_min_payload = options->zc_min;
	core->min_reconnect = options->min_reconnect;
	core->max_reconnect = options->max_reconnect;
	core->conns_per_peer = options->conns_per_peer;
	core->socket_timeout = options->socket_timeout;
	core->accept_timeout = options->accept_timeout;
	core->max_peers = options->max_peers;
	core->max_handshakes = options->max_handshakes;
	core->max_queued = options->max_queued;
	core->max_ops = options->max_ops;
	core->max_answers = options->max_answers;
	core->max_answer_bytes = options->max_answer_bytes;
	core->max_attached = SIZE_MAX; /* counted for the whole NI */
}

static struct zreal_options to_real(const struct zclnd_ni_options *options, struct zl_part *part)
{
	struct zreal_options real;

	zreal_options_init(&real, options->nid);
	to_core(options, &real.core);
	real.listens = options->listens && part->loop->index == 0 && !part->ni->host;
	real.listen = options->listen;
	real.listen_fd = options->listen_fd;
	real.accept = (enum zreal_accept)options->accept;
	real.way = (enum zway)options->way;
	real.keepalive = (int)MIN(options->keepalive, G_MAXINT);
	real.peer_port = options->peer_port;
	real.source = options->source;
	real.reserved = (enum zreal_reserved)options->reserved;
	real.only_known_peers = options->only_known_peers;
	real.deliver = on_deliver;
	real.trace = options->trace ? on_trace : NULL;
	real.note = options->note ? on_note : NULL;
	real.settle = on_settle;
	real.catch_up = on_catch_up;
	real.route = zl_route;
	real.has_room = zl_has_room;
	real.user = part;
	/* Without a listener of its own it calls from where the NI listens. */
	if (options->listens && !real.listens && real.source.s_addr == INADDR_ANY)
		real.source = options->listen.sin_addr;
	return real;
}

/* ---- life --------------------------------------------------------------------------- */

static bool open_part(struct zclnd_ni *ni, unsigned index, struct zclnd_error *error)
{
	struct zl_part *part = &ni->parts[index];
	struct zreal_options real;
	GError *failure = NULL;

	part->ni = ni;
	part->loop = &ni->z->loops[index];
	zl_entries_init(part);
	real = to_real(&ni->options, part);
	part->node = zreal_node_new(part->loop->loop, &real, &failure);
	if (part->node) {
		if (index == 0 && real.listens)
			ni->address = zreal_node_address(part->node);
		return true;
	}
	zl_error(error, (enum zclnd_err)failure->code, "%s", failure->message);
	g_error_free(failure);
	return false;
}

static bool is_taken(const struct zclnd *z, zclnd_nid nid)
{
	for (guint i = 0; i < z->nis->len; i++) {
		if (zclnd_ni_nid(z->nis->pdata[i]) == nid)
			return true;
	}
	return false;
}

static bool check(const struct zclnd *z, const struct zclnd_ni_options *options,
		  struct zclnd_error *error)
{
	if (atomic_load(&z->state) != ZL_NEW)
		zl_error(error, ZCLND_E_INVALID, "an NI is made before the instance is started");
	else if (zcl_nid_net_type(options->nid) != ZCL_NET_TCP || options->nid == ZCLND_NID_ANY)
		zl_error(error, ZCLND_E_INVALID, "the NID of an NI is one of the tcp network");
	else if ((unsigned)options->way >= ZCLND_WAY_LAST ||
		 (unsigned)options->accept > ZCLND_ACCEPT_SECURE ||
		 (unsigned)options->reserved >= ZCLND_RESERVED_LAST)
		zl_error(error, ZCLND_E_INVALID, "accept, reserved or way is out of range");
	else if (is_taken(z, options->nid))
		zl_error(error, ZCLND_E_INVALID, "the instance has an NI with this NID");
	else
		return true;
	return false;
}

struct zclnd_ni *zclnd_ni_new(struct zclnd *z, const struct zclnd_ni_options *options,
			      struct zclnd_error *error)
{
	struct zclnd_ni *ni;

	if (!check(z, options, error))
		return NULL;
	ni = g_new0(struct zclnd_ni, 1);
	ni->z = z;
	ni->options = *options;
	if (ni->options.incarnation == 0)
		ni->options.incarnation = (uint64_t)g_get_real_time() * 1000;
	pthread_mutex_init(&ni->lock, NULL);
	ni->parts = g_new0(struct zl_part, z->options.threads);
	ni->guests = g_ptr_array_new();
	if (options->listens && options->listen_fd < 0)
		ni->host = zl_host_of(z, options);
	for (unsigned i = 0; i < z->options.threads; i++) {
		if (!open_part(ni, i, error)) {
			zl_ni_free(ni);
			return NULL;
		}
	}
	if (ni->host)
		zl_join(ni->host, ni);
	else if (z->options.threads > 1)
		zl_accept_by_looking(ni);
	g_ptr_array_add(z->nis, ni);
	return ni;
}

void zl_ni_free(struct zclnd_ni *ni)
{
	for (unsigned i = 0; i < ni->z->options.threads; i++) {
		struct zl_part *part = &ni->parts[i];

		if (!part->entries)
			continue;
		zl_entries_clear(part);
		zreal_node_free(part->node);
		g_free(part->events.ring);
	}
	g_free(ni->parts);
	g_ptr_array_unref(ni->guests);
	zcallers_free(ni->callers);
	pthread_mutex_destroy(&ni->lock);
	g_free(ni);
}

zclnd_nid zclnd_ni_nid(const struct zclnd_ni *ni)
{
	return ni->options.nid;
}

struct zclnd *zclnd_ni_instance(const struct zclnd_ni *ni)
{
	return ni->z;
}

struct sockaddr_in zclnd_ni_address(const struct zclnd_ni *ni)
{
	return ni->address;
}

/* ---- peers -------------------------------------------------------------------------- */

struct wish {
	struct zl_part *part;
	zclnd_nid peer;
	enum zcl_err (*fn)(struct zcl_node *node, zcl_nid peer, int64_t now);
};

static void fulfil(void *data)
{
	struct wish *wish = data;

	zl_catch_up(wish->part);
	wish->fn(zreal_node_core(wish->part->node), wish->peer, zreal_node_now(wish->part->node));
	zreal_node_kick(wish->part->node);
	g_free(wish);
}

static enum zclnd_err wish_for(struct zclnd_ni *ni, zclnd_nid peer,
			       enum zcl_err (*fn)(struct zcl_node *node, zcl_nid peer, int64_t now))
{
	struct zl_part *part = zl_part_of(ni, peer);
	struct wish *wish;

	if (zcl_nid_net_type(peer) != ZCL_NET_TCP || peer == ZCLND_NID_ANY ||
	    peer == ni->options.nid)
		return ZCLND_E_INVALID;
	if (atomic_load(&ni->z->state) != ZL_RUNNING)
		return ZCLND_E_SHUTDOWN;
	wish = g_new(struct wish, 1);
	*wish = (struct wish){part, peer, fn};
	/* Also on its own thread later: a callback then finds nothing changed under it. */
	zloop_post(part->loop->loop, fulfil, wish);
	return ZCLND_OK;
}

enum zclnd_err zclnd_peer_connect(struct zclnd_ni *ni, zclnd_nid peer)
{
	return wish_for(ni, peer, zcl_node_connect);
}

enum zclnd_err zclnd_peer_disconnect(struct zclnd_ni *ni, zclnd_nid peer)
{
	return wish_for(ni, peer, zcl_node_disconnect);
}

struct peer_question {
	const struct zl_part *part;
	zclnd_nid peer;
	enum zcl_err err;
	struct zcl_peer_info info;
};

static void look_at_peer(void *data)
{
	struct peer_question *q = data;

	q->err = zcl_node_peer_info(zreal_node_core(q->part->node), q->peer, &q->info);
}

enum zclnd_err zclnd_peer_info(struct zclnd_ni *ni, zclnd_nid peer, struct zclnd_peer_info *info)
{
	struct peer_question q = {.part = zl_part_of(ni, peer), .peer = peer};
	const enum zclnd_err err = zl_ask(q.part->loop, look_at_peer, &q);

	if (err != ZCLND_OK || q.err != ZCL_OK)
		return err != ZCLND_OK ? err : (enum zclnd_err)q.err;
	*info = (struct zclnd_peer_info){
		.version = q.info.version,
		.incarnation = q.info.incarnation,
		.connecting = q.info.connecting,
		.conns_up = q.info.conns_up,
		.waiting = q.info.waiting,
		.zc_requests = q.info.zc_requests,
	};
	return ZCLND_OK;
}
