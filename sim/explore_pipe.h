/* SPDX-License-Identifier: MIT */
#ifndef ZX_PIPE_H
#define ZX_PIPE_H

#include "core/digest.h"
#include "core/rx.h"
#include "scenarios/world.h"

/*
 * One direction of a stream: the bytes on their way, cut into whole protocol messages by the
 * core's own decoder. Buffers are kept when a pipe is started again.
 */

struct zx_unit {
	uint32_t kind; /* enum zworld_unit; 0: bytes that do not decode */
	uint32_t end;  /* where it ends in bytes */
};

struct zx_pipe {
	uint8_t *bytes;
	size_t head, len, cap;
	struct zx_unit *units;
	size_t first, nunits, unit_cap;
	size_t decoded; /* bytes that the decoder has read */
	bool cuts;	/* also behind the acceptor request and LNet headers */
	bool raw;	/* did not decode: what comes is a unit as it comes */
	struct zcl_rx rx;
};

/* from_active: opens with an acceptor request. The pipe was zeroed once. */
void zx_pipe_start(struct zx_pipe *pipe, bool from_active, bool cuts);
void zx_pipe_clear(struct zx_pipe *pipe);
/* What is on its way in `from`, and how it is cut. */
void zx_pipe_copy(struct zx_pipe *to, const struct zx_pipe *from);
void zx_pipe_push(struct zx_pipe *pipe, const void *data, size_t len);
/* Bytes that were pushed are complete units now (a batch ends between messages). */
void zx_pipe_cut(struct zx_pipe *pipe);
/* Drops what is on its way. */
void zx_pipe_empty(struct zx_pipe *pipe);
/* Takes the first unit off; *data is valid until the next push. The unit's bytes. */
size_t zx_pipe_take(struct zx_pipe *pipe, const uint8_t **data);
void zx_pipe_digest(const struct zx_pipe *pipe, struct zcl_digest *digest);

static inline bool zx_pipe_is_empty(const struct zx_pipe *pipe)
{
	return pipe->first == pipe->nunits;
}

/* Of the first unit. */
static inline unsigned zx_pipe_kind(const struct zx_pipe *pipe)
{
	return pipe->units[pipe->first].kind;
}

#endif
