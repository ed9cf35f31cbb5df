/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/relay.h"

#include <errno.h>
#include <glib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/relay_impl.h"
#include "real/sock.h"

/* The listener of a relay and the life of its streams; relay_lane.c has what flows. */

static void on_ready(void *data, uint32_t events);
static void connect_onward(void *data);

static void start_capture(struct zrelay_stream *stream, int fd, int64_t now)
{
	const struct zrelay_options *options = &stream->relay->options;
	struct sockaddr_in caller = {0};
	socklen_t len = sizeof(caller);

	getpeername(fd, (struct sockaddr *)&caller, &len);
	stream->flow = (struct zpcap_flow){
		.file = {options->pcap[0], options->pcap[1]},
		.address = {options->shown_as[0], options->shown_as[1]},
		.port = {ntohs(caller.sin_port), ZSOCK_PORT},
	};
	zpcap_called(&stream->flow, now);
}

bool zrelay_loses(const struct zrelay *relay, int from)
{
	unsigned *left = relay->options.lose[from];

	return left != NULL && *left > 0 && --*left == 0;
}

static struct zrelay_stream *stream_new(struct zrelay *relay, int fd)
{
	struct zrelay_stream *stream = g_new0(struct zrelay_stream, 1);
	const int64_t now = zclock_now(relay->options.clock);
	const int64_t latency = relay->options.link->latency;

	stream->relay = relay;
	stream->link.data = stream;
	stream->call = relay->options.called(relay->options.user);
	start_capture(stream, fd, now);
	/* As if the handshake of TCP had taken its three ways. */
	stream->opened = now + 2 * latency;
	for (int i = 0; i < 2; i++)
		if (zrelay_loses(relay, i))
			stream->opened += ZWORLD_CALL_AGAIN;
	for (int i = 0; i < 2; i++) {
		struct zrelay_side *side = &stream->side[i];

		side->stream = stream;
		side->index = i;
		side->out = g_byte_array_new();
		side->io = (struct zloop_io){.fd = -1, .fn = on_ready, .data = side};
		zrelay_lane_init(stream, i);
	}
	stream->connect_timer = (struct zloop_timer){.fn = connect_onward, .data = stream};
	stream->side[ZRELAY_CALLER].connected = true;
	zloop_add(relay->loop, &stream->side[ZRELAY_CALLER].io, fd, EPOLLIN);
	g_queue_push_tail_link(&relay->streams, &stream->link);
	return stream;
}

static void stream_free(struct zrelay_stream *stream)
{
	struct zrelay *relay = stream->relay;

	zloop_timer_cancel(relay->loop, &stream->connect_timer);
	for (int i = 0; i < 2; i++) {
		zrelay_side_close(&stream->side[i], true);
		zrelay_lane_clear(&stream->lane[i]);
		g_byte_array_unref(stream->side[i].out);
	}
	g_queue_unlink(&relay->streams, &stream->link);
	g_free(stream);
}

static void connect_onward(void *data)
{
	struct zrelay_stream *stream = data;
	const struct zrelay_options *options = &stream->relay->options;
	struct zrelay_side *side = &stream->side[ZRELAY_CALLED];
	enum zsock_source unused;
	int fd;

	stream->postponed = stream->relay->cut;
	if (stream->postponed)
		return;
	/* Nobody goes on with it: the called peer never hears of it. */
	if (stream->side[ZRELAY_CALLER].gone) {
		side->connected = true;
		zrelay_stream_settle(stream);
		return;
	}
	fd = zsock_connect(options->from, &options->to, false, &unused);

	if (fd < 0) {
		zrelay_side_broken(side);
		return;
	}
	zloop_add(stream->relay->loop, &side->io, fd, EPOLLOUT);
}

static void end_connect(struct zrelay_side *side)
{
	if (zsock_take_error(side->io.fd)) {
		zrelay_side_broken(side);
		return;
	}
	side->connected = true;
	zpcap_opened(&side->stream->flow, zclock_now(side->stream->relay->options.clock));
	zrelay_side_flush(side);
	zrelay_side_watch(side);
}

