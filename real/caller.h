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

/*
 * most: callers that may be undecided at a time; timeout: ns for each to say who it is.
 * decide(user, fd, from, target, source) takes fd over: target is ZCL_NID_ANY when the bytes are no
 * acceptor request, source when they are no HELLO either, or the other side ended.
 */
struct zcallers *zcallers_new(struct zloop *loop, size_t most, int64_t timeout,
			      void (*decide)(void *user, int fd, const struct sockaddr_in *from,
					     zcl_nid target, zcl_nid source),
			      void *user);
/* Takes fd over. False: there are too many, and it is closed. */
bool zcallers_take(struct zcallers *callers, int fd, const struct sockaddr_in *from);
/* Closes those that are undecided. NULL: nothing. */
void zcallers_close(struct zcallers *callers);
/* After zcallers_close. NULL: nothing. */
void zcallers_free(struct zcallers *callers);

#endif
