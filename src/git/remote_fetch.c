#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/turn.h"
#include "git/cli.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/remote_run.h"
#include "git/repo.h"
#include "git/txn.h"

#define HEADS_MAX (256 * MIB)	/* bytes of FETCH_HEAD */
#define KEPT "refs/worktree/"	/* of the git folder of our own */

struct words {
	VEC_FIELDS(const char *);
};

static void
words_free(struct words *w)
{
	vec_free(w);
}

/* One at a time: they share FETCH_HEAD and what it left behind. */
static struct err *
take_turn(struct remote *m, int *out)
{
	AUTO(mem_free_p) char *path = path_join(m->net, "lock");

	return err_wrap(turn_take(path, m->deadline_ms, NULL, out), "fetching from '%s'", m->name);
}

/*
 * A name that the remote may lack is asked for as a pattern, since git fails
 * for one that is not there.
 */
static char *
refspec_of(const struct remote_want *w)
{
	const char *star = ref_is_pattern(w->from) ? "" : "*";

	if (w->to != NULL && ref_is_pattern(w->from))
		return mem_printf("+%s:%s", w->from, w->to);
	return mem_printf("+%s%s:" KEPT "%s%s", w->from, star, w->from + strlen("refs/"), star);
}

/* "<id>\t[not-for-merge]\t['branch' ]'<name>' of <address>" */
static bool
parse_head(struct str line, struct refs *out)
{
	static const struct { const char *kind, *prefix; } kinds[] = {
		{"branch '", "refs/heads/"}, {"tag '", "refs/tags/"},
		{"remote-tracking branch '", "refs/remotes/"}, {"'", ""}};
	AUTO(buf_free) struct buf name = BUF_INIT(64 * KIB);
	struct str id, merge;
	struct oid oid;
	ptrdiff_t end;
	size_t i;

	if (!str_next(&line, '\t', &id) || !str_next(&line, '\t', &merge) || !oid_parse(id, &oid))
		return false;
	for (i = 0; i < NITEMS(kinds); i++) {
		if (!str_starts(line, kinds[i].kind))
			continue;
		line = str_skip(line, strlen(kinds[i].kind));
		end = str_find(line, STR("' of "));
		if (end < 0)
			return false;
		buf_addf(&name, "%s%.*s", kinds[i].prefix, (int)end, line.p);
		refs_add(out, buf_str(&name), &oid);
		return true;
	}
	return false;
}

/* What the last fetch of ours saw, of what is wanted. */
static struct err *
read_heads(const struct remote *m, const struct remote_want *wants, size_t n, struct refs *out)
{
	AUTO(mem_free_p) char *path = path_join(m->net, "FETCH_HEAD");
	AUTO(buf_free) struct buf text = BUF_INIT(HEADS_MAX);
	AUTO(refs_free) struct refs all = {0};
	struct str rest, line;
	size_t i, k;

	TRY(file_read(AT_FDCWD, path, &text));
	rest = buf_str(&text);
	while (str_line(&rest, &line))
		if (!parse_head(line, &all))
			return err_new(ERR_PROTOCOL, "git wrote a FETCH_HEAD that cannot be read: '%.*s'", STR_ARG(line));
	vec_sort(&all, refs_order);
	for (i = 0; i < all.n; i++) {
		for (k = 0; k < n && !ref_taken(wants[k].from, all.v[i].name); k++)
			;
		if (k < n && (out->n == 0 || strcmp(out->v[out->n - 1].name, all.v[i].name) != 0))
			refs_add(out, str_of(all.v[i].name), &all.v[i].oid);
	}
	return NULL;
}

/* What git has not written itself: mirrors of single names, and what is gone. */
static struct err *
settle_mirrors(struct remote *m, const struct remote_want *w, const struct refs *now, bool gone_only,
    struct txn *txn)
{
	AUTO(mem_free_p) char *prefix = mem_strndup(w->to, strlen(w->to) - (ref_is_pattern(w->to) ? 1 : 0));
	AUTO(refs_free) struct refs old = {0};
	struct oid want;
	size_t i;

	if (!ref_is_pattern(w->from)) {
		struct oid have;

		TRY(ref_read(m->repo, w->to, &have));
		want = refs_get(now, w->from);
		if (!oid_eq(&have, &want) && (!gone_only || oid_is_zero(&want)))
			txn_add(txn, w->to, &have, &want);
		return NULL;
	}
	TRY(ref_list(m->repo, prefix, &old));
	for (i = 0; i < old.n; i++) {
		AUTO(mem_free_p) char *from = mem_printf("%.*s%s", (int)strlen(w->from) - 1, w->from,
		    old.v[i].name + strlen(prefix));

		want = refs_get(now, from);
		if (!oid_eq(&old.v[i].oid, &want) && (!gone_only || oid_is_zero(&want)))
			txn_add(txn, old.v[i].name, &old.v[i].oid, &want);
	}
	return NULL;
}

static struct err *
move_mirrors(struct remote *m, const struct remote_want *wants, size_t n, const struct refs *now, bool gone_only)
{
	AUTO(txn_free) struct txn txn = {0};
	size_t i;

	for (i = 0; i < n; i++)
		if (wants[i].to != NULL)
			TRY(settle_mirrors(m, &wants[i], now, gone_only, &txn));
	return txn.n == 0 ? NULL : txn_commit(m->repo, &txn, "mirror of the remote");
}

