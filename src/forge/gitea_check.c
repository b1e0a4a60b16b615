#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/gitea_in.h"

static bool
verdict_of(const char *state, bool dismissed, enum forge_verdict *out)
{
	static const struct {
		const char *word;
		enum forge_verdict verdict;
	} rows[] = {{"APPROVED", REVIEW_APPROVED}, {"REQUEST_CHANGES", REVIEW_CHANGES}, {"COMMENT", REVIEW_COMMENTED},
	    {"PENDING", REVIEW_PENDING}};
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		if (strcmp(rows[i].word, state) == 0) {
			*out = dismissed ? REVIEW_DISMISSED : rows[i].verdict;
			return true;
		}
	}
	return false;	/* REQUEST_REVIEW: somebody was asked */
}

static struct err *
take_review(void *arg, const struct node *n)
{
	AUTO(forge_review_free) struct forge_review r = {0};
	struct forge_reviews *all = arg;
	const char *state = node_get_str(n, "state");
	bool dismissed = false;

	TRY(answer_bool(n, "dismissed", &dismissed));
	if (state == NULL || !verdict_of(state, dismissed, &r.verdict))
		return NULL;
	TRY(answer_id(n, "id", &r.id));
	TRY(gitea_user(n, "user", &r.author));
	TRY(answer_sha(n, "commit_id", &r.commit));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &r.body));
	TRY(answer_time(n, "submitted_at", &r.when));
	r.remarks = node_get_int(n, "comments_count", -1);
	vec_push(all, r);
	r = (struct forge_review){0};
	return NULL;
}

struct err *
gitea_reviews(struct forge *f, int64_t number, struct forge_reviews *out)
{
	AUTO(forge_reviews_free) struct forge_reviews all = {0};
	AUTO(ask_free) struct ask a = {0};
	struct err *e;

	ask_open(&a, f, NULL, "the reviews of pull request %" PRId64, number);
	gitea_repo(&a);
	ask_path(&a, "/pulls/%" PRId64 "/reviews", number);
	gitea_pages(&a);
	e = ask_each(&a, false, take_review, &all, NULL);
	if (err_is(e, ERR_AUTH) || err_is(e, ERR_NOT_FOUND))
		return err_hint(e, "give the token the scope 'read:repository', and its user access to pull requests");
	TRY(e);
	*out = all;
	all = (struct forge_reviews){0};
	return NULL;
}

/* On a line that was taken away only its place in the old file is told. */
static struct err *
take_remark(void *arg, const struct node *n)
{
	AUTO(forge_comment_free) struct forge_comment c = {0};
	struct forge_comments *all = arg;
	const struct node *resolver = node_get(n, "resolver");

	TRY(answer_id(n, "id", &c.id));
	TRY(gitea_user(n, "user", &c.author));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &c.body));
	TRY(answer_text(n, "html_url", FORGE_LINE_MAX, &c.url));
	TRY(answer_time(n, "created_at", &c.created));
	TRY(answer_time(n, "updated_at", &c.updated));
	TRY(answer_text(n, "path", FORGE_LINE_MAX, &c.path));
	TRY(answer_sha(n, "commit_id", &c.commit));
	c.line = node_get_int(n, "position", 0);
	c.line = c.line > 0 ? c.line : node_get_int(n, "original_position", 0);
	c.resolved = resolver != NULL && resolver->kind == NODE_MAP;
	vec_push(all, c);
	c = (struct forge_comment){0};
	return NULL;
}

/* Remarks are asked for review by review; most have none. */
static struct err *
remarks_of(struct forge *f, int64_t number, const struct forge_review *r, struct forge_comments *all)
{
	AUTO(ask_free) struct ask a = {0};

	if (r->remarks == 0)
		return NULL;
	ask_open(&a, f, NULL, "the remarks of review %s", r->id);
	gitea_repo(&a);
	ask_path(&a, "/pulls/%" PRId64 "/reviews/%s/comments", number, r->id);
	return ask_each(&a, false, take_remark, all, NULL);
}

struct err *
gitea_remarks(struct forge *f, int64_t number, const struct forge_reviews *known, struct forge_comments *out)
{
	AUTO(forge_reviews_free) struct forge_reviews read = {0};
	AUTO(forge_comments_free) struct forge_comments all = {0};
	size_t i;

	if (known == NULL)
		TRY(gitea_reviews(f, number, &read));
	if (known == NULL)
		known = &read;
	for (i = 0; i < known->n; i++)
		TRY(remarks_of(f, number, &known->v[i], &all));
	*out = all;
	all = (struct forge_comments){0};
	return NULL;
}

