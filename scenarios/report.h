/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_REPORT_H
#define ZRACE_REPORT_H

#include <stdio.h>

#include "scenarios/runner.h"

/* Tells the user what came out, in one of the forms. */
enum zrace_form { ZRACE_FORM_TEXT, ZRACE_FORM_TAP, ZRACE_FORM_JSON, ZRACE_FORM_EVENTS };

struct zrace_report {
	enum zrace_form form;
	bool ladder; /* of every case, not only of those that failed */
	bool ascii;
	bool quiet; /* text: failures only */
	FILE *out;
	const char *program; /* "zclnd race (zclnd 0.1.0)", for traces */
	FILE *trace;	     /* zclnd-trace(5); NULL: none */
	const char *diagram; /* an .svg file for the only case, or a folder; NULL: none */
	bool unwritten;	     /* a diagram could not be written */
	size_t number, passed, failed, skipped, errors;
};

/* A case, or one vary line of a case: `runs` runs, of which the first bad or the last is shown. */
struct zrace_result {
	const struct zrace_run *run;
	const struct zrace_outcome *outcome;
	size_t runs;
};

/* total: how many results will come. */
void zrace_report_begin(struct zrace_report *report, size_t total);
void zrace_report_result(struct zrace_report *report, const struct zrace_result *result);
/*
 * For a result that another process reported, with out and trace of its own: what it came to, as
 * one number, and that number and the texts into this report.
 */
unsigned zrace_report_sum(const struct zrace_report *report);
void zrace_report_add(struct zrace_report *report, unsigned sum, const GString *text,
		      const GString *trace);
/* Returns the exit status (design: 0, 1, 77, 99). */
int zrace_report_end(struct zrace_report *report);
/* Writes what was seen of one run to the trace file, when there is one. */
void zrace_report_trace(struct zrace_report *report, const struct zrace_run *run,
			const struct zrace_outcome *outcome);

/* What was seen in a run, with its NIDs, case and seed. The caller frees it. */
struct ztrace_log *zrace_run_trace(const struct zrace_run *run,
				   const struct zrace_outcome *outcome);
/*
 * Draws the run of a case to the file or into the folder, when that is asked for; vary lines are
 * not drawn. False: it could not be written, which was told on standard error.
 */
bool zrace_report_diagram(const struct zrace_report *report, const struct zrace_result *result);
/* "c-new-higher": what the files of a case are called. The caller frees it. */
char *zrace_result_file(const struct zrace_run *run);

/* "a.race case higher vary at.old -3ms..3ms". Appends. */
void zrace_result_name(GString *text, const struct zrace_run *run);
/* "dir/a.race:17: expected ...", or nothing. Appends. */
void zrace_result_reason(GString *text, const struct zrace_result *result);
/* One JSON object, no newline (report_json.c). Appends. */
void zrace_result_json(GString *text, const struct zrace_result *result);

#endif
