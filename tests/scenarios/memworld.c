/* SPDX-License-Identifier: MIT */
#include "tests/scenarios/memworld.h"

#include <glib.h>

#include "scenarios/gate.h"

#define MAX_PEERS	128
#define DEFAULT_LATENCY (INT64_C(100) * 1000) /* ns */

struct memworld;
struct mem_conn;

struct zworld_peer {
	struct memworld *world;
	char *name;
	size_t index;
	zcl_nid nid;
	struct zcl_node *node; /* NULL: crashed */
	bool muted;	       /* it is crashing: what its core says is not heard */
};

/* One end of a stream. The gate lets in what comes to this end. */
struct mem_conn {
	struct zworld_peer *owner;
	struct zcl_conn *conn;	/* NULL: gone */
	struct mem_conn *other; /* NULL: never came about */
	unsigned call;		/* its number between the two peers */
	struct zgate *gate;
	GByteArray *inbox;	/* while the core does not read */
	enum zcl_err inbox_end; /* ZCL_OK: none */
	int64_t clear_at;	/* when this end's last byte is on the wire */
	int64_t there_at;	/* when it is there, which depends on chance */
	bool lost;		/* it is not there any more, and the other end was not told */
	bool over;		/* reset: nothing passes any more */
};

struct mem_event {
	int64_t when;
	uint64_t number; /* of equal times the older first */
	void (*fn)(struct memworld *world, struct mem_event *event);
	struct mem_conn *end;
	GBytes *bytes;
	enum zcl_err why;
	void (*call)(void *data);
	void *data;
};

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

struct memworld {
	struct zworld base;
	struct zworld_ops ops;
	int64_t now;
	uint64_t numbers;
	bool stopped, dying;
	struct zworld_peer *peers[MAX_PEERS];
	size_t npeers;
	struct zworld_link links[MAX_PEERS][MAX_PEERS];
	unsigned holds[MAX_PEERS][MAX_PEERS];
	bool cut[MAX_PEERS][MAX_PEERS];
	unsigned lose[MAX_PEERS][MAX_PEERS];  /* packets until one is lost; 0: none is */
	unsigned calls[MAX_PEERS][MAX_PEERS]; /* [a][b], a < b */
	size_t flying;			      /* events that are not of the runner's */
	void (*rest)(void *data);	      /* NULL: nobody waits */
	void *rest_data;
	GQueue parked;	   /* of struct mem_event: what waits for a partition to heal */
	GSequence *events; /* of struct mem_event */
	GQueue requests;   /* of struct request */
	GQueue tales;	   /* of struct told */
	GPtrArray *conns;  /* of struct mem_conn */
	GRand *chance;
};

static struct memworld *memworld_of(const struct zworld *world)
{
	return (struct memworld *)world;
}

/* ---- events ---- */

