#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/diff.h"
#include "git/lg2.h"
#include "git/linediff.h"
#include "git/repo.h"
#include "git/tree.h"

#define BINARY_LOOK 8000	/* bytes in which a NUL makes a file binary, as for git */

void
linediff_free(struct linediff *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->v[i].path);
		free(d->v[i].from);
	}
	vec_free(d);
}

static bool
has_lines(unsigned mode)
{
	return mode == MODE_FILE || mode == MODE_EXEC || mode == MODE_LINK;
}

static void
take_names(const struct diff *names, struct linediff *d)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		const struct diff_file *f = &names->v[i];
		struct linediff_file l = {.status = f->status, .old_mode = f->old_mode,
		    .new_mode = f->new_mode, .old_oid = f->old_oid, .new_oid = f->new_oid};

		l.path = mem_strdup(f->path);
		l.from = mem_strdup(f->status == 'A' ? "" : f->path);
		vec_push(d, l);
	}
}

/* ---- renames ---- */

/* d->v[gone] was renamed to d->v[now]; the former is struck off later. */
static void
join(struct linediff *d, size_t gone, size_t now)
{
	struct linediff_file *a = &d->v[gone], *b = &d->v[now];

	b->status = 'R';
	b->old_mode = a->old_mode;
	b->old_oid = a->old_oid;
	free(b->from);
	b->from = STEAL(a->from);
	free(STEAL(a->path));
}

static void
strike_joined(struct linediff *d)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		if (d->v[i].path != NULL)
			d->v[n++] = d->v[i];
	d->n = n;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Deleted files of one content, as a list through 'next'; index + 1, 0 is none. */
struct same {
	size_t first;
};

/* Of those with the same content one of the same name, else any. */
static size_t
pick_same(const struct linediff *d, const struct same *s, const size_t *next, const char *path)
{
	size_t i, any = 0;

	for (i = s->first; i != 0; i = next[i - 1]) {
		if (d->v[i - 1].path == NULL)
			continue;
		if (strcmp(base_name(d->v[i - 1].path), base_name(path)) == 0)
			return i;
		any = i;
	}
	return any;
}

static void
join_equal(struct linediff *d)
{
	AUTO(mem_free_p) size_t *next = mem_calloc(d->n + 1, sizeof(*next));
	struct map same = {0};
	struct oid empty;
	size_t i, k;

	err_ignore(blob_hash(STR(""), &empty));
	for (i = 0; i < d->n; i++) {
		struct linediff_file *f = &d->v[i];
		struct same *s;

		if (f->status != 'D' || !has_lines(f->old_mode) || oid_eq(&f->old_oid, &empty))
			continue;
		s = map_get(&same, oid_hex(&f->old_oid).s);
		if (s == NULL) {
			s = mem_alloc(sizeof(*s));
			map_set(&same, oid_hex(&f->old_oid).s, s);
		}
		next[i] = s->first;
		s->first = i + 1;
	}
	for (i = 0; i < d->n && same.n != 0; i++) {
		struct linediff_file *f = &d->v[i];
		struct same *s = f->status == 'A' ? map_get(&same, oid_hex(&f->new_oid).s) : NULL;

		k = s == NULL ? 0 : pick_same(d, s, next, f->path);
		if (k != 0 && has_lines(f->new_mode))
			join(d, k - 1, i);
	}
	map_free(&same, free);
	strike_joined(d);
}

/* ---- sizes ---- */

static struct err *
side_size(struct repo *r, unsigned mode, const struct oid *oid, size_t *total, size_t *size)
{
	*size = 0;
	if (!has_lines(mode))
		return NULL;
	TRY(blob_size(r, oid, size));
	*total += *size;
	return NULL;
}

/* Which are too large, and which of the deleted and added ones may be one. */
static struct err *
measure(struct repo *r, struct linediff *d, struct strs *single)
{
	size_t i, old, new, total = 0;

	for (i = 0; i < d->n; i++) {
		struct linediff_file *f = &d->v[i];

		if (oid_eq(&f->old_oid, &f->new_oid))
			continue;
		TRY(side_size(r, f->old_mode, &f->old_oid, &total, &old));
		TRY(side_size(r, f->new_mode, &f->new_oid, &total, &new));
		f->large = old > LINEDIFF_FILE_MAX || new > LINEDIFF_FILE_MAX || total > LINEDIFF_ALL_MAX;
		if (!f->large && old + new != 0 && (f->status == 'A' || f->status == 'D'))
			strs_add(single, f->path);
	}
	return NULL;
}

/* ---- renames with other content ---- */

static bool
few_pairs(const struct linediff *d)
{
	size_t i, gone = 0, new = 0;

	for (i = 0; i < d->n; i++) {
		gone += d->v[i].status == 'D';
		new += d->v[i].status == 'A';
	}
	return gone != 0 && new != 0 && gone <= LINEDIFF_PAIRS_MAX / new;
}

static size_t
index_of(const struct map *at, const char *path)
{
	return path == NULL ? 0 : (size_t)(uintptr_t)map_get(at, path);
}

