/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_SOCK_H
#define ZREAL_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/nid.h"

/* TCP sockets as this backend wants them. All functions leave errno when they fail. */

#define ZSOCK_TEXT_MAX	   32  /* "255.255.255.255:65535" and the NUL */
#define ZSOCK_PORT	   988 /* the acceptor's (wire notes 1) */
#define ZSOCK_RESERVED_MAX 1023
#define ZSOCK_RESERVED_MIN 512

struct sockaddr_in zsock_addr(uint32_t ipv4, uint16_t port);
/* "ADDR:PORT", "ADDR" (port stays as it is) or ":PORT" (address stays). False: not of that form. */
bool zsock_parse(const char *text, struct sockaddr_in *addr);
/* buf: ZSOCK_TEXT_MAX bytes; returns buf. */
const char *zsock_format(const struct sockaddr_in *addr, char *buf);

/* What a system call's errno means to the core. */
enum zcl_err zsock_error(int error);

/* Where a call of ours comes from (wire notes 3). */
enum zsock_source {
	ZSOCK_SOURCE_ORDINARY,	    /* none other was asked for */
	ZSOCK_SOURCE_RESERVED,	    /* 1023 down to 512 */
	ZSOCK_SOURCE_NOT_PERMITTED, /* an ordinary port: reserved ones need CAP_NET_BIND_SERVICE */
	ZSOCK_SOURCE_IN_USE,	    /* an ordinary port: all reserved ones are taken */
};

/* A non-blocking TCP socket, close-on-exec, -1 with errno. */
int zsock_new(void);
/* TCP_NODELAY, congestion control, send buffer: before connect or listen; accepted ones inherit. */
void zsock_tune(int fd);
/* A bound and listening socket; *addr (port 0: any) becomes what it is bound to. -1 with errno. */
int zsock_listen(struct sockaddr_in *addr);
/*
 * Makes a descriptor from elsewhere (socket activation) such a socket: returns fd, with its address
 * in *addr; -1 with errno (EINVAL: it is no listening IPv4 TCP socket), then fd is as it was.
 */
int zsock_listening(int fd, struct sockaddr_in *addr);

/*
 * The kernel finds out when the other side is gone without a word: after `idle` seconds (0: never)
 * of silence it asks, and what it has sent or asked in vain for `timeout` ms ends the connection
 * with ETIMEDOUT.
 */
void zsock_guard(int fd, int idle, unsigned timeout);
/* Asks now, and goes on as often as once a second, until zsock_guard sets the pace again. */
void zsock_probe(int fd);

/* True when a socket can be bound to this address. */
bool zsock_is_local(struct in_addr addr);
/*
 * A tuned non-blocking socket on its way from `source` (address 0: any) to `to`: writable when it
 * is connected or has failed (zsock_take_error). reserved: source ports 1023 down to 512 are tried
 * first (wire notes 1), and an ordinary one when they are not permitted or all in use; *got tells
 * which it was. -1 with errno.
 */
int zsock_connect(struct in_addr source, const struct sockaddr_in *to, bool reserved,
		  enum zsock_source *got);

/* Sends RST, forgets what is queued, keeps the descriptor (connect to AF_UNSPEC). */
void zsock_abort(int fd);
/* Makes the next close of fd send RST. */
void zsock_close_reset(int fd);
/* The pending error of the socket, 0: none. */
int zsock_take_error(int fd);

/* The first IPv4 address of an interface that is up and not loopback; else 127.0.0.1. */
zcl_nid zsock_default_nid(void);

#endif
