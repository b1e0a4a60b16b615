/*
 * ws/index.c - see ws/index.h.
 */
#include "git/ws/index.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/sha1.h"

#define HEAD_BYTES 12
#define ROW_BYTES 62	/* before the path */
#define SUM_BYTES 20
#define CHUNK (128 * KIB)	/* stays in the processor's cache from the copy to the write */
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
index_map(int dirfd, const char *path, struct ws_index *ix)
{
	AUTO(fd_close_p) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *p;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_new(ERR_NOT_FOUND, "'%s' does not exist", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys("cannot open '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size < HEAD_BYTES + SUM_BYTES || (size_t)st.st_size > INDEX_MAX)
		return malformed();
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys("cannot read '%s'", path);
	ix->bytes = str_mk(p, (size_t)st.st_size);
	return NULL;
}

struct err *
index_load(int dirfd, const char *path, struct ws_index *ix)
{
	struct str rows;
	uint32_t n;

	TRY(index_map(dirfd, path, ix));
	TRY(body(ix->bytes, &rows, &n));
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
	if (ix->bytes.n > 0)
		munmap((void *)(uintptr_t)ix->bytes.p, ix->bytes.n);
	vec_free(&ix->rows);
	*ix = (struct ws_index){0};
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

/* ---- writing ---- */

struct out {
	int fd;
	struct sha1 sum;
	char *chunk;
	size_t n, room;
};

static struct err *
flush(struct out *o)
{
	size_t n = o->n;

	sha1_add(&o->sum, o->chunk, n);
	o->n = 0;
	return file_write_all(o->fd, o->chunk, n);
}

static struct err *
add(struct out *o, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		size_t piece = o->room - o->n < n ? o->room - o->n : n;

		memcpy(o->chunk + o->n, p, piece);
		o->n += piece;
		p += piece;
		n -= piece;
		if (o->n == o->room)
			TRY(flush(o));
	}
	return NULL;
}

static struct err *
add_row(struct out *o, const struct ws_row *row)
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
	TRY(add(o, p, sizeof(p)));
	TRY(add(o, row->path, n));
	return add(o, zeros, row_size(n) - ROW_BYTES - n);
}

/* Where a change goes among the old rows: so many bytes before it, and those of the row that it replaces. */
struct cut {
	size_t before, size;
};

/* One for each change and one for the end; *n: the rows when all is done. */
static struct err *
find_cuts(struct str old, const struct ws_rows *changes, struct cut *cuts, uint32_t *n)
{
	struct str rest = old;
	size_t i = 0;

	*n = 0;
	while (rest.n > 0) {
		size_t size = first_row(rest);
		int c = 1;

		if (size == 0)
			return malformed();
		while (i < changes->n && (c = strcmp(changes->v[i].path, rest.p + ROW_BYTES)) < 0)
			cuts[i++] = (struct cut){old.n - rest.n, 0};
		if (c == 0)
			cuts[i++] = (struct cut){old.n - rest.n, size};
		else
			++*n;
		rest = str_skip(rest, size);
	}
	while (i <= changes->n)
		cuts[i++] = (struct cut){old.n, 0};
	for (i = 0; i < changes->n; i++)
		*n += changes->v[i].mode != 0;
	return NULL;
}

static struct err *
write_all(struct out *o, struct str old, const struct ws_rows *changes, const struct cut *cuts,
    uint32_t n)
{
	unsigned char head[HEAD_BYTES] = {'D', 'I', 'R', 'C', 0, 0, 0, 2, 0, 0, 0, 0};
	unsigned char sum[SUM_BYTES];
	size_t at = 0;

	put32(head + 8, n);
	TRY(add(o, head, sizeof(head)));
	for (size_t i = 0; i <= changes->n; i++) {
		TRY(add(o, old.p + at, cuts[i].before - at));
		at = cuts[i].before + cuts[i].size;
		if (i < changes->n && changes->v[i].mode != 0)
			TRY(add_row(o, &changes->v[i]));
	}
	TRY(flush(o));
	sha1_end(&o->sum, sum);
	return file_write_all(o->fd, sum, sizeof(sum));
}

static struct err *
write_to(int dirfd, const char *path, struct str old, const struct ws_rows *changes,
    const struct cut *cuts, uint32_t n)
{
	/* Of a small index no more than it takes: the memory is touched when it is made. */
	size_t room = old.n + 4 * KIB < CHUNK ? old.n + 4 * KIB : CHUNK;
	AUTO(mem_free_p) char *chunk = mem_alloc(room);
	struct out o = {.chunk = chunk, .room = room, .fd = openat(dirfd, path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644)};
	struct err *e;

	if (o.fd < 0)
		return err_sys("cannot create '%s'", path);
	sha1_init(&o.sum);
	e = write_all(&o, old, changes, cuts, n);
	if (close(o.fd) != 0 && e == NULL)
		e = err_sys("cannot close '%s'", path);
	return e != NULL ? err_wrap(e, "'%s'", path) : NULL;
}

struct err *
index_replace(int dirfd, const char *path, struct str old, const struct ws_rows *changes)
{
	AUTO(mem_free_p) struct cut *cuts = mem_calloc(changes->n + 1, sizeof(*cuts));
	AUTO(mem_free_p) char *tmp = mem_printf("%s.%s.tmp", path, id_new().s);
	struct str rows = {"", 0};
	struct err *e;
	uint32_t n;

	if (old.n > 0)
		TRY(body(old, &rows, &n));
	TRY(find_cuts(rows, changes, cuts, &n));
	e = write_to(dirfd, tmp, rows, changes, cuts, n);
	if (e == NULL && renameat(dirfd, tmp, dirfd, path) != 0)
		e = err_sys("cannot replace '%s'", path);
	if (e != NULL)
		unlinkat(dirfd, tmp, 0);
	return e;
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
