/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_SVG_H
#define ZTRACE_SVG_H

#include "trace/chart.h"

/*
 * A log as a sequence diagram: a lifeline for each lane, time downwards, an arrow from where each
 * message was sent to where it was received. The axis has one scale; where many things happen at
 * one instant it stands still (grey), where nothing happens for long it is broken. A whole SVG
 * file without scripts, fonts or links, that is also read in black and white. The same log gives
 * the same bytes. options: NULL: none. Appends.
 */
void ztrace_svg(GString *text, const struct ztrace_log *log,
		const struct ztrace_chart_options *options);

#endif
