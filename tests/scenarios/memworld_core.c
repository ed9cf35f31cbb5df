/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld_impl.h"

/* What the cores ask for, and what they say: noted while a call of a core is under way, done and
 * told after it. */

enum request_kind { REQ_CONNECT, REQ_CLOSE, REQ_ABORT, REQ_WAKE_TX, REQ_WAKE_RX };

struct request {
	enum request_kind kind;
	struct zworld_peer *peer;
	struct zcl_conn *conn;
};

/* Something that the runner is to hear, when no core call is under way. */
struct told {
	struct zworld_peer *peer, *to;
	enum { TOLD_EVENT, TOLD_LNET, TOLD_HELD } kind;
	struct zcl_event event;
	struct zcl_lnet_event lnet;
	enum zworld_unit unit;
};

static void note_request(void *user, struct zcl_conn *conn, enum request_kind kind)
{
	struct zworld_peer *peer = user;
	struct request *request = g_new0(struct request, 1);

	*request = (struct request){kind, peer, conn};
	g_queue_push_tail(&peer->world->requests, request);
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	note_request(user, conn, REQ_CONNECT);
}

static void on_close(void *user, struct zcl_conn *conn)
{
	note_request(user, conn, REQ_CLOSE);
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	note_request(user, conn, REQ_ABORT);
}

static void on_wake_tx(void *user, struct zcl_conn *conn)
{
	note_request(user, conn, REQ_WAKE_TX);
}

static void on_wake_rx(void *user, struct zcl_conn *conn)
{
	note_request(user, conn, REQ_WAKE_RX);
}

static struct told *note_told(struct zworld_peer *peer, int kind)
{
	struct told *told = g_new0(struct told, 1);

	told->peer = peer;
	told->kind = kind;
	g_queue_push_tail(&peer->world->tales, told);
	return told;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	const struct zworld_peer *peer = user;
	struct told *told;

	if (peer->muted)
		return;
	told = note_told(user, TOLD_LNET);
	told->lnet = *event;
	told->lnet.ping = NULL;
}

static void on_trace(void *user, const struct zcl_event *event)
{
	const struct zworld_peer *peer = user;

	if (!peer->muted)
		note_told(user, TOLD_EVENT)->event = *event;
}

void memworld_note_held(struct zworld_peer *from, struct zworld_peer *to, enum zworld_unit unit)
{
	struct told *told = note_told(from, TOLD_HELD);

	told->to = to;
	told->unit = unit;
}

const struct zcl_callbacks memworld_callbacks = {
	.connect = on_connect,
	.close = on_close,
	.abort = on_abort,
	.wake_tx = on_wake_tx,
	.wake_rx = on_wake_rx,
	.deliver = on_deliver,
	.trace = on_trace,
};

static void go(struct memworld *w, struct mem_event *event)
{
	(void)w;
	memworld_gone(event->end);
}

static void do_request(struct memworld *w, const struct request *request)
{
	struct mem_conn *end;

	if (request->kind == REQ_CONNECT) {
		memworld_connect(w, request->peer, request->conn);
		return;
	}
	end = zcl_conn_backend(request->conn);
	switch (request->kind) {
	case REQ_CLOSE:
	case REQ_ABORT:
		if (end->gate)
			memworld_send_end(w, end,
					  request->kind == REQ_CLOSE ? ZCL_E_EOF : ZCL_E_RESET);
		memworld_schedule(w, w->now, go, end);
		break;
	case REQ_WAKE_TX:
		memworld_transmit(w, end);
		break;
	default:
		memworld_read_again(w, end);
		break;
	}
}

void memworld_do_requests(struct memworld *w)
{
	struct request *request;

	while ((request = g_queue_pop_head(&w->requests)) != NULL) {
		do_request(w, request);
		g_free(request);
	}
}

static void tell(struct memworld *w, const struct told *told)
{
	const struct zworld_listener *listener = w->base.listener;
	void *user = w->base.listener_user;

	if (w->dying || listener == NULL)
		return;
	if (told->kind == TOLD_EVENT)
		listener->event(user, told->peer, &told->event);
	else if (told->kind == TOLD_LNET)
		listener->lnet_event(user, told->peer, &told->lnet);
	else
		listener->held(user, told->peer, told->to, told->unit);
}

void memworld_settle(struct memworld *w)
{
	while (!g_queue_is_empty(&w->requests) || !g_queue_is_empty(&w->tales)) {
		struct told *told = g_queue_pop_head(&w->tales);
		struct request *request = told ? NULL : g_queue_pop_head(&w->requests);

		if (told)
			tell(w, told);
		else
			do_request(w, request);
		g_free(told);
		g_free(request);
	}
}
