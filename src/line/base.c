#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "git/place.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "line/base.h"
#include "line/policy.h"

#define HEADS "refs/heads/"
#define ORIGIN "refs/remotes/origin/"

/* Where CI systems name the branch that a pull request is for. */
static const char *const variables[] = {
	"GITHUB_BASE_REF",			/* GitHub, Gitea, Forgejo */
	"CI_MERGE_REQUEST_TARGET_BRANCH_NAME",	/* GitLab */
	"BITBUCKET_PR_DESTINATION_BRANCH",
	"SYSTEM_PULLREQUEST_TARGETBRANCH",	/* Azure, with refs/heads/ */
	"CHANGE_TARGET",			/* Jenkins */
};

void
base_free(struct base *b)
{
	free(b->ref);
	*b = (struct base){0};
}

static struct err *
try_ref(struct repo *r, const char *prefix, const char *name, struct base *out, bool *found)
{
	AUTO(mem_free_p) char *ref = mem_printf("%s%s", prefix, name);
	struct oid tip;

	if (*found || !ref_name_ok(str_of(ref)))
		return NULL;
	TRY(ref_read(r, ref, &tip));
	if (oid_is_zero(&tip))
		return NULL;
	*out = (struct base){STEAL(ref), tip};
	*found = true;
	return NULL;
}

static struct err *
missing(const struct repo *r, const char *name, const char *said_by)
{
	return err_hint(err_new(ERR_NOT_FOUND, "the base '%s'%s is not in this clone", name, said_by),
	    "'git fetch%s origin +" HEADS "%s:" ORIGIN "%s' brings it; --base names another",
	    repo_is_shallow(r) ? " --unshallow" : "", name, name);
}

static struct err *
from_user(struct repo *r, const char *given, struct base *out)
{
	struct oid commit;
	bool found = false;
	struct err *e;

	e = repo_resolve(r, given, &commit);
	if (e == NULL) {
		*out = (struct base){mem_strdup(given), commit};
		return NULL;
	}
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	TRY(try_ref(r, ORIGIN, given, out, &found));
	return found ? NULL : missing(r, given, "");
}

static struct err *
from_ci(struct repo *r, struct base *out, bool *found)
{
	size_t i;

	for (i = 0; i < NITEMS(variables); i++) {
		AUTO(mem_free_p) char *said_by = mem_printf(" that %s names", variables[i]);
		const char *name = getenv(variables[i]);

		if (name == NULL || name[0] == '\0')
			continue;
		if (str_starts(str_of(name), HEADS))
			name += strlen(HEADS);
		/* The remote's is what the pull request is for; a local branch may be old. */
		TRY(try_ref(r, ORIGIN, name, out, found));
		TRY(try_ref(r, HEADS, name, out, found));
		return *found ? NULL : missing(r, name, said_by);
	}
	return NULL;
}

static struct err *
from_origin(struct repo *r, struct base *out, bool *found)
{
	AUTO(mem_free_p) char *target = NULL;

	if (*found)
		return NULL;
	TRY(tip_symbolic(repo_place(r), ORIGIN "HEAD", &target));
	return target == NULL ? NULL : try_ref(r, "", target, out, found);
}

struct err *
base_find(struct repo *r, const char *given, struct base *out)
{
	AUTO(mem_free_p) char *head_branch = NULL;
	AUTO(mem_free_p) char *name = NULL;
	bool named, found = false;
	struct oid head;

	if (given != NULL)
		return from_user(r, given, out);
	TRY(repo_head(r, &head_branch, &head));
	if (oid_is_zero(&head))
		return err_hint(err_new(ERR_REPOSITORY, "the repository has no commit yet"),
		    "commit something first: a change needs a base");
	TRY(from_ci(r, out, &found));
	if (found)
		return NULL;
	TRY(policy_base_name(r, &head, &name, &named));
	TRY(try_ref(r, HEADS, name, out, &found));
	TRY(try_ref(r, ORIGIN, name, out, &found));
	if (!found && named)
		return missing(r, name, "");
	TRY(from_origin(r, out, &found));
	if (head_branch != NULL)
		TRY(try_ref(r, "", head_branch, out, &found));
	return found ? NULL : missing(r, name, "");
}
