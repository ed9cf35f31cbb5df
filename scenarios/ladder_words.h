/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_LADDER_WORDS_H
#define ZRACE_LADDER_WORDS_H

#include "scenarios/log.h"

enum zrace_shape {
	ZRACE_SHAPE_NONE,    /* not drawn */
	ZRACE_SHAPE_NOTE,    /* words beside the peer's column */
	ZRACE_SHAPE_SEND,    /* an arrow leaves the peer */
	ZRACE_SHAPE_RECEIVE, /* an arrow comes in to the peer */
	ZRACE_SHAPE_HELD,    /* words between two columns */
	ZRACE_SHAPE_SCRIPT,  /* what the script does to all */
};

enum zrace_shape zrace_record_shape(const struct zrace_record *record);
/* What is written there, for people: "HELLO v2 ANY", "refuses new: race". Appends. */
void zrace_record_label(GString *text, const struct zrace_script *script,
			const struct zrace_record *record);
/* Whether the second is the arrival of what the first sent. */
bool zrace_record_pairs(const struct zrace_record *sent, const struct zrace_record *received);

#endif
