#include "forge/gitea.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/gitea_in.h"
#include "forge/person.h"

void
gitea_repo(struct ask *a)
{
	struct str rest = str_of(a->f->place.project), part;

	ask_path(a, "/repos");
	while (str_next(&rest, '/', &part)) {
		AUTO(mem_free_p) char *one = str_dup(part);

		ask_path(a, "/");
		ask_part(a, one);
	}
}

void
gitea_branch(struct ask *a, const char *branch)
{
	struct str rest = str_of(branch), part;
	bool first = true;

	while (str_next(&rest, '/', &part)) {
		AUTO(mem_free_p) char *one = str_dup(part);

		ask_path(a, first ? "" : "/");
		ask_part(a, one);
		first = false;
	}
}

void
gitea_pages(struct ask *a)
{
	ask_query(a, "limit", "30");
	a->call.page = 30;
}

/* Only the users of its own that Actions has are told apart, by their names. */
static struct err *
read_user(const struct node *n, struct forge_user *out)
{
	AUTO(forge_user_free) struct forge_user u = {0};
	int64_t id = node_get_int(n, "id", 0);

	TRY(answer_str(n, "login", FORGE_LINE_MAX, &u.login));
	u.id = mem_printf("%lld", (long long)id);
	u.bot = id < 0 || strcmp(u.login, "gitea-actions") == 0 || strcmp(u.login, "forgejo-actions") == 0;
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

struct err *
gitea_user(const struct node *map, const char *key, struct forge_user *out)
{
	return person_in(map, key, read_user, out);
}

static struct err *
whoami(struct forge *f, struct forge_user *out)
{
	return person_self(f, read_user, out);
}

static struct err *
role(struct forge *f, const struct forge_user *who, enum forge_role *out)
{
	static const struct {
		const char *word;
		enum forge_role role;
	} rows[] = {{"owner", ROLE_ADMIN}, {"admin", ROLE_ADMIN}, {"write", ROLE_WRITE}, {"read", ROLE_READ},
	    {"none", ROLE_NONE}};
	AUTO(mem_free_p) char *word = NULL;
	AUTO(ask_free) struct ask a = {0};
	struct err *e;
	size_t i;

	ask_open(&a, f, NULL, "what '%s' may do", who->login);
	gitea_repo(&a);
	ask_path(&a, "/collaborators/");
	ask_part(&a, who->login);
	ask_path(&a, "/permission");
	a.call.accept[0] = 404;
	e = ask_send(&a);
	if (err_is(e, ERR_AUTH))
		return err_hint(e, "make the token's user an administrator of the repository: only they may ask what "
		    "others may do");
	TRY(e);
	if (a.reply.status == 404) {
		*out = ROLE_NONE;
		return NULL;
	}
	TRY(answer_str(a.reply.body, "permission", FORGE_LINE_MAX, &word));
	for (i = 0; i < NITEMS(rows); i++) {
		if (strcmp(rows[i].word, word) == 0) {
			*out = rows[i].role;
			return NULL;
		}
	}
	return err_new(ERR_SYNTAX, "%s: %s: '%s' is no known right", f->api->name, a.what, word);
}

static struct err *
ask_repo(struct ask *a, struct forge *f)
{
	ask_open(a, f, NULL, "the repository");
	gitea_repo(a);
	return ask_send(a);
}

static struct err *
default_branch(struct forge *f, char **out)
{
	AUTO(ask_free) struct ask a = {0};

	TRY(ask_repo(&a, f));
	return answer_str(a.reply.body, "default_branch", FORGE_LINE_MAX, out);
}

static struct err *
branch_is_gone(struct forge *f, const char *branch, bool *out)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the branch '%s'", branch);
	gitea_repo(&a);
	ask_path(&a, "/branches/");
	gitea_branch(&a, branch);
	a.call.accept[0] = 404;
	TRY(ask_send(&a));
	*out = a.reply.status == 404;
	return NULL;
}

/* Some versions answer 500 when it is gone already. */
struct err *
gitea_branch_delete(struct forge *f, const char *branch)
{
	AUTO(ask_free) struct ask a = {0};
	bool gone = false;
	struct err *e;

	ask_open(&a, f, "DELETE", "the branch '%s'", branch);
	gitea_repo(&a);
	ask_path(&a, "/branches/");
	gitea_branch(&a, branch);
	a.call.accept[0] = 404;
	e = ask_send(&a);
	if (!err_is(e, ERR_SERVER))
		return e;
	err_ignore(branch_is_gone(f, branch, &gone));
	if (!gone)
		return e;
	err_free(e);
	return NULL;
}

