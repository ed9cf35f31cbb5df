/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_RUNNER_INTERNAL_H
#define ZRACE_RUNNER_INTERNAL_H

#include "scenarios/match.h"
#include "scenarios/runner.h"
#include "scenarios/state.h"

/* Inside of the runner: a run under way. */

#define ZRACE_SINK_PORTAL 9u
#define ZRACE_FILE_PORTAL 10u /* what `get` reads */

/* What is held in one direction: sets of enum zworld_unit. */
struct zrace_held {
	unsigned units;	  /* held, also by `hold all` */
	unsigned awaited; /* named by a hold: `when all held` is about these */
	unsigned caught;  /* of the awaited */
};

/* A `when` line. */
struct zrace_trigger {
	const struct zrace_statement *statement;
	unsigned seen; /* events that fit so far */
	bool fired;
};

struct zrace_runner;

/* A `pass` of an `at` or `when` line that is not done yet. */
struct zrace_pass {
	const struct zrace_statement *statement;
	unsigned left; /* of its count */
};

/* The `then` lines of the run. */
struct zrace_chain {
	GPtrArray *steps; /* of const struct zrace_statement */
	guint at;	  /* the step that is not done */
	unsigned passed;  /* of its count */
	size_t mark;	  /* records from here on are since the step before began */
	bool resting;	  /* it waits until all is at rest */
	bool timing;	  /* it waits for its time */
	bool timed;	  /* that has come */
};

/* A `set` that was done: for the peer's next life. */
struct zrace_setting {
	unsigned peer;
	const struct zrace_tunable *tunable;
	uint64_t number;
};

/* An `at` line, on its way through the world's clock. */
struct zrace_alarm {
	struct zrace_runner *runner;
	const struct zrace_statement *statement;
};

/* A PUT, GET or ping. */
struct zrace_op {
	struct zrace_runner *runner;
	const struct zrace_statement *statement;
	bool over;
};

/* A look for silence: whether the log still has this length when the time is over. */
struct zrace_watch {
	struct zrace_runner *runner;
	bool out; /* on its way */
	guint length;
};

struct zrace_runner {
	const struct zrace_run *run;
	const struct zrace_script *script;
	struct zrace_outcome *outcome;
	struct zworld *world;
	struct zworld_peer *peers[ZRACE_MAX_PEERS];
	struct zrace_matcher *matcher;
	struct zrace_finally finally;
	struct zrace_pos finally_pos;		      /* line 0: the script has none */
	bool pairs[ZRACE_MAX_PEERS][ZRACE_MAX_PEERS]; /* [a][b], a < b: the script connects them */

	struct zrace_held held[ZRACE_MAX_PEERS][ZRACE_MAX_PEERS]; /* [from][to] */
	GArray *triggers;					  /* of struct zrace_trigger */
	GArray *passes;						  /* of struct zrace_pass */
	struct zrace_chain chain;
	bool duplicates;  /* several peers have one NID */
	GHashTable *ends; /* peer and number of a connection -> index + 1 of who is at its end */
	GQueue due;	  /* of const struct zrace_statement: whose action is due */
	GPtrArray *owned; /* alarms: freed at the end */
	GPtrArray *tasks; /* of struct zrace_op: all that were ever submitted */
	uint8_t *payload; /* what PUTs send and GETs read: ZCL_LNET_MTU bytes */
	uint8_t *sink;	  /* where GETs put it: as many */
	size_t alarms;	  /* `at` lines to come */
	size_t ops;	  /* PUTs, GETs and pings under way */
	unsigned lives[ZRACE_MAX_PEERS];   /* restarts so far */
	uint32_t version[ZRACE_MAX_PEERS]; /* that it speaks now */
	GArray *settings;		   /* of struct zrace_setting, the last counts */

	bool pulsing;			  /* a pulse is on its way */
	bool ending;			  /* when all is at rest, it is over: if until then */
	guint quiet_length;		  /* ... the log does not get longer than this */
	struct zrace_watch quiet, linger; /* where time is real */
	bool over;			  /* what comes now is not looked at any more */
};

/* The first failure counts. Stops the world. */
void zrace_runner_fail(struct zrace_runner *runner, enum zrace_verdict verdict,
		       struct zrace_pos pos, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* Asks for zrace_runner_pulse, between core calls. */
void zrace_runner_wake(struct zrace_runner *runner);

/* Of the present life of a peer. */
uint64_t zrace_runner_incarnation(const struct zrace_runner *runner, unsigned peer);
/* The configuration of a peer as it is now, and what every node of a script offers. */
void zrace_runner_config(const struct zrace_runner *runner, unsigned peer,
			 struct zcl_config *config);
enum zcl_err zrace_runner_attach(struct zrace_runner *runner, unsigned peer);

/* ---- runner_life.c ---- */

/* crash, restart, upgrade, downgrade. */
void zrace_runner_end_life(struct zrace_runner *runner, const struct zrace_statement *statement);
/* set: from now on, also when it restarts. */
void zrace_runner_set(struct zrace_runner *runner, const struct zrace_statement *statement);

/* ---- runner_chain.c: `then` lines, and `pass` wherever it stands ---- */

void zrace_chain_init(struct zrace_runner *runner);
void zrace_chain_clear(struct zrace_runner *runner);
/* Something happened: the chain looks whether it can go on, when all is at rest. */
void zrace_chain_go(struct zrace_runner *runner);
/* Asks the world to tell when all is at rest. */
void zrace_chain_rest(struct zrace_runner *runner);
bool zrace_chain_is_done(const struct zrace_runner *runner);
/* It goes on by itself: a time, or rest, will come. */
bool zrace_chain_is_moving(const struct zrace_runner *runner);
/* A `pass` that waits from now on for its message. */
void zrace_runner_pass(struct zrace_runner *runner, const struct zrace_statement *statement);
/* Does of those what can be done. */
void zrace_runner_passes(struct zrace_runner *runner);
/* All steps and passes are done; else false, with the line that is not and *why. */
bool zrace_chain_verdict(const struct zrace_runner *runner, struct zrace_pos *pos, GString *why);

/* ---- runner_action.c ---- */

void zrace_runner_act(struct zrace_runner *runner, const struct zrace_statement *statement);
/* The log says that the script did this. */
void zrace_runner_note_action(struct zrace_runner *runner, const struct zrace_action *action);
/* Does one action that no `at` or `when` waits for (hold lines). */
void zrace_runner_hold(struct zrace_runner *runner, const struct zrace_action *action);
/* An LNet event of an op of ours: it may be over. */
void zrace_runner_op_event(struct zrace_runner *runner, const struct zcl_lnet_event *event);

/* ---- runner_watch.c ---- */

/* Listens to the world. */
extern const struct zworld_listener zrace_runner_listener;
/* How the two stand to each other now. */
void zrace_runner_read_pair(const struct zrace_runner *runner, unsigned a, unsigned b,
			    struct zrace_state *state);
/* Each pair that the script connects is as `finally` says; else false, and *why (may be NULL)
   gets the reason. */
bool zrace_runner_state_holds(const struct zrace_runner *runner, GString *why);
/* All is at rest: the end, if that was waited for. */
void zrace_runner_at_rest(struct zrace_runner *runner);
/* Real time: looks whether all is done, or whether nothing happens any more. */
void zrace_runner_look(struct zrace_runner *runner);

#endif
