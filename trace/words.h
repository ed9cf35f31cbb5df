/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_WORDS_H
#define ZTRACE_WORDS_H

#include "trace/log.h"

/* What a ladder or a diagram writes for an entry of a log. */

enum ztrace_shape {
	ZTRACE_SHAPE_NONE,    /* not drawn */
	ZTRACE_SHAPE_NOTE,    /* words beside the lane */
	ZTRACE_SHAPE_SEND,    /* an arrow leaves the lane */
	ZTRACE_SHAPE_RECEIVE, /* an arrow comes in to the lane */
	ZTRACE_SHAPE_ACROSS,  /* a whole arrow, of which only one time is known */
	ZTRACE_SHAPE_HELD,    /* words between two lanes */
	ZTRACE_SHAPE_SCRIPT,  /* what happens to all */
	ZTRACE_SHAPE_ELIDED,  /* stands for many that are not drawn */
};

/* What it is about: decides colour, dashes and marks. */
enum ztrace_class {
	ZTRACE_CLASS_REQUEST, /* arrows: acceptor request, or the call as a whole */
	ZTRACE_CLASS_HELLO,
	ZTRACE_CLASS_REFUSAL, /* a HELLO of type NONE */
	ZTRACE_CLASS_LNET,
	ZTRACE_CLASS_ZC, /* an LNET message that asks for a ZC-ACK */
	ZTRACE_CLASS_NOOP,
	ZTRACE_CLASS_RESET,
	ZTRACE_CLASS_CLOSE,
	ZTRACE_CLASS_PLAIN, /* notes */
	ZTRACE_CLASS_UP,
	ZTRACE_CLASS_BAD,   /* refused, failed, dropped */
	ZTRACE_CLASS_RETRY, /* tries again, now or later */
	ZTRACE_CLASS_SCRIPT,
	ZTRACE_CLASSES
};

enum ztrace_shape ztrace_entry_shape(const struct ztrace_entry *entry);
enum ztrace_class ztrace_entry_class(const struct ztrace_entry *entry);
/* "HELLO v2 ANY", "refuses new: race". Appends. */
void ztrace_entry_label(GString *text, const struct ztrace_log *log,
			const struct ztrace_entry *entry);
/* Whether the second may be the arrival of what the first sent; connections aside. */
bool ztrace_entry_pairs(const struct ztrace_entry *sent, const struct ztrace_entry *received);

/* "1.250 ms", "3.000 s": for people. Appends. */
void ztrace_words_time(GString *text, int64_t ns);
/* What a NOOP's two cookies say (wire notes 7): "ZC-ACK 5", "ZC-ACKs 5, 4",
   "ZC-ACKs 4 to 9", "keepalive". */
void ztrace_words_cookies(GString *text, uint64_t first, uint64_t second);

#endif