static void
take_renames(struct linediff *d, git_diff *diff)
{
	size_t i, n = lg2.git_diff_num_deltas(diff), from, to;
	struct map at = {0};	/* path -> index + 1 */

	for (i = 0; i < d->n; i++)
		map_set(&at, d->v[i].path, (void *)(uintptr_t)(i + 1));
	for (i = 0; i < n; i++) {
		const git_diff_delta *delta = lg2.git_diff_get_delta(diff, i);

		if (delta->status != GIT_DELTA_RENAMED)
			continue;
		from = index_of(&at, delta->old_file.path);
		to = index_of(&at, delta->new_file.path);
		if (from != 0 && to != 0 && d->v[from - 1].status == 'D' && d->v[to - 1].status == 'A')
			join(d, from - 1, to - 1);
	}
	strike_joined(d);
	map_free(&at, NULL);
}

static struct err *
join_alike(struct repo *r, const struct oid *old, const struct oid *new, const struct strs *single,
    struct linediff *d)
{
	git_diff_find_options o = {.version = GIT_DIFF_FIND_OPTIONS_VERSION,
	    .flags = GIT_DIFF_FIND_RENAMES, .rename_threshold = 50, .rename_limit = 1000};
	AUTO(lg2_diff_free_p) git_diff *diff = NULL;
	int rc;

	if (!few_pairs(d) || single->n == 0)
		return NULL;
	TRY(diff_open(r, old, new, single, 0, &diff));
	rc = lg2.git_diff_find_similar(diff, &o);
	if (rc < 0)
		return lg2_err(r, rc, "cannot look for renamed files");
	take_renames(d, diff);
	return NULL;
}

/* ---- lines ---- */

struct telling {
	struct repo *r;
	linediff_fn *fn;
	void *arg;
};

static void
tell(const struct telling *t, size_t file, const git_diff_line *line)
{
	bool added = line->origin == GIT_DIFF_LINE_ADDITION;
	struct str text = str_mk(line->content, line->content_len);

	if (!added && line->origin != GIT_DIFF_LINE_DELETION)
		return;
	if (str_ends(text, "\n"))
		text.n--;
	t->fn(t->arg, file, added, added ? line->new_lineno : line->old_lineno, text);
}

static struct err *
tell_patch(const struct telling *t, size_t file, git_patch *patch)
{
	size_t hunks = lg2.git_patch_num_hunks(patch), i, k;
	const git_diff_line *line;
	int rc, lines;

	for (i = 0; i < hunks; i++) {
		lines = lg2.git_patch_num_lines_in_hunk(patch, i);
		for (k = 0; lines > 0 && k < (size_t)lines; k++) {
			rc = lg2.git_patch_get_line_in_hunk(&line, patch, i, k);
			if (rc < 0)
				return lg2_err(t->r, rc, "cannot compare two files");
			tell(t, file, line);
		}
	}
	return NULL;
}

/* As git tells binary files, but whatever attributes say: a change may bring its own. */
static bool
is_binary(struct str text)
{
	return str_has(str_take(text, BINARY_LOOK), '\0');
}

/*
 * From buffers, for of files in the repository libgit2 asks for attributes,
 * and reads all of the index to do so.
 */
static struct err *
tell_file(const struct telling *t, struct linediff_file *f, size_t file)
{
	AUTO(buf_free) struct buf old = BUF_INIT(LINEDIFF_FILE_MAX), new = BUF_INIT(LINEDIFF_FILE_MAX);
	git_diff_options o = {.version = GIT_DIFF_OPTIONS_VERSION, .flags = GIT_DIFF_FORCE_TEXT,
	    .max_size = 2 * LINEDIFF_FILE_MAX};
	git_patch *patch = NULL;
	struct err *e;
	int rc;

	if (f->large || oid_eq(&f->old_oid, &f->new_oid))
		return NULL;
	if (has_lines(f->old_mode))
		TRY(blob_read(t->r, &f->old_oid, &old));
	if (has_lines(f->new_mode))
		TRY(blob_read(t->r, &f->new_oid, &new));
	f->binary = is_binary(buf_str(&old)) || is_binary(buf_str(&new));
	if (f->binary || old.n + new.n == 0)
		return NULL;
	rc = lg2.git_patch_from_buffers(&patch, buf_cstr(&old), old.n, NULL, buf_cstr(&new), new.n, NULL, &o);
	if (rc < 0)
		return lg2_err(t->r, rc, "cannot compare two files");
	e = tell_patch(t, file, patch);
	lg2.git_patch_free(patch);
	return e;
}

struct err *
linediff_trees(struct repo *r, const struct oid *old, const struct oid *new,
    linediff_fn *fn, void *arg, struct linediff *out)
{
	AUTO(diff_free) struct diff names = {0};
	AUTO(linediff_free) struct linediff d = {0};
	AUTO(strs_free) struct strs single = {0};
	struct telling t = {r, fn, arg};
	size_t i;

	TRY(diff_tree_names(r, old, new, &names));
	take_names(&names, &d);
	join_equal(&d);
	TRY(measure(r, &d, &single));
	TRY(join_alike(r, old, new, &single, &d));
	for (i = 0; i < d.n; i++)
		TRY(tell_file(&t, &d.v[i], i));
	*out = d;
	d = (struct linediff){0};
	return NULL;
}
