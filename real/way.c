/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/way.h"

#include <glib.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char *const way_names[ZWAY_LAST] = {
	[ZWAY_COPY] = "copy",
	[ZWAY_ZEROCOPY] = "zerocopy",
	[ZWAY_AUTO] = "auto",
};

static const char *const why_names[ZWHY_LAST] = {
	[ZWHY_ASKED] = "asked",
	[ZWHY_UNSUPPORTED] = "unsupported",
	[ZWHY_COPIED] = "copied",
	[ZWHY_NOBUFS] = "nobufs",
};

const char *zway_name(enum zway way)
{
	return way < ZWAY_LAST ? way_names[way] : "unknown";
}

const char *zway_why_name(enum zway_why why)
{
	return why < ZWHY_LAST ? why_names[why] : "unknown";
}

bool zway_parse(const char *text, enum zway *way)
{
	for (enum zway at = 0; at < ZWAY_LAST; at++) {
		if (strcmp(text, way_names[at]))
			continue;
		*way = at;
		return true;
	}
	return false;
}

void zway_init(struct zway_state *state, enum zway wanted, int fd)
{
	const int one = 1;

	*state = (struct zway_state){.way = ZWAY_COPY, .why = ZWHY_ASKED};
	if (wanted == ZWAY_COPY)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) < 0) {
		state->why = ZWHY_UNSUPPORTED;
		return;
	}
	state->way = ZWAY_ZEROCOPY;
	state->forced = wanted == ZWAY_ZEROCOPY;
}

void zway_fall_back(struct zway_state *state, enum zway_why why)
{
	state->way = ZWAY_COPY;
	state->why = why;
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
			if (!state->forced && state->way == ZWAY_ZEROCOPY)
				zway_fall_back(state, ZWHY_COPIED);
		}
		released(user, notice->ee_info, notice->ee_data);
	}
}
