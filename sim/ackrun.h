/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_ACKRUN_H
#define ZSIM_ACKRUN_H

#include <glib.h>

#include "core/node.h"

/*
 * One measurement of what ACKs cost. Two nodes on two hosts of a star; A keeps a window of bulk
 * PUTs under way to B (no LNet ACK wanted), B meanwhile sends small PUTs to A: the reverse
 * traffic, on which ZC-ACKs can travel. Its times are drawn before the start and do not depend on
 * what arrives (open loop).
 */
struct zackrun_case {
	uint32_t version; /* ZCL_V1, ZCL_V2: of both nodes */
	bool typed;	  /* CONTROL, BULK_IN, BULK_OUT; else one ANY connection */
	size_t bulk_size; /* bytes of a PUT of A, 1..ZCL_LNET_MTU */
	size_t bulk_messages;
	size_t window;	     /* bulk PUTs under way at a time */
	size_t reverse_size; /* bytes of a PUT of B, 1..ZCL_LNET_MTU */
	size_t reverse_messages;
	int64_t reverse_span;	/* ns: reverse PUTs lie between the start and so much later */
	int64_t latency;	/* ns, one way, from A to B */
	uint64_t bandwidth_bps; /* of the path */
	uint32_t mtu;		/* IP bytes a packet */
	int64_t tx_delay;	/* ns: zsimnode_options.tx_delay of both nodes */
	uint64_t seed;		/* of the simulation */
	GRand *random;		/* the times of reverse PUTs; borrowed */
};

/* From the first PUT on; what connecting took is left out. */
struct zackrun_result {
	struct zcl_stats a, b;
	int64_t bulk_span; /* ns until B had the last bulk payload */
	int64_t span;	   /* ns until all was delivered and released */
	uint64_t b_wire;   /* IP bytes that B sent, TCP's own ACKs too */
};

/* False with *why (static) when the nodes do not connect or the messages do not end. */
bool zackrun(const struct zackrun_case *run, struct zackrun_result *result, const char **why);

#endif
