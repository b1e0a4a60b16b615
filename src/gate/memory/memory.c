#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gate/memory/answer.h"
#include "gate/memory/memory.h"
#include "gate/room.h"
#include "git/apart.h"
#include "git/repo.h"
#include "sys/beneath.h"
#include "wire/json.h"

#define FILE_MAX (64 * MIB)
#define FILES_MAX 10000
#define DAY_S 86400

/* Folders by two digits, as git's objects: each keep sweeps its own. */
static struct err *
memory_dir(struct repo *r, const char *below, const struct oid *id, char **out)
{
	AUTO(mem_free_p) char *part = mem_printf("gates/%s%.2s", below, oid_hex(id).s);
	const char *top;

	TRY(repo_factory_dir(r, &top));
	*out = path_join(top, part);
	return NULL;
}

static char *
file_name(const struct oid *seen, const struct oid *definition)
{
	return mem_printf("%s-%s.json", oid_hex(seen).s, oid_hex(definition).s);
}

/* ---- recall ---- */

static bool
read_outcome(const struct node *n, int64_t now, struct outcome *o)
{
	const struct node *reported = node_get(n, "reported");
	const char *output = node_get_str(n, "output");
	int64_t time = node_get_int(n, "time", 0);

	if (time > now || now - time > MEMORY_DAYS * (int64_t)DAY_S || output == NULL)
		return false;
	o->status = (int)node_get_int(n, "status", -1);
	o->ms = node_get_int(n, "ms", 0);
	o->kind = o->status == 0 ? OUTCOME_PASSED : OUTCOME_FAILED;
	o->output = mem_strdup(output);
	o->known = time;
	o->reported = reported != NULL;
	return o->status >= 0 && (reported == NULL || answer_read(reported, &o->facts));
}

struct err *
memory_recall(const struct gates *g, const struct oid *seen, const struct oid *definition,
    struct outcome *out, bool *found)
{
	AUTO(mem_free_p) char *name = file_name(seen, definition);
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(FILE_MAX);
	AUTO(arena_free) struct arena a = {0};
	AUTO(outcome_free) struct outcome o = {0};
	struct node *n;
	struct err *e;

	*found = false;
	TRY(memory_dir(g->o.repo, "", seen, &dir));
	path = path_join(dir, name);
	e = file_read(AT_FDCWD, path, &text);
	if (e == NULL)
		e = json_parse(&a, path, buf_str(&text), &n);
	if (e != NULL) {
		err_ignore(e);
		return NULL;
	}
	*found = read_outcome(n, clock_wall(g->o.clock), &o);
	if (*found) {
		*out = o;
		o = (struct outcome){0};
	}
	return NULL;
}

/* ---- keep ---- */

static void
write_outcome(const struct outcome *o, int64_t now, struct buf *out)
{
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kint(&w, "time", now);
	jw_kint(&w, "status", o->status);
	jw_kint(&w, "ms", o->ms);
	/* What it printed is told only when it fails, and then anew. */
	jw_kstr(&w, "output", "");
	if (o->reported) {
		jw_key(&w, "reported");
		answer_write(&w, &o->facts);
	}
	jw_end(&w);
}

static struct err *
remove_old(const char *dir, int64_t now, int64_t days)
{
	AUTO(beneath_entries_free) struct beneath_entries es = {0};
	AUTO(fd_close_p) int fd = -1;
	struct stat st;
	size_t i;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_sys("cannot open '%s'", dir);
	TRY(beneath_list(fd, ".", FILES_MAX, &es));
	for (i = 0; i < es.n; i++)
		if (fstatat(fd, es.v[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now - (int64_t)st.st_mtime > days * DAY_S)
			unlinkat(fd, es.v[i].name, 0);
	return NULL;
}

/* What nobody asked for in that time is not asked for again.  What stays is the next one's to remove. */
static void
sweep(const char *dir, int64_t now, int64_t days)
{
	err_ignore(remove_old(dir, now, days));
}

struct err *
memory_keep(const struct gates *g, const struct oid *seen, const struct oid *definition,
    const struct outcome *o)
{
	AUTO(mem_free_p) char *name = file_name(seen, definition);
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(FILE_MAX);
	int64_t now = clock_wall(g->o.clock);

	if (o->kind == OUTCOME_BROKEN || o->status > SIGNALLED || (o->facts.kinds & FACTS_TIMINGS) != 0)
		return NULL;
	write_outcome(o, now, &text);
	if (text.over)
		return NULL;
	TRY(memory_dir(g->o.repo, "", seen, &dir));
	TRY(apart_dir(g->o.repo, dir, 0700));
	path = path_join(dir, name);
	TRY(apart_replace(g->o.repo, path, buf_str(&text), 0600));
	sweep(dir, now, MEMORY_DAYS);
	return NULL;
}

struct err *
memory_forget(const struct gates *g, const struct oid *seen, const struct oid *definition)
{
	AUTO(mem_free_p) char *name = file_name(seen, definition);
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;

	TRY(memory_dir(g->o.repo, "", seen, &dir));
	path = path_join(dir, name);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_sys("cannot remove '%s'", path);
	return NULL;
}

/* ---- lines ---- */

static struct err *
line_path(struct repo *r, const struct oid *key, char **dir, char **path)
{
	AUTO(mem_free_p) char *name = mem_printf("%s.json", oid_hex(key).s);

	TRY(memory_dir(r, "proofs/", key, dir));
	*path = path_join(*dir, name);
	return NULL;
}

struct err *
memory_line(struct repo *r, const struct oid *key, struct buf *out)
{
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;
	struct err *e;

	TRY(line_path(r, key, &dir, &path));
	e = file_read(AT_FDCWD, path, out);
	if (e != NULL)
		buf_clear(out);
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_ignore(e);
	return NULL;
}

struct err *
memory_keep_line(const struct gates *g, const struct oid *key, struct str line)
{
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;

	TRY(line_path(g->o.repo, key, &dir, &path));
	TRY(apart_dir(g->o.repo, dir, 0700));
	TRY(apart_replace(g->o.repo, path, line, 0600));
	sweep(dir, clock_wall(g->o.clock), MEMORY_PROOF_DAYS);
	return NULL;
}
