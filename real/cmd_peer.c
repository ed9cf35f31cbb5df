/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/cli.h"
#include "real/cli_wait.h"
#include "real/commands.h"
#include "real/figures.h"
#include "real/pages.h"
#include "real/service.h"
#include "real/systemd.h"

struct daemon {
	const struct zcli_setup *setup;
	struct zclnd *z;
	struct zclnd_ni **nis;
	size_t n;
	int signals;
	uint8_t *sink, *store;
	bool metrics_failed; /* told once */
};

/* ---- what it says ------------------------------------------------------------------- */

static void print_statistics(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->n; i++) {
		struct zfigures figures;
		char nid[ZCLND_NID_STRLEN];

		zfigures_take(&figures, &daemon->nis[i], 1);
		printf("statistics of %s\n", zclnd_nid_format(figures.nid, nid, sizeof(nid)));
		zfigures_print(&figures, stdout, "  ");
	}
	fflush(stdout);
}

static void write_metrics(struct daemon *daemon)
{
	const char *file = daemon->setup->metrics_file;
	const bool good = !file || zfigures_metrics(daemon->nis, daemon->n, file);

	if (!good && !daemon->metrics_failed)
		zcli_complain("cannot write %s: %s", file, g_strerror(errno));
	daemon->metrics_failed = !good;
}

static void say_ready(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->n; i++) {
		const struct sockaddr_in addr = zclnd_ni_address(daemon->nis[i]);
		char text[ZCLND_ADDR_STRLEN], name[ZCLND_NID_STRLEN];

		printf("ready: %s listens at %s\n",
		       zclnd_nid_format(zclnd_ni_nid(daemon->nis[i]), name, sizeof(name)),
		       zclnd_addr_format(&addr, text, sizeof(text)));
	}
	fflush(stdout);
	zsd_notify("READY=1");
}

/* ---- sockets of the service manager ------------------------------------------------- */

static struct zcli_ni *whose(const struct zcli_setup *setup, size_t handed_over,
			     const struct sockaddr_in *addr)
{
	for (guint i = 0; i < setup->nis->len; i++) {
		struct zcli_ni *ni = setup->nis->pdata[i];
		const struct sockaddr_in *listen = &ni->options.listen;

		if (listen->sin_port == addr->sin_port &&
		    listen->sin_addr.s_addr == addr->sin_addr.s_addr)
			return ni;
	}
	/* One socket for one NI needs no address twice. */
	return handed_over == 1 && setup->nis->len == 1 ? zcli_first(setup) : NULL;
}

static bool take_sockets(const struct zcli_setup *setup)
{
	int first;
	const size_t n = zsd_listen_fds(&first);

	for (size_t i = 0; i < n; i++) {
		struct sockaddr_in addr = {0};
		socklen_t len = sizeof(addr);
		char text[ZCLND_ADDR_STRLEN] = "";
		struct zcli_ni *ni = NULL;

		if (getsockname(first + (int)i, (struct sockaddr *)&addr, &len) == 0 &&
		    addr.sin_family == AF_INET)
			ni = whose(setup, n, &addr);
		if (!ni) {
			zcli_complain("socket %zu of the service manager (%s) is no NI's: let its "
				      "ListenStream be the `listen` of one",
				      i + 1, zclnd_addr_format(&addr, text, sizeof(text)));
			return false;
		}
		ni->options.listen_fd = first + (int)i;
	}
	return true;
}

/* ---- life --------------------------------------------------------------------------- */

static bool open_services(struct daemon *daemon)
{
	const size_t size = daemon->setup->store_size;

	daemon->sink = zpages_new(ZCLND_MTU);
	if (!daemon->sink) {
		zcli_complain("no memory for a sink of %zu bytes", ZCLND_MTU);
		return false;
	}
	daemon->store = zpages_new(size);
	if (!daemon->store) {
		zcli_complain("no memory for a store of %zu bytes (--store-size)", size);
		return false;
	}
	for (size_t i = 0; i < daemon->n; i++) {
		enum zclnd_err err = zsvc_sink(daemon->nis[i], daemon->sink);

		if (err == ZCLND_OK && size > 0)
			err = zsvc_store(daemon->nis[i], daemon->store, size);
		g_assert(err == ZCLND_OK);
	}
	return true;
}

static bool open_nis(struct daemon *daemon)
{
	const struct zcli_setup *setup = daemon->setup;

	daemon->nis = g_new0(struct zclnd_ni *, setup->nis->len);
	for (guint i = 0; i < setup->nis->len; i++) {
		struct zcli_ni *ni = setup->nis->pdata[i];

		daemon->nis[i] = zcli_open_ni(daemon->z, ni);
		if (!daemon->nis[i])
			return false;
		daemon->n++;
	}
	return true;
}

static void serve(struct daemon *daemon)
{
	const int64_t every = daemon->setup->metrics_file ? daemon->setup->metrics_every : -1;
	int signo = 0;

	write_metrics(daemon);
	say_ready(daemon);
	while (signo != SIGINT && signo != SIGTERM) {
		switch (zcli_wait(daemon->signals, NULL, -1, every, NULL, &signo)) {
		case ZCLI_SIGNAL:
			if (signo == SIGUSR1)
				print_statistics(daemon);
			break;
		default:
			write_metrics(daemon);
			break;
		}
	}
	zsd_notify("STOPPING=1");
	zclnd_stop(daemon->z);
	print_statistics(daemon);
	write_metrics(daemon);
}

static int run(struct daemon *daemon)
{
	int status = ZCLI_FAILED;

	if (!take_sockets(daemon->setup))
		return ZCLI_USAGE;
	daemon->z = zcli_open(daemon->setup);
	if (daemon->z && open_nis(daemon) && open_services(daemon) && zcli_start(daemon->z)) {
		serve(daemon);
		status = ZCLI_OK;
	}
	zclnd_free(daemon->z);
	g_free(daemon->nis);
	zpages_free(daemon->sink, ZCLND_MTU);
	zpages_free(daemon->store, daemon->setup->store_size);
	return status;
}

int zcmd_peer(int argc, char **argv)
{
	struct zcli_setup setup = {0};
	struct daemon daemon = {.setup = &setup};
	struct zcli cli;
	int status = ZCLI_OK;

	if (!zcli_parse(&argc, &argv, &cli, NULL, true, "",
			"Runs a peer in the foreground: it answers pings, takes PUTs to portal 50 "
			"and keeps\n"
			"those to portal 52 for GETs. What is wrong with peers and callers goes to "
			"standard\n"
			"error, with the remedy. SIGUSR1 prints statistics; SIGINT and SIGTERM end "
			"it in order.",
			&status)) {
		zcli_clear(&cli);
		return status;
	}
	if (argc > 1)
		zcli_complain("peer: unexpected argument '%s' (see --help)", argv[1]);
	if (argc > 1 || !zcli_setup(&cli, zclnd_nid_default(), &setup)) {
		status = ZCLI_USAGE;
	} else if (cli.check_config) {
		printf("the configuration is right: %u NI%s\n", setup.nis->len,
		       setup.nis->len == 1 ? "" : "s");
	} else {
		daemon.signals = zcli_signals();
		zcli_journal(&setup, true);
		status = run(&daemon);
		close(daemon.signals);
	}
	zcli_setup_clear(&setup);
	zcli_clear(&cli);
	return status;
}
