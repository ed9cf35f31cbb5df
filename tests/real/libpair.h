/* SPDX-License-Identifier: MIT */
#ifndef TEST_REAL_LIBPAIR_H
#define TEST_REAL_LIBPAIR_H

#include <glib.h>

#include "real/zclnd.h"

/* Two instances of libzclnd on loopback, by its public header alone; each hears by a queue. */

#define LIBPAIR_PORTAL 40
#define LIBPAIR_BITS   5

enum { LIBPAIR_LEFT, LIBPAIR_RIGHT, LIBPAIR_SIDES };

struct libside {
	struct zclnd *z;
	struct zclnd_ni *ni;
	struct zclnd_eq *eq; /* of 1000 events */
};

struct libpair {
	struct libside side[LIBPAIR_SIDES];
};

/* Both run, with so many threads, and know each other; bulk goes out by way, or by auto. */
void libpair_open(struct libpair *pair, unsigned threads);
void libpair_open_by(struct libpair *pair, unsigned threads, enum zclnd_way way);
void libpair_close(struct libpair *pair);

/* The next event; of_kind: those before it are taken too. The test fails when none comes. */
struct zclnd_event libpair_next(const struct libside *side);
struct zclnd_event libpair_next_of(const struct libside *side, enum zclnd_event_kind kind);

/* Memory for any peer at the portal; its user is the memory. Returns the id. */
uint64_t libpair_attach(struct libside *side, uint32_t options, uint32_t threshold, void *memory,
			size_t size);
/* A PUT to the other side of what libpair_attach matches; its user is the memory. */
void libpair_put(struct libpair *pair, int from, void *memory, size_t size, bool want_ack);

/* fn with one thread and with three, which libpair_threads(data) tells. */
void libpair_add_test(const char *name, void (*fn)(gconstpointer data));
static inline unsigned libpair_threads(gconstpointer data)
{
	return GPOINTER_TO_UINT(data);
}

#endif
