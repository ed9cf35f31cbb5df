/* SPDX-License-Identifier: MIT */
#include "trace/log.h"

#include <string.h>

static void clear_entry(gpointer data)
{
	struct ztrace_entry *entry = data;

	g_free(entry->text);
	g_free(entry->wire);
}

static void free_lane(gpointer data)
{
	struct ztrace_lane *lane = data;

	g_free(lane->name);
	g_free(lane);
}

struct ztrace_log *ztrace_log_new(const char *title, const char *program)
{
	struct ztrace_log *log = g_new0(struct ztrace_log, 1);

	log->title = g_strdup(title);
	log->program = g_strdup(program);
	log->lanes = g_ptr_array_new_with_free_func(free_lane);
	log->entries = g_array_new(FALSE, TRUE, sizeof(struct ztrace_entry));
	g_array_set_clear_func(log->entries, clear_entry);
	return log;
}

void ztrace_log_free(struct ztrace_log *log)
{
	g_free(log->title);
	g_free(log->program);
	g_free(log->file);
	g_free(log->run_case);
	g_free(log->vary);
	g_ptr_array_unref(log->lanes);
	g_array_unref(log->entries);
	g_free(log);
}

unsigned ztrace_log_find_lane(const struct ztrace_log *log, const char *name)
{
	for (unsigned i = 0; i < log->lanes->len; i++)
		if (strcmp(ztrace_log_lane_at(log, i)->name, name) == 0)
			return i;
	return ZTRACE_NO_LANE;
}

unsigned ztrace_log_find_nid(const struct ztrace_log *log, zcl_nid nid)
{
	for (unsigned i = 0; i < log->lanes->len; i++)
		if (ztrace_log_lane_at(log, i)->nid == nid)
			return i;
	return ZTRACE_NO_LANE;
}

unsigned ztrace_log_lane(struct ztrace_log *log, const char *name, zcl_nid nid)
{
	const unsigned found = ztrace_log_find_lane(log, name);
	struct ztrace_lane *lane;

	if (found != ZTRACE_NO_LANE || log->lanes->len >= ZTRACE_MAX_LANES)
		return found;
	lane = g_new0(struct ztrace_lane, 1);
	lane->name = g_strdup(name);
	lane->nid = nid;
	lane->vantage = true;
	g_ptr_array_add(log->lanes, lane);
	return log->lanes->len - 1;
}

static void append(struct ztrace_log *log, struct ztrace_entry *entry)
{
	g_assert(entry->lane == ZTRACE_NO_LANE || entry->lane < log->lanes->len);
	g_assert(entry->other == ZTRACE_NO_LANE || entry->other < log->lanes->len);
	if (log->entries->len < ZTRACE_MAX_ENTRIES)
		g_array_append_vals(log->entries, entry, 1);
	else
		clear_entry(entry);
}

void ztrace_log_event(struct ztrace_log *log, unsigned lane, unsigned other, int64_t time,
		      const struct zcl_event *event)
{
	struct ztrace_entry entry = {
		.kind = ZTRACE_EVENT, .time = time, .lane = lane, .other = other, .event = *event};

	append(log, &entry);
}

void ztrace_log_held(struct ztrace_log *log, unsigned from, unsigned to, int64_t time,
		     const char *unit)
{
	struct ztrace_entry entry = {.kind = ZTRACE_HELD,
				     .time = time,
				     .lane = from,
				     .other = to,
				     .text = g_strdup(unit)};

	append(log, &entry);
}

void ztrace_log_action(struct ztrace_log *log, unsigned lane, unsigned other, int64_t time,
		       const char *text)
{
	struct ztrace_entry entry = {.kind = ZTRACE_ACTION,
				     .time = time,
				     .lane = lane,
				     .other = other,
				     .text = g_strdup(text)};

	append(log, &entry);
}

void ztrace_log_wire(struct ztrace_log *log, unsigned from, unsigned to, int64_t time,
		     struct ztrace_wire *wire)
{
	struct ztrace_entry entry = {
		.kind = ZTRACE_WIRE, .time = time, .lane = from, .other = to, .wire = wire};

	append(log, &entry);
}

/* ---- a part of it ---- */

static unsigned copy_lane(struct ztrace_log *to, const struct ztrace_log *from, unsigned index)
{
	const struct ztrace_lane *lane;
	unsigned copy;

	if (index == ZTRACE_NO_LANE)
		return index;
	lane = ztrace_log_lane_at(from, index);
	copy = ztrace_log_lane(to, lane->name, lane->nid);
	((struct ztrace_lane *)to->lanes->pdata[copy])->vantage = lane->vantage;
	return copy;
}

static void copy_entry(struct ztrace_log *to, const struct ztrace_log *from,
		       const struct ztrace_entry *entry)
{
	struct ztrace_entry copy = *entry;

	copy.lane = copy_lane(to, from, entry->lane);
	copy.other = copy_lane(to, from, entry->other);
	copy.text = g_strdup(entry->text);
	copy.wire = entry->wire ? g_memdup2(entry->wire, sizeof(*entry->wire)) : NULL;
	append(to, &copy);
}

struct ztrace_log *ztrace_log_only(const struct ztrace_log *log, unsigned lane)
{
	struct ztrace_log *to = ztrace_log_new(log->title, log->program);

	to->file = g_strdup(log->file);
	to->run_case = g_strdup(log->run_case);
	to->vary = g_strdup(log->vary);
	to->shift = log->shift;
	to->seed = log->seed;
	to->reference = log->reference;
	copy_lane(to, log, lane);
	for (guint i = 0; i < log->entries->len; i++) {
		const struct ztrace_entry *entry = ztrace_log_at(log, i);
		const bool to_all = entry->kind == ZTRACE_ACTION && entry->lane == ZTRACE_NO_LANE;

		if (to_all || entry->lane == lane || entry->other == lane)
			copy_entry(to, log, entry);
	}
	return to;
}

const char *ztrace_wire_name(enum ztrace_wire_kind kind)
{
	static const char *const names[] = {
		[ZTRACE_WIRE_ACCEPT] = "accept_request",
		[ZTRACE_WIRE_HELLO] = "hello",
		[ZTRACE_WIRE_NOOP] = "noop",
		[ZTRACE_WIRE_LNET] = "lnet",
		[ZTRACE_WIRE_RESET] = "reset",
		[ZTRACE_WIRE_CLOSE] = "close",
	};
	G_STATIC_ASSERT(G_N_ELEMENTS(names) == ZTRACE_WIRE_LAST);

	return names[kind];
}
