#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "forge/answer.h"
#include "forge/github_part.h"

#define TEXT_MAX 140	/* of a status, GitHub's own limit, in characters */

/* A branch may have slashes in its path. */
static char *
branch_part(const char *branch)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);
	struct str rest = str_of(branch), part;
	bool first = true;

	while (str_next(&rest, '/', &part)) {
		AUTO(mem_free_p) char *p = str_dup(part);

		if (!first)
			buf_addc(&b, '/');
		rest_part(&b, p);
		first = false;
	}
	return buf_steal(&b);
}

/* ---- what ran ---- */

static const struct {
	const char *word;
	enum forge_check_state state;
} states[] = {
	{"success", CHECK_SUCCESS}, {"failure", CHECK_FAILURE}, {"error", CHECK_FAILURE},
	{"action_required", CHECK_FAILURE}, {"startup_failure", CHECK_FAILURE}, {"neutral", CHECK_NEUTRAL},
	{"cancelled", CHECK_CANCELLED}, {"skipped", CHECK_SKIPPED}, {"timed_out", CHECK_TIMED_OUT},
	{"pending", CHECK_PENDING},
};

static enum forge_check_state
state_of(const char *word)
{
	size_t i;

	for (i = 0; word != NULL && i < NITEMS(states); i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].state;
	return CHECK_UNKNOWN;
}

struct err *
gh_read_run(const struct node *n, struct forge_check *out)
{
	AUTO(forge_check_free) struct forge_check c = {0};
	AUTO(mem_free_p) char *status = NULL;

	TRY(answer_str(n, "name", FORGE_LINE_MAX, &c.name));
	TRY(answer_str(n, "status", FORGE_LINE_MAX, &status));
	TRY(answer_text(n, "html_url", FORGE_LINE_MAX, &c.url));
	TRY(answer_cut(node_get(n, "output") == NULL ? n : node_get(n, "output"), "title", FORGE_LINE_MAX, &c.text));
	c.state = strcmp(status, "completed") == 0 ? state_of(node_get_str(n, "conclusion")) : CHECK_PENDING;
	*out = c;
	c = (struct forge_check){0};
	return NULL;
}

struct err *
gh_read_status(const struct node *n, struct forge_check *out)
{
	AUTO(forge_check_free) struct forge_check c = {0};

	TRY(answer_str(n, "context", FORGE_LINE_MAX, &c.name));
	TRY(answer_text(n, "target_url", FORGE_LINE_MAX, &c.url));
	TRY(answer_cut(n, "description", FORGE_LINE_MAX, &c.text));
	c.state = state_of(node_get_str(n, "state"));
	*out = c;
	c = (struct forge_check){0};
	return NULL;
}

/* A check that a rule asks for, by a certain App or (-1) anybody. */
struct wanted {
	char *name;
	int64_t app;
	bool seen;
};

struct checking {
	struct forge_checks out;
	VEC(int64_t) apps;	/* of each of these, -1 where that is not told */
	VEC(struct wanted) wanted;
};

static void
checking_free(struct checking *c)
{
	size_t i;

	forge_checks_free(&c->out);
	vec_free(&c->apps);
	for (i = 0; i < c->wanted.n; i++)
		free(c->wanted.v[i].name);
	vec_free(&c->wanted);
}

static struct err *
add_run(void *arg, const struct node *n)
{
	struct checking *c = arg;
	struct forge_check k = {0};

	TRY(gh_read_run(n, &k));
	vec_push(&c->out, k);
	vec_push(&c->apps, node_get_int(node_get(n, "app"), "id", -1));
	return NULL;
}

static struct err *
add_status(void *arg, const struct node *n)
{
	struct checking *c = arg;
	struct forge_check k = {0};

	TRY(gh_read_status(n, &k));
	vec_push(&c->out, k);
	vec_push(&c->apps, -1);
	return NULL;
}

static void
add_unknown(struct checking *c, const char *name, const char *text)
{
	struct forge_check k = {mem_strdup(name), CHECK_UNKNOWN, true, mem_strdup(""), mem_strdup(text)};

	vec_push(&c->out, k);
	vec_push(&c->apps, -1);
}

