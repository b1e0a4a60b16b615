#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/co/userindex.h"
#include "git/sha1.h"
#include "git/tree.h"

#define HEAD_BYTES 12
#define ROW_BYTES 62	/* before the path */
#define ROW_SIZE_AT 36
#define ROW_FLAGS_AT 60
#define NAME_MASK 0xfffu
#define SUM_BYTES 20
#define EXT_BYTES 8	/* a name and a length */

static const unsigned char *
row_bytes(const struct ws_row *row)
{
	return (const unsigned char *)row->path - ROW_BYTES;
}

static size_t
row_size(const struct ws_row *row)
{
	return (ROW_BYTES + strlen(row->path) + 8) & ~(size_t)7;
}

/* What comes after the files, without the checksum. */
static struct str
rest_of(const struct ws_index *ix)
{
	const struct ws_row *last = &ix->rows.v[ix->rows.n - 1];
	const char *from = (const char *)row_bytes(last) + row_size(last), *to = ix->bytes.p + ix->bytes.n - SUM_BYTES;

	return str_mk(from, (size_t)(to - from));
}

static bool
sum_is_right(struct str bytes)
{
	unsigned char sum[SUM_BYTES];
	struct sha1 s;

	sha1_init(&s);
	sha1_add(&s, bytes.p, bytes.n - SUM_BYTES);
	sha1_end(&s, sum);
	return memcmp(sum, bytes.p + bytes.n - SUM_BYTES, SUM_BYTES) == 0;
}

static bool
files_are_plain(const struct ws_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		const unsigned char *p = row_bytes(&rows->v[i]);

		if ((((unsigned)p[ROW_FLAGS_AT] << 8 | p[ROW_FLAGS_AT + 1]) & ~NAME_MASK) != 0 ||
		    strcmp(path_base(rows->v[i].path), ".gitattributes") == 0 ||
		    (i > 0 && strcmp(rows->v[i - 1].path, rows->v[i].path) >= 0))
			return false;
	}
	return true;
}

static uint32_t
get32(const char *at)
{
	const unsigned char *p = (const unsigned char *)at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put32(struct buf *b, uint32_t v)
{
	unsigned char p[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v};

	buf_add(b, p, sizeof(p));
}

/* ---- the cached trees ---- */

struct trees {
	struct str in;			/* what is not read yet */
	const struct ws_rows *rows;	/* that are put in; NULL: none */
	struct buf *out;		/* NULL: only look */
	struct buf path;		/* of the folder, with a slash at its end */
};

static bool
is_above(const struct buf *folder, const struct ws_rows *rows)
{
	for (size_t i = 0; rows != NULL && i < rows->n; i++)
		if (strncmp(rows->v[i].path, folder->p == NULL ? "" : folder->p, folder->n) == 0)
			return true;
	return false;
}

/* One folder and those in it: name NUL count SP folders LF [id], count -1 when it is not valid. */
static bool
next_tree(struct trees *t, int depth)
{
	size_t above = t->path.n, id;
	struct str name, line, count;
	int64_t files, folders;
	const char *nul = t->in.n > 0 ? memchr(t->in.p, '\0', t->in.n) : NULL;

	if (nul == NULL || depth > TREE_DEPTH_MAX)
		return false;
	name = str_mk(t->in.p, (size_t)(nul - t->in.p));
	t->in = str_skip(t->in, name.n + 1);
	if (!str_line(&t->in, &line) || !str_next(&line, ' ', &count) ||
	    !str_int(count, -1, INT32_MAX, &files) || !str_int(line, 0, INT32_MAX, &folders))
		return false;
	id = files >= 0 ? OID_RAW : 0;
	if (t->in.n < id || (depth == 0) != (name.n == 0))
		return false;
	if (depth > 0) {
		buf_addstr(&t->path, name);
		buf_addc(&t->path, '/');
	}
	if (is_above(&t->path, t->rows))
		files = -1;
	if (t->out != NULL) {
		buf_addstr(t->out, name);
		buf_addc(t->out, '\0');
		buf_addf(t->out, "%lld %lld\n", (long long)files, (long long)folders);
		buf_add(t->out, t->in.p, files >= 0 ? id : 0);
	}
	t->in = str_skip(t->in, id);
	for (int64_t i = 0; i < folders; i++)
		if (!next_tree(t, depth + 1))
			return false;
	buf_trunc(&t->path, above);
	return true;
}

static bool
each_tree(struct str extension, const struct ws_rows *rows, struct buf *out)
{
	struct trees t = {.in = str_skip(extension, EXT_BYTES), .rows = rows, .out = out, .path = BUF_INIT(INDEX_MAX)};
	bool whole = next_tree(&t, 0) && t.in.n == 0;

	buf_free(&t.path);
	return whole;
}

/* ---- the whole ---- */

static bool
trees_are_plain(struct str rest)
{
	return rest.n == 0 || (rest.n > EXT_BYTES && memcmp(rest.p, "TREE", 4) == 0 &&
	    get32(rest.p + 4) == rest.n - EXT_BYTES && each_tree(rest, NULL, NULL));
}

bool
userindex_load(const char *path, struct userindex *u)
{
	struct err *e = index_load(AT_FDCWD, path, &u->files);
	struct stat st;

	if (e != NULL) {
		err_ignore(e);
		return false;
	}
	if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || u->files.rows.n == 0 || !sum_is_right(u->files.bytes) ||
	    !files_are_plain(&u->files.rows))
		return false;
	u->written = st.st_mtime;
	u->trees = rest_of(&u->files);
	return trees_are_plain(u->trees);
}

