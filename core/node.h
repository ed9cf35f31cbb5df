/* SPDX-License-Identifier: MIT */
#ifndef ZCL_NODE_H
#define ZCL_NODE_H

#include <sys/uio.h>

#include "core/event.h"
#include "core/lnet.h"
#include "core/wire.h"

/*
 * One network interface (NI) of one node: its peers, their connections, the messages under way.
 * It owns the whole protocol and no resource: a backend tells it what happened and does what its
 * callbacks ask for.
 *
 * Rules. All calls for one node come from one thread at a time. Times are int64 nanoseconds of
 * one clock that never goes back (`now` in every call). A callback never calls the core back: it
 * notes what is asked and does it after the core's function has returned. The same calls give the
 * same requests, byte for byte.
 */
struct zcl_node;
struct zcl_conn;

enum zcl_refusal {
	ZCL_REFUSE_REPLY, /* an unknown version is answered with our own HELLO, type NONE */
	ZCL_REFUSE_ABORT, /* the pre-2007 node: closed without a word */
};

#define ZCL_MAX_BULK 64 /* connections of one bulk type with one peer */

struct zcl_config {
	zcl_nid nid;
	uint32_t pid;
	uint64_t incarnation; /* not 0; of this start of the node, the same on all connections */
	uint32_t max_version; /* ZCL_V1 or ZCL_V2: the best that is spoken */
	/* 0, or a version above it: peers of whom nothing is known are called with that, as a newer
	   node calls, and take up the version that their refusal tells. For tests and scripts. */
	uint32_t calls_as;
	enum zcl_refusal refuses;
	bool typed;	       /* CONTROL, BULK_IN, BULK_OUT per peer; else one ANY */
	bool zc_requests;      /* ask for ZC-ACKs of payloads from zc_min_payload (V2+) */
	bool checksum;	       /* send ksm_csum (V2+); it is always checked */
	bool trace_conns_only; /* trace hears of connections, not of each message */
	uint32_t ping_features;
	size_t min_bulk;       /* bytes from which a message prefers a BULK connection */
	size_t zc_min_payload; /* bytes from which a payload is sent zero-copy */
	int64_t min_reconnect, max_reconnect; /* ns between attempts, doubled at each failure */
	int64_t socket_timeout;		      /* ns without progress */
	int64_t accept_timeout;		      /* ns for acceptor request and HELLO of a caller */
	uint32_t race_retries; /* lost races until the peer is taken to want no more */
	/* Typed: BULK_IN and BULK_OUT connections with a peer, so many of each, 1..ZCL_MAX_BULK. */
	uint32_t conns_per_peer;
	/* Limits: reaching one is ZCL_E_LIMIT for the caller, or a refused connection. */
	size_t max_peers;      /* beyond, one that is idle is forgotten for a new one */
	size_t max_handshakes; /* callers whose HELLO has not come yet */
	size_t max_queued;     /* messages under way per peer */
	size_t max_ops;	       /* PUTs and GETs under way */
	/* What waits to be sent to a peer because it asked: REPLYs, LNet ACKs, NOOPs. One that asks
	   and does not read is cut off: its connections are closed with ZCL_E_LIMIT. */
	size_t max_answers, max_answer_bytes;
	size_t max_attached; /* match entries */
	uint32_t faults;     /* ZCL_FAULT_*, only in builds that test with broken cores */
};

/* Deployed defaults (wire notes 1); nid and incarnation stay 0 for the caller to set. */
void zcl_config_init(struct zcl_config *config);

struct zcl_callbacks {
	/* Open TCP to the peer of conn; answer with zcl_conn_connected or zcl_conn_closed. */
	void (*connect)(void *user, struct zcl_conn *conn);
	/* Close in order: what was taken from zcl_conn_tx_batch still arrives. Pages are taken back
	 * as with abort. Then zcl_conn_gone. */
	void (*close)(void *user, struct zcl_conn *conn);
	/*
	 * Reset; take back from the kernel all pages that it holds, and make sure that what it
	 * may hold on to (zcl_conn_foreach_spliced) is not what the owners will write. Then
	 * zcl_conn_gone.
	 */
	void (*abort)(void *user, struct zcl_conn *conn);
	/* There is something to send (not repeated until zcl_conn_tx_batch said false). */
	void (*wake_tx)(void *user, struct zcl_conn *conn);
	/* A paused connection reads again. */
	void (*wake_rx)(void *user, struct zcl_conn *conn);
	/*
	 * The peer calls for a connection that it has: its own ends of all may be gone without a
	 * word. The backend finds out whether this one lives, and says zcl_conn_closed if not. May
	 * be NULL: then timeouts tell.
	 */
	void (*suspect)(void *user, struct zcl_conn *conn);
	/* An LNet event for the program. May be NULL. */
	void (*deliver)(void *user, const struct zcl_lnet_event *event);
	/* May be NULL. */
	void (*trace)(void *user, const struct zcl_event *event);
};

/*
 * config and callbacks are copied. NULL when config is out of range, with *err (may be NULL)
 * saying ZCL_E_INVALID.
 */
