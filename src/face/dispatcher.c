#include "face/dispatcher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "face/receiver.h"
#include "face/tally.h"
#include "store/deliveries.h"

#define PULSE_MS 15000		/* well within RECEIVER_PULSE_S */
#define WAIT_MS 1000
#define WAIT_MAX_MS 60000

/* One thing to look at. */
struct look {
	enum hook_from from;
	struct hook_event event;
	char *key;
	bool done;
};

struct batch {
	VEC_FIELDS(struct look);
};

struct dispatcher {
	const struct dispatcher_opts *o;
	struct clock clock;
	struct delivery_reader *reader;
	uint64_t taken, looked, failed, damaged, sweeps;
	int64_t swept;		/* ms; 0: never */
	int64_t swept_at;	/* unix seconds of the last that went well */
	bool stop;
};

static void
batch_free(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		hook_event_free(&b->v[i].event);
		free(b->v[i].key);
	}
	vec_free(b);
}

/* What makes two hints the same: where they say to look; our pull requests are looked at together. */
static char *
key_of(enum hook_from from, const struct hook_event *e)
{
	if (hook_about_pulls(e))
		return mem_printf("%d pulls %s", (int)from, e->project);
	return mem_printf("%d %d %s %" PRId64 " %s", (int)from, (int)e->what, e->project, e->issue,
	    e->command[0] != '\0' ? e->comment : "");
}

static void
trouble(struct dispatcher *d, const char *what, struct err *e)
{
	d->failed++;
	d->o->on_trouble(d->o->arg, what, e);
	err_ignore(e);
}

/* The newest of its kind stands for all. */
static void
add_look(struct batch *b, struct map *places, enum hook_from from, struct hook_event *e)
{
	AUTO(mem_free_p) char *key = key_of(from, e);
	uintptr_t at = (uintptr_t)map_get(places, key);

	if (at != 0) {
		hook_event_free(&b->v[at - 1].event);
		b->v[at - 1].event = *e;
		return;
	}
	vec_push(b, (struct look){.from = from, .event = *e, .key = mem_strdup(key)});
	map_set(places, key, (void *)(uintptr_t)b->n);
}

static void
take(struct dispatcher *d, struct batch *b, struct map *places, const struct delivery *in)
{
	AUTO(mem_free_p) char *name = str_dup(in->name);
	struct hook_event e = {0};
	struct err *bad;

	d->taken++;
	if (in->from > HOOK_LINEAR)
		return;
	bad = webhook_parse((enum hook_from)in->from, name, in->body, &e);
	if (bad != NULL)
		trouble(d, "a delivery cannot be read", bad);
	else if (e.what == HOOK_IGNORED || e.what == HOOK_PING)
		hook_event_free(&e);
	else
		add_look(b, places, (enum hook_from)in->from, &e);
}

static void
places_free(struct map *m)
{
	map_free(m, NULL);
}

static struct err *
take_batch(struct dispatcher *d, struct batch *b, size_t *n)
{
	AUTO(places_free) struct map places = {0};
	struct delivery in;
	bool got = true, skipped;

	for (*n = 0; *n < DISPATCH_BATCH; ++*n) {
		TRY(delivery_next(d->reader, &in, &got, &skipped));
		if (!got)
			return NULL;
		d->damaged += skipped;
		take(d, b, &places, &in);
	}
	return NULL;
}

/* May the same succeed a little later? */
static bool
is_passing(const struct err *e)
{
	switch (err_row(err_code(e))->retry) {
	case RETRY_NOW:
	case RETRY_WAIT:
	case RETRY_BACKOFF:
		return !err_is(e, ERR_INTERRUPTED);
	default:
		return false;
	}
}

/* That this process lives, and its numbers. */
static void
give_pulse(struct dispatcher *d)
{
	AUTO(mem_free_p) char *path = path_join(d->o->dir, RECEIVER_PULSE);
	AUTO(buf_free) struct buf text = BUF_INIT(16 * KIB);

	buf_addf(&text, RECEIVER_PULSE_HEAD "%" PRId64 "\n", clock_mono(&d->clock));
	tally_line(&text, "deliveries_taken_total", "counter", "Deliveries that were taken from the disk.", (double)d->taken);
	tally_line(&text, "looks_total", "counter", "Issues, pull requests and pushes that were looked at.", (double)d->looked);
	tally_line(&text, "troubles_total", "counter", "What could not be looked at, or not be read.", (double)d->failed);
	tally_line(&text, "deliveries_damaged_total", "counter", "Places where stored deliveries were damaged.",
	    (double)d->damaged);
	tally_line(&text, "sweeps_total", "counter", "Looks at everything.", (double)d->sweeps);
	tally_line(&text, "last_sweep_seconds", "gauge", "When the last of them went well, in unix seconds.",
	    (double)d->swept_at);
	err_ignore(file_replace(AT_FDCWD, path, buf_str(&text), 0600, false));
}

