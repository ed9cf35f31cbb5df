/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_LADDER_H
#define ZTRACE_LADDER_H

#include "trace/chart.h"

/*
 * A log as text: the time, a column for each lane, an arrow for each message. A message that
 * arrives later than the line after its sending is drawn twice: as it leaves and as it comes in.
 * prefix stands before each line ("# " for TAP). ascii: no other characters. Appends.
 */
void ztrace_ladder(GString *text, const struct ztrace_log *log,
		   const struct ztrace_chart_options *options, bool ascii, const char *prefix);

#endif
