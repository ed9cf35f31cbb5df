/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/journal.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "real/cli_wait.h"

/* Lines of one kind with one peer, in one window. */
#define BURST	  10
#define WINDOW_NS (INT64_C(60) * 1000000000)
/* Kinds with peers that are remembered; beyond, all start anew. */
#define MAX_TALLIES 4096

struct tally {
	uint64_t key;
	int64_t window; /* when it ends */
	unsigned said, left_out;
};

struct zjournal {
	struct zjournal_options options;
	pthread_mutex_t lock;
	bool systemd;	 /* its journal reads what we write */
	bool unreserved; /* calls leave from ordinary ports */
	GString *line;
	GHashTable *tallies; /* by key */
};

/* systemd tells which file leads to its journal. */
static bool is_journal(FILE *to)
{
	const char *stream = g_getenv("JOURNAL_STREAM");
	struct stat st;
	char own[64];

	if (!stream || fstat(fileno(to), &st) < 0)
		return false;
	g_snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return !strcmp(stream, own);
}

struct zjournal *zjournal_new(const struct zjournal_options *options)
{
	struct zjournal *journal = g_new0(struct zjournal, 1);

	journal->options = *options;
	if (!journal->options.now)
		journal->options.now = zcli_now;
	pthread_mutex_init(&journal->lock, NULL);
	journal->systemd = is_journal(options->to);
	journal->line = g_string_sized_new(512);
	journal->tallies = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	return journal;
}

void zjournal_free(struct zjournal *journal)
{
	if (!journal)
		return;
	g_string_free(journal->line, TRUE);
	g_hash_table_unref(journal->tallies);
	pthread_mutex_destroy(&journal->lock);
	g_free(journal);
}

/* ---- not too often ---- */

static struct tally *tally_of(struct zjournal *journal, uint64_t key)
{
	struct tally *tally = g_hash_table_lookup(journal->tallies, &key);

	if (tally)
		return tally;
	if (g_hash_table_size(journal->tallies) >= MAX_TALLIES)
		g_hash_table_remove_all(journal->tallies);
	tally = g_new0(struct tally, 1);
	tally->key = key;
	tally->window = INT64_MIN;
	g_hash_table_insert(journal->tallies, &tally->key, tally);
	return tally;
}

/* False: one too many. *left_out: how many like this one were not said before it. */
static bool may_speak(struct zjournal *journal, const char *kind, uint64_t who, unsigned *left_out)
{
	const uint64_t mixed = (uint64_t)g_str_hash(kind) * UINT64_C(0x9e3779b97f4a7c15);
	struct tally *tally = tally_of(journal, mixed ^ who);
	const int64_t now = journal->options.now();

	if (now >= tally->window) {
		tally->window = now + WINDOW_NS;
		tally->said = 0;
	}
	if (tally->said >= BURST) {
		tally->left_out++;
		return false;
	}
	tally->said++;
	*left_out = tally->left_out;
	tally->left_out = 0;
	return true;
}

/* ---- a line ---- */

static void append_head(struct zjournal *journal, enum zjournal_level level)
{
	if (journal->systemd) {
		g_string_append(journal->line, level == ZJOURNAL_WARNING ? "<4>" : "<6>");
		return;
	}
	if (journal->options.stamps) {
		GDateTime *now = g_date_time_new_now_local();
		char *text = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S%z");

		g_string_append_printf(journal->line, "%s ", text);
		g_free(text);
		g_date_time_unref(now);
	}
	g_string_append(journal->line, level == ZJOURNAL_WARNING ? "zclnd: warning: " : "zclnd: ");
}

/* words with the values of their {fields}. */
static void append_words(GString *line, const char *words, const struct zclnd_trace *trace)
{
	char name[32], value[64];

	for (const char *c = words; *c; c++) {
		const char *end = *c == '{' ? strchr(c, '}') : NULL;

		if (!end) {
			g_string_append_c(line, *c);
			continue;
		}
		g_strlcpy(name, c + 1, MIN(sizeof(name), (size_t)(end - c)));
		if (zclnd_trace_field(trace, name, value, sizeof(value)))
			g_string_append(line, value);
		c = end;
	}
}

static void print_line(struct zjournal *journal, unsigned left_out)
{
	FILE *to = journal->options.to;

	if (left_out)
		g_string_append_printf(journal->line, " (%u more like this were left out)",
				       left_out);
	g_string_append_c(journal->line, '\n');
	/* In one piece, whoever else writes there. */
	fwrite(journal->line->str, 1, journal->line->len, to);
	fflush(to);
}

/* "10.0.0.9@tcp (10.0.0.9:988)", as much of it as is known. */
static void append_who(GString *line, zclnd_nid peer, const struct sockaddr_in *addr)
{
	char nid[ZCLND_NID_STRLEN], text[ZCLND_ADDR_STRLEN];

	if (peer != ZCLND_NID_ANY)
		g_string_append(line, zclnd_nid_format(peer, nid, sizeof(nid)));
	else if (!addr)
		g_string_append(line, "a caller");
	if (addr)
		g_string_append_printf(line, peer != ZCLND_NID_ANY ? " (%s)" : "%s",
				       zclnd_addr_format(addr, text, sizeof(text)));
	g_string_append_c(line, ' ');
}

static void say(struct zjournal *journal, const struct zjournal_phrase *phrase,
		const struct zclnd_trace *trace)
{
	const zclnd_nid peer = zclnd_trace_peer(trace);
	const char *words = phrase->words;
	struct sockaddr_in addr;
	const bool known = zclnd_trace_remote(trace, &addr);
	uint64_t who = peer;
	unsigned left_out;

	if (peer == ZCLND_NID_ANY)
		who = known ? addr.sin_addr.s_addr : 0;
	if (!may_speak(journal, phrase->words, who, &left_out))
		return;
	if (phrase->unreserved && journal->unreserved)
		words = phrase->unreserved;
	g_string_truncate(journal->line, 0);
	append_head(journal, phrase->level);
	append_who(journal->line, peer, known ? &addr : NULL);
	append_words(journal->line, words, trace);
	print_line(journal, left_out);
}

void zjournal_trace(struct zjournal *journal, const struct zclnd_trace *trace)
{
	const struct zjournal_phrase *phrase = zjournal_phrase_of(trace);

	if (!phrase || (phrase->level == ZJOURNAL_NOTICE && !journal->options.verbose))
		return;
	pthread_mutex_lock(&journal->lock);
	say(journal, phrase, trace);
	pthread_mutex_unlock(&journal->lock);
}

static void say_note(struct zjournal *journal, enum zclnd_note note, const struct sockaddr_in *addr)
{
	bool about;
	const char *words = zjournal_note_words(note, &about);
	unsigned left_out;

	if (!may_speak(journal, words, about && addr ? addr->sin_addr.s_addr : 0, &left_out))
		return;
	g_string_truncate(journal->line, 0);
	append_head(journal, ZJOURNAL_WARNING);
	if (about)
		append_who(journal->line, ZCLND_NID_ANY, addr);
	g_string_append(journal->line, words);
	print_line(journal, left_out);
}

void zjournal_note(struct zjournal *journal, enum zclnd_note note, const struct sockaddr_in *addr)
{
	/* That is so for all calls, and once is enough. */
	const bool once = note == ZCLND_NOTE_NOT_PERMITTED;

	pthread_mutex_lock(&journal->lock);
	if (!once || !journal->unreserved)
		say_note(journal, note, addr);
	journal->unreserved |= once || note == ZCLND_NOTE_PORTS_IN_USE;
	pthread_mutex_unlock(&journal->lock);
}
