/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real/net.h"
#include "real/sink.h"

/*
 * Two nodes in two network namespaces, with a veth pair between them. With an XDP program on the
 * receiver packets are copied for it, and the sender's pages are free: MSG_ZEROCOPY completes
 * without COPIED, as over a NIC, and `auto` stays with it. Without, the kernel copies after all.
 */

#define PORTAL	 50
#define BULKS	 12
#define HERE	 0x0a630001 /* 10.99.0.1 */
#define THERE	 0x0a630002
#define HANGS_NS INT64_C(60000000000)
#define LOOK_NS	 1000000

struct side {
	struct zloop *loop;
	struct zreal_node *node;
	struct zsink sink;
	struct zloop_timer guard, look;
	unsigned final, failed;
	bool down;
};

/* ---- the net ------------------------------------------------------------------------ */

static bool ip(const char *format, ...)
{
	va_list args;
	char *line, *errors = NULL;
	int status = -1;
	bool good;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	good = g_spawn_command_line_sync(line, NULL, &errors, &status, NULL) && status == 0;
	g_free(errors);
	g_free(line);
	return good;
}

/* "All packets pass", in two instructions. The link lives as long as the descriptor. */
static bool attach_xdp_pass(const char *interface)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {0};
	long prog;

	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)pass;
	attr.insn_cnt = G_N_ELEMENTS(pass);
	attr.license = (uintptr_t) "MIT";
	prog = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (prog < 0)
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_ifindex = if_nametoindex(interface);
	attr.link_create.attach_type = BPF_XDP;
	return syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)) >= 0;
}

/* ---- nodes -------------------------------------------------------------------------- */

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct side *side = user;

	if (event->user == &side->sink) {
		zsink_event(&side->sink, event);
	} else {
		side->final += event->final;
		side->failed += event->final && event->status;
	}
	zloop_stop(side->loop);
}

static void hangs(void *data)
{
	(void)data;
	g_error("what is waited for does not happen");
}

/* For what no event tells of. */
static void look(void *data)
{
	zloop_stop(((struct side *)data)->loop);
}

static void start(struct side *side, uint32_t address)
{
	struct zreal_options options;
	GError *error = NULL;

	*side = (struct side){.loop = zloop_new(), .guard = {.fn = hangs}};
	zreal_options_init(&options, zcl_nid_tcp(address, 0));
	options.listen.sin_port = 0;
	options.accept = ZREAL_ACCEPT_ALL;
	options.way = ZWAY_AUTO;
	options.deliver = on_deliver;
	options.user = side;
	side->node = zreal_node_new(side->loop, &options, &error);
	g_assert_no_error(error);
	g_assert_cmpint(zsink_open(&side->sink, zreal_node_core(side->node), PORTAL, ZCL_LNET_MTU,
				   true, zreal_node_now(side->node)),
			==, ZCL_OK);
	zloop_timer_set(side->loop, &side->guard, zloop_now() + HANGS_NS);
}

static void is_down(void *data)
{
	struct side *side = data;

	side->down = true;
	zloop_stop(side->loop);
}

static void stop(struct side *side)
{
	zreal_node_shutdown(side->node, is_down, side);
	while (!side->down)
		zloop_run(side->loop);
	zloop_timer_cancel(side->loop, &side->guard);
	zreal_node_free(side->node);
	zsink_close(&side->sink);
	zloop_free(side->loop);
}

/* ---- the receiver, in a process and a namespace of its own --------------------------- */

static void tell(int fd, const void *what, size_t size)
{
	g_assert_cmpint(write(fd, what, size), ==, size);
}

static void hear(int fd, void *what, size_t size)
{
	g_assert_cmpint(read(fd, what, size), ==, size);
}

static _Noreturn void receiver(bool xdp, int from, int to)
{
	struct sockaddr_in address;
	struct side side;
	bool good = unshare(CLONE_NEWNET) == 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tell(to, &good, sizeof(good));
	hear(from, &good, sizeof(good));
	good = good && ip("ip link set lo up") && ip("ip addr add 10.99.0.2/24 dev there") &&
	       ip("ip link set there up") && (!xdp || attach_xdp_pass("there"));
	tell(to, &good, sizeof(good));
	if (!good)
		_exit(2);
	start(&side, THERE);
	address = zreal_node_address(side.node);
	tell(to, &address, sizeof(address));
	while (side.sink.puts < BULKS)
		zloop_run(side.loop);
	good = side.sink.corrupt == 0;
	/* The sender ends when it has heard of all of them. */
	side.look = (struct zloop_timer){.fn = look, .data = &side};
	while (zreal_node_stats(side.node)->conns > 0) {
		zloop_timer_set(side.loop, &side.look, zloop_now() + LOOK_NS);
		zloop_run(side.loop);
	}
	zloop_timer_cancel(side.loop, &side.look);
	stop(&side);
	_exit(good ? 0 : 1);
}