static gint compare_events(gconstpointer a, gconstpointer b, gpointer user)
{
	const struct mem_event *x = a, *y = b;

	(void)user;
	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void event_free(gpointer data)
{
	struct mem_event *event = data;

	if (event->bytes)
		g_bytes_unref(event->bytes);
	g_free(event);
}

static struct mem_event *schedule(struct memworld *w, int64_t when,
				  void (*fn)(struct memworld *, struct mem_event *),
				  struct mem_conn *end)
{
	struct mem_event *event = g_new0(struct mem_event, 1);

	event->when = MAX(when, w->now);
	event->number = ++w->numbers;
	event->fn = fn;
	event->end = end;
	w->flying += end != NULL;
	g_sequence_insert_sorted(w->events, event, compare_events, NULL);
	return event;
}

/* ---- what the cores ask for: noted, done later ---- */

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

static const struct zcl_callbacks callbacks = {
	.connect = on_connect,
	.close = on_close,
	.abort = on_abort,
	.wake_tx = on_wake_tx,
	.wake_rx = on_wake_rx,
	.deliver = on_deliver,
	.trace = on_trace,
};

/* ---- one end of a stream ---- */

static void give_end(struct mem_conn *end, enum zcl_err why)
{
	if (end->conn == NULL)
		return;
	if (zcl_conn_rx_paused(end->conn))
		end->inbox_end = why;
	else
		zcl_conn_closed(end->conn, why, end->owner->world->now);
}

static void gate_forward(void *user, const uint8_t *data, size_t len)
{
	struct mem_conn *end = user;

	if (end->conn == NULL)
		return;
	if (zcl_conn_rx_paused(end->conn))
		g_byte_array_append(end->inbox, data, (guint)len);
	else
		zcl_conn_rx_push(end->conn, data, len, end->owner->world->now);
}

static void gate_end(void *user, enum zcl_err why)
{
	give_end(user, why);
}

static void gate_held(void *user, enum zworld_unit unit)
{
	struct mem_conn *end = user;
	struct told *told = note_told(end->other->owner, TOLD_HELD);

	told->to = end->owner;
	told->unit = unit;
}

static const struct zgate_callbacks gate_callbacks = {gate_forward, gate_end, gate_held};

static struct mem_conn *conn_new(struct zworld_peer *owner, struct zcl_conn *conn)
{
	struct mem_conn *end = g_new0(struct mem_conn, 1);

	end->owner = owner;
	end->conn = conn;
	end->inbox = g_byte_array_new();
	g_ptr_array_add(owner->world->conns, end);
	return end;
}

static void conn_free(gpointer data)
{
	struct mem_conn *end = data;

	g_byte_array_unref(end->inbox);
	zgate_free(end->gate);
	g_free(end);
}

/* One more packet goes from one to the other; true: that is lost. */
static bool loses(const struct mem_conn *from, const struct mem_conn *to)
{
	unsigned *left = &from->owner->world->lose[from->owner->index][to->owner->index];

	return *left > 0 && --*left == 0;
}

static int64_t latency_of(const struct mem_conn *a, const struct mem_conn *b)
{
	return a->owner->world->links[a->owner->index][b->owner->index].latency;
}

/* ---- bytes and ends on their way ---- */

static void arrive(struct memworld *w, struct mem_event *event);

static bool is_cut(const struct mem_conn *end)
{
	return end->other && end->owner->world->cut[end->owner->index][end->other->owner->index];
}

static void forget_parked(struct memworld *w, const struct mem_conn *end)
{
	GList *next;

	for (GList *l = w->parked.head; l; l = next) {
		struct mem_event *event = l->data;

		next = l->next;
		if (event->end != end)
			continue;
		event_free(event);
		g_queue_delete_link(&w->parked, l);
	}
}

/* What is sent into a partition is sent again when it is over; but a reset is sent once. */
static void park(struct memworld *w, const struct mem_event *event)
{
	struct mem_event *copy;

	if (event->fn == arrive && event->bytes == NULL && event->why != ZCL_E_EOF) {
		event->end->other->lost = true;
		forget_parked(w, event->end);
		return;
	}
	copy = g_memdup2(event, sizeof(*event));
	if (copy->bytes)
		g_bytes_ref(copy->bytes);
	g_queue_push_tail(&w->parked, copy);
}

static void arrive(struct memworld *w, struct mem_event *event)
{
	struct mem_conn *end = event->end;

	if (is_cut(end)) {
		park(w, event);
	} else if (end->over) {
		return;
	} else if (end->lost) {
		if (event->bytes)
			schedule(w, w->now + latency_of(end, end->other), arrive, end->other)->why =
				ZCL_E_RESET;
	} else if (event->bytes)
		zgate_push(event->end->gate, g_bytes_get_data(event->bytes, NULL),
			   g_bytes_get_size(event->bytes));
	else
		zgate_end(event->end->gate, event->why);
}

/* What is sent from this end when its last byte is on the wire arrives then. */
static int64_t arrival(struct memworld *w, struct mem_conn *end)
{
	const struct zworld_link *link = &w->links[end->owner->index][end->other->owner->index];
	int64_t when = end->clear_at + link->latency;

	if (link->jitter > 0)
		when += (int64_t)g_rand_double_range(w->chance, 0, (double)link->jitter);
	end->there_at = MAX(end->there_at, when);
	return end->there_at;
}

static void send_bytes(struct memworld *w, struct mem_conn *end, GBytes *bytes)
{
	const struct zworld_link *link = &w->links[end->owner->index][end->other->owner->index];
	double bits = 8.0 * (double)g_bytes_get_size(bytes);

	end->clear_at = MAX(end->clear_at, w->now);
	if (loses(end, end->other))
		end->clear_at += ZWORLD_SEND_AGAIN;
	if (link->bandwidth)
		end->clear_at += (int64_t)(bits * 1e9 / (double)link->bandwidth);
	schedule(w, arrival(w, end), arrive, end->other)->bytes = bytes;
}

static void send_end(struct memworld *w, struct mem_conn *end, enum zcl_err why)
{
	end->clear_at = MAX(end->clear_at, w->now);
	if (end->other == NULL || end->lost || end->over)
		return;
	if (loses(end, end->other)) {
		/* A reset is sent once, and by one who is not there any more. */
		end->lost = why != ZCL_E_EOF;
		end->clear_at += ZWORLD_SEND_AGAIN;
	}
	if (!end->lost)
		schedule(w, arrival(w, end), arrive, end->other)->why = why;
}

static void transmit(struct memworld *w, struct mem_conn *end)
{
	struct zcl_tx_batch batch;

	while (end->conn && zcl_conn_tx_batch(end->conn, &batch)) {
		GByteArray *bytes = g_byte_array_new();

		for (size_t i = 0; i < batch.niov; i++)
			g_byte_array_append(bytes, batch.iov[i].iov_base,
					    (guint)batch.iov[i].iov_len);
		zcl_conn_tx_advance(end->conn, batch.nob, false, w->now);
		send_bytes(w, end, g_byte_array_free_to_bytes(bytes));
	}
}

static void read_again(struct memworld *w, struct mem_conn *end)
{
	GByteArray *inbox = end->inbox;

	if (end->conn == NULL)
		return;
	end->inbox = g_byte_array_new();
	gate_forward(end, inbox->data, inbox->len);
	g_byte_array_unref(inbox);
	if (end->inbox_end != ZCL_OK && end->conn && !zcl_conn_rx_paused(end->conn))
		zcl_conn_closed(end->conn, end->inbox_end, w->now);
}

static void go(struct memworld *w, struct mem_event *event)
{
	struct zcl_conn *conn = event->end->conn;

	event->end->conn = NULL;
	if (conn)
		zcl_conn_gone(conn, w->now);
}

/* ---- connecting ---- */

static void connected(struct memworld *w, struct mem_event *event)
{
	if (is_cut(event->end))
		park(w, event);
	else if (event->end->conn)
		zcl_conn_connected(event->end->conn, w->now);
}

static void refused(struct memworld *w, struct mem_event *event)
{
	if (is_cut(event->end))
		park(w, event);
	else if (event->end->conn)
		zcl_conn_closed(event->end->conn, ZCL_E_REFUSED, w->now);
}

/* How long a call, or the answer to it, takes from one to the other. */
static int64_t call_time(const struct mem_conn *from, const struct mem_conn *to)
{
	return latency_of(from, to) + (loses(from, to) ? ZWORLD_CALL_AGAIN : 0);
}

static void called(struct memworld *w, struct mem_event *event)
{
	struct mem_conn *caller = event->end, *end = caller->other;
	unsigned(*holds)[MAX_PEERS] = w->holds;
	size_t a = caller->owner->index, b = end->owner->index;

	if (is_cut(caller)) {
		park(w, event);
		return;
	}
	if (caller->lost)
		return; /* nobody goes on with it */
	if (end->owner->node)
		end->conn = zcl_node_accepted(end->owner->node, end, w->now);
	if (end->conn == NULL) {
		schedule(w, w->now + call_time(end, caller), refused, caller);
		return;
	}
	end->gate = zgate_new(true, holds[a][b], &gate_callbacks, end);
	caller->gate = zgate_new(false, holds[b][a], &gate_callbacks, caller);
	schedule(w, w->now + call_time(end, caller), connected, caller);
}

static void do_connect(struct memworld *w, struct zworld_peer *peer, struct zcl_conn *conn)
{
	struct mem_conn *end = conn_new(peer, conn);

	zcl_conn_set_backend(conn, end);
	for (size_t i = 0; i < w->npeers && end->other == NULL; i++)
		if (w->peers[i]->nid == zcl_conn_peer_nid(conn))
			end->other = conn_new(w->peers[i], NULL);
	if (end->other == NULL) {
		schedule(w, w->now + DEFAULT_LATENCY, refused, end);
		return;
	}
	end->other->other = end;
	end->call = end->other->call = ++w->calls[MIN(peer->index, end->other->owner->index)]
						 [MAX(peer->index, end->other->owner->index)];
	schedule(w, w->now + call_time(end, end->other), called, end);
}

/* ---- between core calls ---- */

static void do_request(struct memworld *w, const struct request *request)
{
	struct mem_conn *end;

	if (request->kind == REQ_CONNECT) {
		do_connect(w, request->peer, request->conn);
		return;
	}
	end = zcl_conn_backend(request->conn);
	switch (request->kind) {
	case REQ_CLOSE:
	case REQ_ABORT:
		if (end->gate)
			send_end(w, end, request->kind == REQ_CLOSE ? ZCL_E_EOF : ZCL_E_RESET);
		schedule(w, w->now, go, end);
		break;
	case REQ_WAKE_TX:
		transmit(w, end);
		break;
	default:
		read_again(w, end);
		break;
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

static void settle(struct memworld *w)
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

/* ---- the world's operations ---- */

static int64_t op_now(const struct zworld *world)
{
	return memworld_of(world)->now;
}

static struct zworld_peer *op_add_peer(struct zworld *world, const char *name,
				       const struct zcl_config *config, const char **why)
{
	struct memworld *w = memworld_of(world);
	struct zworld_peer *peer = g_new0(struct zworld_peer, 1);
	enum zcl_err err;

	g_assert(w->npeers < MAX_PEERS);
	peer->world = w;
	peer->name = g_strdup(name);
	peer->index = w->npeers;
	peer->nid = config->nid;
	peer->node = zcl_node_new(config, &callbacks, peer, &err);
	if (peer->node == NULL) {
		*why = zcl_strerror(err);
		g_free(peer->name);
		g_free(peer);
		return NULL;
	}
	w->peers[w->npeers++] = peer;
	return peer;
}

static struct zcl_node *op_node(struct zworld_peer *peer)
{
	return peer->node;
}

static const char *op_peer_name(const struct zworld_peer *peer)
{
	return peer->name;
}

static bool op_set_link(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
			const struct zworld_link *link, const char **why)
{
	struct memworld *w = memworld_of(world);

	if (link->loss > 0 || link->queue > 0) {
		*why = "no packets are lost here";
		return false;
	}
	w->links[a->index][b->index] = w->links[b->index][a->index] = *link;
	return true;
}

static void call_back(struct memworld *w, struct mem_event *event)
{
	(void)w;
	event->call(event->data);
}

static void op_at(struct zworld *world, int64_t when, void (*fn)(void *data), void *data)
{
	struct mem_event *event = schedule(memworld_of(world), when, call_back, NULL);

	event->call = fn;
	event->data = data;
}

static void set_holds(struct memworld *w, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned units)
{
	w->holds[from->index][to->index] = units;
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		if (end->gate && end->owner == to && end->other->owner == from)
			zgate_set_held(end->gate, units);
	}
}

static void op_hold(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		    unsigned units)
{
	struct memworld *w = memworld_of(world);

	set_holds(w, from, to, w->holds[from->index][to->index] | units);
}

static void op_release(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		       unsigned units)
{
	struct memworld *w = memworld_of(world);

	set_holds(w, from, to, w->holds[from->index][to->index] & ~units);
}

static bool op_pass(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		    enum zworld_unit unit, unsigned call)
{
	struct memworld *w = memworld_of(world);

	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		if (end->conn && end->gate && end->owner == to && end->other->owner == from &&
		    (call == 0 || end->call == call) && zgate_pass(end->gate, unit))
			return true;
	}
	return false;
}

static void op_foreach_held(const struct zworld *world,
			    void (*fn)(void *user, const struct zworld_held *held), void *user)
{
	const struct memworld *w = memworld_of(world);

	for (guint i = 0; i < w->conns->len; i++) {
		const struct mem_conn *end = g_ptr_array_index(w->conns, i);
		const unsigned unit = end->conn && end->gate ? zgate_waiting(end->gate) : 0;
		const struct zworld_held held = {.from = unit ? end->other->owner : NULL,
						 .to = end->owner,
						 .call = end->call,
						 .unit = (enum zworld_unit)unit};

		if (unit)
			fn(user, &held);
	}
}

static void op_rest(struct zworld *world, void (*fn)(void *data), void *data)
{
	struct memworld *w = memworld_of(world);

	g_assert(w->rest == NULL);
	w->rest = fn;
	w->rest_data = data;
}

/* ---- crash, reset, partition ---- */

static void do_requests(struct memworld *w)
{
	struct request *request;

	while ((request = g_queue_pop_head(&w->requests)) != NULL) {
		do_request(w, request);
		g_free(request);
	}
}

static void op_crash(struct zworld *world, struct zworld_peer *peer)
{
	struct memworld *w = memworld_of(world);

	do_requests(w);
	peer->muted = true;
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);

		end->lost = end->lost || (end->owner == peer && end->conn);
	}
	zcl_node_shutdown(peer->node, w->now);
	do_requests(w);
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_event event = {.end = g_ptr_array_index(w->conns, i)};

		if (event.end->owner == peer)
			go(w, &event);
	}
	g_assert(zcl_node_is_idle(peer->node));
	zcl_node_free(peer->node);
	peer->node = NULL;
	peer->muted = false;
}

