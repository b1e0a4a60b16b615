/*
 * ws/slot.c - see ws/slot.h.
 */
#include "git/ws/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/diff.h"
#include "git/repo.h"
#include "git/ws/attr.h"

#define STATE_MAX 4096

/* Of a slot's 'files'; a copy of the repository has others, and who owns them is open. */
#define PLACE_FMT "%" PRIu64 ":%" PRIu64
#define PLACE_SIZE 48

const char *
slot_index(bool pool)
{
	return pool ? "index" : "git/.git/index";
}

/* ---- the state file ---- */

static void
boot_id(char out[40])
{
	static char known[40];
	AUTO(buf_free) struct buf b = BUF_INIT(256);
	struct err *e = NULL;
	struct str id;

	if (known[0] == '\0') {
		e = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &b);
		id = str_take(e == NULL ? str_trim(buf_str(&b)) : STR("none"), sizeof(known) - 1);
		memcpy(known, id.p, id.n);
		err_ignore(e);
	}
	memcpy(out, known, sizeof(known));
}

static void
place_of(int dir, char out[PLACE_SIZE])
{
	struct stat st;

	if (fstatat(dir, "files", &st, AT_SYMLINK_NOFOLLOW) != 0)
		memset(&st, 0, sizeof(st));
	snprintf(out, PLACE_SIZE, PLACE_FMT, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
}

static struct err *
state_write(const struct ws_terms *t, int dir, const struct slot_state *st)
{
	AUTO(buf_free) struct buf b = BUF_INIT(STATE_MAX);
	char boot[40], place[PLACE_SIZE];

	boot_id(boot);
	place_of(dir, place);
	buf_addf(&b, "tree %s\nuid %u\nplace %s\nboot %s\n", oid_hex(&st->tree).s, (unsigned)t->uid, place, boot);
	if (!oid_is_zero(&st->to))
		buf_addf(&b, "to %s\n", oid_hex(&st->to).s);
	if (st->special)
		buf_adds(&b, "special\n");
	return file_replace(dir, "state", buf_str(&b), 0600, false);
}

struct slot_state
slot_state_read(int dir)
{
	AUTO(buf_free) struct buf b = BUF_INIT(STATE_MAX);
	struct err *e = file_read(dir, "state", &b);
	struct str text = buf_str(&b), line;
	char place[PLACE_SIZE];
	struct slot_state st = {0};
	bool here = false;

	err_ignore(e);
	place_of(dir, place);
	while (str_line(&text, &line)) {
		if (str_starts(line, "tree "))
			oid_parse(str_skip(line, 5), &st.tree);
		else if (str_starts(line, "to "))
			oid_parse(str_skip(line, 3), &st.to);
		else if (str_is(line, "special"))
			st.special = true;
		else if (str_starts(line, "uid ") &&
		    !str_int(str_skip(line, 4), 0, UINT32_MAX, &st.uid))
			st.uid = -1;
		else if (str_starts(line, "place "))
			here = str_is(str_skip(line, 6), place);
		else if (str_starts(line, "boot ") && line.n < 5 + sizeof(st.boot))
			memcpy(st.boot, line.p + 5, line.n - 5);
	}
	if (!here)
		st.uid = -1;
	return st;
}

bool
slot_sound(const struct ws_terms *t, const struct slot_state *st)
{
	char boot[40];

	boot_id(boot);
	return !oid_is_zero(&st->tree) && st->uid == (int64_t)t->uid && oid_is_zero(&st->to) && strcmp(st->boot, boot) == 0;
}

/* ---- opening ---- */

struct err *
slot_kind_dir(const struct ws_terms *t, bool pool, char **path)
{
	const char *factory;

	TRY(repo_factory_dir(t->repo, &factory));
	*path = path_join(factory, pool ? "pool" : "base");
	return dir_make(AT_FDCWD, *path, 0700);
}

static struct err *
own_dir(const struct ws_terms *t, int dir, const char *name, int *fd)
{
	TRY(dir_make(dir, name, 0755));
	if (t->uid != geteuid() && fchownat(dir, name, t->uid, t->gid, AT_SYMLINK_NOFOLLOW) != 0)
		return err_sys("cannot give away '%s'", name);
	*fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd >= 0 ? NULL : err_sys("cannot open '%s'", name);
}

struct err *
slot_open(const char *kind, unsigned k, bool make, struct ws_slot *s, bool *found)
{
	s->path = mem_printf("%s/%u", kind, k);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*found = s->dir >= 0;
	if (s->dir < 0 && (errno != ENOENT || !make))
		return errno == ENOENT ? NULL : err_sys("cannot open '%s'", s->path);
	if (s->dir < 0) {
		TRY(dir_make(AT_FDCWD, s->path, 0755));
		s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->dir < 0)
			return err_sys("cannot open '%s'", s->path);
	}
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return s->lock >= 0 ? NULL : err_sys("cannot open '%s/lock'", s->path);
}

