#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/deliveries.h"
#include "store/delivery_record.h"

struct delivery_reader {
	char *dir;
	struct buf rest;
	int fd;			/* of the segment, -1 for none */
	uint64_t first;		/* number that it is named by */
	uint64_t at;		/* of its next record */
	uint64_t read;		/* number of the last that was given */
};

struct err *
delivery_reader_open(const char *dir, struct delivery_reader **out)
{
	AUTO(delivery_reader_close_p) struct delivery_reader *r = mem_alloc(sizeof(*r));

	r->fd = -1;
	r->dir = mem_strdup(dir);
	buf_init(&r->rest, DELIVERY_BODY_MAX + DELIVERY_NAME_MAX);
	TRY(settled_read(dir, &r->read));
	*out = STEAL(r);
	return NULL;
}

void
delivery_reader_close(struct delivery_reader *r)
{
	if (r == NULL)
		return;
	fd_close_p(&r->fd);
	buf_free(&r->rest);
	free(r->dir);
	free(r);
}

void
delivery_reader_close_p(struct delivery_reader **r)
{
	delivery_reader_close(*r);
}

static struct err *
enter(struct delivery_reader *r, const struct segments *all, size_t i)
{
	AUTO(mem_free_p) char *path = segment_path(r->dir, all->v[i]);

	fd_close_p(&r->fd);
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0)
		return err_sys("cannot open '%s'", path);
	r->first = all->v[i];
	r->at = 0;
	return NULL;
}

/* The segment that has the next number, else the one behind where we are. */
static struct err *
find_segment(struct delivery_reader *r, bool *found)
{
	AUTO(segments_free) struct segments all = {0};
	size_t i;

	*found = false;
	TRY(segments_list(r->dir, &all));
	if (r->fd >= 0) {
		for (i = 0; i < all.n && all.v[i] <= r->first; i++)
			;
	} else {
		for (i = all.n; i > 1 && all.v[i - 1] > r->read + 1; i--)
			;
		i = i > 0 ? i - 1 : all.n;
	}
	if (i >= all.n)
		return NULL;
	*found = true;
	return enter(r, &all, i);
}

struct err *
delivery_next(struct delivery_reader *r, struct delivery *out, bool *got, bool *skipped)
{
	struct record_head h;
	bool whole = false, more = true;

	*got = *skipped = false;
	for (;;) {
		if (r->fd >= 0)
			TRY(record_read(r->fd, r->at, &h, &r->rest, &whole));
		if (!whole) {
			TRY(find_segment(r, &more));
			if (!more)
				return NULL;
			continue;
		}
		r->at += record_size(&h);
		whole = false;
		if (h.number <= r->read)
			continue;
		*skipped = h.number != r->read + 1;
		break;
	}
	r->read = h.number;
	*out = (struct delivery){.number = h.number, .when = h.when, .from = h.from,
	    .name = str_mk(r->rest.p, h.name), .body = str_mk(r->rest.p + h.name, h.body)};
	memcpy(out->key, h.key, sizeof(out->key));
	*got = true;
	return NULL;
}

struct err *
delivery_settle(struct delivery_reader *r)
{
	AUTO(segments_free) struct segments all = {0};
	size_t i;

	TRY(settled_write(r->dir, r->read));
	TRY(segments_list(r->dir, &all));
	/* One whose successor begins at or before the next number has been read through. */
	for (i = 0; i + 1 < all.n && all.v[i + 1] <= r->read + 1; i++) {
		AUTO(mem_free_p) char *path = segment_path(r->dir, all.v[i]);

		if (unlink(path) != 0 && errno != ENOENT)
			return err_sys("cannot remove '%s'", path);
	}
	return NULL;
}
