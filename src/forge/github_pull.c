#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/answer.h"
#include "forge/github_part.h"

#define PAGE "per_page=100"

/* ---- what its answers say ---- */

static struct err *
read_head(const struct node *n, struct forge_pull *p)
{
	const struct node *head = node_get(n, "head"), *repo = node_get(head, "repo");

	TRY(answer_str(head, "ref", FORGE_LINE_MAX, &p->head));
	TRY(answer_sha(head, "sha", &p->head_sha));
	TRY(answer_str(node_get(n, "base"), "ref", FORGE_LINE_MAX, &p->base));
	/* A fork that is gone is null. */
	if (repo != NULL && repo->kind == NODE_MAP)
		return answer_str(repo, "full_name", FORGE_LINE_MAX, &p->head_project);
	p->head_project = mem_strdup("");
	return NULL;
}

static struct err *
read_end(const struct node *n, struct forge_pull *p)
{
	const char *state = node_get_str(n, "state");
	int64_t merged = 0;
	AUTO(forge_user_free) struct forge_user by = {0};

	TRY(answer_time(n, "merged_at", &merged));
	p->state = merged != 0 ? FORGE_MERGED : state != NULL && strcmp(state, "open") == 0 ? FORGE_OPEN : FORGE_CLOSED;
	if (p->state == FORGE_MERGED)
		TRY(answer_sha(n, "merge_commit_sha", &p->merge_sha));
	else
		p->merge_sha = mem_strdup("");
	TRY(gh_user(n, "merged_by", &by));
	p->closed_by = STEAL(by.login);
	return NULL;
}

static enum forge_tri
tri(const struct node *n)
{
	return n == NULL || n->kind != NODE_BOOL ? TRI_UNKNOWN : n->boolean ? TRI_YES : TRI_NO;
}

static enum forge_tri
waits(const struct node *n)
{
	return n == NULL ? TRI_UNKNOWN : n->kind == NODE_MAP ? TRI_YES : TRI_NO;
}

struct err *
gh_read_pull(const struct node *n, struct forge_pull *out)
{
	AUTO(forge_pull_free) struct forge_pull p = {0};
	AUTO(mem_free_p) char *state = NULL;

	TRY(answer_int(n, "number", &p.number));
	TRY(answer_str(n, "node_id", FORGE_LINE_MAX, &p.id));
	TRY(answer_str(n, "title", FORGE_LINE_MAX, &p.title));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &p.body));
	TRY(answer_str(n, "html_url", FORGE_LINE_MAX, &p.url));
	TRY(gh_user(n, "user", &p.author));
	TRY(answer_bool(n, "draft", &p.draft));
	TRY(read_head(n, &p));
	TRY(read_end(n, &p));
	TRY(gh_labels(n, &p.labels));
	TRY(answer_strs(n, "requested_reviewers", "login", &p.reviewers));
	TRY(answer_time(n, "created_at", &p.created));
	TRY(answer_time(n, "updated_at", &p.updated));
	p.mergeable = tri(node_get(n, "mergeable"));
	p.waits = waits(node_get(n, "auto_merge"));
	/* Said only where the rules ask for it, and where nothing else is in the way. */
	TRY(answer_text(n, "mergeable_state", FORGE_LINE_MAX, &state));
	p.behind = strcmp(state, "behind") == 0;
	*out = p;
	p = (struct forge_pull){0};
	return NULL;
}

static enum forge_verdict
verdict_of(const char *state)
{
	static const char *const words[] = {[REVIEW_COMMENTED] = "COMMENTED", [REVIEW_APPROVED] = "APPROVED",
	    [REVIEW_CHANGES] = "CHANGES_REQUESTED", [REVIEW_DISMISSED] = "DISMISSED", [REVIEW_PENDING] = "PENDING"};
	size_t i;

	for (i = 0; i < NITEMS(words); i++)
		if (strcmp(words[i], state) == 0)
			return (enum forge_verdict)i;
	return REVIEW_COMMENTED;
}

