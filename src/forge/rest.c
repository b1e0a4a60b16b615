#include "forge/rest.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "forge/forge.h"
#include "forge/kept.h"
#include "forge/pace.h"
#include "forge/reply.h"
#include "wire/http.h"
#include "wire/json.h"

#define PATIENCE_S 120
#define DEADLINE_MS 120000
#define IDLE_MS 30000
#define BODY_MAX KEPT_MAX
#define HOPS_MAX 5
#define REFUSALS_MAX 8
#define FAILURES_MAX 2
#define PAGES_MAX 1000
#define HEADERS_MAX 16

struct rest {
	struct rest_opts o;
	char *name, *api, *dir;
	struct strs headers;
	struct pace *pace;
	struct http_link *link;
	bool loopback;
	bool stored;		/* something new is on disk */
	struct rest_count count;
};

struct rest *
rest_open(const struct rest_opts *o)
{
	struct rest *r = mem_alloc(sizeof(*r));
	struct pace_opts po = {.dir = o->dir, .nodes = o->nodes, .metered = o->metered, .clock = o->clock,
	    .sleep_ms = o->sleep_ms, .sleep_arg = o->sleep_arg, .cancel = o->cancel};
	size_t i;

	r->o = *o;
	r->name = mem_strdup(o->name);
	r->api = mem_strdup(o->api);
	r->dir = mem_strdup(o->dir);
	for (i = 0; o->headers != NULL && o->headers[i] != NULL; i++)
		strs_add(&r->headers, o->headers[i]);
	err_ignore(http_url_check(r->api, &r->loopback));
	if (r->loopback)
		po.clock_file = getenv("GIT_FACTORY_FORGE_CLOCK");
	if (r->dir != NULL)
		err_ignore(dir_make(AT_FDCWD, r->dir, 0700));
	r->pace = pace_open(&po);
	r->link = http_link_new();
	return r;
}

void
rest_close(struct rest *r)
{
	if (r == NULL)
		return;
	if (r->stored)
		kept_trim(r->dir);
	pace_close(r->pace);
	http_link_free(r->link);
	strs_free(&r->headers);
	free(r->name);
	free(r->api);
	free(r->dir);
	free(r);
}

struct rest_count
rest_counted(const struct rest *r)
{
	return r->count;
}

int64_t
rest_wall_s(const struct rest *r)
{
	return pace_wall_s(r->pace);
}

int64_t
rest_now_ms(const struct rest *r)
{
	return pace_now_ms(r->pace);
}

struct err *
rest_sleep(struct rest *r, int64_t ms)
{
	return pace_sleep(r->pace, ms);
}

void
rest_reply_free(struct rest_reply *reply)
{
	arena_free(&reply->mem);
	*reply = (struct rest_reply){0};
}

void
rest_words(const struct rest_reply *reply, struct buf *out)
{
	reply_words(reply->body, str_of(reply->text), out);
}

void
rest_part(struct buf *b, const char *part)
{
	for (; *part != '\0'; part++) {
		if (isalnum((unsigned char)*part) || strchr("-._~", *part) != NULL)
			buf_addc(b, *part);
		else
			buf_addf(b, "%%%02X", (unsigned char)*part);
	}
}

/* ---- one call ---- */

/* A call on its way. */
struct trip {
	struct rest *r;
	const struct rest_call *c;
	char *what;		/* "GitHub, asked for issue 42," */
	char *url;		/* where it is now, after redirects */
	char *asked;		/* where it began: what is kept is kept under this */
	bool foreign;		/* another host: it gets no token, ever again */
	bool write;
	int64_t left;		/* milliseconds of patience */
	unsigned hops, refusals, failures;
	bool has_kept;
	struct kept kept;
	struct http_reply reply;
	struct arena mem;
	struct node *body;
};

static void
trip_free(struct trip *t)
{
	free(t->what);
	free(t->url);
	free(t->asked);
	kept_free(&t->kept);
	http_reply_free(&t->reply);
	arena_free(&t->mem);
}

