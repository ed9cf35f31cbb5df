/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/clock.h"
#include "real/loop.h"

struct item {
	struct zloop *loop;
	GString *log;
	char name;
	struct zloop_timer timer;
	struct zloop_work work;
	struct zloop_io io;
	struct item *other;
	int left;
};

static struct zloop *new_loop(void)
{
	struct zloop *loop = zloop_new();

	g_assert_nonnull(loop);
	return loop;
}

static void note(void *data)
{
	struct item *item = data;

	g_string_append_c(item->log, item->name);
	if (item->name == '.')
		zloop_stop(item->loop);
}

/* By due time, and of equal times in the order in which they were armed; moved and cancelled. */
static void test_timers(void)
{
	static const struct {
		char name;
		int64_t due;
	} plan[] = {{'d', 3}, {'a', 1}, {'b', 2}, {'c', 2}, {'x', 1}, {'.', 9}};
	struct zloop *loop = new_loop();
	GString *log = g_string_new(NULL);
	struct item items[G_N_ELEMENTS(plan)];
	const int64_t now = zloop_now();

	for (size_t i = 0; i < G_N_ELEMENTS(plan); i++) {
		items[i] = (struct item){.loop = loop, .log = log, .name = plan[i].name};
		items[i].timer = (struct zloop_timer){.fn = note, .data = &items[i]};
		zloop_timer_set(loop, &items[i].timer, now + plan[i].due * 100000);
	}
	zloop_timer_cancel(loop, &items[4].timer);
	zloop_timer_set(loop, &items[2].timer, now + 2 * 100000); /* behind c now */
	zloop_run(loop);
	g_assert_cmpstr(log->str, ==, "acbd.");
	g_assert_cmpint(zloop_now(), >=, now + 9 * 100000);
	g_string_free(log, TRUE);
	zloop_free(loop);
}

static void again(void *data)
{
	struct item *item = data;

	note(item);
	if (--item->left > 0)
		zloop_work_queue(item->loop, &item->work);
}

/* Work that asks for more work waits for the next round, in which others have their turn. */
static void test_work(void)
{
	struct zloop *loop = new_loop();
	GString *log = g_string_new(NULL);
	struct item items[3];

	for (int i = 0; i < 3; i++) {
		items[i] = (struct item){
			.loop = loop, .log = log, .name = "ab."[i], .left = i == 2 ? 1 : 2};
		items[i].work = (struct zloop_work){.fn = again, .data = &items[i]};
		zloop_work_queue(loop, &items[i].work);
		zloop_work_queue(loop, &items[i].work); /* once is enough */
	}
	zloop_run(loop);
	g_assert_cmpstr(log->str, ==, "ab.");
	items[2].left = 1;
	zloop_work_queue(loop, &items[2].work);
	zloop_run(loop);
	g_assert_cmpstr(log->str, ==, "ab.ab.");
	g_string_free(log, TRUE);
	zloop_free(loop);
}

static void take_other_out(void *data, uint32_t events)
{
	struct item *item = data;

	(void)events;
	note(item);
	zloop_remove(item->loop, &item->other->io);
	zloop_stop(item->loop);
}

/* Both are ready; the first takes the other out of the loop, and no event reaches that one. */
static void test_remove_within_a_pass(void)
{
	struct zloop *loop = new_loop();
	GString *log = g_string_new(NULL);
	struct item items[2];
	int fds[2];

	g_assert_cmpint(pipe(fds), ==, 0);
	for (int i = 0; i < 2; i++) {
		items[i] = (struct item){.loop = loop, .log = log, .name = 'x'};
		items[i].other = &items[!i];
		items[i].io = (struct zloop_io){.fd = -1, .fn = take_other_out, .data = &items[i]};
		zloop_add(loop, &items[i].io, i ? dup(fds[0]) : fds[0], EPOLLIN);
	}
	g_assert_cmpint(write(fds[1], "z", 1), ==, 1);
	zloop_run(loop);
	g_assert_cmpstr(log->str, ==, "x");
	for (int i = 0; i < 2; i++)
		zloop_remove(loop, &items[i].io);
	close(fds[0]);
	close(fds[1]);
	g_string_free(log, TRUE);
	zloop_free(loop);
}

