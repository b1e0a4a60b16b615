#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/owner.h"
#include "git/place.h"
#include "git/userconf.h"

static bool
is_mine(const char *path)
{
	int64_t sudo;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT;
	if (st.st_uid == geteuid())
		return true;
	return geteuid() == 0 && str_int(str_of(getenv("SUDO_UID")), 0, UINT32_MAX, &sudo) &&
	    (uid_t)sudo == st.st_uid;
}

static bool
all_mine(const struct place *p)
{
	AUTO(mem_free_p) char *dotgit = NULL;

	if (!is_mine(p->gitdir))
		return false;
	if (p->workdir == NULL)
		return true;
	dotgit = path_join(p->workdir, ".git");
	return is_mine(p->workdir) && is_mine(dotgit);
}

/* One value of safe.directory: "*", a path, or a path and all below it. */
static bool
names(const char *value, const char *path)
{
	AUTO(mem_free_p) char *full = NULL;
	const char *home = getenv("HOME");
	size_t n;

	if (strcmp(value, "*") == 0)
		return true;
	if (strncmp(value, "~/", 2) == 0 && home != NULL)
		value = full = path_join(home, value + 2);
	n = strlen(value);
	if (n >= 2 && strcmp(value + n - 2, "/*") == 0)
		return strncmp(value, path, n - 1) == 0;
	if (n > 1 && value[n - 1] == '/')
		n--;
	return strlen(path) == n && strncmp(value, path, n) == 0;
}

struct err *
owner_check(const struct place *p)
{
	const char *path = p->workdir == NULL ? p->gitdir : p->workdir;
	AUTO(strs_free) struct strs values = {0};
	bool safe = false;
	size_t i;

	if (all_mine(p))
		return NULL;
	TRY(userconf_protected("safe.directory", &values));
	for (i = 0; i < values.n; i++)
		safe = values.v[i][0] == '\0' ? false : safe || names(values.v[i], path);
	if (safe)
		return NULL;
	return err_hint(err_new(ERR_REPOSITORY, "the repository at '%s' belongs to another user", path),
	    "if you trust it, run 'git config --global --add safe.directory %s'", path);
}

struct err *
owner_check_bare(const struct place *p)
{
	AUTO(strs_free) struct strs values = {0};

	TRY(userconf_protected("safe.bareRepository", &values));
	if (values.n == 0 || strcmp(values.v[values.n - 1], "explicit") != 0)
		return NULL;
	return err_hint(err_new(ERR_REPOSITORY, "the bare repository '%s' was not named, and safe.bareRepository is 'explicit'",
	    p->gitdir), "name it: 'git --git-dir=%s factory ...'", p->gitdir);
}
