/* SPDX-License-Identifier: MIT */
#ifndef ZCL_RACE_H
#define ZCL_RACE_H

#include "core/event.h"
#include "core/wire.h"

/*
 * What the passive side knows when a caller's HELLO has come (HLD 4.2.4, 5; wire notes 5).
 */
struct zcl_race_input {
	zcl_nid self;
	zcl_nid peer;		    /* the caller; not self */
	uint32_t max_version;	    /* the best that is spoken here */
	uint32_t version;	    /* the caller's; a number outside 1..max_version is unknown */
	bool connecting;	    /* this side is calling the peer, fallback included */
	uint64_t known_incarnation; /* of what is up with it; 0: nothing is */
	uint64_t incarnation;	    /* the caller's */
	uint32_t live_version;	    /* of the connections that are up with the peer; 0: none */
	bool have_type;		    /* a connection of the asked type is up */
};

/*
 * ZCL_REASON_NONE: accept; else why to refuse, in this order of precedence: VERSION (decided
 * before the race is looked at), RACE, STALE, DUPLICATE. Pure; thread-safe.
 */
enum zcl_reason zcl_race_decide(const struct zcl_race_input *in);

#endif
