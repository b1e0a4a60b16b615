#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/conffile.h"
#include "git/lg2.h"
#include "git/place.h"
#include "git/repo.h"
#include "git/userconf.h"

#define SETTING_MAX MIB

struct setting {
	char *key;
	char *value;	/* NULL for a key without '=' */
};

struct settings {
	VEC_FIELDS(struct setting);
};

static void
settings_free(struct settings *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->v[i].key);
		free(s->v[i].value);
	}
	vec_free(s);
}

/* Section and name in lower case, as libgit2 and git report them. */
static char *
normal(const char *key)
{
	char *k = mem_strdup(key), *last = strrchr(k, '.'), *p;

	for (p = k; *p != '\0' && *p != '.'; p++)
		*p = (char)tolower((unsigned char)*p);
	for (p = last == NULL ? k : last; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return k;
}

static void
add(struct settings *s, const char *key, const char *value)
{
	struct setting one = {normal(key), mem_strdup(value)};

	vec_push(s, one);
}

static int
add_entry(const git_config_entry *entry, void *arg)
{
	add(arg, entry->name, entry->value);
	return 0;
}

/* One shell-quoted word of GIT_CONFIG_PARAMETERS; false at its end. */
static bool
take_quoted(struct str *rest, struct buf *out)
{
	buf_clear(out);
	if (rest->n == 0 || rest->p[0] != '\'')
		return false;
	*rest = str_skip(*rest, 1);
	while (rest->n > 0) {
		if (rest->p[0] != '\'') {
			buf_addc(out, rest->p[0]);
			*rest = str_skip(*rest, 1);
		} else if (rest->n >= 4 && rest->p[1] == '\\' && rest->p[3] == '\'') {
			buf_addc(out, rest->p[2]);
			*rest = str_skip(*rest, 4);
		} else {
			*rest = str_skip(*rest, 1);
			return true;
		}
	}
	return false;
}

/* 'key'='value', or the older 'key=value', separated by spaces. */
static void
add_parameters(struct settings *s, struct str rest)
{
	AUTO(buf_free) struct buf key = BUF_INIT(SETTING_MAX);
	AUTO(buf_free) struct buf value = BUF_INIT(SETTING_MAX);
	char *equals;

	for (;;) {
		rest = str_trim(rest);
		if (!take_quoted(&rest, &key))
			return;
		if (rest.n > 0 && rest.p[0] == '=') {
			rest = str_skip(rest, 1);
			take_quoted(&rest, &value);
			add(s, buf_cstr(&key), buf_cstr(&value));
			continue;
		}
		equals = key.p == NULL ? NULL : strchr(key.p, '=');
		if (equals != NULL)
			*equals = '\0';
		add(s, buf_cstr(&key), equals == NULL ? NULL : equals + 1);
	}
}

static void
add_environment(struct settings *s)
{
	const char *parameters = getenv("GIT_CONFIG_PARAMETERS");
	char name[48];
	const char *key, *value;
	int64_t n = 0, i;

	if (str_int(str_of(getenv("GIT_CONFIG_COUNT")), 0, 10000, &n))
		for (i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%lld", (long long)i);
			key = getenv(name);
			snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%lld", (long long)i);
			value = getenv(name);
			if (key != NULL && value != NULL)
				add(s, key, value);
		}
	if (parameters != NULL)
		add_parameters(s, str_of(parameters));
}

static struct err *
add_file(git_config *config, const char *path, git_config_level_t level, git_repository *g)
{
	struct stat st;
	int rc;

	if (stat(path, &st) != 0)
		return NULL;
	rc = lg2.git_config_add_file_ondisk(config, path, level, g, 1);
	return rc < 0 ? err_recode(lg2_err(NULL, rc, "cannot read '%s'", path), ERR_CONFIG) : NULL;
}

static struct err *
add_system(git_config *config, git_repository *g)
{
	const char *named = getenv("GIT_CONFIG_SYSTEM");
	const char *none = getenv("GIT_CONFIG_NOSYSTEM");
	git_buf found = {0};
	struct err *e = NULL;
	bool off = false;

	if (none != NULL && conffile_bool(none, &off) && off)
		return NULL;
	if (named != NULL)
		return add_file(config, named, GIT_CONFIG_LEVEL_SYSTEM, g);
	if (lg2.git_config_find_system(&found) == 0)
		e = add_file(config, found.ptr, GIT_CONFIG_LEVEL_SYSTEM, g);
	lg2.git_buf_dispose(&found);
	return e;
}

static struct err *
add_user(git_config *config, git_repository *g)
{
	const char *named = getenv("GIT_CONFIG_GLOBAL");
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
	AUTO(mem_free_p) char *first = NULL;
	AUTO(mem_free_p) char *second = NULL;

	if (named != NULL)
		return add_file(config, named, GIT_CONFIG_LEVEL_GLOBAL, g);
	if (xdg != NULL && xdg[0] != '\0')
		first = path_join(xdg, "git/config");
	else if (home != NULL)
		first = path_join(home, ".config/git/config");
	if (first != NULL)
		TRY(add_file(config, first, GIT_CONFIG_LEVEL_XDG, g));
	if (home == NULL)
		return NULL;
	second = path_join(home, ".gitconfig");
	return add_file(config, second, GIT_CONFIG_LEVEL_GLOBAL, g);
}

static struct err *
add_local(git_config *config, struct repo *r, git_repository *g)
{
	AUTO(mem_free_p) char *local = path_join(repo_commondir(r), "config");
	AUTO(mem_free_p) char *worktree = path_join(repo_gitdir(r), "config.worktree");

	TRY(add_file(config, local, GIT_CONFIG_LEVEL_LOCAL, g));
	return repo_has_worktree_config(r) ?
	    add_file(config, worktree, GIT_CONFIG_LEVEL_APP, g) : NULL;
}

/* r NULL: what no repository can set. */
static struct err *
load(struct repo *r, struct settings *out)
{
	AUTO(lg2_config_free_p) git_config *config = NULL;
	AUTO(settings_free) struct settings s = {0};
	git_repository *g = NULL;
	int rc;

	if (r != NULL)
		TRY(repo_lg2(r, &g));
	else
		TRY(lg2_open());
	rc = lg2.git_config_new(&config);
	if (rc < 0)
		return lg2_err(NULL, rc, "cannot read the git configuration");
	TRY(add_system(config, g));
	TRY(add_user(config, g));
	if (r != NULL)
		TRY(add_local(config, r, g));
	rc = lg2.git_config_foreach(config, add_entry, &s);
	if (rc < 0)
		return err_recode(lg2_err(NULL, rc, "cannot read the git configuration"), ERR_CONFIG);
	add_environment(&s);
	*out = s;
	s = (struct settings){0};
	return NULL;
}

void
settings_drop(struct settings *s)
{
	if (s == NULL)
		return;
	settings_free(s);
	free(s);
}

/* The repository's, read once. */
static struct err *
settings_of(struct repo *r, const struct settings **out)
{
	struct settings **kept = repo_settings(r);
	struct settings s = {0};

	if (*kept == NULL) {
		TRY(load(r, &s));
		*kept = mem_alloc(sizeof(**kept));
		**kept = s;
	}
	*out = *kept;
	return NULL;
}

/* Last setting of the key, or NULL. */
static const struct setting *
last(const struct settings *s, const char *key)
{
	AUTO(mem_free_p) char *want = normal(key);
	size_t i;

	for (i = s->n; i > 0; i--)
		if (strcmp(s->v[i - 1].key, want) == 0)
			return &s->v[i - 1];
	return NULL;
}

static void
collect(const struct settings *s, const char *key, struct strs *values)
{
	AUTO(mem_free_p) char *want = normal(key);
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].key, want) == 0)
			strs_add(values, s->v[i].value == NULL ? "" : s->v[i].value);
}

