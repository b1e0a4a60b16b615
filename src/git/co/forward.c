#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/apart.h"
#include "git/co/forward.h"
#include "git/co/plain.h"
#include "git/co/userindex.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "sys/outlive.h"

#ifdef O_TMPFILE

#define FILES_MAX 64		/* each has a descriptor */
#define BYTES_MAX (16 * MIB)	/* of a file */
#define AS_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct change {
	const struct diff_file *file;
	int content;	/* without a name until it gets the file's */
	bool named;
};

struct forward {
	struct repo *repo;
	int top;		/* the work tree */
	char *branch;
	struct oid from, to;
	char *index, *lock_path;
	int lock;		/* index.lock, when held */
	struct userindex old;
	struct diff diff;
	VEC_FIELDS(struct change);
	struct ws_rows rows;	/* what the index is given, in the order of the changes */
	bool done;
};

/* Once the index is in place there is no lock any more. */
static void
unlock(struct forward *f)
{
	if (f->lock >= 0)
		unlink(f->lock_path);
	fd_close_p(&f->lock);
}

static void
forward_free(struct forward *f)
{
	size_t i;

	fd_close_p(&f->top);
	for (i = 0; i < f->n; i++)
		fd_close_p(&f->v[i].content);
	vec_free(f);
	vec_free(&f->rows);
	userindex_free(&f->old);
	diff_free(&f->diff);
	free(f->branch);
	free(f->index);
	free(f->lock_path);
}

/* Before anything has changed an error is git's to tell. */
static bool
is_fine(struct err *e)
{
	err_ignore(e);
	return e == NULL;
}

/* A new file with that name, which nobody has: -1 otherwise. */
static int
make_lock(struct repo *r, const char *path)
{
	int fd = apart_file(r, 0666);

	if (fd >= 0 && !apart_name(fd, AT_FDCWD, path)) {
		close(fd);
		return -1;
	}
	return fd >= 0 ? fd : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
}

/* ---- is it plain ---- */

/*
 * The folder of a file, without following links; with 'make' those that are
 * missing are made, without it the last one that is there.  -1 with errno.
 */
static int
open_above(int top, const char *path, bool make)
{
	AUTO(fd_close_p) int at = openat(top, ".", AS_FOLDER);
	struct str rest = str_of(path), one;
	int next;

	while (at >= 0 && str_next(&rest, '/', &one) && rest.n > 0) {
		AUTO(mem_free_p) char *name = str_dup(one);

		next = openat(at, name, AS_FOLDER);
		if (next < 0 && errno == ENOENT && make && mkdirat(at, name, 0777) == 0)
			next = openat(at, name, AS_FOLDER);
		if (next < 0 && errno == ENOENT && !make)
			break;
		close(at);
		at = next;
	}
	next = at;
	at = -1;
	return next;
}

