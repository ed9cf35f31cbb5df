/* SPDX-License-Identifier: MIT */
#include "sim/explore_script_impl.h"

#include "scenarios/tunable.h"
#include "scenarios/words.h"
#include "sim/explore_path.h"

#define MS	    INT64_C(1000000)
#define SOON	    (20 * MS)	/* between attempts, where a script is about how many there are */
#define PATIENCE    (2000 * MS) /* for what never comes */
#define A_BIT_LATER (20 * MS)	/* behind a timer */

/* ---- who there is ---- */

static void write_peer(struct zx_writing *w, size_t index)
{
	const struct zrace_script *script = w->model->script;
	const struct zrace_peer *peer = &script->peers[index];
	struct zcl_config tuned = peer->tuned;
	char nid[ZCL_NID_STRLEN];

	if (w->violation->property == ZX_BOUNDED_RETRIES)
		tuned.min_reconnect = tuned.max_reconnect = SOON;
	if (w->blame.event.error == ZCL_E_TIMEDOUT)
		tuned.socket_timeout = PATIENCE;
	zcl_nid_format(w->model->nids[index], nid, sizeof(nid));
	g_string_append_printf(w->text, "peer %s nid %s speaks v%u", peer->name, nid,
			       peer->version);
	if (peer->refuses == ZCL_REFUSE_ABORT)
		g_string_append(w->text, " refuses abort");
	if (peer->typed)
		g_string_append(w->text, " conns typed");
	for (size_t i = 0; i < peer->nremembers; i++)
		g_string_append_printf(w->text, " remembers %s=v%u", peer->remembers[i].peer,
				       peer->remembers[i].version);
	zrace_tunable_lines(w->text, &tuned);
	g_string_append_c(w->text, '\n');
}

static void write_head(struct zx_writing *w)
{
	GString *from = g_string_new(NULL);
	char *base = g_path_get_basename(w->model->script->file);

	g_string_append(from, base);
	zrace_words_case(from, w->model->script, w->model->case_index);
	g_string_append_printf(w->text, "# Found in %s: %s.\nrace 1\ntitle \"%s\"\n", from->str,
			       w->violation->why, zx_property_name(w->violation->property));
	for (size_t i = 0; i < w->model->npeers; i++)
		write_peer(w, i);
	g_string_append(w->text, "hold all\n");
	g_string_free(from, TRUE);
	g_free(base);
}

/* ---- steps ---- */

static void begin_step(struct zx_writing *w)
{
	g_string_append(w->text, "then ");
	w->delays += w->delay;
	if (w->delay > 0)
		g_string_append_printf(w->text, "after %" G_GINT64_FORMAT "ms ",
				       (w->delay + MS - 1) / MS);
	w->delay = 0;
}

static void write_pass(struct zx_writing *w, const struct zx_stream *stream, unsigned to,
		       unsigned units)
{
	begin_step(w);
	g_string_append_printf(w->text, "pass %s>%s ", zx_writing_name(w, stream->end[!to].node),
			       zx_writing_name(w, stream->end[to].node));
	zrace_words_units(w->text, units);
	g_string_append_printf(w->text, " conn=%u\n", stream->call);
}

static void write_reset(struct zx_writing *w, const struct zx_stream *stream, unsigned by)
{
	begin_step(w);
	g_string_append_printf(w->text, "%s reset %s conn=%u\n",
			       zx_writing_name(w, stream->end[by].node),
			       zx_writing_name(w, stream->end[!by].node), stream->call);
}

static void write_deed(struct zx_writing *w, unsigned deed)
{
	struct zrace_action action = w->model->deeds[deed].statement->action;

	if (w->disturbed && action.kind != ZRACE_DO_CONNECT)
		action.success = ZRACE_MAY_FAIL;
	begin_step(w);
	zrace_words_action(w->text, w->model->script, &action);
	g_string_append_c(w->text, '\n');
}

static void write_delivery(struct zx_writing *w, unsigned arg)
{
	const struct zx_stream *stream = &w->world->streams[arg / 2];
	const unsigned to = arg % 2, kind = zx_pipe_kind(&stream->end[to].in);

	if (kind == 0) {
		w->why = "bytes that are no message arrive";
		return;
	}
	if (w->model->options.cuts && kind == ZWORLD_LNET) {
		w->why = "messages arrive in parts (--cuts)";
		return;
	}
	/* The caller's HELLO comes with the acceptor request. */
	if (kind == ZWORLD_HELLO && to == 1 && !w->model->options.cuts)
		write_pass(w, stream, to, ZWORLD_ACCEPT);
	write_pass(w, stream, to, kind);
}

/* The other side of this stream is told of its end later on. */
static bool is_told(const struct zx_writing *w, size_t at, unsigned s, unsigned e)
{
	for (size_t i = at; i < w->length; i++) {
		const zx_choice choice = w->violation->path[i];
		const enum zx_choice_kind kind = zx_choice_kind(choice);

		if ((kind == ZX_END || kind == ZX_LOSE) && zx_choice_arg(choice) == 2 * s + e)
			return true;
	}
	return false;
}