void
userindex_free(struct userindex *u)
{
	index_free(&u->files);
}

bool
userindex_racy(const struct userindex *u, const struct ws_row *row)
{
	return row->st.mtime_s >= u->written;
}

bool
userindex_room(const struct userindex *u, const char *path)
{
	AUTO(mem_free_p) char *at = mem_strdup(path);
	size_t n = strlen(path), lo = 0, hi = u->files.rows.n;
	char *slash;

	/* The first that is not before the path; "path-x" may come ahead of "path/x". */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(u->files.rows.v[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < u->files.rows.n && strncmp(u->files.rows.v[lo].path, path, n) == 0; lo++)
		if (strchr("/", u->files.rows.v[lo].path[n]) != NULL)
			return false;
	while ((slash = strrchr(at, '/')) != NULL) {
		*slash = '\0';
		if (index_find(&u->files, at) != NULL)
			return false;
	}
	return true;
}

/* A size of 0 is git's own mark: it compares such a file by its content. */
static void
keep_row(const struct userindex *u, const struct ws_row *row, struct buf *out)
{
	static const char none[4];
	const unsigned char *p = row_bytes(row);
	size_t after = ROW_SIZE_AT + sizeof(none);

	if (!userindex_racy(u, row)) {
		buf_add(out, p, row_size(row));
		return;
	}
	buf_add(out, p, ROW_SIZE_AT);
	buf_add(out, none, sizeof(none));
	buf_add(out, p + after, row_size(row) - after);
}

static void
put_row(const struct ws_row *row, struct buf *out)
{
	const uint32_t st[] = {row->st.ctime_s, row->st.ctime_ns, row->st.mtime_s, row->st.mtime_ns, row->st.dev,
	    row->st.ino, row->mode, row->st.uid, row->st.gid, row->st.size};
	static const char zeros[8];
	size_t n = strlen(row->path);
	unsigned flags = n < NAME_MASK ? (unsigned)n : NAME_MASK;

	for (size_t i = 0; i < NITEMS(st); i++)
		put32(out, st[i]);
	buf_add(out, row->oid.id, OID_RAW);
	buf_addc(out, (char)(flags >> 8));
	buf_addc(out, (char)(flags & 0xff));
	buf_add(out, row->path, n);
	buf_add(out, zeros, row_size(row) - ROW_BYTES - n);
}

static uint32_t
put_rows(const struct userindex *u, const struct ws_rows *rows, struct buf *out)
{
	const struct ws_rows *old = &u->files.rows;
	size_t i = 0, k = 0;
	uint32_t n = 0;

	while (i < old->n || k < rows->n) {
		int c = i == old->n ? 1 : k == rows->n ? -1 : strcmp(old->v[i].path, rows->v[k].path);

		if (c < 0)
			keep_row(u, &old->v[i], out);
		else
			put_row(&rows->v[k++], out);
		i += c <= 0;
		n++;
	}
	return n;
}

void
userindex_put(const struct userindex *u, const struct ws_rows *rows, struct buf *out)
{
	AUTO(buf_free) struct buf files = BUF_INIT(INDEX_MAX);
	AUTO(buf_free) struct buf trees = BUF_INIT(INDEX_MAX);
	unsigned char sum[SUM_BYTES];
	struct sha1 s;

	buf_addstr(out, STR("DIRC"));
	put32(out, 2);
	put32(out, put_rows(u, rows, &files));
	buf_addstr(out, buf_str(&files));
	if (u->trees.n > 0 && each_tree(u->trees, rows, &trees)) {
		buf_addstr(out, STR("TREE"));
		put32(out, (uint32_t)trees.n);
		buf_addstr(out, buf_str(&trees));
	}
	sha1_init(&s);
	sha1_add(&s, out->p, out->n);
	sha1_end(&s, sum);
	buf_add(out, sum, sizeof(sum));
}
