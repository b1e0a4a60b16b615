#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/apart.h"
#include "git/format.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/odb.h"
#include "git/owner.h"
#include "git/place.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/userconf.h"
#include "git/worktree.h"

struct repo {
	struct place place;
	bool bare;
	bool partial;
	bool worktree_config;
	char *factory_dir;
	struct objsync unsynced;
	struct apart apart;
	struct patch_kept patch;
	struct strs folders;	/* of objects, beside our own */
	char *folders_env[2];	/* the same as git is told it */
	char *supposed;		/* a ref that is taken for what it would be */
	struct oid supposed_oid;
	git_repository *lg2;	/* NULL until an object is needed */
	struct settings *settings;	/* NULL until one is asked for */
};

/*
 * git rev-parse --local-env-vars, and what a hook is given beyond it; but for
 * the settings of "git -c", which are the user's and which userconf reads.
 */
static const char *const local_env[] = {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR",
    "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE", "GIT_QUARANTINE_PATH",
    "GIT_INTERNAL_GETTEXT_SH_SCHEME", "GIT_REFLOG_ACTION", "GIT_EXEC_PATH", NULL};

const char *const *
repo_env_names(void)
{
	return local_env;
}

void
repo_env_clear(void)
{
	size_t i;

	for (i = 0; local_env[i] != NULL; i++)
		unsetenv(local_env[i]);
}

/* The work tree, from core.worktree or from where the git folder lies. */
static struct err *
settle_workdir(struct repo *r, const struct format *f)
{
	const char *base = path_base(r->place.commondir);
	AUTO(mem_free_p) char *path = NULL;
	bool linked = repo_is_linked(r);

	if (!linked && f->bare_set && f->bare) {
		free(STEAL(r->place.workdir));
		r->bare = true;
		return NULL;
	}
	if (!linked && f->worktree != NULL) {
		path = f->worktree[0] == '/' ? mem_strdup(f->worktree)
		    : path_join(r->place.gitdir, f->worktree);
		free(r->place.workdir);
		r->place.workdir = realpath(path, NULL);
		if (r->place.workdir == NULL)
			return err_hint(err_sys("cannot find the work tree '%s'", path),
			    "mend core.worktree: 'git config --unset core.worktree'");
	} else if (r->place.workdir == NULL && !linked && strcmp(base, ".git") == 0) {
		/* Started inside .git, as some hooks are. */
		r->place.workdir = mem_strndup(r->place.commondir,
		    strlen(r->place.commondir) - strlen("/.git"));
		if (r->place.workdir[0] == '\0') {
			free(r->place.workdir);
			r->place.workdir = mem_strdup("/");
		}
	}
	if (r->place.workdir == NULL && linked)
		TRY(worktree_path(r->place.gitdir, &r->place.workdir));
	r->bare = r->place.workdir == NULL;
	return NULL;
}

static struct err *
find(const char *path, struct place *out, bool *named)
{
	const char *gitdir = path == NULL ? getenv("GIT_DIR") : NULL;
	const char *work;

	*named = gitdir != NULL;
	if (gitdir == NULL)
		return place_discover(path, out);
	work = getenv("GIT_WORK_TREE");
	return place_of_gitdir(gitdir, work, out);
}

struct err *
repo_open(const char *path, struct repo **out)
{
	AUTO(repo_close_p) struct repo *r = mem_alloc(sizeof(*r));
	AUTO(format_free) struct format f = {0};
	bool named;

	TRY(find(path, &r->place, &named));
	TRY(owner_check(&r->place));
	TRY(format_read(&r->place, &f));
	r->partial = f.partial;
	r->worktree_config = f.worktree_config;
	TRY(settle_workdir(r, &f));
	if (r->bare && !named)
		TRY(owner_check_bare(&r->place));
	*out = STEAL(r);
	return NULL;
}

