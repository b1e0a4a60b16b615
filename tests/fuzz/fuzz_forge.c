/*
 * What a forge answers, of every kind and to every question: never a crash,
 * and what comes out has the form that forge.h promises.
 *
 * The first two bytes choose kind and question.  The rest are the answers one
 * after another, parted by NULs: a byte for the status, a byte for the headers,
 * the body.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "forge/forge.h"
#include "forge/gitea.h"
#include "forge/github.h"
#include "forge/gitlab.h"
#include "forge/rest.h"
#include "forge/token.h"
#include "wire/http.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define ANSWERS_MAX 64	/* of one question, so that it ends */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t now_ms;

static int64_t
fake_wall(const struct clock *c UNUSED)
{
	return 1800000000 + now_ms / 1000;
}

static int64_t
fake_mono(const struct clock *c UNUSED)
{
	return now_ms;
}

static void
fake_sleep(void *arg UNUSED, int64_t ms)
{
	now_ms += ms;
}

struct source {
	struct str rest;
	unsigned sent;
};

static void
add_header(struct http_reply *reply, const char *name, const char *value)
{
	struct http_header h = {mem_strdup(name), mem_strdup(value)};

	vec_push(&reply->headers, h);
}

static struct err *
answer(void *arg, const struct http_request *req, struct http_reply *reply)
{
	static const int statuses[] = {200, 201, 204, 200, 304, 301, 403, 404, 405, 409, 422, 429, 500};
	static const char *const headers[][2] = {{"link", "</next>; rel=\"next\""}, {"location", "/moved"},
	    {"retry-after", "1"}, {"x-ratelimit-remaining", "0"}, {"etag", "\"x\""}, {"x-total-count", "7"},
	    {"link", "<https://evil.example/>; rel=next"}, {"x-oauth-scopes", "repo"}};
	struct source *s = arg;
	struct str one;
	size_t i;

	/* The token goes nowhere else. */
	if (strncmp(req->url, "https://forge.example/", 22) != 0)
		abort();
	if (++s->sent > ANSWERS_MAX || !str_next(&s->rest, '\0', &one) || one.n < 2)
		return err_new(ERR_NETWORK, "no more answers");
	*reply = (struct http_reply){.status = statuses[(unsigned char)one.p[0] % NITEMS(statuses)]};
	for (i = 0; i < NITEMS(headers); i++)
		if (((unsigned char)one.p[1] & 1U << i) != 0)
			add_header(reply, headers[i][0], headers[i][1]);
	buf_init(&reply->body, 64 * MIB);
	buf_addstr(&reply->body, str_skip(one, 2));
	return NULL;
}

static void
text(const char *s, size_t max)
{
	if (s == NULL || strlen(s) > max)
		abort();
}

static void
sha(const char *s)
{
	if (s == NULL || (*s != '\0' && strspn(s, "0123456789abcdef") != strlen(s)))
		abort();
}

static void
see_issue(const struct forge_issue *i)
{
	if (i->number < 0 || i->author.login == NULL || i->author.id == NULL)
		abort();
	text(i->id, FORGE_LINE_MAX);
	text(i->title, FORGE_LINE_MAX);
	text(i->body, FORGE_TEXT_MAX);
	text(i->url, FORGE_LINE_MAX);
}

static void
see_pull(const struct forge_pull *p)
{
	if (p->number < 0 || p->head_project == NULL || p->closed_by == NULL || p->author.login == NULL)
		abort();
	text(p->title, FORGE_LINE_MAX);
	text(p->body, FORGE_TEXT_MAX);
	text(p->head, FORGE_LINE_MAX);
	text(p->base, FORGE_LINE_MAX);
	sha(p->head_sha);
	sha(p->merge_sha);
}

static void
see_comments(const struct forge_comments *v)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		text(v->v[i].id, FORGE_LINE_MAX);
		text(v->v[i].body, FORGE_TEXT_MAX);
		sha(v->v[i].commit);
	}
}

