/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_AST_H
#define ZRACE_AST_H

#include <glib.h>

#include "scenarios/world.h"

/*
 * A race script as it was written, checked: names are resolved to indices, units to ns, bytes and
 * bits per second. Never changed after zrace_parse_text made it.
 */

#define ZRACE_MAX_FILE	    ((size_t)1 << 20) /* bytes */
#define ZRACE_MAX_LINES	    4096u
#define ZRACE_MAX_LINE	    1024u /* bytes */
#define ZRACE_MAX_TOKENS    128u  /* per line */
#define ZRACE_MAX_PEERS	    128u
#define ZRACE_MAX_CASES	    64u
#define ZRACE_MAX_VARS	    16u /* per case */
#define ZRACE_MAX_REMEMBERS 8u	/* per peer */
#define ZRACE_MAX_DIRS	    16u /* directions in one hold or release */
#define ZRACE_MAX_FIELDS    8u	/* per event pattern */
#define ZRACE_MAX_NAME	    32u /* bytes of a peer's, case's or variable's name */
#define ZRACE_MAX_TIME	    (3600 * INT64_C(1000000000)) /* ns */
#define ZRACE_MAX_STEPS	    10000			 /* of one vary line */
#define ZRACE_MAX_PACKET    100u			 /* of a vary line */
#define ZRACE_MAX_SEEDS	    1000u
#define ZRACE_MAX_COUNT	    1000u   /* of a when line */
#define ZRACE_MAX_DEPTH	    8u	    /* files that include each other */
#define ZRACE_MAX_FILES	    64u	    /* in all */
#define ZRACE_MAX_RESTARTS  64u	    /* lines that start a node anew */
#define ZRACE_MAX_RUNS	    100000u /* of all cases, seeds and steps of vary */
#define ZRACE_MAX_ACTIONS   65536u  /* of a run; one for all peers counts for each pair */
#define ZRACE_MAX_PAYLOAD   ((size_t)256 << 20) /* bytes of all puts and gets */
#define ZRACE_MAX_QUEUE	    100000u		/* packets */
#define ZRACE_MAX_WORD	    31u			/* bytes of a value in an action */
#define ZRACE_MAX_VERSION   9u			/* that a peer may call with */

#define ZRACE_ANY_PEER	     ZRACE_MAX_PEERS
#define ZRACE_BASE_RUN	     (-1)			/* the run without vary */
#define ZRACE_DEFAULT_WITHIN (10 * INT64_C(1000000000)) /* ns */

struct zrace_pos {
	unsigned line, col; /* from 1 */
	unsigned file;	    /* index into the script's files; 0: the one that was named */
};

/* A file of the script: the one that was named, and those that it includes. */
struct zrace_file {
	char *name;   /* as messages give it */
	char **lines; /* without line ends */
};

struct zrace_remember {
	char *peer; /* its name: it may be declared later */
	struct zrace_pos pos;
	unsigned index; /* resolved */
	uint32_t version;
};

struct zrace_peer {
	char *name;
	struct zrace_pos pos, nid_pos;
	char *nid;	  /* text of a NID, or "${VAR}" */
	uint32_t version; /* one that the core does not speak: it only calls with it */
	enum zcl_refusal refuses;
	bool typed;
	bool duplicate;		 /* a peer above may have its NID, too */
	struct zcl_config tuned; /* defaults, but for what `set` says */
	struct zrace_remember remembers[ZRACE_MAX_REMEMBERS];
	size_t nremembers;
};

struct zrace_var {
	char *name, *value;
};

struct zrace_case {
	char *name; /* NULL: the script has no `case` line */
	struct zrace_pos pos;
	struct zrace_var vars[ZRACE_MAX_VARS];
	size_t nvars;
	zcl_nid nids[ZRACE_MAX_PEERS]; /* of each peer in this case */
};

struct zrace_link {
	unsigned a, b; /* peers */
	struct zrace_pos pos;
	struct zworld_link shape;
};

/* Messages of these kinds on the way from one peer to another. */
struct zrace_dir {
	unsigned from, to;
	unsigned units; /* a set of enum zworld_unit */
};

enum zrace_action_kind {
	ZRACE_DO_CONNECT,
	ZRACE_DO_PUT,
	ZRACE_DO_GET,
	ZRACE_DO_PING,
	ZRACE_DO_DISCONNECT,
	ZRACE_DO_RESET,
	ZRACE_DO_PARTITION,
	ZRACE_DO_HEAL,
	ZRACE_DO_SET,
	ZRACE_DO_CRASH,
	ZRACE_DO_RESTART,
	ZRACE_DO_UPGRADE,
	ZRACE_DO_DOWNGRADE,
	ZRACE_DO_HOLD,
	ZRACE_DO_RELEASE,
	ZRACE_DO_RELEASE_ALL,
	ZRACE_DO_HOLD_ALL,
	ZRACE_DO_PASS,	      /* dirs[0], call, count */
	ZRACE_DO_CONNECT_ALL, /* each peer with each other */
};

/* What a connect, put, get or ping must come to. */
enum zrace_success {
	ZRACE_SUCCEEDS,
	ZRACE_FAILS,	/* in an error */
	ZRACE_MAY_FAIL, /* in anything, as long as it ends */
};

struct zrace_tunable; /* tunable.h */

