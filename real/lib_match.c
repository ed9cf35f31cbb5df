/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include <string.h>

/*
 * Attached buffers. One for any peer is attached to the NI's node on each loop; these share how far
 * it is used. What is asked for (attach, detach, ...) comes to all loops in the same order.
 */

struct entry {
	struct zclnd_ni *ni;
	uint64_t id;
	void *user;
	struct zcl_attach spec;
	atomic_uint places; /* loops where it is attached, or whose last event waits */
	bool single;
	pthread_mutex_t lock; /* of use; held for a few instructions */
	struct zcl_md_use use;
};

/* An entry on one loop. */
struct piece {
	struct entry *entry;
	uint64_t core_id;
};

enum control_kind { CONTROL_ATTACH, CONTROL_DETACH, CONTROL_LAZY, CONTROL_PEER };

struct control {
	enum control_kind kind;
	struct entry *entry;
	uint64_t id;
	uint32_t portal;
	bool lazy;
	zclnd_nid peer;
	struct sockaddr_in address;
};

uint64_t zl_entry_id(const void *core_user)
{
	return ((const struct entry *)core_user)->id;
}

void *zl_entry_user(const void *core_user)
{
	return ((const struct entry *)core_user)->user;
}

static struct piece *find(const struct zl_part *part, uint64_t id)
{
	return g_hash_table_lookup(part->entries, &id);
}

bool zl_entry_is_single(const struct zl_part *part, uint64_t id)
{
	return find(part, id)->entry->single;
}

static void entry_free(struct entry *entry)
{
	pthread_mutex_destroy(&entry->lock);
	g_free(entry);
}

/* From inside the core, of any loop. */
static bool claim(void *shared, size_t rlength, size_t remote_offset, struct zcl_claim *claimed)
{
	struct entry *entry = shared;
	bool good;

	pthread_mutex_lock(&entry->lock);
	good = zcl_md_claim(&entry->spec, &entry->use, rlength, remote_offset, claimed);
	pthread_mutex_unlock(&entry->lock);
	return good;
}

/* ---- controls: on any thread -------------------------------------------------------- */

/* To one part, or to all (NULL). The NI's lock is held; those parts' loops are not awake yet. */
static void note(struct zclnd_ni *ni, struct zl_part *only, const struct control *control)
{
	for (unsigned i = 0; i < ni->z->options.threads; i++) {
		struct zl_part *part = &ni->parts[i];

		if (only && only != part)
			continue;
		g_queue_push_tail(&part->controls, g_memdup2(control, sizeof(*control)));
		atomic_store(&part->asked, true);
	}
}

static void catch_up_later(void *data)
{
	zl_catch_up(data);
}

/* Done at once where that is this thread's business. The NI's lock is not held. */
static void see_to(struct zclnd_ni *ni, struct zl_part *only)
{
	const bool running = atomic_load(&ni->z->state) != ZL_NEW;

	for (unsigned i = 0; i < ni->z->options.threads; i++) {
		struct zl_part *part = &ni->parts[i];

		if (only && only != part)
			continue;
		if (!running || zl_is_here(part->loop))
			zl_catch_up(part);
		else
			zloop_post(part->loop->loop, catch_up_later, part);
	}
}

static enum zclnd_err ask(struct zclnd_ni *ni, struct zl_part *only, const struct control *control)
{
	bool closed;

	pthread_mutex_lock(&ni->lock);
	closed = ni->closed;
	if (!closed)
		note(ni, only, control);
	pthread_mutex_unlock(&ni->lock);
	if (closed)
		return ZCLND_E_SHUTDOWN;
	see_to(ni, only);
	return ZCLND_OK;
}

static bool is_valid(const struct zclnd_attach *a)
{
	return a->portal < ZCLND_PORTALS && a->niov <= ZCLND_MAX_IOV &&
	       (a->options & (ZCLND_MD_PUT | ZCLND_MD_GET)) != 0;
}

/* A place below the limit. */
static bool reserve(struct zclnd_ni *ni)
{
	if (atomic_fetch_add(&ni->attached, 1) < ni->options.max_attached)
		return true;
	atomic_fetch_sub(&ni->attached, 1);
	return false;
}

static struct entry *entry_new(struct zclnd_ni *ni, const struct zclnd_attach *attach, bool single)
{
	struct entry *entry = g_new0(struct entry, 1);

	entry->ni = ni;
	entry->user = attach->user;
	entry->single = single;
	atomic_init(&entry->places, single ? 1 : ni->z->options.threads);
	pthread_mutex_init(&entry->lock, NULL);
	entry->spec = (struct zcl_attach){
		.portal = attach->portal,
		.match_bits = attach->match_bits,
		.ignore_bits = attach->ignore_bits,
		.peer = attach->peer,
		.options = attach->options,
		.threshold = attach->threshold,
		.niov = attach->niov,
		.user = entry,
	};
	memcpy(entry->spec.iov, attach->iov, attach->niov * sizeof(*attach->iov));
	/* Alone on its loop, or without anything to count: nothing is shared. */
	if (!single && (attach->threshold || !(attach->options & ZCLND_MD_REMOTE_OFFSET))) {
		entry->spec.claim = claim;
		entry->spec.shared = entry;
	}
	return entry;
}

enum zclnd_err zclnd_attach(struct zclnd_ni *ni, const struct zclnd_attach *attach, uint64_t *id)
{
	struct control control = {.kind = CONTROL_ATTACH};
	struct zl_part *only = NULL;
	enum zclnd_err err;

