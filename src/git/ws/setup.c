/*
 * ws/setup.c - what setup made, kept as a layer: factory/setup/<key>, with
 * <key>.lock beside it, locked shared by whoever uses it.
 */
#include "git/ws/priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/repo.h"
#include "sys/userns.h"

#define COPY_CHUNK (256 * KIB)

static struct err *
setup_home(struct repo *r, char **path)
{
	const char *factory;

	TRY(repo_factory_dir(r, &factory));
	*path = path_join(factory, "setup");
	return dir_make(AT_FDCWD, *path, 0700);
}

static struct err *
check_key(const char *key)
{
	size_t n = strlen(key);

	if (n < 8 || n > 64 || strspn(key, "0123456789abcdef") != n)
		return err_new(ERR_BUG, "'%s' is no key of a setup layer", key);
	return NULL;
}

struct err *
workspace_setup_find(struct repo *r, const char *key, bool *found)
{
	AUTO(mem_free_p) char *home = NULL;
	AUTO(mem_free_p) char *path = NULL;
	struct stat st;
	uid_t uid;
	gid_t gid;

	TRY(check_key(key));
	TRY(setup_home(r, &home));
	path = path_join(home, key);
	userns_owner(&uid, &gid);
	/* In a copy of the repository its files may be those of whoever copied it. */
	*found = lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid;
	return NULL;
}

static struct err *
lock_key(const char *home, const char *key, int how, int *fd)
{
	AUTO(mem_free_p) char *path = mem_printf("%s/%s.lock", home, key);
	AUTO(fd_close_p) int got = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (got < 0)
		return err_sys("cannot open '%s'", path);
	if (flock(got, how) != 0)
		return errno == EWOULDBLOCK ? err_new(ERR_LOCKED, "'%s' is in use", path) :
		    err_sys("cannot lock '%s'", path);
	futimens(got, NULL);
	*fd = got;
	got = -1;
	return NULL;
}

struct err *
ws_setup_take(struct workspace *ws, const char *key)
{
	AUTO(mem_free_p) char *home = NULL;
	bool found;

	TRY(check_key(key));
	TRY(setup_home(ws->terms.repo, &home));
	TRY(lock_key(home, key, LOCK_SH, &ws->setup_lock));
	TRY(workspace_setup_find(ws->terms.repo, key, &found));
	if (!found)
		return err_new(ERR_NOT_FOUND, "there is no setup layer '%s'", key);
	ws->setup_dir = path_join(home, key);
	return NULL;
}

/* ---- copying ---- */

struct copy {
	const struct ws_terms *terms;
	ws_copy_fn *fn;
	ws_copied_fn *done;
	void *arg;
	char *chunk;
};

static struct err *
copy_file(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	struct timespec times[2] = {st->st_mtim, st->st_mtim};
	AUTO(fd_close_p) int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO(fd_close_p) int out = -1;
	ssize_t n;

	TRY(tree_remove(to, name));
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    (st->st_mode & 0777) | S_IRUSR | S_IWUSR);
	if (in < 0 || out < 0)
		return err_sys("cannot copy '%s'", name);
	while ((n = read(in, c->chunk, COPY_CHUNK)) > 0)
		TRY(file_write_all(out, c->chunk, (size_t)n));
	if (n < 0 || futimens(out, times) != 0)
		return err_sys("cannot copy '%s'", name);
	return NULL;
}

static struct err *
copy_link(int from, int to, const char *name)
{
	char target[TREE_PATH_MAX + 1];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys("cannot read the link '%s'", name);
	target[n] = '\0';
	TRY(tree_remove(to, name));
	return symlinkat(target, to, name) == 0 ? NULL : err_sys("cannot make the link '%s'", name);
}

static struct err *copy_dir(struct copy *c, int from, int to, const char *prefix, int depth);

static struct err *
copy_folder(struct copy *c, int from, int to, const char *name, const char *path, int depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	AUTO(fd_close_p) int in = openat(from, name, flags);
	AUTO(fd_close_p) int out = -1;

	if (mkdirat(to, name, 0755) != 0 && errno != EEXIST)
		return err_sys("cannot make the folder '%s'", path);
	out = openat(to, name, flags);
	if (in < 0 || out < 0)
		return err_sys("cannot open the folder '%s'", path);
	TRY(copy_dir(c, in, out, path, depth + 1));
	/* A folder of the base's, with nothing new in it, is no result. */
	unlinkat(to, name, AT_REMOVEDIR);
	return NULL;
}

static struct err *
copy_entry(struct copy *c, int from, int to, const char *name, const char *path, int depth)
{
	struct stat st;
	bool take = true;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_sys("cannot look at '%s'", path);
	TRY(c->fn(c->arg, path, &st, &take));
	if (!take)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return copy_folder(c, from, to, name, path, depth);
	if (S_ISREG(st.st_mode))
		TRY(copy_file(c, from, to, name, &st));
	else if (S_ISLNK(st.st_mode))
		TRY(copy_link(from, to, name));
	else
		return NULL;
	if (c->done != NULL)
		c->done(c->arg, path, to, name);
	return NULL;
}

