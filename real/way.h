/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_WAY_H
#define ZREAL_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/way.h"

/*
 * How the payloads of ZC messages go out: chosen for each message, from what the configuration
 * wants, what the payload is, and what the kernel was seen to do on this connection.
 */
enum zway {
	ZWAY_COPY,     /* as enum zcl_way */
	ZWAY_ZEROCOPY, /* where the socket has it; else copy */
	ZWAY_SPLICE,   /* registered memory that a ZC-ACK releases; else copy */
	ZWAY_AUTO, /* splice where it may be, else MSG_ZEROCOPY while it gains something, else copy
		    */
	ZWAY_LAST
};

/* Never NULL. */
const char *zway_name(enum zway way);
/* False when it is no way's name. */
bool zway_parse(const char *text, enum zway *way);

/* What one socket does. */
struct zway_state {
	enum zway wanted;
	enum zcl_way way;	  /* of the present message's payload, */
	enum zcl_why why;	  /* and why */
	enum zcl_why no_zerocopy; /* NONE, or why MSG_ZEROCOPY is not used (any more) */
	bool no_splice;		  /* it failed */
	uint32_t outstanding;	  /* MSG_ZEROCOPY sends whose pages the kernel still has */
};

struct zway_stats {
	uint64_t sends[ZCL_WAY_LAST];			   /* system calls with ZC payload */
	uint64_t plain_sends, plain_bytes;		   /* headers, NOOPs, small messages */
	uint64_t fallbacks[ZCL_WHY_LAST];		   /* connections that gave up a way */
	uint64_t notices, completions, completions_copied; /* from the error queue */
	uint64_t nobufs;
	uint64_t detached, undetached; /* bytes, for which other pages came, or could not */
};

/* For a new socket. */
void zway_init(struct zway_state *state, enum zway wanted, int fd);
/* Chooses state->way and ->why for a message with this payload. acked: a ZC-ACK releases it. */
void zway_choose(struct zway_state *state, const struct iovec *iov, size_t niov, size_t nob,
		 bool acked);
/* Payloads of fewer bytes go by copy here, whatever they are (SIZE_MAX: all); ->no_zerocopy is why.
 */
size_t zway_copies_below(const struct zway_state *state);
/* The present way is given up on this connection; the rest of the present message is copied. */
void zway_fall_back(struct zway_state *state, struct zway_stats *stats, enum zcl_why why);

/*
 * Reads the error queue to its end and calls released(user, first, last) for each range of
 * MSG_ZEROCOPY numbers that the kernel let go of. In `auto` the first COPIED ends the use of
 * MSG_ZEROCOPY on this socket.
 */
void zway_drain(struct zway_state *state, struct zway_stats *stats, int fd,
		void (*released)(void *user, uint32_t first, uint32_t last), void *user);

#endif
