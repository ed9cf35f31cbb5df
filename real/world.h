/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_WORLD_H
#define ZREAL_WORLD_H

#include "scenarios/world.h"

/*
 * The world of a race script on real sockets: each peer is a real node on a 127.x address of its
 * own, and between each two of them stands a relay (real/relay.h) that holds and delays. NIDs are
 * the script's; a peer's own table says where the others are, and nobody else can be reached.
 * Script time runs from the first run(). No root needed. NULL with *why (static) when the kernel
 * refuses what is needed, or for what only the simulation can do (captures).
 */
struct zworld *zreal_world_new(const struct zworld_options *options, const char **why);

#endif