static enum forge_check_state
state_of(const char *word)
{
	static const struct {
		const char *word;
		enum forge_check_state state;
	} rows[] = {{"success", CHECK_SUCCESS}, {"pending", CHECK_PENDING}, {"failure", CHECK_FAILURE},
	    {"error", CHECK_FAILURE}, {"warning", CHECK_FAILURE}, {"skipped", CHECK_SKIPPED}};
	size_t i;

	for (i = 0; i < NITEMS(rows); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].state;
	return CHECK_UNKNOWN;
}

struct statuses {
	struct forge_checks all;
	VEC(int64_t) ids;	/* of the newest of each name */
};

static void
statuses_free(struct statuses *s)
{
	forge_checks_free(&s->all);
	vec_free(&s->ids);
}

/* All that were ever set come, in this list under 'status': the newest of each context counts. */
static struct err *
take_status(void *arg, const struct node *n)
{
	AUTO(forge_check_free) struct forge_check c = {0};
	AUTO(mem_free_p) char *word = NULL;
	struct statuses *s = arg;
	int64_t id = 0;
	size_t i;

	TRY(answer_int(n, "id", &id));
	TRY(answer_str(n, "context", FORGE_LINE_MAX, &c.name));
	TRY(answer_str(n, "status", FORGE_LINE_MAX, &word));
	TRY(answer_text(n, "target_url", FORGE_LINE_MAX, &c.url));
	TRY(answer_text(n, "description", FORGE_TEXT_MAX, &c.text));
	c.state = state_of(word);
	for (i = 0; i < s->all.n && strcmp(s->all.v[i].name, c.name) != 0; i++)
		;
	if (i == s->all.n) {
		vec_push(&s->all, c);
		vec_push(&s->ids, id);
	} else if (id > s->ids.v[i]) {
		forge_check_free(&s->all.v[i]);
		s->all.v[i] = c;
		s->ids.v[i] = id;
	} else {
		return NULL;
	}
	c = (struct forge_check){0};
	return NULL;
}

static void
push_unknown(struct forge_checks *all, const char *name, const char *text)
{
	struct forge_check c = {.name = mem_strdup(name), .state = CHECK_UNKNOWN, .required = true,
	    .url = mem_strdup(""), .text = mem_strdup(text)};

	vec_push(all, c);
}

/* Required ones are patterns, in which '*' stands for slashes too. */
static void
require(struct forge_checks *all, const char *pattern)
{
	bool found = false;
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (strcmp(all->v[i].name, pattern) == 0 || fnmatch(pattern, all->v[i].name, 0) == 0) {
			all->v[i].required = true;
			found = true;
		}
	}
	if (!found)
		push_unknown(all, pattern, "required by the branch, and nobody has reported it");
}

static struct err *
apply_rules(struct forge *f, const char *base, struct forge_checks *all)
{
	AUTO(strs_free) struct strs patterns = {0};
	AUTO(ask_free) struct ask a = {0};
	const struct node *enabled;
	size_t i;

	ask_open(&a, f, NULL, "the branch '%s'", base);
	gitea_repo(&a);
	ask_path(&a, "/branches/");
	gitea_branch(&a, base);
	TRY(ask_send(&a));
	enabled = node_get(a.reply.body, "enable_status_check");
	if (enabled == NULL || enabled->kind != NODE_BOOL) {
		push_unknown(all, "rules of the branch", "they may not be read");
		return NULL;
	}
	if (!enabled->boolean)
		return NULL;
	TRY(answer_strs(a.reply.body, "status_check_contexts", NULL, &patterns));
	for (i = 0; i < patterns.n; i++)
		require(all, patterns.v[i]);
	/* No pattern: every one that reports counts, and one has to. */
	if (patterns.n == 0 && all->n == 0)
		push_unknown(all, "status check", "the branch requires one, and nobody has reported any");
	for (i = 0; patterns.n == 0 && i < all->n; i++)
		all->v[i].required = true;
	return NULL;
}

struct err *
gitea_checks(struct forge *f, const char *sha, const char *base, struct forge_checks *out)
{
	AUTO(statuses_free) struct statuses s = {0};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the checks of %.12s", sha);
	gitea_repo(&a);
	ask_path(&a, "/statuses/%s", sha);
	ask_query(&a, "limit", GITEA_PAGE);
	TRY(ask_each(&a, false, take_status, &s, NULL));
	TRY(apply_rules(f, base, &s.all));
	*out = s.all;
	s.all = (struct forge_checks){0};
	return NULL;
}

