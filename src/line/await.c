#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/repo.h"
#include "line/await.h"
#include "line/publish.h"
#include "store/state.h"
#include "store/sync.h"
#include "store/sync_refs.h"

#define TRIES_MAX 12
#define PAUSE_MS 100	/* longer by this with each try */

static struct err *
folder(struct state *s, char **out)
{
	const char *dir;

	TRY(repo_factory_dir(state_repo(s), &dir));
	*out = path_join(dir, "waiting");
	return dir_make(AT_FDCWD, *out, 0700);
}

static struct err *
note(struct state *s, const char *run)
{
	AUTO(mem_free_p) char *dir = NULL, *path = NULL;
	AUTO(fd_close_p) int fd = -1;

	TRY(folder(s, &dir));
	path = path_join(dir, run);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? err_sys("cannot create '%s'", path) : NULL;
}

void
await_note(struct state *s, const char *run)
{
	err_ignore(note(s, run));
}

static struct err *
list(const char *dir, struct strs *out)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	struct id id;

	if (d == NULL)
		return err_sys("cannot list '%s'", dir);
	while ((entry = readdir(d)) != NULL)
		if (id_parse(str_of(entry->d_name), &id))
			strs_addf(out, REF_RUNS "%s", id.s);
	closedir(d);
	return NULL;
}

static void
forget(const char *dir, const char *ref)
{
	AUTO(mem_free_p) char *path = path_join(dir, ref + strlen(REF_RUNS));

	(void)unlink(path);
}

static struct err *
ask(struct state *s, const struct strs *names, struct refs *out)
{
	AUTO(remote_close_p) struct remote *m = NULL;

	TRY(sync_open(s, &m));
	return remote_list(m, (const char *const *)names->v, names->n, out);
}

/* *over: none of ours waits any more. */
static struct err *
fold_once(struct state *s, const struct strs *names, bool *over)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	AUTO(refs_free) struct refs there = {0};
	struct err *e = NULL;
	size_t folded;

	TRY(ask(s, names, &there));
	if (there.n > 0)
		e = publish_once(s, &r, &folded);
	*over = !err_is(e, ERR_STALE) && !err_is(e, ERR_LOCKED);
	if (*over)
		return e;
	err_free(e);
	return NULL;
}

struct err *
await_fold(struct state *s)
{
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(strs_free) struct strs names = {0};
	bool over = false;
	size_t i, tries;

	TRY(folder(s, &dir));
	for (tries = 0; !over && tries < TRIES_MAX; tries++) {
		clock_sleep_ms((int64_t)tries * PAUSE_MS);
		TRY(sync_apart(s));
		strs_free(&names);
		names = (struct strs){0};
		TRY(list(dir, &names));
		if (names.n == 0)
			return NULL;
		TRY(fold_once(s, &names, &over));
	}
	/* What is still in the way then is left to the next interval. */
	for (i = 0; over && i < names.n; i++)
		forget(dir, names.v[i]);
	return NULL;
}
