/*
 * userconf.h - the user's git configuration: system, XDG, global, and the
 * repository's own .git/config and config.worktree, none of which is cloned,
 * and "git -c", with includes resolved.  GIT_CONFIG_SYSTEM, GIT_CONFIG_GLOBAL
 * and GIT_CONFIG_NOSYSTEM are honoured.  Policy that comes with a clone is not here.
 *
 * A repository's settings are read once per handle: what is changed later is
 * seen by the next one.
 *
 * Keys as git writes them: "factory.slots", "user.name".  Loads libgit2.
 */
#ifndef GIT_USERCONF_H
#define GIT_USERCONF_H

#include "base/def.h"
#include "base/vec.h"

struct err;
struct repo;
struct settings;

/* *value is NULL when the key is not set; free it.  The last setting wins. */
struct err *userconf_str(struct repo *r, const char *key, char **value) MUST_USE;

/* Every value of a key that may be given several times, in order. */
struct err *userconf_all(struct repo *r, const char *key, struct strs *values) MUST_USE;

/* ERR_CONFIG naming key and value when it is no boolean or integer. */
struct err *userconf_bool(struct repo *r, const char *key, bool otherwise, bool *value) MUST_USE;
struct err *userconf_int(struct repo *r, const char *key, int64_t otherwise, int64_t *value) MUST_USE;

/* As userconf_str() for a path: a leading ~/ is the home folder. */
struct err *userconf_path(struct repo *r, const char *key, char **value) MUST_USE;

/* Each key that starts with prefix ("factory."), in order of reading. */
typedef struct err *userconf_fn(void *arg, const char *key, const char *value);
struct err *userconf_each(struct repo *r, const char *prefix, userconf_fn *fn, void *arg) MUST_USE;

/*
 * Every value of a key in the system's and the user's own files only: what
 * a repository may not say about itself (safe.directory).
 */
struct err *userconf_protected(const char *key, struct strs *values) MUST_USE;

/* For repo_close(). */
void settings_drop(struct settings *s);

#endif
