/*
 * ws/write.c - see ws/write.h.
 */
#include "git/ws/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "git/lg2.h"
#include "git/repo.h"
#include "git/ws/attr.h"
#include "sys/aside.h"
#include "sys/userns.h"

#define BLOB_MAX ((size_t)1 << 30)
#define SHARE_MIN 64	/* fewer files are not worth a second process */
#define PIECE_FILES 16	/* are taken at once */
#define PIECE_BYTES (512 * KIB)	/* and wait in memory */
#define LFS_POINTER "version https://git-lfs.github.com/spec/v1\n"

void
writer_init(struct ws_writer *w, const struct ws_terms *t, struct ws_attr *attrs, int root)
{
	*w = (struct ws_writer){.terms = t, .attrs = attrs, .root = root, .dirfd = -1,
	    .conv = BUF_INIT(2 * BLOB_MAX)};
}

void
writer_free(struct ws_writer *w)
{
	fd_close_p(&w->dirfd);
	free(w->dir);
	w->dir = NULL;
	if (w->object != NULL)
		lg2.git_odb_object_free(w->object);
	if (w->odb != NULL)
		lg2.git_odb_free(w->odb);
	w->object = NULL;
	w->odb = NULL;
	buf_free(&w->conv);
}

struct err *
ws_path_check(const char *path)
{
	AUTO(mem_free_p) char *copy = mem_strdup(path);
	AUTO(buf_free) struct buf shown = BUF_INIT(BUF_TEXT);
	struct err *e;

	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127 || *p == '\\')
			*p = '_';
	e = path_check(str_of(copy));
	if (e == NULL)
		return NULL;
	text_visible(&shown, str_of(path), true);
	return err_wrap(err_recode(e, ERR_REPOSITORY), "'%s' cannot be checked out",
	    buf_cstr(&shown));
}

/* ---- folders ---- */

static struct err *
make_dir(int dirfd, const char *name)
{
	struct stat st;

	if (mkdirat(dirfd, name, 0755) == 0)
		return NULL;
	if (errno != EEXIST)
		return err_sys("cannot make the folder '%s'", name);
	/* Our other process may have made it a moment ago. */
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return NULL;
	TRY(tree_remove(dirfd, name));
	return mkdirat(dirfd, name, 0755) == 0 ? NULL : err_sys("cannot make the folder '%s'", name);
}

struct err *
ws_dir_open(int root, const char *path, size_t n, bool make, int *fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	AUTO(fd_close_p) int own = -1;
	struct str rest = str_mk(path, n), name;
	char part[256];
	int at = root;

	while (str_next(&rest, '/', &name)) {
		int next;

		if (name.n >= sizeof(part))
			return err_new(ERR_LIMIT, "a name of %zu bytes in a path", name.n);
		memcpy(part, name.p, name.n);
		part[name.n] = '\0';
		next = openat(at, part, flags);
		if (next < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
			if (!make) {
				*fd = -1;
				return NULL;
			}
			TRY(make_dir(at, part));
			next = openat(at, part, flags);
		}
		if (next < 0)
			return err_sys("cannot open the folder '%s'", part);
		fd_close_p(&own);
		at = own = next;
	}
	if (own < 0)
		own = openat(root, ".", flags);
	if (own < 0)
		return err_sys("cannot open a folder of the workspace");
	*fd = own;
	own = -1;
	return NULL;
}

/* The folder of the path in w->dirfd; its name is the result's tail. */
static struct err *
enter(struct ws_writer *w, const char *path, bool make, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;
	struct err *e;
	int fd = -1;

	*name = slash != NULL ? slash + 1 : path;
	if (w->dir != NULL && strlen(w->dir) == n && memcmp(w->dir, path, n) == 0)
		return NULL;
	fd_close_p(&w->dirfd);
	free(w->dir);
	w->dir = NULL;
	e = ws_dir_open(w->root, path, n, make, &fd);
	if (e != NULL)
		return err_wrap(e, "'%s'", path);
	w->dirfd = fd;
	if (fd >= 0)
		w->dir = mem_strndup(path, n);
	return NULL;
}

/* ---- content ---- */

static struct err *
refuse_lfs(const char *path)
{
	return err_hint(err_new(ERR_REPOSITORY, "'%s' is a Git LFS pointer, and no filter program "
	    "runs in a workspace", path), "run 'git config factory.workspace.lfs pointers' to work with the "
	    "pointers as they are, or keep the file in git itself");
}

