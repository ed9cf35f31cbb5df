/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "real/cli_client.h"
#include "real/cli_wait.h"
#include "real/commands.h"

struct get {
	struct zcli_client client;
	uint8_t *buffer; /* ZCLND_MTU */
	const char *name;
	int fd;
	uint64_t offset, left, bytes;
	bool until_short; /* no --length: to the end of the target's buffer */
};

static bool write_out(const struct get *get, size_t size)
{
	for (size_t at = 0; at < size;) {
		const ssize_t n = write(get->fd, get->buffer + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			zcli_complain("get: %s: %s", get->name, g_strerror(errno));
			return false;
		}
		at += (size_t)n;
	}
	return true;
}

/* One message. False: told. */
static bool fetch(struct get *get, size_t size, size_t *got)
{
	const struct iovec iov = {get->buffer, size};
	const struct zclnd_get message = {
		.target = get->client.target,
		.portal = get->client.portal,
		.match_bits = get->client.match_bits,
		.src_offset = (uint32_t)get->offset,
		.iov = &iov,
		.niov = 1,
	};
	const enum zclnd_err err = zclnd_get(get->client.ni, &message);
	struct zclnd_event event;
	int signo;

	if (err != ZCLND_OK) {
		zcli_complain("get: not sent: %s (%s)", zclnd_strerror(err), zclnd_err_name(err));
		return false;
	}
	if (zcli_wait(get->client.signals, get->client.eq, -1, -1, &event, &signo) != ZCLI_EVENT)
		return false;
	*got = event.mlength;
	if (event.status == ZCLND_OK)
		return true;
	zcli_complain("get: at offset %" PRIu64 ": %s (%s)%s", get->offset,
		      zclnd_strerror(event.status), zclnd_err_name(event.status),
		      event.status == ZCLND_E_TIMEDOUT
			      ? ": perhaps nothing is attached there that gives so much"
			      : "");
	return false;
}

static bool transfer(struct get *get)
{
	while (get->left > 0 && get->offset <= UINT32_MAX) {
		const size_t size = MIN(get->left, ZCLND_MTU);
		size_t got = 0;

		if (!fetch(get, size, &got) || !write_out(get, got))
			return false;
		get->offset += got;
		get->bytes += got;
		get->left -= got;
		if (got == size)
			continue;
		if (get->until_short)
			return true;
		zcli_complain("get: the target's buffer ended %" PRIu64 " bytes early", get->left);
		return false;
	}
	return get->until_short || get->left == 0;
}

static bool open_output(struct get *get, const char *name)
{
	get->name = name ? name : "standard output";
	get->fd = name ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
	if (get->fd < 0)
		zcli_complain("get: %s: %s", name, g_strerror(errno));
	return get->fd >= 0;
}

static int run(struct get *get, const struct zcli *cli, int argc, char **argv, double timeout,
	       gint64 offset, gint64 length)
{
	int status = ZCLI_USAGE;
	bool good;

	if (argc != 4 && argc != 5) {
		zcli_complain("get: expected NID PORTAL MATCHBITS [FILE], e.g. zclnd get "
			      "10.0.0.9@tcp 52 0 data");
		return status;
	}
	if (offset < 0 || offset > UINT32_MAX || length < -1) {
		zcli_complain("get: --offset is 0 to 4294967295, --length is not negative");
		return status;
	}
	get->offset = (uint64_t)offset;
	get->until_short = length < 0;
	get->left = length < 0 ? UINT64_MAX : (uint64_t)length;
	if (!zcli_client_target(&get->client, "get", argv) ||
	    !open_output(get, argc == 5 && strcmp(argv[4], "-") ? argv[4] : NULL) ||
	    !zcli_client_open(&get->client, "get", cli, timeout, &status))
		return status;
	get->buffer = g_malloc(ZCLND_MTU);
	good = transfer(get);
	/* A GET under way borrows the buffer until then. */
	zclnd_stop(get->client.z);
	if (good && get->fd != STDOUT_FILENO)
		printf("%" PRIu64 " bytes from %s\n", get->bytes, argv[1]);
	return good ? ZCLI_OK : ZCLI_FAILED;
}

int zcmd_get(int argc, char **argv)
{
	struct get get = {.fd = -1};
	double timeout = 10;
	gint64 offset = 0, length = -1;
	int status = ZCLI_OK;
	struct zcli cli;
	const GOptionEntry own[] = {
		{"offset", 0, 0, G_OPTION_ARG_INT64, &offset, "where in the target's buffer (0)",
		 "BYTES"},
		{"length", 0, 0, G_OPTION_ARG_INT64, &length,
		 "how much (default: to the end of the target's buffer)", "BYTES"},
		{"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout, "for each message (10)", "S"},
		{0},
	};

	if (zcli_parse(&argc, &argv, &cli, own, false, "NID PORTAL MATCHBITS [FILE]",
		       "Gets what is attached at a peer's portal and match bits, in messages of 1 "
		       "MiB at\n"
		       "ascending offsets, into a file or to standard output. The store of `zclnd "
		       "peer` is\n"
		       "at portal 52. Exit status 1 when not all of it came.",
		       &status))
		status = run(&get, &cli, argc, argv, timeout, offset, length);
	zcli_client_close(&get.client);
	g_free(get.buffer);
	if (get.fd > STDOUT_FILENO)
		close(get.fd);
	zcli_clear(&cli);
	return status;
}
