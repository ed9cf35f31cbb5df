/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_FAULT_H
#define ZREAL_FAULT_H

/*
 * Ways to break the backend on purpose, as core/fault.h does for the core. Only builds with
 * ZCL_FAULTS defined have them.
 */
#define ZREAL_FAULT_NO_DETACH (1u << 0) /* lent pages go back to their owner as they are */

#ifdef ZCL_FAULTS
#define zreal_fault(node, bit) (((node)->options.faults & (bit)) != 0)
#else
#define zreal_fault(node, bit) ((void)(node), 0)
#endif

#endif