struct zcl_node *zcl_node_new(const struct zcl_config *config,
			      const struct zcl_callbacks *callbacks, void *user, enum zcl_err *err);
/*
 * Closes all connections and finishes all messages with ZCL_E_SHUTDOWN. The backend then reports
 * zcl_conn_gone for each connection; zcl_node_is_idle tells when all is over.
 */
void zcl_node_shutdown(struct zcl_node *node, int64_t now);
bool zcl_node_is_idle(const struct zcl_node *node);
/* Only when idle (asserted) or when no connection was ever made. */
void zcl_node_free(struct zcl_node *node);

const struct zcl_config *zcl_node_config(const struct zcl_node *node);
/*
 * From now on counts what is in config of: checksum, min_bulk, zc_min_payload, the times,
 * race_retries, conns_per_peer, max_peers, max_handshakes, max_queued, max_attached. What it is
 * beyond a new limit stays; deadlines that are set stay. ZCL_E_INVALID as in zcl_node_new.
 */
enum zcl_err zcl_node_tune(struct zcl_node *node, const struct zcl_config *config);
void *zcl_node_user(const struct zcl_node *node);

/* When the node wants its next tick, ns; INT64_MAX: never. May be early, is never late. */
int64_t zcl_node_expiry(const struct zcl_node *node);
void zcl_node_tick(struct zcl_node *node, int64_t now);

/*
 * Wants the peer's connection set (one ANY, or the three types) and keeps trying, with growing
 * intervals, until it is there; a set that breaks later is not renewed until a message or another
 * call asks for it. ZCL_E_INVALID (own NID, ANY, lo), ZCL_E_LIMIT.
 */
enum zcl_err zcl_node_connect(struct zcl_node *node, zcl_nid peer, int64_t now);
/*
 * Closes the peer's connections, forgets the wish; waiting messages fail with ZCL_E_ABORTED.
 * ZCL_E_NOT_FOUND.
 */
enum zcl_err zcl_node_disconnect(struct zcl_node *node, zcl_nid peer, int64_t now);

/* ---- connections: events in ------------------------------------------------------------- */

/*
 * Whether one more caller may come in now. While not, a backend leaves callers where they wait:
 * one that is taken in and turned away before its HELLO is answered would conclude from it that
 * this node is of the oldest kind (wire notes 5). It changes with a handshake that ends.
 */
bool zcl_node_may_accept(const struct zcl_node *node);
/* A TCP connection came in. backend: any pointer. NULL at a limit: the backend closes it. */
struct zcl_conn *zcl_node_accepted(struct zcl_node *node, void *backend, int64_t now);
void zcl_conn_connected(struct zcl_conn *conn, int64_t now);
/*
 * The other side closed (ZCL_E_EOF), reset (ZCL_E_RESET), refused (ZCL_E_REFUSED), is unreachable
 * or timed out, or the backend failed (ZCL_E_IO). Give the core all readable bytes first. The core
 * then asks for abort, and zcl_conn_gone ends it.
 */
void zcl_conn_closed(struct zcl_conn *conn, enum zcl_err why, int64_t now);
/*
 * The last word on a connection, after close or abort was asked: no descriptor, no page of it is
 * with the kernel any more. conn is freed. Never from inside a callback.
 */
void zcl_conn_gone(struct zcl_conn *conn, int64_t now);

/*
 * Whether payloads on this connection may go out without a copy (true when it is new). On one that
 * cannot, no ZC request is made and no batch is zc (HLD 4.1.2: not every connection supports it).
 * For messages that are queued from now on.
 */
void zcl_conn_set_zc_capable(struct zcl_conn *conn, bool capable);
/*
 * The backend copies what this connection sends, from now on (false when it is new): then ZC
 * payloads come in one batch with their headers and with what follows, and no batch is zc. ZC
 * requests are made all the same: the peer's ACK says when it has the data.
 */
void zcl_conn_set_copying(struct zcl_conn *conn, bool copying);
/* The same for payloads of fewer than `size` bytes alone. */
void zcl_conn_set_copying_below(struct zcl_conn *conn, size_t size);

/* Why payloads that go out from now on go the way that they go: for events. */
void zcl_conn_set_why(struct zcl_conn *conn, enum zcl_why why);

void zcl_conn_set_backend(struct zcl_conn *conn, void *backend);
void *zcl_conn_backend(const struct zcl_conn *conn);
struct zcl_node *zcl_conn_node(const struct zcl_conn *conn);
zcl_nid zcl_conn_peer_nid(const struct zcl_conn *conn); /* ZCL_NID_ANY before the HELLO */
uint64_t zcl_conn_number(const struct zcl_conn *conn);

/* ---- receiving ---------------------------------------------------------------------------- */

/* Inside a payload: where it goes (at most max entries); 0: receive into any memory and push. */
size_t zcl_conn_rx_iov(const struct zcl_conn *conn, struct iovec *iov, size_t max);
/* n bytes arrived in what zcl_conn_rx_iov gave. */
void zcl_conn_rx_advance(struct zcl_conn *conn, size_t n, int64_t now);
/* len bytes arrived; all are taken (after close or abort was asked: ignored). */
void zcl_conn_rx_push(struct zcl_conn *conn, const void *data, size_t len, int64_t now);
/* PARSE_WAIT: do not read until wake_rx. */
bool zcl_conn_rx_paused(const struct zcl_conn *conn);
/* Payload bytes that the present message still lacks: a hint for SO_RCVLOWAT. */
size_t zcl_conn_rx_missing(const struct zcl_conn *conn);

