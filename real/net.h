/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_NET_H
#define ZREAL_NET_H

#include <glib.h>
#include <netinet/in.h>

#include "core/node.h"
#include "real/clock.h"
#include "real/loop.h"
#include "real/sock.h"
#include "real/way.h"

/*
 * A node on real sockets: one NI of the core, its listener and its connections, on one loop. All
 * calls from the loop's thread. Program callbacks (deliver, trace) come from inside the core: they
 * note what happened, and act on it later (zloop_work).
 */
struct zreal_node;

enum zreal_accept {
	ZREAL_ACCEPT_ALL,    /* callers from any source port */
	ZREAL_ACCEPT_SECURE, /* only from reserved ports (below 1024) */
};

/* When a call leaves from a reserved port, if that may be. */
enum zreal_reserved {
	ZREAL_RESERVED_AUTO,   /* to port 988, whose acceptors are Lustre's */
	ZREAL_RESERVED_ALWAYS, /* to every port */
	ZREAL_RESERVED_NEVER,
};

/* Events of the backend alone. */
enum zreal_note {
	ZREAL_NOTE_UNRESERVED,	  /* a caller closed by accept=secure */
	ZREAL_NOTE_LIMIT,	  /* a caller closed: the core has no room */
	ZREAL_NOTE_FILES,	  /* a caller closed: no descriptors; addr is NULL */
	ZREAL_NOTE_NOT_PERMITTED, /* a call leaves from an ordinary port: may not bind reserved */
	ZREAL_NOTE_PORTS_IN_USE,  /* ... since all reserved ones are taken */
};

struct zreal_options {
	struct zcl_config core; /* an incarnation of 0 is replaced by the wall clock in ns */
	bool listens;
	struct sockaddr_in listen; /* port 0: any */
	int listen_fd;		   /* listens already, and becomes the node's; -1: none */
	enum zreal_accept accept;
	enum zreal_reserved reserved;
	enum zway way;
	uint32_t faults;       /* ZREAL_FAULT_*, only in builds that test with broken nodes */
	uint16_t peer_port;    /* where peers listen that have no address of their own set */
	struct in_addr source; /* where calls come from; 0: the listening address, else the NID's,
				  when this machine has it; else whatever the kernel chooses */
	int keepalive;	       /* seconds of silence after which TCP asks whether the peer is there
				  (30); 0: never, and TCP has no timeout of its own either */
	bool no_spare;	       /* descriptors do not run out: none is kept to turn callers away */
	bool only_known_peers; /* those of zreal_node_set_peer; others are unreachable */
	const struct zclock *clock; /* outlives the node; NULL: the monotonic clock */
	void (*deliver)(void *user, const struct zcl_lnet_event *event); /* may be NULL */
	void (*trace)(void *user, const struct zcl_event *event);	 /* may be NULL */
	/*
	 * At the end of each pass in which something happened, before what is to be sent is sent,
	 * and again after it: outside of the core, so that the program may submit. May be NULL.
	 */
	void (*settle)(void *user);
	/* What other threads ask for, before received bytes are looked at. May be NULL. */
	void (*catch_up)(void *user);
	/*
	 * An accepted caller that `accept` lets in: true when it was taken over (with fd), to be
	 * given to some node by zreal_node_adopt or zreal_node_adopt_late. May be NULL.
	 */
	bool (*route)(void *user, int fd, const struct sockaddr_in *from);
	/*
	 * Whether route can take one more; while not, callers wait in the kernel's queue, until a
	 * zreal_node_kick after which it can. May be NULL.
	 */
	bool (*has_room)(void *user);
	/* What the core does not see. addr: of the caller, or of who is called. May be NULL. */
	void (*note)(void *user, enum zreal_note note, const struct sockaddr_in *addr);
	void *user;
};

/* Deployed defaults: listens at the NID's address, port 988; accept=secure; way auto. */
void zreal_options_init(struct zreal_options *options, zcl_nid nid);

/* NULL with *error: the address cannot be listened at, the configuration is out of range. */
struct zreal_node *zreal_node_new(struct zloop *loop, const struct zreal_options *options,
				  GError **error);
/*
 * Closes the listener and all connections, finishes all messages; calls done(data) (may be NULL)
 * from the loop when nothing is left, after which zreal_node_free is legal.
 */
void zreal_node_shutdown(struct zreal_node *node, void (*done)(void *data), void *data);
/* Idle nodes only: after shutdown's done, or when no connection was ever made. */
void zreal_node_free(struct zreal_node *node);

/*
 * The other end of a connection, by the number that the core gave it (zcl_event.conn). False: it is
 * gone, or has no socket yet. Legal in callbacks; walks all connections.
 */
bool zreal_node_remote(const struct zreal_node *node, uint64_t conn, struct sockaddr_in *addr);

struct zcl_node *zreal_node_core(struct zreal_node *node);
/* The time to give to the core, in the node's clock. */
int64_t zreal_node_now(struct zreal_node *node);
/* The same, as of the present pass: to look at the clock costs as much as a small message does. */
int64_t zreal_node_recent(const struct zreal_node *node);
/* After calls into the core: its requests are seen to at the end of this pass. */
void zreal_node_kick(struct zreal_node *node);
/* Where it listens, with the real port. */
struct sockaddr_in zreal_node_address(const struct zreal_node *node);
/*
 * Takes a connected TCP socket as a caller of this node, none of its bytes read; what it has said
 * is read now. from: where it came from. Closes it when the node is stopping or at a limit.
 */
void zreal_node_adopt(struct zreal_node *node, int fd, const struct sockaddr_in *from);
/* The same of a caller that did not say in time who it is: that is noted, and it is closed. */
void zreal_node_adopt_late(struct zreal_node *node, int fd, const struct sockaddr_in *from);
/* Where a peer is called. False: nowhere. Legal in callbacks. */
bool zreal_node_peer(const struct zreal_node *node, zcl_nid nid, struct sockaddr_in *addr);
/* Where a peer is found, instead of its NID's address at peer_port. */
void zreal_node_set_peer(struct zreal_node *node, zcl_nid nid, const struct sockaddr_in *addr);

struct zreal_stats {
	struct zway_stats way;
	uint64_t accepted, connected;
	uint64_t refused_unreserved; /* callers closed by accept=secure */
	uint64_t refused_limit;	     /* closed at a limit of the core */
	uint64_t held;		/* times that callers had to wait for others, or for a descriptor */
	uint64_t refused_files; /* closed for want of descriptors */
	uint64_t reserved_sources, ordinary_sources; /* of our calls */
	uint64_t reads, direct_bytes, scratch_bytes; /* received in place, and by way of scratch */
	size_t conns, pinned; /* now: connections; sends whose pages the kernel has */
};
const struct zreal_stats *zreal_node_stats(const struct zreal_node *node);

#define ZREAL_ERROR (zreal_error_quark())
GQuark zreal_error_quark(void); /* codes: enum zcl_err */

#endif