static bool op_restart(struct zworld *world, struct zworld_peer *peer,
		       const struct zcl_config *config, const char **why)
{
	enum zcl_err err;

	(void)world;
	peer->node = zcl_node_new(config, &callbacks, peer, &err);
	if (peer->node == NULL)
		*why = zcl_strerror(err);
	return peer->node != NULL;
}

static void op_reset(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
		     unsigned call)
{
	struct memworld *w = memworld_of(world);

	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);
		const struct zworld_peer *other = end->other ? end->other->owner : NULL;

		if (!(end->owner == a && other == b) && !(end->owner == b && other == a))
			continue;
		if (end->gate == NULL || end->over || end->lost || (call && end->call != call))
			continue;
		end->over = true;
		forget_parked(w, end);
		zgate_reset(end->gate);
	}
}

static void op_partition(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
			 bool cut)
{
	struct memworld *w = memworld_of(world);

	w->cut[a->index][b->index] = w->cut[b->index][a->index] = cut;
	for (guint n = cut ? 0 : w->parked.length; n > 0; n--) {
		struct mem_event *event = g_queue_pop_head(&w->parked);

		if (is_cut(event->end)) {
			g_queue_push_tail(&w->parked, event);
			continue;
		}
		event->when = w->now;
		event->number = ++w->numbers;
		w->flying++;
		g_sequence_insert_sorted(w->events, event, compare_events, NULL);
	}
}

