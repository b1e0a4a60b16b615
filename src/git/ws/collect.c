/*
 * ws/collect.c - what was changed in a workspace, file by file, as edits of
 * the base's tree.
 */
#include "git/ws/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/ws/attr.h"

#define LFS_POINTER "version https://git-lfs.github.com/spec/v1\n"

void
collect_refuse(struct ws_collect *c, const char *path, const char *why)
{
	strs_addf(&c->rep->refused, "%s: %s", path, why);
}

bool
collect_named(struct ws_collect *c, const char *path)
{
	struct err *e = path_check(str_of(path));

	if (e == NULL)
		return true;
	collect_refuse(c, path, err_msg(e));
	err_ignore(e);
	return false;
}

struct err *
collect_ignored(struct ws_collect *c, const char *path, bool is_dir, bool *ignored)
{
	TRY(ws_attr_ignored(c->ws->attrs, path, is_dir, ignored));
	if (*ignored)
		strs_addf(&c->rep->ignored, "%s%s", path, is_dir ? "/" : "");
	return NULL;
}

struct err *
ws_dir_names(int dirfd, struct strs *names)
{
	return dir_names(dirfd, ".", names);
}

/* ---- content ---- */

static struct err *
put_blob(struct ws_collect *c, const char *path, unsigned mode, struct str data,
    const struct tree_entry *base)
{
	struct oid oid;

	TRY(blob_hash(data, &oid));
	if (base->mode == mode && oid_eq(&base->oid, &oid))
		return NULL;
	if (!collect_named(c, path))
		return NULL;
	if (!oid_eq(&base->oid, &oid))
		TRY(blob_write(c->ws->terms.repo, data, &oid));
	tree_edit_put(c->edit, path, mode, &oid);
	return NULL;
}

/*
 * The bytes for the repository.  *same: the file is what the base's blob
 * looks like in a workspace, so it was not changed, even where converting
 * there and back would not give the same blob.
 */
static struct err *
clean(struct ws_collect *c, const char *path, const struct ws_conv *conv,
    const struct tree_entry *base, struct str *data, bool *same)
{
	bool has_base = base->mode == MODE_FILE || base->mode == MODE_EXEC;
	bool base_crlf = false;
	struct str was;

	*same = false;
	*data = buf_str(&c->raw);
	if (conv->eol == EOL_ASIS)
		return NULL;
	if (has_base) {
		TRY(writer_content(&c->writer, path, &base->oid, &was));
		*same = str_eq(was, *data);
		base_crlf = eol_has_crlf(c->writer.raw);
	}
	buf_clear(&c->conv);
	if (!*same && eol_clean(conv->eol, *data, base_crlf, &c->conv)) {
		TRY(buf_check(&c->conv, path));
		*data = buf_str(&c->conv);
	}
	return NULL;
}

static struct err *
collect_regular(struct ws_collect *c, int dirfd, const char *name, const char *path,
    const struct tree_entry *base)
{
	AUTO(fd_close_p) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct ws_conv conv;
	struct stat st;
	struct str data;
	unsigned mode;
	bool same;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		collect_refuse(c, path, fd < 0 ? strerror(errno) : "changed while it was read");
		return NULL;
	}
	if ((size_t)st.st_size > WS_FILE_MAX) {
		collect_refuse(c, path, "larger than 256 MiB");
		return NULL;
	}
	mode = st.st_mode & S_IXUSR ? MODE_EXEC : MODE_FILE;
	buf_clear(&c->raw);
	TRY(file_read_fd(fd, path, &c->raw));
	TRY(ws_attr_conv(c->ws->attrs, path, &conv));
	if (conv.lfs && !str_starts(buf_str(&c->raw), LFS_POINTER)) {
		collect_refuse(c, path, "belongs to Git LFS, whose filter does not run here");
		return NULL;
	}
	TRY(clean(c, path, &conv, base, &data, &same));
	if (!same)
		return put_blob(c, path, mode, data, base);
	if (mode != base->mode && collect_named(c, path))
		tree_edit_put(c->edit, path, mode, &base->oid);
	return NULL;
}

static struct err *
collect_link(struct ws_collect *c, int dirfd, const char *name, const char *path,
    const struct tree_entry *base)
{
	char target[TREE_PATH_MAX + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n <= 0 || (size_t)n == sizeof(target)) {
		collect_refuse(c, path, "a link without a usable target");
		return NULL;
	}
	return put_blob(c, path, MODE_LINK, str_mk(target, (size_t)n), base);
}

struct err *
collect_file(struct ws_collect *c, int dirfd, const char *name, const char *path,
    const struct stat *st, const struct tree_entry *base)
{
	if (S_ISREG(st->st_mode))
		return collect_regular(c, dirfd, name, path, base);
	if (S_ISLNK(st->st_mode))
		return collect_link(c, dirfd, name, path, base);
	collect_refuse(c, path, S_ISFIFO(st->st_mode) ? "a named pipe" :
	    S_ISSOCK(st->st_mode) ? "a socket" : "a device");
	return NULL;
}

/* ---- the whole ---- */

static int
by_path(const void *a, const void *b)
{
	const struct tree_change *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void
ws_report_free(struct ws_report *rep)
{
	strs_free(&rep->ignored);
	strs_free(&rep->refused);
}

struct err *
workspace_changes(struct workspace *ws, struct tree_edit *out, struct ws_report *rep)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	AUTO(ws_report_free) struct ws_report mine = {0};
	struct ws_collect c = {.ws = ws, .edit = &edit, .rep = &mine,
	    .raw = BUF_INIT(WS_FILE_MAX), .conv = BUF_INIT(WS_FILE_MAX)};
	struct err *e;

	ws_naive(ws);
	writer_init(&c.writer, &ws->terms, ws->attrs, -1);
	e = ws->ops->changes(ws, &c);
	writer_free(&c.writer);
	buf_free(&c.raw);
	buf_free(&c.conv);
	if (e != NULL)
		return err_wrap(e, "cannot collect the workspace's changes");
	vec_sort(&edit, by_path);
	strs_sort(&mine.ignored);
	strs_sort(&mine.refused);
	*out = edit;
	edit = (struct tree_edit){0};
	if (rep != NULL) {
		*rep = mine;
		mine = (struct ws_report){0};
	}
	return NULL;
}

struct err *
workspace_collect(struct workspace *ws, struct oid *tree, struct ws_report *rep)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	AUTO(ws_report_free) struct ws_report mine = {0};
	struct oid made;

	TRY(workspace_changes(ws, &edit, &mine));
	TRY(tree_apply(ws->terms.repo, &ws->tree, &edit, &made));
	*tree = made;
	if (rep != NULL) {
		*rep = mine;
		mine = (struct ws_report){0};
	}
	return NULL;
}