void
slot_close(struct ws_slot *s)
{
	fd_close_p(&s->lock);
	fd_close_p(&s->files);
	fd_close_p(&s->dir);
	free(s->path);
	*s = (struct ws_slot)WS_SLOT_INIT;
}

struct err *
slot_lock(const struct ws_terms *t, struct ws_slot *s, int how, bool *got)
{
	AUTO(fd_close_p) int git = -1;
	struct stat st;
	int rc;

	do
		rc = flock(s->lock, how);
	while (rc != 0 && errno == EINTR && (how & LOCK_NB));
	*got = rc == 0 && fstat(s->lock, &st) == 0 && st.st_nlink > 0;
	if (rc == 0)
		futimens(s->lock, NULL);
	if (*got) {
		fd_close_p(&s->files);
		TRY(own_dir(t, s->dir, "files", &s->files));
		return own_dir(t, s->dir, "git", &git);
	}
	if (rc == 0 || errno == EWOULDBLOCK)
		return NULL;
	return errno == EINTR ? err_new(ERR_INTERRUPTED, "interrupted while waiting for '%s'", s->path) :
	    err_sys("cannot lock '%s'", s->path);
}

struct err *
slot_announce(struct ws_slot *s, const struct oid *tree)
{
	struct oid_hex hex = oid_hex(tree);
	size_t at = 0;
	ssize_t n;

	while (at < OID_HEX) {
		n = pwrite(s->lock, hex.s + at, OID_HEX - at, (off_t)at);
		if (n < 0 && errno != EINTR)
			return err_sys("cannot write '%s/lock'", s->path);
		at += n < 0 ? 0 : (size_t)n;
	}
	return NULL;
}

bool
slot_announced(const struct ws_slot *s, const struct oid *tree)
{
	char text[OID_HEX];

	return pread(s->lock, text, OID_HEX, 0) == OID_HEX &&
	    memcmp(text, oid_hex(tree).s, OID_HEX) == 0;
}

/* ---- moving ---- */

struct reconv {
	struct ws_attr *from, *to;
	struct map *named;
	struct tree_edit *edit;
};

static struct err *
reconv_entry(void *arg, const struct tree_entry *e, bool *descend UNUSED)
{
	struct reconv *rc = arg;
	struct ws_conv a, b;

	if ((e->mode != MODE_FILE && e->mode != MODE_EXEC) || map_get(rc->named, e->path) != NULL)
		return NULL;
	TRY(ws_attr_conv(rc->from, e->path, &a));
	TRY(ws_attr_conv(rc->to, e->path, &b));
	if (a.eol != b.eol)
		tree_edit_put(rc->edit, e->path, e->mode, &e->oid);
	return NULL;
}

static struct err *
add_reconverted(const struct ws_terms *t, const struct oid *from, const struct oid *to,
    struct tree_edit *edit)
{
	struct map named = {0};
	struct reconv rc = {.named = &named, .edit = edit};
	struct err *e = NULL;

	for (size_t i = 0; i < edit->n; i++)
		map_set(&named, edit->v[i].path, edit);
	rc.from = ws_attr_new(t->repo, from);
	rc.to = ws_attr_new(t->repo, to);
	for (size_t i = 0, n = edit->n; i < n && e == NULL; i++) {
		AUTO(mem_free_p) char *folder = mem_strdup(edit->v[i].path);
		char *name = (char *)(uintptr_t)path_base(folder);

		if (strcmp(name, ".gitattributes") != 0)
			continue;
		if (name > folder)
			name--;
		*name = '\0';
		e = tree_walk(t->repo, to, folder, reconv_entry, &rc);
	}
	ws_attr_free(rc.from);
	ws_attr_free(rc.to);
	map_free(&named, NULL);
	return e;
}

