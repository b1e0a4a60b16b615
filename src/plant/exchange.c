#include "base/err.h"
#include "plant/exchange.h"

#define SYNC_MS (10 * 60 * 1000)	/* for what talks to the remote */
#define MIRROR_MS (60 * 60 * 1000)	/* and to the forge: it waits for limits, and for gates */
#define APART_MS 200			/* ends that come together are told together */

void
exchange_init(struct exchange *x, const struct exchange_opts *o, int64_t now)
{
	*x = (struct exchange){.o = o, .synced = o->sync == NULL, .unshared = ERR_CODES,
	    .sync = {.at = now - o->interval_ms, .most_ms = SYNC_MS, .said = ERR_CODES},
	    .mirror = {.most_ms = MIRROR_MS, .said = ERR_CODES}};
}

/*
 * After an error of the disk a later success proves nothing: what the disk
 * lost then is not written again.
 */
static void
note(struct exchange *x)
{
	if (x->unshared != ERR_IO)
		x->unshared = x->sync.said != ERR_CODES ? x->sync.said : x->mirror.said;
}

void
exchange_stop(struct exchange *x)
{
	errand_stop(&x->sync);
	errand_stop(&x->mirror);
	note(x);
}

void
exchange_moved(struct exchange *x)
{
	x->view = VIEW_STALE;
}

void
exchange_ended(struct exchange *x)
{
	exchange_moved(x);
	x->due = x->o->sync != NULL;
}

bool
exchange_is_fresh(struct exchange *x)
{
	if (x->o->sync == NULL || x->view == VIEW_FRESH)
		return true;
	x->due = x->due || x->view == VIEW_STALE;
	x->awaited = true;
	return false;
}

static bool
is_over(struct exchange *x, struct errand *a, int64_t now)
{
	if (!errand_ended(a, now))
		return false;
	note(x);
	return true;
}

static void
begin(struct exchange *x, struct errand *a, const char *const *argv, int64_t now)
{
	errand_start(a, argv, now);
	note(x);
}

/* Who cannot reach the remote does not wait for it for ever. */
static void
synced(struct exchange *x, struct exchange_news *out)
{
	x->synced = true;
	if (x->view != VIEW_LOOKING)
		return;
	x->view = VIEW_FRESH;
	out->fresh = x->awaited;
	x->awaited = false;
}

static int64_t
with_remote(struct exchange *x, int64_t now, bool last, struct exchange_news *out)
{
	int64_t left;

	if (is_over(x, &x->sync, now)) {
		out->any = true;
		x->mirror_due = x->o->mirror != NULL && (x->mirror_due || x->sync.said == ERR_CODES);
		synced(x, out);
	}
	if (x->sync.proc != NULL)
		return errand_wait(&x->sync, now);
	left = x->sync.at + (x->due ? APART_MS : x->o->interval_ms) - now;
	if (left > 0)
		return left;
	x->view = VIEW_LOOKING;
	begin(x, &x->sync, last || !x->due ? x->o->sync : x->o->publish, now);
	x->due = false;
	if (x->sync.proc == NULL)
		synced(x, out);
	return APART_MS;
}

/* The forge's limits may have it take its time, which keeps no exchange back. */
static int64_t
with_forge(struct exchange *x, int64_t now, struct exchange_news *out)
{
	out->any |= is_over(x, &x->mirror, now);
	if (x->mirror.proc == NULL && x->mirror_due) {
		x->mirror_due = false;
		begin(x, &x->mirror, x->o->mirror, now);
	}
	return errand_wait(&x->mirror, now);
}

int64_t
exchange_turn(struct exchange *x, int64_t now, bool last, struct exchange_news *out)
{
	int64_t a, b;

	*out = (struct exchange_news){0};
	if (x->o->sync == NULL)
		return -1;
	a = with_remote(x, now, last, out);
	b = with_forge(x, now, out);
	return b >= 0 && b < a ? b : a;
}

bool
exchange_busy(const struct exchange *x)
{
	return x->sync.proc != NULL || x->mirror.proc != NULL || x->mirror_due || x->due;
}
