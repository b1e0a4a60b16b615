#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "llm/llm.h"
#include "llm/price.h"
#include "llm/provider.h"
#include "llm/transcript.h"
#include "wire/http.h"

#define MAX_TOKENS 8192
#define ATTEMPTS 5
#define WAIT_MAX_S 120
#define BACKOFF_MS 500
#define BACKOFF_MAX_MS 30000
#define TICK_MS 50
#define MOST_TOKENS 1000000000	/* of one request; more is a lie */
#define BYTES_PER_TOKEN 2	/* fewer than any prompt has on average, so that sums err upward */

/* The registry: a row for each provider, and its name once more for messages. */
static const struct llm_provider *const registry[] = {&llm_anthropic, &llm_openai, &llm_recorded};
static const char *const names[] = {"anthropic", "openai", "recorded", NULL};

const char *const *
llm_providers(void)
{
	return names;
}

/* ---- opening ---- */

static struct err *
find_provider(const char *name, const struct llm_provider **out)
{
	size_t i;

	for (i = 0; i < NITEMS(registry); i++)
		if (name != NULL && strcmp(registry[i]->name, name) == 0) {
			*out = registry[i];
			return NULL;
		}
	return err_hint(err_new(ERR_CONFIG, "unknown provider '%s'", name == NULL ? "" : name),
	    "use anthropic, openai or recorded");
}

static struct err *
set_url(struct llm *l, const char *url)
{
	size_t n;

	if (url == NULL)
		url = l->provider->base_url;
	TRY(http_url_check(url, &l->loopback));
	n = strlen(url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	l->base_url = mem_strndup(url, n);
	return NULL;
}

static struct err *
set_price(struct llm *l)
{
	bool found = false;

	if (l->cfg.price != NULL) {
		l->price = price_whole(*l->cfg.price);
		return NULL;
	}
	TRY(price_find(l->cfg.prices_path, l->provider->name, l->model, &l->price, &found));
	l->price = price_whole(l->price);
	if (found || l->loopback)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "the model '%s' has no price", l->model),
	    "add 'price: {in: …, out: …}' (dollars per million tokens) to the model's entry");
}

static struct err *
set_up(struct llm *l, const struct llm_config *cfg)
{
	TRY(find_provider(cfg->provider, &l->provider));
	if (l->provider->base_url == NULL) {
		if (cfg->transcript == NULL)
			return err_new(ERR_CONFIG, "the provider 'recorded' needs a recording");
		return transcript_open(cfg->transcript, false, &l->script);
	}
	if (l->model == NULL || *l->model == '\0')
		return err_new(ERR_CONFIG, "the provider '%s' needs the name of a model", cfg->provider);
	l->link = http_link_new();
	TRY(set_url(l, cfg->base_url));
	TRY(set_price(l));
	return cfg->transcript == NULL ? NULL : transcript_open(cfg->transcript, true, &l->script);
}

struct err *
llm_open(const struct llm_config *cfg, struct llm **out)
{
	struct llm *l = mem_alloc(sizeof(*l));
	struct err *e;

	l->cfg = *cfg;
	l->clock = cfg->clock != NULL ? *cfg->clock : clock_system();
	l->model = mem_strdup(cfg->model);
	l->cfg.model = l->model;
	l->api_key = mem_strdup(cfg->api_key);
	l->cfg.api_key = NULL;
	l->cfg.transcript = mem_strdup(cfg->transcript);
	e = set_up(l, cfg);
	l->cfg.price = NULL;
	l->cfg.base_url = l->cfg.prices_path = l->cfg.provider = NULL;
	if (e != NULL) {
		llm_close(l);
		return e;
	}
	*out = l;
	return NULL;
}

struct err *
llm_prepare(const struct llm *l)
{
	return l->provider->base_url == NULL ? NULL : http_prepare();
}

void
llm_close(struct llm *l)
{
	if (l == NULL)
		return;
	if (l->api_key != NULL)
		mem_wipe(l->api_key, strlen(l->api_key));
	free(l->api_key);
	free(l->model);
	free(l->base_url);
	free((char *)l->cfg.transcript);
	http_link_free(l->link);
	transcript_close(l->script);
	free(l);
}

void
llm_close_p(struct llm **l)
{
	llm_close(*l);
}

/* ---- money ---- */

int64_t
llm_max_tokens(const struct llm *l, const struct llm_request *req)
{
	int64_t n = req->max_tokens != 0 ? req->max_tokens : l->cfg.max_tokens;

	return n > 0 ? n : MAX_TOKENS;
}

static size_t
length(const char *s)
{
	return s == NULL ? 0 : strlen(s);
}

static size_t
msg_bytes(const struct llm_msg *m)
{
	size_t n = 0, i;

	for (i = 0; i < m->blocks.n; i++) {
		const struct llm_block *b = &m->blocks.v[i];

		n += length(b->text) + length(b->id) + length(b->name) + length(b->input);
	}
	return n;
}

static int64_t
prompt_tokens(const struct llm_request *req)
{
	size_t n = length(req->system), i;

	for (i = 0; i < req->ntools; i++)
		n += length(req->tools[i].name) + length(req->tools[i].description) +
		    length(req->tools[i].schema);
	for (i = 0; i < req->nmsgs; i++)
		n += msg_bytes(&req->msgs[i]);
	return (int64_t)(n / BYTES_PER_TOKEN + 1);
}

int64_t
llm_tokens_max(const struct llm *l, const struct llm_request *req)
{
	return prompt_tokens(req) + llm_max_tokens(l, req);
}

int64_t
llm_cost_max(const struct llm *l, const struct llm_request *req)
{
	struct llm_price p = l->price;
	struct llm_usage u = {.in = prompt_tokens(req), .out = llm_max_tokens(l, req)};

	if (p.cache_write > p.in)
		p.in = p.cache_write;
	return llm_cost(&p, &u);
}

