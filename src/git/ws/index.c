/*
 * ws/index.c - see ws/index.h.
 */
#include "git/ws/index.h"

#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "git/ws/sha1.h"

#define HEAD_BYTES 12
#define ROW_BYTES 62	/* before the path */
#define SUM_BYTES 20
#define ROW_GUESS 128	/* with a path of usual length */
#define NAME_MASK 0xfffu

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static size_t
row_size(size_t path_len)
{
	return (ROW_BYTES + path_len + 8) & ~(size_t)7;
}

static void
row_read(const unsigned char *p, struct ws_row *row)
{
	row->st = (struct ws_stat){
		.ctime_s = get32(p), .ctime_ns = get32(p + 4), .mtime_s = get32(p + 8),
		.mtime_ns = get32(p + 12), .dev = get32(p + 16), .ino = get32(p + 20),
		.uid = get32(p + 28), .gid = get32(p + 32), .size = get32(p + 36)};
	row->mode = get32(p + 24);
	memcpy(row->oid.id, p + 40, OID_RAW);
	row->path = (const char *)p + ROW_BYTES;
}

static struct err *
malformed(void)
{
	return err_new(ERR_SYNTAX, "a slot's index is damaged");
}

/* The rows of an index's bytes; *n of them say the bytes. */
static struct err *
body(struct str bytes, struct str *rows, uint32_t *n)
{
	const unsigned char *p = (const unsigned char *)bytes.p;

	if (bytes.n < HEAD_BYTES + SUM_BYTES || memcmp(p, "DIRC", 4) != 0 || get32(p + 4) != 2)
		return malformed();
	*n = get32(p + 8);
	*rows = str_mk(bytes.p + HEAD_BYTES, bytes.n - HEAD_BYTES - SUM_BYTES);
	return NULL;
}

/* The size of the first row, 0 when it is no whole row. */
static size_t
first_row(struct str rows)
{
	const unsigned char *p = (const unsigned char *)rows.p;
	size_t n;

	if (rows.n <= ROW_BYTES)
		return 0;
	n = ((size_t)p[60] << 8 | p[61]) & NAME_MASK;
	if (n == NAME_MASK)
		n = strnlen(rows.p + ROW_BYTES, rows.n - ROW_BYTES);
	return row_size(n) <= rows.n && rows.p[ROW_BYTES + n] == '\0' ? row_size(n) : 0;
}

struct err *
index_load(int dirfd, const char *path, struct ws_index *ix)
{
	struct str rows;
	uint32_t n;

	TRY(file_read(dirfd, path, &ix->data));
	TRY(body(buf_str(&ix->data), &rows, &n));
	if (n > rows.n / ROW_BYTES)
		return malformed();
	vec_reserve(&ix->rows, n);
	for (uint32_t i = 0; i < n; i++) {
		size_t size = first_row(rows);
		struct ws_row row;

		if (size == 0)
			return malformed();
		row_read((const unsigned char *)rows.p, &row);
		vec_push(&ix->rows, row);
		rows = str_skip(rows, size);
	}
	return NULL;
}

void
index_free(struct ws_index *ix)
{
	buf_free(&ix->data);
	vec_free(&ix->rows);
}

const struct ws_row *
index_find(const struct ws_index *ix, const char *path)
{
	size_t lo = 0, hi = ix->rows.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(path, ix->rows.v[mid].path);

		if (c == 0)
			return &ix->rows.v[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static int
by_path(const void *a, const void *b)
{
	const struct ws_row *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void
index_sort(struct ws_rows *rows)
{
	vec_sort(rows, by_path);
}

static void
row_add(struct buf *out, const struct ws_row *row)
{
	unsigned char p[ROW_BYTES];
	static const char zeros[8];
	size_t n = strlen(row->path);
	unsigned flags = n < NAME_MASK ? (unsigned)n : NAME_MASK;

	put32(p, row->st.ctime_s);
	put32(p + 4, row->st.ctime_ns);
	put32(p + 8, row->st.mtime_s);
	put32(p + 12, row->st.mtime_ns);
	put32(p + 16, row->st.dev);
	put32(p + 20, row->st.ino);
	put32(p + 24, row->mode);
	put32(p + 28, row->st.uid);
	put32(p + 32, row->st.gid);
	put32(p + 36, row->st.size);
	memcpy(p + 40, row->oid.id, OID_RAW);
	p[60] = (unsigned char)(flags >> 8);
	p[61] = (unsigned char)flags;
	buf_add(out, p, sizeof(p));
	buf_add(out, row->path, n);
	buf_add(out, zeros, row_size(n) - ROW_BYTES - n);
}

/* Copy the rows before 'path' (NULL: all); drop the one of that path. */
static struct err *
copy_before(struct str *rows, const char *path, struct buf *out, uint32_t *n)
{
	struct str from = *rows;
	int c = 1;

	while (rows->n > 0 && c > 0) {
		size_t size = first_row(*rows);

		if (size == 0)
			return malformed();
		c = path != NULL ? strcmp(path, rows->p + ROW_BYTES) : 1;
		if (c < 0)
			break;
		if (c == 0)
			buf_add(out, from.p, (size_t)(rows->p - from.p));
		*n += c > 0;
		*rows = str_skip(*rows, size);
	}
	if (c != 0)
		buf_add(out, from.p, (size_t)(rows->p - from.p));
	return NULL;
}

struct err *
index_merge(struct str old, const struct ws_rows *changes, struct buf *out)
{
	unsigned char head[HEAD_BYTES] = {'D', 'I', 'R', 'C', 0, 0, 0, 2, 0, 0, 0, 0};
	unsigned char sum[SUM_BYTES];
	struct str rows = {"", 0};
	size_t start = out->n;
	uint32_t n = 0;

	if (old.n > 0)
		TRY(body(old, &rows, &n));
	n = 0;
	buf_reserve(out, old.n + changes->n * ROW_GUESS + HEAD_BYTES + SUM_BYTES);
	buf_add(out, head, sizeof(head));
	for (size_t i = 0; i < changes->n; i++) {
		TRY(copy_before(&rows, changes->v[i].path, out, &n));
		if (changes->v[i].mode != 0) {
			row_add(out, &changes->v[i]);
			n++;
		}
	}
	TRY(copy_before(&rows, NULL, out, &n));
	TRY(buf_check(out, "an index"));
	put32((unsigned char *)out->p + start + 8, n);
	sha1(out->p + start, out->n - start, sum);
	buf_add(out, sum, sizeof(sum));
	return buf_check(out, "an index");
}

struct ws_stat
ws_stat_of(const struct stat *st)
{
	return (struct ws_stat){
		.ctime_s = (uint32_t)st->st_ctim.tv_sec, .ctime_ns = (uint32_t)st->st_ctim.tv_nsec,
		.mtime_s = (uint32_t)st->st_mtim.tv_sec, .mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.dev = (uint32_t)st->st_dev, .ino = (uint32_t)st->st_ino, .uid = st->st_uid,
		.gid = st->st_gid, .size = (uint32_t)st->st_size};
}

/* A writer may set a file's mtime back, but never its ctime. */
bool
ws_stat_same(const struct ws_stat *a, const struct ws_stat *b)
{
	return a->ctime_s == b->ctime_s && a->ctime_ns == b->ctime_ns &&
	    a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns && a->dev == b->dev &&
	    a->ino == b->ino && a->size == b->size;
}
