/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_LOG_H
#define ZRACE_LOG_H

#include "scenarios/ast.h"
#include "trace/log.h"

/* What happened in one run of a case, in the order in which the world told it. */
#define ZRACE_MAX_RECORDS 200000u

enum zrace_record_kind {
	ZRACE_REC_EVENT,  /* an event of a peer's core */
	ZRACE_REC_HELD,	  /* a message was caught by a hold: peer -> other, unit */
	ZRACE_REC_ACTION, /* the script acted: text; peer is who acts or ZRACE_ANY_PEER */
};

struct zrace_record {
	enum zrace_record_kind kind;
	int64_t time;		/* ns since the start of the case */
	unsigned peer;		/* index */
	unsigned other;		/* index; ZRACE_ANY_PEER: unknown or none */
	struct zcl_event event; /* ZRACE_REC_EVENT */
	unsigned unit;		/* ZRACE_REC_HELD: enum zworld_unit */
	char *text;		/* ZRACE_REC_ACTION: owned */
};

/* An array of struct zrace_record that frees what its records own. */
GArray *zrace_log_new(void);

/*
 * The same for whoever draws it or writes it down: each peer of the script is a lane, with its NID
 * in this case. The caller frees it.
 */
struct ztrace_log *zrace_log_trace(const struct zrace_script *script, size_t case_index,
				   const GArray *log);

static inline const struct zrace_record *zrace_log_at(const GArray *log, size_t index)
{
	return &((const struct zrace_record *)(const void *)log->data)[index];
}

#endif
