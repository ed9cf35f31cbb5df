/* SPDX-License-Identifier: MIT */
#ifndef ZX_REPORT_H
#define ZX_REPORT_H

#include "sim/explore_search.h"

/* What `explore` prints. */

enum zx_form { ZX_TEXT, ZX_JSON };

/* One case: counts, and the violation with its path and ladder. Appends, with newlines. */
void zx_report_case(GString *text, const struct zx_model *model, const struct zx_result *result,
		    enum zx_form form, bool ascii);
/* "a.race case one-higher". Appends. */
void zx_report_name(GString *text, const struct zx_model *model);

#endif
