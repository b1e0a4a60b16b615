#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/gitea_in.h"

#define DRAFT "WIP: "	/* the first of WORK_IN_PROGRESS_PREFIXES of a server that nobody changed */

/* Once the branch is deleted 'ref' is "refs/pull/5/head", and its name is in 'label'. */
static struct err *
read_head(const struct node *n, struct forge_pull *p)
{
	const struct node *head = node_get(n, "head");
	AUTO(mem_free_p) char *label = NULL;
	const char *colon;

	TRY(answer_str(head, "ref", FORGE_LINE_MAX, &p->head));
	TRY(answer_text(head, "label", FORGE_LINE_MAX, &label));
	if (str_starts(str_of(p->head), "refs/pull/") && label[0] != '\0') {
		colon = strchr(label, ':');
		free(p->head);
		p->head = mem_strdup(colon != NULL ? colon + 1 : label);
	}
	TRY(answer_sha(head, "sha", &p->head_sha));
	if (node_get(head, "repo") == NULL || node_get(head, "repo")->kind != NODE_MAP) {
		p->head_project = mem_strdup("");
		return NULL;
	}
	return answer_str(node_get(head, "repo"), "full_name", FORGE_LINE_MAX, &p->head_project);
}

static struct err *
read_state(const struct node *n, struct forge_pull *p)
{
	AUTO(forge_user_free) struct forge_user who = {0};
	AUTO(mem_free_p) char *state = NULL;
	bool merged = false, can = false;

	TRY(answer_str(n, "state", FORGE_LINE_MAX, &state));
	TRY(answer_bool(n, "merged", &merged));
	TRY(answer_bool(n, "mergeable", &can));
	p->state = merged ? FORGE_MERGED : strcmp(state, "open") == 0 ? FORGE_OPEN : FORGE_CLOSED;
	p->mergeable = p->state == FORGE_OPEN && can ? TRI_YES : TRI_UNKNOWN;
	TRY(gitea_user(n, "merged_by", &who));
	p->closed_by = merged ? STEAL(who.login) : mem_strdup("");
	if (merged)
		return answer_sha(n, "merge_commit_sha", &p->merge_sha);
	p->merge_sha = mem_strdup("");
	return NULL;
}

static struct err *
read_pull(const struct node *n, struct forge_pull *out)
{
	AUTO(forge_pull_free) struct forge_pull p = {0};

	TRY(answer_int(n, "number", &p.number));
	TRY(answer_id(n, "id", &p.id));
	TRY(answer_str(n, "title", FORGE_LINE_MAX, &p.title));
	p.draft = str_starts(str_of(p.title), DRAFT) || node_get_bool(n, "draft", false);
	if (str_starts(str_of(p.title), DRAFT))
		memmove(p.title, p.title + strlen(DRAFT), strlen(p.title) - strlen(DRAFT) + 1);
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &p.body));
	TRY(answer_str(n, "html_url", FORGE_LINE_MAX, &p.url));
	TRY(gitea_user(n, "user", &p.author));
	TRY(read_head(n, &p));
	TRY(answer_str(node_get(n, "base"), "ref", FORGE_LINE_MAX, &p.base));
	TRY(read_state(n, &p));
	TRY(answer_strs(n, "labels", "name", &p.labels));
	TRY(answer_strs(n, "requested_reviewers", "login", &p.reviewers));
	TRY(answer_time(n, "created_at", &p.created));
	TRY(answer_time(n, "updated_at", &p.updated));
	*out = p;
	p = (struct forge_pull){0};
	return NULL;
}

static struct err *
take_pull(void *arg, const struct node *n)
{
	struct forge_pulls *all = arg;
	struct forge_pull one = {0};

	TRY(read_pull(n, &one));
	vec_push(all, one);
	return NULL;
}

struct err *
gitea_pulls(struct forge *f, struct forge_pulls *out, bool *unchanged)
{
	AUTO(forge_pulls_free) struct forge_pulls all = {0};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the open pull requests");
	gitea_repo(&a);
	ask_path(&a, "/pulls");
	ask_query(&a, "state", "open");
	ask_query(&a, "sort", "recentupdate");
	ask_query(&a, "limit", GITEA_PAGE);
	TRY(ask_each(&a, false, take_pull, &all, NULL));
	if (unchanged != NULL)
		*unchanged = false;
	*out = all;
	all = (struct forge_pulls){0};
	return NULL;
}

static bool
is_of(const struct forge *f, const struct forge_pull *p, const char *head, const char *base)
{
	return strcmp(p->head, head) == 0 && strcasecmp(p->head_project, f->place.project) == 0 &&
	    (base == NULL || strcmp(p->base, base) == 0);
}

/* Take it for *best when it is an open one, or the newest so far. */
static void
choose(const struct forge *f, const char *head, const char *base, struct forge_pull *p, struct forge_pull *best)
{
	if (!is_of(f, p, head, base))
		return;
	if (best->number != 0 && (best->state == FORGE_OPEN) > (p->state == FORGE_OPEN))
		return;
	if (best->number > p->number && (best->state == FORGE_OPEN) == (p->state == FORGE_OPEN))
		return;
	forge_pull_free(best);
	*best = *p;
	*p = (struct forge_pull){0};
}

