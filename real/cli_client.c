/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/cli_client.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "real/cli_wait.h"

static bool number(const char *command, const char *what, const char *text, uint64_t most,
		   uint64_t *to)
{
	char *end = NULL;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno == 0 && end != text && !*end && text[0] != '-' && value <= most) {
		*to = value;
		return true;
	}
	zcli_complain("%s: %s '%s': expected a number like 7 or 0x7, at most %llu", command, what,
		      text, (unsigned long long)most);
	return false;
}

bool zcli_client_target(struct zcli_client *client, const char *command, char **argv)
{
	uint64_t portal;

	if (!zcli_parse_nid(command, argv[1], &client->target) ||
	    !number(command, "portal", argv[2], ZCLND_PORTALS - 1, &portal) ||
	    !number(command, "match bits", argv[3], UINT64_MAX, &client->match_bits))
		return false;
	client->portal = (uint32_t)portal;
	return true;
}

static bool open_all(struct zcli_client *client, const struct zcli_setup *setup)
{
	client->z = zcli_open(setup);
	client->ni = client->z ? zcli_open_ni(client->z, zcli_first(setup)) : NULL;
	return client->ni && zcli_start(client->z);
}

bool zcli_client_open(struct zcli_client *client, const char *command, const struct zcli *cli,
		      double timeout, int *status)
{
	struct zcli_setup setup;
	struct zclnd_ni_options *options;
	bool good;

	*status = ZCLI_USAGE;
	if (!(timeout > 0) || timeout > 3600) {
		zcli_complain("%s: --timeout is between 0 and 3600 s", command);
		return false;
	}
	if (!zcli_setup(cli, zcli_own_nid(client->target), &setup))
		return false;
	options = &zcli_first(&setup)->options;
	good = options->nid != client->target;
	if (!good)
		zcli_complain("%s: the target is this side's own NID; choose another with --from",
			      command);
	client->signals = zcli_signals();
	client->eq = zclnd_eq_new(1);
	options->socket_timeout = (int64_t)(timeout * 1e9);
	/* It calls, and needs no acceptor unless told so. */
	options->listens = cli->said.value[ZCLI_LISTEN] != NULL;
	options->eq = client->eq;
	if (good) {
		*status = ZCLI_FAILED;
		good = client->eq && open_all(client, &setup);
	}
	zcli_setup_clear(&setup);
	return good;
}

void zcli_client_close(struct zcli_client *client)
{
	zclnd_free(client->z);
	if (client->eq)
		close(client->signals);
	zclnd_eq_free(client->eq);
	*client = (struct zcli_client){0};
}