static struct err *
copy_dir(struct copy *c, int from, int to, const char *prefix, int depth)
{
	AUTO(strs_free) struct strs names = {0};

	if (depth > WS_DEPTH_MAX)
		return err_new(ERR_LIMIT, "'%s' is too deep", prefix);
	TRY(ws_dir_names(from, &names));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(mem_free_p) char *path = depth > 0 ? path_join(prefix, names.v[i]) :
		    mem_strdup(names.v[i]);

		if (depth > 0 || strcmp(path, ".git") != 0)
			TRY(copy_entry(c, from, to, names.v[i], path, depth));
	}
	return NULL;
}

struct err *
ws_copy(const struct ws_terms *t, int from, int to, ws_copy_fn *fn, ws_copied_fn *done,
    void *arg)
{
	struct copy c = {.terms = t, .fn = fn, .done = done, .arg = arg,
	    .chunk = mem_alloc(COPY_CHUNK)};
	struct userns_self self = userns_become(t->uid, t->gid);
	struct err *e = copy_dir(&c, from, to, "", 0);

	userns_return(self);
	free(c.chunk);
	return e;
}

/* ---- saving ---- */

struct save {
	struct workspace *ws;
	struct strs *dropped;
};

/*
 * Only what the base has not: its own files, changed or deleted, would hide
 * those of the next base.
 */
static struct err *
save_entry(void *arg, const char *path, const struct stat *st, bool *take)
{
	struct save *s = arg;
	bool hole = S_ISCHR(st->st_mode);
	struct tree_entry base;

	TRY(s->ws->ops->base(s->ws, path, &base));
	*take = !hole && (base.mode == 0 || (base.mode == MODE_TREE && S_ISDIR(st->st_mode)));
	if (!*take && base.mode != 0 && s->dropped != NULL && s->ws->ops->kind == WS_OVERLAY)
		strs_add(s->dropped, path);
	return NULL;
}

static struct err *
save_to(struct workspace *ws, const char *home, const char *key, struct strs *dropped)
{
	struct save s = {.ws = ws, .dropped = dropped};
	AUTO(mem_free_p) char *tmp = mem_printf("%s/%s.tmp", home, key);
	AUTO(mem_free_p) char *path = path_join(home, key);
	AUTO(fd_close_p) int to = -1;
	struct err *e;

	TRY(tree_remove(AT_FDCWD, tmp));
	TRY(dir_make(AT_FDCWD, tmp, 0755));
	to = open(tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0 || (ws->terms.uid != geteuid() && fchown(to, ws->terms.uid, ws->terms.gid) != 0))
		return err_sys("cannot open '%s'", tmp);
	e = ws_copy(&ws->terms, ws->ops->added(ws), to, save_entry, NULL, &s);
#ifdef __linux__
	if (e == NULL && syncfs(to) != 0)
		e = err_sys("cannot write '%s' to disk", tmp);
#endif
	if (e == NULL)
		e = tree_remove(AT_FDCWD, path);
	if (e == NULL && rename(tmp, path) != 0)
		e = err_sys("cannot rename '%s'", tmp);
	if (e != NULL)
		err_ignore(tree_remove(AT_FDCWD, tmp));
	return e;
}

struct err *
workspace_setup_save(struct workspace *ws, const char *key, struct strs *dropped)
{
	AUTO(mem_free_p) char *home = NULL;
	AUTO(fd_close_p) int lock = -1;
	bool found;

	TRY(check_key(key));
	TRY(setup_home(ws->terms.repo, &home));
	TRY(workspace_setup_find(ws->terms.repo, key, &found));
	if (found)
		return NULL;
	TRY(lock_key(home, key, LOCK_EX, &lock));
	TRY(workspace_setup_find(ws->terms.repo, key, &found));
	return found ? NULL : save_to(ws, home, key, dropped);
}

/* ---- sweeping ---- */

static struct err *
sweep_key(const char *home, const char *lock_name, int64_t before)
{
	AUTO(mem_free_p) char *key = mem_strndup(lock_name, strlen(lock_name) - strlen(".lock"));
	AUTO(mem_free_p) char *lock_path = path_join(home, lock_name);
	AUTO(mem_free_p) char *path = path_join(home, key);
	AUTO(mem_free_p) char *tmp = mem_printf("%s.tmp", path);
	AUTO(fd_close_p) int lock = -1;
	struct timespec times[2];
	struct stat st;
	struct err *e;

	if (lstat(lock_path, &st) != 0)
		return NULL;
	e = lock_key(home, key, LOCK_EX | LOCK_NB, &lock);
	if (err_is(e, ERR_LOCKED)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	/* This look is no use: cut short, the next one finds it as old as it is. */
	times[0] = times[1] = st.st_mtim;
	futimens(lock, times);
	TRY(tree_remove(AT_FDCWD, tmp));
	return st.st_mtim.tv_sec > before ? NULL : tree_remove(AT_FDCWD, path);
}

struct err *
ws_setup_sweep(const struct ws_terms *t, int64_t before)
{
	AUTO(mem_free_p) char *home = NULL;
	AUTO(strs_free) struct strs names = {0};
	AUTO(fd_close_p) int dir = -1;

	TRY(setup_home(t->repo, &home));
	dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys("cannot open '%s'", home);
	TRY(ws_dir_names(dir, &names));
	for (size_t i = 0; i < names.n; i++)
		if (str_ends(str_of(names.v[i]), ".lock"))
			TRY(sweep_key(home, names.v[i], before));
	return NULL;
}
