/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/systemd.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3
#define MAX_FDS	 1024

size_t zsd_listen_fds(int *first)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	guint64 ours, n;

	*first = FIRST_FD;
	if (!pid || !fds || !g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &ours, NULL) ||
	    (pid_t)ours != getpid() || !g_ascii_string_to_unsigned(fds, 10, 0, MAX_FDS, &n, NULL))
		return 0;
	return (size_t)n;
}

void zsd_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	len += offsetof(struct sockaddr_un, sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody listening is no mistake of ours. */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
		      (socklen_t)len);
	close(fd);
}
