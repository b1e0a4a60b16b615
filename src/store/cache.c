#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/lib.h"
#include "base/mem.h"
#include "base/vec.h"
#include "model/after.h"
#include "model/task_pack.h"
#include "store/cache.h"
#include "store/cache.tbl.h"

#define BUSY_MS 10000
#define TOUCHED_MAX 200	/* ids; with more, everything is looked at */

#define SQLITE_CALLS(X)                                                                  \
	X(open_v2) X(close) X(exec) X(prepare_v2) X(step) X(finalize) X(bind_text)       \
	X(bind_int64) X(column_text) X(column_int64) X(column_bytes) X(errmsg)           \
	X(busy_timeout) X(db_readonly) X(extended_errcode) X(bind_blob) X(bind_null)     \
	X(column_blob) X(reset) X(last_insert_rowid) X(db_release_memory)

static struct {
#define X(name) __typeof__(&sqlite3_##name) name;
	SQLITE_CALLS(X)
#undef X
} lite;

struct cache {
	sqlite3 *db;
	char *file;	/* NULL in memory */
	ino_t inode;	/* of the file */
	bool damaged;
	sqlite3_stmt *kept[KEPT];
	struct strs touched;	/* ids whose row was put or dropped since the begin */
	bool fresh;		/* nothing was in it */
	bool all_touched;	/* too many to name */
};

static struct err *
load(void)
{
	static const char *const names[] = {
#define X(name) "sqlite3_" #name,
	    SQLITE_CALLS(X)
#undef X
	};
	void *fns[NITEMS(names)];

	if (lite.open_v2 != NULL)
		return NULL;
	TRY(lib_open(SO_SQLITE, names, fns, NITEMS(fns)));
	_Static_assert(sizeof(fns) == sizeof(lite), "one slot for each name");
	memcpy(&lite, fns, sizeof(fns));
	return NULL;
}

static struct err *
failed(struct cache *c, const char *what)
{
	int code = lite.extended_errcode(c->db) & 0xff;
	struct err *e;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		c->damaged = true;
	e = err_new(code == SQLITE_FULL ? ERR_DISK_FULL : ERR_IO, "cache '%s': %s: %s",
	    c->file ? c->file : "in memory", what, lite.errmsg(c->db));
	return code == SQLITE_NOMEM ? e : err_hint(e, "delete the file: nothing is lost");
}

