/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include "real/caller.h"

/*
 * Callers of an NI: with several loops, or several NIs at one address, their first bytes say to
 * whom they go.
 */

struct handover {
	struct zl_part *part;
	struct zcaller caller;
};

static void hand_over(const struct handover *to)
{
	const struct zcaller *caller = &to->caller;

	if (caller->late)
		zreal_node_adopt_late(to->part->node, caller->fd, &caller->from);
	else
		zreal_node_adopt(to->part->node, caller->fd, &caller->from);
}

static void adopt(void *data)
{
	hand_over(data);
	g_free(data);
}

static struct zclnd_ni *called(struct zclnd_ni *host, zcl_nid target)
{
	for (guint i = 0; i < host->guests->len; i++) {
		struct zclnd_ni *guest = host->guests->pdata[i];

		if (guest->options.nid == target)
			return guest;
	}
	/* One that calls nobody here is refused by the core, as by a node with one NI. */
	return host;
}

static void decide(void *user, const struct zcaller *caller)
{
	struct zclnd_ni *ni = called(user, caller->target);
	const bool unknown = caller->source == ZCL_NID_ANY;
	const struct handover to = {unknown ? &ni->parts[0] : zl_part_of(ni, caller->source),
				    *caller};

	if (zl_is_here(to.part->loop))
		hand_over(&to);
	else
		zloop_post(to.part->loop->loop, adopt, g_memdup2(&to, sizeof(to)));
}

/* The listener is the first part's. */
static void room(void *user)
{
	struct zclnd_ni *ni = user;

	zreal_node_kick(ni->parts[0].node);
}

bool zl_has_room(void *user)
{
	const struct zl_part *part = user;

	return !part->ni->callers || zcallers_have_room(part->ni->callers);
}

bool zl_route(void *user, int fd, const struct sockaddr_in *from)
{
	struct zl_part *part = user;

	if (!part->ni->callers)
		return false;
	zcallers_take(part->ni->callers, fd, from);
	return true;
}

void zl_accept_by_looking(struct zclnd_ni *ni)
{
	const struct zcallers_options options = {
		.most = ni->options.max_handshakes,
		.timeout = ni->options.accept_timeout,
		.decide = decide,
		.room = room,
		.user = ni,
	};

	if (!ni->callers)
		ni->callers = zcallers_new(ni->z->loops[0].loop, &options);
}

struct zclnd_ni *zl_host_of(const struct zclnd *z, const struct zclnd_ni_options *options)
{
	const struct sockaddr_in *wanted = &options->listen;

	for (guint i = 0; i < z->nis->len && wanted->sin_port != 0; i++) {
		struct zclnd_ni *ni = z->nis->pdata[i];

		if (ni->options.listens && !ni->host && ni->address.sin_port == wanted->sin_port &&
		    ni->address.sin_addr.s_addr == wanted->sin_addr.s_addr)
			return ni;
	}
	return NULL;
}

void zl_join(struct zclnd_ni *host, struct zclnd_ni *guest)
{
	guest->host = host;
	guest->address = host->address;
	g_ptr_array_add(host->guests, guest);
	zl_accept_by_looking(host);
}
