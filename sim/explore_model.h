/* SPDX-License-Identifier: MIT */
#ifndef ZX_MODEL_H
#define ZX_MODEL_H

#include "scenarios/ast.h"

/*
 * What is explored: the peers and actions of one case of a race script, and how much may go wrong.
 * Nothing here changes during an exploration.
 */

#define ZX_MAX_NODES 8u	 /* peers of a script that is explored */
#define ZX_MAX_DEEDS 32u /* its `at` lines */

/* Payloads are cut down to one size for each way in which the core treats them. */
#define ZX_MIN_BULK 256u /* bytes with headers, in place of the default 1 KiB */
#define ZX_MIN_ZC   256u /* bytes, in place of the default 16 KiB */

enum zx_property {
	ZX_ONE_CONN,
	ZX_INITIATOR,
	ZX_ONE_INCARNATION,
	ZX_ENDS_ONCE,
	ZX_DELIVERED_ONCE,
	ZX_EARLY_RELEASE,
	ZX_EARLY_ACK,
	ZX_COOKIE_ONCE,
	ZX_NEEDLESS_FAILURE,
	ZX_BOUNDED_RETRIES,
	ZX_LEFT_CONNECTING,
	ZX_PROTOCOL_ERROR,
	ZX_ASSERT,
	ZX_PROPERTIES,
};

/* "exactly-one-conn-per-type" ... */
const char *zx_property_name(enum zx_property property);
/* One line for people. */
const char *zx_property_text(enum zx_property property);

struct zx_options {
	unsigned crashes; /* restarts of a peer, with a new incarnation, on one path */
	unsigned outages; /* crashes of a peer that is back some time later, on one path */
	unsigned resets;  /* connections reset or refused, on one path */
	unsigned timers;  /* timers that run out while messages are under way, on one path */
	bool lazy_send;	  /* what is queued is sent some time later, not at once */
	bool cuts;	  /* units are also cut behind the acceptor request and LNet headers */
	bool no_pins;	  /* the kernel lets go of zero-copy pages at once */
	bool off[ZX_PROPERTIES];
	uint32_t faults; /* ZCL_FAULT_*, in builds that have them */
};

/* What a script does, at a time or in a chain. */
struct zx_deed {
	const struct zrace_statement *statement;
	enum zrace_action_kind kind; /* CONNECT, PUT, PING */
	unsigned peer, other;
	size_t size; /* PUT: payload bytes, as explored */
};

struct zx_model {
	const struct zrace_script *script;
	size_t case_index;
	struct zx_options options;
	size_t npeers;
	zcl_nid nids[ZX_MAX_NODES];
	struct zx_deed deeds[ZX_MAX_DEEDS];
	size_t ndeeds;
	bool unforced; /* the script has lines that force one order, or are about one: left out */
	uint8_t payload[ZX_MIN_ZC];
};

/* False, with *why (static), when the case is too large. The script must live longer. */
bool zx_model_init(struct zx_model *model, const struct zrace_script *script, size_t case_index,
		   const struct zx_options *options, const char **why);
/* The configuration of a peer after so many restarts. */
struct zcl_config zx_model_config(const struct zx_model *model, unsigned peer, uint32_t restarts);
/* The index of the peer with this NID; ZX_MAX_NODES: none. */
unsigned zx_model_peer(const struct zx_model *model, zcl_nid nid);

#endif
