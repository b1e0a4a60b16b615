#include "forge/gitlab.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/gitlab_in.h"
#include "forge/person.h"

/* Of "Members": what the numbers of access_level mean. */
enum { LEVEL_GUEST = 10, LEVEL_REPORTER = 20, LEVEL_DEVELOPER = 30, LEVEL_MAINTAINER = 40, LEVEL_OWNER = 50 };

void
gitlab_project(struct ask *a)
{
	ask_path(a, "/projects/");
	ask_part(a, a->f->place.project);
}

void
gitlab_item(struct ask *a, int64_t number)
{
	gitlab_project(a);
	ask_path(a, "/%s/%" PRId64, number < 0 ? "merge_requests" : "issues", number < 0 ? -number : number);
}

/* The bot of a project's or group's token: "project_7_bot_0123abcd". */
static bool
is_token_bot(const char *login)
{
	struct str s = str_of(login), digits;

	if (str_starts(s, "project_"))
		s = str_skip(s, 8);
	else if (str_starts(s, "group_"))
		s = str_skip(s, 6);
	else
		return false;
	return str_next(&s, '_', &digits) && digits.n > 0 && strspn(digits.p, "0123456789") == digits.n &&
	    (str_is(s, "bot") || str_starts(s, "bot_"));
}

static struct err *
read_user(const struct node *n, struct forge_user *out)
{
	AUTO(forge_user_free) struct forge_user u = {0};

	TRY(answer_str(n, "username", FORGE_LINE_MAX, &u.login));
	TRY(answer_id(n, "id", &u.id));
	TRY(answer_bool(n, "bot", &u.bot));
	u.bot = u.bot || is_token_bot(u.login);
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

struct err *
gitlab_user(const struct node *map, const char *key, struct forge_user *out)
{
	return person_in(map, key, read_user, out);
}

static struct err *
whoami(struct forge *f, struct forge_user *out)
{
	return person_self(f, read_user, out);
}

struct err *
gitlab_user_id(struct forge *f, const char *login, int64_t *out)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *n = NULL;
	const char *name;

	ask_open(&a, f, NULL, "the user '%s'", login);
	ask_path(&a, "/users");
	ask_query(&a, "username", login);
	TRY(ask_send(&a));
	while (ask_next(a.reply.body, &n)) {
		name = node_get_str(n, "username");
		if (name != NULL && strcasecmp(name, login) == 0)
			return answer_int(n, "id", out);
	}
	return err_new(ERR_NOT_FOUND, "%s: there is no user '%s'", f->api->name, login);
}

static enum forge_role
role_of(int64_t level)
{
	return level >= LEVEL_OWNER ? ROLE_ADMIN : level >= LEVEL_MAINTAINER ? ROLE_MAINTAIN :
	    level >= LEVEL_DEVELOPER ? ROLE_WRITE : level >= LEVEL_REPORTER ? ROLE_TRIAGE :
	    level >= LEVEL_GUEST ? ROLE_READ : ROLE_NONE;
}

/* An account's number never changes, its name may. */
static struct err *
number_of(struct forge *f, const struct forge_user *who, int64_t *out)
{
	return str_int(str_of(who->id), 1, INT64_MAX, out) ? NULL : gitlab_user_id(f, who->login, out);
}

/* As a member of the project or of any group above it. */
static struct err *
role(struct forge *f, const struct forge_user *who, enum forge_role *out)
{
	AUTO(ask_free) struct ask a = {0};
	int64_t id = 0, level = 0;
	struct err *e = number_of(f, who, &id);
	const char *state;

	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		*out = ROLE_NONE;
		return NULL;
	}
	TRY(e);
	ask_open(&a, f, NULL, "what '%s' may do", who->login);
	gitlab_project(&a);
	ask_path(&a, "/members/all/%" PRId64, id);
	a.call.accept[0] = 404;
	TRY(ask_send(&a));
	if (a.reply.status == 404) {
		*out = ROLE_NONE;
		return NULL;
	}
	TRY(answer_int(a.reply.body, "access_level", &level));
	state = node_get_str(a.reply.body, "state");
	*out = state != NULL && strcmp(state, "active") == 0 ? role_of(level) : ROLE_NONE;
	return NULL;
}

static int64_t
level_in(const struct node *permissions, const char *key)
{
	return node_get_int(node_get(permissions, key), "access_level", 0);
}

static struct err *
read_rules(const struct node *n, struct gitlab_rules *out)
{
	AUTO(gitlab_rules_free) struct gitlab_rules r = {0};
	const struct node *permissions = node_get(n, "permissions");
	const char *method = node_get_str(n, "merge_method");
	int64_t group = level_in(permissions, "group_access");

	TRY(answer_text(n, "default_branch", FORGE_LINE_MAX, &r.default_branch));
	r.level = level_in(permissions, "project_access");
	r.level = group > r.level ? group : r.level;
	r.told = node_get(n, "only_allow_merge_if_pipeline_succeeds") != NULL;
	TRY(answer_bool(n, "only_allow_merge_if_pipeline_succeeds", &r.must_succeed));
	TRY(answer_bool(n, "merge_pipelines_enabled", &r.merged_results));
	r.linear = method != NULL && (strcmp(method, "ff") == 0 || strcmp(method, "rebase_merge") == 0);
	*out = r;
	r = (struct gitlab_rules){0};
	return NULL;
}

