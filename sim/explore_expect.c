/* SPDX-License-Identifier: MIT */
#include "sim/explore_script_impl.h"

/* The last lines of a script that was written: a right node meets them, this one does not. */

#define WITHIN	     INT64_C(3000) /* ms */
#define NS_PER_MS    INT64_C(1000000)
#define MAX_ATTEMPTS 9u

static void write_line(struct zx_writing *w, const char *what, unsigned node, const char *event,
		       unsigned other)
{
	g_string_append_printf(w->text, "%s%s %s %s", what, zx_writing_name(w, node), event,
			       zx_writing_name(w, other));
}

static void write_cookie(struct zx_writing *w, uint64_t cookie)
{
	g_string_append_printf(w->text, " cookie=%" G_GUINT64_FORMAT, cookie);
}

/* Whoever calls does not accept. */
static void expect_initiator(struct zx_writing *w)
{
	write_line(w, "never ", w->blame.node, "up", w->blame.other);
	g_string_append_printf(w->text, " ctype=%s initiator=peer\n",
			       zcl_ctype_name(w->blame.event.ctype));
}

/* The receiver has it before this happens at all. */
static void expect_received_first(struct zx_writing *w, unsigned receiver, unsigned sender)
{
	const uint64_t cookie = w->blame.event.cookie;

	write_line(w, "order ", receiver, "received", sender);
	write_cookie(w, cookie);
	write_line(w, " before ", w->blame.node, zcl_event_name(w->blame.event.kind),
		   w->blame.other);
	write_cookie(w, cookie);
	g_string_append_c(w->text, '\n');
}

/* Each request has the next one. */
static void expect_cookies(struct zx_writing *w)
{
	write_line(w, "expect ", w->blame.node, "cookie", w->blame.other);
	write_cookie(w, w->blame.event.cookie);
	g_string_append_c(w->text, '\n');
	write_line(w, "never ", w->blame.node, "cookie", w->blame.other);
	write_cookie(w, w->blame.event.cookie);
	g_string_append(w->text, " count=2\n");
}

static void expect_no_failure(struct zx_writing *w)
{
	/* A message says it by itself: one that fails fails the script. */
	if (w->blame.event.kind == ZCL_EV_LAST)
		return;
	write_line(w, "never ", w->blame.node, "failed", w->blame.other);
	g_string_append_c(w->text, '\n');
}

static void expect_by_property(struct zx_writing *w)
{
	switch (w->violation->property) {
	case ZX_INITIATOR:
		expect_initiator(w);
		break;
	case ZX_ONE_INCARNATION:
		write_line(w, "expect ", w->blame.node, "down", w->blame.other);
		g_string_append(w->text, " error=stale\n");
		break;
	case ZX_EARLY_RELEASE:
		expect_received_first(w, w->blame.other, w->blame.node);
		break;
	case ZX_EARLY_ACK:
		expect_received_first(w, w->blame.node, w->blame.other);
		break;
	case ZX_COOKIE_ONCE:
		expect_cookies(w);
		break;
	case ZX_NEEDLESS_FAILURE:
		expect_no_failure(w);
		break;
	case ZX_BOUNDED_RETRIES:
		write_line(w, "never ", w->blame.node, "connect", w->blame.other);
		g_string_append_printf(w->text, " count=%u\n", MAX_ATTEMPTS);
		break;
	case ZX_PROTOCOL_ERROR:
		g_string_append_printf(w->text, "never %s protocol-error\n",
				       zx_writing_name(w, w->blame.node));
		break;
	case ZX_ONE_CONN: /* these the last line says; an assertion needs no line */
	case ZX_ENDS_ONCE:
	case ZX_DELIVERED_ONCE:
	case ZX_LEFT_CONNECTING:
	case ZX_ASSERT:
	case ZX_PROPERTIES:
		break;
	}
}

/* What is up at the end, where that is certain. */
static void expect_end(struct zx_writing *w)
{
	const struct zrace_peer *peers = w->model->script->peers;
	bool alike = !w->disturbed;

	for (size_t i = 1; i < w->model->npeers; i++)
		alike &= peers[i].typed == peers[0].typed;
	if (alike)
		g_string_append_printf(w->text, "finally within %" G_GINT64_FORMAT "ms: conns=%u\n",
				       WITHIN + w->delays / NS_PER_MS, peers[0].typed ? 3 : 1);
}

void zx_script_expect(struct zx_writing *w)
{
	expect_by_property(w);
	expect_end(w);
}