static const char *
word_of(enum forge_check_state s)
{
	switch (s) {
	case CHECK_SUCCESS:
	case CHECK_NEUTRAL:
	case CHECK_SKIPPED:
		return "success";
	case CHECK_FAILURE:
		return "failure";
	case CHECK_CANCELLED:
	case CHECK_TIMED_OUT:
		return "error";
	default:
		return "pending";
	}
}

struct err *
gitea_status(struct forge *f, const char *sha, const char *context, enum forge_check_state state, const char *text,
    const char *url)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "the status '%s' of %.12s", context, sha);
	gitea_repo(&a);
	ask_path(&a, "/statuses/%s", sha);
	ask_str(&a, "state", word_of(state));
	ask_str(&a, "context", context);
	ask_str(&a, "description", text);
	ask_str(&a, "target_url", url);
	return ask_send(&a);
}

/* Each version knows the words with capitals. The branch goes apart: when that fails the merge has been done. */
static void
ask_merge(struct ask *a, struct forge *f, int64_t number, const struct forge_merge *m)
{
	static const char *const ways[] = {[FORGE_SQUASH] = "squash", [FORGE_MERGE] = "merge", [FORGE_REBASE] = "rebase"};

	ask_open(a, f, "POST", "merging pull request %" PRId64, number);
	gitea_repo(a);
	ask_path(a, "/pulls/%" PRId64 "/merge", number);
	ask_str(a, "Do", ways[m->method]);
	ask_str(a, "MergeTitleField", m->title);
	ask_str(a, "MergeMessageField", m->message);
	ask_str(a, "head_commit_id", m->head_sha);
	a->call.accept[0] = 405;
	a->call.accept[1] = 409;
}

static struct err *
merge_refused(struct ask *a, const struct forge_merge *m)
{
	if (m->behind != NULL && ask_said(a, "behind the base branch"))
		*m->behind = true;
	return ask_refused(a, a->reply.status == 409 && ask_said(a, "head out of date") ? ERR_STALE : ERR_STATE);
}

static struct err *
merge_now(struct forge *f, int64_t number, const struct forge_merge *m)
{
	AUTO(ask_free) struct ask a = {0};

	ask_merge(&a, f, number, m);
	TRY(ask_send(&a));
	return a.reply.status / 100 == 2 ? NULL : merge_refused(&a, m);
}

struct err *
gitea_auto_merge(struct forge *f, const struct forge_pull *p, const struct forge_merge *m)
{
	AUTO(ask_free) struct ask a = {0};

	ask_merge(&a, f, p->number, m);
	ask_flag(&a, "merge_when_checks_succeed", true);
	TRY(ask_send(&a));
	if (a.reply.status / 100 == 2 || (a.reply.status == 409 && ask_said(&a, "already scheduled")))
		return NULL;
	return merge_refused(&a, m);
}

struct err *
gitea_auto_merge_off(struct forge *f, const struct forge_pull *p)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "DELETE", "no merge of pull request %" PRId64 " in due time", p->number);
	gitea_repo(&a);
	ask_path(&a, "/pulls/%" PRId64 "/merge", p->number);
	a.call.accept[0] = 404;
	return ask_send(&a);
}

struct err *
gitea_guarded(struct forge *f, const char *base, const char *context, struct forge_guard *out)
{
	AUTO(strs_free) struct strs contexts = {0};
	AUTO(ask_free) struct ask a = {0};
	bool enabled = false, strict = false;

	ask_open(&a, f, NULL, "the protection of '%s'", base);
	gitea_repo(&a);
	ask_path(&a, "/branch_protections/");
	gitea_branch(&a, base);
	a.call.accept[0] = 403;
	a.call.accept[1] = 404;
	TRY(ask_send(&a));
	if (a.reply.status / 100 == 2) {
		TRY(answer_bool(a.reply.body, "enable_status_check", &enabled));
		TRY(answer_bool(a.reply.body, "block_on_outdated_branch", &strict));
		TRY(answer_strs(a.reply.body, "status_check_contexts", NULL, &contexts));
	}
	*out = (struct forge_guard){.status = enabled && strs_has(&contexts, context), .whole = strict};
	return NULL;
}

struct err *
gitea_merge(struct forge *f, int64_t number, const struct forge_merge *m, char **sha)
{
	AUTO(forge_pull_free) struct forge_pull p = {0};

	TRY(merge_now(f, number, m));
	TRY(gitea_pull(f, number, &p));
	if (p.state != FORGE_MERGED)
		return err_new(ERR_STATE, "%s: pull request %" PRId64 " is not merged yet", f->api->name, number);
	if (m->delete_branch && strcasecmp(p.head_project, f->place.project) == 0)
		err_ignore(gitea_branch_delete(f, p.head));
	*sha = STEAL(p.merge_sha);
	return NULL;
}
