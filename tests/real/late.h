/* SPDX-License-Identifier: MIT */
#ifndef TESTS_REAL_LATE_H
#define TESTS_REAL_LATE_H

#include <glib.h>
#include <netinet/in.h>

#include "core/node.h"
#include "real/loop.h"
#include "real/mem.h"

/*
 * A peer that reads to a certain byte of the stream and no further, sees the connection end in some
 * way, and then reads what is queued. One untyped connection, which it does not open; what comes
 * lands in a sink.
 */

#define LATE_PORTAL 50
#define LATE_EMPTY  0xee /* of the sink, before anything comes */

enum late_ending {
	LATE_BREAKS,  /* sends what is no message: the sender gives the connection up */
	LATE_FREEZES, /* stands still until the sender's patience is at its end */
	LATE_RESETS,  /* resets, as the kernel does for a process that is killed; reads nothing */
	LATE_ENDS,    /* says that it will send no more */
	LATE_CLOSED,  /* ... and the sender is closed in order at the same time */
	LATE_LAST
};

struct late {
	struct zloop *loop;
	struct zloop_io listener, io;
	int fd; /* also when it is not in the loop */
	struct zcl_node *core;
	struct zcl_conn *conn; /* NULL: gone, or not there yet */
	struct sockaddr_in address;
	uint8_t *sink;
	size_t stop, got; /* bytes of the stream */
	bool stands_still, finished;
	bool over; /* the core asked for the end */
};

/* An address in 127/8 that nobody else uses. */
uint32_t late_address(void);

/* buffer: SO_RCVBUF, 0 for the system's. */
void late_start(struct late *late, struct zloop *loop, uint32_t version, size_t sink, size_t stop,
		int buffer);
zcl_nid late_nid(const struct late *late);
struct sockaddr_in late_listens(const struct late *late);
/* The other side's part of the ending. */
void late_end(struct late *late, enum late_ending ending);
/* Now it reads on, to the end of the stream: then it is `finished`. */
void late_read_on(struct late *late);
void late_stop(struct late *late);

/* Private anonymous pages, and a file's (its folder is the present one). */
void *late_pages(size_t size);
void late_pages_free(void *pages, size_t size);
struct zmem *late_file(size_t size);

#endif
