/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/relay_impl.h"
#include "real/sock.h"

/* More than one whole message, which a gate waits for before it lets any of it through. */
#define MAX_QUEUED (4 * 1024 * 1024)
#define READ_SIZE  (64 * 1024)
#define NS_PER_S   INT64_C(1000000000)

/* Bytes on their way over the link, or the end of the stream. */
struct chunk {
	int64_t due; /* script time */
	enum zcl_err end;
	bool second; /* a reset after an end */
	size_t len;
	uint8_t data[];
};

static struct zrelay_side *far_side(struct zrelay_lane *lane)
{
	return &lane->stream->side[!lane->from];
}

static struct zrelay_lane *lane_to(struct zrelay_side *side)
{
	return &side->stream->lane[!side->index];
}

static int64_t now_of(const struct zrelay_lane *lane)
{
	return zclock_now(lane->stream->relay->options.clock);
}

/* ---- sockets ------------------------------------------------------------------------ */

void zrelay_side_close(struct zrelay_side *side, bool reset)
{
	const int fd = side->io.fd;

	if (fd < 0)
		return;
	zloop_remove(side->stream->relay->loop, &side->io);
	if (reset)
		zsock_close_reset(fd);
	close(fd);
	lane_to(side)->nob -= side->out->len;
	g_byte_array_set_size(side->out, 0);
}

void zrelay_side_watch(struct zrelay_side *side)
{
	const struct zrelay_lane *lane = &side->stream->lane[side->index];
	uint32_t events = 0;

	if (side->io.fd < 0)
		return;
	if (!side->connected)
		events = EPOLLOUT;
	else if (side->out->len > 0)
		events = EPOLLOUT;
	if (side->connected && !lane->ended && lane->nob < MAX_QUEUED)
		events |= EPOLLIN;
	zloop_modify(side->stream->relay->loop, &side->io, events);
}

static void finish(struct zrelay_side *side)
{
	if (side->end_why != ZCL_E_EOF) {
		zrelay_side_close(side, true);
		return;
	}
	if (!side->fin_sent)
		shutdown(side->io.fd, SHUT_WR);
	side->fin_sent = true;
	/* Both directions of this socket have ended in order. */
	if (side->stream->lane[side->index].ended)
		zrelay_side_close(side, false);
}

void zrelay_side_flush(struct zrelay_side *side)
{
	struct zrelay_lane *lane = lane_to(side);

	while (side->io.fd >= 0 && side->connected && side->out->len > 0) {
		const ssize_t n = send(side->io.fd, side->out->data, side->out->len,
				       MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			side->failed = true;
			zrelay_side_read(side, true);
			return;
		}
		g_byte_array_remove_range(side->out, 0, (guint)n);
		lane->nob -= (size_t)n;
	}
	if (side->io.fd >= 0 && side->connected && side->out->len == 0 && side->end_due)
		finish(side);
	zrelay_side_watch(side);
	zrelay_side_watch(&side->stream->side[!side->index]);
}

/* ---- the gate's other end ----------------------------------------------------------- */

static void passed(void *user, const uint8_t *data, size_t len)
{
	struct zrelay_lane *lane = user;
	struct zrelay_side *side = far_side(lane);

	/* Nobody is there any more (or the other side has been reset): lost, as on a network. */
	if (side->io.fd < 0 && side->connected) {
		lane->nob -= len;
		return;
	}
	zpcap_arrived(&lane->stream->flow, lane->from, now_of(lane), data, len);
	g_byte_array_append(side->out, data, (guint)len);
}

static void passed_end(void *user, enum zcl_err why)
{
	struct zrelay_lane *lane = user;
	struct zrelay_side *side = far_side(lane);

	zpcap_end_arrived(&lane->stream->flow, lane->from, now_of(lane), why != ZCL_E_EOF);
	lane->end_passed = true;
	side->end_due = true;
	side->end_why = lane->reset_after ? ZCL_E_RESET : why;
}

static void caught(void *user, enum zworld_unit unit)
{
	struct zrelay_lane *lane = user;
	const struct zrelay_options *options = &lane->stream->relay->options;

	options->held(options->user, lane->from == ZRELAY_CALLER, unit);
}

/* ---- on the way --------------------------------------------------------------------- */

static void enter_gate(struct zrelay_lane *lane, const struct chunk *chunk)
{
	/* There is no such connection there: answered by whoever has the address now. */
	if (far_side(lane)->gone) {
		lane->nob -= chunk->len;
		if (chunk->end == ZCL_OK)
			zrelay_lane_reset(&lane->stream->lane[!lane->from]);
	} else if (chunk->end == ZCL_OK) {
		zgate_push(lane->gate, chunk->data, chunk->len);
	} else if (!chunk->second) {
		lane->end_entered = true;
		zgate_end(lane->gate, chunk->end);
	} else if (lane->end_passed) {
		far_side(lane)->end_why = ZCL_E_RESET;
	} else {
		lane->reset_after = true;
	}
}

