/* SPDX-License-Identifier: MIT */
#include "scenarios/tunable.h"

#include <string.h>

#include "scenarios/value.h"

#define MS INT64_C(1000000)

enum kind { TIME, SIZE, COUNT, YES_NO };

struct zrace_tunable {
	const char *name;
	enum kind kind;
	size_t offset; /* of the field: int64_t; size_t; uint32_t or, when wide, size_t; bool */
	bool wide;
	const char *words;
	uint64_t first, last;
};

#define FIELD(field) offsetof(struct zcl_config, field)
#define A_TIME	     "a time from 1ms to 60min"
#define A_SIZE	     "a size from 0 to 1MiB"

static const struct zrace_tunable tunables[] = {
	{"race-retries", COUNT, FIELD(race_retries), false, "a number from 0 to 1000", 0, 1000},
	{"socket-timeout", TIME, FIELD(socket_timeout), true, A_TIME, MS, 3600000 * MS},
	{"accept-timeout", TIME, FIELD(accept_timeout), true, A_TIME, MS, 3600000 * MS},
	{"min-reconnect", TIME, FIELD(min_reconnect), true, A_TIME, MS, 3600000 * MS},
	{"max-reconnect", TIME, FIELD(max_reconnect), true, A_TIME, MS, 3600000 * MS},
	{"zc-min", SIZE, FIELD(zc_min_payload), true, A_SIZE, 0, ZCL_LNET_MTU},
	{"min-bulk", SIZE, FIELD(min_bulk), true, A_SIZE, 0, ZCL_LNET_MTU},
	{"checksum", YES_NO, FIELD(checksum), false, "yes or no", 0, 1},
	{"conns-per-peer", COUNT, FIELD(conns_per_peer), false, "a number from 1 to 64", 1,
	 ZCL_MAX_BULK},
	{"max-queued", COUNT, FIELD(max_queued), true, "a number from 1 to 4096", 1, 4096},
	{"max-peers", COUNT, FIELD(max_peers), true, "a number from 1 to 65536", 1, 65536},
	{"max-handshakes", COUNT, FIELD(max_handshakes), true, "a number from 1 to 1024", 1, 1024},
	/* Two are the script's own: what `put` goes to and `get` comes from. */
	{"max-attached", COUNT, FIELD(max_attached), true, "a number from 2 to 65536", 2, 65536},
};

const struct zrace_tunable *zrace_tunable_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tunables); i++)
		if (strcmp(tunables[i].name, name) == 0)
			return &tunables[i];
	return NULL;
}

bool zrace_tunable_parse(const struct zrace_tunable *tunable, const char *value, uint64_t *number)
{
	int64_t ns;
	size_t bytes;

	switch (tunable->kind) {
	case TIME:
		if (!zrace_parse_time(value, &ns) || ns < 0)
			return false;
		*number = (uint64_t)ns;
		break;
	case SIZE:
		if (!zrace_parse_size(value, &bytes))
			return false;
		*number = bytes;
		break;
	case COUNT:
		return zrace_parse_count(value, tunable->first, tunable->last, number);
	case YES_NO:
		*number = strcmp(value, "yes") == 0;
		return *number || strcmp(value, "no") == 0;
	}
	return *number >= tunable->first && *number <= tunable->last;
}

void zrace_tunable_set(const struct zrace_tunable *tunable, uint64_t number,
		       struct zcl_config *config)
{
	char *field = (char *)config + tunable->offset;

	if (tunable->kind == YES_NO)
		memcpy(field, &(bool){number != 0}, sizeof(bool));
	else if (tunable->kind == TIME)
		memcpy(field, &(int64_t){(int64_t)number}, sizeof(int64_t));
	else if (tunable->wide)
		memcpy(field, &(size_t){(size_t)number}, sizeof(size_t));
	else
		memcpy(field, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
}

const char *zrace_tunable_name(const struct zrace_tunable *tunable)
{
	return tunable->name;
}

static uint64_t value_of(const struct zrace_tunable *tunable, const struct zcl_config *config)
{
	const char *field = (const char *)config + tunable->offset;
	uint64_t wide;
	uint32_t narrow;

	if (tunable->wide) {
		memcpy(&wide, field, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, field, sizeof(narrow));
	return narrow;
}

static void append_time(GString *text, uint64_t ns)
{
	if (ns % (uint64_t)MS == 0)
		g_string_append_printf(text, "%" G_GUINT64_FORMAT "ms", ns / (uint64_t)MS);
	else
		g_string_append_printf(text, "%" G_GUINT64_FORMAT "ns", ns);
}

void zrace_tunable_lines(GString *text, const struct zcl_config *config)
{
	struct zcl_config untouched;

	zcl_config_init(&untouched);
	for (size_t i = 0; i < G_N_ELEMENTS(tunables); i++) {
		const uint64_t value = value_of(&tunables[i], config);

		if (value == value_of(&tunables[i], &untouched))
			continue;
		g_string_append_printf(text, " set %s ", tunables[i].name);
		if (tunables[i].kind == TIME)
			append_time(text, value);
		else
			g_string_append_printf(text, "%" G_GUINT64_FORMAT, value);
	}
}

void zrace_tunable_words(const struct zrace_tunable *tunable, GString *text)
{
	g_string_append(text, tunable->words);
}

void zrace_tunable_names(GString *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tunables); i++)
		g_string_append_printf(text, "%s%s", i ? ", " : "", tunables[i].name);
}
