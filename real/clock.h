/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CLOCK_H
#define ZREAL_CLOCK_H

#include "real/loop.h"

#define ZCLOCK_NOT_STARTED INT64_MAX

/*
 * A node's time: nanoseconds since `start` of the monotonic clock, each of which takes `scale` real
 * ones. A race script thus runs slower or faster than it is written; a daemon has start 0, scale 1.
 * A clock that is not started shows 0.
 */
struct zclock {
	int64_t start;
	double scale; /* > 0 */
};

/* What it shows at `time` of the loop. */
static inline int64_t zclock_at(const struct zclock *clock, int64_t time)
{
	const int64_t passed = time - clock->start;

	if (passed <= 0)
		return 0;
	return clock->scale == 1.0 ? passed : (int64_t)((double)passed / clock->scale);
}

static inline int64_t zclock_now(const struct zclock *clock)
{
	return zclock_at(clock, zloop_now());
}

/* When the loop's time shows `when` on this clock; INT64_MAX: never, or not started. */
static inline int64_t zclock_real(const struct zclock *clock, int64_t when)
{
	if (when == INT64_MAX || clock->start == ZCLOCK_NOT_STARTED)
		return INT64_MAX;
	if (clock->scale == 1.0)
		return clock->start + when;
	return clock->start + (int64_t)((double)when * clock->scale) + 1;
}

#endif