/* Until the bell rings, the time is over, or it is to stop. */
static void
rest(struct dispatcher *d, int64_t ms)
{
	struct pollfd fds[2] = {{.fd = d->o->stop_fd, .events = POLLIN}, {.fd = d->o->bell_fd, .events = POLLIN}};
	int64_t end = clock_mono(&d->clock) + ms, left;
	char drop[512];

	while (!d->stop && (left = end - clock_mono(&d->clock)) > 0) {
		give_pulse(d);
		if (poll(fds, 2, (int)(left < PULSE_MS ? left : PULSE_MS)) <= 0)
			continue;
		d->stop = fds[0].revents != 0;
		if (fds[1].revents == 0)
			continue;
		/* Closed: the other side is being started again. */
		if (read(d->o->bell_fd, drop, sizeof(drop)) > 0)
			return;
		fds[1].fd = -1;
	}
}

/* Like rest(), but nothing new shortens it. */
static void
pause_for(struct dispatcher *d, int64_t ms)
{
	struct dispatcher_opts deaf = *d->o;
	const struct dispatcher_opts *o = d->o;

	deaf.bell_fd = -1;
	d->o = &deaf;
	rest(d, ms);
	d->o = o;
}

/* *left: how many are to be tried again. */
static void
look_at_all(struct dispatcher *d, struct batch *b, bool last, size_t *left)
{
	struct err *e;
	size_t i;

	*left = 0;
	for (i = 0; i < b->n && !d->stop; i++) {
		struct look *l = &b->v[i];

		if (l->done)
			continue;
		e = d->o->on_event(d->o->arg, l->from, &l->event);
		l->done = e == NULL || last || !is_passing(e);
		d->looked += e == NULL;
		*left += !l->done;
		if (e != NULL && l->done)
			trouble(d, hook_what_name(l->event.what), e);
		else
			err_ignore(e);
		give_pulse(d);
	}
}

static struct err *
deal(struct dispatcher *d, size_t *n)
{
	AUTO(batch_free) struct batch b = {0};
	int64_t wait = WAIT_MS;
	size_t left;
	int try;

	TRY(take_batch(d, &b, n));
	for (try = 1; *n > 0 && !d->stop; try++) {
		look_at_all(d, &b, try == DISPATCH_TRIES, &left);
		if (left == 0)
			break;
		pause_for(d, wait);
		wait = wait * 2 > WAIT_MAX_MS ? WAIT_MAX_MS : wait * 2;
	}
	/* Stopped in the middle: the next start begins it again. */
	return *n == 0 || d->stop ? NULL : delivery_settle(d->reader);
}

static void
sweep(struct dispatcher *d)
{
	struct err *e = d->o->on_sweep(d->o->arg);

	d->swept = clock_mono(&d->clock);
	d->sweeps++;
	if (e == NULL)
		d->swept_at = clock_wall(&d->clock);
	else
		trouble(d, "the sweep", e);
}

static bool
is_told_to_stop(const struct dispatcher *d)
{
	struct pollfd fd = {.fd = d->o->stop_fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

static struct err *
run(struct dispatcher *d)
{
	int64_t left;
	size_t n;

	while (!d->stop) {
		give_pulse(d);
		left = d->swept == 0 ? 0 : d->swept + d->o->sweep_ms - clock_mono(&d->clock);
		if (left <= 0)
			sweep(d);
		TRY(deal(d, &n));
		d->stop = d->stop || is_told_to_stop(d);
		if (n == 0 && left > 0)
			rest(d, left);
	}
	give_pulse(d);
	return NULL;
}

struct err *
dispatcher_run(const struct dispatcher_opts *o)
{
	struct dispatcher d = {.o = o, .clock = clock_system()};
	struct err *e;

	TRY(delivery_reader_open(o->dir, &d.reader));
	e = run(&d);
	delivery_reader_close(d.reader);
	return e;
}