/* What may not be read is not green.  Takes the error over. */
static struct err *
unless_denied(struct checking *c, struct err *e, const char *name)
{
	if (!err_is(e, ERR_AUTH))
		return e;
	add_unknown(c, name, err_msg(e));
	err_free(e);
	return NULL;
}

/* ---- what has to ---- */

static struct err *
want(struct checking *c, const struct node *n, const char *app_key)
{
	struct wanted w = {.app = node_get_int(n, app_key, -1)};

	TRY(answer_str(n, "context", FORGE_LINE_MAX, &w.name));
	vec_push(&c->wanted, w);
	return NULL;
}

/* Classic protection: its summary is open to all who can read. */
static struct err *
from_protection(struct checking *c, const struct node *branch)
{
	const struct node *p = node_get(branch, "protection"), *checks, *n;
	const char *level;

	if (!node_get_bool(branch, "protected", false))
		return NULL;
	if (p == NULL || p->kind != NODE_MAP) {
		add_unknown(c, "rules of the branch", "GitHub does not say what protects the branch");
		return NULL;
	}
	checks = node_get(p, "required_status_checks");
	level = node_get_str(checks, "enforcement_level");
	if (level != NULL && strcmp(level, "off") == 0)
		return NULL;
	n = node_get(checks, "checks");
	for (n = n == NULL ? NULL : n->child; n != NULL; n = n->next)
		TRY(want(c, n, "app_id"));
	n = node_get(checks, "contexts");
	for (n = n == NULL ? NULL : n->child; n != NULL; n = n->next) {
		struct wanted w = {.name = mem_strdup(node_str(n) == NULL ? "" : node_str(n)), .app = -1};

		vec_push(&c->wanted, w);
	}
	return NULL;
}

static struct err *
add_rule(void *arg, const struct node *rule)
{
	struct checking *c = arg;
	const char *type = node_get_str(rule, "type");
	const struct node *n;

	if (type == NULL || strcmp(type, "required_status_checks") != 0)
		return NULL;
	n = node_get(node_get(rule, "parameters"), "required_status_checks");
	for (n = n == NULL ? NULL : n->child; n != NULL; n = n->next)
		TRY(want(c, n, "integration_id"));
	return NULL;
}

/* Where there can be no rules: a private project on a free plan, or an old server of one's own. */
static bool
has_no_rules(const struct forge *f, const struct err *e)
{
	return (err_is(e, ERR_AUTH) && strstr(err_msg(e), "Upgrade to GitHub") != NULL) ||
	    (err_is(e, ERR_NOT_FOUND) && !f->place.known);
}

static struct err *
find_wanted(struct forge *f, const char *base, struct checking *c)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *part = branch_part(base);
	AUTO(mem_free_p) char *path = gh_path(f, "/branches/%s", part);
	AUTO(mem_free_p) char *rules = gh_path(f, "/rules/branches/%s?per_page=100", part);
	struct rest_call branch = {.what = "the base branch", .path = path, .cached = true};
	struct rest_call rule = {.what = "the rules of the base branch", .path = rules, .cached = true};
	struct err *e;

	e = rest_do(f->rest, &branch, &reply);
	if (e == NULL)
		e = rest_took(f->rest, path, from_protection(c, reply.body));
	TRY(unless_denied(c, e, "rules of the branch"));
	e = rest_each(f->rest, &rule, NULL, false, add_rule, c, NULL);
	if (has_no_rules(f, e)) {
		err_free(e);
		return NULL;
	}
	return unless_denied(c, e, "rules of the branch");
}

static void
match(struct checking *c)
{
	size_t i, k, n = c->out.n;

	for (i = 0; i < c->wanted.n; i++) {
		struct wanted *w = &c->wanted.v[i];

		for (k = 0; k < n; k++)
			if (strcmp(c->out.v[k].name, w->name) == 0 &&
			    (w->app < 0 || c->apps.v[k] < 0 || c->apps.v[k] == w->app))
				c->out.v[k].required = w->seen = true;
	}
	for (i = 0; i < c->wanted.n; i++) {
		for (k = 0; k < c->out.n && !c->wanted.v[i].seen; k++)
			if (strcmp(c->out.v[k].name, c->wanted.v[i].name) == 0 && c->out.v[k].state == CHECK_UNKNOWN)
				c->wanted.v[i].seen = true;
		if (!c->wanted.v[i].seen)
			add_unknown(c, c->wanted.v[i].name, "required, and did not report");
	}
}

