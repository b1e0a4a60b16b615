#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/repo.h"
#include "git/workspace.h"
#include "git/ws/priv.h"

/* Looked at without leaving a trace: a use would make it young again. */
static bool
is_locked(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static struct err *
tell_lock(const char *lock, const char *what, ws_idle_fn *fn, void *arg)
{
	AUTO(fd_close_p) int fd = open(lock, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return NULL;
	return fn(arg, what, st.st_mtim.tv_sec, is_locked(fd));
}

/* Slot 0 of each kind stays. */
static struct err *
tell_slots(const char *factory, const char *kind, ws_idle_fn *fn, void *arg)
{
	AUTO(mem_free_p) char *home = path_join(factory, kind);
	AUTO(fd_close_p) int dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(strs_free) struct strs names = {0};
	int64_t k;
	size_t i;

	if (dir < 0)
		return NULL;
	TRY(ws_dir_names(dir, &names));
	for (i = 0; i < names.n; i++) {
		AUTO(mem_free_p) char *what = mem_printf("%s/%s", kind, names.v[i]);
		AUTO(mem_free_p) char *lock = mem_printf("%s/%s/lock", factory, what);

		if (str_int(str_of(names.v[i]), 1, INT32_MAX, &k))
			TRY(tell_lock(lock, what, fn, arg));
	}
	return NULL;
}

static struct err *
tell_layers(const char *factory, ws_idle_fn *fn, void *arg)
{
	AUTO(mem_free_p) char *home = path_join(factory, "setup");
	AUTO(fd_close_p) int dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(strs_free) struct strs names = {0};
	struct stat st;
	size_t i;

	if (dir < 0)
		return NULL;
	TRY(ws_dir_names(dir, &names));
	for (i = 0; i < names.n; i++) {
		AUTO(mem_free_p) char *what = mem_printf("setup/%s", names.v[i]);
		AUTO(mem_free_p) char *lock = mem_printf("%s/%s.lock", factory, what);

		if (fstatat(dir, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			TRY(tell_lock(lock, what, fn, arg));
	}
	return NULL;
}

struct err *
workspace_idle(struct repo *r, ws_idle_fn *fn, void *arg)
{
	const char *factory;

	TRY(repo_factory_dir(r, &factory));
	TRY(tell_slots(factory, "base", fn, arg));
	TRY(tell_slots(factory, "pool", fn, arg));
	return tell_layers(factory, fn, arg);
}
