/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "sim/sweep.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire.h"
#include "scenarios/value.h"
#include "sim/cli.h"
#include "sim/sweep_ack.h"

#define PROGRAM "zclnd-sim sweep"

#define QUICK_MESSAGES 64
#define MAX_MESSAGES   1000000

struct options {
	gboolean quick, version;
	gchar *output, *seed, *messages, *size, *reverse_size, *latency, *bandwidth, *tx_delay,
		*mtu;
	gchar **names;
};

static const char summary[] =
	"Measures in simulation, over ranges of parameters, and writes CSV.\n\n"
	"Sweeps:\n"
	"  ack-overhead   what ZC-ACKs cost against reverse traffic, for V1 and V2";
static const char description[] =
	"Times are like 10us, bandwidths like 10Gbps, sizes like 64KiB. The same options give the\n"
	"same CSV, byte for byte. Columns: see zclnd-sim(1).\n\n"
	"Exit status: 0 done, 1 a measurement failed, 2 bad usage, 99 internal error.\n";

/* ---- options --------------------------------------------------------------------------- */

static GOptionContext *make_context(struct options *o)
{
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output,
		 "Write to FILE.csv (standard output)", "FILE.csv"},
		{"seed", 's', 0, G_OPTION_ARG_STRING, &o->seed, "Of all that is random (1)", "N"},
		{"messages", 'n', 0, G_OPTION_ARG_STRING, &o->messages,
		 "Bulk messages a measurement (512)", "N"},
		{"size", 0, 0, G_OPTION_ARG_STRING, &o->size, "Of a bulk message (64KiB)", "BYTES"},
		{"reverse-size", 0, 0, G_OPTION_ARG_STRING, &o->reverse_size,
		 "Of a reverse message (64)", "BYTES"},
		{"latency", 0, 0, G_OPTION_ARG_STRING, &o->latency, "One way (10us)", "TIME"},
		{"bandwidth", 0, 0, G_OPTION_ARG_STRING, &o->bandwidth, "Of the path (10Gbps)",
		 "RATE"},
		{"mtu", 0, 0, G_OPTION_ARG_STRING, &o->mtu, "Of the path (9000)", "BYTES"},
		{"tx-delay", 0, 0, G_OPTION_ARG_STRING, &o->tx_delay,
		 "What a node needs to get to a message that was queued (10us)", "TIME"},
		{"quick", 'q', 0, G_OPTION_ARG_NONE, &o->quick,
		 "Fewer messages (64), for a first look", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Show the version", NULL},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->names, NULL,
		 "ack-overhead"},
		{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
	GOptionContext *context = g_option_context_new(NULL);

	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_help_enabled(context, FALSE);
	return context;
}

static void clear_options(struct options *o)
{
	g_free(o->output);
	g_free(o->seed);
	g_free(o->messages);
	g_free(o->size);
	g_free(o->reverse_size);
	g_free(o->latency);
	g_free(o->bandwidth);
	g_free(o->tx_delay);
	g_free(o->mtu);
	g_strfreev(o->names);
}

static bool take_size(const char *text, size_t *bytes)
{
	size_t value = *bytes;

	if (text != NULL && !zrace_parse_size(text, &value))
		return false;
	*bytes = value;
	return value >= 1 && value <= ZCL_LNET_MTU;
}

static bool take_time(const char *text, int64_t *ns)
{
	return text == NULL || (zrace_parse_time(text, ns) && *ns >= 0);
}

static bool take_count(const char *text, uint64_t last, uint64_t *count)
{
	return text == NULL || zrace_parse_count(text, 1, last, count);
}