/* ---- sending ------------------------------------------------------------------------------ */

#define ZCL_TX_MAX_IOV 64

struct zcl_tx_batch {
	struct iovec iov[ZCL_TX_MAX_IOV];
	size_t niov;
	size_t nob; /* sum of the lengths */
	bool zc;    /* the payload of one ZC message: may go out without a copy */
	bool more;  /* more follows at once (MSG_MORE) */
	bool acked; /* the buffer of that payload, or the one behind, waits for a ZC-ACK: it may be
		       spliced */
	/* Behind iov[niov], not in nob: the ZC payload that comes next. Who copies it sends it
	 * along. */
	size_t zc_niov, zc_nob;
};

/*
 * What to send next; false: nothing. The memory is valid until the next call into this node. Many
 * small messages and handshakes come in one batch; a ZC payload comes alone, unless it is copied.
 */
bool zcl_conn_tx_batch(struct zcl_conn *conn, struct zcl_tx_batch *batch);
/*
 * nob bytes of the batch just given (and of the payload behind it) went out (0 is allowed). Other
 * ways than COPY are for a batch with zc. ZEROCOPY: the kernel still reads these pages: they have
 * the next number of this connection, counted from 0 as MSG_ZEROCOPY counts, until
 * zcl_conn_released. SPLICE, only when acked: the kernel reads them until the peer has them.
 */
void zcl_conn_tx_advance(struct zcl_conn *conn, size_t nob, enum zcl_way way, int64_t now);
/*
 * Of a connection that is to be closed or aborted: calls fn with the payload of each message of
 * which a part was spliced. With zcl_conn_gone these buffers go back to their owners, and packets
 * on their way, or received and not read, may still refer to their pages.
 */
void zcl_conn_foreach_spliced(const struct zcl_conn *conn,
			      void (*fn)(void *user, const struct iovec *iov, size_t niov),
			      void *user);
/* The kernel let go of numbers first..last (inclusive, u32 wrap-around). */
void zcl_conn_released(struct zcl_conn *conn, uint32_t first, uint32_t last, int64_t now);

/* ---- looking ------------------------------------------------------------------------------ */

struct zcl_conn_info {
	uint64_t number;
	zcl_nid peer;
	uint32_t version;
	int32_t ctype; /* this side's view */
	bool active;   /* opened by this side */
	bool up;
	size_t queued; /* messages waiting to be sent */
};
/* Calls fn for each connection, oldest first. */
void zcl_node_foreach_conn(const struct zcl_node *node,
			   void (*fn)(void *user, const struct zcl_conn_info *info), void *user);

struct zcl_peer_info {
	zcl_nid nid;
	uint32_t version;     /* remembered for calling it; 0: none */
	bool version_told;    /* by the peer's own refusal */
	uint64_t incarnation; /* 0: unknown */
	bool connecting;
	size_t conns_up;
	size_t waiting;	    /* messages that wait for a connection */
	size_t zc_requests; /* not acknowledged yet */
};
/* ZCL_E_NOT_FOUND. */
enum zcl_err zcl_node_peer_info(const struct zcl_node *node, zcl_nid peer,
				struct zcl_peer_info *info);
/* A peer is remembered to speak `version` (scripts: "remembers"). ZCL_E_INVALID, ZCL_E_LIMIT. */
enum zcl_err zcl_node_remember(struct zcl_node *node, zcl_nid peer, uint32_t version);

struct zcl_stats {
	uint64_t messages_sent, messages_received;	  /* LNET messages */
	uint64_t payload_sent, payload_received;	  /* bytes */
	uint64_t zc_messages[ZCL_WAY_LAST][ZCL_WHY_LAST]; /* ZC messages sent, and why so */
	uint64_t zc_bytes[ZCL_WAY_LAST]; /* of ZC payloads sent, by how they went */
	uint64_t noops_sent, noops_received;
	uint64_t bytes_sent, bytes_received; /* everything, handshakes too */
	uint64_t zc_requests;		     /* cookies given */
	uint64_t acks_piggybacked;	     /* onto a message that was queued */
	uint64_t acks_coalesced;	     /* a queued NOOP replaced by a later LNET message */
	uint64_t acks_noop;		     /* ACKs that went out in NOOPs */
	uint64_t acks_received;
	uint64_t buffers_released; /* ZC buffers back with their owners */
	uint64_t dropped;	   /* messages that nobody wanted */
	uint64_t refusals_made, refusals_met, fallbacks, retries, protocol_errors;
	uint64_t conns_opened;
	uint64_t forgotten; /* peers that were idle, for others (max_peers) */
	uint64_t cut_off;   /* peers, each time that they asked and did not read (max_answers) */
};
const struct zcl_stats *zcl_node_stats(const struct zcl_node *node);

#endif
