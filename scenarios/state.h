/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_STATE_H
#define ZRACE_STATE_H

#include "scenarios/ast.h"

/* How two peers stand to each other, read from both of their cores. */
struct zrace_side {
	unsigned up;	  /* connections with the other */
	unsigned coming;  /* that are not up, or whose caller is not known yet */
	uint32_t version; /* of those up; 0: none; UINT32_MAX: several */
	unsigned opened;  /* how many of those up this side opened */
	bool connecting;
	size_t waiting; /* messages */
};

struct zrace_state {
	bool crashed; /* one of them is not there: there is nothing that both could see */
	unsigned peer[2];
	zcl_nid nid[2];
	struct zrace_side side[2];
};

/* Nothing is known yet of the peers a and b, and of their NIDs. */
void zrace_state_init(struct zrace_state *state, const unsigned peer[2], const zcl_nid nid[2]);
/* Adds what this node of one side (0 or 1) sees; NULL: crashed. Two with one NID are one side. */
void zrace_state_add(struct zrace_state *state, int side, const struct zcl_node *node);
/* Nothing is under way between them, and both see the same number of connections. */
bool zrace_state_settled(const struct zrace_state *state);
/* Whether finally holds; if not, "expected ..., got ..." is appended to why (may be NULL). */
bool zrace_state_holds(const struct zrace_state *state, const struct zrace_finally *finally,
		       const struct zrace_script *script, GString *why);
/* "conns=1 version=v1 initiator=old". Appends. */
void zrace_state_words(const struct zrace_state *state, const struct zrace_script *script,
		       GString *text);

#endif
