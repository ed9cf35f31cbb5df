/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEND_BUFFER (1 << 20)
#define BACKLOG	    1024
/* After the first question: as deployed nodes ask. */
#define KEEP_INTERVAL 5
#define KEEP_COUNT    5

struct sockaddr_in zsock_addr(uint32_t ipv4, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(ipv4),
	};
}

bool zsock_parse(const char *text, struct sockaddr_in *addr)
{
	const char *colon = strchr(text, ':');
	const size_t len = colon ? (size_t)(colon - text) : strlen(text);
	struct sockaddr_in got = *addr;
	char host[INET_ADDRSTRLEN];
	guint64 port;

	if (len >= sizeof(host) || (len == 0 && !colon))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (len > 0 && inet_pton(AF_INET, host, &got.sin_addr) != 1)
		return false;
	if (colon) {
		if (!g_ascii_string_to_unsigned(colon + 1, 10, 0, UINT16_MAX, &port, NULL))
			return false;
		got.sin_port = htons((uint16_t)port);
	}
	got.sin_family = AF_INET;
	*addr = got;
	return true;
}

const char *zsock_format(const struct sockaddr_in *addr, char *buf)
{
	const uint32_t ip = ntohl(addr->sin_addr.s_addr);

	snprintf(buf, ZSOCK_TEXT_MAX, "%u.%u.%u.%u:%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
		 ip & 255, ntohs(addr->sin_port));
	return buf;
}

enum zcl_err zsock_error(int error)
{
	switch (error) {
	case 0:
		return ZCL_OK;
	case ECONNRESET:
	case EPIPE:
		return ZCL_E_RESET;
	case ECONNREFUSED:
		return ZCL_E_REFUSED;
	case ETIMEDOUT:
		return ZCL_E_TIMEDOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EADDRNOTAVAIL:
		return ZCL_E_UNREACHABLE;
	default:
		return ZCL_E_IO;
	}
}

int zsock_new(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void zsock_tune(int fd)
{
	const int one = 1, buffer = SEND_BUFFER;

	/* None of these is needed to be right, only to be fast. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", strlen("cubic")) < 0)
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
}

static void set_tcp(int fd, int name, int value)
{
	setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

void zsock_guard(int fd, int idle, unsigned timeout)
{
	const int on = idle > 0;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (!on)
		return;
	set_tcp(fd, TCP_KEEPIDLE, idle);
	set_tcp(fd, TCP_KEEPINTVL, MIN(idle, KEEP_INTERVAL));
	set_tcp(fd, TCP_KEEPCNT, KEEP_COUNT);
}

void zsock_probe(int fd)
{
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	set_tcp(fd, TCP_KEEPINTVL, 1);
	set_tcp(fd, TCP_KEEPIDLE, 1);
}

int zsock_listen(struct sockaddr_in *addr)
{
	const int one = 1, fd = zsock_new();
	socklen_t len = sizeof(*addr);

	if (fd < 0)
		return -1;
	zsock_tune(fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)addr, sizeof(*addr)) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)addr, &len) < 0) {
		const int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int zsock_listening(int fd, struct sockaddr_in *addr)
{
	int listens = 0, type = 0;
	socklen_t size = sizeof(listens), len = sizeof(*addr);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
	    getsockname(fd, (struct sockaddr *)addr, &len) < 0)
		return -1;
	if (!listens || type != SOCK_STREAM || addr->sin_family != AF_INET) {
		errno = EINVAL;
		return -1;
	}
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	zsock_tune(fd);
	return fd;
}

bool zsock_is_local(struct in_addr addr)
{
	struct sockaddr_in any_port = {.sin_family = AF_INET, .sin_addr = addr};
	const int fd = zsock_new();
	bool local;

	if (fd < 0)
		return false;
	local = bind(fd, (struct sockaddr *)&any_port, sizeof(any_port)) == 0;
	close(fd);
	return local;
}

/* From this port (0: the kernel chooses one when it connects); -1 with errno. */
static int connect_from(struct sockaddr_in from, const struct sockaddr_in *to)
{
	const int one = 1, fd = zsock_new();
	int saved;

	if (fd < 0)
		return -1;
	zsock_tune(fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 || errno == EINPROGRESS))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int zsock_connect(struct in_addr source, const struct sockaddr_in *to, bool reserved,
		  enum zsock_source *got)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = source};

	*got = reserved ? ZSOCK_SOURCE_IN_USE : ZSOCK_SOURCE_ORDINARY;
	for (uint16_t port = ZSOCK_RESERVED_MAX; reserved && port >= ZSOCK_RESERVED_MIN; port--) {
		int fd;

		from.sin_port = htons(port);
		fd = connect_from(from, to);
		if (fd >= 0) {
			*got = ZSOCK_SOURCE_RESERVED;
			return fd;
		}
		if (errno == EACCES || errno == EPERM) {
			*got = ZSOCK_SOURCE_NOT_PERMITTED;
			break;
		}
		if (errno != EADDRINUSE && errno != EADDRNOTAVAIL)
			return -1;
	}
	from.sin_port = 0;
	return connect_from(from, to);
}

void zsock_abort(int fd)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	connect(fd, &none, sizeof(none));
}

void zsock_close_reset(int fd)
{
	const struct linger hard = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

int zsock_take_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return error;
}

zcl_nid zsock_default_nid(void)
{
	zcl_nid nid = zcl_nid_tcp(INADDR_LOOPBACK, 0);
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) < 0)
		return nid;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		const struct sockaddr_in *in = (const void *)at->ifa_addr;

		if (!in || in->sin_family != AF_INET || !(at->ifa_flags & IFF_UP) ||
		    at->ifa_flags & IFF_LOOPBACK)
			continue;
		nid = zcl_nid_tcp(ntohl(in->sin_addr.s_addr), 0);
		break;
	}
	freeifaddrs(list);
	return nid;
}