struct zrace_action {
	enum zrace_action_kind kind;
	unsigned peer;	/* up to DOWNGRADE: who acts */
	unsigned other; /* up to HEAL: on whom */
	size_t size;	/* PUT, GET: bytes */
	enum zrace_success success;
	enum zcl_err error; /* FAILS: with this one; ZCL_OK: with any */
	struct zrace_dir dirs[ZRACE_MAX_DIRS];
	size_t ndirs;
	unsigned call;	/* RESET, PASS: of this connection (world.h); 0: any, all */
	unsigned count; /* PASS: so many, one after the other */
	const struct zrace_tunable *tunable; /* SET */
	uint64_t number;		     /* ... to this */
	char word[ZRACE_MAX_WORD + 1];	     /* ... as it was written */
};

struct zrace_field {
	const char *name; /* one of zcl_event_fields() */
	char *value;	  /* times and sizes with a unit are turned into plain numbers */
};

struct zrace_pattern {
	unsigned peer;
	enum zcl_event_kind kind;
	unsigned other; /* ZRACE_ANY_PEER: any, or none */
	struct zrace_field fields[ZRACE_MAX_FIELDS];
	size_t nfields;
};

enum zrace_initiator {
	ZRACE_INITIATOR_ANY,
	ZRACE_INITIATOR_HIGHER,
	ZRACE_INITIATOR_LOWER,
	ZRACE_INITIATOR_PEER,
};

struct zrace_finally {
	int64_t within;	  /* ns from the start; 0: the script's other `finally`, or the default */
	int conns;	  /* between each pair that the script connects; -1: not said */
	uint32_t version; /* 0: not said */
	enum zrace_initiator initiator;
	unsigned initiator_peer;
};

enum zrace_statement_kind {
	ZRACE_HOLD,	  /* action */
	ZRACE_AT,	  /* time, action */
	ZRACE_WHEN_ALL,	  /* when all held: action */
	ZRACE_WHEN_HELD,  /* when dir is held: action */
	ZRACE_WHEN,	  /* when the nth event fits pattern: action */
	ZRACE_EXPECT,	  /* pattern */
	ZRACE_NEVER,	  /* pattern, for the nth time */
	ZRACE_ORDER,	  /* pattern before second */
	ZRACE_FINALLY,	  /* finally */
	ZRACE_THEN,	  /* in their order, each when all is at rest: action, after time */
	ZRACE_THEN_AWAIT, /* ... or goes on when an event fits pattern */
};

struct zrace_statement {
	enum zrace_statement_kind kind;
	struct zrace_pos pos;
	unsigned number; /* of its place in the script */
	uint64_t cases;	 /* a bit for each case in which it counts */
	int vary;	 /* index of the vary line that it belongs to; ZRACE_BASE_RUN */
	int64_t time;	 /* ns */
	unsigned nth;	 /* ZRACE_WHEN, ZRACE_NEVER: the event that counts, from 1 */
	struct zrace_action action;
	struct zrace_dir dir;
	struct zrace_pattern pattern, second;
	struct zrace_finally finally;
};

struct zrace_vary {
	unsigned peer;		/* whose `at` times are shifted; lose: who sends */
	int64_t from, to, step; /* ns; lose: numbers of packets */
	bool lose;		/* one packet on the way to `other` is lost */
	unsigned other;
	struct zrace_pos pos;
	uint64_t cases;
};

struct zrace_script {
	char *file;	   /* as it was named by the user */
	GPtrArray *files;  /* of struct zrace_file */
	char *title;	   /* NULL: none */
	unsigned restarts; /* lines that start a node anew */
	unsigned seeds;	   /* of `repeat`; 1 */
	struct zrace_peer peers[ZRACE_MAX_PEERS];
	size_t npeers;
	struct zrace_case cases[ZRACE_MAX_CASES]; /* at least one */
	size_t ncases;
	GArray *links;	       /* of struct zrace_link */
	GPtrArray *statements; /* of struct zrace_statement, in file order */
	GArray *varies;	       /* of struct zrace_vary */
};

struct zrace_script *zrace_script_new(const char *file);
void zrace_script_free(struct zrace_script *script);

/* The file that pos is in. */
const struct zrace_file *zrace_script_file(const struct zrace_script *script, struct zrace_pos pos);
/* The configuration of a peer; incarnation is left to the caller. */
void zrace_peer_config(const struct zrace_script *script, size_t case_index, size_t peer,
		       struct zcl_config *config);
/* Sets what a node that speaks this version speaks and calls with. */
void zrace_config_speak(struct zcl_config *config, uint32_t version);
/* Some peer acts: peer is set; on another one: other is. */
bool zrace_action_has_peer(const struct zrace_action *action);
bool zrace_action_has_other(const struct zrace_action *action);
/* It wants a connection between the two. */
bool zrace_action_connects(const struct zrace_action *action);
/* Nothing in it says anything about what lies between the peers, or ends one of them. */
bool zrace_script_is_plain(const struct zrace_script *script);
/* It ends the node and starts a new one. */
bool zrace_action_restarts(const struct zrace_action *action);

/* Index of the peer, or ZRACE_ANY_PEER. */
unsigned zrace_script_peer(const struct zrace_script *script, const char *name);
/* Index of the case, or -1. */
int zrace_script_case(const struct zrace_script *script, const char *name);
/*
 * Whether the statement counts in a run of this case. A vary run has the `at` lines and what stands
 * behind its own colon: holds and `when` force one order, and it is there to try the others.
 */
bool zrace_statement_counts(const struct zrace_statement *statement, size_t case_index, int vary);
/* The finally of a run, `within` filled in; *pos of its line (line 0: the script has none). */
struct zrace_finally zrace_script_finally(const struct zrace_script *script, size_t case_index,
					  int vary, struct zrace_pos *pos);

#endif
