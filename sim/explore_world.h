/* SPDX-License-Identifier: MIT */
#ifndef ZX_WORLD_H
#define ZX_WORLD_H

#include "sim/explore_pipe.h"
#include "sim/explore_watch.h"

/*
 * Nodes of the core on a network in memory where nothing happens by itself: whoever drives it
 * looks at the choices and takes one. The same choices in the same order give the same state.
 */

#define ZX_MAX_STREAMS 64u  /* alive at once */
#define ZX_MAX_CHOICES 512u /* in one state */

enum zx_choice_kind {
	ZX_DEED,    /* an `at` line; arg: which */
	ZX_OPEN,    /* a TCP connection comes about; arg: stream */
	ZX_REFUSE,  /* ... does not; arg: stream */
	ZX_DELIVER, /* the next unit; arg: stream * 2 + end that receives (0: who called) */
	ZX_END,	    /* the end of the stream is told; arg: like DELIVER */
	ZX_LOSE,    /* a reset is told, what was before it is lost; arg: like DELIVER */
	ZX_UNPIN,   /* the kernel lets go of pages; arg: stream * 2 + end that sent */
	ZX_SEND,    /* what is queued is sent; arg: stream * 2 + end that sends */
	ZX_TICK,    /* a timer runs out; arg: node */
	ZX_BACK,    /* a peer that crashed is there again, with a new incarnation; arg: node */
	/* What disturbs: each within its budget. */
	ZX_EARLY,   /* a timer runs out before what is under way arrives; arg: node */
	ZX_RESET,   /* both ends are reset; arg: stream */
	ZX_RESTART, /* a peer is gone at once and back with a new incarnation; arg: node */
	ZX_CRASH,   /* a peer is gone at once; its calls are refused until ZX_BACK; arg: node */
};

typedef uint16_t zx_choice; /* kind << 8 | arg */

static inline enum zx_choice_kind zx_choice_kind(zx_choice choice)
{
	return (enum zx_choice_kind)(choice >> 8);
}

static inline unsigned zx_choice_arg(zx_choice choice)
{
	return choice & 0xff;
}

struct zx_world;

struct zx_node {
	struct zx_world *world;
	unsigned index;
	struct zcl_node *node;
	uint32_t restarts;
	bool down; /* crashed: the node is the one that will be back, and does nothing yet */
	bool mute; /* going away: what it says does not count */
};

struct zx_end {
	struct zcl_conn *conn; /* NULL: gone, or not there yet */
	unsigned node;
	bool eof;   /* the other end is gone */
	bool reset; /* ... by abort: what it had sent may be lost */
	bool wants_tx;
	enum { ZX_ALIVE, ZX_CLOSING, ZX_ABORTING } dying;
	uint32_t pinned, released;
	struct zx_pipe in; /* on its way to this end; the last field: explore_copy.c */
};

struct zx_stream {
	bool used, opened;
	unsigned call;	      /* between these two, from 1: as race scripts count */
	struct zx_end end[2]; /* 0: who called */
};

struct zx_world {
	const struct zx_model *model;
	struct zx_node nodes[ZX_MAX_NODES];
	struct zcl_node *cores[ZX_MAX_NODES];
	struct zx_stream streams[ZX_MAX_STREAMS];
	unsigned nstreams; /* slots that were ever used */
	unsigned calls[ZX_MAX_NODES]
		      [ZX_MAX_NODES]; /* so far, of the one or the other; [less][more] */
	int64_t now;
	uint64_t done; /* deeds, a bit each */
	unsigned crashes, outages, resets, timers;
	struct zx_watch watch;
	bool moved; /* settling goes on */
	struct {
		struct zcl_conn *conn;
		unsigned node;
	} connects[ZX_MAX_STREAMS]; /* asked for in this call of a core */
	unsigned nconnects;
	struct zcl_conn *unborn[ZX_MAX_STREAMS]; /* aborted before they had a stream */
	unsigned nunborn;
	/* May be NULL: hears every event of every node. */
	void (*listener)(void *user, unsigned node, const struct zcl_event *event);
	void *listener_user;
};

struct zx_world *zx_world_new(const struct zx_model *model);
void zx_world_free(struct zx_world *world);
/* Back to the start. */
void zx_world_restart(struct zx_world *world);

/* Makes `to` what `from` is, of the same model; `to` keeps its listener. */
void zx_world_copy(struct zx_world *to, const struct zx_world *from);

/* The call can come about: there is such a peer, and it is not down. */
static inline bool zx_world_is_there(const struct zx_world *world, const struct zx_stream *stream)
{
	return stream->end[1].node != ZX_MAX_NODES && !world->nodes[stream->end[1].node].down;
}

/* Fills in the choices; returns their number. *over: none is left but what disturbs. */
size_t zx_world_choices(const struct zx_world *world, zx_choice *choices, bool *over);
/* Takes one of them, and holds the properties against what comes of it. */
void zx_world_take(struct zx_world *world, zx_choice choice);
/* No choice is left but disturbances: holds the properties of an end against it. */
void zx_world_end(struct zx_world *world);
void zx_world_digest(const struct zx_world *world, struct zcl_digest *digest);
/* "new > old: hello" ...: the choice in words, before it is taken. Appends. */
void zx_world_words(const struct zx_world *world, zx_choice choice, GString *text);

#endif
