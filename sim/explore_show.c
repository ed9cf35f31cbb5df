/* SPDX-License-Identifier: MIT */
#include "sim/explore_show.h"

#include "scenarios/ladder.h"
#include "trace/svg.h"

struct telling {
	const struct zx_model *model;
	GArray *log;
	int64_t time;
};

static void note_event(void *user, unsigned node, const struct zcl_event *event)
{
	struct telling *telling = user;
	const unsigned other = zx_model_peer(telling->model, event->peer);
	struct zrace_record record = {.kind = ZRACE_REC_EVENT,
				      .time = event->time,
				      .peer = node,
				      .other = other == ZX_MAX_NODES ? ZRACE_ANY_PEER : other,
				      .event = *event};

	g_array_append_val(telling->log, record);
}

void zx_show_path(GString *text, const struct zx_model *model, const zx_choice *path, size_t length)
{
	struct zx_world *world = zx_world_new(model);

	for (size_t i = 0; i < length; i++) {
		g_string_append_printf(text, "%4zu  ", i + 1);
		zx_world_words(world, path[i], text);
		g_string_append_c(text, '\n');
		if (i + 1 < length)
			zx_world_take(world, path[i]);
	}
	zx_world_free(world);
}

/* The events of a path. */
static GArray *log_of(const struct zx_model *model, const zx_choice *path, size_t length)
{
	struct telling telling = {.model = model, .log = zrace_log_new()};
	struct zx_world *world = zx_world_new(model);

	world->listener = note_event;
	world->listener_user = &telling;
	for (size_t i = 0; i < length; i++)
		zx_world_take(world, path[i]);
	zx_world_free(world);
	return telling.log;
}

void zx_show_ladder(GString *text, const struct zx_model *model, const zx_choice *path,
		    size_t length, bool ascii)
{
	GArray *log = log_of(model, path, length);

	zrace_ladder(text, model->script, log, ascii, "  ");
	g_array_unref(log);
}

void zx_show_diagram(GString *text, const struct zx_model *model, const zx_choice *path,
		     size_t length)
{
	GArray *log = log_of(model, path, length);
	struct ztrace_log *trace = zrace_log_trace(model->script, model->case_index, log);

	ztrace_svg(text, trace, NULL);
	ztrace_log_free(trace);
	g_array_unref(log);
}