/* No attributes in the folders of the file either, be they tracked or not. */
static bool
has_attributes(int top, const char *path)
{
	AUTO(mem_free_p) char *at = mem_strdup(path);
	char *slash;
	struct stat st;

	while ((slash = strrchr(at, '/')) != NULL) {
		AUTO(mem_free_p) char *name = NULL;

		*slash = '\0';
		name = path_join(at, ".gitattributes");
		if (fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return strcmp(path_base(path), ".gitattributes") == 0 ||
	    fstatat(top, ".gitattributes", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
is_as_written(const struct stat *st, const struct ws_row *row)
{
	struct ws_stat now = ws_stat_of(st);
	unsigned mode = (st->st_mode & S_IXUSR) != 0 ? MODE_EXEC : MODE_FILE;

	return S_ISREG(st->st_mode) && mode == row->mode && memcmp(&now, &row->st, sizeof(now)) == 0;
}

/* A new one has no other in its place; an old one is as it was checked out. */
static bool
is_in_order(const struct forward *f, const struct diff_file *file)
{
	const struct ws_row *row = index_find(&f->old.files, file->path);
	bool there;
	struct stat st;

	there = fstatat(f->top, file->path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT)
		return false;
	if (file->status == 'A')
		return !there && userindex_room(&f->old, file->path);
	return row != NULL && row->mode == file->old_mode && oid_eq(&row->oid, &file->old_oid) && there &&
	    !userindex_racy(&f->old, row) && is_as_written(&st, row);
}

static bool
is_plain_file(unsigned mode)
{
	return mode == MODE_FILE || mode == MODE_EXEC;
}

static bool
is_plain_change(const struct forward *f, const struct diff_file *file)
{
	return is_plain_file(file->new_mode) &&
	    (file->status == 'A' || (file->status == 'M' && is_plain_file(file->old_mode))) &&
	    is_fine(path_check(str_of(file->path))) && !has_attributes(f->top, file->path) && is_in_order(f, file);
}

static bool
look_at_changes(struct forward *f)
{
	struct oid old, new;
	bool ahead;
	size_t i;

	if (!is_fine(repo_head(f->repo, &f->branch, &f->from)) || f->branch == NULL || oid_is_zero(&f->from) ||
	    !is_fine(commit_is_ancestor(f->repo, &f->from, &f->to, &ahead)) || !ahead ||
	    !is_fine(commit_tree(f->repo, &f->from, &old)) || !is_fine(commit_tree(f->repo, &f->to, &new)) ||
	    !is_fine(diff_tree_names(f->repo, &old, &new, &f->diff)) || f->diff.n == 0 || f->diff.n > FILES_MAX)
		return false;
	for (i = 0; i < f->diff.n; i++)
		if (!is_plain_change(f, &f->diff.v[i]))
			return false;
	return true;
}

/* ---- what is to be ---- */

static bool
make_content(const struct forward *f, const struct diff_file *file, int *out)
{
	AUTO(buf_free) struct buf data = BUF_INIT(BYTES_MAX);
	AUTO(fd_close_p) int folder = open_above(f->top, file->path, false);
	AUTO(fd_close_p) int fd = -1;

	if (folder < 0 || !is_fine(blob_read(f->repo, &file->new_oid, &data)))
		return false;
	fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, file->new_mode == MODE_EXEC ? 0777 : 0666);
	if (fd < 0 || !is_fine(file_write_all(fd, data.p, data.n)))
		return false;
	*out = fd;
	fd = -1;
	return true;
}

static bool
make_contents(struct forward *f)
{
	size_t i;

	for (i = 0; i < f->diff.n; i++) {
		struct change c = {.file = &f->diff.v[i], .content = -1};

		if (!make_content(f, c.file, &c.content))
			return false;
		vec_push(f, c);
	}
	return true;
}

/* As git does before it moves HEAD. */
static bool
write_orig_head(const struct forward *f)
{
	AUTO(mem_free_p) char *path = path_join(repo_gitdir(f->repo), "ORIG_HEAD");
	AUTO(mem_free_p) char *lock = mem_printf("%s.lock", path);
	AUTO(mem_free_p) char *line = mem_printf("%s\n", oid_hex(&f->from).s);
	AUTO(fd_close_p) int fd = make_lock(f->repo, lock);

	if (fd < 0)
		return false;
	if (is_fine(file_write_all(fd, line, strlen(line))) && rename(lock, path) == 0)
		return true;
	unlink(lock);
	return false;
}

/* ---- and so it becomes ---- */

static bool
name_content(const struct forward *f, struct change *c)
{
	AUTO(fd_close_p) int folder = open_above(f->top, c->file->path, true);
	const char *name = path_base(c->file->path);

	if (folder < 0 || (c->file->status == 'M' && unlinkat(folder, name, 0) != 0))
		return false;
	c->named = apart_name(c->content, folder, name);
	return c->named;
}

/* The new files; what was rewritten stays so. */
static void
take_back(struct forward *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->v[i].named && f->v[i].file->status == 'A')
			unlinkat(f->top, f->v[i].file->path, 0);
}

/* New files first: up to then all can be taken back. */
static struct err *
name_contents(struct forward *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (f->v[i].file->status == 'A' && !name_content(f, &f->v[i])) {
			take_back(f);
			return NULL;
		}
	}
	for (i = 0; i < f->n; i++)
		if (f->v[i].file->status == 'M' && !name_content(f, &f->v[i]))
			return err_sys("cannot write '%s' in '%s'", f->v[i].file->path, repo_workdir(f->repo));
	f->done = true;
	return NULL;
}

static struct err *
write_index(struct forward *f)
{
	AUTO(buf_free) struct buf bytes = BUF_INIT(INDEX_MAX);
	struct stat st;
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct diff_file *file = f->v[i].file;
		struct ws_row row = {.path = file->path, .mode = file->new_mode, .oid = file->new_oid};

		if (fstat(f->v[i].content, &st) != 0)
			return err_sys("cannot look at '%s'", file->path);
		row.st = ws_stat_of(&st);
		vec_push(&f->rows, row);
	}
	index_sort(&f->rows);
	userindex_put(&f->old, &f->rows, &bytes);
	TRY(buf_check(&bytes, "the index"));
	TRY(file_write_all(f->lock, bytes.p, bytes.n));
	if (rename(f->lock_path, f->index) != 0)
		return err_sys("cannot replace '%s'", f->index);
	fd_close_p(&f->lock);
	return NULL;
}

