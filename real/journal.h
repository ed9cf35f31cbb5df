/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_JOURNAL_H
#define ZREAL_JOURNAL_H

#include <stdio.h>

#include "real/zclnd.h"

/*
 * What an operator wants to know of an NI: one line for each event of its connections, in words,
 * with the peer, the reason and the remedy. Events of one kind with one peer come ten times a
 * minute at most; the next that comes says how many were left out. Any thread.
 */
struct zjournal;

struct zjournal_options {
	FILE *to;	      /* stays the caller's */
	bool verbose;	      /* connections that come and go, too, not only what is wrong */
	bool stamps;	      /* date and time at the head of a line; systemd's journal gets none */
	int64_t (*now)(void); /* ns, never back; NULL: the monotonic clock */
};

struct zjournal *zjournal_new(const struct zjournal_options *options);
void zjournal_free(struct zjournal *journal);

/* For zclnd_ni_options.trace (with trace_conns_only) and .note. */
void zjournal_trace(struct zjournal *journal, const struct zclnd_trace *trace);
void zjournal_note(struct zjournal *journal, enum zclnd_note note, const struct sockaddr_in *addr);

/* ---- journal_words.c: the words ---- */

enum zjournal_level {
	ZJOURNAL_NOTICE,  /* connections come and go */
	ZJOURNAL_WARNING, /* something is wrong: reason and remedy */
};

/* What is said of an event, after the name of the peer. */
struct zjournal_phrase {
	const char *event;
	const char *field, *value; /* only when this field has this value; NULL: always */
	enum zjournal_level level;
	const char *words;	/* {field} stands for its text */
	const char *unreserved; /* instead, when calls leave from ordinary ports; NULL: the same */
};

/* NULL: nothing is said of it. */
const struct zjournal_phrase *zjournal_phrase_of(const struct zclnd_trace *trace);
/* What is said of a note; about: it begins with the address. */
const char *zjournal_note_words(enum zclnd_note note, bool *about);

#endif
