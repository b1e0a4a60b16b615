#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"
#include "gate/change.h"
#include "gate/judge/hunk.h"

/* For each added and each deleted line, in order, its hunk. */
struct file_hunks {
	struct { VEC_FIELDS(int64_t); } added, deleted;
};

static void
file_free(void *file)
{
	struct file_hunks *h = file;

	vec_free(&h->added);
	vec_free(&h->deleted);
	free(h);
}

void
hunks_free(struct hunks *h)
{
	map_free(&h->files, file_free);
}

static struct file_hunks *
file_of(struct hunks *h, const struct change_file *f)
{
	AUTO(mem_free_p) char *key = mem_printf("%p", (const void *)f);
	struct file_hunks *own = map_get(&h->files, key);
	int64_t hunk = 0;
	size_t i;

	if (own != NULL)
		return own;
	own = mem_alloc(sizeof(*own));
	map_set(&h->files, key, own);
	for (i = 0; i < f->added.n; i++) {
		if (i == 0 || f->added.v[i].line != f->added.v[i - 1].line + 1)
			hunk = f->added.v[i].line - 1;
		vec_push(&own->added, hunk);
	}
	for (i = 0; i < f->deleted.n; i++) {
		int64_t line = f->deleted.v[i].line;

		if (i == 0 || line != f->deleted.v[i - 1].line + 1)
			hunk = line == 1 ? 0 : change_map(f, line - 1);
		vec_push(&own->deleted, hunk);
	}
	return own;
}

static bool
unknown(const struct change_file *f)
{
	return (f->binary || f->large) && !oid_eq(&f->old_oid, &f->new_oid);
}

/* Index of a line, or n when it is not there. */
static size_t
find(const struct change_line *v, size_t n, int64_t line)
{
	size_t low = 0, high = n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (v[mid].line < line)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && v[low].line == line ? low : n;
}

int64_t
hunk_of_base(struct hunks *h, const struct change_file *f, int64_t line)
{
	size_t i;

	if (unknown(f))
		return HUNK_WHOLE;
	i = find(f->deleted.v, f->deleted.n, line);
	return i < f->deleted.n ? file_of(h, f)->deleted.v[i] : HUNK_WHOLE;
}

int64_t
hunk_of_now(struct hunks *h, const struct change_file *f, int64_t line, bool *moved)
{
	size_t i;

	*moved = false;
	if (unknown(f))
		return HUNK_WHOLE;
	i = find(f->added.v, f->added.n, line);
	if (i == f->added.n)
		return HUNK_NONE;
	*moved = f->added.v[i].moved;
	return file_of(h, f)->added.v[i];
}