/* The query may hold what somebody wrote: it is left out. */
static void
trace(const struct trip *t)
{
	const char *path = getenv("GIT_FACTORY_FORGE_TRACE");
	AUTO(buf_free) struct buf b = BUF_INIT(4 * KIB);
	AUTO(fd_close_p) int fd = -1;
	const char *at = strstr(t->url, "://");

	if (path == NULL || *path == '\0' || at == NULL)
		return;
	at = strchr(at + 3, '/');
	buf_addf(&b, "%s %d %.*s\n", t->c->method == NULL ? "GET" : t->c->method, t->reply.status,
	    at == NULL ? 0 : (int)strcspn(at, "?"), at == NULL ? "" : at);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && !b.over)
		err_ignore(file_write_all(fd, b.p, b.n));
}

/* The headers, with what they borrow from. */
struct head {
	const char *v[HEADERS_MAX + 6];
	size_t n;
	struct buf auth;
	char *etag;
};

static void
head_free(struct head *h)
{
	mem_wipe(h->auth.p, h->auth.n);
	buf_free(&h->auth);
	free(h->etag);
}

static struct err *
head_fill(const struct trip *t, struct head *h)
{
	size_t i;

	buf_init(&h->auth, 16 * KIB);
	for (i = 0; i < t->r->headers.n && i < HEADERS_MAX; i++)
		h->v[h->n++] = t->r->headers.v[i];
	if (t->c->body.n > 0)
		h->v[h->n++] = "Content-Type: application/json";
	if (t->foreign)
		return NULL;
	if (t->c->header != NULL)
		h->v[h->n++] = t->c->header;
	if (t->has_kept && t->kept.etag[0] != '\0')
		h->v[h->n++] = h->etag = mem_printf("If-None-Match: %s", t->kept.etag);
	if (t->r->o.auth != NULL)
		TRY(t->r->o.auth(t->r->o.auth_arg, &h->auth));
	if (h->auth.n > 0)
		h->v[h->n++] = buf_cstr(&h->auth);
	return NULL;
}

/* A connection that is used again may have died, and libcurl would send a write twice. */
static struct err *
send_once(struct trip *t)
{
	AUTO(head_free) struct head h = {0};
	struct http_request req = {.method = t->c->method, .url = t->url, .body = t->c->body,
	    .headers = h.v, .deadline_ms = DEADLINE_MS, .max_body = BODY_MAX,
	    .idle_ms = t->r->o.idle_ms != 0 ? t->r->o.idle_ms : IDLE_MS, .idle_rate = t->r->o.idle_rate,
	    .loopback_only = t->r->loopback, .proxy_from_env = !t->r->loopback,
	    .link = t->write || t->foreign ? NULL : t->r->link, .cancel = t->r->o.cancel};
	struct err *e;

	http_reply_free(&t->reply);
	t->reply = (struct http_reply){0};
	arena_free(&t->mem);
	t->body = NULL;
	TRY(head_fill(t, &h));
	TRY(pace_enter(t->r->pace, t->write, &t->left));
	e = t->r->o.send == NULL ? http_do(&req, &t->reply) : t->r->o.send(t->r->o.send_arg, &req, &t->reply);
	pace_leave(t->r->pace);
	if (e != NULL)
		return e;
	t->r->count.all++;
	t->r->count.unchanged += t->reply.status == 304;
	trace(t);
	/* Of an error it is only wanted for its words. */
	if ((t->reply.status < 200 || t->reply.status >= 300) && t->reply.body.n > 0)
		err_ignore(json_parse(&t->mem, t->r->name, buf_str(&t->reply.body), &t->body));
	return NULL;
}

static bool
is_passing(const struct err *e)
{
	return err_is(e, ERR_NETWORK) || err_is(e, ERR_TIMEOUT) || err_is(e, ERR_SERVER);
}