static struct err *
exec(struct cache *c, const char *sql)
{
	if (lite.exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return failed(c, "cannot be read or written");
	return NULL;
}

/* Arguments after the format: 's' const char * (may be NULL), 'i' int64_t, 'd' struct str of any bytes. */
static struct err *
bind(struct cache *c, sqlite3_stmt *st, const char *format, va_list ap)
{
	const char *text;
	struct str data;
	int i, rc = SQLITE_OK;

	for (i = 1; *format != '\0' && rc == SQLITE_OK; format++, i++) {
		if (*format == 'i') {
			rc = lite.bind_int64(st, i, va_arg(ap, int64_t));
		} else if (*format == 'd') {
			data = va_arg(ap, struct str);
			rc = lite.bind_blob(st, i, data.n > 0 ? data.p : "", (int)data.n, SQLITE_TRANSIENT);
		} else {
			text = va_arg(ap, const char *);
			rc = text != NULL ? lite.bind_text(st, i, text, -1, SQLITE_TRANSIENT) : lite.bind_null(st, i);
		}
	}
	/* What was not bound would be NULL, and the statement another one. */
	return rc == SQLITE_OK ? NULL : failed(c, "cannot be asked");
}

static struct err *
prepare(struct cache *c, sqlite3_stmt **out, const char *sql, const char *format, ...)
{
	struct err *e;
	va_list ap;

	if (lite.prepare_v2(c->db, sql, -1, out, NULL) != SQLITE_OK)
		return failed(c, "cannot be read");
	va_start(ap, format);
	e = bind(c, *out, format, ap);
	va_end(ap);
	return e;
}

static void
finalize_p(sqlite3_stmt **st)
{
	if (*st != NULL)
		lite.finalize(*st);
}

/* One of the kept; reset_p() it when its rows are read. */
static struct err *
kept(struct cache *c, sqlite3_stmt **out, enum kept which, const char *format, ...)
{
	struct err *e;
	va_list ap;

	if (c->kept[which] == NULL &&
	    lite.prepare_v2(c->db, kept_sql[which], -1, &c->kept[which], NULL) != SQLITE_OK)
		return failed(c, "cannot be read");
	*out = c->kept[which];
	va_start(ap, format);
	e = bind(c, *out, format, ap);
	va_end(ap);
	return e;
}

static void
reset_p(sqlite3_stmt **st)
{
	if (*st != NULL)
		lite.reset(*st);
}

/* *row tells whether there is one more. */
static struct err *
step(struct cache *c, sqlite3_stmt *st, bool *row)
{
	int rc = lite.step(st);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return failed(c, "cannot be read or written");
	*row = rc == SQLITE_ROW;
	return NULL;
}

/* NULL where the row has none, or there is no memory for it: read_all() tells. */
static const char *
text_at(sqlite3_stmt *st, int column)
{
	return (const char *)lite.column_text(st, column);
}

static struct err *
read_all(struct cache *c)
{
	return (lite.extended_errcode(c->db) & 0xff) == SQLITE_NOMEM ? failed(c, "cannot be read") : NULL;
}

/* What the file must agree with to be believed: the layout and this boot. */
static char *
expected_stamp(void)
{
	AUTO(buf_free) struct buf boot = BUF_INIT(64);

	err_ignore(file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot));
	return mem_printf("%d.%" PRIx64 " %.*s", SCHEMA, task_pack_version(), STR_ARG(str_trim(buf_str(&boot))));
}

static struct err *
create(struct cache *c, const char *stamp)
{
	TRY(exec(c, "DROP TABLE IF EXISTS meta; DROP TABLE IF EXISTS task; DROP TABLE IF EXISTS after;"
	    " DROP TABLE IF EXISTS body; DROP TABLE IF EXISTS circle; DROP TABLE IF EXISTS tally;"
	    " DROP TABLE IF EXISTS run"));
	TRY(exec(c, schema));
	return cache_set_meta(c, "stamp", stamp);
}

static struct err *
stamp_fits(struct cache *c, const char *stamp, bool *fits)
{
	AUTO(mem_free_p) char *found = NULL;
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	bool row = false;

	TRY(prepare(c, &st, "SELECT 1 FROM sqlite_schema WHERE name = 'run_task'", ""));
	TRY(step(c, st, &row));
	if (row)
		TRY(cache_meta(c, "stamp", &found));
	*fits = row && strcmp(found, stamp) == 0;
	return NULL;
}

static struct err *
check_stamp(struct cache *c)
{
	AUTO(mem_free_p) char *stamp = expected_stamp();
	struct err *e;
	bool fits = false;

	TRY(stamp_fits(c, stamp, &fits));
	if (fits)
		return NULL;
	TRY(cache_begin(c));
	/* Asked again under the lock: another process may have made it meanwhile. */
	e = stamp_fits(c, stamp, &fits);
	if (e == NULL && !fits)
		e = create(c, stamp);
	if (e != NULL) {
		cache_rollback(c);
		return e;
	}
	return cache_commit(c);
}

