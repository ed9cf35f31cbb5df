/* SPDX-License-Identifier: MIT */
#include "scenarios/log.h"

static void record_clear(gpointer data)
{
	struct zrace_record *record = data;

	g_free(record->text);
}

GArray *zrace_log_new(void)
{
	GArray *log = g_array_new(FALSE, TRUE, sizeof(struct zrace_record));

	g_array_set_clear_func(log, record_clear);
	return log;
}