struct err *
userconf_str(struct repo *r, const char *key, char **value)
{
	const struct settings *s;
	const struct setting *one;

	TRY(settings_of(r, &s));
	one = last(s, key);
	if (one != NULL && one->value == NULL)
		return err_new(ERR_CONFIG, "the git setting '%s' has no value", key);
	*value = one == NULL ? NULL : mem_strdup(one->value);
	return NULL;
}

struct err *
userconf_all(struct repo *r, const char *key, struct strs *values)
{
	const struct settings *s;

	TRY(settings_of(r, &s));
	collect(s, key, values);
	return NULL;
}

struct err *
userconf_protected(const char *key, struct strs *values)
{
	AUTO(settings_free) struct settings s = {0};

	TRY(load(NULL, &s));
	collect(&s, key, values);
	return NULL;
}

struct err *
userconf_bool(struct repo *r, const char *key, bool otherwise, bool *value)
{
	const struct settings *s;
	const struct setting *one;
	int b;

	TRY(settings_of(r, &s));
	one = last(s, key);
	if (one != NULL && lg2.git_config_parse_bool(&b, one->value) < 0)
		return err_new(ERR_CONFIG, "the git setting '%s' must be true or false, not '%s'", key,
		    one->value);
	*value = one == NULL ? otherwise : b != 0;
	return NULL;
}

struct err *
userconf_int(struct repo *r, const char *key, int64_t otherwise, int64_t *value)
{
	const struct settings *s;
	const struct setting *one;
	int64_t n = otherwise;

	TRY(settings_of(r, &s));
	one = last(s, key);
	if (one != NULL && (one->value == NULL || lg2.git_config_parse_int64(&n, one->value) < 0))
		return err_new(ERR_CONFIG, "the git setting '%s' must be a whole number, not '%s'", key,
		    one->value == NULL ? "" : one->value);
	*value = n;
	return NULL;
}

struct err *
userconf_path(struct repo *r, const char *key, char **value)
{
	AUTO(mem_free_p) char *raw = NULL;
	const char *home = getenv("HOME");

	TRY(userconf_str(r, key, &raw));
	if (raw == NULL || raw[0] != '~') {
		*value = STEAL(raw);
		return NULL;
	}
	if ((raw[1] != '/' && raw[1] != '\0') || home == NULL)
		return err_new(ERR_CONFIG, "the git setting '%s' names a home folder that cannot be found: '%s'",
		    key, raw);
	*value = raw[1] == '\0' ? mem_strdup(home) : path_join(home, raw + 2);
	return NULL;
}

struct err *
userconf_each(struct repo *r, const char *prefix, userconf_fn *fn, void *arg)
{
	const struct settings *s;
	size_t i;

	TRY(settings_of(r, &s));
	for (i = 0; i < s->n; i++)
		if (strncmp(s->v[i].key, prefix, strlen(prefix)) == 0)
			TRY(fn(arg, s->v[i].key, s->v[i].value == NULL ? "true" : s->v[i].value));
	return NULL;
}
