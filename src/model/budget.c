#include "model/budget.h"

#include "base/buf.h"
#include "base/err.h"
#include "wire/json.h"
#include "wire/node.h"

static int64_t
add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t
use_tokens(const struct use *u)
{
	return add(add(u->in, u->out), add(u->cache_read, u->cache_write));
}

void
use_add(struct use *to, const struct use *what)
{
	to->turns = add(to->turns, what->turns);
	to->in = add(to->in, what->in);
	to->out = add(to->out, what->out);
	to->cache_read = add(to->cache_read, what->cache_read);
	to->cache_write = add(to->cache_write, what->cache_write);
	to->micro = add(to->micro, what->micro);
	to->guessed = add(to->guessed, what->guessed);
}

int64_t
price_of(const struct price *p, const struct use *u)
{
	__int128 sum = (__int128)p->in * u->in + (__int128)p->out * u->out +
	    (__int128)p->cache_read * u->cache_read +
	    (__int128)p->cache_write * u->cache_write;

	sum = (sum + 999999) / 1000000;
	return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

static struct err *
fits(const char *what, const char *key, int64_t used, int64_t more, int64_t cap)
{
	if (add(used, more) <= cap && more >= 0)
		return NULL;
	return err_hint(err_new(ERR_BUDGET,
	    "the run's cap on %s is reached: %lld used, up to %lld more asked, %lld allowed",
	    what, (long long)used, (long long)more, (long long)cap),
	    "raise 'limits.%s' in .factory/config.yml, or make the task smaller", key);
}

struct err *
budget_charge(struct budget *b, const struct use *worst)
{
	TRY(fits("model calls", "turns", b->used.turns, worst->turns, b->caps.turns));
	TRY(fits("tokens", "tokens", use_tokens(&b->used), use_tokens(worst), b->caps.tokens));
	TRY(fits("money (in micro-dollars)", "money", b->used.micro, worst->micro, b->caps.micro));
	use_add(&b->used, worst);
	return NULL;
}

void
budget_settle(struct budget *b, const struct use *worst, const struct use *real)
{
	b->used.turns -= worst->turns;
	b->used.in -= worst->in;
	b->used.out -= worst->out;
	b->used.cache_read -= worst->cache_read;
	b->used.cache_write -= worst->cache_write;
	b->used.micro -= worst->micro;
	b->used.guessed -= worst->guessed;
	use_add(&b->used, real);
}

static int64_t
left(int64_t cap, int64_t used)
{
	if (cap == INT64_MAX)
		return cap;
	return used < cap ? cap - used : 0;
}

struct caps
budget_left(const struct budget *b)
{
	return (struct caps){
		.turns = left(b->caps.turns, b->used.turns),
		.tokens = left(b->caps.tokens, use_tokens(&b->used)),
		.micro = left(b->caps.micro, b->used.micro),
	};
}

void
use_cost(const struct use *u, struct buf *out)
{
	if (u->guessed > 0)
		buf_adds(out, "about ");
	money_text(u->micro, out);
}

void
money_text(int64_t micro, struct buf *out)
{
	/* Rounded up: what costs something never shows as nothing. */
	int64_t hundredths = micro / 100 + (micro % 100 > 0);

	if (micro < 1000000)
		buf_addf(out, "$%lld.%04lld", (long long)(hundredths / 10000),
		    (long long)(hundredths % 10000));
	else
		buf_addf(out, "$%lld.%02lld", (long long)(micro / 1000000),
		    (long long)(micro % 1000000 / 10000));
}

void
use_write(struct jw *w, const struct use *u)
{
	jw_obj(w);
	jw_kint(w, "turns", u->turns);
	jw_kint(w, "in", u->in);
	jw_kint(w, "out", u->out);
	jw_kint(w, "cache_read", u->cache_read);
	jw_kint(w, "cache_write", u->cache_write);
	jw_kint(w, "cost_micro", u->micro);
	if (u->guessed > 0)
		jw_kint(w, "guessed", u->guessed);
	jw_end(w);
}

struct err *
use_read(const char *file, const struct node *n, struct use *out)
{
	struct use u;

	if (n == NULL || n->kind != NODE_MAP)
		return err_new(ERR_SYNTAX, "%s: the usage must be an object", file);
	u.turns = node_get_int(n, "turns", 0);
	u.in = node_get_int(n, "in", 0);
	u.out = node_get_int(n, "out", 0);
	u.cache_read = node_get_int(n, "cache_read", 0);
	u.cache_write = node_get_int(n, "cache_write", 0);
	u.micro = node_get_int(n, "cost_micro", 0);
	u.guessed = node_get_int(n, "guessed", 0);
	if (u.turns < 0 || u.in < 0 || u.out < 0 || u.cache_read < 0 ||
	    u.cache_write < 0 || u.micro < 0 || u.guessed < 0)
		return node_err(n, "usage below zero");
	*out = u;
	return NULL;
}
