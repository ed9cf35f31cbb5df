/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_RAWNODE_H
#define TESTS_CORE_RAWNODE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "core/node.h"

/* One node against bytes written by hand: the other side is no node, but the test. */

#define RAWNODE_SELF zcl_nid_tcp(0x0a000009, 0)
#define RAWNODE_PEER zcl_nid_tcp(0x0a000001, 0)

struct rawnode {
	struct zcl_node *node;
	struct zcl_conn *conn; /* the last one */
	GByteArray *out;       /* what the node sent */
	bool closed, aborted;
	enum zcl_err error;	    /* of the last protocol-error event */
	enum zcl_reason refused;    /* of the last refusal */
	struct zcl_lnet_event last; /* that was delivered */
};

/* A node that speaks up to version, not typed, and without checksums. */
struct rawnode *rawnode_new(uint32_t version, enum zcl_refusal refuses);
/* One of V2 that has been called by RAWNODE_PEER. */
struct rawnode *rawnode_called(void);
/* Checks that nothing is left of it. */
void rawnode_free(struct rawnode *r);

/* RAWNODE_PEER calls, in either byte order, with acceptor request and HELLO for target. */
void rawnode_call(struct rawnode *r, bool big, zcl_nid target, uint32_t version);
/* A connection of this type, on V2. */
void rawnode_call_typed(struct rawnode *r, uint32_t ctype);

/* The connection receives these bytes, and sends all that it then has to. */
void rawnode_hear(struct rawnode *r, const void *data, size_t len);
/* It sends all that it has to. */
void rawnode_drain(struct rawnode *r);

#endif
