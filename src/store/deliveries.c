#include "store/deliveries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/turn.h"
#include "store/delivery_record.h"

#define SEGMENT_MAX (16 * MIB)	/* a new one begins beyond that */
#define PENDING_MAX (128 * MIB)
#define TURN_MS 2000
#define SETS 8192
#define WAYS 8
#define SEEN_BYTES ((size_t)SETS * WAYS * DELIVERY_KEY)

struct key {
	unsigned char b[DELIVERY_KEY];
};

struct deliveries {
	char *dir;
	int turn;		/* the lock */
	int fd;			/* of the last segment; -1 before the first */
	uint64_t size;		/* of it */
	uint64_t last;		/* number of the newest that is committed */
	struct buf pending;
	uint64_t added;		/* how many are pending */
	VEC(struct key) keys;	/* theirs */
	struct key *seen;	/* SETS * WAYS, a file's */
};

/* ---- what was seen ---- */

static struct key *
set_of(const struct deliveries *d, const unsigned char *key)
{
	return &d->seen[((size_t)key[0] << 8 | key[1]) % SETS * WAYS];
}

static bool
is_seen(const struct deliveries *d, const unsigned char *key)
{
	const struct key *set = set_of(d, key);
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (memcmp(set[i].b, key, DELIVERY_KEY) == 0)
			return true;
	for (i = 0; i < d->keys.n; i++)
		if (memcmp(d->keys.v[i].b, key, DELIVERY_KEY) == 0)
			return true;
	return false;
}

/* The oldest of its set gives way. */
static void
see(struct deliveries *d, const unsigned char *key)
{
	struct key *set = set_of(d, key);

	memmove(&set[1], &set[0], (WAYS - 1) * sizeof(*set));
	memcpy(set[0].b, key, DELIVERY_KEY);
}

static struct err *
open_seen(struct deliveries *d)
{
	AUTO(mem_free_p) char *path = path_join(d->dir, "seen");
	AUTO(fd_close_p) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)SEEN_BYTES) != 0)
		return err_sys("cannot make '%s'", path);
	/* A hole that cannot be filled later would be a signal, not an error. */
	errno = posix_fallocate(fd, 0, (off_t)SEEN_BYTES);
	if (errno != 0)
		return err_sys("cannot make '%s'", path);
	p = mmap(NULL, SEEN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return err_sys("cannot map '%s'", path);
	d->seen = p;
	return NULL;
}

/* ---- opening ---- */

static struct err *
sync_dir(const struct deliveries *d)
{
	AUTO(fd_close_p) int fd = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		return err_sys("cannot sync '%s'", d->dir);
	return NULL;
}

static struct err *
begin_segment(struct deliveries *d)
{
	AUTO(mem_free_p) char *path = segment_path(d->dir, d->last + 1);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys("cannot make '%s'", path);
	fd_close_p(&d->fd);
	d->fd = fd;
	d->size = 0;
	return sync_dir(d);
}

/* What a segment holds: keys, the last number, and where its whole records end. */
static struct err *
take_segment(struct deliveries *d, int fd)
{
	AUTO(buf_free) struct buf rest = BUF_INIT(DELIVERY_BODY_MAX + DELIVERY_NAME_MAX);
	struct record_head h;
	bool whole;
	size_t i;

	for (d->size = 0;; d->size += record_size(&h)) {
		TRY(record_read(fd, d->size, &h, &rest, &whole));
		if (!whole)
			return NULL;
		d->last = h.number;
		for (i = 0; i < DELIVERY_KEYS; i++)
			if (!is_seen(d, h.key[i]))
				see(d, h.key[i]);
	}
}

static struct err *
take_segments(struct deliveries *d)
{
	AUTO(segments_free) struct segments all = {0};
	size_t i;

	TRY(settled_read(d->dir, &d->last));
	TRY(segments_list(d->dir, &all));
	for (i = 0; i < all.n; i++) {
		AUTO(mem_free_p) char *path = segment_path(d->dir, all.v[i]);

		fd_close_p(&d->fd);
		d->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (d->fd < 0)
			return err_sys("cannot open '%s'", path);
		/* An empty one was begun for the number that it is named by. */
		if (all.v[i] > d->last + 1)
			d->last = all.v[i] - 1;
		TRY(take_segment(d, d->fd));
	}
	/* The last one goes on where its whole records end. */
	if (d->fd >= 0 && ftruncate(d->fd, (off_t)d->size) != 0)
		return err_sys("cannot cut a segment in '%s'", d->dir);
	return NULL;
}

