/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_WORLD_H
#define ZSIM_WORLD_H

#include "scenarios/world.h"

/*
 * The world of a race script in simulation: each peer is a node of the core on a simulated host
 * with the address of its NID, one link each to a router. Times are exact, and the same script
 * with the same seed gives the same events and captures, byte for byte. A path takes 1 ms at
 * 10 Gbit/s without loss unless the script says something else.
 *
 * NULL with *why (static) when another simulation lives in this process.
 */
struct zworld *zsim_world_new(const struct zworld_options *options, const char **why);

#endif
