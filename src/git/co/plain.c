#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "git/co/plain.h"
#include "git/repo.h"
#include "git/userconf.h"

static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static bool
is_there(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- the configuration ---- */

/* Whatever they are set to, no file of a checkout is another for it. */
static const char *const harmless[] = {"core.editor", "core.pager", "core.askpass", "core.sshcommand",
    "core.excludesfile", "core.quotepath", "core.commentchar", "core.abbrev", "core.whitespace",
    "core.compression", "core.loosecompression", "core.hookspath", "core.preloadindex",
    "core.repositoryformatversion", "core.commitgraph", NULL};
static const char *const as_always[][2] = {{"core.bare", "false"}, {"core.filemode", "true"},
    {"core.logallrefupdates", "true"}};
/* Sections that have a say in how a checkout is written, or may have one. */
static const char *const weighty[] = {"core.", "extensions.", "index.", "feature.", "sparse.", "attr.",
    "checkout.", "splitindex.", "includeif.", "worktree."};

static struct err *
look_at(void *arg, const char *key, const char *value)
{
	bool *plain = arg;
	size_t i;

	if (is_one_of(key, harmless))
		return NULL;
	for (i = 0; i < NITEMS(as_always); i++)
		if (strcmp(key, as_always[i][0]) == 0 && strcmp(value, as_always[i][1]) == 0)
			return NULL;
	for (i = 0; i < NITEMS(weighty); i++)
		if (strncmp(key, weighty[i], strlen(weighty[i])) == 0)
			*plain = false;
	if (strncmp(key, "branch.", 7) == 0 && str_ends(str_of(key), ".mergeoptions"))
		*plain = false;
	return NULL;
}

/* As it is now: a handle keeps what it read once. */
static bool
config_is_plain(const struct repo *r)
{
	AUTO(repo_close_p) struct repo *now = NULL;
	bool plain = true;
	struct err *e = repo_open(repo_workdir(r), &now);

	if (e == NULL)
		e = userconf_each(now, "", look_at, &plain);
	err_ignore(e);
	return e == NULL && plain;
}

/* ---- the environment ---- */

/* A git that is not the system's own may have a system configuration elsewhere. */
static bool
git_is_the_systems(void)
{
	static const char *const homes[] = {"/usr/bin", "/bin", "/usr/lib/git-core", "/usr/libexec/git-core", NULL};
	const char *all = getenv("PATH");
	struct str rest = str_of(all == NULL ? "" : all), one;

	while (str_next(&rest, ':', &one)) {
		AUTO(mem_free_p) char *folder = str_dup(one);
		AUTO(mem_free_p) char *git = path_join(folder, "git");

		if (one.n == 0 || access(git, X_OK) == 0)
			return is_one_of(folder, homes);
	}
	return false;
}

static bool
env_is_plain(void)
{
	static const char *const known[] = {"GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL",
	    "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
	    "GIT_COMMITTER_DATE", "GIT_EDITOR", "GIT_PAGER", "GIT_PAGER_IN_USE", "GIT_TERMINAL_PROMPT", "GIT_ASKPASS",
	    "GIT_CEILING_DIRECTORIES", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
	    "GIT_SSL_NO_VERIFY", NULL};
	char **var;

	for (var = environ; *var != NULL; var++) {
		AUTO(mem_free_p) char *name = NULL;

		if (strncmp(*var, "GIT_", 4) != 0 || strncmp(*var, "GIT_FACTORY_", 12) == 0)
			continue;
		name = mem_strndup(*var, strcspn(*var, "="));
		if (!is_one_of(name, known) && !is_one_of(name, repo_env_names()))
			return false;
	}
	return git_is_the_systems();
}

/* ---- files ---- */

static bool
user_has_attributes(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	AUTO(mem_free_p) char *first = mem_printf("%s/git/attributes", xdg == NULL ? "" : xdg);
	AUTO(mem_free_p) char *second = mem_printf("%s/.config/git/attributes", home == NULL ? "" : home);

	return (xdg != NULL && is_there(first)) || (home != NULL && is_there(second));
}

static bool
files_are_plain(const struct repo *r)
{
	static const char *const system[] = {"/etc/gitattributes", "/usr/etc/gitattributes", "/usr/etc/gitconfig"};
	static const char *const ours[] = {"info/attributes", "info/sparse-checkout", "info/grafts", "refs/replace",
	    "MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "MERGE_RR", "MERGE_AUTOSTASH", "SQUASH_MSG", "AUTO_MERGE",
	    "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG", "BISECT_START", "rebase-merge", "rebase-apply",
	    "sequencer"};
	size_t i;

	for (i = 0; i < NITEMS(system); i++)
		if (is_there(system[i]))
			return false;
	for (i = 0; i < NITEMS(ours); i++) {
		AUTO(mem_free_p) char *path = path_join(repo_gitdir(r), ours[i]);

		if (is_there(path))
			return false;
	}
	return !user_has_attributes();
}

/* Elsewhere a git may have its system's files in other places. */
static bool
system_is_known(void)
{
#ifdef __linux__
	return true;
#else
	return false;
#endif
}

bool
plain_checkout(struct repo *r)
{
	/* Hooks are git's to run, where a test has it run them. */
	return system_is_known() && defence_on(DEFENCE_GIT_CONFIG) && repo_workdir(r) != NULL && !repo_is_linked(r) &&
	    !repo_is_shallow(r) && !repo_is_partial(r) && !repo_has_worktree_config(r) && env_is_plain() &&
	    files_are_plain(r) && config_is_plain(r);
}
