/*
 * cache.tbl.h - the tables of the cache.  For cache.c only.
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

#endif
