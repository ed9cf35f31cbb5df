/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CLI_WAIT_H
#define ZREAL_CLI_WAIT_H

#include "real/zclnd.h"

/* How the main thread of a command waits: for events, signals, another descriptor, time. */

enum zcli_woken {
	ZCLI_EVENT,  /* *event is the next */
	ZCLI_SIGNAL, /* *signo */
	ZCLI_FD,     /* the descriptor is readable */
	ZCLI_TIME,
};

/* NS of CLOCK_MONOTONIC. */
int64_t zcli_now(void);
/*
 * Takes SIGINT, SIGTERM and SIGUSR1 from now on: before the instance is started. Returns the
 * descriptor that zcli_wait wants, to be closed; never fails.
 */
int zcli_signals(void);
/* eq and event may be NULL, fd -1. timeout: ns; negative: for ever. */
enum zcli_woken zcli_wait(int signals, struct zclnd_eq *eq, int fd, int64_t timeout,
			  struct zclnd_event *event, int *signo);

#endif