/* A crash is silent: whose end is told by a reset is reset before. */
static void write_crash(struct zx_writing *w, size_t at, unsigned node, const char *verb)
{
	for (unsigned s = 0; s < w->world->nstreams; s++) {
		const struct zx_stream *stream = &w->world->streams[s];

		for (unsigned e = 0; stream->opened && e < 2; e++)
			if (stream->end[e].conn != NULL && stream->end[e].node == node &&
			    is_told(w, at, s, !e))
				write_reset(w, stream, e);
	}
	begin_step(w);
	g_string_append_printf(w->text, "%s %s\n", zx_writing_name(w, node), verb);
}

/* Calls that TCP has not connected yet do so at once when a script runs. */
static bool is_all_open(const struct zx_world *world)
{
	for (unsigned s = 0; s < world->nstreams; s++)
		if (world->streams[s].used && !world->streams[s].opened)
			return false;
	return true;
}

static void write_step(struct zx_writing *w, size_t at)
{
	const zx_choice choice = w->violation->path[at];
	const unsigned arg = zx_choice_arg(choice);

	if (zx_choice_kind(choice) != ZX_OPEN && zx_choice_kind(choice) != ZX_REFUSE &&
	    !is_all_open(w->world))
		w->why = "TCP connects only after what comes next";
	switch (zx_choice_kind(choice)) {
	case ZX_DEED:
		write_deed(w, arg);
		break;
	case ZX_DELIVER:
		write_delivery(w, arg);
		break;
	case ZX_END:
	case ZX_LOSE:
		write_pass(w, &w->world->streams[arg / 2], arg % 2, ZWORLD_END);
		break;
	case ZX_EARLY:
		w->delay = zcl_node_next_deadline(w->world->cores[arg]) - w->world->now;
		w->delay = MAX(w->delay, 0) + A_BIT_LATER;
		break;
	case ZX_RESET:
		write_reset(w, &w->world->streams[arg], 0);
		break;
	case ZX_RESTART:
		write_crash(w, at, arg, "restart");
		break;
	case ZX_CRASH:
		write_crash(w, at, arg, "crash");
		break;
	case ZX_BACK:
		begin_step(w);
		g_string_append_printf(w->text, "%s restart\n", zx_writing_name(w, arg));
		break;
	case ZX_REFUSE:
		if (zx_world_is_there(w->world, &w->world->streams[arg]))
			w->why = "TCP is refused while the other is there";
		break;
	case ZX_OPEN:  /* at once */
	case ZX_UNPIN: /* as the kernel likes */
	case ZX_SEND:  /* ditto */
	case ZX_TICK:  /* the next step waits for what comes of it */
		break;
	}
}

static void write_steps(struct zx_writing *w)
{
	zx_world_restart(w->world);
	for (size_t i = 0; i < w->length && w->why == NULL; i++) {
		write_step(w, i);
		if (i + 1 < w->length || w->violation->property != ZX_ASSERT)
			zx_world_take(w->world, w->violation->path[i]);
	}
}

/* Nobody stays away. */
static void write_backs(struct zx_writing *w)
{
	for (unsigned i = 0; i < w->model->npeers; i++) {
		if (!w->world->nodes[i].down)
			continue;
		begin_step(w);
		g_string_append_printf(w->text, "%s restart\n", zx_writing_name(w, i));
	}
}

/* ---- the whole ---- */

static bool is_disturbed(const struct zx_writing *w)
{
	for (size_t i = 0; i < w->length; i++)
		if (zx_choice_kind(w->violation->path[i]) >= ZX_EARLY ||
		    zx_choice_kind(w->violation->path[i]) == ZX_REFUSE)
			return true;
	return false;
}

/* What must be forced, and whom it is about. */
static void find_forced(struct zx_writing *w)
{
	w->length = w->violation->length;
	w->blame.event.kind = ZCL_EV_LAST;
	/* Nothing may be taken to where an assertion fails. */
	if (w->violation->property == ZX_ASSERT)
		return;
	w->length = zx_path_forced(w->model, w->violation, &w->blame);
	/* Its last line is about a step that does not come by itself. */
	if (w->violation->property == ZX_ONE_INCARNATION)
		w->length = w->violation->length;
}

bool zx_script_write(GString *text, const struct zx_model *model,
		     const struct zx_violation *violation, const char **why)
{
	struct zx_writing w = {.model = model, .violation = violation, .text = text};

	find_forced(&w);
	w.disturbed = is_disturbed(&w);
	w.world = zx_world_new(model);
	write_head(&w);
	write_steps(&w);
	write_backs(&w);
	begin_step(&w);
	g_string_append(text, "release all\n");
	zx_script_expect(&w);
	zx_world_free(w.world);
	*why = w.why;
	return w.why == NULL;
}

void zx_script_force(GString *text, const struct zx_model *model, const zx_choice *path,
		     size_t length)
{
	struct zx_violation *forced = g_new0(struct zx_violation, 1);
	struct zx_writing w = {.model = model,
			       .violation = forced,
			       .blame.event.kind = ZCL_EV_LAST,
			       .text = text,
			       .length = length};

	forced->property = ZX_ASSERT;
	memcpy(forced->path, path, length * sizeof(*path));
	w.disturbed = is_disturbed(&w);
	w.world = zx_world_new(model);
	write_head(&w);
	write_steps(&w);
	zx_world_free(w.world);
	g_free(forced);
}