/* NULL when it is worth another try, now.  Takes the error over. */
static struct err *
after_failure(struct trip *t, struct err *e)
{
	int64_t ms = pace_wait_ms(t->failures == 0 ? 1 : 4, 0);

	if (t->write || !is_passing(e) || t->failures >= FAILURES_MAX || ms > t->left)
		return e;
	err_free(e);
	t->failures++;
	t->left -= ms;
	return rest_sleep(t->r, ms);
}

static struct err *
after_refusal(struct trip *t, int64_t named)
{
	if (t->refusals >= REFUSALS_MAX)
		return err_set_wait(err_new(ERR_RATE_LIMIT, "the forge refused %u times because of its limits",
		    t->refusals), named < 0 ? PACE_BACKOFF_MAX_MS / 1000 : named);
	pace_hold(t->r->pace, pace_wait_ms(named, t->refusals));
	t->refusals++;
	return NULL;
}

/* An address that the answer names: whole, or a path on the same host. */
static char *
resolve(const char *base, struct str to)
{
	size_t origin = (size_t)(strstr(base, "://") + 3 - base);

	if (!str_starts(to, "/") || str_starts(to, "//"))
		return str_dup(to);
	origin += strcspn(base + origin, "/");
	return mem_printf("%.*s%.*s", (int)origin, base, STR_ARG(to));
}

static struct err *
after_move(struct trip *t)
{
	const char *location = http_header(&t->reply, "location");
	AUTO(mem_free_p) char *to = NULL;
	bool loopback = false, foreign;

	if (location == NULL || *location == '\0')
		return err_new(ERR_PROTOCOL, "a redirect that leads nowhere");
	if (++t->hops > HOPS_MAX)
		return err_new(ERR_PROTOCOL, "more than %d redirects", HOPS_MAX);
	to = resolve(t->url, str_of(location));
	TRY(http_url_check(to, &loopback));
	foreign = t->foreign || !same_origin(str_of(to), str_of(t->r->api));
	if (foreign && t->write)
		return err_new(ERR_DENIED, "a write was redirected to another host: it is not sent there");
	if (foreign && loopback && !t->r->loopback)
		return err_new(ERR_DENIED, "a redirect leads to this machine");
	t->foreign = foreign;
	free(t->url);
	t->url = STEAL(to);
	return NULL;
}

/* What came is an answer (done), or the next step is to send again. */
static struct err *
judge(struct trip *t, bool *done)
{
	int64_t named, now = pace_wall_s(t->r->pace), spent;

	*done = false;
	if (reply_limited(&t->reply, t->body, now, &named))
		return after_refusal(t, named);
	spent = reply_spent(&t->reply, now);
	if (spent > 0)
		pace_hold(t->r->pace, spent * 1000);
	if (reply_moved(&t->reply))
		return after_move(t);
	*done = true;
	return NULL;
}

static bool
is_accepted(const struct trip *t)
{
	size_t i;

	for (i = 0; i < REST_ACCEPT_MAX; i++)
		if (t->c->accept[i] != 0 && t->c->accept[i] == t->reply.status)
			return true;
	return t->reply.status >= 200 && t->reply.status < 300;
}

static struct err *
travel(struct trip *t)
{
	bool done = false;

	while (!done) {
		struct err *e = send_once(t);

		if (e == NULL)
			e = judge(t, &done);
		if (e == NULL && done && t->reply.status >= 500 && !is_accepted(t))
			e = reply_err(&t->reply, t->body, "it");
		if (e == NULL)
			continue;
		done = false;
		TRY(after_failure(t, e));
	}
	return NULL;
}

/* ---- its answer ---- */

/* The page that follows; on another host, it is none of the forge's. */
static struct err *
take_next(struct rest *r, const char *url, struct str next, struct rest_reply *out)
{
	AUTO(mem_free_p) char *to = NULL;

	if (next.n == 0)
		return NULL;
	to = resolve(url, next);
	if (!same_origin(str_of(to), str_of(r->api)))
		return err_hint(err_new(ERR_PROTOCOL, "the next page is on another host, which is not asked"),
		    "the forge's own idea of its address differs from that of the API: mend it there, or set forge.url");
	out->next = arena_strdup(&out->mem, to);
	return NULL;
}

