#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "gate/change.h"
#include "git/linediff.h"
#include "git/tree.h"

#define CANDIDATES_MAX 32	/* deleted lines of one text that are tried */

struct change {
	struct repo *repo;
	struct oid base, tree;
	struct arena mem;
	struct linediff files;
	struct { VEC_FIELDS(struct change_file); } all;
	struct map by_path, by_from;	/* struct change_file */
	struct map texts;		/* "b" or "c" before the path: struct buf */
	size_t kept;
};

static void
text_free(void *text)
{
	buf_free(text);
	free(text);
}

void
change_close(struct change *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->all.n; i++) {
		vec_free(&c->all.v[i].added);
		vec_free(&c->all.v[i].deleted);
	}
	vec_free(&c->all);
	linediff_free(&c->files);
	map_free(&c->by_path, NULL);
	map_free(&c->by_from, NULL);
	map_free(&c->texts, text_free);
	arena_free(&c->mem);
	free(c);
}

void
change_close_p(struct change **c)
{
	change_close(*c);
	*c = NULL;
}

/* ---- lines that moved ---- */

/* The deleted lines of all files, one after the other. */
struct gone {
	struct str text;	/* trimmed */
	size_t file;
	int64_t line;
	size_t next;		/* of the same text; index + 1, 0 is none */
	bool used;
};

struct moves {
	struct change *c;
	struct { VEC_FIELDS(struct gone); } gone;
	struct map first;	/* text -> index + 1 */
};

static size_t
alnum_of(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += isalnum((unsigned char)s.p[i]) || (unsigned char)s.p[i] >= 0x80;
	return n;
}

static void
index_gone(struct moves *m)
{
	size_t i, k;

	for (i = 0; i < m->c->all.n; i++) {
		const struct change_file *f = &m->c->all.v[i];

		for (k = 0; k < f->deleted.n; k++) {
			struct gone g = {str_trim(f->deleted.v[k].text), i, f->deleted.v[k].line, 0, false};
			void *before;

			vec_push(&m->gone, g);
			if (alnum_of(g.text) == 0)
				continue;
			before = map_set_str(&m->first, g.text, (void *)(uintptr_t)m->gone.n);
			m->gone.v[m->gone.n - 1].next = (size_t)(uintptr_t)before;
		}
	}
}

/* Do entry g of the deleted lines and line i of the added ones continue their runs? */
static bool
goes_on(const struct moves *m, const struct change_file *f, size_t g, size_t i)
{
	const struct gone *a = &m->gone.v[g];

	return !a->used && a->file == a[-1].file && a->line == a[-1].line + 1 &&
	    f->added.v[i].line == f->added.v[i - 1].line + 1 &&
	    str_eq(a->text, str_trim(f->added.v[i].text));
}

static size_t
run_length(const struct moves *m, const struct change_file *f, size_t g, size_t i, size_t *alnum)
{
	size_t n = 1;

	*alnum = alnum_of(m->gone.v[g].text);
	while (g + n < m->gone.n && i + n < f->added.n && goes_on(m, f, g + n, i + n)) {
		*alnum += alnum_of(m->gone.v[g + n].text);
		n++;
	}
	return n;
}

/* Mark the longest moved run that starts at added line i; its length, or 0. */
static size_t
mark_run(struct moves *m, struct change_file *f, size_t i)
{
	size_t g = (size_t)(uintptr_t)map_get_str(&m->first, str_trim(f->added.v[i].text));
	size_t best = 0, from = 0, tries, n, k, alnum;

	for (tries = 0; g != 0 && tries < CANDIDATES_MAX; g = m->gone.v[g - 1].next, tries++) {
		if (m->gone.v[g - 1].used)
			continue;
		n = run_length(m, f, g - 1, i, &alnum);
		if (n > best && n >= CHANGE_MOVED_LINES && alnum >= CHANGE_MOVED_ALNUM) {
			best = n;
			from = g - 1;
		}
	}
	for (k = 0; k < best; k++) {
		m->gone.v[from + k].used = true;
		f->added.v[i + k].moved = true;
	}
	return best;
}

static void
mark_moved(struct change *c)
{
	struct moves m = {.c = c};
	size_t i, k, n;

	index_gone(&m);
	for (i = 0; i < c->all.n && m.gone.n != 0; i++)
		for (k = 0; k < c->all.v[i].added.n; k += n == 0 ? 1 : n)
			n = mark_run(&m, &c->all.v[i], k);
	vec_free(&m.gone);
	map_free(&m.first, NULL);
}