struct err *
gh_checks(struct forge *f, const char *sha, const char *base, struct forge_checks *out)
{
	AUTO(checking_free) struct checking c = {0};
	AUTO(mem_free_p) char *part = gh_part(sha);
	AUTO(mem_free_p) char *runs = gh_path(f, "/commits/%s/check-runs?filter=latest&per_page=100", part);
	AUTO(mem_free_p) char *status = gh_path(f, "/commits/%s/status?per_page=100", part);
	struct rest_call a = {.what = "check runs", .path = runs, .cached = true};
	struct rest_call b = {.what = "statuses", .path = status, .cached = true};

	TRY(unless_denied(&c, rest_each(f->rest, &a, "check_runs", false, add_run, &c, NULL), "check runs"));
	TRY(unless_denied(&c, rest_each(f->rest, &b, "statuses", false, add_status, &c, NULL), "statuses"));
	TRY(find_wanted(f, base, &c));
	match(&c);
	*out = c.out;
	c.out = (struct forge_checks){0};
	return NULL;
}

struct err *
gh_status(struct forge *f, const char *sha, const char *context, enum forge_check_state state, const char *text,
    const char *url)
{
	AUTO(mem_free_p) char *part = gh_part(sha);
	AUTO(mem_free_p) char *path = gh_path(f, "/statuses/%s", part);
	AUTO(buf_free) struct buf body = BUF_INIT(64 * KIB);
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "state", state == CHECK_SUCCESS ? "success" : state == CHECK_PENDING ? "pending" :
	    state == CHECK_FAILURE ? "failure" : "error");
	jw_kstr(&w, "context", context);
	if (text != NULL) {
		jw_key(&w, "description");
		jw_strn(&w, text_cut(str_of(text), TEXT_MAX));
	}
	if (url != NULL && *url != '\0')
		jw_kstr(&w, "target_url", url);
	jw_end(&w);
	return gh_send(f, "POST", path, &body, "a status", NULL);
}

/* ---- what the base's rules keep out ---- */

struct guard {
	const char *context;
	struct forge_guard is;
};

static void
see_contexts(struct guard *g, const struct node *list)
{
	const struct node *n = NULL;
	const char *name;

	for (n = list != NULL && list->kind == NODE_LIST ? list->child : NULL; n != NULL; n = n->next) {
		name = n->kind == NODE_STRING ? node_str(n) : node_get_str(n, "context");
		g->is.status = g->is.status || (name != NULL && strcmp(name, g->context) == 0);
	}
}

static struct err *
see_rule(void *arg, const struct node *rule)
{
	struct guard *g = arg;
	const char *type = node_get_str(rule, "type");
	const struct node *p = node_get(rule, "parameters");

	if (type == NULL || strcmp(type, "required_status_checks") != 0)
		return NULL;
	g->is.whole = g->is.whole || node_get_bool(p, "strict_required_status_checks_policy", false);
	see_contexts(g, node_get(p, "required_status_checks"));
	return NULL;
}

/* Whether classic protection is strict only an administrator is told. */
static struct err *
see_protection(struct forge *f, const char *part, struct guard *g)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/branches/%s/protection", part);
	struct rest_call c = {.what = "the protection of the base branch", .path = path, .cached = true,
	    .accept = {403, 404}};
	const struct node *checks;

	TRY(rest_do(f->rest, &c, &reply));
	if (reply.status >= 400)
		return NULL;
	checks = node_get(reply.body, "required_status_checks");
	g->is.whole = g->is.whole || node_get_bool(checks, "strict", false);
	see_contexts(g, node_get(checks, "contexts"));
	see_contexts(g, node_get(checks, "checks"));
	return NULL;
}