struct err *
deliveries_open(const char *dir, struct deliveries **out)
{
	AUTO(deliveries_close_p) struct deliveries *d = mem_alloc(sizeof(*d));
	AUTO(mem_free_p) char *lock = path_join(dir, "lock");
	struct err *e;

	d->turn = d->fd = -1;
	d->dir = mem_strdup(dir);
	buf_init(&d->pending, PENDING_MAX);
	TRY(dir_make(AT_FDCWD, dir, 0700));
	e = turn_take(lock, TURN_MS, NULL, &d->turn);
	if (err_is(e, ERR_TIMEOUT)) {
		err_ignore(e);
		return err_new(ERR_LOCKED, "another process takes deliveries into '%s'", dir);
	}
	TRY(e);
	TRY(open_seen(d));
	TRY(take_segments(d));
	*out = STEAL(d);
	return NULL;
}

void
deliveries_close(struct deliveries *d)
{
	if (d == NULL)
		return;
	if (d->seen != NULL)
		munmap(d->seen, SEEN_BYTES);
	fd_close_p(&d->fd);
	fd_close_p(&d->turn);
	buf_free(&d->pending);
	vec_free(&d->keys);
	free(d->dir);
	free(d);
}

void
deliveries_close_p(struct deliveries **d)
{
	deliveries_close(*d);
}

/* ---- taking ---- */

struct err *
deliveries_add(struct deliveries *d, struct delivery *in, bool *fresh)
{
	struct key k;
	size_t i;

	if (in->name.n > DELIVERY_NAME_MAX || in->body.n > DELIVERY_BODY_MAX)
		return err_new(ERR_LIMIT, "a delivery of %zu bytes is too large", in->body.n);
	*fresh = true;
	for (i = 0; i < DELIVERY_KEYS && *fresh; i++)
		*fresh = !is_seen(d, in->key[i]);
	if (!*fresh)
		return NULL;
	in->number = d->last + d->added + 1;
	record_add(&d->pending, in);
	TRY(buf_check(&d->pending, "deliveries that wait to be written"));
	d->added++;
	for (i = 0; i < DELIVERY_KEYS; i++) {
		memcpy(k.b, in->key[i], DELIVERY_KEY);
		vec_push(&d->keys, k);
	}
	return NULL;
}

static struct err *
write_pending(struct deliveries *d)
{
	if (d->fd < 0 || d->size > SEGMENT_MAX)
		TRY(begin_segment(d));
	if (lseek(d->fd, (off_t)d->size, SEEK_SET) < 0)
		return err_sys("cannot write a delivery");
	TRY(err_wrap(file_write_all(d->fd, d->pending.p, d->pending.n), "cannot write a delivery"));
	return fdatasync(d->fd) == 0 ? NULL : err_sys("cannot sync a delivery");
}

struct err *
deliveries_commit(struct deliveries *d)
{
	struct err *e = d->added == 0 ? NULL : write_pending(d);
	size_t i;

	if (e == NULL) {
		d->size += d->pending.n;
		for (i = 0; i < d->keys.n; i++)
			see(d, d->keys.v[i].b);
	} else {
		/* A reader may have come upon them: neither place nor number is used again. */
		fd_close_p(&d->fd);
		d->fd = -1;
	}
	d->last += d->added;
	buf_clear(&d->pending);
	vec_clear(&d->keys);
	d->added = 0;
	return e;
}

size_t
deliveries_pending(const struct deliveries *d)
{
	return d->pending.n;
}

uint64_t
deliveries_last(const struct deliveries *d)
{
	return d->last;
}

struct err *
deliveries_waiting(const struct deliveries *d, uint64_t *out)
{
	uint64_t settled = 0;

	TRY(settled_read(d->dir, &settled));
	*out = d->last > settled ? d->last - settled : 0;
	return NULL;
}
