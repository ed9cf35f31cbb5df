/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/way.h"

#include <glib.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "real/splice.h"

/* Less than this in whole pages is not spliced even when asked for: one page is no gain. */
#define SPLICE_LEAST (8 * 1024)
/*
 * What `auto` splices. Two more system calls for each message, and a receiver that copies page by
 * page, cost more than the copy below this: break-even is at 128 to 256 KiB on loopback.
 */
#define SPLICE_GAINS (256 * 1024)

const char *zway_name(enum zway way)
{
	return way == ZWAY_AUTO ? "auto" : zcl_way_name((enum zcl_way)way);
}

bool zway_parse(const char *text, enum zway *way)
{
	for (enum zway at = 0; at < ZWAY_LAST; at++) {
		if (strcmp(text, zway_name(at)))
			continue;
		*way = at;
		return true;
	}
	return false;
}

void zway_init(struct zway_state *state, enum zway wanted, int fd)
{
	const int one = 1;

	*state = (struct zway_state){.wanted = wanted, .way = ZCL_WAY_COPY, .why = ZCL_WHY_ASKED};
	if (wanted != ZWAY_ZEROCOPY && wanted != ZWAY_AUTO)
		state->no_zerocopy = ZCL_WHY_ASKED;
	else if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) < 0)
		state->no_zerocopy = ZCL_WHY_UNSUPPORTED;
}

static void set(struct zway_state *state, enum zcl_way way, enum zcl_why why)
{
	state->way = way;
	state->why = why;
}

/* NONE: this payload may be spliced here; else why not. */
static enum zcl_why splice_refused(const struct zway_state *state, const struct iovec *iov,
				   size_t niov, size_t nob, bool acked)
{
	const size_t whole = zsplice_whole(iov, niov);

	if (whole < SPLICE_LEAST || whole < nob / 2)
		return ZCL_WHY_UNREGISTERED;
	if (!acked)
		return ZCL_WHY_NO_ACK;
	if (state->wanted == ZWAY_AUTO && nob < SPLICE_GAINS)
		return ZCL_WHY_SHORT;
	return state->no_splice ? ZCL_WHY_FAILED : ZCL_WHY_NONE;
}

void zway_choose(struct zway_state *state, const struct iovec *iov, size_t niov, size_t nob,
		 bool acked)
{
	const bool may_splice = state->wanted == ZWAY_SPLICE || state->wanted == ZWAY_AUTO;
	const enum zcl_why refused =
		may_splice ? splice_refused(state, iov, niov, nob, acked) : ZCL_WHY_ASKED;

	if (refused == ZCL_WHY_NONE)
		set(state, ZCL_WAY_SPLICE,
		    state->wanted == ZWAY_SPLICE ? ZCL_WHY_ASKED : ZCL_WHY_REGISTERED);
	else if (state->wanted == ZWAY_SPLICE)
		set(state, ZCL_WAY_COPY, refused);
	else if (state->no_zerocopy != ZCL_WHY_NONE)
		set(state, ZCL_WAY_COPY, state->no_zerocopy);
	else
		set(state, ZCL_WAY_ZEROCOPY, refused);
}

size_t zway_copies_below(const struct zway_state *state)
{
	if (state->wanted == ZWAY_COPY)
		return SIZE_MAX;
	if (state->wanted != ZWAY_AUTO || state->no_zerocopy == ZCL_WHY_NONE)
		return 0;
	return zmem_any() && !state->no_splice ? SPLICE_GAINS : SIZE_MAX;
}

void zway_fall_back(struct zway_state *state, struct zway_stats *stats, enum zcl_why why)
{
	stats->fallbacks[why]++;
	if (state->way == ZCL_WAY_SPLICE)
		state->no_splice = true;
	else
		state->no_zerocopy = why;
	set(state, ZCL_WAY_COPY, why);
}

static const struct sock_extended_err *find_notice(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const struct sock_extended_err *err = (const void *)CMSG_DATA(c);

		if (c->cmsg_level != SOL_IP || c->cmsg_type != IP_RECVERR)
			continue;
		if (err->ee_errno == 0 && err->ee_origin == SO_EE_ORIGIN_ZEROCOPY)
			return err;
	}
	return NULL;
}

/* It copied after all. What is under way goes on as it began. */
static void give_up_zerocopy(struct zway_state *state, struct zway_stats *stats)
{
	if (state->wanted == ZWAY_ZEROCOPY || state->no_zerocopy != ZCL_WHY_NONE)
		return;
	state->no_zerocopy = ZCL_WHY_COPIED;
	stats->fallbacks[ZCL_WHY_COPIED]++;
}

void zway_drain(struct zway_state *state, struct zway_stats *stats, int fd,
		void (*released)(void *user, uint32_t first, uint32_t last), void *user)
{
	while (state->outstanding > 0) {
		union {
			struct cmsghdr align;
			char bytes[256];
		} control;
		struct msghdr msg = {
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes),
		};
		const struct sock_extended_err *notice;
		uint32_t n;

		if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
		notice = find_notice(&msg);
		if (!notice)
			continue;
		n = notice->ee_data - notice->ee_info + 1;
		g_assert(n <= state->outstanding);
		state->outstanding -= n;
		stats->notices++;
		stats->completions += n;
		if (notice->ee_code & SO_EE_CODE_ZEROCOPY_COPIED) {
			stats->completions_copied += n;
			give_up_zerocopy(state, stats);
		}
		released(user, notice->ee_info, notice->ee_data);
	}
}