struct err *
slot_diff(const struct ws_terms *t, const struct oid *from, const struct oid *to,
    struct tree_edit *out)
{
	AUTO(diff_free) struct diff d = {0};
	bool attributes = false;

	TRY(diff_trees(t->repo, from, to, false, &d));
	vec_reserve(out, d.n);
	for (size_t i = 0; i < d.n; i++) {
		tree_edit_put(out, d.v[i].path, d.v[i].new_mode, &d.v[i].new_oid);
		attributes |= strcmp(path_base(d.v[i].path), ".gitattributes") == 0;
	}
	return attributes && !oid_is_zero(from) ? add_reconverted(t, from, to, out) : NULL;
}

/*
 * What a cut-short move may have left: every path that it was about, as the
 * tree before it has it, unless the edit names it anyway.
 */
static struct err *
add_undo(const struct ws_terms *t, const struct slot_state *st, struct tree_edit *edit)
{
	AUTO(tree_edit_free) struct tree_edit undo = {0};
	struct map named = {0};
	struct err *e;

	e = slot_diff(t, &st->to, &st->tree, &undo);
	for (size_t i = 0; i < edit->n; i++)
		map_set(&named, edit->v[i].path, edit);
	for (size_t i = 0; e == NULL && i < undo.n; i++)
		if (map_get(&named, undo.v[i].path) == NULL)
			tree_edit_put(edit, undo.v[i].path, undo.v[i].mode, &undo.v[i].oid);
	map_free(&named, NULL);
	return e;
}

/* A file that a crash of the machine may have spoilt is written again. */
static struct err *
add_spoilt(const struct ws_terms *t, struct ws_slot *s, const struct ws_index *ix,
    struct tree_edit *edit)
{
	struct ws_attr *attrs = ws_attr_new(t->repo, &s->tree);
	struct ws_writer w;
	struct err *e = NULL;

	writer_init(&w, t, attrs, s->files);
	for (size_t i = 0; i < ix->rows.n && e == NULL; i++) {
		AUTO(buf_free) struct buf got = BUF_INIT((size_t)1 << 31);
		const struct ws_row *row = &ix->rows.v[i];
		struct str want;
		struct err *missing;

		if (row->mode != MODE_FILE && row->mode != MODE_EXEC)
			continue;
		missing = file_read(s->files, row->path, &got);
		e = writer_content(&w, row->path, &row->oid, &want);
		if (e == NULL && (missing != NULL || !str_eq(want, buf_str(&got))))
			tree_edit_put(edit, row->path, row->mode, &row->oid);
		err_ignore(missing);
	}
	writer_free(&w);
	ws_attr_free(attrs);
	return e;
}

/* Deletions first, so that a folder may take a file's place and back. */
static struct err *
apply(struct ws_writer *w, const struct tree_edit *edit, struct ws_rows *rows)
{
	for (size_t i = 0; i < edit->n; i++) {
		if (edit->v[i].mode != 0)
			continue;
		TRY(ws_path_check(edit->v[i].path));
		TRY(writer_remove(w, edit->v[i].path));
		vec_push(rows, (struct ws_row){.path = edit->v[i].path});
	}
	return writer_put_all(w, edit, rows);
}

static struct err *
write_index(const struct ws_terms *t, struct ws_slot *s, bool pool, const struct ws_index *ix,
    struct ws_rows *rows)
{
	const char *path = slot_index(pool);

	index_sort(rows);
	if (!pool) {
		TRY(dir_make(s->dir, "git/.git", 0755));
		if (t->uid != geteuid() && fchownat(s->dir, "git/.git", t->uid, t->gid, 0) != 0)
			return err_sys("cannot give away '%s/git'", s->path);
	}
	TRY(index_replace(s->dir, path, ix->bytes, rows));
	if (t->uid != geteuid() && fchownat(s->dir, path, t->uid, t->gid, 0) != 0)
		return err_sys("cannot give away '%s/%s'", s->path, path);
	return NULL;
}