static gpointer poster(gpointer data)
{
	struct item *items = data;

	for (int i = 0; i < 3; i++)
		zloop_post(items[i].loop, note, &items[i]);
	return NULL;
}

static void test_posts(void)
{
	struct zloop *loop = new_loop();
	GString *log = g_string_new(NULL);
	struct item items[3];
	GThread *thread;

	for (int i = 0; i < 3; i++)
		items[i] = (struct item){.loop = loop, .log = log, .name = "ab."[i]};
	thread = g_thread_new("poster", poster, items);
	zloop_run(loop);
	g_thread_join(thread);
	g_assert_cmpstr(log->str, ==, "ab.");
	g_string_free(log, TRUE);
	zloop_free(loop);
}

static void on_signal(void *data, int signo)
{
	struct item *item = data;

	g_assert_cmpint(signo, ==, SIGUSR2);
	zloop_stop(item->loop);
}

static void test_signal(void)
{
	struct item item = {.loop = new_loop()};

	zloop_signal(item.loop, SIGUSR1, on_signal, &item);
	zloop_signal(item.loop, SIGUSR2, on_signal, &item);
	raise(SIGUSR2);
	zloop_run(item.loop);
	zloop_free(item.loop);
}

/* There and back never comes out early: a timer for a script's time fires at it or after. */
static void test_clock(void)
{
	struct zclock clock = {.start = ZCLOCK_NOT_STARTED, .scale = 0.3};

	g_assert_cmpint(zclock_now(&clock), ==, 0);
	g_assert_cmpint(zclock_real(&clock, 5), ==, INT64_MAX);
	clock.start = zloop_now() - 1000000000;
	g_assert_cmpint(zclock_now(&clock), >=, 3333333333);
	g_assert_cmpint(zclock_real(&clock, INT64_MAX), ==, INT64_MAX);
	for (int64_t when = 1; when < 1000000000; when = when * 3 + 1) {
		const int64_t real = zclock_real(&clock, when) - clock.start;

		g_assert_cmpint((int64_t)((double)real / clock.scale), >=, when);
	}
}

/* A descriptor that always has more, and another one that is to have its turn all the same. */
struct looked_at {
	struct zloop *loop;
	struct zloop_io hot, other;
	int asked, looks, most;
	bool drop;
};

static void hot_ready(void *data, uint32_t events)
{
	struct looked_at *pair = data;

	(void)events;
	pair->looks = 0;
}

static enum zloop_look hot_look(void *data)
{
	struct looked_at *pair = data;

	pair->looks++;
	pair->most = MAX(pair->most, pair->looks);
	if (pair->drop) {
		zloop_remove(pair->loop, &pair->hot);
		zloop_stop(pair->loop);
	}
	return ZLOOP_LOOK_FOUND;
}

static void other_ready(void *data, uint32_t events)
{
	struct looked_at *pair = data;
	char byte;

	(void)events;
	g_assert_cmpint(read(pair->other.fd, &byte, 1), ==, 1);
	pair->asked++;
	pair->looks = 0;
	if (byte == '.')
		pair->drop = true;
}

static void stop_at_other(void *data, uint32_t events)
{
	struct looked_at *pair = data;

	(void)events;
	zloop_stop(pair->loop);
}

static void test_look(void)
{
	struct looked_at pair = {.loop = new_loop()};
	int hot[2], other[2];

	g_assert_cmpint(pipe(hot), ==, 0);
	g_assert_cmpint(pipe(other), ==, 0);
	pair.hot = (struct zloop_io){.fd = -1, .fn = hot_ready, .look = hot_look, .data = &pair};
	pair.other = (struct zloop_io){.fd = -1, .fn = other_ready, .data = &pair};
	zloop_add(pair.loop, &pair.hot, hot[0], EPOLLIN);
	zloop_add(pair.loop, &pair.other, other[0], EPOLLIN);
	g_assert_cmpint(write(hot[1], "x", 1), ==, 1);
	g_assert_cmpint(write(other[1], "abcdefg.", 8), ==, 8);
	zloop_set_busy_poll(pair.loop, INT64_C(3600000000000));
	zloop_run(pair.loop);
	/* Each byte of the other one took a pass in which all were asked for. */
	g_assert_cmpint(pair.asked, ==, 8);
	g_assert_cmpint(pair.most, ==, 7);

	/* It is gone: nobody looks at it. */
	pair.looks = 0;
	pair.drop = false;
	g_assert_cmpint(write(other[1], "z", 1), ==, 1);
	pair.other.fn = stop_at_other;
	zloop_run(pair.loop);
	g_assert_cmpint(pair.looks, ==, 0);
	zloop_remove(pair.loop, &pair.other);
	zloop_free(pair.loop);
	for (int i = 0; i < 2; i++) {
		close(hot[i]);
		close(other[i]);
	}
}