static struct err *
run_fetch(struct remote *m, const struct strs *specs, bool anew)
{
	static const char *const first[] = {"fetch", "--quiet", "--no-tags", "--no-prune", "--refmap=", "--no-filter",
	    "--no-recurse-submodules", "--no-auto-maintenance", "--no-show-forced-updates"};
	AUTO(words_free) struct words args = {0};
	AUTO(proc_result_free) struct proc_result r = {0};
	size_t i;

	for (i = 0; i < NITEMS(first); i++)
		vec_push(&args, first[i]);
	if (anew)
		vec_push(&args, "--refetch");
	vec_push(&args, "--");
	vec_push(&args, m->read_from);
	for (i = 0; i < specs->n; i++)
		vec_push(&args, specs->v[i]);
	vec_push(&args, NULL);
	TRY(remote_run(m, args.v, &r));
	return remote_fault(m, &r);
}

static void
remove_locks(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		AUTO(mem_free_p) char *path = path_join(dir, e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (str_ends(str_of(e->d_name), ".lock"))
			(void)unlink(path);
		else if (e->d_type == DT_DIR)
			remove_locks(path);
	}
	if (d != NULL)
		closedir(d);
}

/*
 * Locks of a fetch that was killed: below these folders only fetches write,
 * and those take turns.
 */
static void
sweep_locks(const struct remote *m, const struct strs *specs)
{
	AUTO(mem_free_p) char *kept = path_join(m->net, "refs");
	const char *common = repo_commondir(m->repo);
	size_t i;

	err_ignore(tree_remove(AT_FDCWD, kept));
	for (i = 0; i < specs->n; i++) {
		AUTO(mem_free_p) char *to = mem_strdup(strchr(specs->v[i], ':') + 1);
		AUTO(mem_free_p) char *dir = NULL;

		*strrchr(to, '/') = '\0';
		dir = path_join(common, to);
		remove_locks(dir);
	}
}

/* Does something lack that these refs lead to, and that ours of before do not? */
static struct err *
lacks_objects(struct remote *m, const struct remote_want *wants, size_t n, const struct refs *now, bool *out)
{
	static const char *const args[] = {"rev-list", "--objects", "--no-object-names", "--missing=print",
	    "--ignore-missing", "--stdin", NULL};
	static const char *const known[] = {REF_STATE, REF_NOTES, REMOTE_STATE, REMOTE_NOTES};
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(buf_free) struct buf revs = BUF_INIT(BUF_TEXT);
	struct cli_opts o = {.dir = repo_gitdir(m->repo), .deadline_ms = m->deadline_ms, .cancel_fd = m->cancel_fd};
	struct str rest, line;
	struct oid oid;
	size_t i, k;

	for (i = 0; i < now->n; i++)
		for (k = 0; k < n; k++)
			if (wants[k].whole && ref_taken(wants[k].from, now->v[i].name))
				buf_addf(&revs, "%s\n", oid_hex(&now->v[i].oid).s);
	*out = false;
	if (revs.n == 0)
		return NULL;
	for (i = 0; i < NITEMS(known); i++) {
		TRY(ref_read(m->repo, known[i], &oid));
		if (!oid_is_zero(&oid))
			buf_addf(&revs, "^%s\n", oid_hex(&oid).s);
	}
	o.input = buf_str(&revs);
	TRY(cli_run(&o, args, &r));
	TRY(proc_check(&r, "git rev-list"));
	rest = buf_str(&r.out.b);
	while (!*out && str_line(&rest, &line))
		*out = str_starts(line, "?");
	return NULL;
}

/* In a partial clone: what is wanted whole is fetched again where it is not. */
static struct err *
make_whole(struct remote *m, const struct remote_want *wants, size_t n, const struct refs *now)
{
	AUTO(strs_free) struct strs specs = {0};
	bool lacks;
	size_t i;

	TRY(lacks_objects(m, wants, n, now, &lacks));
	if (!lacks)
		return NULL;
	for (i = 0; i < n; i++) {
		AUTO(mem_free_p) char *spec = refspec_of(&wants[i]);

		if (wants[i].whole)
			strs_add(&specs, spec);
	}
	return run_fetch(m, &specs, true);
}

/*
 * What a killed fetch left may be in the way, or the mirror of "a" where the
 * remote has "a/b" by now.  Any other fault stays.
 */
static struct err *
clear_the_way(struct remote *m, const struct remote_want *wants, size_t n, const struct strs *specs, struct err *why)
{
	AUTO(refs_free) struct refs now = {0};
	VEC(const char *) names = {0};
	struct err *e;
	size_t i;

	err_free(why);
	sweep_locks(m, specs);
	e = run_fetch(m, specs, false);
	if (!err_is(e, ERR_COMMAND))
		return e;
	err_free(e);
	for (i = 0; i < n; i++)
		vec_push(&names, wants[i].from);
	e = remote_list(m, names.v, names.n, &now);
	vec_free(&names);
	TRY(e);
	TRY(move_mirrors(m, wants, n, &now, true));
	return run_fetch(m, specs, false);
}

struct err *
remote_fetch(struct remote *m, const struct remote_want *wants, size_t n, struct refs *out)
{
	AUTO(strs_free) struct strs specs = {0};
	AUTO(refs_free) struct refs now = {0};
	AUTO(fd_close_p) int turn = -1;
	struct err *e;
	size_t i;

	for (i = 0; i < n; i++) {
		AUTO(mem_free_p) char *spec = refspec_of(&wants[i]);

		strs_add(&specs, spec);
	}
	TRY(take_turn(m, &turn));
	e = run_fetch(m, &specs, false);
	if (err_is(e, ERR_COMMAND))
		e = clear_the_way(m, wants, n, &specs, e);
	if (e != NULL)
		return e;
	TRY(read_heads(m, wants, n, &now));
	if (repo_is_partial(m->repo))
		TRY(make_whole(m, wants, n, &now));
	TRY(move_mirrors(m, wants, n, &now, false));
	*out = now;
	now = (struct refs){0};
	return NULL;
}
