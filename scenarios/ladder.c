/* SPDX-License-Identifier: MIT */
#include "scenarios/ladder.h"

#include "trace/ladder.h"

void zrace_ladder(GString *text, const struct zrace_script *script, const GArray *log, bool ascii,
		  const char *prefix)
{
	struct ztrace_log *what = zrace_log_trace(script, 0, log);

	ztrace_ladder(text, what, NULL, ascii, prefix);
	ztrace_log_free(what);
}
