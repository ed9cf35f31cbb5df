/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h"

/*
 * Attempts to connect (HLD 4.2.3, 4.2.4; wire notes 5). The mark `connecting` goes up with the
 * first attempt and comes down when the set is complete, the race is lost or the attempt failed;
 * not at a change of version: a caller with the lower NID who comes in between is to be refused.
 */

/*
 * Changes of version before a call counts as failed. A node of the newest version that meets the
 * oldest one, which tells it the version between them, needs two.
 */
#define MAX_FALLBACKS 3
/* Sets that may be granted, connection by connection, while none stays complete. */
#define MAX_SETS 2

static const struct zcl_proto *best_proto(const struct zcl_peer *peer)
{
	return peer->proto ? peer->proto : zcl_proto_find(peer->node->config.max_version);
}

/* A version that was only guessed holds while a connection lives. */
static void forget_guess(struct zcl_peer *peer)
{
	if (!peer->told && zcl_queue_is_empty(&peer->conns))
		peer->proto = NULL;
}

static void done_connecting(struct zcl_peer *peer)
{
	peer->connecting = false;
	peer->wanted = false;
	peer->keep = false;
	peer->lost_races = 0;
	peer->retry_interval = 0;
	peer->retry_at = 0;
}

/* The set is there without this attempt. */
static void give_up(struct zcl_peer *peer, int64_t now)
{
	done_connecting(peer);
	zcl_node_note(peer->node, peer, NULL, ZCL_EV_GIVE_UP, now);
}

/* Nothing is left to call for. */
static bool is_complete(const struct zcl_peer *peer)
{
	int32_t ctype;

	return !zcl_peer_missing(peer, &ctype) && !zcl_fault(peer->node, ZCL_FAULT_RETRY_FOREVER);
}

void zcl_peer_want(struct zcl_peer *peer, int64_t now)
{
	int32_t ctype;

	if (!zcl_peer_missing(peer, &ctype)) {
		peer->wanted = false;
		return;
	}
	peer->wanted = true;
	if (peer->connecting)
		return;
	if (peer->retry_at > now) {
		zcl_peer_arm(peer, peer->retry_at);
		return;
	}
	zcl_peer_start_attempt(peer, now);
}

void zcl_peer_start_attempt(struct zcl_peer *peer, int64_t now)
{
	struct zcl_node *node = peer->node;
	struct zcl_conn *conn;
	int32_t ctype;

	g_assert(peer->attempt == NULL);
	if (node->shut)
		return;
	if (is_complete(peer)) {
		give_up(peer, now);
		return;
	}
	zcl_peer_missing(peer, &ctype);
	if (!peer->connecting) {
		peer->fallbacks = 0;
		peer->granted = 0;
	}
	peer->connecting = true;
	conn = zcl_conn_new(node, peer, ctype, best_proto(peer), now);
	conn->called_as = peer->proto == NULL ? node->config.calls_as : 0;
	peer->attempt = conn;
	zcl_node_note(node, peer, conn, ZCL_EV_CONNECT, now);
	node->cb.connect(node->user, conn);
}

void zcl_peer_attempt_up(struct zcl_peer *peer, int64_t now)
{
	int32_t ctype;

	peer->lost_races = 0;
	peer->retry_interval = 0;
	zcl_peer_flush(peer, now);
	if (!zcl_peer_missing(peer, &ctype))
		done_connecting(peer);
	else if (++peer->granted < MAX_SETS * zcl_peer_set_size(peer))
		zcl_peer_start_attempt(peer, now);
	else
		zcl_peer_attempt_failed(peer, ZCL_E_EOF, now);
}

static void note_refused(struct zcl_peer *peer, enum zcl_reason reason, uint32_t version,
			 int64_t now)
{
	struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_REFUSED, now);

	peer->node->stats.refusals_met++;
	ev.reason = reason;
	ev.version = version;
	zcl_node_emit(peer->node, &ev);
}

static void retry_later(struct zcl_peer *peer, int64_t delay, enum zcl_reason reason, int64_t now)
{
	struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_RETRY, now);

	peer->node->stats.retries++;
	peer->retry_at = zcl_time_after(now, delay);
	zcl_peer_arm(peer, peer->retry_at);
	ev.delay = delay;
	ev.reason = reason;
	zcl_node_emit(peer->node, &ev);
}

