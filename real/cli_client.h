/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CLI_CLIENT_H
#define ZREAL_CLI_CLIENT_H

#include "real/cli.h"

/* What the commands that talk to one peer and end have in common. */

struct zcli_client {
	struct zclnd *z;
	struct zclnd_ni *ni;
	struct zclnd_eq *eq;
	int signals;
	zclnd_nid target;
	uint32_t portal;
	uint64_t match_bits;
};

/* "NID PORTAL MATCHBITS" in argv[1] to argv[3]; command: for messages. False: a mistake, told. */
bool zcli_client_target(struct zcli_client *client, const char *command, char **argv);
/*
 * An NI that calls the target and listens only when told so, with a queue for its events; timeout:
 * seconds. False: told, with the exit status in *status.
 */
bool zcli_client_open(struct zcli_client *client, const char *command, const struct zcli *cli,
		      double timeout, int *status);
void zcli_client_close(struct zcli_client *client);

#endif