/* ---- the sender --------------------------------------------------------------------- */

static void put(struct side *side, uint8_t *buffer, uint64_t number)
{
	const struct iovec iov = {buffer, ZCL_LNET_MTU};
	const struct zcl_put what = {
		.target = zcl_nid_tcp(THERE, 0),
		.portal = PORTAL,
		.hdr_data = number,
		.iov = &iov,
		.niov = 1,
		.want_ack = true,
		.user = buffer,
	};

	zpattern_fill(buffer, ZCL_LNET_MTU, number);
	g_assert_cmpint(
		zcl_lnet_put(zreal_node_core(side->node), &what, zreal_node_now(side->node)), ==,
		ZCL_OK);
	zreal_node_kick(side->node);
}

static void check_ways(const struct side *side, bool xdp)
{
	const struct zcl_stats *core = zcl_node_stats(zreal_node_core(side->node));
	const struct zway_stats *way = &zreal_node_stats(side->node)->way;

	g_assert_cmpuint(side->failed, ==, 0);
	g_assert_cmpuint(way->completions, >, 0);
	g_assert_cmpuint(core->buffers_released, ==, BULKS);
	if (xdp) {
		g_assert_cmpuint(way->completions_copied, ==, 0);
		g_assert_cmpuint(way->fallbacks[ZCL_WHY_COPIED], ==, 0);
		g_assert_cmpuint(core->zc_messages[ZCL_WAY_ZEROCOPY][ZCL_WHY_UNREGISTERED], ==,
				 BULKS);
		return;
	}
	g_assert_cmpuint(way->completions_copied, >, 0);
	g_assert_cmpuint(way->fallbacks[ZCL_WHY_COPIED], >, 0);
	g_assert_cmpuint(core->zc_messages[ZCL_WAY_COPY][ZCL_WHY_COPIED], >, 0);
}

/* One at a time, so that what was seen of one counts for the next. */
static void send_bulk(const struct sockaddr_in *to, bool xdp)
{
	uint8_t *buffer = g_malloc(ZCL_LNET_MTU);
	struct side side;

	start(&side, HERE);
	zreal_node_set_peer(side.node, zcl_nid_tcp(THERE, 0), to);
	for (unsigned i = 0; i < BULKS; i++) {
		put(&side, buffer, i);
		while (side.final <= i)
			zloop_run(side.loop);
	}
	check_ways(&side, xdp);
	stop(&side);
	g_free(buffer);
}

/* False: it cannot be had here. */
static bool make_net(pid_t pid, int from, int to)
{
	bool good;

	hear(from, &good, sizeof(good));
	good = good && ip("ip link add here type veth peer name there netns %d", (int)pid) &&
	       ip("ip addr add 10.99.0.1/24 dev here") && ip("ip link set here up");
	tell(to, &good, sizeof(good));
	if (good)
		hear(from, &good, sizeof(good));
	return good;
}

static void test_veth(const void *data)
{
	const bool xdp = GPOINTER_TO_INT(data);
	int up[2], down[2], status;
	struct sockaddr_in address;
	pid_t pid;
	bool good;

	g_assert_cmpint(pipe(up), ==, 0);
	g_assert_cmpint(pipe(down), ==, 0);
	pid = fork();
	g_assert_cmpint(pid, >=, 0);
	if (pid == 0)
		receiver(xdp, down[0], up[1]);
	good = make_net(pid, up[0], down[1]);
	if (good) {
		hear(up[0], &address, sizeof(address));
		send_bulk(&address, xdp);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	if (!good)
		g_test_skip(xdp ? "no veth pair with XDP: needs iproute2 and the kernel's support"
				: "no veth pair: needs iproute2 and the kernel's support");
	else
		g_assert_cmpint(status, ==, 0);
	for (int i = 0; i < 2; i++) {
		close(up[i]);
		close(down[i]);
	}
	/* With the other end's namespace it goes anyhow, but not at once. */
	ip("ip link del here");
}

static void test_no_namespace(void)
{
	g_test_skip("needs root: a network namespace of its own");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	if (unshare(CLONE_NEWNET) < 0) {
		g_test_add_func("/veth", test_no_namespace);
		return g_test_run();
	}
	g_test_add_data_func("/veth/xdp", GINT_TO_POINTER(1), test_veth);
	g_test_add_data_func("/veth/plain", GINT_TO_POINTER(0), test_veth);
	return g_test_run();
}