/* Adds up in 128 bits; what does not fit is as dear as can be. */
int64_t
llm_cost(const struct llm_price *p, const struct llm_usage *u)
{
	__int128 sum = (__int128)u->in * p->in + (__int128)u->out * p->out +
	    (__int128)u->cache_read * p->cache_read + (__int128)u->cache_write * p->cache_write;

	sum = (sum + 999999) / 1000000;
	return sum > INT64_MAX ? INT64_MAX : sum < 0 ? 0 : (int64_t)sum;
}

const struct llm_price *
llm_price_of(const struct llm *l)
{
	return &l->price;
}

int64_t
llm_lost_cost(const struct llm *l)
{
	return l->script == NULL ? 0 : transcript_lost(l->script);
}

size_t
llm_mismatches(const struct llm *l)
{
	return l->mismatches;
}

static bool
is_count(int64_t tokens)
{
	return tokens >= 0 && tokens <= MOST_TOKENS;
}

/* A prompt of no tokens there is not: who reports that does not count, and we do. */
static void
settle(const struct llm *l, const struct llm_request *req, struct llm_reply *r)
{
	struct llm_usage *u = &r->usage;

	if (!is_count(u->in) || !is_count(u->out) || !is_count(u->cache_read) || !is_count(u->cache_write))
		*u = (struct llm_usage){0};
	if (u->in + u->cache_read + u->cache_write == 0) {
		u->in = prompt_tokens(req);
		u->out = u->out > 0 ? u->out : (int64_t)(msg_bytes(&r->msg) / BYTES_PER_TOKEN + 1);
		r->guessed = true;
	}
	r->cost = llm_cost(&l->price, u);
}

/* ---- asking ---- */

static bool
may_retry(const struct err *e)
{
	enum err_retry r = err_row(err_code(e))->retry;

	return r == RETRY_BACKOFF || r == RETRY_WAIT;
}

static int64_t
wait_ms(const struct err *e, unsigned attempt)
{
	int64_t ms = (int64_t)BACKOFF_MS << (attempt < 10 ? attempt : 10);
	uint32_t jitter = 0;

	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	if (getentropy(&jitter, sizeof(jitter)) != 0)
		jitter = 0;
	/* Never before the time that the server named; else from half of it up. */
	if (err_wait_s(e) > 0)
		return err_wait_s(e) * 1000 + jitter % 250;
	return ms / 2 + jitter % (uint32_t)(ms / 2);
}

static struct err *
wait_for(const struct llm *l, int64_t ms)
{
	int64_t end = clock_mono(&l->clock) + ms;

	while (clock_mono(&l->clock) < end) {
		if (l->cfg.cancel != NULL && *l->cfg.cancel != 0)
			return err_new(ERR_INTERRUPTED, "the request was stopped");
		clock_sleep_ms(TICK_MS);
	}
	return NULL;
}

static struct err *
ask_until(struct llm *l, const struct llm_request *req, struct llm_reply *reply)
{
	unsigned attempts = l->cfg.attempts == 0 ? ATTEMPTS : l->cfg.attempts, i;
	int64_t most = l->cfg.wait_max_s == 0 ? WAIT_MAX_S : l->cfg.wait_max_s, ms;
	struct err *e;

	for (i = 0;; i++) {
		e = l->provider->complete(l, req, reply);
		if (e == NULL || !may_retry(e) || err_wait_s(e) > most)
			return e;
		if (i + 1 == attempts)
			return err_wrap(e, "gave up after %u attempts", attempts);
		ms = wait_ms(e, i);
		if (l->cfg.on_retry != NULL)
			l->cfg.on_retry(l->cfg.arg, e, ms);
		err_free(e);
		TRY(wait_for(l, ms));
	}
}

static bool
is_recorded(const struct transcript_answer *a, const char *hash)
{
	return a != NULL && !a->redacted && strcmp(a->request, hash) == 0;
}

/* Ended while the model may have been at work: counts as lost, at its worst case. */
static bool
may_cost(const struct err *e)
{
	return err_is(e, ERR_INTERRUPTED) || err_is(e, ERR_TIMEOUT) || err_is(e, ERR_PROTOCOL);
}

/* The model's answer, on record before anybody acts on it. */
static struct err *
ask_and_record(struct llm *l, const struct llm_request *req, const char *hash, struct llm_reply *reply)
{
	struct llm_reply r;
	struct err *e;

	TRY(transcript_asked(l->script, hash, llm_cost_max(l, req)));
	e = ask_until(l, req, &r);
	if (e != NULL) {
		if (!may_cost(e))
			err_ignore(transcript_failed(l->script, err_row(err_code(e))->word));
		return e;
	}
	settle(l, req, &r);
	e = transcript_answered(l->script, &l->cfg, hash, &r);
	if (e != NULL) {
		llm_reply_free(&r);
		return e;
	}
	*reply = r;
	return NULL;
}

struct err *
llm_complete(struct llm *l, const struct llm_request *req, struct llm_reply *reply)
{
	const struct transcript_answer *a;
	char hash[TRANSCRIPT_HASH];

	if (l->script == NULL) {
		TRY(ask_until(l, req, reply));
		settle(l, req, reply);
		return NULL;
	}
	transcript_hash(l->model, req, llm_max_tokens(l, req), hash);
	a = transcript_peek(l->script);
	if (l->provider == &llm_recorded) {
		l->mismatches += a != NULL && a->request[0] != '\0' && !is_recorded(a, hash);
		return l->provider->complete(l, req, reply);
	}
	if (is_recorded(a, hash))
		return llm_recorded.complete(l, req, reply);
	return ask_and_record(l, req, hash, reply);
}