void zcl_peer_attempt_lost(struct zcl_peer *peer, enum zcl_reason reason, int64_t now)
{
	note_refused(peer, reason, best_proto(peer)->version, now);
	peer->connecting = zcl_fault(peer->node, ZCL_FAULT_KEEP_MARK);
	if (is_complete(peer)) {
		give_up(peer, now);
		return;
	}
	if (zcl_fault(peer->node, ZCL_FAULT_DROP_WAITING))
		zcl_peer_fail_waiting(peer, ZCL_E_RACE, now);
	if (peer->lost_races >= peer->node->config.race_retries) {
		peer->lost_races = 0;
		peer->enough = true;
		if (is_complete(peer)) {
			give_up(peer, now);
			return;
		}
		peer->enough = false;
		zcl_peer_attempt_failed(peer, ZCL_E_RACE, now);
		return;
	}
	peer->lost_races++;
	retry_later(peer, peer->node->config.min_reconnect, reason, now);
}

void zcl_peer_attempt_version(struct zcl_peer *peer, const struct zcl_proto *proto, bool told,
			      int64_t now)
{
	struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_FALLBACK, now);

	note_refused(peer, told ? ZCL_REASON_VERSION : ZCL_REASON_RESET, told ? proto->version : 0,
		     now);
	if (zcl_fault(peer->node, ZCL_FAULT_NO_FALLBACK)) {
		zcl_peer_attempt_failed(peer, ZCL_E_VERSION, now);
		return;
	}
	if (++peer->fallbacks > MAX_FALLBACKS) {
		peer->told = false; /* what it says holds for nothing */
		zcl_peer_attempt_failed(peer, ZCL_E_FICKLE, now);
		return;
	}
	if (!zcl_fault(peer->node, ZCL_FAULT_FORGET_FALLBACK))
		peer->proto = proto;
	peer->told = told;
	peer->node->stats.fallbacks++;
	ev.version = proto->version;
	ev.reason = told ? ZCL_REASON_TOLD : ZCL_REASON_GUESSED;
	zcl_node_emit(peer->node, &ev);
	if (zcl_fault(peer->node, ZCL_FAULT_CLEAR_MARK)) {
		peer->connecting = false;
		retry_later(peer, peer->node->config.min_reconnect, ZCL_REASON_VERSION, now);
		return;
	}
	zcl_peer_start_attempt(peer, now);
}

void zcl_peer_attempt_failed(struct zcl_peer *peer, enum zcl_err why, int64_t now)
{
	const struct zcl_config *config = &peer->node->config;
	struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_ATTEMPT_FAILED, now);
	bool again = peer->keep && why != ZCL_E_ABORTED && why != ZCL_E_SHUTDOWN;

	ev.error = why;
	zcl_node_emit(peer->node, &ev);
	peer->connecting = false;
	peer->wanted = again;
	peer->retry_interval = peer->retry_interval == 0
				       ? config->min_reconnect
				       : MIN(2 * peer->retry_interval, config->max_reconnect);
	peer->retry_at = zcl_time_after(now, peer->retry_interval);
	forget_guess(peer);
	if (zcl_queue_is_empty(&peer->conns)) {
		zcl_peer_fail_waiting(peer, why, now);
		zcl_lnet_peer_lost(peer, why, now);
	}
	if (again)
		retry_later(peer, peer->retry_interval, ZCL_REASON_NONE, now);
}

void zcl_peer_called(struct zcl_peer *peer, int64_t now)
{
	int32_t ctype;

	zcl_peer_flush(peer, now);
	if (peer->wanted && !peer->connecting && !zcl_peer_missing(peer, &ctype))
		give_up(peer, now);
}

void zcl_peer_conn_lost(struct zcl_peer *peer, enum zcl_err why, int64_t now)
{
	if (!zcl_queue_is_empty(&peer->conns))
		return;
	peer->enough = false;
	forget_guess(peer);
	zcl_lnet_peer_lost(peer, why, now);
}
