/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CLOCK_H
#define ZREAL_CLOCK_H

#include "real/loop.h"

/*
 * A node's time: nanoseconds since `start` of the monotonic clock, each of which takes `scale` real
 * ones. A race script thus runs slower or faster than it is written; a daemon has start 0, scale 1.
 */
struct zclock {
	int64_t start;
	double scale; /* > 0 */
};

static inline int64_t zclock_of(const struct zclock *clock, int64_t real)
{
	if (clock->scale == 1.0)
		return real - clock->start;
	return (int64_t)((double)(real - clock->start) / clock->scale);
}

static inline int64_t zclock_now(const struct zclock *clock)
{
	return zclock_of(clock, zloop_now());
}

/* The first moment of the loop's time at which the node's clock shows `when`; never: INT64_MAX. */
static inline int64_t zclock_real(const struct zclock *clock, int64_t when)
{
	if (when == INT64_MAX)
		return INT64_MAX;
	if (clock->scale == 1.0)
		return clock->start + when;
	return clock->start + (int64_t)((double)when * clock->scale) + 1;
}

#endif
