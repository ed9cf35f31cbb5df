/* SPDX-License-Identifier: MIT */
/*
 * Two peers in one process: the left one puts a text into a buffer of the right one.
 *
 *   cc hello.c $(pkg-config --cflags --libs zclnd) -o hello && ./hello
 */
#include <stdio.h>
#include <string.h>
#include <zclnd.h>

#define PORTAL 40
#define BITS   7

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	return 1;
}

/* An NI at this address, any port; its events go to eq. */
static struct zclnd_ni *open_ni(struct zclnd *z, const char *name, struct zclnd_eq *eq,
				struct zclnd_error *error)
{
	struct zclnd_ni_options options;
	zclnd_nid nid = 0;

	zclnd_nid_parse(name, &nid);
	zclnd_ni_options_init(&options, nid);
	options.listen.sin_port = 0;
	options.accept = ZCLND_ACCEPT_ALL; /* callers here have no reserved ports */
	options.eq = eq;
	return zclnd_ni_new(z, &options, error);
}

/* Takes events until the PUT has landed and is acknowledged. */
static int wait_for_all(struct zclnd_eq *eq)
{
	struct zclnd_event event;

	for (int left = 2; left > 0;) {
		if (!zclnd_eq_wait(eq, &event, 10000000000))
			return fail("waiting", "nothing happened for 10 s");
		if (event.status != ZCLND_OK)
			return fail("event", zclnd_strerror(event.status));
		if (event.kind == ZCLND_EV_PUT)
			printf("%zu bytes landed: %s\n", event.mlength, (const char *)event.user);
		left -= event.final || event.kind == ZCLND_EV_PUT;
	}
	return 0;
}

int main(void)
{
	static char text[] = "hello", landed[64];
	struct iovec from = {text, sizeof(text)}, to = {landed, sizeof(landed)};
	struct zclnd_error error = {ZCLND_OK, ""};
	struct zclnd *z = zclnd_new(NULL, &error);
	struct zclnd_eq *eq = zclnd_eq_new(64);
	struct zclnd_ni *left, *right;
	struct sockaddr_in addr;
	int status = 1;

	left = z && eq ? open_ni(z, "127.40.1.1@tcp", eq, &error) : NULL;
	right = left ? open_ni(z, "127.40.1.2@tcp", eq, &error) : NULL;
	if (right && zclnd_start(z, &error) == ZCLND_OK) {
		const struct zclnd_attach attach = {
			.portal = PORTAL,
			.match_bits = BITS,
			.peer = ZCLND_NID_ANY,
			.options = ZCLND_MD_PUT,
			.iov = &to,
			.niov = 1,
			.user = landed,
		};
		const struct zclnd_put put = {
			.target = zclnd_ni_nid(right),
			.portal = PORTAL,
			.match_bits = BITS,
			.iov = &from,
			.niov = 1,
			.want_ack = true,
		};

		addr = zclnd_ni_address(right);
		zclnd_peer_set(left, zclnd_ni_nid(right), &addr);
		if (zclnd_attach(right, &attach, NULL) == ZCLND_OK &&
		    zclnd_put(left, &put) == ZCLND_OK)
			status = wait_for_all(eq);
	} else {
		status = fail("zclnd", error.text);
	}
	zclnd_free(z);
	zclnd_eq_free(eq);
	return status;
}