struct err *
gitlab_rules(struct forge *f, struct gitlab_rules *out)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the project");
	gitlab_project(&a);
	a.call.cached = true;
	TRY(ask_send(&a));
	return ask_took(&a, read_rules(a.reply.body, out));
}

void
gitlab_rules_free(struct gitlab_rules *r)
{
	free(r->default_branch);
	*r = (struct gitlab_rules){0};
}

static struct err *
default_branch(struct forge *f, char **out)
{
	AUTO(gitlab_rules_free) struct gitlab_rules r = {0};

	TRY(gitlab_rules(f, &r));
	if (r.default_branch[0] == '\0')
		return err_new(ERR_NOT_FOUND, "%s: the project has no default branch", f->api->name);
	*out = STEAL(r.default_branch);
	return NULL;
}

static struct err *
branch_delete(struct forge *f, const char *branch)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "DELETE", "the branch '%s'", branch);
	gitlab_project(&a);
	ask_path(&a, "/repository/branches/");
	ask_part(&a, branch);
	a.call.accept[0] = 404;
	return ask_send(&a);
}

struct scopes {
	bool told, api, read_api, write_repository;
};

/* A job's token cannot be asked what it is: what it may do is taken to be there. */
static struct err *
read_scopes(struct forge *f, struct scopes *out)
{
	AUTO(ask_free) struct ask a = {0};
	AUTO(strs_free) struct strs words = {0};

	ask_open(&a, f, NULL, "the token");
	ask_path(&a, "/personal_access_tokens/self");
	memcpy(a.call.accept, ((int[REST_ACCEPT_MAX]){401, 403, 404}), sizeof(a.call.accept));
	TRY(ask_send(&a));
	if (a.reply.status / 100 != 2)
		return NULL;
	TRY(answer_strs(a.reply.body, "scopes", NULL, &words));
	out->told = true;
	out->api = strs_has(&words, "api");
	out->read_api = strs_has(&words, "read_api");
	out->write_repository = strs_has(&words, "write_repository");
	return NULL;
}

static struct err *
rights(struct forge *f, unsigned needs, struct strs *missing)
{
	AUTO(gitlab_rules_free) struct gitlab_rules r = {0};
	struct scopes s = {0};
	bool reads, writes;

	TRY(read_scopes(f, &s));
	TRY(gitlab_rules(f, &r));
	writes = !s.told || s.api;
	reads = writes || s.read_api;
	if ((needs & (NEED_READ | NEED_CHECKS | NEED_PEOPLE)) != 0 && !reads)
		strs_add(missing, "reading the project: the token lacks the scope 'read_api' or 'api'");
	if ((needs & (NEED_PUSH | NEED_WORKFLOWS)) != 0 && !writes && !s.write_repository)
		strs_add(missing, "pushing branches: the token lacks the scope 'write_repository' or 'api'");
	if ((needs & NEED_ISSUES) != 0 && !writes)
		strs_add(missing, "labels and comments: the token lacks the scope 'api'");
	if ((needs & NEED_PULLS) != 0 && !writes)
		strs_add(missing, "merge requests: the token lacks the scope 'api'");
	if ((needs & NEED_STATUS) != 0 && !writes)
		strs_add(missing, "commit statuses: the token lacks the scope 'api'");
	if ((needs & NEED_ISSUES) != 0 && r.level < LEVEL_REPORTER)
		strs_add(missing, "labels: the token's user lacks the role Reporter in the project");
	if ((needs & (NEED_PUSH | NEED_PULLS | NEED_STATUS | NEED_WORKFLOWS)) != 0 && r.level < LEVEL_DEVELOPER)
		strs_add(missing, "branches, merge requests, statuses: the token's user lacks the role Developer in the project");
	return NULL;
}

/* A pipeline's; one that waits for a person could still go on. */
static struct err *
run_over(struct forge *f, int64_t run, bool *over)
{
	static const char *const words[] = {"success", "failed", "canceled", "skipped", NULL};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "a pipeline");
	gitlab_project(&a);
	ask_path(&a, "/pipelines/%" PRId64, run);
	TRY(ask_send(&a));
	return answer_among(a.reply.body, "status", words, over);
}

const struct forge_api forge_gitlab = {
	.name = "GitLab",
	.can = FORGE_CAN_PROVE_EDITS | FORGE_CAN_AUTO_MERGE,
	.whoami = whoami,
	.role = role,
	.default_branch = default_branch,
	.issues = gitlab_issues,
	.issue = gitlab_issue,
	.issue_events = gitlab_issue_events,
	.comments = gitlab_comments,
	.comment_add = gitlab_comment_add,
	.comment_edit = gitlab_comment_edit,
	.issue_add = gitlab_issue_add,
	.issue_labels = gitlab_issue_labels,
	.pull_by_head = gitlab_pull_by_head,
	.pull = gitlab_pull,
	.pulls = gitlab_pulls,
	.pull_add = gitlab_pull_add,
	.pull_edit = gitlab_pull_edit,
	.pull_labels = gitlab_pull_labels,
	.pull_reviewers = gitlab_pull_reviewers,
	.reviews = gitlab_reviews,
	.remarks = gitlab_remarks,
	.checks = gitlab_checks,
	.status = gitlab_status,
	.merge = gitlab_merge,
	.auto_merge = gitlab_auto_merge,
	.auto_merge_off = gitlab_auto_merge_off,
	.guarded = gitlab_guarded,
	.branch_delete = branch_delete,
	.run_over = run_over,
	.rights = rights,
};
