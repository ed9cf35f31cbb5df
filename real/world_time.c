/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/world_impl.h"

/* How long it must be quiet here until all is at rest: looks, and real ns between them. */
#define REST_LOOKS    3
#define REST_INTERVAL (INT64_C(200) * 1000)

struct appointment {
	struct real_world *world;
	struct zloop_timer timer;
	int64_t when;
	void (*fn)(void *data);
	void *data;
};

int64_t zreal_world_now(const struct zworld *base)
{
	return zclock_now(&zreal_world_of(base)->clock);
}

static void keep_appointment(void *data)
{
	struct appointment *appointment = data;

	appointment->fn(appointment->data);
}

static void make_appointment(struct appointment *appointment)
{
	const int64_t due = zclock_real(&appointment->world->clock, appointment->when);

	if (due != INT64_MAX)
		zloop_timer_set(appointment->world->loop, &appointment->timer, due);
}

void zreal_world_at(struct zworld *base, int64_t when, void (*fn)(void *data), void *data)
{
	struct appointment *appointment = g_new0(struct appointment, 1);

	appointment->world = zreal_world_of(base);
	appointment->timer = (struct zloop_timer){.fn = keep_appointment, .data = appointment};
	appointment->when = when;
	appointment->fn = fn;
	appointment->data = data;
	g_ptr_array_add(zreal_world_of(base)->appointments, appointment);
	make_appointment(appointment);
}

static void start_clock(struct real_world *world)
{
	world->clock.start = zloop_now();
	for (guint i = 0; i < world->appointments->len; i++)
		make_appointment(world->appointments->pdata[i]);
	for (guint i = 0; i < world->peers->len; i++)
		zreal_world_kick(&world->base, world->peers->pdata[i]);
}

static void time_is_up(void *data)
{
	struct real_world *world = data;

	zloop_stop(world->loop);
}

bool zreal_world_run(struct zworld *base, int64_t until)
{
	struct real_world *world = zreal_world_of(base);
	struct zloop_timer end = {.fn = time_is_up, .data = world};

	if (world->clock.start == ZCLOCK_NOT_STARTED)
		start_clock(world);
	world->stopped = false;
	if (until != INT64_MAX)
		zloop_timer_set(world->loop, &end, zclock_real(&world->clock, until));
	zloop_run(world->loop);
	zloop_timer_cancel(world->loop, &end);
	return world->stopped;
}

void zreal_world_stop(struct zworld *base)
{
	zreal_world_of(base)->stopped = true;
	zloop_stop(zreal_world_of(base)->loop);
}

/* ---- rest --------------------------------------------------------------------------- */

static bool is_at_rest(const struct real_world *world)
{
	return g_queue_is_empty((GQueue *)&world->news) && zloop_is_idle(world->loop) &&
	       zreal_world_ways_are_at_rest(world);
}

static void look_for_rest(void *data)
{
	struct real_world *world = data;
	void (*fn)(void *data) = world->rest;

	world->rested = is_at_rest(world) ? world->rested + 1 : 0;
	if (world->rested < REST_LOOKS) {
		zloop_timer_set(world->loop, &world->rest_timer, zloop_now() + REST_INTERVAL);
		return;
	}
	world->rest = NULL;
	fn(world->rest_data);
}

void zreal_world_rest(struct zworld *base, void (*fn)(void *data), void *data)
{
	struct real_world *world = zreal_world_of(base);

	g_assert(world->rest == NULL);
	world->rest = fn;
	world->rest_data = data;
	world->rested = 0;
	zloop_timer_set(world->loop, &world->rest_timer, zloop_now() + REST_INTERVAL);
}

void zreal_world_init_time(struct real_world *world, double scale)
{
	world->clock.start = ZCLOCK_NOT_STARTED;
	world->clock.scale = scale > 0 ? scale : 1.0;
	world->appointments = g_ptr_array_new_with_free_func(g_free);
	world->rest_timer = (struct zloop_timer){.fn = look_for_rest, .data = world};
}

void zreal_world_cancel_time(struct real_world *world)
{
	for (guint i = 0; i < world->appointments->len; i++) {
		struct appointment *appointment = world->appointments->pdata[i];

		zloop_timer_cancel(world->loop, &appointment->timer);
	}
	g_ptr_array_set_size(world->appointments, 0);
	zloop_timer_cancel(world->loop, &world->rest_timer);
}
