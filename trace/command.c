/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

#include <glib.h>

#include "config.h"

static const char summary[] =
	"Shows a trace (--trace of the other commands writes them) or a capture of socklnd "
	"traffic:\n"
	"as a table of events or messages, a ladder, a sequence diagram, or JSON. Times of a "
	"capture\n"
	"are seconds since its first packet, and tell when a message was complete.";

static const char description[] =
	"A capture is read by tshark: the program that ZCLND_TSHARK names, else the one in PATH.\n"
	"Traces are described in zclnd-trace(5).\n"
	"\n"
	"Exit status: 0 all is decoded (a message cut off by the end of the capture is noted);\n"
	"1 a stream does not decode, or none is socklnd; 2 bad usage, unreadable file, no "
	"tshark.\n";

struct command {
	gboolean json, all, ascii, version;
	char *format, *output, *run_case, *peer, *title;
	char **files;
};

static const struct {
	const char *name;
	enum ztrace_format format;
} formats[] = {
	{"text", ZTRACE_FORMAT_TEXT},
	{"ladder", ZTRACE_FORMAT_LADDER},
	{"svg", ZTRACE_FORMAT_SVG},
	{"json", ZTRACE_FORMAT_JSON},
};

static bool parse(struct command *c, int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{"format", 'f', 0, G_OPTION_ARG_STRING, &c->format,
		 "text (captures: the default), ladder (traces: the default), svg, json", "FORMAT"},
		{"json", 'j', 0, G_OPTION_ARG_NONE, &c->json, "The same as --format json", NULL},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &c->output,
		 "Write to FILE; .svg, .json and .jsonl say the format, too", "FILE"},
		{"case", 'c', 0, G_OPTION_ARG_STRING, &c->run_case, "Only this case of a trace",
		 "NAME"},
		{"peer", 'p', 0, G_OPTION_ARG_STRING, &c->peer,
		 "Only what this peer has to do with", "NAME|NID"},
		{"title", 't', 0, G_OPTION_ARG_STRING, &c->title, "The title of a diagram", "TEXT"},
		{"all", 'a', 0, G_OPTION_ARG_NONE, &c->all,
		 "Ladders and diagrams: leave no repeats out", NULL},
		{"ascii", 0, 0, G_OPTION_ARG_NONE, &c->ascii,
		 "Ladders: draw with ASCII characters only", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &c->version, "Print the version", NULL},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &c->files, NULL, "FILE"},
		G_OPTION_ENTRY_NULL,
	};
	GOptionContext *context = g_option_context_new(NULL);
	GError *error = NULL;
	bool good;

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	good = g_option_context_parse(context, argc, argv, &error);
	if (!good) {
		fprintf(stderr, "trace: %s (see --help)\n", error->message);
		g_error_free(error);
	}
	g_option_context_free(context);
	return good;
}

static bool find_format(const char *name, enum ztrace_format *format)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (strcmp(formats[i].name, name) == 0) {
			*format = formats[i].format;
			return true;
		}
	}
	fprintf(stderr, "trace: --format %s: expected text, ladder, svg or json\n", name);
	return false;
}

static bool choose_format(const struct command *c, enum ztrace_format *format)
{
	if (c->format != NULL)
		return find_format(c->format, format);
	if (c->json)
		*format = ZTRACE_FORMAT_JSON;
	else if (c->output && g_str_has_suffix(c->output, ".svg"))
		*format = ZTRACE_FORMAT_SVG;
	else if (c->output &&
		 (g_str_has_suffix(c->output, ".json") || g_str_has_suffix(c->output, ".jsonl")))
		*format = ZTRACE_FORMAT_JSON;
	return true;
}

static int run(const struct command *c)
{
	struct ztrace_options opts = {
		.path = c->files[0],
		.run_case = c->run_case,
		.peer = c->peer,
		.title = c->title,
		.all = c->all,
		.ascii = c->ascii || !g_get_charset(NULL),
	};
	int status;

	if (!choose_format(c, &opts.format))
		return ZTRACE_UNREAD;
	if (c->output == NULL)
		return ztrace_run(&opts);
	opts.out = fopen(c->output, "w");
	if (opts.out == NULL) {
		fprintf(stderr, "trace: %s: %s\n", c->output, g_strerror(errno));
		return ZTRACE_UNREAD;
	}
	status = ztrace_run(&opts);
	if (fclose(opts.out) != 0 && status != ZTRACE_UNREAD) {
		fprintf(stderr, "trace: %s: %s\n", c->output, g_strerror(errno));
		status = ZTRACE_UNREAD;
	}
	return status;
}

int ztrace_main(int argc, char **argv)
{
	struct command c = {0};
	int status = ZTRACE_UNREAD;

	setlocale(LC_CTYPE, "");
	if (parse(&c, &argc, &argv)) {
		if (c.version) {
			printf("%s\n", PACKAGE_STRING);
			status = ZTRACE_OK;
		} else if (c.files == NULL || g_strv_length(c.files) != 1) {
			fprintf(stderr, "trace: name exactly one file, a trace or a capture (see "
					"--help)\n");
		} else {
			status = run(&c);
		}
	}
	g_free(c.format);
	g_free(c.output);
	g_free(c.run_case);
	g_free(c.peer);
	g_free(c.title);
	g_strfreev(c.files);
	return status;
}
