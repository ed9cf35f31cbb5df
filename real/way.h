/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_WAY_H
#define ZREAL_WAY_H

#include <stdbool.h>
#include <stdint.h>

/* How the payload of a ZC message goes out, and what was observed of it. */
enum zway {
	ZWAY_COPY,     /* the kernel copies: let go at once */
	ZWAY_ZEROCOPY, /* MSG_ZEROCOPY: let go when the error queue says so */
	ZWAY_AUTO,     /* ZEROCOPY until a connection turns out to gain nothing from it */
	ZWAY_LAST
};

/* Why a payload that might have gone without a copy was copied. */
enum zway_why {
	ZWHY_ASKED,	  /* --way copy */
	ZWHY_UNSUPPORTED, /* the socket has no SO_ZEROCOPY */
	ZWHY_COPIED,	  /* the kernel reported that it copied after all (loopback, veth) */
	ZWHY_NOBUFS,	  /* ENOBUFS with nothing outstanding: RLIMIT_MEMLOCK, optmem_max */
	ZWHY_LAST
};

/* Never NULL. */
const char *zway_name(enum zway way);
const char *zway_why_name(enum zway_why why);
/* False when it is no way's name. */
bool zway_parse(const char *text, enum zway *way);

/* What one socket does; way is COPY or ZEROCOPY. */
struct zway_state {
	enum zway way;
	enum zway_why why;    /* of COPY */
	bool forced;	      /* stay with ZEROCOPY even when COPIED is reported */
	uint32_t outstanding; /* sends whose pages the kernel still has */
};

struct zway_stats {
	uint64_t sends[ZWAY_AUTO], bytes[ZWAY_AUTO];	   /* system calls and bytes per way */
	uint64_t copied_why[ZWHY_LAST];			   /* sends copied, by reason */
	uint64_t plain_sends, plain_bytes;		   /* headers, NOOPs, small messages */
	uint64_t notices, completions, completions_copied; /* from the error queue */
	uint64_t nobufs;
};

/* For a new socket. */
void zway_init(struct zway_state *state, enum zway wanted, int fd);
void zway_fall_back(struct zway_state *state, enum zway_why why);

/*
 * Reads the error queue to its end and calls released(user, first, last) for each range of
 * MSG_ZEROCOPY numbers that the kernel let go of. In `auto` the first COPIED ends the use of
 * MSG_ZEROCOPY on this socket.
 */
void zway_drain(struct zway_state *state, struct zway_stats *stats, int fd,
		void (*released)(void *user, uint32_t first, uint32_t last), void *user);

#endif