struct err *
gh_read_review(const struct node *n, struct forge_review *out)
{
	AUTO(forge_review_free) struct forge_review r = {.remarks = -1};
	AUTO(mem_free_p) char *state = NULL;

	TRY(answer_id(n, "id", &r.id));
	TRY(gh_user(n, "user", &r.author));
	TRY(answer_str(n, "state", FORGE_LINE_MAX, &state));
	TRY(answer_sha(n, "commit_id", &r.commit));
	TRY(answer_cut(n, "body", FORGE_TEXT_MAX, &r.body));
	TRY(answer_time(n, "submitted_at", &r.when));
	r.verdict = verdict_of(state);
	*out = r;
	r = (struct forge_review){0};
	return NULL;
}

/* ---- what is asked and done ---- */

static struct err *
add_pull(void *arg, const struct node *n)
{
	struct forge_pulls *v = arg;
	struct forge_pull p = {0};
	size_t k;

	TRY(gh_read_pull(n, &p));
	for (k = 0; k < v->n; k++)
		if (v->v[k].number == p.number) {
			forge_pull_free(&p);
			return NULL;
		}
	vec_push(v, p);
	return NULL;
}

struct err *
gh_pull_by_head(struct forge *f, const char *head, const char *base, struct forge_pull *out)
{
	AUTO(forge_pulls_free) struct forge_pulls v = {0};
	AUTO(buf_free) struct buf path = BUF_INIT(16 * KIB);
	struct rest_call c = {.what = "pull requests of a branch", .cached = true};
	size_t i, best = 0;

	buf_addf(&path, "/repos/%s/pulls?state=all&sort=created&direction=desc&" PAGE "&head=%.*s:", f->place.project,
	    (int)strcspn(f->place.project, "/"), f->place.project);
	rest_part(&path, head);
	if (base != NULL) {
		buf_adds(&path, "&base=");
		rest_part(&path, base);
	}
	c.path = buf_cstr(&path);
	TRY(rest_each(f->rest, &c, NULL, false, add_pull, &v, NULL));
	/* The filter is not believed: without an owner's name GitHub leaves it out silently. */
	for (i = v.n; i > 0; i--)
		if (strcmp(v.v[i - 1].head, head) != 0 || strcasecmp(v.v[i - 1].head_project, f->place.project) != 0 ||
		    (base != NULL && strcmp(v.v[i - 1].base, base) != 0)) {
			forge_pull_free(&v.v[i - 1]);
			vec_drop(&v, i - 1);
		}
	if (v.n == 0)
		return err_new(ERR_NOT_FOUND, "there is no pull request for the branch '%s'", head);
	for (i = 1; i < v.n; i++)
		if ((v.v[i].state == FORGE_OPEN) != (v.v[best].state == FORGE_OPEN) ? v.v[i].state == FORGE_OPEN :
		    v.v[i].number > v.v[best].number)
			best = i;
	*out = v.v[best];
	v.v[best] = (struct forge_pull){0};
	return NULL;
}

struct err *
gh_pull(struct forge *f, int64_t number, struct forge_pull *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/pulls/%lld", (long long)number);
	AUTO(mem_free_p) char *what = mem_printf("pull request %lld", (long long)number);

	TRY(gh_get(f, path, what, &reply));
	return rest_took(f->rest, path, gh_read_pull(reply.body, out));
}

struct err *
gh_pulls(struct forge *f, struct forge_pulls *out, bool *unchanged)
{
	AUTO(forge_pulls_free) struct forge_pulls v = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/pulls?state=open&sort=updated&direction=desc&" PAGE);
	struct rest_call c = {.what = "pull requests", .path = path, .cached = true};

	TRY(rest_each(f->rest, &c, NULL, true, add_pull, &v, unchanged));
	*out = v;
	v = (struct forge_pulls){0};
	return NULL;
}

