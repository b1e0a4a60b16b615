#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/diff.h"
#include "git/lg2.h"
#include "git/notetree.h"
#include "git/pack.h"
#include "git/repo.h"
#include "git/tree.h"

/* ---- where a note lies ---- */

struct where {
	struct buf folder;	/* "" or "ab/" or "ab/cd/" */
	const char *rest;	/* the digits below that folder */
	struct oid level;	/* the folder's tree; zero when it does not exist */
	struct oid blob;	/* zero: no note */
};

static bool
is_hex(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (!isdigit((unsigned char)s[i]) && !(s[i] >= 'a' && s[i] <= 'f'))
			return false;
	return i > 0;
}

static struct err *
open_tree(struct repo *r, const struct oid *oid, git_tree **out)
{
	git_oid id = lg2_oid(oid);
	git_repository *g;
	int rc;

	if (oid_is_zero(oid) || oid_eq(oid, &oid_empty_tree))
		return NULL;
	TRY(repo_lg2(r, &g));
	rc = lg2.git_tree_lookup(out, g, &id);
	return rc < 0 ? lg2_err(r, rc, "cannot read the notes '%s'", oid_hex(oid).s) : NULL;
}

/* Where the note is, or where it goes: at least 'deep' digits down. */
static struct err *
locate(struct repo *r, const struct oid *tree, const char *hex, size_t deep, struct where *w)
{
	buf_clear(&w->folder);
	w->rest = hex;
	w->level = *tree;
	w->blob = oid_zero;
	while (w->rest[0] != '\0') {
		AUTO(lg2_tree_free_p) git_tree *t = NULL;
		const git_tree_entry *entry;
		char two[3] = {w->rest[0], w->rest[1], '\0'};

		TRY(open_tree(r, &w->level, &t));
		entry = t == NULL ? NULL : lg2.git_tree_entry_byname(t, w->rest);
		if (entry != NULL && lg2.git_tree_entry_filemode_raw(entry) != GIT_FILEMODE_TREE) {
			w->blob = lg2_oid_back(lg2.git_tree_entry_id(entry));
			return NULL;
		}
		entry = t == NULL ? NULL : lg2.git_tree_entry_byname(t, two);
		if (entry != NULL && lg2.git_tree_entry_filemode_raw(entry) == GIT_FILEMODE_TREE)
			w->level = lg2_oid_back(lg2.git_tree_entry_id(entry));
		else if ((size_t)(w->rest - hex) < deep)
			w->level = oid_zero;
		else
			return NULL;
		buf_addf(&w->folder, "%s/", two);
		w->rest += 2;
	}
	return NULL;
}

struct err *
notetree_find(struct repo *r, const struct oid *tree, const struct oid *object, struct oid *blob)
{
	struct where w = {.folder = BUF_INIT(KIB)};
	struct oid_hex hex = oid_hex(object);
	struct err *e = locate(r, tree, hex.s, 0, &w);

	buf_free(&w.folder);
	if (e == NULL)
		*blob = w.blob;
	return e;
}

/* Is this entry of a level a note, flat and not doubled in a folder (git joins such)? */
static bool
is_movable(git_tree *t, const git_tree_entry *entry, size_t length)
{
	const char *name = lg2.git_tree_entry_name(entry);
	char two[3] = {name[0], name[1], '\0'};

	return strlen(name) == length && is_hex(name) &&
	    lg2.git_tree_entry_filemode_raw(entry) != GIT_FILEMODE_TREE &&
	    lg2.git_tree_entry_byname(t, two) == NULL;
}

static void
move_down(const struct where *w, const git_tree_entry *entry, struct tree_edit *edit)
{
	const char *name = lg2.git_tree_entry_name(entry);
	AUTO(mem_free_p) char *from = mem_printf("%s%s", buf_cstr(&w->folder), name);
	AUTO(mem_free_p) char *to = mem_printf("%s%.2s/%s", buf_cstr(&w->folder), name, name + 2);
	struct oid oid = lg2_oid_back(lg2.git_tree_entry_id(entry));

	tree_edit_delete(edit, from);
	tree_edit_put(edit, to, MODE_FILE, &oid);
}

