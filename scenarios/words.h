/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_WORDS_H
#define ZRACE_WORDS_H

#include "scenarios/log.h"

/* The script language's own spelling of things, for reading and for messages. */

/* The unit of a kind of message ("hello"); 0: there is none of that name. */
unsigned zrace_unit_of(const char *name);
/* "hello"; units: a set, joined by commas. Appends. */
void zrace_words_units(GString *text, unsigned units);

/* The kind of action (enum zrace_action_kind) that a peer does ("connect"); -1: none has that name.
 */
int zrace_verb_of(const char *name);
/* All of them, with commas; the caller frees it. */
char *zrace_verbs(void);

/* "1.250 ms", "3.000 s": for people. Appends. */
void zrace_words_time(GString *text, int64_t ns);
/* "new fallback old to=v1". Appends. */
void zrace_words_pattern(GString *text, const struct zrace_script *script,
			 const struct zrace_pattern *pattern);
/* "new fallback old version=v1 reason=told": all fields that apply, but for the connection's
   number, which differs between worlds. A record that is no event gives its own words. Appends. */
void zrace_words_record(GString *text, const struct zrace_script *script,
			const struct zrace_record *record);
/* The same without the fields that are a world's own affair (way, why). Appends. */
void zrace_words_fixed(GString *text, const struct zrace_script *script,
		       const struct zrace_record *record);
/* "new connect old", "release all". Appends. */
void zrace_words_action(GString *text, const struct zrace_script *script,
			const struct zrace_action *action);
/* " case new-higher", or nothing. Appends. */
void zrace_words_case(GString *text, const struct zrace_script *script, size_t case_index);

#endif