static void op_lose(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		    unsigned number)
{
	memworld_of(world)->lose[from->index][to->index] = number;
}

static void op_kick(struct zworld *world, struct zworld_peer *peer)
{
	/* settle() follows every call of the runner. */
	(void)world;
	(void)peer;
}

/* The node whose timer is the first; NULL: none before `before`. */
static struct zworld_peer *first_timer(const struct memworld *w, int64_t before, int64_t *when)
{
	struct zworld_peer *first = NULL;

	for (size_t i = 0; i < w->npeers; i++) {
		const struct zcl_node *node = w->peers[i]->node;
		int64_t expiry = node ? zcl_node_expiry(node) : INT64_MAX;

		if (expiry >= before)
			continue;
		before = expiry;
		*when = MAX(expiry, w->now);
		first = w->peers[i];
	}
	return first;
}

/* Who waits for it hears that all is at rest: before `next` comes, and not at the time of it. */
static bool tell_rest(struct memworld *w, int64_t next)
{
	void (*fn)(void *data) = w->rest;

	if (fn == NULL || w->flying > 0 || next <= w->now)
		return false;
	w->rest = NULL;
	fn(w->rest_data);
	settle(w);
	return true;
}

static int64_t next_time(const struct memworld *w)
{
	GSequenceIter *begin = g_sequence_get_begin_iter(w->events);
	const struct mem_event *event =
		g_sequence_iter_is_end(begin) ? NULL : g_sequence_get(begin);
	int64_t next = event ? event->when : INT64_MAX;

	first_timer(w, next, &next);
	return next;
}