/* One that is read by looks alone as long as these find something. */
struct reader {
	struct zloop *loop;
	struct zloop_io io;
	struct zloop_timer guard; /* of a test that would wait for ever */
	int told, left;
	uint32_t events;
	bool in_vain;
};

static bool read_one(struct reader *reader)
{
	char byte;

	if (read(reader->io.fd, &byte, 1) != 1)
		return false;
	if (--reader->left == 0)
		zloop_stop(reader->loop);
	return true;
}

static void reader_ready(void *data, uint32_t events)
{
	struct reader *reader = data;

	reader->told++;
	reader->events = events;
	if (events & EPOLLIN)
		read_one(reader);
	else
		zloop_stop(reader->loop);
}

static enum zloop_look reader_look(void *data)
{
	struct reader *reader = data;

	if (reader->in_vain)
		return ZLOOP_LOOK_IN_VAIN;
	return read_one(reader) ? ZLOOP_LOOK_FOUND : ZLOOP_LOOK_NOTHING;
}

static void never(void *data)
{
	(void)data;
	g_assert_not_reached();
}

/* n bytes arrive and are read. How often epoll told of them. */
static int read_all(struct reader *reader, int fd, int n)
{
	char bytes[200] = {0};

	reader->told = 0;
	reader->left = n;
	g_assert_cmpint(write(fd, bytes, (size_t)n), ==, n);
	zloop_run(reader->loop);
	return reader->told;
}

static void test_out_of_epoll(void)
{
	struct reader reader = {.loop = new_loop()};
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), ==, 0);
	reader.io = (struct zloop_io){
		.fd = -1, .fn = reader_ready, .look = reader_look, .data = &reader};
	reader.guard = (struct zloop_timer){.fn = never};
	zloop_timer_set(reader.loop, &reader.guard, zloop_now() + INT64_C(60000000000));
	zloop_add(reader.loop, &reader.io, pair[0], EPOLLIN);
	zloop_set_busy_poll(reader.loop, INT64_C(3600000000000));
	g_assert_cmpint(read_all(&reader, pair[1], 200), ==, 3);
	g_assert_cmpint(read_all(&reader, pair[1], 200), ==, 0);

	/* A loop that sleeps is told, */
	zloop_set_busy_poll(reader.loop, 0);
	g_assert_cmpint(read_all(&reader, pair[1], 1), ==, 1);
	/* and so is one that waits for something else, */
	zloop_set_busy_poll(reader.loop, INT64_C(3600000000000));
	read_all(&reader, pair[1], 200);
	zloop_modify(reader.loop, &reader.io, EPOLLIN | EPOLLOUT);
	zloop_run(reader.loop);
	g_assert_cmpuint(reader.events, ==, EPOLLOUT);
	zloop_modify(reader.loop, &reader.io, EPOLLIN);
	/* or whose looks do not show all. */
	read_all(&reader, pair[1], 200);
	reader.in_vain = true;
	g_assert_cmpint(read_all(&reader, pair[1], 3), ==, 3);

	zloop_remove(reader.loop, &reader.io);
	zloop_timer_cancel(reader.loop, &reader.guard);
	zloop_free(reader.loop);
	close(pair[0]);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/loop/timers", test_timers);
	g_test_add_func("/loop/work", test_work);
	g_test_add_func("/loop/remove-within-a-pass", test_remove_within_a_pass);
	g_test_add_func("/loop/look", test_look);
	g_test_add_func("/loop/out-of-epoll", test_out_of_epoll);
	g_test_add_func("/loop/posts", test_posts);
	g_test_add_func("/loop/signal", test_signal);
	g_test_add_func("/loop/clock", test_clock);
	return g_test_run();
}
