/*
 * ws_index.c - see ws_index.h.
 */
#include "git/ws_index.h"

#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "git/ws_sha1.h"

#define HEAD_BYTES 12
#define ROW_BYTES 62	/* before the path */
#define SUM_BYTES 20
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
	row->raw = p;
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

struct err *
index_load(int dirfd, const char *path, struct ws_index *ix)
{
	const unsigned char *p, *end;
	uint32_t n;

	TRY(file_read(dirfd, path, &ix->data));
	p = (const unsigned char *)ix->data.p;
	if (ix->data.n < HEAD_BYTES + SUM_BYTES || memcmp(p, "DIRC", 4) != 0 || get32(p + 4) != 2)
		return malformed();
	end = p + ix->data.n - SUM_BYTES;
	n = get32(p + 8);
	if (n > ix->data.n / ROW_BYTES)
		return malformed();
	vec_reserve(&ix->rows, n);
	p += HEAD_BYTES;
	for (uint32_t i = 0; i < n; i++) {
		const unsigned char *nul;
		struct ws_row row;

		if ((size_t)(end - p) <= ROW_BYTES)
			return malformed();
		nul = memchr(p + ROW_BYTES, '\0', (size_t)(end - p) - ROW_BYTES);
		if (nul == NULL || row_size((size_t)(nul - p) - ROW_BYTES) > (size_t)(end - p))
			return malformed();
		row_read(p, &row);
		vec_push(&ix->rows, row);
		p += row_size((size_t)(nul - p) - ROW_BYTES);
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

/* Rows of one path stay in the order they came: qsort() is not stable. */
static int
by_path(const void *a, const void *b)
{
	const struct ws_row *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c != 0 ? c : (x->raw > y->raw) - (x->raw < y->raw);
}

void
index_sort(struct ws_rows *rows)
{
	size_t to = 0;

	for (size_t i = 0; i < rows->n; i++)
		rows->v[i].raw = (const unsigned char *)(uintptr_t)(i + 1);
	vec_sort(rows, by_path);
	for (size_t i = 0; i < rows->n; i++) {
		rows->v[i].raw = NULL;
		if (to > 0 && strcmp(rows->v[to - 1].path, rows->v[i].path) == 0)
			to--;
		rows->v[to++] = rows->v[i];
	}
	rows->n = to;
}

static void
row_add(struct buf *out, const struct ws_row *row)
{
	unsigned char p[ROW_BYTES];
	static const char zeros[8];
	size_t n = strlen(row->path);
	size_t whole = row_size(n);
	unsigned flags = n < NAME_MASK ? (unsigned)n : NAME_MASK;

	if (row->raw != NULL) {
		buf_add(out, row->raw, whole);
		return;
	}
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
	buf_add(out, zeros, whole - ROW_BYTES - n);
}

void
index_merge(const struct ws_index *old, const struct ws_rows *changes, struct buf *out)
{
	size_t n_old = old != NULL ? old->rows.n : 0;
	size_t start = out->n, i = 0, j = 0;
	unsigned char head[HEAD_BYTES] = {'D', 'I', 'R', 'C', 0, 0, 0, 2, 0, 0, 0, 0};
	unsigned char sum[SUM_BYTES];
	uint32_t n = 0;

	buf_add(out, head, sizeof(head));
	while (i < n_old || j < changes->n) {
		const struct ws_row *row;
		int c = i >= n_old ? 1 : j >= changes->n ? -1 :
		    strcmp(old->rows.v[i].path, changes->v[j].path);

		row = c < 0 ? &old->rows.v[i] : &changes->v[j];
		i += c <= 0;
		j += c >= 0;
		if (row->mode == 0)
			continue;
		row_add(out, row);
		n++;
	}
	if (out->n > start)
		put32((unsigned char *)out->p + start + 8, n);
	sha1(out->p + start, out->n - start, sum);
	buf_add(out, sum, sizeof(sum));
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