static struct err *
move_branch(struct forward *f)
{
	AUTO(mem_free_p) char *message = mem_printf("merge %s: Fast-forward", oid_hex(&f->to).s);
	struct err *e = ref_cas(f->repo, f->branch, &f->from, &f->to, message);

	if (e == NULL || !err_is(e, ERR_STALE))
		return e;
	err_ignore(e);
	return err_hint(err_new(ERR_CONFLICT, "cannot update the checkout at '%s': '%s' has moved meanwhile",
	    repo_workdir(f->repo), f->branch), "see git-status(1), then merge again");
}

/* Somebody moves the branch just now, or a git that was killed did. */
static bool
is_locked(const struct forward *f)
{
	AUTO(mem_free_p) char *branch = mem_printf("%s/%s.lock", repo_commondir(f->repo), f->branch);
	AUTO(mem_free_p) char *head = path_join(repo_gitdir(f->repo), "HEAD.lock");

	return access(branch, F_OK) == 0 || access(head, F_OK) == 0;
}

/* With the lock of the index held. */
static bool
is_ready(struct forward *f)
{
	return userindex_load(f->index, &f->old) && look_at_changes(f) && !is_locked(f) && make_contents(f) &&
	    write_orig_head(f);
}

/* From the lock of the index to its end, whatever becomes of who began it. */
static struct err *
move_all(void *arg)
{
	struct forward *f = arg;
	struct err *e;

	f->lock = make_lock(f->repo, f->lock_path);
	if (f->lock < 0 || !is_ready(f))
		return NULL;
	e = name_contents(f);
	if (e == NULL && !f->done)
		return NULL;
	if (e == NULL)
		e = write_index(f);
	if (e != NULL) {
		take_back(f);
		return e;
	}
	return move_branch(f);
}

static struct err *
move_and_unlock(void *arg)
{
	struct err *e = move_all(arg);

	unlock(arg);
	return e;
}

static void
give_up(void *arg)
{
	struct forward *f = arg;

	if (f->lock >= 0)
		take_back(f);
	unlock(f);
}

struct err *
forward_plain(struct repo *r, const struct oid *to, bool *done)
{
	AUTO(forward_free) struct forward f = {.repo = r, .to = *to, .top = -1, .lock = -1};

	*done = false;
	if (!plain_checkout(r))
		return NULL;
	f.top = open(repo_workdir(r), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f.top < 0)
		return NULL;
	f.index = path_join(repo_gitdir(r), "index");
	f.lock_path = mem_printf("%s.lock", f.index);
	TRY(outlive_run(move_and_unlock, give_up, &f));
	*done = f.done;
	return NULL;
}

#else

struct err *
forward_plain(struct repo *r UNUSED, const struct oid *to UNUSED, bool *done)
{
	*done = false;
	return NULL;
}

#endif