struct err *
gh_pull_add(struct forge *f, const struct forge_new_pull *p, struct forge_pull *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/pulls");
	AUTO(buf_free) struct buf body = BUF_INIT(2 * FORGE_TEXT_MAX), words = BUF_INIT(4 * KIB);
	struct rest_call c = {.what = "a new pull request", .method = "POST", .path = path, .accept = {422}};
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "title", p->title);
	jw_kstr(&w, "head", p->head);
	jw_kstr(&w, "base", p->base);
	jw_kstr(&w, "body", p->body);
	jw_kbool(&w, "draft", p->draft);
	jw_kbool(&w, "maintainer_can_modify", true);
	jw_end(&w);
	TRY(buf_check(&body, "the pull request's text"));
	c.body = buf_str(&body);
	TRY(rest_do(f->rest, &c, &reply));
	if (reply.status != 422)
		return gh_read_pull(reply.body, out);
	rest_words(&reply, &words);
	return err_new(str_find(buf_str(&words), STR("already exists")) >= 0 ? ERR_EXISTS : ERR_STATE,
	    "GitHub takes no pull request of '%s' for '%s': %s", p->head, p->base, buf_cstr(&words));
}

struct err *
gh_pull_edit(struct forge *f, int64_t number, const struct forge_pull_edit *p, struct forge_pull *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/pulls/%lld", (long long)number);
	AUTO(mem_free_p) char *what = mem_printf("pull request %lld", (long long)number);
	AUTO(buf_free) struct buf body = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	if (p->title != NULL)
		jw_kstr(&w, "title", p->title);
	if (p->body != NULL)
		jw_kstr(&w, "body", p->body);
	if (p->base != NULL)
		jw_kstr(&w, "base", p->base);
	if (p->close)
		jw_kstr(&w, "state", "closed");
	jw_end(&w);
	TRY(gh_send(f, "PATCH", path, &body, what, &reply));
	return out == NULL ? NULL : gh_read_pull(reply.body, out);
}

struct err *
gh_pull_labels(struct forge *f, int64_t number, const struct strs *add)
{
	return add == NULL || add->n == 0 ? NULL : gh_label_add(f, number, add);
}

struct err *
gh_pull_reviewers(struct forge *f, int64_t number, const struct strs *logins, const struct strs *teams)
{
	AUTO(mem_free_p) char *path = gh_path(f, "/pulls/%lld/requested_reviewers", (long long)number);
	AUTO(mem_free_p) char *what = mem_printf("reviewers of %lld", (long long)number);
	AUTO(buf_free) struct buf body = BUF_INIT(MIB), words = BUF_INIT(4 * KIB);
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct rest_call c = {.what = what, .method = "POST", .path = path, .accept = {422}};
	struct jw w;

	if ((logins == NULL || logins->n == 0) && (teams == NULL || teams->n == 0))
		return NULL;
	jw_init(&w, &body, false);
	jw_obj(&w);
	gh_strs(&w, "reviewers", logins);
	gh_strs(&w, "team_reviewers", teams);
	jw_end(&w);
	c.body = buf_str(&body);
	TRY(rest_do(f->rest, &c, &reply));
	if (reply.status != 422)
		return NULL;
	rest_words(&reply, &words);
	return err_new(ERR_DENIED, "GitHub does not ask all of these reviewers of %lld: %s", (long long)number,
	    buf_cstr(&words));
}

static struct err *
add_review(void *arg, const struct node *n)
{
	struct forge_reviews *v = arg;
	struct forge_review r = {0};

	TRY(gh_read_review(n, &r));
	vec_push(v, r);
	return NULL;
}

struct err *
gh_reviews(struct forge *f, int64_t number, struct forge_reviews *out)
{
	AUTO(forge_reviews_free) struct forge_reviews v = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/pulls/%lld/reviews?" PAGE, (long long)number);
	AUTO(mem_free_p) char *what = mem_printf("reviews of %lld", (long long)number);
	struct rest_call c = {.what = what, .path = path, .cached = true};
	struct err *e = rest_each(f->rest, &c, NULL, false, add_review, &v, NULL);

	if (err_is(e, ERR_AUTH) || err_is(e, ERR_NOT_FOUND))
		return err_hint(e, "give the token the permission 'pull_requests: read', or a classic one the scope 'repo'");
	TRY(e);
	*out = v;
	v = (struct forge_reviews){0};
	return NULL;
}