/* What is lost with a reset on a way that is cut: all that its sender would have sent again. */
static void lose(struct zrelay_lane *lane)
{
	struct chunk *chunk;

	while ((chunk = g_queue_pop_head(&lane->late))) {
		lane->nob -= chunk->len;
		g_free(chunk);
	}
	lane->ended = lane->end_entered;
	lane->stream->side[lane->from].gone = true;
}

static bool has_reset(const struct zrelay_lane *lane)
{
	const struct chunk *last = g_queue_peek_tail((GQueue *)&lane->late);

	return last && last->end != ZCL_OK && last->end != ZCL_E_EOF;
}

static void deliver_due(void *data)
{
	struct zrelay_lane *lane = data;
	struct zrelay *relay = lane->stream->relay;
	const struct chunk *head;

	if (relay->cut) {
		if (has_reset(lane))
			lose(lane);
		return;
	}
	while ((head = g_queue_peek_head(&lane->late)) &&
	       head->due <= zclock_now(relay->options.clock)) {
		struct chunk *chunk = g_queue_pop_head(&lane->late);

		enter_gate(lane, chunk);
		g_free(chunk);
	}
	if (head)
		zloop_timer_set(relay->loop, &lane->timer,
				zclock_real(relay->options.clock, head->due));
	zrelay_side_flush(far_side(lane));
	zrelay_stream_settle(lane->stream);
}

static int64_t due_time(struct zrelay_lane *lane, size_t len)
{
	const struct zrelay_options *options = &lane->stream->relay->options;
	const struct zworld_link *link = options->link;
	int64_t start = MAX(zclock_now(options->clock), lane->stream->opened);

	start = MAX(start, lane->free_at);
	if (link->bandwidth > 0)
		start += (int64_t)((double)len * 8 * NS_PER_S / (double)link->bandwidth);
	lane->free_at = start;
	start += link->latency;
	if (link->jitter > 0)
		start += (int64_t)g_rand_double_range(options->chance, 0, (double)link->jitter);
	lane->there_at = MAX(lane->there_at, start);
	return lane->there_at;
}

static void note_sent(struct zrelay_lane *lane, const void *data, size_t len, enum zcl_err end)
{
	if (len)
		zpcap_sent(&lane->stream->flow, lane->from, now_of(lane), data, len);
	if (end != ZCL_OK)
		zpcap_end_sent(&lane->stream->flow, lane->from, now_of(lane), end != ZCL_E_EOF);
}

static void set_out(struct zrelay_lane *lane, const void *data, size_t len, enum zcl_err end)
{
	const struct zrelay *relay = lane->stream->relay;
	const bool lost = zrelay_loses(relay, lane->from);
	struct chunk *chunk;

	note_sent(lane, data, len, end);
	/* A reset is sent once, and by one who is not there any more. */
	if (lost && end != ZCL_OK && end != ZCL_E_EOF) {
		lane->stream->side[lane->from].gone = true;
		return;
	}
	if (lost)
		lane->free_at =
			MAX(lane->free_at, zclock_now(relay->options.clock)) + ZWORLD_SEND_AGAIN;
	chunk = g_malloc(sizeof(*chunk) + len);
	chunk->due = due_time(lane, len);
	chunk->end = end;
	chunk->second = lane->ended;
	chunk->len = len;
	if (len)
		memcpy(chunk->data, data, len);
	lane->nob += len;
	g_queue_push_tail(&lane->late, chunk);
	if (end != ZCL_OK)
		lane->ended = true;
}

void zrelay_lane_reset(struct zrelay_lane *lane)
{
	struct zrelay_stream *stream = lane->stream;

	/* Nobody is there to be told, or it was. */
	if (stream->side[!lane->from].gone || lane->reset)
		return;
	lane->reset = true;
	set_out(lane, NULL, 0, ZCL_E_RESET);
	deliver_due(lane);
	zrelay_side_watch(&stream->side[lane->from]);
}

void zrelay_lane_cut(struct zrelay_lane *lane)
{
	if (lane->stream->relay->cut)
		zloop_timer_cancel(lane->stream->relay->loop, &lane->timer);
	deliver_due(lane);
}

void zrelay_side_broken(struct zrelay_side *side)
{
	struct zrelay_lane *lane = &side->stream->lane[side->index];

	side->connected = true; /* as far as it ever will be */
	zrelay_side_close(side, false);
	/* After an end in order, too: a reset may still follow. */
	set_out(lane, NULL, 0, ZCL_E_RESET);
	deliver_due(lane);
}

