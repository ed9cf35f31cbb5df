/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_CREW_H
#define ZRACE_CREW_H

#include <glib.h>
#include <stdbool.h>

/*
 * Jobs in processes of their own, so many at a time; what they wrote is told in the order of the
 * jobs. A process that dies takes nothing with it but the job it was at. (Not threads: a simulation
 * is one to a process.)
 */
struct zrace_crew {
	size_t njobs;
	unsigned workers; /* at least 1 */
	/* In a worker. Appends to both texts; returns what it came to, 0..255. */
	unsigned (*work)(void *user, size_t job, GString *text, GString *trace);
	/* Here, in the order of the jobs. died: what ended its process, or NULL. */
	void (*done)(void *user, size_t job, unsigned result, const GString *text,
		     const GString *trace, const char *died);
	void *user;
};

/* False, with errno, when not even one process can be made. */
bool zrace_crew_run(const struct zrace_crew *crew);

#endif
