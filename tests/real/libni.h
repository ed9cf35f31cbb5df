/* SPDX-License-Identifier: MIT */
#ifndef TEST_REAL_LIBNI_H
#define TEST_REAL_LIBNI_H

#include <stdatomic.h>

#include <glib.h>

#include "real/zclnd.h"

/* Instances of libzclnd with many NIs and many loops on loopback, by its public header alone. */

/* 127.a.b.0, by chance. */
uint32_t libni_net(void);
/* An instance that is not started, with so many threads. */
struct zclnd *libni_instance(unsigned threads);
/* An NI that takes all callers, calls only who it knows, and soon again; port 0: any. */
struct zclnd_ni *libni_open(struct zclnd *z, zclnd_nid nid, uint16_t port,
			    void (*on_event)(void *user, const struct zclnd_event *event),
			    void *user);
/* Tells the one where the other is. */
void libni_introduce(struct zclnd_ni *from, struct zclnd_ni *to);
/* Until it is that much; the test fails when that does not come. */
void libni_wait(const atomic_uint *counter, unsigned value);

#endif
