/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_RAWNODE_H
#define TESTS_CORE_RAWNODE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "core/node.h"

/*
 * One node against bytes written by hand: the other side is no node, but the test. The test moves
 * time, too: what happens, happens at r->now.
 */

#define RAWNODE_SELF zcl_nid_tcp(0x0a000009, 0)
#define RAWNODE_PEER zcl_nid_tcp(0x0a000001, 0)
#define RAWNODE_BULK 20000 /* bytes of rawnode_put */

struct rawnode {
	struct zcl_node *node;
	struct zcl_conn *conn; /* the last one */
	GQueue ended;	       /* struct zcl_conn: closed or aborted, and not yet gone */
	int64_t now;
	zcl_nid peer;	      /* who calls, is called, and answers: RAWNODE_PEER at first */
	uint64_t incarnation; /* of the peer */
	GByteArray *out;      /* what the node sent */
	bool closed, aborted;
	enum zcl_err error;	    /* of the last protocol-error event */
	enum zcl_reason refused;    /* of the last refusal */
	struct zcl_lnet_event last; /* that was delivered */
	GArray *events;		    /* struct zcl_event, all of them */
	guint connects, suspects;   /* requests of the node */
};

/* What the nodes here are configured with: up to version, not typed, without checksums. */
struct zcl_config rawnode_config(uint32_t version);
struct rawnode *rawnode_new_of(const struct zcl_config *config);
/* A node that speaks up to version, not typed, and without checksums. */
struct rawnode *rawnode_new(uint32_t version, enum zcl_refusal refuses);
/* One of V2 that has been called by RAWNODE_PEER. */
struct rawnode *rawnode_called(void);
/* Checks that nothing is left of it. */
void rawnode_free(struct rawnode *r);
/* Connections that have ended are gone. */
void rawnode_bury(struct rawnode *r);

/* The peer calls, in either byte order, with acceptor request and HELLO for target. */
void rawnode_call(struct rawnode *r, bool big, zcl_nid target, uint32_t version);
/* A connection of this type, on V2. */
void rawnode_call_typed(struct rawnode *r, uint32_t ctype);

/* The connection receives these bytes, and sends all that it then has to. */
void rawnode_hear(struct rawnode *r, const void *data, size_t len);
/* It sends all that it has to. */
void rawnode_drain(struct rawnode *r);
/* It receives an LNet message without cookies and payload, or a NOOP that acknowledges. */
void rawnode_hear_lnet(struct rawnode *r, const struct zcl_lnet_hdr *hdr);
void rawnode_hear_noop(struct rawnode *r, uint64_t cookie);

/* The node is told to call the peer, and does: request and HELLO are sent. */
void rawnode_dial(struct rawnode *r);
/* The call that it has made by itself arrives. */
void rawnode_connected(struct rawnode *r);
/* The peer answers, with r->incarnation. */
void rawnode_hello_from(struct rawnode *r, struct zcl_hello hello);
/* A PUT of bulk to the peer is submitted. */
void rawnode_put(struct rawnode *r);

guint rawnode_count(const struct rawnode *r, enum zcl_event_kind kind);
/* The last event of a kind; NULL: none. Valid until the next one. */
const struct zcl_event *rawnode_event(const struct rawnode *r, enum zcl_event_kind kind);
/* Connections that are up. */
guint rawnode_conns(const struct rawnode *r);

#endif