static struct err *
lists(struct forge *f, unsigned question)
{
	AUTO(forge_issues_free) struct forge_issues issues = {0};
	AUTO(forge_pulls_free) struct forge_pulls pulls = {0};
	AUTO(forge_comments_free) struct forge_comments comments = {0};
	AUTO(forge_events_free) struct forge_events events = {0};
	AUTO(forge_reviews_free) struct forge_reviews reviews = {0};
	AUTO(forge_checks_free) struct forge_checks checks = {0};
	bool unchanged;
	size_t i;
	struct err *e = question == 0 ? f->api->issues(f, "factory", 0, &issues, &unchanged) :
	    question == 1 ? f->api->pulls(f, &pulls, &unchanged) :
	    question == 2 ? f->api->comments(f, 5, 0, &comments) :
	    question == 3 ? f->api->remarks(f, 5, NULL, &comments) :
	    question == 4 ? f->api->issue_events(f, 5, &events) :
	    question == 5 ? f->api->reviews(f, 5, &reviews) : f->api->checks(f, SHA, "main", &checks);

	for (i = 0; i < issues.n; i++)
		see_issue(&issues.v[i]);
	for (i = 0; i < pulls.n; i++)
		see_pull(&pulls.v[i]);
	see_comments(&comments);
	for (i = 0; i < events.n; i++)
		if (events.v[i].what == NULL || events.v[i].who.login == NULL)
			abort();
	for (i = 0; i < reviews.n; i++)
		sha(reviews.v[i].commit);
	for (i = 0; i < checks.n; i++)
		if (checks.v[i].name == NULL || checks.v[i].text == NULL || checks.v[i].url == NULL)
			abort();
	return e;
}

static struct err *
things(struct forge *f, unsigned question)
{
	AUTO(forge_issue_free) struct forge_issue issue = {0};
	AUTO(forge_pull_free) struct forge_pull pull = {0};
	AUTO(forge_user_free) struct forge_user user = {0};
	AUTO(mem_free_p) char *s = NULL;
	AUTO(strs_free) struct strs missing = {0};
	struct forge_new_pull new = {"t", "b", "factory/x", "main", false};
	struct forge_merge merge = {SHA, FORGE_SQUASH, "t", "m", true};
	const struct forge_user ada = {.login = (char *)"ada", .id = (char *)""};
	enum forge_role role;
	struct err *e = question == 7 ? f->api->issue(f, 5, &issue) :
	    question == 8 ? f->api->pull(f, 5, &pull) :
	    question == 9 ? f->api->pull_by_head(f, "factory/x", "main", &pull) :
	    question == 10 ? f->api->pull_add(f, &new, &pull) :
	    question == 11 ? f->api->merge(f, 5, &merge, &s) :
	    question == 12 ? f->api->whoami(f, &user) :
	    question == 13 ? f->api->role(f, &ada, &role) :
	    question == 14 ? f->api->comment_add(f, 5, "text", &s) :
	    question == 15 ? f->api->branch_delete(f, "factory/x") : f->api->rights(f, 511, &missing);

	if (e == NULL && question == 7)
		see_issue(&issue);
	if (e == NULL && question >= 8 && question <= 10)
		see_pull(&pull);
	if (e == NULL && question == 11)
		sha(s);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		const struct forge_api *api;
		enum forge_kind kind;
		const char *path;
	} kinds[] = {{&forge_github, FORGE_GITHUB, "/api/v3"}, {&forge_gitlab, FORGE_GITLAB, "/api/v4"},
	    {&forge_gitea, FORGE_GITEA, "/api/v1"}, {&forge_forgejo, FORGE_FORGEJO, "/api/v1"}};
	static const struct clock clock = {fake_wall, fake_mono, 0};
	struct source s = {.rest = str_mk((const char *)data + 2, size < 2 ? 0 : size - 2)};
	struct token token = {.kind = TOKEN_PLAIN};
	struct rest_opts o = {.name = "the forge", .send = answer, .send_arg = &s, .clock = &clock,
	    .sleep_ms = fake_sleep, .patience = 60};
	struct forge f = {.token = &token};
	unsigned kind, question;

	if (size < 2)
		return 0;
	kind = data[0] % NITEMS(kinds);
	question = data[1] % 17;
	f.api = kinds[kind].api;
	f.place = (struct forge_place){kinds[kind].kind, mem_printf("https://forge.example%s", kinds[kind].path),
	    mem_strdup("https://forge.example/ada/engine"), mem_strdup("forge.example"), mem_strdup("ada/engine"), false};
	o.api = f.place.api;
	f.rest = rest_open(&o);
	err_free(question < 7 ? lists(&f, question) : things(&f, question));
	if (f.api->close != NULL)
		f.api->close(&f);
	rest_close(f.rest);
	forge_place_free(&f.place);
	return 0;
}
