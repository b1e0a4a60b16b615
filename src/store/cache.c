#include <sqlite3.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/lib.h"
#include "base/mem.h"
#include "base/vec.h"
#include "model/after.h"
#include "store/cache.h"

#define SCHEMA "6"	/* raise it when a table or the meaning of a column changes */
#define BUSY_MS 10000

#define SQLITE_CALLS(X)                                                                  \
	X(open_v2) X(close) X(exec) X(prepare_v2) X(step) X(finalize) X(bind_text)       \
	X(bind_int64) X(column_text) X(column_int64) X(column_bytes) X(errmsg)           \
	X(busy_timeout) X(db_readonly) X(extended_errcode)

static struct {
#define X(name) __typeof__(&sqlite3_##name) name;
	SQLITE_CALLS(X)
#undef X
} lite;

struct cache {
	sqlite3 *db;
	char *file;	/* NULL in memory */
	bool damaged;
};

static const char schema[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE task(path TEXT PRIMARY KEY, id TEXT NOT NULL, blob TEXT NOT NULL,"
    " title TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL,"
    " created INTEGER NOT NULL, archived INTEGER NOT NULL, waits INTEGER NOT NULL, broken TEXT,"
    " data TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX task_id ON task(id);"
    "CREATE INDEX task_order ON task(archived, priority, created, id);"
    "CREATE INDEX task_count ON task(state, waits, broken IS NULL);"
    "CREATE INDEX task_queue ON task(priority, created, id)"
    " WHERE archived = 0 AND state = 'queued' AND waits != 1;"
    "CREATE INDEX task_noted ON task(priority, created, id)"
    " WHERE archived = 0 AND state != 'queued';"
    "CREATE INDEX task_after ON task(path) WHERE archived = 0 AND state = 'queued' AND waits = 2;"
    "CREATE TABLE after(path TEXT NOT NULL, other TEXT NOT NULL, early INTEGER NOT NULL, PRIMARY KEY(path, other)) WITHOUT ROWID;"
    "CREATE TABLE run(path TEXT PRIMARY KEY, id TEXT NOT NULL, task TEXT NOT NULL,"
    " blob TEXT NOT NULL, started INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX run_id ON run(id);"
    "CREATE INDEX run_task ON run(task, started);";

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

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		c->damaged = true;
	return err_hint(err_new(code == SQLITE_FULL ? ERR_DISK_FULL : ERR_IO, "cache '%s': %s: %s",
	    c->file ? c->file : "in memory", what, lite.errmsg(c->db)),
	    "delete the file: nothing is lost");
}

static struct err *
exec(struct cache *c, const char *sql)
{
	if (lite.exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return failed(c, "cannot be read or written");
	return NULL;
}

/* Arguments after the format: 's' const char * (may be NULL), 'i' int64_t. */
static struct err *
prepare(struct cache *c, sqlite3_stmt **out, const char *sql, const char *format, ...)
{
	sqlite3_stmt *st;
	const char *text;
	va_list ap;
	int i;

	if (lite.prepare_v2(c->db, sql, -1, &st, NULL) != SQLITE_OK)
		return failed(c, "cannot be read");
	va_start(ap, format);
	for (i = 1; *format != '\0'; format++, i++) {
		if (*format == 'i') {
			lite.bind_int64(st, i, va_arg(ap, int64_t));
			continue;
		}
		text = va_arg(ap, const char *);
		if (text != NULL)
			lite.bind_text(st, i, text, -1, SQLITE_TRANSIENT);
	}
	va_end(ap);
	*out = st;
	return NULL;
}

static void
finalize_p(sqlite3_stmt **st)
{
	if (*st != NULL)
		lite.finalize(*st);
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

static struct err *
run_once(struct cache *c, sqlite3_stmt *st)
{
	bool row;

	return step(c, st, &row);
}

static const char *
text_at(sqlite3_stmt *st, int column)
{
	return (const char *)lite.column_text(st, column);
}

/* What the file must agree with to be believed: the layout and this boot. */
static char *
expected_stamp(void)
{
	AUTO(buf_free) struct buf boot = BUF_INIT(64);

	err_ignore(file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot));
	return mem_printf(SCHEMA " %.*s", STR_ARG(str_trim(buf_str(&boot))));
}

static struct err *
create(struct cache *c, const char *stamp)
{
	TRY(exec(c, "DROP TABLE IF EXISTS meta; DROP TABLE IF EXISTS task; DROP TABLE IF EXISTS after;"
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
		e = exec(c, "PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024");
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

	if (c == NULL)
		return;
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
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	bool row = false;

	TRY(prepare(c, &st, "SELECT value FROM meta WHERE name = ?", "s", name));
	TRY(step(c, st, &row));
	*out = mem_strdup(row ? text_at(st, 0) : "");
	return NULL;
}

struct err *
cache_set_meta(struct cache *c, const char *name, const char *value)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;

	if (value == NULL)
		TRY(prepare(c, &st, "DELETE FROM meta WHERE name = ?", "s", name));
	else
		TRY(prepare(c, &st, "REPLACE INTO meta VALUES (?, ?)", "ss", name, value));
	return run_once(c, st);
}

struct err *
cache_begin(struct cache *c)
{
	return exec(c, "BEGIN IMMEDIATE");
}

struct err *
cache_commit(struct cache *c)
{
	return exec(c, "COMMIT");
}

void
cache_rollback(struct cache *c)
{
	lite.exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}

struct err *
cache_clear(struct cache *c)
{
	return exec(c, "DELETE FROM task; DELETE FROM after; DELETE FROM run; DELETE FROM meta WHERE name != 'stamp'");
}

static struct err *
put_after(struct cache *c, const char *path, const char *entry)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	struct after a;

	if (!after_parse(str_of(entry), &a))
		return NULL;
	TRY(prepare(c, &st, "INSERT INTO after VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET early = early AND excluded.early",
	    "ssi", path, a.id.s, (int64_t)a.delivered));
	return run_once(c, st);
}

struct err *
cache_put_task(struct cache *c, const struct cache_task *t)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	size_t i;

	TRY(cache_drop(c, t->path));
	for (i = 0; t->after != NULL && i < t->after->n; i++)
		TRY(put_after(c, t->path, t->after->v[i]));
	TRY(prepare(c, &st, "REPLACE INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "sssssiiiiss",
	    t->path, t->id, t->blob, t->title, t->state, t->priority, t->created,
	    (int64_t)t->archived, (int64_t)t->waits, t->broken, t->data));
	return run_once(c, st);
}

struct err *
cache_put_run(struct cache *c, const struct cache_run *r)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;

	TRY(prepare(c, &st, "REPLACE INTO run VALUES (?, ?, ?, ?, ?)", "ssssi", r->path, r->id,
	    r->task, r->blob, r->started));
	return run_once(c, st);
}

