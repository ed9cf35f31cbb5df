/* SPDX-License-Identifier: MIT */
#ifndef ZX_WORLD_IMPL_H
#define ZX_WORLD_IMPL_H

#include "sim/explore_world.h"

/* Between explore_world.c (the network) and explore_choice.c (what may happen on it). */

/* Does what the cores have asked for, until they ask for nothing more. */
void zx_world_settle(struct zx_world *world);
/* Puts on its way what this end has to send. */
void zx_world_send(struct zx_world *world, struct zx_stream *stream, unsigned end);
void zx_world_restart_node(struct zx_world *world, unsigned index);
enum zcl_err zx_world_do(struct zx_world *world, unsigned deed);

#endif
