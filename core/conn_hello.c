/* SPDX-License-Identifier: MIT */
#include "core/conn_queue.h"
#include "core/race.h"

/* The handshake, both ways (HLD 4.2.3; wire notes 3 to 5). */

static void note_hello(struct zcl_conn *conn, enum zcl_event_kind kind,
		       const struct zcl_hello *hello, int64_t now)
{
	struct zcl_event ev = zcl_event_of(conn->node, conn->peer, conn, kind, now);

	if (kind == ZCL_EV_HELLO_RECEIVED || conn->called_as == 0)
		ev.version = hello->kshm_version;
	/* At a limit there is no peer; its NID is known all the same. */
	if (conn->peer == NULL && kind == ZCL_EV_HELLO_RECEIVED)
		ev.peer = hello->kshm_src_nid;
	else if (conn->peer == NULL && hello->kshm_dst_nid != conn->node->config.nid)
		ev.peer = hello->kshm_dst_nid;
	ev.ctype = hello->kshm_ctype;
	ev.incarnation = hello->kshm_src_incarnation;
	zcl_node_emit(conn->node, &ev);
}

/* Appends our HELLO to what waits to be sent. */
static void send_hello(struct zcl_conn *conn, const struct zcl_proto *proto, int32_t ctype,
		       zcl_nid dst, int64_t now)
{
	const struct zcl_config *config = &conn->node->config;
	/* dst_pid and dst_incarnation stay 0, as from every deployed node. */
	const struct zcl_hello hello = {
		.kshm_version = proto->version,
		.kshm_src_nid = config->nid,
		.kshm_dst_nid = dst,
		.kshm_src_pid = config->pid,
		.kshm_src_incarnation = config->incarnation,
		.kshm_ctype = ctype,
	};

	conn->hello_len += proto->send_hello(&hello, conn->hello + conn->hello_len);
	g_assert(conn->hello_len <= sizeof(conn->hello));
	note_hello(conn, ZCL_EV_HELLO_SENT, &hello, now);
	conn->tx_deadline = zcl_time_after(now, config->socket_timeout);
	zcl_conn_arm(conn, conn->tx_deadline);
	zcl_conn_wake_tx(conn);
}

void zcl_conn_hello_start(struct zcl_conn *conn, int64_t now)
{
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION,
					   .acr_nid = conn->peer->nid};

	zcl_accept_encode(&req, conn->hello);
	conn->hello_len = ZCL_ACCEPT_SIZE;
	send_hello(conn, conn->proto, conn->ctype, conn->peer->nid, now);
	if (conn->called_as != 0)
		zcl_hello_set_version(conn->hello + ZCL_ACCEPT_SIZE, conn->called_as);
}

/* The version that the other side was asked for. */
static uint32_t asked_version(const struct zcl_conn *conn)
{
	return conn->called_as != 0 ? conn->called_as : conn->proto->version;
}

/* No connection is up: a peer that has restarted meanwhile is taken as it is now. */
static void meet_again(struct zcl_peer *peer, uint64_t incarnation, int64_t now)
{
	if (peer->incarnation != 0 && peer->incarnation != incarnation &&
	    !zcl_fault(peer->node, ZCL_FAULT_IGNORE_INCARNATION))
		zcl_peer_restarted(peer, incarnation, now);
	peer->incarnation = incarnation;
}

static void conn_up(struct zcl_conn *conn, int64_t now)
{
	struct zcl_node *node = conn->node;

	conn->state = ZCL_CS_UP;
	/* Asked once: each message looks at it. */
	conn->suits[0] = conn->proto->match_conn(conn->ctype, 0, node->config.min_bulk);
	conn->suits[1] = conn->proto->match_conn(conn->ctype, SIZE_MAX, node->config.min_bulk);
	conn->rx_deadline = INT64_MAX;
	zcl_queue_push(&conn->peer->conns, &conn->peer_link);
	conn->peer->settled = false;
	node->stats.conns_opened++;
	zcl_node_note(node, conn->peer, conn, ZCL_EV_CONN_UP, now);
}

/* ---- passive ---- */

void zcl_conn_hello_accept(struct zcl_conn *conn, const struct zcl_accept_req *req, int64_t now)
{
	if (req->acr_nid != conn->node->config.nid)
		zcl_conn_hello_error(conn, ZCL_E_WRONG_NID, now);
}

/* Our HELLO of type NONE goes out; the connection closes behind it. */
static void refuse(struct zcl_conn *conn, const struct zcl_proto *proto, enum zcl_reason reason,
		   zcl_nid dst, int64_t now)
{
	struct zcl_event ev = zcl_event_of(conn->node, conn->peer, conn, ZCL_EV_REFUSE, now);

	conn->node->stats.refusals_made++;
	ev.reason = reason;
	ev.version = proto->version;
	if (conn->peer == NULL && reason != ZCL_REASON_VERSION)
		ev.peer = dst;
	zcl_node_emit(conn->node, &ev);
	conn->node->handshakes--;
	conn->state = ZCL_CS_REFUSING;
	conn->rx_deadline = INT64_MAX;
	send_hello(conn, proto, ZCL_CONN_NONE, dst, now);
}

