/* SPDX-License-Identifier: MIT */
#ifndef ZCL_FAULT_H
#define ZCL_FAULT_H

/*
 * Ways to break the core on purpose, so that a test can show that it would notice. Only builds
 * with ZCL_FAULTS defined have them; elsewhere zcl_fault is constant 0 and config.faults unused.
 */
#define ZCL_FAULT_NID_ORDER   (1u << 0) /* compare NIDs the wrong way round */
#define ZCL_FAULT_NO_FALLBACK (1u << 1) /* a refusal for the version is taken for a failure */
#define ZCL_FAULT_CLEAR_MARK  (1u << 2) /* forget "connecting" at the fallback */
#define ZCL_FAULT_RELEASE_ON_SEND                                                                  \
	(1u << 3)			 /* a buffer goes back without waiting for the ZC-ACK      \
					  */
#define ZCL_FAULT_EARLY_ACK    (1u << 4) /* ZC-ACK before the payload is there */
#define ZCL_FAULT_LOSE_CARRIER (1u << 5) /* the cookie of a replaced NOOP is lost */

#ifdef ZCL_FAULTS
#define zcl_fault(node, bit) (((node)->config.faults & (bit)) != 0)
#else
#define zcl_fault(node, bit) ((void)(node), 0)
#endif

#endif
