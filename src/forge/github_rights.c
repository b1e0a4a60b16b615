#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/answer.h"
#include "forge/github_part.h"
#include "forge/token.h"

#define NOTHING "0000000000000000000000000000000000000000"

/*
 * What a need is called where tokens are made.  Classic tokens say their
 * scopes, an App's its permissions; of all others, writes are tried that
 * cannot succeed: GitHub looks at the permission before it looks whether there
 * is such a thing.
 */
static const struct right {
	enum forge_need need;
	const char *name, *level;	/* permission of an App or a fine-grained token */
	const char *scope;		/* of a classic token; those of a public project need less */
	const char *method, *path, *body;	/* the attempt; NULL: none can be made */
	const char *what;
} rights[] = {
	{NEED_READ, "metadata", "read", "repo", "GET", "/issues?state=open&per_page=1", NULL, "read issues"},
	{NEED_READ, "pull_requests", "read", "repo", "GET", "/pulls?state=open&per_page=1", NULL, "read pull requests"},
	{NEED_PUSH, "contents", "write", "repo", "POST", "/git/refs",
	    "{\"ref\":\"refs/heads/factory/doctor\",\"sha\":\"" NOTHING "\"}", "push branches"},
	{NEED_ISSUES, "issues", "write", "repo", "POST", "/issues/2147483647/labels", "{\"labels\":[\"factory\"]}",
	    "label issues and comment on them"},
	{NEED_PULLS, "pull_requests", "write", "repo", "POST", "/pulls",
	    "{\"title\":\"doctor\",\"head\":\"factory/doctor-no-such-branch\",\"base\":\"factory/doctor-no-such-base\"}",
	    "open and merge pull requests"},
	{NEED_CHECKS, "checks", "read", "repo", "GET", "/commits/HEAD/check-runs?per_page=1", NULL, "read check runs"},
	{NEED_CHECKS, "statuses", "read", "repo", "GET", "/commits/HEAD/status?per_page=1", NULL, "read statuses"},
	{NEED_STATUS, "statuses", "write", "repo", "POST", "/statuses/" NOTHING, "{\"state\":\"pending\",\"context\":\"doctor\"}",
	    "set a status"},
	{NEED_DISPATCH, "actions", "write", "repo", "POST", "/actions/workflows/0/dispatches", "{\"ref\":\"doctor\"}",
	    "start workflows"},
	{NEED_WORKFLOWS, "workflows", "write", "workflow", NULL, NULL, NULL, "push changes of workflow files"},
};

static bool
has_scope(const char *scopes, const char *scope)
{
	struct str rest = str_of(scopes), s;

	while (str_next(&rest, ',', &s))
		if (str_is(str_trim(s), scope))
			return true;
	return false;
}

/* "issues=write" also means that they may be read. */
static bool
app_may(const struct strs *permissions, const struct right *r)
{
	AUTO(mem_free_p) char *exact = mem_printf("%s=%s", r->name, r->level);
	AUTO(mem_free_p) char *write = mem_printf("%s=write", r->name);
	AUTO(mem_free_p) char *admin = mem_printf("%s=admin", r->name);

	return strs_has(permissions, exact) || strs_has(permissions, write) || strs_has(permissions, admin);
}

static struct err *
attempt(struct forge *f, const struct right *r, bool *may)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "%s", r->path);
	struct rest_call c = {.what = r->what, .method = r->method, .path = path, .body = str_of(r->body),
	    .accept = {403, 404, 409, 422}};

	TRY(rest_do(f->rest, &c, &reply));
	*may = reply.status != 403;
	return NULL;
}

static void
lacks(struct strs *missing, const struct right *r, bool classic)
{
	if (classic)
		strs_addf(missing, "the scope '%s', to %s", r->scope, r->what);
	else
		strs_addf(missing, "the permission '%s: %s', to %s", r->name, r->level, r->what);
}

static struct err *
look(struct forge *f, const struct right *r, const struct rest_reply *project, struct strs *missing)
{
	const struct strs *app = token_permissions(f->token);
	bool classic = project->scopes != NULL && project->scopes[0] != '\0', may = true;
	bool open = !node_get_bool(project->body, "private", true);

	if (app != NULL)
		may = app_may(app, r);
	else if (classic)
		may = has_scope(project->scopes, r->scope) ||
		    (open && strcmp(r->scope, "repo") == 0 && has_scope(project->scopes, "public_repo"));
	else if (r->need == NEED_WORKFLOWS)
		may = f->token->kind != TOKEN_ACTIONS;
	else
		TRY(attempt(f, r, &may));
	if (!may)
		lacks(missing, r, app == NULL && classic);
	return NULL;
}

/* The token may do no more than the one who made it. */
static void
look_at_person(unsigned needs, const struct rest_reply *project, struct strs *missing)
{
	const struct node *may = node_get(project->body, "permissions");

	if (may == NULL || (needs & (NEED_PUSH | NEED_ISSUES | NEED_PULLS | NEED_STATUS | NEED_PEOPLE)) == 0)
		return;
	if (!node_get_bool(may, "push", false))
		strs_add(missing, "the role 'write' in the project, for the account that the token belongs to");
}

struct err *
gh_rights(struct forge *f, unsigned needs, struct strs *missing)
{
	AUTO(strs_free) struct strs all = {0};
	AUTO(rest_reply_free) struct rest_reply project = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "%s", "");
	size_t i;

	TRY(gh_send(f, "GET", path, NULL, "the project", &project));
	if (f->token->kind == TOKEN_PLAIN || f->token->kind == TOKEN_BEARER)
		look_at_person(needs, &project, &all);
	for (i = 0; i < NITEMS(rights); i++)
		if ((needs & (unsigned)rights[i].need) != 0)
			TRY(look(f, &rights[i], &project, &all));
	for (i = 0; i < all.n; i++)
		strs_add(missing, all.v[i]);
	return NULL;
}