/* Where a level is crowded with what is to come, move its notes into folders. */
static struct err *
thin_out(struct repo *r, const struct where *w, size_t coming, struct tree_edit *edit, bool *crowded)
{
	AUTO(lg2_tree_free_p) git_tree *t = NULL;
	size_t i, n, flat = 0, length = strlen(w->rest);
	const git_tree_entry *entry;

	*crowded = false;
	if (length < 4)
		return NULL;
	TRY(open_tree(r, &w->level, &t));
	n = t == NULL ? 0 : lg2.git_tree_entrycount(t);
	for (i = 0; i < n; i++)
		flat += is_movable(t, lg2.git_tree_entry_byindex(t, i), length);
	*crowded = flat + coming > NOTETREE_FLAT_MAX;
	for (i = 0; *crowded && i < n; i++) {
		entry = lg2.git_tree_entry_byindex(t, i);
		if (is_movable(t, entry, length))
			move_down(w, entry, edit);
	}
	return NULL;
}

/* ---- the lines of a note ---- */

/* Split into lines; what is empty is no line. */
static void
add_lines(struct strs *lines, struct str text)
{
	struct str line;

	while (str_next(&text, '\n', &line))
		if (line.n > 0)
			strs_addn(lines, line.p, line.n);
}

static void
join_lines(struct strs *lines, struct buf *out)
{
	size_t i;

	strs_sort(lines);
	for (i = 0; i < lines->n; i++) {
		if (i > 0 && strcmp(lines->v[i], lines->v[i - 1]) == 0)
			continue;
		buf_adds(out, lines->v[i]);
		buf_addc(out, '\n');
	}
}

static void
lines_free(void *p)
{
	strs_free(p);
	free(p);
}

static struct strs *
lines_of(struct map *notes, const char *hex)
{
	struct strs *s = map_get(notes, hex);

	if (s == NULL) {
		s = mem_alloc(sizeof(*s));
		map_set(notes, hex, s);
	}
	return s;
}

/* Put one object's lines; an unchanged note makes no edit. */
static struct err *
put_note(struct repo *r, const struct where *w, const char *hex, struct strs *lines, struct tree_edit *edit)
{
	AUTO(buf_free) struct buf old = BUF_INIT(NOTE_MAX);
	AUTO(buf_free) struct buf new = BUF_INIT(NOTE_MAX);
	AUTO(buf_free) struct buf path = BUF_INIT(KIB);

	buf_addf(&path, "%s%s", buf_cstr(&w->folder), w->rest);
	if (!oid_is_zero(&w->blob))
		TRY(err_wrap(blob_read(r, &w->blob, &old), "the note of '%s'", hex));
	add_lines(lines, buf_str(&old));
	join_lines(lines, &new);
	TRY(buf_check(&new, "note"));
	if (str_eq(buf_str(&old), buf_str(&new)))
		return NULL;
	return tree_edit_write(r, edit, buf_cstr(&path), buf_str(&new));
}

/* Notes on their way into a tree, and where each of them goes. */
struct placing {
	struct repo *repo;
	const struct map *notes;
	struct oid tree;
	struct where *at;	/* one for each note */
	size_t *deep;		/* digits that must be folders at least */
};

/* A level to which new notes come. */
struct level {
	const struct where *w;
	size_t coming;
	bool crowded;
};

static struct err *
place_all(struct placing *p)
{
	size_t i;

	for (i = 0; i < p->notes->n; i++)
		TRY(locate(p->repo, &p->tree, p->notes->entries[i].key, p->deep[i], &p->at[i]));
	return NULL;
}

/* By folder. */
static void
gather(const struct placing *p, struct map *levels)
{
	const char *folder;
	struct level *l;
	size_t i;

	for (i = 0; i < p->notes->n; i++) {
		if (!oid_is_zero(&p->at[i].blob))
			continue;
		folder = buf_cstr(&p->at[i].folder);
		l = map_get(levels, folder);
		if (l == NULL) {
			l = mem_alloc(sizeof(*l));
			l->w = &p->at[i];
			(void)map_set(levels, folder, l);
		}
		l->coming++;
	}
}

/* Thin out what is crowded; the notes that come there go below it. */
static struct err *
sink(struct placing *p, const struct map *levels, struct tree_edit *edit, bool *any)
{
	struct level *l;
	size_t i;

	*any = false;
	for (i = 0; i < levels->n; i++) {
		l = levels->entries[i].value;
		TRY(thin_out(p->repo, l->w, l->coming, edit, &l->crowded));
		*any |= l->crowded;
	}
	for (i = 0; *any && i < p->notes->n; i++) {
		l = oid_is_zero(&p->at[i].blob) ? map_get(levels, buf_cstr(&p->at[i].folder)) : NULL;
		if (l != NULL && l->crowded)
			p->deep[i] = (size_t)(p->at[i].rest - p->notes->entries[i].key) + 2;
	}
	return NULL;
}

