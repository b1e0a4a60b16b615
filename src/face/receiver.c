#include "face/receiver.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "face/tally.h"
#include "forge/webhook.h"
#include "store/deliveries.h"
#include "sys/confine.h"
#include "wire/crypto.h"
#include "wire/server.h"

#define HELD_MAX (128 * MIB)
#define ARRIVE_MS 20000
#define GOODBYE_MS 2000
#define COMMIT_BYTES (32 * MIB)	/* more are not kept waiting for each other */

/* A delivery that is answered once it is on the disk. */
struct waiter {
	struct server_call *call;
	int64_t began;		/* ns */
	enum hook_from from;
	bool fresh;
};

struct receiver {
	const struct receiver_opts *o;
	struct clock clock;
	struct server *server;
	struct deliveries *store;
	VEC(struct waiter) waiters;
	struct tally_of_server tally;
	double tokens;		/* of the rate */
	int64_t filled;		/* ms */
	int64_t began;		/* ms */
	bool failing;		/* the last commit did */
};

#define NOBODY ((size_t)HOOK_LINEAR + 1)	/* a request that names no forge */

static const char *
sender(size_t i)
{
	return i <= HOOK_LINEAR ? hook_from_name((enum hook_from)i) : i == NOBODY ? "unknown" : NULL;
}

/* ---- a delivery ---- */

static const char *
header(void *arg, const char *name)
{
	return call_header(arg, name);
}

static bool
may_come(struct receiver *r)
{
	int64_t now = clock_mono(&r->clock);

	r->tokens += (double)(now - r->filled) * (double)r->o->rate / 1000;
	if (r->tokens > (double)r->o->rate)
		r->tokens = (double)r->o->rate;
	r->filled = now;
	if (r->tokens < 1)
		return false;
	r->tokens--;
	return true;
}

static struct err *
digest(const char *kind, enum hook_from from, const char *event, struct str text, unsigned char out[DELIVERY_KEY])
{
	AUTO(buf_free) struct buf b = BUF_INIT(HOOK_BODY_MAX + KIB);
	uint8_t sum[CRYPTO_SHA256];

	buf_addf(&b, "%s %d %s\n", kind, (int)from, event);
	buf_addstr(&b, text);
	TRY(buf_check(&b, "a delivery"));
	TRY(crypto_sha256(buf_str(&b), sum));
	memcpy(out, sum, DELIVERY_KEY);
	return NULL;
}

static struct err *
store(struct receiver *r, const struct hook_delivery *h, struct str body, bool *fresh)
{
	struct delivery d = {.when = clock_wall(&r->clock), .from = h->from, .name = str_of(h->event), .body = body};

	TRY(digest("id", h->from, "", str_of(h->id), d.key[0]));
	TRY(digest("body", h->from, h->event, body, d.key[1]));
	return deliveries_add(r->store, &d, fresh);
}

static void
count(struct receiver *r, size_t sender_no, enum tally_result result)
{
	r->tally.results[sender_no][result]++;
}

/* What is answered without being stored; whom it claims to be from is all that is known of it. */
static void
turn_away(struct receiver *r, struct server_call *c, const struct err *e)
{
	bool forged = err_is(e, ERR_AUTH), malformed = err_is(e, ERR_SYNTAX);
	enum hook_from from;

	count(r, webhook_claims(header, c, &from) ? from : NOBODY, forged ? TALLY_FORGED : malformed ? TALLY_MALFORMED : TALLY_FAILED);
	if (forged)
		server_answer(c, 401, NULL, STR("the signature is not of a key that is known here\n"), 0);
	else if (malformed)
		server_answer(c, 400, NULL, STR("this is not a delivery of a known forge\n"), 0);
	else
		server_answer(c, 503, NULL, STR("it cannot be stored now\n"), 10);
}

static void
on_delivery(struct receiver *r, struct server_call *c)
{
	AUTO(hook_delivery_free) struct hook_delivery h = {0};
	struct waiter w = {.call = c, .began = clock_mono_ns()};
	struct err *e;

	e = webhook_check(r->o->keys, header, c, call_body(c), clock_wall(&r->clock), &h);
	if (e == NULL && !may_come(r)) {
		count(r, h.from, TALLY_BUSY);
		server_answer(c, 429, NULL, STR("too many at once\n"), 1);
		return;
	}
	if (e == NULL)
		e = store(r, &h, call_body(c), &w.fresh);
	if (e != NULL) {
		turn_away(r, c, e);
		err_free(e);
		return;
	}
	w.from = h.from;
	vec_push(&r->waiters, w);
}

static void
ring(const struct receiver *r)
{
	/* A full pipe has rung already. */
	if (r->o->bell_fd >= 0 && write(r->o->bell_fd, "!", 1) < 0)
		errno = 0;
}

/* To the disk, then to whom it came from. */
static void
commit(struct receiver *r)
{
	struct err *e = deliveries_commit(r->store);
	size_t i;

	r->failing = e != NULL;
	r->tally.commits++;
	for (i = 0; i < r->waiters.n; i++) {
		const struct waiter *w = &r->waiters.v[i];

		count(r, w->from, e != NULL ? TALLY_FAILED : w->fresh ? TALLY_ACCEPTED : TALLY_REPEATED);
		if (e != NULL)
			server_answer(w->call, 503, NULL, STR("it cannot be stored now\n"), 10);
		else
			server_answer(w->call, w->fresh ? 202 : 200, NULL, w->fresh ? STR("stored\n") : STR("known already\n"), 0);
		tally_answer(&r->tally, (clock_mono_ns() - w->began) / 1000);
	}
	vec_clear(&r->waiters);
	if (e == NULL)
		ring(r);
	err_ignore(e);
}

