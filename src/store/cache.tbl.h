/*
 * cache.tbl.h - the tables of the cache, and the statements that are kept.  For
 * cache.c only.
 */
#ifndef STORE_CACHE_TBL_H
#define STORE_CACHE_TBL_H

#define SCHEMA 8	/* raise it when a table or the meaning of a column changes */

/*
 * 'chained' says that a row's kind depends on others.  The tally follows each
 * change of a row.
 */
static const char schema[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE task(n INTEGER PRIMARY KEY, path TEXT NOT NULL, id TEXT NOT NULL, blob TEXT NOT NULL,"
    " title TEXT NOT NULL, kind INTEGER NOT NULL, chained INTEGER NOT NULL, priority INTEGER NOT NULL,"
    " created INTEGER NOT NULL, due INTEGER NOT NULL, archived INTEGER NOT NULL, noted INTEGER NOT NULL,"
    " needy INTEGER NOT NULL, broken TEXT, data BLOB NOT NULL);"
    "CREATE UNIQUE INDEX task_path ON task(path);"
    "CREATE INDEX task_id ON task(id);"
    "CREATE INDEX task_open ON task(priority, created, id) WHERE archived = 0;"
    "CREATE INDEX task_ready ON task(priority, created, id) WHERE kind = 0;"
    "CREATE INDEX task_noted ON task(priority, created, id) WHERE noted = 1;"
    "CREATE INDEX task_needy ON task(priority, created, id) WHERE kind = 0 AND needy = 1;"
    "CREATE INDEX task_due ON task(due) WHERE due > 0;"
    "CREATE TABLE after(task INTEGER NOT NULL, other TEXT NOT NULL, early INTEGER NOT NULL,"
    " PRIMARY KEY(task, other)) WITHOUT ROWID;"
    "CREATE INDEX after_other ON after(other);"
    "CREATE TABLE body(n INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE TABLE circle(id TEXT PRIMARY KEY, way TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE tally(kind INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "INSERT INTO tally VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0);"
    "CREATE TRIGGER task_in AFTER INSERT ON task BEGIN"
    " UPDATE tally SET n = n + 1 WHERE kind = new.kind; END;"
    "CREATE TRIGGER task_out AFTER DELETE ON task BEGIN"
    " UPDATE tally SET n = n - 1 WHERE kind = old.kind; END;"
    "CREATE TRIGGER task_turn AFTER UPDATE OF kind ON task BEGIN"
    " UPDATE tally SET n = n - 1 WHERE kind = old.kind;"
    " UPDATE tally SET n = n + 1 WHERE kind = new.kind; END;"
    "CREATE TABLE run(path TEXT PRIMARY KEY, id TEXT NOT NULL, task TEXT NOT NULL,"
    " blob TEXT NOT NULL, started INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX run_id ON run(id);"
    "CREATE INDEX run_task ON run(task, started);";

/* Statements that are kept: each gives one row at most, or is read to its end at once. */
enum kept {
	GET_META, SET_META, DROP_META, FIND_PATH, ADD_TASK, DROP_TASK, ADD_AFTER, DROP_AFTER, ADD_BODY, DROP_BODY,
	GET_BODY, ADD_RUN, DROP_RUN, SETTLE_ONE, SETTLE_BEHIND, GET_KIND, GET_AHEAD, IS_CIRCLE, ADD_CIRCLE, COUNT_LATER, KEPT
};

/* In the order of enum cache_kind: 0 ready, 1 waiting, 2 held, 3 delivered, 4 escalated, 5 landed, 6 closed. */
#define IS_DONE "o.kind IN (5, 6) OR (a.early AND o.kind = 3)"
#define KIND_NOW                                                                              \
	"CASE WHEN EXISTS (SELECT 1 FROM after a WHERE a.task = task.n AND NOT EXISTS"        \
	" (SELECT 1 FROM task o WHERE o.id = a.other AND (" IS_DONE "))) THEN 1 ELSE 0 END"
#define SETTLE "UPDATE task SET kind = " KIND_NOW " WHERE kind IN (0, 1) AND chained AND kind != " KIND_NOW

static const char *const kept_sql[KEPT] = {
    [GET_META] = "SELECT value FROM meta WHERE name = ?",
    [SET_META] = "REPLACE INTO meta VALUES (?, ?)",
    [DROP_META] = "DELETE FROM meta WHERE name = ?",
    [FIND_PATH] = "SELECT n, id FROM task WHERE path = ?",
    [ADD_TASK] = "INSERT INTO task VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [DROP_TASK] = "DELETE FROM task WHERE n = ?",
    [ADD_AFTER] = "INSERT INTO after VALUES (?, ?, ?)"
	" ON CONFLICT DO UPDATE SET early = early AND excluded.early",
    [DROP_AFTER] = "DELETE FROM after WHERE task = ?",
    [ADD_BODY] = "INSERT INTO body VALUES (?, ?)",
    [DROP_BODY] = "DELETE FROM body WHERE n = ?",
    [GET_BODY] = "SELECT text FROM body b JOIN task t ON t.n = b.n WHERE t.path = ?",
    [ADD_RUN] = "REPLACE INTO run VALUES (?, ?, ?, ?, ?)",
    [DROP_RUN] = "DELETE FROM run WHERE path = ?",
    [SETTLE_ONE] = SETTLE " AND id = ?",
    [SETTLE_BEHIND] = SETTLE " AND n IN (SELECT task FROM after WHERE other = ?)",
    [GET_KIND] = "SELECT kind FROM task WHERE id = ? ORDER BY archived LIMIT 1",
    [GET_AHEAD] = "SELECT a.other FROM task t JOIN after a ON a.task = t.n WHERE t.id = ?",
    [IS_CIRCLE] = "WITH RECURSIVE ahead(id) AS ("
	"SELECT a.other FROM task t JOIN after a ON a.task = t.n WHERE t.id = ?1 AND t.kind IN (1, 2)"
	" AND EXISTS (SELECT 1 FROM after WHERE other = ?1) UNION "
	"SELECT a.other FROM ahead JOIN task t ON t.id = ahead.id JOIN after a ON a.task = t.n WHERE t.kind IN (1, 2))"
	" SELECT 1 FROM ahead WHERE id = ?1 UNION ALL SELECT 1 FROM circle WHERE id = ?1",
    [ADD_CIRCLE] = "REPLACE INTO circle VALUES (?, ?)",
    [COUNT_LATER] = "SELECT count(*) FROM task WHERE kind = 0 AND due > 0 AND due > ?",
};

#endif
