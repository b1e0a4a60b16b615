#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/bundle.h"
#include "git/cli.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "wire/json.h"

#define SIGNATURE "# v2 git bundle"
#define TRANSACTION "refs/factory/transaction"
#define DEADLINE_MS (10 * 60 * 1000)
#define JSON_BYTES_MAX (4 * MIB)

void
bundle_free(struct bundle *b)
{
	free(b->run);
	txn_free(&b->txn);
	*b = (struct bundle){0};
}

static const char *
dir_of(struct repo *r)
{
	return repo_gitdir(r);
}

/* ---- writing ---- */

static void
format(const char *run, const struct txn *t, struct buf *out)
{
	struct jw w;
	size_t i;

	jw_init(&w, out, true);
	jw_obj(&w);
	jw_kint(&w, "version", 1);
	jw_kstr(&w, "run", run);
	jw_key(&w, "refs");
	jw_list(&w);
	for (i = 0; i < t->n; i++) {
		jw_obj(&w);
		jw_kstr(&w, "name", t->v[i].name);
		jw_kstr(&w, "old", oid_hex(&t->v[i].old).s);
		jw_kstr(&w, "new", oid_hex(&t->v[i].new).s);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
}

/* Commits that the reader has: what is to be left out, one a line. */
static void
add_known(struct repo *r, const struct txn *t, const struct oid *have, size_t n, char mark, struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (commit_exists(r, &have[i]))
			buf_addf(out, "%c%s\n", mark, oid_hex(&have[i]).s);
	for (i = 0; i < t->n; i++)
		if (!oid_is_zero(&t->v[i].old) && commit_exists(r, &t->v[i].old))
			buf_addf(out, "%c%s\n", mark, oid_hex(&t->v[i].old).s);
}

static struct err *
pack(struct repo *r, const struct txn *t, const struct oid *blob, const struct oid *have, size_t n,
    struct buf *out)
{
	static const char *const args[] = {"pack-objects", "--quiet", "--stdout", "--revs", "--thin",
	    "--delta-base-offset", NULL};
	AUTO(proc_result_free) struct proc_result result = {0};
	AUTO(buf_free) struct buf revs = BUF_INIT(BUF_TEXT);
	struct cli_opts o = {.dir = dir_of(r), .deadline_ms = DEADLINE_MS, .max_out = BUNDLE_MAX};
	size_t i;

	buf_addf(&revs, "%s\n", oid_hex(blob).s);
	for (i = 0; i < t->n; i++)
		if (!oid_is_zero(&t->v[i].new))
			buf_addf(&revs, "%s\n", oid_hex(&t->v[i].new).s);
	add_known(r, t, have, n, '^', &revs);
	TRY(buf_check(&revs, "the list of objects"));
	o.input = buf_str(&revs);
	TRY(cli_run(&o, args, &result));
	TRY(proc_check(&result, "git pack-objects"));
	if (result.out.dropped > 0)
		return err_new(ERR_LIMIT, "the bundle would be larger than %zu bytes", (size_t)BUNDLE_MAX);
	buf_addstr(out, buf_str(&result.out.b));
	return buf_check(out, "the bundle");
}

struct err *
bundle_write(struct repo *r, const char *path, const char *run, const struct txn *t,
    const struct oid *have, size_t n)
{
	AUTO(buf_free) struct buf json = BUF_INIT(JSON_BYTES_MAX);
	AUTO(buf_free) struct buf file = BUF_INIT(BUNDLE_MAX);
	struct oid blob;
	size_t i;

	format(run, t, &json);
	TRY(buf_check(&json, "the transaction"));
	TRY(blob_write(r, buf_str(&json), &blob));
	buf_adds(&file, SIGNATURE "\n");
	add_known(r, t, have, n, '-', &file);
	for (i = 0; i < t->n; i++)
		if (!oid_is_zero(&t->v[i].new))
			buf_addf(&file, "%s %s\n", oid_hex(&t->v[i].new).s, t->v[i].name);
	buf_addf(&file, "%s " TRANSACTION "\n\n", oid_hex(&blob).s);
	TRY(pack(r, t, &blob, have, n, &file));
	return file_replace(AT_FDCWD, path, buf_str(&file), 0600, true);
}

/* ---- reading ---- */

static struct err *
malformed(const char *path, const char *what)
{
	return err_hint(err_new(ERR_SYNTAX, "'%s' is no transaction of git factory: %s", path, what),
	    "such a file is written by 'git factory sync --export FILE'");
}

/* The lines before the pack; *rest is the pack. */
static struct err *
read_header(struct repo *r, const char *path, struct str *rest, struct oid *blob)
{
	struct str line;
	struct oid oid;

	if (!str_line(rest, &line) || !str_is(line, SIGNATURE))
		return malformed(path, "it does not begin as a git bundle does");
	*blob = oid_zero;
	for (;;) {
		if (!str_line(rest, &line))
			return malformed(path, "it has no objects");
		if (line.n == 0)
			break;
		if (str_starts(line, "-")) {
			if (!oid_parse(str_take(str_skip(line, 1), OID_HEX), &oid))
				return malformed(path, "its header has a line that is none");
			if (!commit_exists(r, &oid))
				return err_hint(err_new(ERR_REPOSITORY, "'%s' builds on the commit %s, which is not here", path,
				    oid_hex(&oid).s), "fetch what the repository had when the file was written, and apply it again");
		} else if (!oid_parse(str_take(line, OID_HEX), &oid)) {
			return malformed(path, "its header has a line that is none");
		} else if (str_is(str_skip(line, OID_HEX + 1), TRANSACTION)) {
			*blob = oid;
		}
	}
	return oid_is_zero(blob) ? malformed(path, "it names no transaction") : NULL;
}

/* Every object is checked, and that all it leads to is there. */
static struct err *
take_objects(struct repo *r, const char *path, struct str objects)
{
	static const char *const args[] = {"-c", "core.fsync=objects,derived-metadata", "index-pack", "--stdin",
	    "--fix-thin", "--strict", NULL};
	struct cli_opts o = {.dir = dir_of(r), .deadline_ms = DEADLINE_MS, .input = objects};
	AUTO(proc_result_free) struct proc_result result = {0};
	struct err *e;

	TRY(cli_run(&o, args, &result));
	e = proc_check(&result, "git index-pack");
	return err_is(e, ERR_COMMAND) ? err_recode(err_wrap(e, "'%s'", path), ERR_SYNTAX) : e;
}

static struct err *
parse_ref(const char *path, const struct node *n, struct txn *out)
{
	const char *name = node_get_str(n, "name"), *old = node_get_str(n, "old"), *new = node_get_str(n, "new");
	struct oid from, to;
	size_t i;

	if (name == NULL || !oid_parse(str_of(old), &from) || !oid_parse(str_of(new), &to))
		return malformed(path, "a ref in it has no name or id");
	TRY(ref_name_check(str_of(name)));
	for (i = 0; i < out->n; i++)
		if (strcmp(out->v[i].name, name) == 0)
			return malformed(path, "it names a ref twice");
	if (oid_eq(&from, &to))
		return malformed(path, "a ref in it does not move");
	txn_add(out, name, &from, &to);
	return NULL;
}

static struct err *
parse(const char *path, const struct node *n, struct bundle *out)
{
	const struct node *refs = node_get(n, "refs"), *ref;
	const char *run = node_get_str(n, "run");

	if (node_get_int(n, "version", 0) != 1)
		return malformed(path, "its version is not 1");
	if (run == NULL || refs == NULL || refs->kind != NODE_LIST || refs->n == 0)
		return malformed(path, "it moves no refs");
	if (refs->n > BUNDLE_REFS_MAX)
		return err_new(ERR_LIMIT, "'%s' moves more than %d refs", path, BUNDLE_REFS_MAX);
	for (ref = refs->child; ref != NULL; ref = ref->next)
		TRY(parse_ref(path, ref, &out->txn));
	out->run = mem_strdup(run);
	return NULL;
}

/* All that is to be named must be here by now. */
static struct err *
check_objects(struct repo *r, const char *path, const struct txn *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (!oid_is_zero(&t->v[i].new) && !commit_exists(r, &t->v[i].new))
			return malformed(path, "a commit that it names is not in it");
	return NULL;
}

struct err *
bundle_read(struct repo *r, const char *path, struct bundle *out)
{
	AUTO(buf_free) struct buf file = BUF_INIT(BUNDLE_MAX), json = BUF_INIT(JSON_BYTES_MAX);
	AUTO(bundle_free) struct bundle b = {0};
	AUTO(arena_free) struct arena mem = {0};
	struct node *n;
	struct oid blob;
	struct str rest;

	TRY(file_read(AT_FDCWD, path, &file));
	rest = buf_str(&file);
	TRY(read_header(r, path, &rest, &blob));
	TRY(take_objects(r, path, rest));
	TRY(blob_read(r, &blob, &json));
	TRY(json_parse(&mem, path, buf_str(&json), &n));
	TRY(parse(path, n, &b));
	TRY(check_objects(r, path, &b.txn));
	*out = b;
	b = (struct bundle){0};
	return NULL;
}