/* ---- opening ---- */

static void
take_line(void *arg, size_t i, bool added, int64_t line, struct str text)
{
	struct change *c = arg;
	struct change_line l = {line, {arena_str(&c->mem, text), text.n}, false};

	/* Files come one by one, but which they are is known only at the end. */
	while (c->all.n <= i)
		vec_push(&c->all, (struct change_file){0});
	if (added)
		vec_push(&c->all.v[i].added, l);
	else
		vec_push(&c->all.v[i].deleted, l);
}

static void
take_files(struct change *c)
{
	size_t i;

	while (c->all.n < c->files.n)
		vec_push(&c->all, (struct change_file){0});
	for (i = 0; i < c->files.n; i++) {
		const struct linediff_file *l = &c->files.v[i];
		struct change_file *f = &c->all.v[i];

		f->path = l->path;
		f->from = l->from;
		f->status = l->status;
		f->old_mode = l->old_mode;
		f->new_mode = l->new_mode;
		f->old_oid = l->old_oid;
		f->new_oid = l->new_oid;
		f->binary = l->binary;
		f->large = l->large;
		if (f->status != 'D')
			map_set(&c->by_path, f->path, f);
		if (f->from[0] != '\0')
			map_set(&c->by_from, f->from, f);
	}
}

struct err *
change_open(struct repo *r, const struct oid *base_tree, const struct oid *tree, struct change **out)
{
	AUTO(change_close_p) struct change *c = mem_alloc(sizeof(*c));

	c->repo = r;
	c->base = *base_tree;
	c->tree = *tree;
	TRY(linediff_trees(r, base_tree, tree, take_line, c, &c->files));
	take_files(c);
	mark_moved(c);
	*out = STEAL(c);
	return NULL;
}

/* ---- asking ---- */

size_t
change_count(const struct change *c)
{
	return c->all.n;
}

const struct change_file *
change_at(const struct change *c, size_t i)
{
	return &c->all.v[i];
}

const struct change_file *
change_of(const struct change *c, const char *path)
{
	return map_get(&c->by_path, path);
}

const struct change_file *
change_from(const struct change *c, const char *path)
{
	return map_get(&c->by_from, path);
}

bool
change_is_file(unsigned mode)
{
	return mode == MODE_FILE || mode == MODE_EXEC;
}

/* How many of the lines, which are in order, lie before 'line'; *at: is it one? */
static size_t
before(const struct change_line *v, size_t n, int64_t line, bool *at)
{
	size_t low = 0, high = n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (v[mid].line < line)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low < n && v[low].line == line;
	return low;
}

int64_t
change_map(const struct change_file *f, int64_t base_line)
{
	size_t low = 0, high = f->added.n, mid;
	int64_t kept;
	bool gone;

	if (f->status == 'D' || base_line < 1 ||
	    ((f->binary || f->large) && !oid_eq(&f->old_oid, &f->new_oid)))
		return 0;
	/* It is the kept-th of the lines that both sides have. */
	kept = base_line - (int64_t)before(f->deleted.v, f->deleted.n, base_line, &gone);
	if (gone)
		return 0;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (f->added.v[mid].line - 1 - (int64_t)mid < kept)
			low = mid + 1;
		else
			high = mid;
	}
	return kept + (int64_t)low;
}

bool
change_has_added(const struct change_file *f, int64_t line)
{
	bool at;

	before(f->added.v, f->added.n, line, &at);
	return at;
}

/* ---- whole files ---- */

struct err *
change_text(struct change *c, const char *path, bool base, struct str *text)
{
	AUTO(mem_free_p) char *key = mem_printf("%c%s", base ? 'b' : 'c', path);
	struct buf *b = map_get(&c->texts, key);
	struct err *e;

	if (b == NULL) {
		b = mem_alloc(sizeof(*b));
		buf_init(b, CHANGE_KEPT_MAX - c->kept < CHANGE_TEXT_MAX ? CHANGE_KEPT_MAX - c->kept :
		    CHANGE_TEXT_MAX);
		e = tree_read(c->repo, base ? &c->base : &c->tree, path, b);
		if (e != NULL) {
			text_free(b);
			return e;
		}
		c->kept += b->n;
		map_set(&c->texts, key, b);
	}
	*text = buf_str(b);
	return NULL;
}