struct err *
ws_refuse_link(const char *path)
{
	return err_hint(err_new(ERR_REPOSITORY, "'%s' is a submodule, and a workspace has none", path),
	    "run 'git config factory.workspace.submodules empty' to leave its folder empty, or keep the "
	    "files in the repository itself");
}

/* As blob_read(), but without a look at the header first and without a copy. */
static struct err *
read_raw(struct ws_writer *w, const struct oid *oid)
{
	git_repository *g;
	git_oid id = lg2_oid(oid);
	int rc = 0;

	TRY(repo_lg2(w->terms->repo, &g));
	if (w->odb == NULL)
		rc = lg2.git_repository_odb(&w->odb, g);
	if (w->object != NULL)
		lg2.git_odb_object_free(w->object);
	w->object = NULL;
	if (rc == 0)
		rc = lg2.git_odb_read(&w->object, w->odb, &id);
	if (rc < 0)
		return lg2_err(w->terms->repo, rc, "cannot read the object '%s'", oid_hex(oid).s);
	w->raw = str_mk(lg2.git_odb_object_data(w->object), lg2.git_odb_object_size(w->object));
	return w->raw.n <= BLOB_MAX ? NULL :
	    err_new(ERR_LIMIT, "the object '%s' is larger than 1 GiB", oid_hex(oid).s);
}

struct err *
writer_content(struct ws_writer *w, const char *path, const struct oid *oid, struct str *out)
{
	struct ws_conv conv;

	buf_clear(&w->conv);
	TRY(ws_attr_conv(w->attrs, path, &conv));
	TRY(read_raw(w, oid));
	*out = w->raw;
	if (conv.lfs && str_starts(*out, LFS_POINTER)) {
		if (!w->terms->lfs_ok)
			return refuse_lfs(path);
		w->special = true;
		return NULL;
	}
	if (eol_smudge(conv.eol, *out, &w->conv)) {
		TRY(buf_check(&w->conv, path));
		*out = buf_str(&w->conv);
	}
	return NULL;
}

/* The file that is there, if it is one that can be written over: its size. */
static int
open_there(struct ws_writer *w, const char *name, mode_t mode, off_t *size)
{
	int fd = openat(w->dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    ((st.st_mode & 07777) == mode || fchmod(fd, mode) == 0)) {
		*size = st.st_size;
		return fd;
	}
	fd_close_p(&fd);
	return -1;
}