void
repo_close(struct repo *r)
{
	if (r == NULL)
		return;
	if (r->lg2 != NULL)
		lg2.git_repository_free(r->lg2);
	settings_drop(r->settings);
	place_free(&r->place);
	objsync_free(&r->unsynced);
	apart_close(&r->apart);
	strs_free(&r->folders);
	free(r->folders_env[0]);
	free(r->supposed);
	free(r->factory_dir);
	free(r);
}

void
repo_close_p(struct repo **r)
{
	repo_close(*r);
	*r = NULL;
}

struct apart *
repo_apart(struct repo *r)
{
	return &r->apart;
}

struct patch_kept *
repo_patch(struct repo *r)
{
	return &r->patch;
}

/* ---- what is pushed, before it is a part of the repository ---- */

/* As git writes it where the name holds what ends it: "a:b" with its quotes. */
static bool
take_quoted(struct str *rest, struct buf *out)
{
	size_t i;

	for (i = 1; i < rest->n && rest->p[i] != '"'; i++) {
		if (rest->p[i] == '\\' && i + 1 < rest->n)
			i++;
		buf_addc(out, rest->p[i]);
	}
	if (i >= rest->n)
		return false;
	*rest = str_skip(*rest, i + 1);
	if (rest->n > 0 && rest->p[0] == ':')
		*rest = str_skip(*rest, 1);
	return true;
}

void
repo_folders_told(const char *folder, const char *others, struct strs *out)
{
	struct str rest = str_of(others), one;

	if (folder != NULL && folder[0] != '\0')
		strs_add(out, folder);
	while (rest.n > 0) {
		AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT);

		if (rest.p[0] == '"') {
			if (!take_quoted(&rest, &name))
				return;
		} else {
			str_next(&rest, ':', &one);
			buf_addstr(&name, one);
		}
		if (name.n > 0)
			strs_add(out, buf_cstr(&name));
	}
}

void
repo_read_too(struct repo *r, const char *folder)
{
	AUTO(buf_free) struct buf env = BUF_INIT(BUF_TEXT);
	const char *c;

	strs_add(&r->folders, folder);
	buf_adds(&env, r->folders_env[0] == NULL ? "GIT_ALTERNATE_OBJECT_DIRECTORIES=" : r->folders_env[0]);
	buf_adds(&env, r->folders_env[0] == NULL ? "\"" : ":\"");
	for (c = folder; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			buf_addc(&env, '\\');
		buf_addc(&env, *c);
	}
	buf_addc(&env, '"');
	free(r->folders_env[0]);
	r->folders_env[0] = buf_steal(&env);
}

const struct strs *
repo_folders(const struct repo *r)
{
	return &r->folders;
}

const char *const *
repo_folders_env(struct repo *r)
{
	return r->folders.n == 0 ? NULL : (const char *const *)r->folders_env;
}

void
repo_suppose(struct repo *r, const char *ref, const struct oid *oid)
{
	free(r->supposed);
	r->supposed = mem_strdup(ref);
	r->supposed_oid = *oid;
}

bool
repo_supposed(const struct repo *r, const char *ref, struct oid *out)
{
	if (r->supposed == NULL || strcmp(r->supposed, ref) != 0)
		return false;
	*out = r->supposed_oid;
	return true;
}

struct settings **
repo_settings(struct repo *r)
{
	return &r->settings;
}

const char *
repo_gitdir(const struct repo *r)
{
	return r->place.gitdir;
}

const char *
repo_commondir(const struct repo *r)
{
	return r->place.commondir;
}

const char *
repo_workdir(const struct repo *r)
{
	return r->place.workdir;
}

const struct place *
repo_place(const struct repo *r)
{
	return &r->place;
}

struct objsync *
repo_objsync(struct repo *r)
{
	return &r->unsynced;
}

bool
repo_is_bare(const struct repo *r)
{
	return r->bare;
}

bool
repo_is_linked(const struct repo *r)
{
	return strcmp(r->place.gitdir, r->place.commondir) != 0;
}

