/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_CHART_H
#define ZTRACE_CHART_H

#include "trace/words.h"

/*
 * A log made ready for drawing: what is drawn, which arrival belongs to which sending, which
 * connection it is on, what was held, what is left out. Ladder and SVG both draw a chart.
 */

#define ZTRACE_NO_POINT G_MAXUINT

struct ztrace_point {
	enum ztrace_shape shape; /* not NONE */
	enum ztrace_class class;
	int64_t time;	      /* ns */
	unsigned lane, other; /* lane: the sender of ACROSS and HELD; ZTRACE_NO_LANE: none */
	guint pair;	      /* of SEND and RECEIVE: the other end, or ZTRACE_NO_POINT */
	guint entry;	      /* index into the log */
	guint conn;	      /* number in the chart's connections + 1; 0: none */
	guint held;	      /* of SEND: the HELD point that caught it, or ZTRACE_NO_POINT */
	guint released;	      /* of HELD: the SCRIPT point that let it go, or ZTRACE_NO_POINT */
	guint cause;	      /* of "is refused: reset": the refusal that it comes from, or none */
	bool owned;	      /* of HELD: an arrow shows it */
	guint count;	      /* of ELIDED: how many points it stands for */
	int64_t until;	      /* of ELIDED: the time of the last of them */
	char *label;
};

/* A TCP connection, as both sides' numbers or a capture's stream tell. */
struct ztrace_link {
	unsigned from, to; /* who called whom; ZTRACE_NO_LANE: not known */
	int64_t time;	   /* ns, when it was first seen */
	char *end; /* what became of it: "UP v2 CONTROL", "refused: race"; NULL: not known */
	enum ztrace_class class; /* UP, BAD or PLAIN */
};

struct ztrace_chart {
	const struct ztrace_log *log;
	GArray *points; /* of struct ztrace_point */
	GArray *links;	/* of struct ztrace_link */
	guint cut;	/* entries at the end that are not drawn */
};

struct ztrace_chart_options {
	bool all;	  /* leave nothing out before max_points */
	guint max_points; /* 0: 2000 */
};

/* The log must outlive the chart. The caller frees it. options: NULL: none. */
struct ztrace_chart *ztrace_chart_new(const struct ztrace_log *log,
				      const struct ztrace_chart_options *options);
void ztrace_chart_free(struct ztrace_chart *chart);

/* Private to the chart: frees what a struct ztrace_point owns. */
void ztrace_point_clear(gpointer point);
/* Private to the chart (elide.c): repeats become ELIDED points, when there are many points. */
void ztrace_chart_elide(struct ztrace_chart *chart);
/* Private to the chart (guess.c): who was refused, by what others saw; which HELLO it was. */
void ztrace_chart_guess(struct ztrace_chart *chart);
/* Private to the chart (link.c). */
struct ztrace_linker;
struct ztrace_linker *ztrace_linker_new(struct ztrace_chart *chart);
void ztrace_linker_free(struct ztrace_linker *linker);
/* The connection of an entry, as ztrace_point.conn; call it for each entry in turn. */
guint ztrace_linker_conn(struct ztrace_linker *linker, const struct ztrace_entry *entry);
/* Whether two may be the two ends of one connection; if so and `join`, they are from now on. */
bool ztrace_linker_fit(struct ztrace_linker *linker, guint a, guint b, bool join);
/* All are known: numbers the connections and gives each point its number. */
void ztrace_linker_finish(struct ztrace_linker *linker);

static inline struct ztrace_point *ztrace_chart_at(const struct ztrace_chart *chart, guint index)
{
	return &((struct ztrace_point *)(void *)chart->points->data)[index];
}

static inline struct ztrace_link *ztrace_chart_link(const struct ztrace_chart *chart, guint conn)
{
	return &((struct ztrace_link *)(void *)chart->links->data)[conn - 1];
}

#endif