static struct err *
take_body(struct rest *r, struct str text, struct rest_reply *out)
{
	struct node *body = NULL;

	if (str_trim(text).n > 0)
		TRY(json_parse(&out->mem, r->name, text, &body));
	out->body = body;
	return NULL;
}

static bool
same_bytes(const struct kept *k, const struct buf *body)
{
	return str_eq(buf_str(&k->body), buf_str(body));
}

static void
keep(struct trip *t, const struct rest_reply *out)
{
	const char *etag = http_header(&t->reply, "etag");

	if (!t->c->cached || t->r->dir == NULL || t->foreign || t->reply.status != 200)
		return;
	kept_write(t->r->dir, t->asked, etag == NULL ? "" : etag, out->next == NULL ? "" : out->next,
	    buf_str(&t->reply.body));
	t->r->stored = true;
}

static struct err *
answer_new(struct trip *t, struct rest_reply *out)
{
	bool good = t->reply.status >= 200 && t->reply.status < 300;

	if (!is_accepted(t))
		return reply_err(&t->reply, t->body, "it");
	out->status = t->reply.status;
	if (good) {
		TRY(take_body(t->r, buf_str(&t->reply.body), out));
		TRY(take_next(t->r, t->url, reply_next(&t->reply), out));
		keep(t, out);
	} else {
		err_ignore(take_body(t->r, buf_str(&t->reply.body), out));
		out->text = arena_str(&out->mem, str_take(buf_str(&t->reply.body), KIB));
	}
	out->scopes = arena_strdup(&out->mem, http_header(&t->reply, "x-oauth-scopes"));
	out->total = reply_total(&t->reply);
	/* Where there are no ETags, the same bytes say the same. */
	out->unchanged = good && t->has_kept && same_bytes(&t->kept, &t->reply.body);
	return NULL;
}

static struct err *
answer_kept(struct rest *r, const char *url, const struct kept *k, struct rest_reply *out)
{
	TRY(take_body(r, buf_str(&k->body), out));
	TRY(take_next(r, url, str_of(k->next), out));
	out->status = 200;
	out->total = -1;
	out->unchanged = true;
	return NULL;
}

static struct err *
answer(struct trip *t, struct rest_reply *out)
{
	struct err *e;

	if (t->reply.status != 304)
		return answer_new(t, out);
	if (!t->has_kept)
		return err_new(ERR_PROTOCOL, "it answered that nothing changed, and was not asked that");
	e = answer_kept(t->r, t->asked, &t->kept, out);
	if (e == NULL)
		return NULL;
	/* What is on disk is broken: ask as if it were not there. */
	err_free(e);
	rest_reply_free(out);
	kept_drop(t->r->dir, t->asked);
	t->has_kept = false;
	TRY(travel(t));
	return answer_new(t, out);
}

static struct err *
address(const struct rest *r, const char *path, char **out)
{
	AUTO(mem_free_p) char *url = *path == '/' ? mem_printf("%s%s", r->api, path) : mem_strdup(path);

	if (!same_origin(str_of(url), str_of(r->api)))
		return err_new(ERR_BUG, "a request for another host than the forge's");
	*out = STEAL(url);
	return NULL;
}

struct err *
rest_do(struct rest *r, const struct rest_call *c, struct rest_reply *out)
{
	AUTO(trip_free) struct trip t = {.r = r, .c = c};
	struct rest_reply reply = {0};
	struct err *e;

	TRY(address(r, c->path, &t.asked));
	t.url = mem_strdup(t.asked);
	t.what = mem_printf("%s, asked for %s", r->name, c->what);
	t.write = c->method != NULL && strcmp(c->method, "GET") != 0 && !c->read;
	t.left = (r->o.patience > 0 ? r->o.patience : PATIENCE_S) * 1000;
	if (c->cached && r->dir != NULL)
		t.has_kept = kept_read(r->dir, t.asked, &t.kept);
	e = travel(&t);
	if (e == NULL)
		e = answer(&t, &reply);
	if (e == NULL)
		*out = reply;
	else
		rest_reply_free(&reply);
	return err_wrap(e, "%s", t.what);
}

