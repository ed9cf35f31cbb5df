/* SPDX-License-Identifier: MIT */
#include "scenarios/words.h"
#include "sim/explore_world.h"

/* A choice in words. */

static const char *name_of(const struct zx_world *world, unsigned node)
{
	return node < world->model->npeers ? world->model->script->peers[node].name : "nobody";
}

static void stream_words(const struct zx_world *world, const char *what, unsigned s, GString *text)
{
	const struct zx_end *end = world->streams[s].end;

	g_string_append_printf(text, "%s of %s to %s", what, name_of(world, end[0].node),
			       name_of(world, end[1].node));
}

/* "TO receives hello from FROM (its call)". */
static void end_words(const struct zx_world *world, const char *what, unsigned arg, GString *text)
{
	const struct zx_stream *stream = &world->streams[arg / 2];
	const unsigned e = arg % 2;

	g_string_append_printf(
		text, "%s: %s, on the call of %s to %s", name_of(world, stream->end[e].node), what,
		name_of(world, stream->end[0].node), name_of(world, stream->end[1].node));
}

static void deliver_words(const struct zx_world *world, unsigned arg, GString *text)
{
	const struct zx_pipe *in = &world->streams[arg / 2].end[arg % 2].in;
	GString *what = g_string_new("receives ");

	if (zx_pipe_kind(in))
		zrace_words_units(what, zx_pipe_kind(in));
	else
		g_string_append(what, "bytes");
	end_words(world, what->str, arg, text);
	g_string_free(what, TRUE);
}

void zx_world_words(const struct zx_world *world, zx_choice choice, GString *text)
{
	const unsigned arg = zx_choice_arg(choice);

	switch (zx_choice_kind(choice)) {
	case ZX_DEED:
		zrace_words_action(text, world->model->script,
				   &world->model->deeds[arg].statement->action);
		break;
	case ZX_OPEN:
		stream_words(world, "TCP connects: the call", arg, text);
		break;
	case ZX_REFUSE:
		stream_words(world, "TCP is refused: the call", arg, text);
		break;
	case ZX_DELIVER:
		deliver_words(world, arg, text);
		break;
	case ZX_END:
		end_words(world, "hears of the end", arg, text);
		break;
	case ZX_LOSE:
		end_words(world, "hears of the reset, loses what was before it", arg, text);
		break;
	case ZX_UNPIN:
		end_words(world, "its kernel lets go of pages", arg, text);
		break;
	case ZX_SEND:
		end_words(world, "sends what is queued", arg, text);
		break;
	case ZX_TICK:
		g_string_append_printf(text, "%s: its timer runs out", name_of(world, arg));
		break;
	case ZX_EARLY:
		g_string_append_printf(text, "%s: its timer runs out early", name_of(world, arg));
		break;
	case ZX_RESET:
		stream_words(world, "TCP is reset: the call", arg, text);
		break;
	case ZX_CRASH:
		g_string_append_printf(text, "%s crashes", name_of(world, arg));
		break;
	case ZX_BACK:
		g_string_append_printf(text, "%s is back", name_of(world, arg));
		break;
	case ZX_RESTART:
		g_string_append_printf(text, "%s restarts", name_of(world, arg));
		break;
	}
}