static struct err *
move_files(const struct ws_terms *t, struct ws_slot *s, bool pool, const struct oid *tree,
    struct slot_state *st, const struct ws_index *ix)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	struct ws_attr *attrs = ws_attr_new(t->repo, tree);
	struct clock clock = clock_system();
	struct ws_rows rows = {0};
	struct ws_writer w;
	char boot[40];
	struct err *e;

	boot_id(boot);
	writer_init(&w, t, attrs, s->files);
	w.full = pool;
	/* Older than the index, or git would look into each file again (racy git). */
	w.mtime = clock_wall(&clock) - 1;
	e = strcmp(st->boot, boot) != 0 ? add_spoilt(t, s, ix, &edit) : NULL;
	if (e == NULL && !oid_eq(&st->tree, tree))
		e = slot_diff(t, &st->tree, tree, &edit);
	if (e == NULL && !oid_is_zero(&st->to))
		e = add_undo(t, st, &edit);
	st->to = *tree;
	if (e == NULL)
		e = state_write(t, s->dir, st);
	if (e == NULL)
		e = apply(&w, &edit, &rows);
	if (e == NULL)
		e = write_index(t, s, pool, ix, &rows);
	st->special |= w.special;
	vec_free(&rows);
	writer_free(&w);
	ws_attr_free(attrs);
	return e;
}

struct err *
slot_empty(const struct ws_terms *t, struct ws_slot *s, bool pool, struct slot_state *st)
{
	*st = (struct slot_state){0};
	TRY(tree_remove(s->dir, "state"));
	TRY(tree_remove(s->dir, slot_index(pool)));
	fd_close_p(&s->files);
	TRY(tree_remove(s->dir, "files"));
	return own_dir(t, s->dir, "files", &s->files);
}

struct err *
slot_move(const struct ws_terms *t, struct ws_slot *s, bool pool, const struct oid *tree)
{
	AUTO(index_free) struct ws_index ix = {0};
	struct slot_state st = slot_state_read(s->dir);
	struct err *e;

	if (oid_eq(&st.tree, tree) && slot_sound(t, &st)) {
		s->tree = *tree;
		return NULL;
	}
	e = index_load(s->dir, slot_index(pool), &ix);
	if (e != NULL || oid_is_zero(&st.tree) || st.uid != (int64_t)t->uid) {
		err_ignore(e);
		index_free(&ix);
		TRY(slot_empty(t, s, pool, &st));
	}
	s->tree = st.tree;
	TRY(move_files(t, s, pool, tree, &st, &ix));
	st.tree = *tree;
	st.to = oid_zero;
	TRY(state_write(t, s->dir, &st));
	s->tree = *tree;
	return NULL;
}

/* ---- choosing ---- */

static struct err *
special_entry(void *arg, const struct tree_entry *e, bool *descend UNUSED)
{
	struct ws_writer *w = arg;
	struct ws_conv conv;
	struct str data;

	if (e->mode == MODE_GITLINK && !w->terms->links_ok)
		return ws_refuse_link(e->path);
	if (e->mode != MODE_FILE && e->mode != MODE_EXEC)
		return NULL;
	TRY(ws_attr_conv(w->attrs, e->path, &conv));
	return conv.lfs ? writer_content(w, e->path, &e->oid, &data) : NULL;
}

struct err *
ws_check_tree(const struct ws_terms *t, const struct oid *tree)
{
	struct ws_attr *attrs;
	struct ws_writer w;
	struct err *e;

	if (t->links_ok && t->lfs_ok)
		return NULL;
	attrs = ws_attr_new(t->repo, tree);
	writer_init(&w, t, attrs, -1);
	e = tree_walk(t->repo, tree, "", special_entry, &w);
	writer_free(&w);
	ws_attr_free(attrs);
	return e;
}

struct err *
slot_check(const struct ws_terms *t, const struct ws_slot *s, const struct oid *tree)
{
	return slot_state_read(s->dir).special ? ws_check_tree(t, tree) : NULL;
}
