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

/* Messages of ZCLND_MTU under way. */
#define WINDOW 8

struct chunk {
	uint8_t *data;
	size_t size;
	uint32_t offset;
	bool busy;
};

struct put {
	struct zcli_client client;
	struct zclnd_mem *memory;
	struct chunk chunks[WINDOW];
	unsigned busy;
	const char *name; /* of the input */
	int fd;
	uint64_t offset; /* of the next message */
	uint64_t hdr_data, bytes;
	bool at_end, failed;
};

/* ---- input -------------------------------------------------------------------------- */

/* A whole chunk, less only at the end. */
static bool fill(struct put *put, struct chunk *chunk)
{
	chunk->size = 0;
	while (chunk->size < ZCLND_MTU) {
		const ssize_t n = read(put->fd, chunk->data + chunk->size, ZCLND_MTU - chunk->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			zcli_complain("put: %s: %s", put->name, g_strerror(errno));
			return false;
		}
		if (n == 0) {
			put->at_end = true;
			break;
		}
		chunk->size += (size_t)n;
	}
	return true;
}

/* ---- messages ----------------------------------------------------------------------- */

static bool send_chunk(struct put *put, struct chunk *chunk)
{
	const struct iovec iov = {chunk->data, chunk->size};
	const struct zclnd_put message = {
		.target = put->client.target,
		.portal = put->client.portal,
		.match_bits = put->client.match_bits,
		.hdr_data = put->hdr_data,
		.offset = (uint32_t)put->offset,
		.iov = &iov,
		.niov = 1,
		.want_ack = true,
		.user = chunk,
	};
	enum zclnd_err err;

	if (put->offset + chunk->size > (uint64_t)UINT32_MAX + 1) {
		zcli_complain("put: %s goes beyond offset 4294967296, the last that a PUT can name",
			      put->name);
		return false;
	}
	err = zclnd_put(put->client.ni, &message);
	if (err != ZCLND_OK) {
		zcli_complain("put: not sent: %s (%s)", zclnd_strerror(err), zclnd_err_name(err));
		return false;
	}
	chunk->offset = (uint32_t)put->offset;
	chunk->busy = true;
	put->busy++;
	put->offset += chunk->size;
	return true;
}

/* Reads and sends until all chunks are under way. False: told. */
static bool send_more(struct put *put)
{
	for (size_t i = 0; i < WINDOW && !put->at_end; i++) {
		struct chunk *chunk = &put->chunks[i];

		if (chunk->busy)
			continue;
		if (!fill(put, chunk))
			return false;
		/* An empty file is one empty message. */
		if (chunk->size == 0 && put->offset > 0)
			break;
		if (!send_chunk(put, chunk))
			return false;
	}
	return true;
}

static void take_event(struct put *put, const struct zclnd_event *event)
{
	struct chunk *chunk = event->user;

	if (event->status != ZCLND_OK && !put->failed) {
		put->failed = true;
		zcli_complain("put: at offset %" PRIu32 ": %s (%s)%s", chunk->offset,
			      zclnd_strerror(event->status), zclnd_err_name(event->status),
			      event->status == ZCLND_E_TIMEDOUT
				      ? ": perhaps nothing is attached there that takes it"
				      : "");
	}
	if (event->kind == ZCLND_EV_ACK && event->status == ZCLND_OK) {
		put->bytes += event->mlength;
		if (event->mlength < chunk->size && !put->failed) {
			put->failed = true;
			zcli_complain("put: at offset %" PRIu32 ": %zu of %zu bytes were taken: "
				      "the target's buffer ends there",
				      chunk->offset, event->mlength, chunk->size);
		}
	}
	if (!event->final)
		return;
	chunk->busy = false;
	put->busy--;
}

static bool transfer(struct put *put)
{
	while (!put->failed && (!put->at_end || put->busy > 0)) {
		struct zclnd_event event;
		int signo;

		if (!send_more(put))
			return false;
		if (put->busy == 0)
			break;
		if (zcli_wait(put->client.signals, put->client.eq, -1, -1, &event, &signo) !=
		    ZCLI_EVENT)
			return false;
		take_event(put, &event);
	}
	return !put->failed;
}

/* ---- the command -------------------------------------------------------------------- */

static bool open_input(struct put *put, const char *name)
{
	put->name = !strcmp(name, "-") ? "standard input" : name;
	put->fd = !strcmp(name, "-") ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	if (put->fd < 0)
		zcli_complain("put: %s: %s", name, g_strerror(errno));
	return put->fd >= 0;
}

static bool open_memory(struct put *put)
{
	struct zclnd_error error;

	put->memory = zclnd_mem_new(WINDOW * ZCLND_MTU, &error);
	if (!put->memory) {
		zcli_complain("put: %s", error.text);
		return false;
	}
	for (size_t i = 0; i < WINDOW; i++)
		put->chunks[i].data = (uint8_t *)zclnd_mem_data(put->memory) + i * ZCLND_MTU;
	return true;
}

static int run(struct put *put, const struct zcli *cli, int argc, char **argv, double timeout,
	       gint64 offset)
{
	int status = ZCLI_USAGE;
	bool good;

	if (argc != 5) {
		zcli_complain("put: expected NID PORTAL MATCHBITS FILE, e.g. zclnd put "
			      "10.0.0.9@tcp 52 0 data (- is standard input)");
		return status;
	}
	if (offset < 0 || offset > UINT32_MAX) {
		zcli_complain("put: --offset is 0 to 4294967295");
		return status;
	}
	put->offset = (uint64_t)offset;
	if (!zcli_client_target(&put->client, "put", argv) || !open_input(put, argv[4]) ||
	    !zcli_client_open(&put->client, "put", cli, timeout, &status))
		return status;
	good = open_memory(put) && transfer(put);
	/* What is under way borrows the memory until then. */
	zclnd_stop(put->client.z);
	if (good)
		printf("%" PRIu64 " bytes put to %s\n", put->bytes, argv[1]);
	return good ? ZCLI_OK : ZCLI_FAILED;
}

int zcmd_put(int argc, char **argv)
{
	struct put put = {.fd = -1};
	double timeout = 10;
	gint64 offset = 0, hdr_data = 0;
	int status = ZCLI_OK;
	struct zcli cli;
	const GOptionEntry own[] = {
		{"offset", 0, 0, G_OPTION_ARG_INT64, &offset, "where in the target's buffer (0)",
		 "BYTES"},
		{"hdr-data", 0, 0, G_OPTION_ARG_INT64, &hdr_data, "what the target is told (0)",
		 "N"},
		{"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout, "for each message (10)", "S"},
		{0},
	};

	if (zcli_parse(&argc, &argv, &cli, own, false, "NID PORTAL MATCHBITS FILE",
		       "Puts a file, or standard input (-), into what is attached at a peer's "
		       "portal and\n"
		       "match bits, in messages of 1 MiB at ascending offsets. The store of `zclnd "
		       "peer` is\n"
		       "at portal 52, its sink at 50. Exit status 1 when not all of it was taken.",
		       &status)) {
		put.hdr_data = (uint64_t)hdr_data;
		status = run(&put, &cli, argc, argv, timeout, offset);
	}
	zcli_client_close(&put.client);
	zclnd_mem_free(put.memory);
	if (put.fd > STDIN_FILENO)
		close(put.fd);
	zcli_clear(&cli);
	return status;
}