static struct err *
dispatch(struct forge *f, const char *workflow, const char *ref)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "the workflow '%s'", workflow);
	gitea_repo(&a);
	ask_path(&a, "/actions/workflows/");
	ask_part(&a, workflow);
	ask_path(&a, "/dispatches");
	ask_str(&a, "ref", ref);
	return ask_send(&a);
}

/*
 * Only new versions tell a token's scopes.  All refuse a new thing that has
 * no title with 422, and before that, with 403, a token without the scope.
 */
static struct err *
probe(struct forge *f, const char *path, const char *scope, const char *for_what, struct strs *missing)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "the scopes of the token");
	gitea_repo(&a);
	ask_path(&a, "%s", path);
	ask_str(&a, "title", "");
	a.call.read = true;
	a.call.accept[0] = 403;
	a.call.accept[1] = 404;
	a.call.accept[2] = 422;
	a.call.accept[3] = 423;
	TRY(ask_send(&a));
	if (a.reply.status == 403 && ask_said(&a, "required scope"))
		strs_addf(missing, "the scope '%s', for %s", scope, for_what);
	return NULL;
}

static struct err *
rights(struct forge *f, unsigned needs, struct strs *missing)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *p;
	struct err *e = ask_repo(&a, f);

	if (err_is(e, ERR_AUTH) || err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		strs_add(missing, "the scope 'read:repository', to read the repository");
		return NULL;
	}
	TRY(e);
	if ((needs & (NEED_PUSH | NEED_PULLS | NEED_STATUS | NEED_WORKFLOWS | NEED_DISPATCH)) != 0)
		TRY(probe(f, "/pulls", "write:repository", "branches, pull requests, statuses", missing));
	if ((needs & (NEED_ISSUES | NEED_PULLS)) != 0)
		TRY(probe(f, "/issues", "write:issue", "labels, comments", missing));
	p = node_get(a.reply.body, "permissions");
	if ((needs & (NEED_PUSH | NEED_PULLS | NEED_STATUS | NEED_WORKFLOWS | NEED_DISPATCH)) != 0 &&
	    !node_get_bool(p, "push", false))
		strs_add(missing, "write access of its user to the repository, for branches, pull requests, statuses");
	if ((needs & NEED_ISSUES) != 0 && !node_get_bool(p, "push", false))
		strs_add(missing, "write access of its user to the issues, for labels");
	if ((needs & NEED_PEOPLE) != 0 && !node_get_bool(p, "admin", false))
		strs_add(missing, "an administrator of the repository as its user, to ask what others may do");
	return NULL;
}

/* Gitea's word is GitHub's; Forgejo has its conclusion in the same place. */
static struct err *
run_over(struct forge *f, int64_t run, bool *over)
{
	static const char *const words[] = {"completed", "success", "failure", "cancelled", "skipped", NULL};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "a run of Actions");
	gitea_repo(&a);
	ask_path(&a, "/actions/runs/%" PRId64, run);
	TRY(ask_send(&a));
	return answer_among(a.reply.body, "status", words, over);
}

#define FUNCTIONS                                                                                         \
	.can = FORGE_CAN_DISPATCH | FORGE_CAN_TEAMS | FORGE_CAN_AUTO_MERGE | FORGE_CAN_TELL_ARMED, .whoami = whoami, .role = role, \
	.default_branch = default_branch, .issues = gitea_issues, .issue = gitea_issue,                   \
	.issue_events = gitea_issue_events, .comments = gitea_comments, .comment_add = gitea_comment_add, \
	.comment_edit = gitea_comment_edit, .issue_add = gitea_issue_add, .issue_labels = gitea_issue_labels, \
	.pull_by_head = gitea_pull_by_head, .pull = gitea_pull, .pulls = gitea_pulls,                     \
	.pull_add = gitea_pull_add, .pull_edit = gitea_pull_edit, .pull_labels = gitea_pull_labels,       \
	.pull_reviewers = gitea_pull_reviewers, .reviews = gitea_reviews, .remarks = gitea_remarks,       \
	.checks = gitea_checks, .status = gitea_status, .merge = gitea_merge,                             \
	.auto_merge = gitea_auto_merge, .auto_merge_off = gitea_auto_merge_off, .guarded = gitea_guarded, \
	.branch_delete = gitea_branch_delete, .dispatch = dispatch, .run_over = run_over, .rights = rights

const struct forge_api forge_gitea = {.name = "Gitea", FUNCTIONS};
const struct forge_api forge_forgejo = {.name = "Forgejo", FUNCTIONS};