static enum zcl_reason decide(const struct zcl_conn *conn, const struct zcl_peer *peer,
			      const struct zcl_hello *hello)
{
	const struct zcl_conn *live = g_queue_peek_head((GQueue *)&peer->conns);
	struct zcl_race_input in = {
		.self = conn->node->config.nid,
		.peer = peer->nid,
		.max_version = conn->node->config.max_version,
		.version = hello->kshm_version,
		.connecting = peer->connecting,
		/* Of a peer that is gone, nothing is left that could be stale. */
		.known_incarnation = live ? peer->incarnation : 0,
		.incarnation = hello->kshm_src_incarnation,
		.live_version = live ? live->proto->version : 0,
		.have_type = zcl_peer_is_full(peer, zcl_ctype_invert(hello->kshm_ctype)),
	};

	if (zcl_fault(conn->node, ZCL_FAULT_NID_ORDER)) {
		in.self = peer->nid;
		in.peer = conn->node->config.nid;
	}
	if (zcl_fault(conn->node, ZCL_FAULT_IGNORE_INCARNATION))
		in.known_incarnation = 0;
	in.have_type &= !zcl_fault(conn->node, ZCL_FAULT_ACCEPT_DUPLICATES);
	in.connecting |= zcl_fault(conn->node, ZCL_FAULT_REFUSE_ALL);
	return zcl_race_decide(&in);
}

static void grant(struct zcl_conn *conn, const struct zcl_hello *hello, int64_t now)
{
	struct zcl_peer *peer = conn->peer;

	conn->node->handshakes--;
	conn->ctype = zcl_ctype_invert(hello->kshm_ctype);
	conn->proto = zcl_proto_find(hello->kshm_version);
	meet_again(peer, hello->kshm_src_incarnation, now);
	/* It proves that the peer speaks this version, not that it speaks no better one. */
	if (peer->proto != conn->proto) {
		peer->proto = conn->proto;
		peer->told = false;
	}
	send_hello(conn, conn->proto,
		   zcl_fault(conn->node, ZCL_FAULT_WRONG_INVERSE) ? hello->kshm_ctype : conn->ctype,
		   peer->nid, now);
	conn_up(conn, now);
	zcl_peer_called(peer, now);
}

/* The caller may have lost its end of what it asks for again, and then of the others, too. */
static void suspect(const struct zcl_peer *peer)
{
	struct zcl_node *node = peer->node;

	if (node->cb.suspect == NULL)
		return;
	for (const GList *l = peer->conns.head; l != NULL; l = l->next)
		node->cb.suspect(node->user, l->data);
}

static void called(struct zcl_conn *conn, const struct zcl_hello *hello, int64_t now)
{
	const struct zcl_proto *proto = zcl_proto_find(hello->kshm_version);
	enum zcl_reason reason;

	if (hello->kshm_src_nid == conn->node->config.nid) {
		zcl_conn_hello_error(conn, ZCL_E_WRONG_NID, now);
		return;
	}
	if (hello->kshm_ctype == ZCL_CONN_NONE) {
		zcl_conn_hello_error(conn, ZCL_E_BAD_CTYPE, now);
		return;
	}
	conn->peer = zcl_peer_get(conn->node, hello->kshm_src_nid, now);
	if (conn->peer != NULL)
		zcl_peer_hold(conn->peer);
	note_hello(conn, ZCL_EV_HELLO_RECEIVED, hello, now);
	if (conn->peer == NULL) {
		refuse(conn, proto, ZCL_REASON_LIMIT, hello->kshm_src_nid, now);
		return;
	}
	reason = decide(conn, conn->peer, hello);
	if (reason == ZCL_REASON_NONE) {
		grant(conn, hello, now);
		return;
	}
	refuse(conn, proto, reason, hello->kshm_src_nid, now);
	if (reason == ZCL_REASON_STALE)
		zcl_peer_restarted(conn->peer, hello->kshm_src_incarnation, now);
	else if (reason == ZCL_REASON_DUPLICATE)
		suspect(conn->peer);
}

/* ---- active ---- */

static void attempt_fatal(struct zcl_conn *conn, enum zcl_err why, int64_t now)
{
	zcl_conn_end(conn, why, true, now);
	zcl_peer_attempt_failed(conn->peer, why, now);
}

