/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/cli_wait.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

int64_t zcli_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int zcli_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		g_error("signalfd: %s", g_strerror(errno));
	return fd;
}

enum zcli_woken zcli_wait(int signals, struct zclnd_eq *eq, int fd, int64_t timeout,
			  struct zclnd_event *event, int *signo)
{
	const int64_t end = timeout < 0 ? INT64_MAX : zcli_now() + timeout;
	struct pollfd fds[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = fd, .events = POLLIN},
		{.fd = eq ? zclnd_eq_fd(eq) : -1, .events = POLLIN},
	};

	for (;;) {
		const int64_t left = end - zcli_now();
		const struct timespec ts = {MAX(left, 0) / NS_PER_S, MAX(left, 0) % NS_PER_S};
		struct signalfd_siginfo info;

		if (ppoll(fds, G_N_ELEMENTS(fds), timeout < 0 ? NULL : &ts, NULL) < 0 &&
		    errno != EINTR)
			g_error("poll: %s", g_strerror(errno));
		if (read(signals, &info, sizeof(info)) == sizeof(info)) {
			*signo = (int)info.ssi_signo;
			return ZCLI_SIGNAL;
		}
		if (fds[1].revents)
			return ZCLI_FD;
		if (eq && zclnd_eq_poll(eq, event))
			return ZCLI_EVENT;
		if (timeout >= 0 && left <= 0)
			return ZCLI_TIME;
	}
}