bool
repo_is_partial(const struct repo *r)
{
	return r->partial;
}

bool
repo_has_worktree_config(const struct repo *r)
{
	return r->worktree_config;
}

bool
repo_is_shallow(const struct repo *r)
{
	AUTO(mem_free_p) char *path = path_join(r->place.commondir, "shallow");
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0;
}

struct err *
repo_factory_dir(struct repo *r, const char **path)
{
	AUTO(mem_free_p) char *dir = NULL;

	if (r->factory_dir == NULL) {
		dir = path_join(r->place.commondir, "factory");
		TRY(dir_make(AT_FDCWD, dir, 0700));
		apart_below(dir);
		r->factory_dir = STEAL(dir);
	}
	*path = r->factory_dir;
	return NULL;
}

struct err *
repo_head(struct repo *r, char **branch, struct oid *tip)
{
	AUTO(mem_free_p) char *target = NULL;
	struct oid oid;

	TRY(tip_symbolic(&r->place, "HEAD", &target));
	TRY(tip_read_at(&r->place, target == NULL ? "HEAD" : target, &oid));
	*tip = oid;
	*branch = STEAL(target);
	return NULL;
}

static int
open_lg2(const char *gitdir, git_repository **out)
{
	return lg2.git_repository_open_ext(out, gitdir,
	    GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT, NULL);
}

struct err *
repo_lg2(struct repo *r, struct git_repository **out)
{
	git_repository *g;
	struct err *e;
	int rc;

	TRY(lg2_open());
	if (r->lg2 == NULL) {
		rc = open_lg2(r->place.gitdir, &g);
		if (rc < 0)
			return err_recode(lg2_err(NULL, rc, "cannot open the repository '%s'",
			    r->place.gitdir), ERR_REPOSITORY);
		e = odb_open(r, g);
		if (e != NULL) {
			lg2.git_repository_free(g);
			return e;
		}
		r->lg2 = g;
	}
	*out = r->lg2;
	return NULL;
}

static struct err *
no_such_rev(struct repo *r, const char *rev, int rc)
{
	AUTO(mem_free_p) char *branch = NULL;
	struct oid tip;

	TRY(repo_head(r, &branch, &tip));
	if (rc == GIT_EAMBIGUOUS)
		return err_hint(err_new(ERR_AMBIGUOUS, "'%s' is the beginning of several object ids", rev),
		    "give more digits");
	if (oid_is_zero(&tip) && strcmp(rev, "HEAD") == 0)
		return err_hint(err_new(ERR_NOT_FOUND, "'%s' has no commit yet", branch),
		    "make one: 'git commit --allow-empty -m start'");
	return err_new(ERR_NOT_FOUND, "no commit is named '%s'", rev);
}

struct err *
repo_resolve(struct repo *r, const char *rev, struct oid *commit)
{
	AUTO(lg2_object_free_p) git_object *object = NULL;
	AUTO(lg2_object_free_p) git_object *peeled = NULL;
	git_repository *g;
	int rc;

	if (rev[0] == '-' || rev[0] == '\0')
		return err_new(ERR_NOT_FOUND, "no commit is named '%s'", rev);
	TRY(repo_lg2(r, &g));
	rc = lg2.git_revparse_single(&object, g, rev);
	if (rc == GIT_ENOTFOUND || rc == GIT_EAMBIGUOUS || rc == GIT_EINVALIDSPEC)
		return no_such_rev(r, rev, rc);
	if (rc < 0)
		return lg2_err(r, rc, "cannot look up '%s'", rev);
	rc = lg2.git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
	if (rc == GIT_EPEEL || rc == GIT_EINVALIDSPEC)
		return err_new(ERR_NOT_FOUND, "'%s' is no commit", rev);
	if (rc < 0)
		return lg2_err(r, rc, "cannot look up the commit of '%s'", rev);
	*commit = lg2_oid_back(lg2.git_object_id(peeled));
	return NULL;
}
