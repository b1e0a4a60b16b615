#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/gitlab_in.h"

#define DRAFT "Draft: "

/* Is the text in the way of a merge? Rules that are not met yet are no conflict. */
static enum forge_tri
mergeable(const char *status)
{
	static const char *const unknown[] = {"", "unchecked", "checking", "preparing", "approvals_syncing"};
	static const char *const no[] = {"conflict", "broken_status", "commits_status", "not_open"};
	size_t i;

	for (i = 0; i < NITEMS(unknown); i++)
		if (strcmp(status, unknown[i]) == 0)
			return TRI_UNKNOWN;
	for (i = 0; i < NITEMS(no); i++)
		if (strcmp(status, no[i]) == 0)
			return TRI_NO;
	return TRI_YES;
}

/* By a merge commit, a squash onto the base, or a fast forward to the head. */
static struct err *
merged_as(const struct node *n, const char *head_sha, char **out)
{
	AUTO(mem_free_p) char *merge = NULL, *squash = NULL;

	TRY(answer_sha(n, "merge_commit_sha", &merge));
	TRY(answer_sha(n, "squash_commit_sha", &squash));
	free(*out);
	*out = mem_strdup(merge[0] != '\0' ? merge : squash[0] != '\0' ? squash : head_sha);
	return NULL;
}

/* A request from a fork names its project by a number alone. */
static struct err *
head_project(const struct node *n, const struct forge *f, char **out)
{
	int64_t from = node_get_int(n, "source_project_id", 0), to = node_get_int(n, "target_project_id", -1);

	*out = from == to ? mem_strdup(f->place.project) : from > 0 ? mem_printf("%" PRId64, from) : mem_strdup("");
	return NULL;
}

static struct err *
read_state(const struct node *n, struct forge_pull *p)
{
	AUTO(mem_free_p) char *state = NULL, *status = NULL;
	AUTO(forge_user_free) struct forge_user who = {0};

	TRY(answer_str(n, "state", FORGE_LINE_MAX, &state));
	p->state = strcmp(state, "merged") == 0 ? FORGE_MERGED : strcmp(state, "closed") == 0 ? FORGE_CLOSED : FORGE_OPEN;
	TRY(answer_text(n, "detailed_merge_status", FORGE_LINE_MAX, &status));
	p->mergeable = p->state == FORGE_OPEN ? mergeable(status) : TRI_UNKNOWN;
	p->behind = strcmp(status, "need_rebase") == 0;
	TRY(gitlab_user(n, p->state == FORGE_MERGED ? "merged_by" : "closed_by", &who));
	p->closed_by = p->state == FORGE_OPEN ? mem_strdup("") : STEAL(who.login);
	p->merge_sha = mem_strdup("");
	return p->state == FORGE_MERGED ? merged_as(n, p->head_sha, &p->merge_sha) : NULL;
}

static struct err *
read_pull(const struct node *n, const struct forge *f, struct forge_pull *out)
{
	AUTO(forge_pull_free) struct forge_pull p = {0};
	const struct node *waits;

	TRY(answer_int(n, "iid", &p.number));
	TRY(answer_id(n, "id", &p.id));
	TRY(answer_str(n, "title", FORGE_LINE_MAX, &p.title));
	TRY(answer_bool(n, "draft", &p.draft));
	if (p.draft && str_starts(str_of(p.title), DRAFT))
		memmove(p.title, p.title + strlen(DRAFT), strlen(p.title) - strlen(DRAFT) + 1);
	TRY(answer_text(n, "description", FORGE_TEXT_MAX, &p.body));
	TRY(answer_str(n, "web_url", FORGE_LINE_MAX, &p.url));
	TRY(gitlab_user(n, "author", &p.author));
	TRY(answer_str(n, "source_branch", FORGE_LINE_MAX, &p.head));
	TRY(answer_str(n, "target_branch", FORGE_LINE_MAX, &p.base));
	TRY(answer_sha(n, "sha", &p.head_sha));
	TRY(head_project(n, f, &p.head_project));
	TRY(read_state(n, &p));
	waits = node_get(n, "merge_when_pipeline_succeeds");
	p.waits = waits == NULL || waits->kind != NODE_BOOL ? TRI_UNKNOWN : waits->boolean ? TRI_YES : TRI_NO;
	TRY(answer_strs(n, "labels", NULL, &p.labels));
	TRY(answer_strs(n, "reviewers", "username", &p.reviewers));
	TRY(answer_time(n, "created_at", &p.created));
	TRY(answer_time(n, "updated_at", &p.updated));
	*out = p;
	p = (struct forge_pull){0};
	return NULL;
}

struct pull_list {
	const struct forge *f;
	struct forge_pulls all;
};