/* One event or one timer; false when none is left before or at `until`. */
static bool step(struct memworld *w, int64_t until)
{
	GSequenceIter *begin = g_sequence_get_begin_iter(w->events);
	struct mem_event *event = g_sequence_iter_is_end(begin) ? NULL : g_sequence_get(begin);
	int64_t limit = until == INT64_MAX ? until : until + 1;
	struct zworld_peer *peer;
	int64_t when;

	if (tell_rest(w, next_time(w)))
		return true;
	if (event && event->when < limit)
		limit = event->when;
	else
		event = NULL;
	peer = first_timer(w, limit, &when);
	if (peer) {
		w->now = when;
		zcl_node_tick(peer->node, w->now);
	} else if (event) {
		w->now = event->when;
		g_sequence_remove(begin);
		w->flying -= event->end != NULL;
		event->fn(w, event);
		event_free(event);
	} else {
		return false;
	}
	settle(w);
	return true;
}

static bool op_run(struct zworld *world, int64_t until)
{
	struct memworld *w = memworld_of(world);

	w->stopped = false;
	settle(w);
	while (!w->stopped)
		if (!step(w, until)) {
			w->now = MAX(w->now, until);
			return false;
		}
	return true;
}

static void op_stop(struct zworld *world)
{
	memworld_of(world)->stopped = true;
}