static struct err *
open_file(const char *file, struct cache **out)
{
	struct cache *c = mem_alloc(sizeof(*c));
	struct err *e = NULL;

	c->file = mem_strdup(file);
	if (lite.open_v2(file ? file : ":memory:", &c->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		e = failed(c, "cannot be opened");
	if (e == NULL) {
		lite.busy_timeout(c->db, BUSY_MS);
		e = exec(c, "PRAGMA synchronous = OFF; PRAGMA journal_mode = PERSIST; PRAGMA journal_size_limit = 1048576;"
		    " PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024");
	}
	if (e == NULL && lite.db_readonly(c->db, "main") == 1)
		e = err_new(ERR_DENIED, "cache '%s' cannot be written", file);
	if (e == NULL)
		e = check_stamp(c);
	if (e != NULL) {
		cache_close(c);
		return e;
	}
	*out = c;
	return NULL;
}

static ino_t
inode_of(const char *file)
{
	struct stat st;

	return file != NULL && stat(file, &st) == 0 ? st.st_ino : 0;
}

void
cache_rest(struct cache *c)
{
	c->inode = inode_of(c->file);
	lite.db_release_memory(c->db);
}

bool
cache_wake(const struct cache *c)
{
	return c->inode != 0 && inode_of(c->file) == c->inode;
}

struct err *
cache_open(const char *dir, struct cache **out)
{
	AUTO(mem_free_p) char *file = NULL;
	struct err *e;

	TRY(load());
	if (dir == NULL)
		return open_file(NULL, out);
	TRY(dir_make(AT_FDCWD, dir, 0700));
	file = path_join(dir, "cache.db");
	e = open_file(file, out);
	if (e == NULL)
		return NULL;
	/* A damaged file is gone by now; anything else fails again. */
	err_ignore(e);
	return open_file(file, out);
}

void
cache_close(struct cache *c)
{
	AUTO(mem_free_p) char *journal = NULL;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < KEPT; i++)
		finalize_p(&c->kept[i]);
	strs_free(&c->touched);
	if (c->db != NULL)
		lite.close(c->db);
	if (c->damaged && c->file != NULL) {
		journal = mem_printf("%s-journal", c->file);
		unlink(journal);
		unlink(c->file);
	}
	free(c->file);
	free(c);
}

bool
cache_damaged(const struct cache *c)
{
	return c->damaged;
}

struct err *
cache_meta(struct cache *c, const char *name, char **out)
{
	AUTO(reset_p) sqlite3_stmt *st = NULL;
	bool row = false;

	TRY(kept(c, &st, GET_META, "s", name));
	TRY(step(c, st, &row));
	*out = mem_strdup(row ? text_at(st, 0) : "");
	return read_all(c);
}

/* A statement that gives no rows. */
static struct err *
change(struct cache *c, sqlite3_stmt *st)
{
	bool row;
	struct err *e = step(c, st, &row);

	lite.reset(st);
	return e;
}

struct err *
cache_set_meta(struct cache *c, const char *name, const char *value)
{
	sqlite3_stmt *st;

	if (value == NULL)
		TRY(kept(c, &st, DROP_META, "s", name));
	else
		TRY(kept(c, &st, SET_META, "ss", name, value));
	return change(c, st);
}

static void
untouch(struct cache *c)
{
	strs_free(&c->touched);
	c->fresh = c->all_touched = false;
}

struct err *
cache_begin(struct cache *c)
{
	untouch(c);
	return exec(c, "BEGIN IMMEDIATE");
}

struct err *
cache_commit(struct cache *c)
{
	untouch(c);
	return exec(c, "COMMIT");
}

void
cache_rollback(struct cache *c)
{
	untouch(c);
	lite.exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}

struct err *
cache_clear(struct cache *c)
{
	c->fresh = c->all_touched = true;
	return exec(c, "DELETE FROM task; DELETE FROM after; DELETE FROM body; DELETE FROM circle; DELETE FROM run;"
	    " DELETE FROM meta WHERE name != 'stamp'");
}

/* ---- writing ---- */

static void
touch(struct cache *c, const char *id)
{
	if (c->touched.n >= TOUCHED_MAX)
		c->all_touched = true;
	else if (!c->all_touched)
		strs_add(&c->touched, id);
}

static struct err *
put_after(struct cache *c, int64_t n, const char *entry)
{
	sqlite3_stmt *st;
	struct after a;

	if (!after_parse(str_of(entry), &a))
		return NULL;
	TRY(kept(c, &st, ADD_AFTER, "isi", n, a.id.s, (int64_t)a.delivered));
	return change(c, st);
}

struct err *
cache_put_task(struct cache *c, const struct cache_task *t)
{
	sqlite3_stmt *st;
	int64_t n;
	size_t i;

	if (!c->fresh)
		TRY(cache_drop(c, t->path));
	touch(c, t->id);
	TRY(kept(c, &st, ADD_TASK, "ssssiiiiiiiisd", t->path, t->id, t->blob, t->title, (int64_t)t->kind,
	    (int64_t)(t->kind == CACHE_WAITING), t->priority, t->created, t->due, (int64_t)t->archived,
	    (int64_t)t->noted, (int64_t)t->needy, t->broken, t->data));
	TRY(change(c, st));
	n = lite.last_insert_rowid(c->db);
	for (i = 0; t->after != NULL && i < t->after->n; i++)
		TRY(put_after(c, n, t->after->v[i]));
	if (t->body == NULL)
		return NULL;
	TRY(kept(c, &st, ADD_BODY, "is", n, t->body));
	return change(c, st);
}

struct err *
cache_put_run(struct cache *c, const struct cache_run *r)
{
	sqlite3_stmt *st;

	TRY(kept(c, &st, ADD_RUN, "ssssi", r->path, r->id, r->task, r->blob, r->started));
	return change(c, st);
}

static struct err *
find_path(struct cache *c, const char *path, int64_t *n, bool *found)
{
	AUTO(reset_p) sqlite3_stmt *st = NULL;
	const char *id;

	TRY(kept(c, &st, FIND_PATH, "s", path));
	TRY(step(c, st, found));
	if (!*found)
		return NULL;
	*n = lite.column_int64(st, 0);
	id = text_at(st, 1);
	TRY(read_all(c));
	touch(c, id);
	return NULL;
}

struct err *
cache_drop(struct cache *c, const char *path)
{
	static const enum kept drops[] = {DROP_TASK, DROP_AFTER, DROP_BODY};
	bool found = false;
	sqlite3_stmt *st;
	int64_t n = 0;
	size_t i;

	TRY(find_path(c, path, &n, &found));
	for (i = 0; found && i < NITEMS(drops); i++) {
		TRY(kept(c, &st, drops[i], "i", n));
		TRY(change(c, st));
	}
	TRY(kept(c, &st, DROP_RUN, "s", path));
	return change(c, st);
}

struct err *
cache_settle(struct cache *c)
{
	static const enum kept settles[] = {SETTLE_ONE, SETTLE_BEHIND};
	sqlite3_stmt *st;
	size_t i, k;

	if (c->all_touched)
		return exec(c, SETTLE);
	for (i = 0; i < c->touched.n; i++)
		for (k = 0; k < NITEMS(settles); k++) {
			TRY(kept(c, &st, settles[k], "s", c->touched.v[i]));
			TRY(change(c, st));
		}
	return NULL;
}

/* ---- reading ---- */

#define TASK_COLUMNS "SELECT id, path, blob, title, kind, priority, created, due, archived, noted, broken, data FROM task "
#define TASK_ORDER " ORDER BY priority, created, id"

static struct str
data_at(sqlite3_stmt *st, int column)
{
	const void *p = lite.column_blob(st, column);

	return str_mk(p != NULL ? p : "", (size_t)lite.column_bytes(st, column));
}

static struct err *
each_task(struct cache *c, sqlite3_stmt *st, cache_task_fn *fn, void *ctx)
{
	struct cache_task t;
	bool row = false, more = true;

	while (more) {
		TRY(step(c, st, &row));
		if (!row)
			return NULL;
		t = (struct cache_task){
		    .id = text_at(st, 0), .path = text_at(st, 1), .blob = text_at(st, 2),
		    .title = text_at(st, 3), .kind = (enum cache_kind)lite.column_int64(st, 4),
		    .priority = lite.column_int64(st, 5), .created = lite.column_int64(st, 6),
		    .due = lite.column_int64(st, 7), .archived = lite.column_int64(st, 8) != 0,
		    .noted = lite.column_int64(st, 9) != 0, .broken = text_at(st, 10),
		    .data = data_at(st, 11)};
		TRY(read_all(c));
		TRY(fn(&t, ctx, &more));
	}
	return NULL;
}

struct err *
cache_each(struct cache *c, enum cache_which which, cache_task_fn *fn, void *ctx)
{
	static const char *const sql[] = {
	    [CACHE_OPEN] = TASK_COLUMNS "WHERE archived = 0" TASK_ORDER,
	    [CACHE_NOTED] = TASK_COLUMNS "WHERE noted = 1" TASK_ORDER,
	    [CACHE_STARTS] = TASK_COLUMNS "WHERE kind = 0" TASK_ORDER,
	    [CACHE_NEEDY] = TASK_COLUMNS "WHERE kind = 0 AND needy = 1" TASK_ORDER,
	    [CACHE_ALL] = TASK_COLUMNS TASK_ORDER,
	};
	AUTO(finalize_p) sqlite3_stmt *st = NULL;

	TRY(prepare(c, &st, sql[which], ""));
	return each_task(c, st, fn, ctx);
}

/* The first string after every string that starts with this prefix of letters. */
static char *
prefix_end(const char *prefix)
{
	char *end = mem_strdup(*prefix != '\0' ? prefix : "~");

	end[strlen(end) - 1]++;
	return end;
}

struct err *
cache_prefix(struct cache *c, const char *prefix, cache_task_fn *fn, void *ctx)
{
	AUTO(mem_free_p) char *end = prefix_end(prefix);
	AUTO(finalize_p) sqlite3_stmt *st = NULL;

	TRY(prepare(c, &st, TASK_COLUMNS "WHERE id >= ? AND id < ? ORDER BY id, path", "ss", prefix, end));
	return each_task(c, st, fn, ctx);
}

#define RUN_COLUMNS "SELECT path, id, task, blob, started FROM run "

static struct err *
each_run(struct cache *c, sqlite3_stmt *st, cache_run_fn *fn, void *ctx)
{
	struct cache_run r;
	bool row = false, more = true;

	while (more) {
		TRY(step(c, st, &row));
		if (!row)
			return NULL;
		r = (struct cache_run){.path = text_at(st, 0), .id = text_at(st, 1), .task = text_at(st, 2),
		    .blob = text_at(st, 3), .started = lite.column_int64(st, 4)};
		TRY(read_all(c));
		TRY(fn(&r, ctx, &more));
	}
	return NULL;
}

struct err *
cache_runs(struct cache *c, const char *task, cache_run_fn *fn, void *ctx)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;

	if (task == NULL)
		TRY(prepare(c, &st, RUN_COLUMNS "ORDER BY started DESC, id", ""));
	else
		TRY(prepare(c, &st, RUN_COLUMNS "WHERE task = ? ORDER BY started DESC, id", "s", task));
	return each_run(c, st, fn, ctx);
}

