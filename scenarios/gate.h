/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_GATE_H
#define ZRACE_GATE_H

#include "scenarios/world.h"

/*
 * One direction of one TCP stream, let through message by message: bytes go in as they come, and
 * come out in whole protocol messages unless their kind is held. Decoding is the core's. The
 * simulation has a gate before each receiving node, the relay on real sockets one per direction.
 */
struct zgate;

struct zgate_callbacks {
	/* Bytes that may pass now, in order. */
	void (*forward)(void *user, const uint8_t *data, size_t len);
	/* The end of the stream may pass now: ZCL_E_EOF, ZCL_E_RESET ... */
	void (*end)(void *user, enum zcl_err why);
	/* A unit was caught (once for each). */
	void (*held)(void *user, enum zworld_unit unit);
};

/*
 * from_active: the direction that opens with an acceptor request. held: the set of units that is
 * held now. Bytes that do not decode pass as they are (the core behind the gate judges them).
 */
struct zgate *zgate_new(bool from_active, unsigned held, const struct zgate_callbacks *callbacks,
			void *user);
void zgate_free(struct zgate *gate);
/* Callbacks may fire inside these; they do not call the gate back. */
void zgate_push(struct zgate *gate, const void *data, size_t len);
void zgate_end(struct zgate *gate, enum zcl_err why);
/* The set of held units changes; what waits and is not held any more passes. */
void zgate_set_held(struct zgate *gate, unsigned held);
/*
 * Lets exactly the unit at the head go, when it is held and of this kind; what follows is held as
 * before. A reset overtakes what waits before it, which is then lost, as with TCP. False: there is
 * no such unit.
 */
bool zgate_pass(struct zgate *gate, unsigned unit);
/* Whether zgate_pass would find one. */
bool zgate_can_pass(const struct zgate *gate, unsigned unit);
/* The connection is reset in between: what waits is lost, and the end passes as it is. But while
   ends are held, the reset waits behind the rest, and nothing that comes later follows it. */
void zgate_reset(struct zgate *gate);
/* The unit that is held at the head; 0: none. */
unsigned zgate_waiting(const struct zgate *gate);

#endif
