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
#define ZCL_FAULT_REUSE_COOKIE (1u << 6) /* every ZC request has the same cookie */
#define ZCL_FAULT_RETRY_FOREVER                                                                    \
	(1u << 7) /* a refused caller calls again, also when the connection is there */
#define ZCL_FAULT_IGNORE_INCARNATION                                                               \
	(1u << 8)			       /* a peer that restarted is taken for the old one   \
						*/
#define ZCL_FAULT_DROP_WAITING	    (1u << 9)  /* a lost race fails the messages that wait */
#define ZCL_FAULT_ACCEPT_DUPLICATES (1u << 10) /* a second connection of a type is welcome */
#define ZCL_FAULT_WRONG_INVERSE	    (1u << 11) /* a HELLO is answered with the caller's type */
#define ZCL_FAULT_REFUSE_ALL	    (1u << 12) /* a lower NID is refused without a race too */
#define ZCL_FAULT_KEEP_MARK	    (1u << 13) /* "connecting" stays after a lost race */
#define ZCL_FAULT_FORGET_FALLBACK   (1u << 14) /* the version to fall back to is not kept */
#define ZCL_FAULT_KEEP_STALE	    (1u << 15) /* a restarted peer's old connections stay */

#ifdef ZCL_FAULTS
#define zcl_fault(node, bit) (((node)->config.faults & (bit)) != 0)
#else
#define zcl_fault(node, bit) ((void)(node), 0)
#endif

#endif