/* All that is there, or as much as may be held: the last recv's result, with errno. */
static ssize_t take_input(struct zrelay_side *side, bool all)
{
	struct zrelay_lane *lane = &side->stream->lane[side->index];
	uint8_t buf[READ_SIZE];
	ssize_t n = 1;

	while (n > 0 && (all || lane->nob < MAX_QUEUED)) {
		do
			n = recv(side->io.fd, buf, sizeof(buf), MSG_DONTWAIT);
		while (n < 0 && errno == EINTR);
		if (n > 0)
			set_out(lane, buf, (size_t)n, ZCL_OK);
	}
	return n;
}

void zrelay_side_read(struct zrelay_side *side, bool broken)
{
	struct zrelay_lane *lane = &side->stream->lane[side->index];
	const ssize_t n = take_input(side, broken);

	/* An end behind an end, or behind a failed send, is no end in order. */
	if ((n < 0 && errno != EAGAIN) || (n == 0 && (side->failed || (broken && lane->ended)))) {
		zrelay_side_broken(side);
		return;
	}
	if (n == 0 && !lane->ended) {
		set_out(lane, NULL, 0, ZCL_E_EOF);
		if (side->fin_sent)
			zrelay_side_close(side, false);
	}
	deliver_due(lane);
	zrelay_side_watch(side);
}

void zrelay_side_vanish(struct zrelay_side *side)
{
	struct zrelay_lane *lane = &side->stream->lane[side->index];

	ssize_t n = -1;

	/* Its end was told already; or who is called has not heard of it yet. */
	if (side->io.fd < 0 || !side->connected)
		return;
	errno = EAGAIN;
	if (!lane->ended)
		n = take_input(side, true);
	if (n == 0)
		set_out(lane, NULL, 0, ZCL_E_EOF);
	else if (errno != EAGAIN)
		set_out(lane, NULL, 0, ZCL_E_RESET);
	side->gone = true;
	zrelay_side_close(side, true);
	deliver_due(lane);
}

/* ---- life --------------------------------------------------------------------------- */

void zrelay_lane_init(struct zrelay_stream *stream, int from)
{
	static const struct zgate_callbacks callbacks = {
		.forward = passed,
		.end = passed_end,
		.held = caught,
	};
	struct zrelay_lane *lane = &stream->lane[from];

	lane->stream = stream;
	lane->from = from;
	lane->timer = (struct zloop_timer){.fn = deliver_due, .data = lane};
	g_queue_init(&lane->late);
	lane->gate = zgate_new(from == ZRELAY_CALLER, stream->relay->held[from], &callbacks, lane);
}

void zrelay_lane_clear(struct zrelay_lane *lane)
{
	zloop_timer_cancel(lane->stream->relay->loop, &lane->timer);
	g_queue_clear_full(&lane->late, g_free);
	zgate_free(lane->gate);
}

void zrelay_lane_set_held(struct zrelay_lane *lane, unsigned units)
{
	zgate_set_held(lane->gate, units);
	zrelay_side_flush(far_side(lane));
}

/* ---- one by one --------------------------------------------------------------------- */

/* Who receives there has neither closed nor vanished. */
static bool has_receiver(const struct zrelay_lane *lane)
{
	const struct zrelay_side *side = &lane->stream->side[!lane->from];

	const struct zrelay_lane *back = &lane->stream->lane[!lane->from];

	return side->io.fd >= 0 && (!back->ended || back->cut_off);
}

bool zrelay_lane_can_pass(const struct zrelay_lane *lane, enum zworld_unit unit)
{
	return has_receiver(lane) && zgate_can_pass(lane->gate, unit);
}

void zrelay_lane_pass(struct zrelay_lane *lane, enum zworld_unit unit)
{
	zgate_pass(lane->gate, unit);
	zrelay_side_flush(far_side(lane));
}

unsigned zrelay_lane_waiting(const struct zrelay_lane *lane)
{
	return has_receiver(lane) ? zgate_waiting(lane->gate) : 0;
}

static void forget_late(struct zrelay_lane *lane)
{
	zloop_timer_cancel(lane->stream->relay->loop, &lane->timer);
	g_queue_clear_full(&lane->late, g_free);
}

void zrelay_lane_cut_off(struct zrelay_lane *lane)
{
	forget_late(lane);
	lane->ended = lane->cut_off = true;
	zgate_reset(lane->gate);
	if (lane->stream->relay->held[lane->from] & ZWORLD_END)
		zrelay_side_watch(&lane->stream->side[lane->from]);
	else
		zrelay_side_close(far_side(lane), true);
}

bool zrelay_lane_is_at_rest(const struct zrelay_lane *lane)
{
	const struct zrelay_side *side = &lane->stream->side[!lane->from];
	int unacked = 0;

	if (!lane->stream->relay->cut && !g_queue_is_empty((GQueue *)&lane->late))
		return false;
	if (side->io.fd < 0)
		return true;
	return side->out->len == 0 && ioctl(side->io.fd, SIOCOUTQ, &unacked) == 0 && unacked == 0;
}
