/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdatomic.h>

#include "real/mem_impl.h"

/*
 * What memory is registered, by address. Every loop looks up every bulk payload, so readers take no
 * lock: they search a sorted array, and once more when it changed meanwhile (its version is odd
 * while it does). An array that became too small stays allocated, for a reader may still be in it;
 * sizes double, so that all of them together are no larger than the last.
 *
 * This is the one variable of the process: memory is the process's, and so is who registered it.
 */
struct entry {
	_Atomic uintptr_t start, end;
	_Atomic(struct zmem *) mem;
};

struct table {
	struct table *smaller; /* kept for late readers */
	size_t capacity;
	struct entry entries[];
};

static struct {
	pthread_mutex_t lock; /* of writers */
	_Atomic(struct table *) table;
	atomic_size_t count;
	atomic_uint version;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The entry that starts last at or before addr; count: none. */
static size_t entry_before(struct table *table, size_t count, uintptr_t addr)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (atomic_load_explicit(&table->entries[middle].start, memory_order_acquire) <=
		    addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? low - 1 : count;
}

static struct zmem *search(uintptr_t addr, size_t length)
{
	struct table *table = atomic_load_explicit(&registry.table, memory_order_acquire);
	const size_t count = atomic_load_explicit(&registry.count, memory_order_acquire);
	size_t at;

	/* Of different moments: what is found will not be used. */
	if (!table || count > table->capacity)
		return NULL;
	at = entry_before(table, count, addr);
	if (at == count)
		return NULL;
	if (atomic_load_explicit(&table->entries[at].end, memory_order_acquire) < addr + length)
		return NULL;
	return atomic_load_explicit(&table->entries[at].mem, memory_order_acquire);
}

bool zmem_any(void)
{
	return atomic_load_explicit(&registry.count, memory_order_relaxed) > 0;
}

struct zmem *zmem_find(const void *addr, size_t length)
{
	struct zmem *found;
	unsigned version;

	if (!zmem_any() || length > UINTPTR_MAX - (uintptr_t)addr)
		return NULL;
	do {
		version = atomic_load_explicit(&registry.version, memory_order_acquire);
		found = search((uintptr_t)addr, length);
	} while (version % 2 ||
		 version != atomic_load_explicit(&registry.version, memory_order_relaxed));
	return found;
}

/* ---- writers ------------------------------------------------------------------------ */

static void begin_change(void)
{
	pthread_mutex_lock(&registry.lock);
	atomic_fetch_add_explicit(&registry.version, 1, memory_order_acq_rel);
}

static void end_change(void)
{
	atomic_fetch_add_explicit(&registry.version, 1, memory_order_release);
	pthread_mutex_unlock(&registry.lock);
}

static void put_entry(struct entry *to, uintptr_t start, uintptr_t end, struct zmem *mem)
{
	atomic_store_explicit(&to->start, start, memory_order_release);
	atomic_store_explicit(&to->end, end, memory_order_release);
	atomic_store_explicit(&to->mem, mem, memory_order_release);
}

static void copy_entry(struct entry *to, const struct entry *from)
{
	put_entry(to, from->start, from->end, from->mem);
}

static struct table *table_with_room(size_t count)
{
	struct table *old = registry.table, *table;
	const size_t capacity = old ? 2 * old->capacity : 16;

	if (old && count < old->capacity)
		return old;
	table = g_malloc0(sizeof(*table) + capacity * sizeof(struct entry));
	table->smaller = old;
	table->capacity = capacity;
	for (size_t i = 0; i < count; i++)
		copy_entry(&table->entries[i], &old->entries[i]);
	atomic_store_explicit(&registry.table, table, memory_order_release);
	return table;
}

static bool overlaps(struct table *table, size_t at, size_t count, uintptr_t start, uintptr_t end)
{
	return (at > 0 && table->entries[at - 1].end > start) ||
	       (at < count && table->entries[at].start < end);
}

bool zmem_register(struct zmem *mem)
{
	const uintptr_t start = (uintptr_t)mem->data, end = start + mem->mapped;
	struct table *table;
	size_t count, at;
	bool free;

	begin_change();
	count = registry.count;
	table = table_with_room(count);
	at = entry_before(table, count, start);
	at = at == count ? 0 : at + 1;
	free = !overlaps(table, at, count, start, end);
	if (free) {
		for (size_t i = count; i > at; i--)
			copy_entry(&table->entries[i], &table->entries[i - 1]);
		put_entry(&table->entries[at], start, end, mem);
		atomic_store_explicit(&registry.count, count + 1, memory_order_release);
	}
	end_change();
	return free;
}

void zmem_unregister(struct zmem *mem)
{
	struct table *table;
	size_t count, at;

	begin_change();
	table = registry.table;
	count = registry.count;
	at = entry_before(table, count, (uintptr_t)mem->data);
	g_assert(at < count && table->entries[at].mem == mem);
	atomic_store_explicit(&registry.count, count - 1, memory_order_release);
	for (; at + 1 < count; at++)
		copy_entry(&table->entries[at], &table->entries[at + 1]);
	end_change();
}
