/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_LAYOUT_H
#define ZTRACE_LAYOUT_H

#include "trace/chart.h"

/* Where things of a chart stand in a diagram. Private to the SVG. Lengths: pixels, y downwards. */

#define ZTRACE_FONT   11.0  /* height of the letters */
#define ZTRACE_LETTER 6.3   /* and their width, at most, as a mean over a word */
#define ZTRACE_TOP    106.0 /* where time begins */

enum ztrace_span_kind {
	ZTRACE_SPAN_SCALED, /* true to scale */
	ZTRACE_SPAN_STILL,  /* in order, not to scale: time (almost) stands still */
	ZTRACE_SPAN_BREAK,  /* cut out */
};

/* Room that a lane needs at its two sides. */
struct ztrace_room {
	double left, right;
};

/* A piece of the axis. */
struct ztrace_span {
	enum ztrace_span_kind kind;
	int64_t from, to; /* ns */
	double top, bottom;
};

/* A time that is written at the axis. */
struct ztrace_tick {
	int64_t time;
	double y;
};

/* A text and the room that it takes: a rectangle that may be turned about its anchor. */
struct ztrace_label {
	guint point;
	double x, y;   /* the anchor, on the base line */
	double angle;  /* degrees, clockwise */
	double offset; /* of the base line from the anchor, down */
	int side;      /* -1: ends at the anchor, 0: centred, 1: begins there */
	double width;
};

struct ztrace_layout {
	const struct ztrace_chart *chart;
	unsigned lanes;
	double *lane_x;
	double axis_x, width, bottom;
	double scale;	/* pixels a ns */
	double longest; /* a longer silence is broken, pixels */
	double *y;	/* of each point */
	double *hold_x; /* of each SEND that is held: where it waits */
	double *extra;	/* of each point: more room before it */
	GArray *spans, *ticks, *labels;
};

struct ztrace_layout *ztrace_layout_new(const struct ztrace_chart *chart);
void ztrace_layout_free(struct ztrace_layout *layout);

/* Where an arrow of one known end stops or begins, beside that end. */
double ztrace_layout_stub_x(const struct ztrace_layout *layout, unsigned lane, unsigned other);
/* The y of the other end of such an arrow. */
double ztrace_layout_stub_dy(const struct ztrace_layout *layout);
/* Notes of this lane stand at its left. */
bool ztrace_layout_notes_left(const struct ztrace_layout *layout, unsigned lane);

/* Private to the layout (label.c): fills in labels for the present y's. */
void ztrace_labels_place(struct ztrace_layout *layout);
/* Gives the later of two labels that overlap more room; false when none do. */
bool ztrace_labels_spread(struct ztrace_layout *layout);
double ztrace_label_width(const char *text);

static inline double ztrace_layout_lane(const struct ztrace_layout *layout, unsigned lane)
{
	return layout->lane_x[lane];
}

#endif