struct err *
rest_took(struct rest *r, const char *path, struct err *e)
{
	AUTO(mem_free_p) char *url = NULL;
	struct err *none;

	if (e == NULL || r->dir == NULL)
		return e;
	none = address(r, path, &url);
	if (none == NULL)
		kept_drop(r->dir, url);
	err_free(none);
	return e;
}

/* ---- lists ---- */

/* A page behind one that is unchanged; false: it has to be asked for. */
static bool
page_from_disk(struct rest *r, const char *path, struct rest_reply *out)
{
	AUTO(mem_free_p) char *url = NULL;
	AUTO(kept_free) struct kept k = {0};
	struct rest_reply reply = {0};
	struct err *e;

	if (r->dir == NULL)
		return false;
	e = address(r, path, &url);
	if (e == NULL && !kept_read(r->dir, url, &k))
		return false;
	if (e == NULL)
		e = answer_kept(r, url, &k, &reply);
	if (e != NULL) {
		err_free(e);
		rest_reply_free(&reply);
		return false;
	}
	*out = reply;
	return true;
}

static struct err *
each_item(const struct rest *r, const struct rest_call *c, const struct node *list, rest_item *fn,
    void *arg, size_t *n)
{
	const struct node *item;

	if (list != NULL && list->kind == NODE_NULL)
		return NULL;
	if (list == NULL || list->kind != NODE_LIST)
		return err_new(ERR_SYNTAX, "%s, asked for %s: the answer is no list", r->name, c->what);
	for (item = list->child; item != NULL; item = item->next) {
		if (++*n > FORGE_LIST_MAX)
			return err_new(ERR_LIMIT, "%s, asked for %s: there are more than %d", r->name, c->what,
			    FORGE_LIST_MAX);
		TRY(err_wrap(fn(arg, item), "%s, asked for %s", r->name, c->what));
	}
	return NULL;
}

/* n elements came by now, the last of them with this page. */
static char *
page_after(const struct rest_call *c, const struct rest_reply *reply, size_t page, size_t n, size_t before)
{
	if (reply->next != NULL)
		return mem_strdup(reply->next);
	if (c->page == 0 || n == before || (n - before < c->page && reply->total <= (int64_t)n))
		return NULL;
	return mem_printf("%s&page=%zu", c->path, page + 2);
}

struct err *
rest_each(struct rest *r, const struct rest_call *c, const char *member, bool newest, rest_item *fn,
    void *arg, bool *unchanged)
{
	AUTO(mem_free_p) char *at = mem_strdup(c->path);
	bool same = true, first_same = false;
	size_t n = 0, before, page;

	for (page = 0; at != NULL; page++) {
		AUTO(rest_reply_free) struct rest_reply reply = {0};
		struct rest_call here = *c;

		if (page == PAGES_MAX)
			return err_new(ERR_LIMIT, "%s, asked for %s: more than %d pages", r->name, c->what, PAGES_MAX);
		here.path = at;
		if (!newest || !first_same || !page_from_disk(r, at, &reply))
			TRY(rest_do(r, &here, &reply));
		same = same && reply.unchanged;
		first_same = page == 0 ? reply.unchanged : first_same;
		before = n;
		TRY(rest_took(r, at,
		    each_item(r, c, member == NULL ? reply.body : node_get(reply.body, member), fn, arg, &n)));
		free(at);
		at = page_after(c, &reply, page, n, before);
	}
	if (unchanged != NULL)
		*unchanged = same;
	return NULL;
}