struct err *
gh_guarded(struct forge *f, const char *base, const char *context, struct forge_guard *out)
{
	struct guard g = {.context = context};
	AUTO(mem_free_p) char *part = branch_part(base);
	AUTO(mem_free_p) char *path = gh_path(f, "/rules/branches/%s?per_page=100", part);
	struct rest_call c = {.what = "the rules of the base branch", .path = path, .cached = true};
	struct err *e = rest_each(f->rest, &c, NULL, false, see_rule, &g, NULL);

	if (!has_no_rules(f, e))
		TRY(e);
	else
		err_free(e);
	if (!g.is.status || !g.is.whole)
		TRY(see_protection(f, part, &g));
	*out = g.is;
	return NULL;
}

/* ---- landing ---- */

struct err *
gh_branch_delete(struct forge *f, const char *branch)
{
	AUTO(mem_free_p) char *part = branch_part(branch);
	AUTO(mem_free_p) char *path = gh_path(f, "/git/refs/heads/%s", part);
	AUTO(mem_free_p) char *what = mem_printf("the branch '%s'", branch);
	AUTO(buf_free) struct buf words = BUF_INIT(4 * KIB);
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct rest_call c = {.what = what, .method = "DELETE", .path = path, .accept = {422}};

	TRY(rest_do(f->rest, &c, &reply));
	if (reply.status != 422)
		return NULL;
	rest_words(&reply, &words);
	if (str_find(buf_str(&words), STR("does not exist")) >= 0)
		return NULL;
	return err_new(ERR_STATE, "GitHub does not delete the branch '%s': %s", branch, buf_cstr(&words));
}

/* Only our own branch, and only as it was merged: what came after stays. */
static struct err *
delete_head(struct forge *f, int64_t number, const char *head_sha)
{
	AUTO(forge_pull_free) struct forge_pull p = {0};

	TRY(f->api->pull(f, number, &p));
	if (p.state != FORGE_MERGED || strcasecmp(p.head_project, f->place.project) != 0 ||
	    strcmp(p.head_sha, head_sha) != 0)
		return NULL;
	return gh_branch_delete(f, p.head);
}

static struct err *
not_merged(int64_t number, const struct forge_merge *m, const struct rest_reply *reply)
{
	AUTO(buf_free) struct buf words = BUF_INIT(4 * KIB);
	bool behind;

	rest_words(reply, &words);
	/* With 405 or 409; the head that moved "was modified". */
	behind = str_find(buf_str(&words), STR("Head branch is out of date")) >= 0;
	if (behind && m->behind != NULL)
		*m->behind = true;
	return err_new(reply->status == 409 && !behind ? ERR_STALE : ERR_STATE, "GitHub does not merge pull request %lld: %s",
	    (long long)number, buf_cstr(&words));
}

struct err *
gh_merge(struct forge *f, int64_t number, const struct forge_merge *m, char **sha)
{
	static const char *const methods[] = {[FORGE_SQUASH] = "squash", [FORGE_MERGE] = "merge", [FORGE_REBASE] = "rebase"};
	AUTO(mem_free_p) char *path = gh_path(f, "/pulls/%lld/merge", (long long)number);
	AUTO(mem_free_p) char *what = mem_printf("the merge of %lld", (long long)number);
	AUTO(mem_free_p) char *id = NULL;
	AUTO(buf_free) struct buf body = BUF_INIT(2 * FORGE_TEXT_MAX);
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct rest_call c = {.what = what, .method = "PUT", .path = path, .accept = {405, 409, 422}};
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "merge_method", methods[m->method]);
	jw_kstr(&w, "sha", m->head_sha);
	if (m->method != FORGE_REBASE && m->title != NULL)
		jw_kstr(&w, "commit_title", m->title);
	if (m->method != FORGE_REBASE && m->message != NULL)
		jw_kstr(&w, "commit_message", m->message);
	jw_end(&w);
	TRY(buf_check(&body, "the merge's message"));
	c.body = buf_str(&body);
	TRY(rest_do(f->rest, &c, &reply));
	if (reply.status >= 400 || !node_get_bool(reply.body, "merged", false))
		return not_merged(number, m, &reply);
	TRY(answer_sha(reply.body, "sha", &id));
	if (m->delete_branch)
		err_ignore(delete_head(f, number, m->head_sha));
	if (sha != NULL)
		*sha = STEAL(id);
	return NULL;
}