struct err *
cache_runs_prefix(struct cache *c, const char *prefix, cache_run_fn *fn, void *ctx)
{
	AUTO(mem_free_p) char *end = prefix_end(prefix);
	AUTO(finalize_p) sqlite3_stmt *st = NULL;

	TRY(prepare(c, &st, RUN_COLUMNS "WHERE id >= ? AND id < ? ORDER BY id", "ss", prefix, end));
	return each_run(c, st, fn, ctx);
}

struct err *
cache_kind(struct cache *c, const char *id, enum cache_kind *kind, bool *found)
{
	AUTO(reset_p) sqlite3_stmt *st = NULL;

	TRY(kept(c, &st, GET_KIND, "s", id));
	TRY(step(c, st, found));
	if (*found)
		*kind = (enum cache_kind)lite.column_int64(st, 0);
	return NULL;
}

struct err *
cache_body(struct cache *c, const char *path, struct buf *out, bool *found)
{
	AUTO(reset_p) sqlite3_stmt *st = NULL;
	const char *text;

	TRY(kept(c, &st, GET_BODY, "s", path));
	TRY(step(c, st, found));
	text = *found ? text_at(st, 0) : "";
	TRY(read_all(c));
	buf_adds(out, text);
	return NULL;
}

static struct err *
count_later(struct cache *c, int64_t now, int64_t *later)
{
	AUTO(reset_p) sqlite3_stmt *st = NULL;
	bool row = false;

	TRY(kept(c, &st, COUNT_LATER, "i", now));
	TRY(step(c, st, &row));
	*later = row ? lite.column_int64(st, 0) : 0;
	return NULL;
}

