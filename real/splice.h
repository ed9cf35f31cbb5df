/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_SPLICE_H
#define ZREAL_SPLICE_H

#include <sys/uio.h>

#include "real/mem.h"

/*
 * Pages of registered memory into a socket, without a copy and without a word of when they are
 * read: vmsplice and splice by way of a pipe, or sendfile.
 */
struct zsplice {
	int pipe[2];	     /* -1: none yet */
	bool no_pipe;	     /* there is none to be had */
	size_t room;	     /* bytes that the pipe takes */
	size_t piped;	     /* bytes in the pipe: those that are to be sent next */
	const uint8_t *next; /* where a page goes on of which a part was sent; NULL */
};

void zsplice_init(struct zsplice *state);
void zsplice_clear(struct zsplice *state);

/* Bytes of it that would go as whole pages; 0 when any of it is not in registered memory. */
size_t zsplice_whole(const struct iovec *iov, size_t niov);

struct zsplice_sent {
	ssize_t n;    /* bytes, the first of iov; -1 with errno: EAGAIN, or what went wrong */
	size_t asked; /* n is less: the socket is full */
};
/*
 * One call's worth of it to the non-blocking socket fd, and not more than `most` bytes (at least a
 * page): whole pages spliced, what is left at either end of them copied. Of which n bytes are sent,
 * and the rest of iov is given again, until all of it is sent. SIGPIPE is the caller's to block.
 */
struct zsplice_sent zsplice_send(struct zsplice *state, int fd, const struct iovec *iov,
				 size_t niov, size_t most);

#endif
