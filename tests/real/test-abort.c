/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/real/pair.h"

/*
 * A peer that dies, freezes, or is left in the middle of bulk: every submission ends in one final
 * event, and no buffer is back while the kernel has pages of it.
 */

#define BULKS	   40 /* more than all socket buffers between the two can hold */
#define TAKEN	   3
#define TIMEOUT_NS INT64_C(1000000000)

enum how { KILLED, FROZEN, LEFT_ALONE };

struct ending {
	const char *name;
	enum how how;
	enum zway way;
	uint32_t version;
};

static const struct ending endings[] = {
	{"killed/zerocopy", KILLED, ZWAY_ZEROCOPY, ZCL_V2},
	{"killed/copy", KILLED, ZWAY_COPY, ZCL_V2},
	{"killed/splice", KILLED, ZWAY_SPLICE, ZCL_V2},
	{"killed/zerocopy-v1", KILLED, ZWAY_ZEROCOPY, ZCL_V1},
	{"frozen/zerocopy", FROZEN, ZWAY_ZEROCOPY, ZCL_V2},
	{"frozen/copy-v1", FROZEN, ZWAY_COPY, ZCL_V1},
	{"frozen/splice", FROZEN, ZWAY_SPLICE, ZCL_V2},
	{"shutdown/zerocopy", LEFT_ALONE, ZWAY_ZEROCOPY, ZCL_V2},
	{"shutdown/splice", LEFT_ALONE, ZWAY_SPLICE, ZCL_V2},
};

/* In the child: takes a few messages, then stands still in the middle of the next ones. */
static void stand_still(struct pair_end *end, const struct zcl_lnet_event *event)
{
	if (event->kind == ZCL_LNET_EV_PUT && end->sink.puts + 1 == TAKEN)
		raise(SIGSTOP);
}

static bool never(const struct pair *pair)
{
	(void)pair;
	return false;
}

static void run_child(struct pair *pair, int fd)
{
	struct sockaddr_in addr;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pair->loop = zloop_new();
	pair->end[RIGHT].on_event = stand_still;
	pair_start(pair, RIGHT);
	addr = zreal_node_address(pair->end[RIGHT].node);
	g_assert_cmpint(write(fd, &addr, sizeof(addr)), ==, sizeof(addr));
	pair_wait(pair, never);
	_exit(0);
}

static pid_t start_child(struct pair *pair)
{
	struct sockaddr_in addr;
	int fds[2];
	pid_t pid;

	g_assert_cmpint(pipe(fds), ==, 0);
	pid = fork();
	g_assert_cmpint(pid, >=, 0);
	if (pid == 0)
		run_child(pair, fds[1]);
	g_assert_cmpint(read(fds[0], &addr, sizeof(addr)), ==, sizeof(addr));
	close(fds[0]);
	close(fds[1]);
	pair_start(pair, LEFT);
	zreal_node_set_peer(pair->end[LEFT].node, pair->end[RIGHT].nid, &addr);
	return pid;
}

/* The owner's buffer is back: nobody may read it any more. */
static void check_release(struct pair_end *end, const struct zcl_lnet_event *event)
{
	if (event->kind != ZCL_LNET_EV_SEND)
		return;
	if (event->status != ZCL_OK && end->node)
		g_assert_cmpuint(zreal_node_stats(end->node)->pinned, ==, 0);
	memset(event->user, 0xdb, ZCL_LNET_MTU);
}

static bool all_up(const struct pair *pair)
{
	return pair->end[LEFT].counts[ZCL_EV_CONN_UP] == 3 && pair_settled(pair);
}

static void end_it(struct pair *pair, enum how how, pid_t pid)
{
	struct pair_end *left = &pair->end[LEFT];

	if (how == KILLED)
		kill(pid, SIGKILL);
	if (how == LEFT_ALONE) {
		pair_clear(pair);
		g_assert_cmpint(left->error, ==, ZCL_E_SHUTDOWN);
		return;
	}
	pair_wait(pair, pair_settled);
	/* A connection without unread bytes ends in order even when its process is killed. */
	if (how == KILLED)
		g_assert_true(left->error == ZCL_E_RESET || left->error == ZCL_E_EOF);
	else
		g_assert_cmpint(left->error, ==, ZCL_E_TIMEDOUT);
}

static void test_ending(const void *data)
{
	const struct ending *ending = data;
	uint8_t *memory;
	struct pair pair;
	int status;
	pid_t pid;

	pair_init(&pair);
	for (int i = 0; i < 2; i++) {
		pair.end[i].options.core.max_version = ending->version;
		pair.end[i].options.way = ending->way;
	}
	if (ending->how == FROZEN)
		pair.end[LEFT].options.core.socket_timeout = TIMEOUT_NS;
	pid = start_child(&pair);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, all_up);
	pair.end[LEFT].on_event = check_release;
	memory = pair_memory(&pair, BULKS, ending->way == ZWAY_SPLICE);
	for (unsigned i = 0; i < BULKS; i++)
		pair_put(&pair, LEFT, memory + i * ZCL_LNET_MTU, ZCL_LNET_MTU, i, true);
	/* The loop must run for the child to get there, so both are looked after. */
	while (waitpid(pid, &status, WUNTRACED | WNOHANG) == 0) {
		zloop_timer_set(pair.loop, &pair.look, zloop_now() + 1000000);
		zloop_run(pair.loop);
	}
	zloop_timer_cancel(pair.loop, &pair.look);
	g_assert_true(WIFSTOPPED(status));
	g_assert_cmpuint(pair.end[LEFT].final, <, BULKS);
	end_it(&pair, ending->how, pid);
	g_assert_cmpuint(pair.end[LEFT].final, ==, pair.end[LEFT].submitted);
	g_assert_cmpuint(pair.end[LEFT].failed, >=, BULKS - TAKEN);
	if (ending->how != LEFT_ALONE)
		pair_clear(&pair);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	pair_memory_free(&pair, memory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
		char *path = g_strconcat("/abort/", endings[i].name, NULL);

		g_test_add_data_func(path, &endings[i], test_ending);
		g_free(path);
	}
	return g_test_run();
}
