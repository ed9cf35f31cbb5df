/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/journal.h"

#include <glib.h>
#include <string.h>

/* What events mean to an operator, and what can be done (wire notes 3 to 7). */

#define UP    ZJOURNAL_NOTICE
#define WRONG ZJOURNAL_WARNING

#define SECURE_CLOSES                                                                              \
	"Lustre nodes do so with callers from ports above 1023 (accept=secure): give zclnd "       \
	"CAP_NET_BIND_SERVICE, or set accept=all in lnet's options there"
#define NID_CLOSES                                                                                 \
	"Lustre nodes do so when they are called by a NID that they do not have: see lnetctl net " \
	"show there"

/* The first that fits counts. */
static const struct zjournal_phrase phrases[] = {
	{"up", NULL, NULL, UP, "{ctype} is up with {version}, opened by {initiator}", NULL},
	{"stale", NULL, NULL, UP, "has restarted", NULL},
	{"caller-lost", NULL, NULL, UP, "called and did not say who it is ({error})", NULL},
	{"fallback", "reason", "told", UP, "says that it speaks {to}, and is called with that",
	 NULL},
	{"fallback", NULL, NULL, UP,
	 "closed without a word, as nodes of before 2007 do: it is called with {to}", NULL},

	{"down", "error", "timedout", WRONG,
	 "{ctype} is down (timedout): the host is gone, the network is cut, or the peer reads "
	 "nothing any more",
	 NULL},
	{"down", "error", "unreachable", WRONG,
	 "{ctype} is down (unreachable): look at the routes and the link", NULL},
	{"down", NULL, NULL, UP, "{ctype} is down ({error})", NULL},
	{"overdue", NULL, NULL, WRONG,
	 "has not acknowledged a zero-copy request in time: its connections are closed, what was "
	 "under way has failed; it is overloaded, hung, or has lost the message",
	 NULL},

	{"cut-off", NULL, NULL, WRONG,
	 "is cut off: it asks and does not read what it is sent; is it hung?", NULL},

	{"refuse", "reason", "version", UP,
	 "calls with a version that is not spoken here and is told {version}, with which Lustre "
	 "nodes come back",
	 NULL},
	{"refuse", "reason", "race", UP, "calls while it is called: the higher NID wins", NULL},
	{"refuse", "reason", "duplicate", UP,
	 "calls for a connection that is there already; TCP asks whether the old one lives", NULL},
	{"refuse", "reason", "stale", UP,
	 "calls after a restart: its old connections go first, its next call is taken", NULL},
	{"refuse", "reason", "limit", WRONG, "is refused: there are as many peers as allowed",
	 NULL},

	{"failed", "error", "shutdown", UP, "is not called any more", NULL},
	{"failed", "error", "aborted", UP, "is not called any more", NULL},
	{"failed", "error", "refused", WRONG,
	 "cannot be connected to (refused): nobody listens there; is LNet up on that node, is the "
	 "port right (--peer)?",
	 NULL},
	{"failed", "error", "timedout", WRONG,
	 "cannot be connected to (timedout): it does not react; is the host up, does a firewall "
	 "drop the port?",
	 NULL},
	{"failed", "error", "unreachable", WRONG,
	 "cannot be connected to (unreachable): look at the routes and the link", NULL},
	{"failed", "error", "reset", WRONG,
	 "cannot be connected to (reset): it closes before it says a word. " NID_CLOSES,
	 "cannot be connected to (reset): it closes before it says a word. " SECURE_CLOSES},
	{"failed", "error", "eof", WRONG,
	 "cannot be connected to (eof): it closes before it says a word. " NID_CLOSES,
	 "cannot be connected to (eof): it closes before it says a word. " SECURE_CLOSES},
	{"failed", "error", "wrong_nid", WRONG,
	 "cannot be connected to (wrong_nid): another node reacts at its address; is the address "
	 "right (--peer)?",
	 NULL},
	{"failed", "error", "version", WRONG,
	 "cannot be connected to (version): it speaks no version that is spoken here", NULL},
	{"failed", "error", "fickle", WRONG,
	 "cannot be connected to (fickle): it names another version at each call; do two nodes "
	 "share its address?",
	 NULL},
	{"failed", "error", "race", WRONG,
	 "cannot be connected to (race): it refuses each time, as one does that has the connection "
	 "already; it may hold an old one until its timeout",
	 NULL},
	{"failed", NULL, NULL, WRONG, "cannot be connected to ({error})", NULL},

	{"protocol-error", "error", "bad_magic", WRONG,
	 "is closed (bad_magic): it is no LNet node, or its stream is broken", NULL},
	{"protocol-error", "error", "bad_acceptor_version", WRONG,
	 "is refused (bad_acceptor_version): nodes with large NIDs (IPv6) call so; let it call by "
	 "the IPv4 NID",
	 NULL},
	{"protocol-error", "error", "wrong_nid", WRONG,
	 "is closed (wrong_nid): it calls by a NID that is not here; compare what is configured "
	 "there with --nid",
	 NULL},
	{"protocol-error", "error", "bad_checksum", WRONG,
	 "is closed (bad_checksum): bytes changed on the way; look for bad memory, cables, "
	 "offloads",
	 NULL},
	{"protocol-error", "error", "bad_cookie", WRONG,
	 "is closed (bad_cookie): it acknowledges a zero-copy request that is not outstanding",
	 NULL},
	{"protocol-error", NULL, NULL, WRONG,
	 "is closed ({error}): one of the two ends breaks the protocol", NULL},
};

static bool fits(const struct zjournal_phrase *phrase, const struct zclnd_trace *trace)
{
	char value[64];

	if (strcmp(phrase->event, zclnd_trace_name(trace)) != 0)
		return false;
	return !phrase->field || (zclnd_trace_field(trace, phrase->field, value, sizeof(value)) &&
				  strcmp(phrase->value, value) == 0);
}

const struct zjournal_phrase *zjournal_phrase_of(const struct zclnd_trace *trace)
{
	for (size_t i = 0; i < G_N_ELEMENTS(phrases); i++) {
		if (fits(&phrases[i], trace))
			return &phrases[i];
	}
	return NULL;
}

const char *zjournal_note_words(enum zclnd_note note, bool *about)
{
	*about = true;
	switch (note) {
	case ZCLND_NOTE_UNRESERVED:
		return "calls from a port above 1023 and is closed (accept=secure): it needs "
		       "CAP_NET_BIND_SERVICE there, or --accept all here";
	case ZCLND_NOTE_LIMIT:
		return "is closed: too many callers have not said who they are";
	case ZCLND_NOTE_PORTS_IN_USE:
		return "is called from a port above 1023, as 512 to 1023 are all in use; a Lustre "
		       "node with accept=secure closes that";
	case ZCLND_NOTE_FILES:
		*about = false;
		return "callers are closed or wait for want of descriptors: raise the limit "
		       "(LimitNOFILE=, ulimit -n)";
	case ZCLND_NOTE_NOT_PERMITTED:
		*about = false;
		return "calls leave from ports above 1023, as others are not permitted; Lustre "
		       "nodes close them (accept=secure is their default): give zclnd "
		       "CAP_NET_BIND_SERVICE (AmbientCapabilities=, setcap)";
	}
	return "";
}