/* Make room on every level that is to be written, until nothing is crowded. */
static struct err *
make_room(struct placing *p)
{
	bool crowded = true;

	while (crowded) {
		AUTO(tree_edit_free) struct tree_edit edit = {0};
		struct map levels = {0};
		struct err *e = place_all(p);

		if (e == NULL) {
			gather(p, &levels);
			e = sink(p, &levels, &edit, &crowded);
		}
		if (e == NULL && edit.n > 0)
			e = tree_apply(p->repo, &p->tree, &edit, &p->tree);
		map_free(&levels, free);
		TRY(e);
	}
	return NULL;
}

static struct err *
put_all(struct placing *p, struct oid *out)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	size_t i;

	TRY(make_room(p));
	for (i = 0; i < p->notes->n; i++)
		TRY(put_note(p->repo, &p->at[i], p->notes->entries[i].key, p->notes->entries[i].value, &edit));
	return tree_apply(p->repo, &p->tree, &edit, out);
}

static void
placing_free(struct placing *p)
{
	size_t i;

	for (i = 0; i < p->notes->n; i++)
		buf_free(&p->at[i].folder);
	free(p->at);
	free(p->deep);
}

/* The tree with all these notes; the same id when it has them already. */
static struct err *
put_notes(struct repo *r, const struct oid *tree, const struct map *notes, struct oid *out)
{
	AUTO(placing_free) struct placing p = {.repo = r, .notes = notes, .tree = *tree,
	    .at = mem_alloc((notes->n + 1) * sizeof(*p.at)), .deep = mem_alloc((notes->n + 1) * sizeof(*p.deep))};
	AUTO(pack_free_p) struct pack *pack = NULL;
	struct oid made;
	size_t i;

	for (i = 0; i < notes->n; i++)
		buf_init(&p.at[i].folder, KIB);
	if (notes->n >= PACK_WORTH)
		TRY(pack_begin(r, &pack));
	TRY(put_all(&p, &made));
	if (pack != NULL)
		TRY(pack_end(pack));
	*out = made;
	return NULL;
}

struct err *
notetree_add(struct repo *r, const struct oid *tree, const struct note_line *lines, size_t n,
    struct oid *out)
{
	struct map notes = {0};
	struct err *e;
	size_t i;

	for (i = 0; i < n; i++)
		add_lines(lines_of(&notes, oid_hex(&lines[i].commit).s), lines[i].line);
	e = put_notes(r, tree, &notes, out);
	map_free(&notes, lines_free);
	return e;
}

/* ---- all notes ---- */

/* The 40 digits of a note's path; false when it is none. */
static bool
object_of(const char *path, struct oid *out)
{
	char hex[OID_HEX + 1];
	size_t n = 0;

	for (; *path != '\0'; path++) {
		if (*path == '/')
			continue;
		if (n == OID_HEX)
			return false;
		hex[n++] = *path;
	}
	return oid_parse(str_mk(hex, n), out);
}

struct each {
	note_fn *fn;
	void *arg;
};

static struct err *
each_entry(void *arg, const struct tree_entry *e, bool *descend)
{
	const struct each *each = arg;
	struct oid object;

	(void)descend;
	if (e->mode == MODE_TREE || !object_of(e->path, &object))
		return NULL;
	return each->fn(each->arg, &object, &e->oid);
}

struct err *
notetree_each(struct repo *r, const struct oid *tree, note_fn *fn, void *arg)
{
	struct each each = {fn, arg};

	return tree_walk(r, tree, NULL, each_entry, &each);
}

static struct err *
collect(struct repo *r, const struct diff *d, struct map *notes)
{
	struct oid object;
	size_t i;

	for (i = 0; i < d->n; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(NOTE_MAX);

		if (d->v[i].new_mode == 0 || !object_of(d->v[i].path, &object))
			continue;
		TRY(blob_read(r, &d->v[i].new_oid, &text));
		add_lines(lines_of(notes, oid_hex(&object).s), buf_str(&text));
	}
	return NULL;
}

struct err *
notetree_union(struct repo *r, const struct oid *base, const struct oid *ours,
    const struct oid *theirs, struct oid *out)
{
	AUTO(diff_free) struct diff d = {0};
	struct map notes = {0};
	struct err *e;

	TRY(diff_tree_names(r, base, theirs, &d));
	e = collect(r, &d, &notes);
	if (e == NULL)
		e = put_notes(r, ours, &notes, out);
	map_free(&notes, lines_free);
	return e;
}