struct err *
cache_drop(struct cache *c, const char *path)
{
	static const char *const sql[] = {"DELETE FROM task WHERE path = ?",
	    "DELETE FROM after WHERE path = ?", "DELETE FROM run WHERE path = ?"};
	size_t i;

	for (i = 0; i < NITEMS(sql); i++) {
		AUTO(finalize_p) sqlite3_stmt *st = NULL;

		TRY(prepare(c, &st, sql[i], "s", path));
		TRY(run_once(c, st));
	}
	return NULL;
}

#define TASK_COLUMNS "SELECT id, path, blob, title, state, priority, created, archived, waits, broken, data FROM task "
#define TASK_ORDER " ORDER BY priority, created, id"

/* Something that comes before the task at hand is not done, or does not exist. */
#define STILL_WAITS \
	"EXISTS (SELECT 1 FROM after a WHERE a.path = task.path AND NOT EXISTS" \
	" (SELECT 1 FROM task o WHERE o.id = a.other AND (o.state IN ('landed', 'closed') OR (a.early AND o.state = 'delivered'))))"

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
		    .title = text_at(st, 3), .state = text_at(st, 4),
		    .priority = lite.column_int64(st, 5), .created = lite.column_int64(st, 6),
		    .archived = lite.column_int64(st, 7) != 0,
		    .waits = (enum cache_waits)lite.column_int64(st, 8), .broken = text_at(st, 9),
		    .data = text_at(st, 10)};
		TRY(fn(&t, ctx, &more));
	}
	return NULL;
}

struct err *
cache_each(struct cache *c, enum cache_which which, cache_task_fn *fn, void *ctx)
{
	static const char *const sql[] = {
	    [CACHE_OPEN] = TASK_COLUMNS "WHERE archived = 0" TASK_ORDER,
	    [CACHE_NOTED] = TASK_COLUMNS "WHERE archived = 0 AND state != 'queued'" TASK_ORDER,
	    [CACHE_READY] = TASK_COLUMNS "WHERE archived = 0 AND state = 'queued' AND waits != 1"
		" AND (waits = 0 OR NOT " STILL_WAITS ")" TASK_ORDER,
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

/* Those that wait for others which are done by now. */
static struct err *
count_over(struct cache *c, int64_t *n)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	bool row = false;

	TRY(prepare(c, &st, "SELECT count(*) FROM task WHERE archived = 0 AND state = 'queued'"
	    " AND waits = 2 AND NOT " STILL_WAITS, ""));
	TRY(step(c, st, &row));
	*n = lite.column_int64(st, 0);
	return NULL;
}

struct err *
cache_count(struct cache *c, cache_count_fn *fn, void *ctx)
{
	AUTO(finalize_p) sqlite3_stmt *st = NULL;
	int64_t over = 0;
	bool row = false;

	TRY(count_over(c, &over));
	fn("queued", CACHE_AFTER, false, -over, ctx);
	fn("queued", CACHE_FREE, false, over, ctx);
	TRY(prepare(c, &st, "SELECT state, waits, broken IS NULL, count(*) FROM task GROUP BY state, waits, broken IS NULL", ""));
	for (;;) {
		TRY(step(c, st, &row));
		if (!row)
			return NULL;
		fn(text_at(st, 0), (enum cache_waits)lite.column_int64(st, 1), !lite.column_int64(st, 2),
		    lite.column_int64(st, 3), ctx);
	}
}
