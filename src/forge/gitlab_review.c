#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/gitlab_in.h"

struct ids {
	VEC_FIELDS(int64_t);
};

static void
ids_free(struct ids *v)
{
	vec_free(v);
}

static void
ids_add(struct ids *v, int64_t id)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (v->v[i] == id)
			return;
	vec_push(v, id);
}

/* Those who are asked already: a list that is sent replaces the one that is there. */
static struct err *
asked_already(struct forge *f, int64_t number, struct ids *out)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *n = NULL;
	int64_t id = 0;

	ask_open(&a, f, NULL, "merge request %" PRId64, number);
	gitlab_item(&a, FORGE_OF_PULL(number));
	TRY(ask_send(&a));
	while (ask_next(node_get(a.reply.body, "reviewers"), &n)) {
		TRY(answer_int(n, "id", &id));
		ids_add(out, id);
	}
	return NULL;
}

struct err *
gitlab_pull_reviewers(struct forge *f, int64_t number, const struct strs *logins, const struct strs *teams)
{
	AUTO(ids_free) struct ids all = {0};
	AUTO(ask_free) struct ask a = {0};
	size_t i, before;
	int64_t id = 0;

	if (teams != NULL && teams->n > 0)
		return err_hint(err_new(ERR_DENIED, "GitLab cannot ask the team '%s' to review", teams->v[0]),
		    "name people");
	TRY(asked_already(f, number, &all));
	before = all.n;
	for (i = 0; logins != NULL && i < logins->n; i++) {
		struct err *e = gitlab_user_id(f, logins->v[i], &id);

		TRY(err_is(e, ERR_NOT_FOUND) ? err_recode(e, ERR_DENIED) : e);
		ids_add(&all, id);
	}
	if (all.n == before)
		return NULL;
	ask_open(&a, f, "PUT", "the reviewers of merge request %" PRId64, number);
	gitlab_item(&a, FORGE_OF_PULL(number));
	ask_list(&a, "reviewer_ids");
	for (i = 0; i < all.n; i++)
		jw_int(&a.json, all.v[i]);
	jw_end(&a.json);
	return ask_send(&a);
}

static struct err *
push_review(struct forge_reviews *all, enum forge_verdict verdict, const char *kind, const struct node *n,
    const char *when)
{
	AUTO(forge_review_free) struct forge_review r = {.verdict = verdict, .remarks = -1};

	TRY(gitlab_user(n, "user", &r.author));
	TRY(answer_time(n, when, &r.when));
	r.id = mem_printf("%s:%s", kind, r.author.id);
	r.commit = mem_strdup("");
	r.body = mem_strdup("");
	vec_push(all, r);
	r = (struct forge_review){0};
	return NULL;
}

/* Who asked for changes, and who looked and said nothing; approvals have a list of their own. */
static struct err *
take_reviewer(void *arg, const struct node *n)
{
	const char *state = node_get_str(n, "state");

	if (state != NULL && strcmp(state, "requested_changes") == 0)
		return push_review(arg, REVIEW_CHANGES, "changes", n, "created_at");
	if (state != NULL && strcmp(state, "reviewed") == 0)
		return push_review(arg, REVIEW_COMMENTED, "reviewed", n, "created_at");
	return NULL;
}

static struct err *
read_reviews(struct forge *f, int64_t number, struct forge_reviews *all)
{
	AUTO(ask_free) struct ask people = {0}, approvals = {0};
	const struct node *n = NULL;

	ask_open(&people, f, NULL, "the reviewers of merge request %" PRId64, number);
	gitlab_item(&people, FORGE_OF_PULL(number));
	ask_path(&people, "/reviewers");
	people.call.cached = true;
	TRY(ask_each(&people, false, take_reviewer, all, NULL));
	ask_open(&approvals, f, NULL, "the approvals of merge request %" PRId64, number);
	gitlab_item(&approvals, FORGE_OF_PULL(number));
	ask_path(&approvals, "/approvals");
	approvals.call.cached = true;
	TRY(ask_send(&approvals));
	while (ask_next(node_get(approvals.reply.body, "approved_by"), &n))
		TRY(ask_took(&approvals, push_review(all, REVIEW_APPROVED, "approval", n, "approved_at")));
	return NULL;
}

struct err *
gitlab_reviews(struct forge *f, int64_t number, struct forge_reviews *out)
{
	AUTO(forge_reviews_free) struct forge_reviews all = {0};
	struct err *e = read_reviews(f, number, &all);

	if (err_is(e, ERR_AUTH) || err_is(e, ERR_NOT_FOUND))
		return err_hint(e, "give the token the scope 'read_api' or 'api', and its user the role Developer in the project");
	TRY(e);
	*out = all;
	all = (struct forge_reviews){0};
	return NULL;
}

struct remarks {
	struct forge_comments all;
	const struct forge *f;
	int64_t number;
};

static void
remarks_free(struct remarks *r)
{
	forge_comments_free(&r->all);
}

/* A remark on a line that was taken away is on a line of the old file. */
static struct err *
read_position(const struct node *position, struct forge_comment *c)
{
	bool is_new = node_get_int(position, "new_line", 0) > 0;

	TRY(answer_text(position, is_new ? "new_path" : "old_path", FORGE_LINE_MAX, &c->path));
	c->line = node_get_int(position, is_new ? "new_line" : "old_line", 0);
	return answer_sha(position, "head_sha", &c->commit);
}

static struct err *
take_remark(struct remarks *r, const struct node *n)
{
	AUTO(forge_comment_free) struct forge_comment c = {0};
	const struct node *position = node_get(n, "position");

	if (position == NULL || position->kind != NODE_MAP || node_get_bool(n, "system", false))
		return NULL;
	TRY(answer_id(n, "id", &c.id));
	TRY(gitlab_user(n, "author", &c.author));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &c.body));
	TRY(answer_time(n, "created_at", &c.created));
	TRY(answer_time(n, "updated_at", &c.updated));
	TRY(answer_bool(n, "resolved", &c.resolved));
	TRY(read_position(position, &c));
	c.url = mem_printf("%s/-/merge_requests/%" PRId64 "#note_%s", r->f->place.web, r->number, c.id);
	vec_push(&r->all, c);
	c = (struct forge_comment){0};
	return NULL;
}

static struct err *
take_discussion(void *arg, const struct node *discussion)
{
	const struct node *n = NULL;

	while (ask_next(node_get(discussion, "notes"), &n))
		TRY(take_remark(arg, n));
	return NULL;
}

struct err *
gitlab_remarks(struct forge *f, int64_t number, const struct forge_reviews *known UNUSED, struct forge_comments *out)
{
	AUTO(remarks_free) struct remarks r = {.f = f, .number = number};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the discussions of merge request %" PRId64, number);
	gitlab_item(&a, FORGE_OF_PULL(number));
	ask_path(&a, "/discussions");
	ask_query(&a, "per_page", "100");
	a.call.cached = true;
	TRY(ask_each(&a, false, take_discussion, &r, NULL));
	*out = r.all;
	r.all = (struct forge_comments){0};
	return NULL;
}
