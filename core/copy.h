/* SPDX-License-Identifier: MIT */
#ifndef ZCL_COPY_H
#define ZCL_COPY_H

#include "core/node.h"

/* For tools that try what comes of a state in more than one way. */

/*
 * Makes `to` what `from` is: from now on the same calls bring the same requests. `to` keeps its
 * callbacks and its user; what it was is forgotten without a word. Memory of the program, which
 * messages are sent from and received into, is not copied: both use it. twins is then told of each
 * connection of `from`, oldest first, and the one that it is in `to` (its backend pointer is that
 * of `from`).
 */
void zcl_node_copy(struct zcl_node *to, const struct zcl_node *from,
		   void (*twins)(void *user, const struct zcl_conn *from, struct zcl_conn *to),
		   void *user);

#endif