/* The one of this base and head, which may be an old one though there is another. */
static struct err *
by_base_and_head(struct forge *f, const char *head, const char *base, struct forge_pull *best, bool *none)
{
	AUTO(forge_pull_free) struct forge_pull one = {0};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the pull request of '%s'", head);
	gitea_repo(&a);
	ask_path(&a, "/pulls/");
	ask_part(&a, base);
	ask_path(&a, "/");
	gitea_branch(&a, head);
	a.call.accept[0] = 404;
	TRY(ask_send(&a));
	*none = a.reply.status == 404;
	if (*none)
		return NULL;
	TRY(read_pull(a.reply.body, &one));
	choose(f, head, base, &one, best);
	return NULL;
}

/* Those that changed last: a page is enough, since the oldest of a branch does not matter. */
static struct err *
among_closed(struct forge *f, const char *head, const char *base, struct forge_pull *best)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *n = NULL;

	ask_open(&a, f, NULL, "the closed pull requests");
	gitea_repo(&a);
	ask_path(&a, "/pulls");
	ask_query(&a, "state", "closed");
	ask_query(&a, "sort", "recentupdate");
	ask_query(&a, "limit", GITEA_PAGE);
	TRY(ask_send(&a));
	while (ask_next(a.reply.body, &n)) {
		AUTO(forge_pull_free) struct forge_pull one = {0};

		TRY(read_pull(n, &one));
		choose(f, head, base, &one, best);
	}
	return NULL;
}

struct err *
gitea_pull_by_head(struct forge *f, const char *head, const char *base, struct forge_pull *out)
{
	AUTO(forge_pull_free) struct forge_pull best = {0};
	AUTO(forge_pulls_free) struct forge_pulls open = {0};
	bool none = false;
	size_t i;

	if (base != NULL)
		TRY(by_base_and_head(f, head, base, &best, &none));
	if (!none && (best.number == 0 || best.state != FORGE_OPEN)) {
		TRY(gitea_pulls(f, &open, NULL));
		for (i = 0; i < open.n; i++)
			choose(f, head, base, &open.v[i], &best);
	}
	if (!none && (best.number == 0 || best.state != FORGE_OPEN))
		TRY(among_closed(f, head, base, &best));
	if (best.number == 0)
		return err_new(ERR_NOT_FOUND, "%s: there is no pull request of '%s'", f->api->name, head);
	*out = best;
	best = (struct forge_pull){0};
	return NULL;
}

static void
pull_path(struct ask *a, int64_t number, const char *rest)
{
	gitea_repo(a);
	ask_path(a, "/pulls/%" PRId64 "%s", number, rest);
}

struct err *
gitea_pull(struct forge *f, int64_t number, struct forge_pull *out)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "pull request %" PRId64, number);
	pull_path(&a, number, "");
	TRY(ask_send(&a));
	return read_pull(a.reply.body, out);
}

struct err *
gitea_pull_add(struct forge *f, const struct forge_new_pull *p, struct forge_pull *out)
{
	AUTO(mem_free_p) char *title = mem_printf("%s%s", p->draft ? DRAFT : "", p->title);
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "a pull request of '%s'", p->head);
	gitea_repo(&a);
	ask_path(&a, "/pulls");
	ask_str(&a, "title", title);
	ask_str(&a, "body", p->body);
	ask_str(&a, "head", p->head);
	ask_str(&a, "base", p->base);
	a.call.accept[0] = 409;
	TRY(ask_send(&a));
	if (a.reply.status == 409)
		return ask_refused(&a, ERR_EXISTS);
	return read_pull(a.reply.body, out);
}

struct err *
gitea_pull_edit(struct forge *f, int64_t number, const struct forge_pull_edit *e, struct forge_pull *out)
{
	AUTO(forge_pull_free) struct forge_pull now = {0};
	AUTO(mem_free_p) char *title = NULL;
	AUTO(ask_free) struct ask a = {0};

	/* Another title would end the draft, were it without the prefix. */
	if (e->title != NULL) {
		TRY(gitea_pull(f, number, &now));
		title = mem_printf("%s%s", now.draft ? DRAFT : "", e->title);
	}
	ask_open(&a, f, "PATCH", "pull request %" PRId64, number);
	pull_path(&a, number, "");
	ask_str(&a, "title", title);
	ask_str(&a, "body", e->body);
	ask_str(&a, "base", e->base);
	if (e->close)
		ask_str(&a, "state", "closed");
	TRY(ask_send(&a));
	return out == NULL ? NULL : read_pull(a.reply.body, out);
}

static void
put_names(struct ask *a, const char *key, const struct strs *names, struct buf *all)
{
	size_t i;

	if (names == NULL || names->n == 0)
		return;
	ask_list(a, key);
	for (i = 0; i < names->n; i++) {
		jw_str(&a->json, names->v[i]);
		buf_addf(all, "%s'%s'", all->n > 0 ? ", " : "", names->v[i]);
	}
	jw_end(&a->json);
}

struct err *
gitea_pull_reviewers(struct forge *f, int64_t number, const struct strs *logins, const struct strs *teams)
{
	AUTO(buf_free) struct buf all = BUF_INIT(BUF_TEXT);
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "the reviewers of pull request %" PRId64, number);
	pull_path(&a, number, "/requested_reviewers");
	put_names(&a, "reviewers", logins, &all);
	put_names(&a, "team_reviewers", teams, &all);
	if (all.n == 0)
		return NULL;
	a.call.accept[0] = 404;
	a.call.accept[1] = 422;
	TRY(ask_send(&a));
	return a.reply.status / 100 == 2 ? NULL : err_wrap(ask_refused(&a, ERR_DENIED), "asking %s", buf_cstr(&all));
}
