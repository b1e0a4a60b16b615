#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "llm/provider.h"
#include "wire/http.h"
#include "wire/json.h"

#define DEADLINE_MS (10 * 60 * 1000)
#define IDLE_MS (300 * 1000)	/* models that think say nothing for minutes */

static struct err *
on_event(void *arg, const char *type UNUSED, struct str data)
{
	struct llm_feed *f = arg;
	struct err *e;

	if (f->turn.done)
		return NULL;
	e = f->protocol->event(&f->turn, data);
	if (err_is(e, ERR_SYNTAX))
		e = err_recode(e, ERR_PROTOCOL);
	return e;
}

void
feed_init(struct llm_feed *f, const struct llm_protocol *p, const struct llm *l)
{
	*f = (struct llm_feed){.protocol = p, .turn.l = l};
	sse_init(&f->sse, on_event, f);
}

void
feed_free(struct llm_feed *f)
{
	sse_free(&f->sse);
	turn_free(&f->turn);
}

struct err *
feed_bytes(struct llm_feed *f, struct str bytes)
{
	return sse_feed(&f->sse, bytes);
}

struct err *
feed_finish(struct llm_feed *f, struct llm_reply *reply)
{
	return turn_finish(&f->turn, reply);
}

static struct err *
on_data(void *arg, struct str data)
{
	struct llm_feed *f = arg;

	TRY(feed_bytes(f, data));
	/* The answer is whole: do not wait for the server to hang up. */
	return f->turn.done ? err_new(ERR_STATE, "the answer is whole") : NULL;
}

static bool
has(const char *text, const char *part)
{
	return text != NULL && strstr(text, part) != NULL;
}

struct err *
llm_named_err(const struct llm *l, const char *type, const char *code, const char *message)
{
	enum err_code c = ERR_SERVER;

	if (has(type, "rate_limit") || has(code, "rate_limit"))
		c = ERR_RATE_LIMIT;
	else if (has(type, "authentication") || has(type, "permission") || has(code, "invalid_api_key"))
		c = ERR_AUTH;
	else if (has(type, "insufficient_quota") || has(code, "insufficient_quota") || has(type, "billing"))
		c = ERR_BUDGET;
	else if (has(code, "context_length_exceeded") || has(message, "prompt is too long"))
		c = ERR_CONTEXT;
	else if (has(type, "invalid_request"))
		c = ERR_CONFIG;
	return err_new(c, "the model '%s' failed: %.200s", l == NULL ? "?" : l->model,
	    message != NULL ? message : type != NULL ? type : "it does not say why");
}

/* What the body of a failed request says, as both protocols say it. */
static struct err *
status_err(const struct llm *l, const struct http_reply *reply)
{
	AUTO(arena_free) struct arena a = {0};
	AUTO(mem_free_p) char *what = mem_printf("the model '%s'", l->model);
	struct node *n = NULL;
	const struct node *error = NULL;
	const char *detail = buf_cstr(&reply->body), *code;
	struct err *e;

	e = json_parse(&a, "answer", buf_str(&reply->body), &n);
	err_free(e);
	if (e == NULL)
		error = node_get(n, "error");
	if (node_get_str(error, "message") != NULL)
		detail = node_get_str(error, "message");
	code = node_get_str(error, "code");
	e = http_status_err(reply, what, detail);
	if (err_is(e, ERR_NOT_FOUND))
		return err_hint(err_recode(e, ERR_CONFIG), "check the model's name and its base_url");
	if (has(code, "insufficient_quota") || reply->status == 402)
		return err_recode(e, ERR_BUDGET);
	if (reply->status == 400 && (has(code, "context_length_exceeded") || has(detail, "prompt is too long")))
		return err_recode(e, ERR_CONTEXT);
	if (err_is(e, ERR_AUTH))
		return err_hint(e, "check the key: 'git factory doctor' names the variable that it comes from");
	if (err_is(e, ERR_CONFIG))
		return err_hint(e, "check the model's entry: its name, provider and base_url");
	return e;
}

static void
add_url(const struct llm *l, const char *path, struct buf *out)
{
	buf_adds(out, l->base_url);
	if (!str_ends(str_of(l->base_url), "/v1"))
		buf_adds(out, "/v1");
	buf_adds(out, path);
}

static struct err *
send_request(const struct llm *l, struct llm_feed *f, const struct llm_request *req,
    struct http_reply *reply, const struct strs *headers)
{
	AUTO(buf_free) struct buf url = BUF_INIT(BUF_TEXT);
	AUTO(buf_free) struct buf body = BUF_INIT(BUF_TEXT);
	struct http_request r = {.loopback_only = l->loopback, .proxy_from_env = l->cfg.proxy_from_env,
	    .link = l->link, .cancel = l->cfg.cancel, .on_data = on_data, .arg = f,
	    .headers = (const char *const *)headers->v};
	struct jw w;

	r.deadline_ms = l->cfg.deadline_ms == 0 ? DEADLINE_MS : l->cfg.deadline_ms;
	r.idle_ms = l->cfg.idle_ms == 0 ? IDLE_MS : l->cfg.idle_ms;
	add_url(l, f->protocol->path, &url);
	jw_init(&w, &body, false);
	jw_obj(&w);
	f->protocol->body(l, req, &w);
	jw_end(&w);
	TRY(buf_check(&body, "the prompt"));
	r.url = buf_cstr(&url);
	r.body = buf_str(&body);
	return http_do(&r, reply);
}

static struct err *
ask(const struct llm *l, struct llm_feed *f, const struct llm_request *req)
{
	AUTO(http_reply_free) struct http_reply reply = {0};
	struct strs headers = {0};
	struct err *e;
	size_t i;

	strs_add(&headers, "Content-Type: application/json");
	strs_add(&headers, "Accept: text/event-stream");
	f->protocol->headers(l, &headers);
	vec_push(&headers, NULL);
	e = send_request(l, f, req, &reply, &headers);
	headers.n--;
	for (i = 0; i < headers.n; i++)
		mem_wipe(headers.v[i], strlen(headers.v[i]));
	strs_free(&headers);
	if (f->turn.done) {
		err_ignore(e);
		return NULL;
	}
	TRY(err_wrap(e, "the model '%s'", l->model));
	return status_err(l, &reply);
}

struct err *
llm_stream(struct llm *l, const struct llm_protocol *p, const struct llm_request *req,
    struct llm_reply *reply)
{
	struct llm_feed f;
	struct err *e;

	feed_init(&f, p, l);
	e = ask(l, &f, req);
	if (e == NULL)
		e = err_wrap(feed_finish(&f, reply), "the model '%s'", l->model);
	feed_free(&f);
	return e;
}