/* Asked-for ends happen; nothing else does any more. */
static void let_go(struct memworld *w)
{
	for (size_t i = 0; i < w->npeers; i++)
		if (w->peers[i]->node)
			zcl_node_shutdown(w->peers[i]->node, w->now);
	settle(w);
	for (guint i = 0; i < w->conns->len; i++) {
		struct mem_conn *end = g_ptr_array_index(w->conns, i);
		struct mem_event event = {.end = end};

		if (end->conn)
			go(w, &event);
	}
	settle(w);
}

static void op_free(struct zworld *world)
{
	struct memworld *w = memworld_of(world);

	w->dying = true;
	let_go(w);
	for (size_t i = 0; i < w->npeers; i++) {
		if (w->peers[i]->node) {
			g_assert(zcl_node_is_idle(w->peers[i]->node));
			zcl_node_free(w->peers[i]->node);
		}
		g_free(w->peers[i]->name);
		g_free(w->peers[i]);
	}
	g_sequence_foreach(w->events, (GFunc)(void (*)(void))event_free, NULL);
	g_sequence_free(w->events);
	g_queue_clear_full(&w->parked, event_free);
	g_ptr_array_unref(w->conns);
	g_rand_free(w->chance);
	g_free(w);
}

static const struct zworld_ops ops = {
	.name = "memory",
	.strict_time = true,
	.free = op_free,
	.now = op_now,
	.add_peer = op_add_peer,
	.node = op_node,
	.peer_name = op_peer_name,
	.set_link = op_set_link,
	.at = op_at,
	.hold = op_hold,
	.release = op_release,
	.pass = op_pass,
	.foreach_held = op_foreach_held,
	.rest = op_rest,
	.crash = op_crash,
	.restart = op_restart,
	.reset = op_reset,
	.partition = op_partition,
	.lose = op_lose,
	.kick = op_kick,
	.run = op_run,
	.stop = op_stop,
};

struct zworld *memworld_new(const struct zworld_options *options, const char **why)
{
	struct memworld *w = g_new0(struct memworld, 1);

	(void)why;
	w->ops = ops;
	w->chance = g_rand_new_with_seed((guint32)options->seed);
	w->base.ops = &w->ops;
	w->events = g_sequence_new(NULL);
	g_queue_init(&w->requests);
	g_queue_init(&w->tales);
	g_queue_init(&w->parked);
	w->conns = g_ptr_array_new_with_free_func(conn_free);
	for (size_t i = 0; i < MAX_PEERS; i++)
		for (size_t j = 0; j < MAX_PEERS; j++)
			w->links[i][j].latency = DEFAULT_LATENCY;
	return &w->base;
}

struct zworld *memworld_new_loose(const struct zworld_options *options, const char **why)
{
	struct zworld *world = memworld_new(options, why);

	memworld_of(world)->ops.strict_time = false;
	return world;
}