struct err *
cache_count(struct cache *c, int64_t now, int64_t kinds[CACHE_KINDS], int64_t *later)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	bool row = true;
	int64_t kind;

	memset(kinds, 0, CACHE_KINDS * sizeof(*kinds));
	TRY(prepare(c, &st, "SELECT kind, n FROM tally", ""));
	for (;;) {
		TRY(step(c, st, &row));
		if (!row)
			return count_later(c, now, later);
		kind = lite.column_int64(st, 0);
		if (kind >= 0 && kind < CACHE_KINDS)
			kinds[kind] = lite.column_int64(st, 1);
	}
}

/* ---- what comes after what ---- */

struct err *
cache_ahead(struct cache *c, const char *id, cache_edge_fn *fn, void *ctx)
{
	AUTO(reset_p) sqlite3_stmt *st = NULL;
	const char *other;
	bool row = false;

	TRY(kept(c, &st, GET_AHEAD, "s", id));
	for (;;) {
		TRY(step(c, st, &row));
		if (!row)
			return NULL;
		other = text_at(st, 0);
		TRY(read_all(c));
		TRY(fn(id, other, ctx));
	}
}

/* Two columns of text a row. */
static struct err *
each_pair(struct cache *c, const char *sql, cache_edge_fn *fn, void *ctx)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	const char *from, *to;
	bool row = false;

	TRY(prepare(c, &st, sql, ""));
	for (;;) {
		TRY(step(c, st, &row));
		if (!row)
			return NULL;
		from = text_at(st, 0);
		to = text_at(st, 1);
		TRY(read_all(c));
		TRY(fn(from, to, ctx));
	}
}

