/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CALL_H
#define ZREAL_CALL_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The system calls of each small message, as recv(2), send(2) and epoll_wait(2) are. In a process
 * with threads the C library makes each of these a point where the thread may be cancelled, which
 * takes two atomic operations; a thread of a loop is never cancelled. Sanitizers watch the C
 * library's.
 */
#if defined(SYS_recvfrom) && defined(SYS_sendto) && defined(SYS_epoll_wait) &&                     \
	!defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
static inline ssize_t zcall_recv(int fd, void *buf, size_t len, int flags)
{
	return syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
}

static inline ssize_t zcall_send(int fd, const void *buf, size_t len, int flags)
{
	return syscall(SYS_sendto, fd, buf, len, flags, NULL, 0);
}

static inline int zcall_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	return (int)syscall(SYS_epoll_wait, fd, events, max, timeout);
}
#else
static inline ssize_t zcall_recv(int fd, void *buf, size_t len, int flags)
{
	return recv(fd, buf, len, flags);
}

static inline ssize_t zcall_send(int fd, const void *buf, size_t len, int flags)
{
	return send(fd, buf, len, flags);
}

static inline int zcall_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	return epoll_wait(fd, events, max, timeout);
}
#endif

#endif