static void
pull_list_free(struct pull_list *l)
{
	forge_pulls_free(&l->all);
}

static struct err *
take_pull(void *arg, const struct node *n)
{
	struct pull_list *l = arg;
	struct forge_pull one = {0};

	TRY(read_pull(n, l->f, &one));
	vec_push(&l->all, one);
	return NULL;
}

struct err *
gitlab_pulls(struct forge *f, struct forge_pulls *out, bool *unchanged)
{
	AUTO(pull_list_free) struct pull_list l = {.f = f};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the open merge requests");
	gitlab_project(&a);
	ask_path(&a, "/merge_requests");
	ask_query(&a, "state", "opened");
	ask_query(&a, "order_by", "updated_at");
	ask_query(&a, "sort", "desc");
	ask_query(&a, "per_page", "100");
	a.call.cached = true;
	TRY(ask_each(&a, true, take_pull, &l, unchanged));
	*out = l.all;
	l.all = (struct forge_pulls){0};
	return NULL;
}

/* An open one before all others, then the newest. */
static bool
is_better(const struct forge_pull *a, const struct forge_pull *b)
{
	if ((a->state == FORGE_OPEN) != (b->state == FORGE_OPEN))
		return a->state == FORGE_OPEN;
	return a->number > b->number;
}

struct err *
gitlab_pull_by_head(struct forge *f, const char *head, const char *base, struct forge_pull *out)
{
	AUTO(pull_list_free) struct pull_list l = {.f = f};
	AUTO(ask_free) struct ask a = {0};
	struct forge_pull *best = NULL;
	size_t i;

	ask_open(&a, f, NULL, "the merge request of '%s'", head);
	gitlab_project(&a);
	ask_path(&a, "/merge_requests");
	ask_query(&a, "state", "all");
	ask_query(&a, "source_branch", head);
	ask_query(&a, "target_branch", base);
	ask_query(&a, "order_by", "created_at");
	ask_query(&a, "sort", "desc");
	ask_query(&a, "per_page", "100");
	TRY(ask_each(&a, false, take_pull, &l, NULL));
	for (i = 0; i < l.all.n; i++)
		if (strcmp(l.all.v[i].head_project, f->place.project) == 0 && strcmp(l.all.v[i].head, head) == 0 &&
		    (best == NULL || is_better(&l.all.v[i], best)))
			best = &l.all.v[i];
	if (best == NULL)
		return err_new(ERR_NOT_FOUND, "%s: there is no merge request of '%s'", f->api->name, head);
	*out = *best;
	*best = (struct forge_pull){0};
	return NULL;
}

struct err *
gitlab_pull(struct forge *f, int64_t number, struct forge_pull *out)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "merge request %" PRId64, number);
	gitlab_item(&a, FORGE_OF_PULL(number));
	a.call.cached = true;
	TRY(ask_send(&a));
	return ask_took(&a, read_pull(a.reply.body, f, out));
}

struct err *
gitlab_pull_add(struct forge *f, const struct forge_new_pull *p, struct forge_pull *out)
{
	AUTO(mem_free_p) char *title = mem_printf("%s%s", p->draft ? DRAFT : "", p->title);
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "a merge request of '%s'", p->head);
	gitlab_project(&a);
	ask_path(&a, "/merge_requests");
	ask_str(&a, "source_branch", p->head);
	ask_str(&a, "target_branch", p->base);
	ask_str(&a, "title", title);
	ask_str(&a, "description", p->body);
	a.call.accept[0] = 409;
	TRY(ask_send(&a));
	if (a.reply.status == 409)
		return ask_refused(&a, ERR_EXISTS);
	return read_pull(a.reply.body, f, out);
}

struct err *
gitlab_pull_edit(struct forge *f, int64_t number, const struct forge_pull_edit *e, struct forge_pull *out)
{
	AUTO(forge_pull_free) struct forge_pull now = {0};
	AUTO(mem_free_p) char *title = NULL;
	AUTO(ask_free) struct ask a = {0};

	/* Another title would end the draft, were it without the prefix. */
	if (e->title != NULL) {
		TRY(gitlab_pull(f, number, &now));
		title = mem_printf("%s%s", now.draft ? DRAFT : "", e->title);
	}
	ask_open(&a, f, "PUT", "merge request %" PRId64, number);
	gitlab_item(&a, FORGE_OF_PULL(number));
	ask_str(&a, "title", title);
	ask_str(&a, "description", e->body);
	ask_str(&a, "target_branch", e->base);
	if (e->close)
		ask_str(&a, "state_event", "close");
	TRY(ask_send(&a));
	return out == NULL ? NULL : read_pull(a.reply.body, f, out);
}