struct err *
cache_waits(struct cache *c, cache_edge_fn *fn, void *ctx)
{
	return each_pair(c, "SELECT t.id, a.other FROM task t JOIN after a ON a.task = t.n"
	    " WHERE t.kind IN (1, 2) AND EXISTS (SELECT 1 FROM task o WHERE o.id = a.other AND o.kind IN (1, 2))"
	    " ORDER BY t.id, a.other", fn, ctx);
}

/* In one that is known, or over those that it comes after now. */
static struct err *
is_circle(struct cache *c, const char *id, bool *yes)
{
	AUTO(reset_p) sqlite3_stmt *st = NULL;

	TRY(kept(c, &st, IS_CIRCLE, "s", id));
	return step(c, st, yes);
}

struct err *
cache_circles_moved(struct cache *c, bool *moved)
{
	bool yes = c->all_touched;
	size_t i;

	for (i = 0; !yes && i < c->touched.n; i++)
		TRY(is_circle(c, c->touched.v[i], &yes));
	*moved = yes;
	return NULL;
}

struct err *
cache_clear_circles(struct cache *c)
{
	return exec(c, "DELETE FROM circle");
}

struct err *
cache_put_circle(struct cache *c, const char *id, const char *way)
{
	sqlite3_stmt *st;

	TRY(kept(c, &st, ADD_CIRCLE, "ss", id, way));
	return change(c, st);
}

struct err *
cache_circles(struct cache *c, cache_circle_fn *fn, void *ctx)
{
	return each_pair(c, "SELECT id, way FROM circle ORDER BY id", fn, ctx);
}
