/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CONN_H
#define ZREAL_CONN_H

#include "real/net.h"
#include "real/splice.h"

/*
 * The inside of a zreal_node, shared by net.c (the node), listener.c (its callers), conn.c (a
 * connection's life), rx.c, tx.c.
 */

#define ZREAL_SCRATCH (64 * 1024)

/* What the core asked for and the loop has yet to do. */
enum zreal_ask {
	ZREAL_ASK_CONNECT = 1 << 0,
	ZREAL_ASK_CLOSE = 1 << 1,
	ZREAL_ASK_ABORT = 1 << 2,
	ZREAL_ASK_TX = 1 << 3,
	ZREAL_ASK_RX = 1 << 4,
};
#define ZREAL_ASK_END (ZREAL_ASK_CLOSE | ZREAL_ASK_ABORT)

enum zreal_conn_state {
	ZREAL_NEW,	  /* connect was asked, nothing is done yet */
	ZREAL_CONNECTING, /* SYN is out */
	ZREAL_OPEN,
	ZREAL_FAILED,  /* reported to the core by zcl_conn_closed; it will ask for abort */
	ZREAL_CLOSING, /* FIN is out; reads and discards until the other side ends too */
	ZREAL_ABORTED, /* RST is out; waits for the pages that the kernel has */
};

struct zreal_conn {
	struct zreal_node *node;
	struct zcl_conn *core;
	struct zloop_io io; /* io.fd: -1 until there is a socket */
	enum zreal_conn_state state;
	unsigned asked;		  /* enum zreal_ask */
	GList pending;		  /* in node->pending while asked is not 0 */
	GList link;		  /* in node->conns */
	struct zloop_timer timer; /* OPEN: the end of a probe; CLOSING: of the wait for a FIN */
	struct zway_state way;
	struct zsplice splice;
	struct sockaddr_in remote; /* port 0: not known yet */
	int lowat;		   /* SO_RCVLOWAT as it is set */
	int send_error;	 /* errno of a failed send: acted on after what can be read is read */
	bool paused;	 /* PARSE_WAIT: does not read */
	bool tx_blocked; /* waits for EPOLLOUT */
	bool tx_starved; /* ENOBUFS: waits for the error queue */
};

struct zreal_node {
	struct zloop *loop;
	struct zreal_options options;
	const struct zclock *clock;
	int64_t last_now; /* what the core was told last */
	struct zcl_node *core;
	struct zloop_io listener;
	struct sockaddr_in address; /* of the listener */
	struct in_addr source;
	int spare;	   /* a descriptor to give up when there are no others (EMFILE) */
	GHashTable *peers; /* NID -> struct sockaddr_in */
	GQueue conns, pending;
	struct zloop_work work;
	struct zloop_timer tick;
	struct zloop_timer breath; /* until callers are looked at again, for want of descriptors */
	void (*done)(void *data);  /* when a shutdown is over; NULL: nobody is told */
	void *done_data;
	bool holding; /* callers wait in the kernel's queue */
	bool stopping;
	struct zreal_stats stats;
	uint8_t scratch[ZREAL_SCRATCH];
};

/* net.c */
/* The time for what comes with each message: exact when it is traced, else as of this pass. */
int64_t zreal_node_stamp(struct zreal_node *node);
void zreal_note(const struct zreal_node *node, enum zreal_note note,
		const struct sockaddr_in *addr);

/* listener.c */
void zreal_listener_init(struct zreal_node *node);
/* Does nothing on a node that does not listen. */
bool zreal_listener_start(struct zreal_node *node, GError **error);
void zreal_listener_stop(struct zreal_node *node);
/* Callers that were held are looked at when there is room for them again. */
void zreal_listener_admit(struct zreal_node *node);
void zreal_listener_clear(struct zreal_node *node);

/* conn.c */
struct zreal_conn *zreal_conn_new(struct zreal_node *node);
/* Notes a request of the core: for callbacks. */
void zreal_conn_ask(struct zreal_conn *conn, unsigned asks);
/* Does what was asked. May free conn. */
void zreal_conn_serve(struct zreal_conn *conn);
/* A socket that is connected already (accepted) or on its way. */
void zreal_conn_attach(struct zreal_conn *conn, int fd, const struct sockaddr_in *remote,
		       enum zreal_conn_state state);
/* The peer may have lost its end: asks its kernel. */
void zreal_conn_suspect(struct zreal_conn *conn);
/* The connection is broken: tells the core. */
void zreal_conn_fail(struct zreal_conn *conn, enum zcl_err why);
/* Watches what the state now asks for. */
void zreal_conn_watch(struct zreal_conn *conn);
/* Frees one that the core never knew. */
void zreal_conn_discard(struct zreal_conn *conn);

/* rx.c: reads until there is no more, a fairness bound, or the core has had enough. */
void zreal_conn_receive(struct zreal_conn *conn);
/* Reads once, without knowing whether there is something. */
enum zloop_look zreal_conn_look(struct zreal_conn *conn);

/* tx.c: sends until the socket is full or the core has nothing; reads the error queue. */
void zreal_conn_send(struct zreal_conn *conn);
void zreal_conn_completions(struct zreal_conn *conn);

#endif
