#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/note.h"
#include "git/noteindex.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"

#define FILE_MAX (256 * MIB)
#define HEX 40
#define ROW (HEX + 1 + HEX + 1)	/* "WHAT COMMIT\n" */

void
noteindex_hits_free(struct noteindex_hits *h)
{
	vec_free(h);
}

struct update {
	struct repo *r;
	struct buf *rows;
};

/* Each value of the member, where it is an id. */
static void
add_members(struct str note, struct str member, const struct oid *commit, struct buf *rows)
{
	struct oid value;
	ptrdiff_t at;

	while ((at = str_find(note, member)) >= 0) {
		note = str_skip(note, (size_t)at + member.n);
		if (oid_parse(str_take(note, HEX), &value))
			buf_addf(rows, "%s %s\n", oid_hex(&value).s, oid_hex(commit).s);
	}
}

static struct err *
add_note(void *arg, const struct oid *commit, const struct oid *blob)
{
	struct update *u = arg;
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_MAX);

	TRY(blob_read(u->r, blob, &note));
	add_members(buf_str(&note), STR("\"key\":\""), commit, u->rows);
	add_members(buf_str(&note), STR("\"patch_id\":\""), commit, u->rows);
	return NULL;
}

/* "ab/cd/ef..." */
static bool
note_commit(const char *path, struct oid *out)
{
	char hex[HEX + 1];
	size_t n = 0;

	for (; *path != '\0'; path++) {
		if (*path == '/')
			continue;
		if (n == HEX)
			return false;
		hex[n++] = *path;
	}
	return oid_parse(str_mk(hex, n), out);
}

static struct err *
add_changed(struct update *u, const struct oid *from, const struct oid *to)
{
	AUTO(diff_free) struct diff d = {0};
	struct oid old, new, commit;
	size_t i;

	TRY(commit_tree(u->r, from, &old));
	TRY(commit_tree(u->r, to, &new));
	TRY(diff_tree_names(u->r, &old, &new, &d));
	for (i = 0; i < d.n; i++)
		if (d.v[i].status != 'D' && note_commit(d.v[i].path, &commit))
			TRY(add_note(u, &commit, &d.v[i].new_oid));
	return NULL;
}

static struct err *
refresh(struct repo *r, const char *ref, struct buf *rows)
{
	AUTO(mem_free_p) char *path = NULL;
	struct update u = {r, rows};
	struct oid seen, tip;
	const char *top;

	TRY(repo_factory_dir(r, &top));
	path = path_join(top, "notes");
	TRY(tip_read(r, ref, &tip));
	/* The first row is the tip that it is of, twice. */
	err_ignore(file_read(AT_FDCWD, path, rows));
	if (rows->n % ROW != 0 || !oid_parse(str_take(buf_str(rows), HEX), &seen))
		seen = oid_zero;
	if (oid_eq(&seen, &tip))
		return NULL;
	if (oid_is_zero(&seen) || !commit_exists(r, &seen)) {
		buf_clear(rows);
		buf_addf(rows, "%s %s\n", oid_hex(&tip).s, oid_hex(&tip).s);
		if (!oid_is_zero(&tip))
			TRY(note_each(r, ref, add_note, &u));
	} else {
		memcpy(rows->p, oid_hex(&tip).s, HEX);
		TRY(add_changed(&u, &seen, &tip));
	}
	return rows->over ? NULL : file_replace(AT_FDCWD, path, buf_str(rows), 0600, false);
}

static void
add_hit(struct noteindex_hits *out, const struct oid *commit)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		if (oid_eq(&out->v[i], commit))
			return;
	vec_push(out, *commit);
}

struct err *
noteindex_find(struct repo *r, const char *ref, const struct oid *what, struct noteindex_hits *out)
{
	AUTO(buf_free) struct buf rows = BUF_INIT(FILE_MAX);
	struct oid_hex hex = oid_hex(what);
	struct oid commit;
	size_t at;

	TRY(refresh(r, ref, &rows));
	for (at = ROW; at + ROW <= rows.n; at += ROW)
		if (memcmp(rows.p + at, hex.s, HEX) == 0 &&
		    oid_parse(str_mk(rows.p + at + HEX + 1, HEX), &commit))
			add_hit(out, &commit);
	return NULL;
}