static void answered_none(struct zcl_conn *conn, const struct zcl_hello *hello, int64_t now)
{
	struct zcl_peer *peer = conn->peer;

	zcl_conn_end(conn, ZCL_E_RACE, false, now);
	if (hello->kshm_version == asked_version(conn))
		zcl_peer_attempt_lost(peer, ZCL_REASON_RACE, now);
	else
		zcl_peer_attempt_version(peer, zcl_proto_find(hello->kshm_version), true, now);
}

static void answered(struct zcl_conn *conn, const struct zcl_hello *hello, int64_t now)
{
	struct zcl_peer *peer = conn->peer;
	const struct zcl_conn *live;

	note_hello(conn, ZCL_EV_HELLO_RECEIVED, hello, now);
	if (hello->kshm_src_nid != peer->nid) {
		attempt_fatal(conn, ZCL_E_WRONG_NID, now);
		return;
	}
	if (peer->incarnation != hello->kshm_src_incarnation && !zcl_queue_is_empty(&peer->conns) &&
	    !zcl_fault(peer->node, ZCL_FAULT_IGNORE_INCARNATION)) {
		zcl_conn_end(conn, ZCL_E_STALE, true, now);
		zcl_peer_restarted(peer, hello->kshm_src_incarnation, now);
		zcl_peer_attempt_lost(peer, ZCL_REASON_STALE, now);
		return;
	}
	meet_again(peer, hello->kshm_src_incarnation, now);
	if (hello->kshm_ctype == ZCL_CONN_NONE || hello->kshm_version != asked_version(conn)) {
		answered_none(conn, hello, now);
		return;
	}
	if (hello->kshm_ctype != zcl_ctype_invert(conn->ctype)) {
		attempt_fatal(conn, ZCL_E_BAD_CTYPE, now);
		return;
	}
	/* One peer, one version: it has just accepted this one, so it knows of no other any more.
	 */
	live = g_queue_peek_head(&peer->conns);
	if (live != NULL && live->proto != conn->proto)
		zcl_peer_restarted(peer, hello->kshm_src_incarnation, now);
	if (zcl_peer_is_full(peer, conn->ctype) &&
	    !zcl_fault(peer->node, ZCL_FAULT_ACCEPT_DUPLICATES)) {
		zcl_conn_end(conn, ZCL_E_DUPLICATE, false, now);
		zcl_peer_attempt_lost(peer, ZCL_REASON_DUPLICATE, now);
		return;
	}
	peer->attempt = NULL;
	if (peer->proto == NULL)
		peer->proto = conn->proto;
	conn_up(conn, now);
	zcl_peer_attempt_up(peer, now);
}

void zcl_conn_hello_received(struct zcl_conn *conn, const struct zcl_hello *hello, int64_t now)
{
	if (conn->active)
		answered(conn, hello, now);
	else
		called(conn, hello, now);
}

/* ---- what is wrong with a handshake ---- */

static void refuse_version(struct zcl_conn *conn, int64_t now)
{
	const struct zcl_config *config = &conn->node->config;
	struct zcl_event ev;

	if (config->refuses == ZCL_REFUSE_REPLY) {
		/* Seen: the caller's NID was not read, the refuser's own stands there. */
		refuse(conn, zcl_proto_find(config->max_version), ZCL_REASON_VERSION, config->nid,
		       now);
		return;
	}
	ev = zcl_event_of(conn->node, NULL, conn, ZCL_EV_REFUSE, now);
	ev.reason = ZCL_REASON_VERSION;
	conn->node->stats.refusals_made++;
	zcl_node_emit(conn->node, &ev);
	zcl_conn_end(conn, ZCL_E_UNKNOWN_VERSION, true, now);
}

/* Says which version of the acceptor request is understood here, then closes (wire notes 3). */
static void refuse_acceptor_version(struct zcl_conn *conn)
{
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION};

	conn->node->handshakes--;
	conn->state = ZCL_CS_REFUSING;
	zcl_accept_encode(&req, conn->hello);
	conn->hello_len = ZCL_ACCEPT_SIZE;
	zcl_conn_wake_tx(conn);
}

void zcl_conn_hello_error(struct zcl_conn *conn, enum zcl_err err, int64_t now)
{
	if (conn->active) {
		/* A version that is newer than ours: nothing in common to fall back to. */
		if (err == ZCL_E_UNKNOWN_VERSION)
			err = ZCL_E_VERSION;
		else
			zcl_conn_note_error(conn, err, now);
		attempt_fatal(conn, err, now);
		return;
	}
	if (err == ZCL_E_UNKNOWN_VERSION) {
		refuse_version(conn, now);
		return;
	}
	zcl_conn_note_error(conn, err, now);
	if (err == ZCL_E_BAD_ACCEPTOR_VERSION)
		refuse_acceptor_version(conn);
	else
		zcl_conn_end(conn, err, true, now);
}
