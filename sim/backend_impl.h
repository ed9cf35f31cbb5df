/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_BACKEND_IMPL_H
#define ZSIM_BACKEND_IMPL_H

#include <glib.h>

#include "scenarios/gate.h"
#include "sim/backend.h"

/* Inside the backend: what backend.c (the node) and backend_conn.c (a connection) share. */

#define ZSIMNODE_SCRATCH ((size_t)64 * 1024)

struct zsimnode {
	zsim *sim;
	zsim_host *host;
	struct zsimnode_options options;
	struct zcl_node *core;
	zsim_listener *listener;
	zsim_event *tick; /* NULL: none */
	int64_t tick_at;
	zsim_event *pass;  /* the next time that all get to send; NULL: none */
	GQueue conns;	   /* of struct zsimconn */
	GQueue pending;	   /* of struct zsimconn: those that the core asked something of */
	GHashTable *held;  /* address -> units, of what is held at all */
	uint16_t src_port; /* the last one that was tried */
	bool serving, freeing;
	uint8_t scratch[ZSIMNODE_SCRATCH];
};

/* What the core asked of a connection and was not done yet. */
enum zsimconn_ask {
	ZSIMCONN_CONNECT = 1 << 0,
	ZSIMCONN_CLOSE = 1 << 1,
	ZSIMCONN_ABORT = 1 << 2,
	ZSIMCONN_TX = 1 << 3,
	ZSIMCONN_RX = 1 << 4,
};

struct zsimconn {
	struct zsimnode *node;
	struct zcl_conn *core;
	zsim_tcp *tcp;	    /* NULL: not opened */
	struct zgate *gate; /* NULL: none, or not connected yet */
	uint32_t from;	    /* the other host */
	unsigned call;	    /* its number between the two hosts */
	bool connected;
	bool tx_due;	       /* has to send, waits for the pass */
	enum zcl_err end;      /* how the stream ended; ZCL_OK: it did not */
	bool end_told;	       /* to the gate, or to the core */
	enum zcl_err late_end; /* came out of the gate while the core did not read */
	unsigned asks;
	GList link;	    /* in node->conns */
	GList pending_link; /* in node->pending while asks is not 0 */
};

struct zsimconn *zsimconn_new(struct zsimnode *node, struct zcl_conn *core, uint32_t from);
void zsimconn_ask(struct zsimconn *conn, enum zsimconn_ask what);
/* Does what was asked for; conn may be gone after it. */
void zsimconn_serve(struct zsimconn *conn);
/* An open connection is reset from outside; to the core it looks as if the other side did it. */
void zsimconn_reset(struct zsimconn *conn);
/* A pass of the sender: sends when it has to. */
void zsimconn_pass(struct zsimconn *conn);
/* A zsim_accept_fn; user: the node. */
void zsimconn_accept(zsim_tcp *tcp, void *user);

/* Asks for a pass after the configured delay. */
void zsimnode_want_pass(struct zsimnode *node);
/* The units that are held of what comes from there. */
unsigned zsimnode_held(const struct zsimnode *node, uint32_t from);

#endif