static int
open_new(struct ws_writer *w, const char *name, mode_t mode)
{
	return openat(w->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

/* *size: of what is in it already. */
static int
open_over(struct ws_writer *w, const char *name, mode_t mode, off_t *size, struct err **e)
{
	int fd = -1;

	*size = 0;
	if (!w->fresh)
		fd = open_there(w, name, mode, size);
	if (fd < 0)
		fd = open_new(w, name, mode);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	*e = tree_remove(w->dirfd, name);
	return *e != NULL ? -1 : open_new(w, name, mode);
}

/*
 * Write over an existing file without truncating it first: ext4 flushes a
 * file that was cut to nothing when it is closed, which costs a disk write.
 */
static struct err *
write_file(struct ws_writer *w, const char *name, mode_t mode, struct str data, struct stat *st)
{
	struct timespec times[2] = {{.tv_sec = w->mtime}, {.tv_sec = w->mtime}};
	struct err *e = NULL;
	off_t size;
	AUTO(fd_close_p) int fd = open_over(w, name, mode, &size, &e);

	if (e != NULL)
		return e;
	if (fd < 0)
		return err_sys("cannot create '%s'", name);
	TRY(file_write_all(fd, data.p, data.n));
	if (size > (off_t)data.n && ftruncate(fd, (off_t)data.n) != 0)
		return err_sys("cannot cut '%s'", name);
	if (w->mtime != 0 && futimens(fd, times) != 0)
		return err_sys("cannot set the time of '%s'", name);
	if (w->full && fstat(fd, st) != 0)
		return err_sys("cannot look at '%s'", name);
	return NULL;
}

static struct err *
write_link(struct ws_writer *w, const char *name, struct str target, struct stat *st)
{
	struct timespec times[2] = {{.tv_sec = w->mtime}, {.tv_sec = w->mtime}};
	AUTO(mem_free_p) char *to = str_dup(target);

	if (memchr(target.p ? target.p : "", '\0', target.n) != NULL || target.n == 0)
		return err_new(ERR_REPOSITORY, "the link '%s' has no usable target", name);
	TRY(tree_remove(w->dirfd, name));
	if (symlinkat(to, w->dirfd, name) != 0)
		return err_sys("cannot make the link '%s'", name);
	if (w->mtime != 0 && utimensat(w->dirfd, name, times, AT_SYMLINK_NOFOLLOW) != 0)
		return err_sys("cannot set the time of '%s'", name);
	if (w->full && fstatat(w->dirfd, name, st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_sys("cannot look at '%s'", name);
	return NULL;
}

/* What is to be written at a path, read before anybody becomes the owner of the files. */
static struct err *
read_entry(struct ws_writer *w, const char *path, unsigned mode, const struct oid *oid,
    struct str *data)
{
	*data = (struct str){NULL, 0};
	TRY(ws_path_check(path));
	if (mode == MODE_GITLINK) {
		if (!w->terms->links_ok)
			return ws_refuse_link(path);
		w->special = true;
		return NULL;
	}
	if (mode != MODE_LINK)
		return writer_content(w, path, oid, data);
	TRY(read_raw(w, oid));
	*data = w->raw;
	return NULL;
}

static struct err *
put_at(struct ws_writer *w, const char *path, unsigned mode, struct str data, struct stat *st)
{
	const char *name;

	TRY(enter(w, path, true, &name));
	if (mode == MODE_GITLINK)
		return mkdirat(w->dirfd, name, 0755) == 0 || errno == EEXIST ? NULL :
		    err_sys("cannot make the folder '%s'", path);
	if (mode == MODE_LINK)
		return write_link(w, name, data, st);
	return write_file(w, name, mode == MODE_EXEC ? 0755 : 0644, data, st);
}

static struct err *
put_as_owner(struct ws_writer *w, const char *path, unsigned mode, struct str data,
    struct ws_stat *out)
{
	struct stat st = {0};
	struct err *e = put_at(w, path, mode, data, &st);

	if (e != NULL)
		return err_wrap(e, "cannot check out '%s'", path);
	*out = w->full ? ws_stat_of(&st) : (struct ws_stat){0};
	if (w->mtime != 0)
		out->mtime_s = (uint32_t)w->mtime;
	out->size = (uint32_t)data.n;
	return NULL;
}

struct err *
writer_put(struct ws_writer *w, const char *path, unsigned mode, const struct oid *oid,
    struct ws_row *row)
{
	struct userns_self self;
	struct ws_stat st;
	struct str data;
	struct err *e;

	TRY(read_entry(w, path, mode, oid, &data));
	self = userns_become(w->terms->uid, w->terms->gid);
	e = put_as_owner(w, path, mode, data, &st);
	userns_return(self);
	if (e == NULL)
		*row = (struct ws_row){.path = path, .mode = mode, .oid = *oid, .st = st};
	return e;
}

/* ---- many ---- */

/* In memory that both processes see. */
struct board {
	_Atomic size_t next;		/* the first change that nobody has taken */
	_Atomic bool special;
	struct ws_stat stats[];		/* one per change */
};

struct share {
	const struct ws_writer *w;
	const struct tree_edit *edit;
	struct board *board;
};

/* A file that was read and waits to be written. */
struct waiting {
	size_t at;		/* in the edit */
	struct git_odb_object *object;
	struct buf conv;
	struct str data;	/* in one of the two */
};

/* Becoming the owner of the files and back costs as much as a file: it is done once for many. */
struct batch {
	struct ws_writer *w;
	const struct share *share;
	struct waiting v[PIECE_FILES];
	size_t n, bytes;
};

static void
batch_clear(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i].object != NULL)
			lg2.git_odb_object_free(b->v[i].object);
		buf_free(&b->v[i].conv);
	}
	b->n = b->bytes = 0;
}

static struct err *
batch_write(struct batch *b)
{
	struct userns_self self = userns_become(b->w->terms->uid, b->w->terms->gid);
	struct err *e = NULL;

	for (size_t i = 0; i < b->n && e == NULL; i++) {
		const struct tree_change *c = &b->share->edit->v[b->v[i].at];

		e = put_as_owner(b->w, c->path, c->mode, b->v[i].data,
		    &b->share->board->stats[b->v[i].at]);
	}
	userns_return(self);
	batch_clear(b);
	return e;
}

static struct err *
batch_add(struct batch *b, size_t at)
{
	const struct tree_change *c = &b->share->edit->v[at];
	struct waiting *f = &b->v[b->n];
	struct ws_writer *w = b->w;

	*f = (struct waiting){.at = at};
	TRY(read_entry(w, c->path, c->mode, &c->oid, &f->data));
	f->object = w->object;
	f->conv = w->conv;
	w->object = NULL;
	w->conv = (struct buf)BUF_INIT(2 * BLOB_MAX);
	b->bytes += f->data.n;
	return ++b->n == PIECE_FILES || b->bytes > PIECE_BYTES ? batch_write(b) : NULL;
}

static struct err *
put_piece(struct batch *b, size_t from)
{
	const struct tree_edit *edit = b->share->edit;

	for (size_t i = from; i < edit->n && i < from + PIECE_FILES; i++)
		if (edit->v[i].mode != 0)
			TRY(batch_add(b, i));
	return batch_write(b);
}

/* Piece by piece until nobody has one left, so that neither process waits for the other. */
static struct err *
put_share(void *arg)
{
	const struct share *s = arg;
	struct ws_writer w;
	struct batch b = {.w = &w, .share = s};
	struct err *e = NULL;
	size_t from;

	writer_init(&w, s->w->terms, s->w->attrs, s->w->root);
	w.mtime = s->w->mtime;
	w.fresh = s->w->fresh;
	w.full = s->w->full;
	while (e == NULL && (from = atomic_fetch_add(&s->board->next, PIECE_FILES)) < s->edit->n)
		e = put_piece(&b, from);
	if (e != NULL)
		atomic_store(&s->board->next, s->edit->n);
	if (w.special)
		atomic_store(&s->board->special, true);
	batch_clear(&b);
	writer_free(&w);
	return e;
}

static struct err *
put_shared(struct share *s)
{
	struct aside aside;
	struct err *e, *theirs;

	if (s->edit->n < SHARE_MIN)
		return put_share(s);
	TRY(aside_start(put_share, s, &aside));
	e = put_share(s);
	theirs = aside_join(&aside);
	if (e == NULL)
		return theirs;
	err_ignore(theirs);
	return e;
}

struct err *
writer_put_all(struct ws_writer *w, const struct tree_edit *edit, struct ws_rows *rows)
{
	size_t bytes = sizeof(struct board) + edit->n * sizeof(struct ws_stat);
	struct board *board = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct share s = {.w = w, .edit = edit, .board = board};
	struct err *e;

	if (board == MAP_FAILED)
		return err_sys("cannot map %zu bytes", bytes);
	e = lg2_open();
	if (e != NULL) {
		munmap(board, bytes);
		return e;
	}
	/* As git: the user's own objects are not hashed again to be checked out. */
	lg2.git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	e = put_shared(&s);
	lg2.git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
	w->special |= board->special;
	for (size_t i = 0; i < edit->n && e == NULL; i++) {
		const struct tree_change *c = &edit->v[i];

		if (c->mode != 0)
			vec_push(rows, (struct ws_row){.path = c->path, .mode = c->mode,
			    .oid = c->oid, .st = board->stats[i]});
	}
	munmap(board, bytes);
	return e;
}

/* ---- removing ---- */

static struct err *
remove_as_owner(struct ws_writer *w, const char *path)
{
	AUTO(mem_free_p) char *up = mem_strdup(path);
	const char *name;
	char *slash;

	TRY(enter(w, path, false, &name));
	if (w->dirfd < 0)
		return NULL;
	TRY(tree_remove(w->dirfd, name));
	while ((slash = strrchr(up, '/')) != NULL) {
		*slash = '\0';
		fd_close_p(&w->dirfd);
		free(w->dir);
		w->dir = NULL;
		TRY(enter(w, up, false, &name));
		if (w->dirfd < 0 || unlinkat(w->dirfd, name, AT_REMOVEDIR) != 0)
			break;
	}
	return NULL;
}

struct err *
writer_remove(struct ws_writer *w, const char *path)
{
	struct userns_self self = userns_become(w->terms->uid, w->terms->gid);
	struct err *e = remove_as_owner(w, path);

	userns_return(self);
	return e;
}

struct err *
writer_whiteout(struct ws_writer *w, const char *path)
{
	struct userns_self self = userns_become(w->terms->uid, w->terms->gid);
	const char *name;
	struct err *e = enter(w, path, true, &name);

	if (e == NULL && mknodat(w->dirfd, name, S_IFCHR | 0600, 0) != 0 && errno != EEXIST)
		e = err_sys("cannot hide '%s'", path);
	userns_return(self);
	return e;
}
