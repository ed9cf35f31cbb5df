/* SPDX-License-Identifier: MIT */
#ifndef ZTEST_MEMWORLD_H
#define ZTEST_MEMWORLD_H

#include "scenarios/race.h"

/*
 * The smallest world that a race script can run in: the cores, virtual time, and streams that
 * carry bytes after a link's latency and at its bandwidth. No loss, no pcap.
 */
struct zworld *memworld_new(const struct zworld_options *options, const char **why);
/* The same, but it says that its time is not exact, as real sockets do. */
struct zworld *memworld_new_loose(const struct zworld_options *options, const char **why);

#endif
