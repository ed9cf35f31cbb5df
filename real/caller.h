/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CALLER_H
#define ZREAL_CALLER_H

#include "core/nid.h"
#include "real/loop.h"
#include "real/sock.h"

/*
 * Accepted connections of which nobody knows yet who calls whom: their first bytes are looked at
 * with the core's decoder and left unread, so that whoever then gets the connection finds all of
 * it. On one loop.
 */
struct zcallers;

/* A caller, as far as it is known. */
struct zcaller {
	int fd; /* none of its bytes read */
	struct sockaddr_in from;
	zcl_nid target; /* whom it calls; ZCL_NID_ANY: its bytes are no acceptor request */
	zcl_nid source; /* who it is; ZCL_NID_ANY: they are no HELLO either, or it has ended */
	bool late;	/* its time is up */
};

struct zcallers_options {
	size_t most;	 /* callers that may be undecided at a time */
	int64_t timeout; /* ns for each to say who it is */
	void (*decide)(void *user, const struct zcaller *caller); /* takes caller->fd over */
	void (*room)(void *user); /* there is room for one more, after there was none */
	void *user;
};

struct zcallers *zcallers_new(struct zloop *loop, const struct zcallers_options *options);
bool zcallers_have_room(const struct zcallers *callers);
/* Takes fd over. Only while there is room. */
void zcallers_take(struct zcallers *callers, int fd, const struct sockaddr_in *from);
/* Closes those that are undecided. NULL: nothing. */
void zcallers_close(struct zcallers *callers);
/* After zcallers_close. NULL: nothing. */
void zcallers_free(struct zcallers *callers);

#endif
