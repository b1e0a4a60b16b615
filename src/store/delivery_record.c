#include "store/delivery_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/fnv.h"
#include "base/mem.h"

#define MAGIC 0x31444647u	/* "GFD1" */
#define SETTLED "settled"

/* It is to show a torn write, not somebody's ill will. */
static uint64_t
sum_of(const struct record_head *h, const char *rest)
{
	struct record_head clean = *h;

	clean.sum = 0;
	return fnv64(fnv64(FNV64_BASIS, &clean, sizeof(clean)), rest, (size_t)h->name + h->body);
}

void
record_add(struct buf *out, const struct delivery *d)
{
	struct record_head h;
	size_t at = out->n;

	memset(&h, 0, sizeof(h));
	h.magic = MAGIC;
	h.name = (uint32_t)d->name.n;
	h.body = (uint32_t)d->body.n;
	h.from = d->from;
	h.number = d->number;
	h.when = d->when;
	memcpy(h.key, d->key, sizeof(h.key));
	buf_add(out, &h, sizeof(h));
	buf_addstr(out, d->name);
	buf_addstr(out, d->body);
	if (out->over)
		return;
	h.sum = sum_of(&h, out->p + at + sizeof(h));
	memcpy(out->p + at, &h, sizeof(h));
}

uint64_t
record_size(const struct record_head *h)
{
	return sizeof(*h) + (uint64_t)h->name + h->body;
}

/* Add up to n bytes; fewer at the file's end. */
static struct err *
read_at(int fd, uint64_t at, size_t n, struct buf *out)
{
	char chunk[16 * KIB];
	ssize_t r;

	while (n > 0) {
		r = pread(fd, chunk, n < sizeof(chunk) ? n : sizeof(chunk), (off_t)at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys("cannot read a stored delivery");
		if (r == 0)
			return NULL;
		buf_add(out, chunk, (size_t)r);
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return NULL;
}

struct err *
record_read(int fd, uint64_t at, struct record_head *h, struct buf *rest, bool *whole)
{
	struct record_head head;
	size_t n;

	*whole = false;
	buf_clear(rest);
	TRY(read_at(fd, at, sizeof(head), rest));
	if (rest->n < sizeof(head))
		return NULL;
	memcpy(&head, rest->p, sizeof(head));
	if (head.magic != MAGIC || head.name > DELIVERY_NAME_MAX || head.body > DELIVERY_BODY_MAX)
		return NULL;
	n = (size_t)head.name + head.body;
	buf_clear(rest);
	TRY(read_at(fd, at + sizeof(head), n, rest));
	if (rest->n < n || sum_of(&head, buf_cstr(rest)) != head.sum)
		return NULL;
	*h = head;
	*whole = true;
	return NULL;
}

/* ---- the folder ---- */

char *
segment_path(const char *dir, uint64_t first)
{
	return mem_printf("%s/%016" PRIx64 ".log", dir, first);
}

static bool
segment_parse(const char *name, uint64_t *first)
{
	int end = 0;

	return strlen(name) == 20 && sscanf(name, "%16" SCNx64 ".log%n", first, &end) == 1 && end == 20;
}

struct err *
segments_list(const char *dir, struct segments *out)
{
	AUTO(strs_free) struct strs names = {0};
	struct err *e = dir_names(AT_FDCWD, dir, &names);
	uint64_t first;
	size_t i;

	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	/* By name is by number: they are all of one width. */
	for (i = 0; i < names.n; i++)
		if (segment_parse(names.v[i], &first))
			vec_push(out, first);
	return NULL;
}

void
segments_free(struct segments *s)
{
	vec_free(s);
}

struct err *
settled_read(const char *dir, uint64_t *number)
{
	AUTO(mem_free_p) char *path = path_join(dir, SETTLED);
	AUTO(buf_free) struct buf text = BUF_INIT(64);
	struct err *e = file_read(AT_FDCWD, path, &text);
	int64_t n = 0;

	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		e = NULL;
	}
	TRY(e);
	if (!str_int(str_trim(buf_str(&text)), 0, INT64_MAX, &n))
		n = 0;
	*number = (uint64_t)n;
	return NULL;
}

struct err *
settled_write(const char *dir, uint64_t number)
{
	AUTO(mem_free_p) char *path = path_join(dir, SETTLED);
	char text[32];

	/* What is lost here is only read again. */
	snprintf(text, sizeof(text), "%" PRIu64 "\n", number);
	return file_replace(AT_FDCWD, path, str_of(text), 0600, false);
}