	if (!is_valid(attach))
		return ZCLND_E_INVALID;
	if (!reserve(ni))
		return ZCLND_E_LIMIT;
	if (attach->peer != ZCLND_NID_ANY)
		only = zl_part_of(ni, attach->peer);
	else if (ni->z->options.threads == 1)
		only = &ni->parts[0];
	control.entry = entry_new(ni, attach, only != NULL);
	pthread_mutex_lock(&ni->lock);
	control.entry->id = ++ni->next_id;
	if (id)
		*id = control.entry->id;
	err = ni->closed ? ZCLND_E_SHUTDOWN : ZCLND_OK;
	if (err == ZCLND_OK)
		note(ni, only, &control);
	pthread_mutex_unlock(&ni->lock);
	if (err == ZCLND_OK) {
		see_to(ni, only);
		return err;
	}
	entry_free(control.entry);
	atomic_fetch_sub(&ni->attached, 1);
	return err;
}

enum zclnd_err zclnd_detach(struct zclnd_ni *ni, uint64_t id)
{
	const struct control control = {.kind = CONTROL_DETACH, .id = id};
	enum zclnd_err err = ZCLND_OK;

	pthread_mutex_lock(&ni->lock);
	if (id == 0 || id > ni->next_id)
		err = ZCLND_E_INVALID;
	pthread_mutex_unlock(&ni->lock);
	if (err != ZCLND_OK)
		return err;
	/* Of one that is closing all buffers are detached anyway. */
	ask(ni, NULL, &control);
	return ZCLND_OK;
}

enum zclnd_err zclnd_portal_set_lazy(struct zclnd_ni *ni, uint32_t portal, bool lazy)
{
	const struct control control = {.kind = CONTROL_LAZY, .portal = portal, .lazy = lazy};

	return portal < ZCLND_PORTALS ? ask(ni, NULL, &control) : ZCLND_E_INVALID;
}

enum zclnd_err zclnd_peer_set(struct zclnd_ni *ni, zclnd_nid peer, const struct sockaddr_in *addr)
{
	const struct control control = {.kind = CONTROL_PEER, .peer = peer, .address = *addr};

	return ask(ni, zl_part_of(ni, peer), &control);
}

/* ---- controls: on the part's loop --------------------------------------------------- */

static void attach_here(struct zl_part *part, struct entry *entry)
{
	struct piece *piece = g_new(struct piece, 1);
	enum zcl_err err;

	*piece = (struct piece){.entry = entry};
	g_hash_table_insert(part->entries, &entry->id, piece);
	err = zcl_lnet_attach(zreal_node_core(part->node), &entry->spec, &piece->core_id,
			      zreal_node_now(part->node));
	/* Arguments and limits were looked at; a node is shut down after its last control. */
	g_assert(err == ZCL_OK);
}

static void detach_here(struct zl_part *part, uint64_t id)
{
	struct piece *piece = find(part, id);
	struct zclnd_event event;

	/* One that is busy, or whose last event waits, needs no more than what it will say. */
	if (!piece || zcl_lnet_detach(zreal_node_core(part->node), piece->core_id) != ZCL_OK)
		return;
	event = (struct zclnd_event){
		.kind = ZCLND_EV_UNLINK,
		.unlinked = true,
		.peer = ZCLND_NID_ANY,
		.portal = piece->entry->spec.portal,
		.match_bits = piece->entry->spec.match_bits,
		.id = id,
		.user = piece->entry->user,
	};
	zl_event_push(part, &event);
}

static void control_run(struct zl_part *part, const struct control *control)
{
	switch (control->kind) {
	case CONTROL_ATTACH:
		attach_here(part, control->entry);
		break;
	case CONTROL_DETACH:
		detach_here(part, control->id);
		break;
	case CONTROL_LAZY:
		zcl_lnet_set_lazy(zreal_node_core(part->node), control->portal, control->lazy,
				  zreal_node_now(part->node));
		break;
	case CONTROL_PEER:
		zreal_node_set_peer(part->node, control->peer, &control->address);
		break;
	}
}

void zl_controls_run(struct zl_part *part)
{
	struct control *control;
	GQueue mine;

	atomic_store(&part->asked, false);
	pthread_mutex_lock(&part->ni->lock);
	mine = part->controls;
	g_queue_init(&part->controls);
	pthread_mutex_unlock(&part->ni->lock);
	while ((control = g_queue_pop_head(&mine))) {
		control_run(part, control);
		g_free(control);
	}
	zreal_node_kick(part->node);
}

/* ---- the end of an entry ------------------------------------------------------------ */

bool zl_entry_left(struct zl_part *part, uint64_t id)
{
	struct zclnd_ni *ni = part->ni;
	const struct control control = {.kind = CONTROL_DETACH, .id = id};
	struct entry *entry = find(part, id)->entry;
	unsigned before;

	g_hash_table_remove(part->entries, &id);
	before = atomic_fetch_sub(&entry->places, 1);
	if (before == 1) {
		entry_free(entry);
		atomic_fetch_sub(&ni->attached, 1);
		return true;
	}
	/* Used up here: the other loops need not keep it. */
	if (before == ni->z->options.threads)
		ask(ni, NULL, &control);
	return false;
}

void zl_entries_end(struct zl_part *part)
{
	GList *all = g_hash_table_get_values(part->entries);

	for (const GList *l = all; l; l = l->next)
		detach_here(part, ((const struct piece *)l->data)->entry->id);
	g_list_free(all);
}

void zl_entries_init(struct zl_part *part)
{
	g_queue_init(&part->controls);
	part->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
}

void zl_entries_clear(struct zl_part *part)
{
	g_assert(g_hash_table_size(part->entries) == 0);
	g_assert(g_queue_is_empty(&part->controls));
	g_hash_table_unref(part->entries);
}
