/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_SVG_IMPL_H
#define ZTRACE_SVG_IMPL_H

#include "trace/layout.h"

/* The pieces of the SVG writer. Private to it. */

/* How arrows of a class look: colours that the colour-blind tell apart, dashes for everybody. */
struct ztrace_style {
	const char *name;  /* in class attributes */
	const char *words; /* in the legend */
	const char *colour, *dash;
	double width;
};
const struct ztrace_style *ztrace_svg_style(enum ztrace_class class);

struct ztrace_svg {
	GString *out;
	const struct ztrace_chart *chart;
	const struct ztrace_layout *layout;
	bool used[ZTRACE_CLASSES]; /* arrows of these classes were drawn */
	bool held, lost, still, broken;
};

/*
 * Appends format, in which %f is a number with one decimal and a point, %s is text as it is, %t is
 * text that is escaped, and %u an unsigned number.
 */
void ztrace_svg_put(struct ztrace_svg *svg, const char *format, ...);

/* svg_axis.c: times, lifelines, what is not to scale; height: where the lifelines end. */
void ztrace_svg_axis(struct ztrace_svg *svg);
void ztrace_svg_lanes(struct ztrace_svg *svg);
/* svg_draw.c: arrows and notes. */
void ztrace_svg_points(struct ztrace_svg *svg);
/* A piece of line with the arrowhead of the class; head: false: without. */
void ztrace_svg_path(struct ztrace_svg *svg, enum ztrace_class class, bool head, const char *path);
/* The mark of a connection on a lifeline; conn 0: a plain dot. */
void ztrace_svg_badge(struct ztrace_svg *svg, guint conn, enum ztrace_class class, double x,
		      double y);
/* svg_legend.c: returns where it ends; *width: of the diagram, made wider when needed. */
double ztrace_svg_legend(struct ztrace_svg *svg, double top, double *width);

#endif
