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
	int fd;
	struct sockaddr_in from;
};

static void adopt(void *data)
{
	struct handover *handover = data;

	zreal_node_adopt(handover->part->node, handover->fd, &handover->from);
	g_free(handover);
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

static void decide(void *user, int fd, const struct sockaddr_in *from, zcl_nid target,
		   zcl_nid source)
{
	struct zclnd_ni *ni = called(user, target);
	struct zl_part *part = source == ZCL_NID_ANY ? &ni->parts[0] : zl_part_of(ni, source);
	struct handover *handover;

	if (zl_is_here(part->loop)) {
		zreal_node_adopt(part->node, fd, from);
		return;
	}
	handover = g_new(struct handover, 1);
	*handover = (struct handover){part, fd, *from};
	zloop_post(part->loop->loop, adopt, handover);
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
	if (!ni->callers)
		ni->callers = zcallers_new(ni->z->loops[0].loop, ni->options.max_handshakes,
					   ni->options.accept_timeout, decide, ni);
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
