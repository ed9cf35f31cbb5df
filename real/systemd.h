/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_SYSTEMD_H
#define ZREAL_SYSTEMD_H

#include <stddef.h>

/* The two things that a service manager and a daemon say to each other, without its library. */

/* Descriptors that were handed to this process (sd_listen_fds(3)): *first and following. */
size_t zsd_listen_fds(int *first);
/* Tells the service manager, if there is one (sd_notify(3)): "READY=1". */
void zsd_notify(const char *state);

#endif