static void on_ready(void *data, uint32_t events)
{
	struct zrelay_side *side = data;
	struct zrelay_stream *stream = side->stream;

	if (!side->connected) {
		end_connect(side);
	} else {
		if (events & EPOLLOUT)
			zrelay_side_flush(side);
		if (side->io.fd >= 0 && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
			zrelay_side_read(side, events & (EPOLLERR | EPOLLHUP));
	}
	zrelay_stream_settle(stream);
}

/* Deferred, because it is found out in the middle of the stream's own work. */
static void bury(void *data)
{
	struct zrelay *relay = data;
	GList *next;

	for (GList *l = relay->streams.head; l; l = next) {
		struct zrelay_stream *stream = l->data;

		next = l->next;
		if (stream->over)
			stream_free(stream);
	}
}

void zrelay_stream_settle(struct zrelay_stream *stream)
{
	struct zrelay *relay = stream->relay;

	if (stream->over || stream->connect_timer.place || stream->postponed)
		return;
	for (int i = 0; i < 2; i++) {
		if (stream->side[i].io.fd >= 0)
			return;
	}
	stream->over = true;
	zloop_work_queue(relay->loop, &relay->bury);
}

static void on_callers(void *data, uint32_t events)
{
	struct zrelay *relay = data;
	int fd;

	(void)events;
	while ((fd = accept4(relay->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct zrelay_stream *stream = stream_new(relay, fd);

		zloop_timer_set(relay->loop, &stream->connect_timer,
				zclock_real(relay->options.clock, stream->opened));
	}
}

struct zrelay *zrelay_new(struct zloop *loop, const struct zrelay_options *options)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = options->listen_at};
	const int fd = zsock_listen(&address);
	struct zrelay *relay;

	if (fd < 0)
		return NULL;
	relay = g_new0(struct zrelay, 1);
	relay->loop = loop;
	relay->options = *options;
	relay->address = address;
	relay->listener = (struct zloop_io){.fd = -1, .fn = on_callers, .data = relay};
	relay->bury = (struct zloop_work){.fn = bury, .data = relay};
	g_queue_init(&relay->streams);
	zloop_add(loop, &relay->listener, fd, EPOLLIN);
	return relay;
}

static void stop_listening(struct zrelay *relay)
{
	const int fd = relay->listener.fd;

	if (fd < 0)
		return;
	zloop_remove(relay->loop, &relay->listener);
	close(fd);
}

bool zrelay_set_called(struct zrelay *relay, const struct sockaddr_in *to)
{
	int fd;

	if (!to) {
		/* Who waits in the backlog called while the peer was there. */
		on_callers(relay, 0);
		stop_listening(relay);
		return true;
	}
	relay->options.to = *to;
	fd = zsock_listen(&relay->address);
	if (fd >= 0)
		zloop_add(relay->loop, &relay->listener, fd, EPOLLIN);
	return fd >= 0;
}

void zrelay_vanish(struct zrelay *relay, bool caller)
{
	for (GList *l = relay->streams.head; l; l = l->next) {
		struct zrelay_stream *stream = l->data;

		if (stream->over)
			continue;
		zrelay_side_vanish(&stream->side[caller ? ZRELAY_CALLER : ZRELAY_CALLED]);
		zrelay_stream_settle(stream);
	}
}

void zrelay_reset(struct zrelay *relay, unsigned call)
{
	for (GList *l = relay->streams.head; l; l = l->next) {
		struct zrelay_stream *stream = l->data;

		if (stream->over || !stream->side[ZRELAY_CALLED].connected ||
		    (call && stream->call != call))
			continue;
		for (int i = 0; i < 2; i++)
			zrelay_lane_cut_off(&stream->lane[i]);
		zrelay_stream_settle(stream);
	}
}

/* ---- one by one ---------------------------------------------------------------------- */

unsigned zrelay_can_pass(const struct zrelay *relay, bool forward, enum zworld_unit unit,
			 unsigned call)
{
	const int from = forward ? ZRELAY_CALLER : ZRELAY_CALLED;

	/* The streams stand in the order of their calls. */
	for (const GList *l = relay->streams.head; l; l = l->next) {
		const struct zrelay_stream *stream = l->data;

		if (!stream->over && (call == 0 || stream->call == call) &&
		    zrelay_lane_can_pass(&stream->lane[from], unit))
			return stream->call;
	}
	return 0;
}

void zrelay_pass(struct zrelay *relay, bool forward, enum zworld_unit unit, unsigned call)
{
	const int from = forward ? ZRELAY_CALLER : ZRELAY_CALLED;

	for (GList *l = relay->streams.head; l; l = l->next) {
		struct zrelay_stream *stream = l->data;

		if (stream->over || stream->call != call)
			continue;
		zrelay_lane_pass(&stream->lane[from], unit);
		zrelay_stream_settle(stream);
		return;
	}
}

void zrelay_foreach_held(const struct zrelay *relay,
			 void (*fn)(void *user, bool forward, unsigned call, enum zworld_unit unit),
			 void *user)
{
	for (const GList *l = relay->streams.head; l; l = l->next) {
		const struct zrelay_stream *stream = l->data;

		for (int i = 0; i < 2 && !stream->over; i++) {
			const unsigned unit = zrelay_lane_waiting(&stream->lane[i]);

			if (unit)
				fn(user, i == ZRELAY_CALLER, stream->call, (enum zworld_unit)unit);
		}
	}
}

bool zrelay_is_at_rest(const struct zrelay *relay)
{
	for (const GList *l = relay->streams.head; l; l = l->next) {
		const struct zrelay_stream *stream = l->data;

		if (stream->over || stream->postponed)
			continue;
		if (stream->connect_timer.place || !stream->side[ZRELAY_CALLED].connected)
			return false;
		for (int i = 0; i < 2; i++)
			if (!zrelay_lane_is_at_rest(&stream->lane[i]))
				return false;
	}
	return true;
}

void zrelay_set_cut(struct zrelay *relay, bool cut)
{
	relay->cut = cut;
	for (GList *l = relay->streams.head; l; l = l->next) {
		struct zrelay_stream *stream = l->data;

		if (stream->over)
			continue;
		if (!cut && stream->postponed)
			connect_onward(stream);
		for (int i = 0; i < 2; i++)
			zrelay_lane_cut(&stream->lane[i]);
		zrelay_stream_settle(stream);
	}
}

void zrelay_free(struct zrelay *relay)
{
	while (relay->streams.head)
		stream_free(relay->streams.head->data);
	stop_listening(relay);
	zloop_work_cancel(relay->loop, &relay->bury);
	g_free(relay);
}

struct sockaddr_in zrelay_address(const struct zrelay *relay)
{
	return relay->address;
}

void zrelay_set_held(struct zrelay *relay, bool forward, unsigned units)
{
	const int from = forward ? ZRELAY_CALLER : ZRELAY_CALLED;

	relay->held[from] = units;
	for (GList *l = relay->streams.head; l; l = l->next) {
		struct zrelay_stream *stream = l->data;

		zrelay_lane_set_held(&stream->lane[from], units);
		zrelay_stream_settle(stream);
	}
}
