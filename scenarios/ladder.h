/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_LADDER_H
#define ZRACE_LADDER_H

#include "scenarios/log.h"

/*
 * A run's log as text: the time, a column for each peer, an arrow for each message. A message that
 * arrives later than the line after its sending is drawn twice: as it leaves and as it comes in.
 * prefix stands before each line ("# " for TAP). Appends.
 */
void zrace_ladder(GString *text, const struct zrace_script *script, const GArray *log, bool ascii,
		  const char *prefix);

#endif