/* ---- what people and monitors ask ---- */

/* What the other process left: its time, then its own lines; nothing when there is none. */
static void
read_pulse(const struct receiver *r, struct buf *out)
{
	AUTO(mem_free_p) char *path = path_join(r->o->dir, RECEIVER_PULSE);

	err_ignore(file_read(AT_FDCWD, path, out));
}

/* Seconds since whoever deals with deliveries gave a sign; -1: not since the machine was started. */
static int64_t
pulse_age(const struct receiver *r)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);
	int64_t then, now = clock_mono(&r->clock);
	struct str rest, line;

	read_pulse(r, &text);
	rest = buf_str(&text);
	if (!str_line(&rest, &line) || !str_starts(line, RECEIVER_PULSE_HEAD) ||
	    !str_int(str_skip(line, strlen(RECEIVER_PULSE_HEAD)), 0, now, &then))
		return -1;
	return (now - then) / 1000;
}

static void
on_health(struct receiver *r, struct server_call *c)
{
	int64_t age = pulse_age(r);

	if (r->failing)
		server_answer(c, 503, NULL, STR("deliveries cannot be stored\n"), 10);
	else if (age > RECEIVER_PULSE_S || (age < 0 && clock_mono(&r->clock) - r->began > RECEIVER_PULSE_S * 1000))
		server_answer(c, 503, NULL, STR("nobody deals with deliveries\n"), 10);
	else
		server_answer(c, 200, NULL, STR("ok\n"), 0);
}

static void
on_metrics(struct receiver *r, struct server_call *c)
{
	AUTO(buf_free) struct buf text = BUF_INIT(MIB);
	uint64_t waiting = 0;

	tally_print(&r->tally, sender, &text);
	err_ignore(deliveries_waiting(r->store, &waiting));
	tally_line(&text, "deliveries_waiting", "gauge", "Stored, and not dealt with.", (double)waiting);
	tally_line(&text, "connections", "gauge", "Open connections.", server_connections(r->server));
	read_pulse(r, &text);
	server_answer(c, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&text), 0);
}

static bool
is_hook_path(const char *path)
{
	return strcmp(path, "/") == 0 || strncmp(path, "/hook", 5) == 0;
}

static void
on_request(void *arg, struct server_call *c)
{
	const char *path = call_path(c), *method = call_method(c);
	struct receiver *r = arg;
	bool get = strcmp(method, "GET") == 0;

	if (get && strcmp(path, "/healthz") == 0)
		on_health(r, c);
	else if (get && strcmp(path, "/metrics") == 0)
		on_metrics(r, c);
	else if (!is_hook_path(path))
		server_answer(c, 404, NULL, STR("there is nothing here\n"), 0);
	else if (strcmp(method, "POST") != 0)
		server_answer(c, 405, NULL, STR("deliveries are posted\n"), 0);
	else
		on_delivery(r, c);
	if (deliveries_pending(r->store) > COMMIT_BYTES)
		commit(r);
}

/* ---- the loop ---- */

static struct err *
serve_until(struct receiver *r, int stop_fd, int64_t deadline)
{
	struct pollfd fds[2] = {{.fd = server_fd(r->server), .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
	int64_t wait, left;

	for (;;) {
		wait = server_wait(r->server);
		if (deadline > 0) {
			left = deadline - clock_mono(&r->clock);
			if (left <= 0 || server_connections(r->server) == 0)
				return NULL;
			wait = wait < 0 || wait > left ? left : wait;
		}
		if (poll(fds, 2, (int)wait) < 0 && errno != EINTR)
			return err_sys("cannot wait for deliveries");
		if (fds[1].revents != 0)
			return NULL;
		TRY(server_run(r->server));
		if (r->waiters.n > 0)
			commit(r);
	}
}

struct err *
receiver_run(const struct receiver_opts *o)
{
	struct receiver r = {.o = o, .clock = clock_system(), .tokens = (double)o->rate};
	struct server_opts so = {.fd = o->fd, .max_body = o->max_body, .max_held = HELD_MAX, .connections = o->connections,
	    .per_address = o->per_address, .arrive_ms = ARRIVE_MS, .on_request = on_request, .arg = &r};
	uint8_t sum[CRYPTO_SHA256];
	bool whole;
	struct err *e;

	r.filled = r.began = clock_mono(&r.clock);
	r.tally.began = clock_wall(&r.clock);
	e = deliveries_open(o->dir, &r.store);
	if (e == NULL)
		e = server_open(&so, &r.server);
	if (e == NULL)
		e = crypto_sha256(STR(""), sum);	/* what is loaded at first use */
	if (e == NULL)
		e = confine(o->dir, &whole);
	if (e == NULL)
		e = serve_until(&r, o->stop_fd, 0);
	if (e == NULL) {
		server_quiesce(r.server);
		e = serve_until(&r, -1, clock_mono(&r.clock) + GOODBYE_MS);
	}
	server_free(r.server);
	deliveries_close(r.store);
	vec_free(&r.waiters);
	return e;
}
