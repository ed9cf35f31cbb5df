/* SPDX-License-Identifier: MIT */
#include "scenarios/log.h"

#include "scenarios/words.h"

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

static unsigned lane_of(unsigned peer)
{
	return peer == ZRACE_ANY_PEER ? ZTRACE_NO_LANE : peer;
}

static void tell(struct ztrace_log *to, const struct zrace_record *record)
{
	const unsigned lane = lane_of(record->peer), other = lane_of(record->other);
	GString *unit;

	switch (record->kind) {
	case ZRACE_REC_EVENT:
		ztrace_log_event(to, lane, other, record->time, &record->event);
		break;
	case ZRACE_REC_HELD:
		unit = g_string_new(NULL);
		zrace_words_units(unit, record->unit);
		ztrace_log_held(to, lane, other, record->time, unit->str);
		g_string_free(unit, TRUE);
		break;
	case ZRACE_REC_ACTION:
		ztrace_log_action(to, lane, other, record->time, record->text);
		break;
	}
}

struct ztrace_log *zrace_log_trace(const struct zrace_script *script, size_t case_index,
				   const GArray *log)
{
	const struct zrace_case *one = &script->cases[case_index];
	struct ztrace_log *to = ztrace_log_new(script->title, NULL);

	to->file = g_strdup(script->file);
	to->run_case = g_strdup(one->name);
	for (size_t i = 0; i < script->npeers; i++)
		ztrace_log_lane(to, script->peers[i].name, one->nids[i]);
	for (guint i = 0; i < log->len; i++)
		tell(to, zrace_log_at(log, i));
	return to;
}
