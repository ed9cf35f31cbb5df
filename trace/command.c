/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <glib.h>

static const char summary[] =
	"Prints one line for each socklnd message in a capture: acceptor requests, HELLOs, NOOPs "
	"and\n"
	"LNet messages. Time is in seconds since the first packet, and tells when the message was\n"
	"complete.";

static const char description[] =
	"The file is read by tshark: the program that ZCLND_TSHARK names, else the one in PATH.\n"
	"\n"
	"Exit status: 0 all is decoded (a message cut off by the end of the capture is noted);\n"
	"1 a stream does not decode, or none is socklnd; 2 bad usage, unreadable file, no "
	"tshark.\n";

int ztrace_main(int argc, char **argv)
{
	gboolean json = FALSE;
	char **files = NULL;
	const GOptionEntry entries[] = {
		{"json", 'j', 0, G_OPTION_ARG_NONE, &json, "One JSON object a line", NULL},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE.pcap"},
		G_OPTION_ENTRY_NULL,
	};
	GOptionContext *context = g_option_context_new(NULL);
	struct ztrace_options opts = {0};
	GError *error = NULL;
	int status = ZTRACE_UNREAD;

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "trace: %s (see --help)\n", error->message);
		g_error_free(error);
	} else if (files == NULL || g_strv_length(files) != 1) {
		fprintf(stderr, "trace: name exactly one capture file (see --help)\n");
	} else {
		opts.path = files[0];
		opts.json = json;
		status = ztrace_run(&opts);
	}
	g_strfreev(files);
	g_option_context_free(context);
	return status;
}
