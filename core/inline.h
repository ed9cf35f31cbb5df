/* SPDX-License-Identifier: MIT */
#ifndef ZCL_INLINE_H
#define ZCL_INLINE_H

/*
 * For the few functions that every message passes. The compiler goes by size when it decides what
 * to put in line, and does not see that most of it goes away where an argument is known, nor that
 * what is done once for a connection makes each message slower.
 */
#define ZCL_ALWAYS_INLINE static inline __attribute__((always_inline))
#define ZCL_NO_INLINE	  static __attribute__((noinline))

#endif