/* ZSIM_EXIT_DONE, or the status after saying what is wrong. */
static int take_options(const struct options *o, struct zsweep_ack *sweep)
{
	uint64_t messages = o->quick ? QUICK_MESSAGES : sweep->messages;
	uint64_t mtu = sweep->mtu;

	if (!take_count(o->seed, UINT64_MAX, &sweep->seed))
		return zsim_usage(PROGRAM, "--seed takes a number from 1 up, not '%s'", o->seed);
	if (!take_count(o->messages, MAX_MESSAGES, &messages))
		return zsim_usage(PROGRAM, "--messages takes 1 to %d, not '%s'", MAX_MESSAGES,
				  o->messages);
	if (!take_size(o->size, &sweep->bulk_size))
		return zsim_usage(PROGRAM, "--size takes 1B to 1MiB, not '%s'", o->size);
	if (!take_size(o->reverse_size, &sweep->reverse_size))
		return zsim_usage(PROGRAM, "--reverse-size takes 1B to 1MiB, not '%s'",
				  o->reverse_size);
	if (!take_time(o->latency, &sweep->latency) || sweep->latency > G_USEC_PER_SEC * 1000)
		return zsim_usage(PROGRAM, "--latency takes a time up to 1s, like 10us, not '%s'",
				  o->latency);
	if (!take_time(o->tx_delay, &sweep->tx_delay) || sweep->tx_delay > G_USEC_PER_SEC * 1000)
		return zsim_usage(PROGRAM, "--tx-delay takes a time up to 1s, like 10us, not '%s'",
				  o->tx_delay);
	if (o->bandwidth && !zrace_parse_bandwidth(o->bandwidth, &sweep->bandwidth_bps))
		return zsim_usage(PROGRAM, "--bandwidth takes a rate like 10Gbps, not '%s'",
				  o->bandwidth);
	if (o->mtu && !zrace_parse_count(o->mtu, 576, 65535, &mtu))
		return zsim_usage(PROGRAM, "--mtu takes 576 to 65535, not '%s'", o->mtu);
	sweep->mtu = (uint32_t)mtu;
	sweep->messages = (size_t)messages;
	return ZSIM_EXIT_DONE;
}

/* ---- running --------------------------------------------------------------------------- */

static int complain(const char *file)
{
	fprintf(stderr, "zclnd-sim sweep: %s: %s\n", file, g_strerror(errno));
	return ZSIM_EXIT_INTERNAL;
}

static int run(const struct options *o, struct zsweep_ack *sweep)
{
	const char *why = NULL;
	size_t rows;

	sweep->progress = isatty(STDERR_FILENO);
	sweep->out = o->output ? fopen(o->output, "w") : stdout;
	if (sweep->out == NULL)
		return complain(o->output);
	if (!zsweep_ack_run(sweep, &rows, &why)) {
		fprintf(stderr, "%szclnd-sim sweep: measurement %zu: %s\n",
			sweep->progress ? "\n" : "", rows, why);
		if (o->output)
			fclose(sweep->out);
		return ZSIM_EXIT_FAILED;
	}
	if (fflush(sweep->out) != 0 || ferror(sweep->out) || (o->output && fclose(sweep->out) != 0))
		return complain(o->output ? o->output : "standard output");
	if (o->output)
		printf("%s: %zu measurements of %zu bulk messages each\n", o->output, rows,
		       sweep->messages);
	return ZSIM_EXIT_DONE;
}

static int with_options(const struct options *o)
{
	struct zsweep_ack sweep;
	int status;

	if (o->version) {
		printf("zclnd-sim sweep (%s)\n", PACKAGE_STRING);
		return ZSIM_EXIT_DONE;
	}
	if (o->names == NULL)
		return zsim_usage(PROGRAM, "which sweep? There is ack-overhead.");
	if (strcmp(o->names[0], "ack-overhead") != 0)
		return zsim_usage(PROGRAM, "no sweep is called '%s'; there is ack-overhead",
				  o->names[0]);
	if (o->names[1] != NULL)
		return zsim_usage(PROGRAM, "one sweep at a time, '%s' is too much", o->names[1]);
	zsweep_ack_init(&sweep);
	status = take_options(o, &sweep);
	return status == ZSIM_EXIT_DONE ? run(o, &sweep) : status;
}

int zsweep_main(int argc, char **argv)
{
	struct options o = {0};
	GOptionContext *context = make_context(&o);
	GError *error = NULL;
	int status;

	if (zsim_wants_help(argc, argv)) {
		zsim_print_help(context, PROGRAM " [OPTION...] ack-overhead");
		status = ZSIM_EXIT_DONE;
	} else if (g_option_context_parse(context, &argc, &argv, &error)) {
		status = with_options(&o);
	} else {
		status = zsim_usage(PROGRAM, "%s", error->message);
		g_error_free(error);
	}
	g_option_context_free(context);
	clear_options(&o);
	return status;
}
