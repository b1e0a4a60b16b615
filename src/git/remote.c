#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/cli.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/remote_run.h"
#include "git/repo.h"
#include "git/txn.h"
#include "git/userconf.h"

#define NAME_MAX_BYTES 200
#define TURN_MS 20
#define HEADS_MAX (256 * MIB)	/* bytes of FETCH_HEAD */
#define KEPT "refs/worktree/"	/* of the git folder of our own */

void
remote_close(struct remote *m)
{
	if (m == NULL)
		return;
	free(m->name);
	free(m->read_from);
	free(m->shown);
	free(m->net);
	free(m);
}

void
remote_close_p(struct remote **m)
{
	remote_close(*m);
}

const char *
remote_name(const struct remote *m)
{
	return m->name;
}

const char *
remote_url(const struct remote *m)
{
	return m->shown;
}

/* ---- where it is ---- */

static struct err *
check_name(const char *name)
{
	const char *p;

	for (p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("._-/", *p) == NULL)
			break;
	if (*p == '\0' && p > name && *name != '-' && *name != '/' && *name != '.' && p - name <= NAME_MAX_BYTES)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "'%s' is not the name of a remote", name),
	    "add the address with 'git remote add NAME URL', and give the name");
}

/* url.<to>.<kind> = <prefix of the address>: the longest prefix wins. */
struct rewriting {
	const char *kind;	/* "insteadof" */
	const char *url;
	size_t longest;
	char *out;
};

static struct err *
try_rewriting(void *arg, const char *key, const char *value)
{
	struct rewriting *w = arg;
	struct str k = str_of(key);
	size_t n = value == NULL ? 0 : strlen(value), kind = strlen(w->kind);

	if (!str_ends(k, w->kind) || k.n < strlen("url.") + kind + 1 || n <= w->longest ||
	    strncmp(w->url, value, n) != 0)
		return NULL;
	free(w->out);
	w->out = mem_printf("%.*s%s", (int)(k.n - strlen("url.") - kind - 1), key + strlen("url."), w->url + n);
	w->longest = n;
	return NULL;
}

/* The address that git makes of 'url'; NULL when no rule of this kind fits. */
static struct err *
rewrite(struct repo *r, const char *url, const char *kind, char **out)
{
	struct rewriting w = {.kind = kind, .url = url};
	struct err *e = userconf_each(r, "url.", try_rewriting, &w);

	if (e != NULL)
		free(w.out);
	else
		*out = w.out;
	return e;
}

/* What git itself refuses by GIT_ALLOW_PROTOCOL, said before it is asked. */
static struct err *
check_protocol(const char *name, const char *url)
{
	static const char *const allowed[] = {"file", "git", "http", "https", "ssh", "git+ssh", "ssh+git"};
	size_t i, n = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	if (*url == '-' || *url == '\0')
		return err_new(ERR_DENIED, "the address of the remote '%s' is none", name);
	if (strncmp(url + n, "::", 2) != 0 && strncmp(url + n, "://", 3) != 0)
		return NULL;
	if (!defence_on(DEFENCE_PROTOCOLS))
		return NULL;
	for (i = 0; url[n + 1] == '/' && i < NITEMS(allowed); i++)
		if (strlen(allowed[i]) == n && strncmp(url, allowed[i], n) == 0)
			return NULL;
	return err_hint(err_new(ERR_DENIED, "the remote '%s' uses the protocol '%.*s', which is not allowed", name,
	    (int)n, url), "use a path, file, ssh, http, https or git");
}

static struct err *
too_many(const char *name, size_t n)
{
	return err_hint(err_new(ERR_CONFIG, "the remote '%s' pushes to %zu addresses: no push to it is one step",
	    name, n), "name one with a single address: 'git config factory.remote NAME'");
}

/* Where it is written, and so read: the name itself where that is the same. */
static struct err *
find_address(struct remote *m)
{
	AUTO(mem_free_p) char *url_key = mem_printf("remote.%s.url", m->name);
	AUTO(mem_free_p) char *push_key = mem_printf("remote.%s.pushurl", m->name);
	AUTO(strs_free) struct strs urls = {0}, pushes = {0};
	AUTO(mem_free_p) char *real = NULL;
	AUTO(buf_free) struct buf shown = BUF_INIT(BUF_TEXT);

	TRY(userconf_all(m->repo, url_key, &urls));
	TRY(userconf_all(m->repo, push_key, &pushes));
	if (urls.n == 0)
		return err_hint(err_new(ERR_CONFIG, "there is no remote '%s' in this repository", m->name),
		    "'git remote add %s URL', or 'git config factory.remote none'", m->name);
	if (pushes.n > 1 || (pushes.n == 0 && urls.n > 1))
		return too_many(m->name, pushes.n > 1 ? pushes.n : urls.n);
	if (pushes.n == 0)
		TRY(rewrite(m->repo, urls.v[0], "pushinsteadof", &real));
	m->read_from = mem_strdup(real != NULL ? real : pushes.n > 0 ? pushes.v[0] : m->name);
	if (real == NULL)
		TRY(rewrite(m->repo, pushes.n > 0 ? pushes.v[0] : urls.v[0], "insteadof", &real));
	if (real == NULL)
		real = mem_strdup(pushes.n > 0 ? pushes.v[0] : urls.v[0]);
	TRY(check_protocol(m->name, real));
	remote_redact(str_of(real), &shown);
	m->shown = buf_steal(&shown);
	return NULL;
}

/* Who says how ssh is run keeps that; else it must not ask on a terminal. */
static struct err *
find_ssh(struct remote *m)
{
	AUTO(mem_free_p) char *command = NULL;

	TRY(userconf_str(m->repo, "core.sshCommand", &command));
	m->plain_ssh = command == NULL && getenv("GIT_SSH_COMMAND") == NULL && getenv("GIT_SSH") == NULL;
	return NULL;
}

/* ---- a git folder of our own, beside the worktrees ---- */

static struct err *
write_once(const char *dir, const char *name, const char *text)
{
	AUTO(mem_free_p) char *path = path_join(dir, name);

	if (access(path, F_OK) == 0)
		return NULL;
	return file_replace(AT_FDCWD, path, str_of(text), 0600, false);
}

/* It shares all but HEAD, FETCH_HEAD and refs/worktree/ with the repository. */
static struct err *
make_net(struct remote *m)
{
	const char *dir;

	TRY(repo_factory_dir(m->repo, &dir));
	m->net = path_join(dir, "net");
	TRY(dir_make(AT_FDCWD, m->net, 0700));
	TRY(write_once(m->net, "commondir", "../..\n"));
	return write_once(m->net, "HEAD", "ref: refs/heads/nothing\n");
}

struct err *
remote_open(struct repo *r, const char *name, const struct remote_opts *o, struct remote **out)
{
	AUTO(remote_close_p) struct remote *m = NULL;

	TRY(check_name(name));
	m = mem_alloc(sizeof(*m));
	m->repo = r;
	m->name = mem_strdup(name);
	m->deadline_ms = o != NULL && o->deadline_ms > 0 ? o->deadline_ms : REMOTE_DEADLINE_MS;
	m->cancel_fd = o != NULL ? o->cancel_fd : 0;
	TRY(find_address(m));
	TRY(find_ssh(m));
	TRY(make_net(m));
	*out = STEAL(m);
	return NULL;
}

/* ---- lists of refs ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

struct oid
refs_get(const struct refs *refs, const char *name)
{
	struct ref want = {.name = (char *)(uintptr_t)name};
	const struct ref *hit = refs->n == 0 ? NULL :
	    bsearch(&want, refs->v, refs->n, sizeof(*refs->v), by_name);

	return hit == NULL ? oid_zero : hit->oid;
}

static bool
is_pattern(const char *name)
{
	return str_ends(str_of(name), "*");
}

/* Does the pattern, or full name, take this one? */
static bool
takes(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	return is_pattern(pattern) ? strncmp(pattern, name, n - 1) == 0 : strcmp(pattern, name) == 0;
}

static void
add_ref(struct refs *refs, struct str name, const struct oid *oid)
{
	vec_push(refs, (struct ref){str_dup(name), *oid});
}

/* ---- fetching ---- */

/* One at a time: they share FETCH_HEAD and what it left behind. */
static struct err *
take_turn(struct remote *m, int *out)
{
	AUTO(mem_free_p) char *path = path_join(m->net, "lock");
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + m->deadline_ms;
	AUTO(fd_close_p) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys("cannot open '%s'", path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys("cannot lock '%s'", path);
		if (clock_mono(&clock) >= until)
			return err_new(ERR_TIMEOUT, "another fetch from '%s' does not end", m->name);
		clock_sleep_ms(TURN_MS);
	}
	*out = fd;
	fd = -1;
	return NULL;
}

/*
 * A name that the remote may lack is asked for as a pattern, since git fails
 * for one that is not there.
 */
static char *
refspec_of(const struct remote_want *w)
{
	const char *star = is_pattern(w->from) ? "" : "*";

	if (w->to != NULL && is_pattern(w->from))
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
		add_ref(out, buf_str(&name), &oid);
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
	vec_sort(&all, by_name);
	for (i = 0; i < all.n; i++) {
		for (k = 0; k < n && !takes(wants[k].from, all.v[i].name); k++)
			;
		if (k < n && (out->n == 0 || strcmp(out->v[out->n - 1].name, all.v[i].name) != 0))
			add_ref(out, str_of(all.v[i].name), &all.v[i].oid);
	}
	return NULL;
}

/* What git has not written itself: mirrors of single names, and what is gone. */
static struct err *
settle_mirrors(struct remote *m, const struct remote_want *w, const struct refs *now, bool gone_only,
    struct txn *txn)
{
	AUTO(mem_free_p) char *prefix = mem_strndup(w->to, strlen(w->to) - (is_pattern(w->to) ? 1 : 0));
	AUTO(refs_free) struct refs old = {0};
	struct oid want;
	size_t i;

	if (!is_pattern(w->from)) {
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

struct words {
	VEC_FIELDS(const char *);
};

static void
words_free(struct words *w)
{
	vec_free(w);
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
			if (wants[k].whole && takes(wants[k].from, now->v[i].name))
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

/* ---- asking ---- */

static struct err *
parse_list(const struct proc_result *r, const char *const names[], size_t n, struct refs *out)
{
	struct str rest = buf_str(&r->out.b), line, id;
	struct oid oid;
	size_t i;

	while (str_line(&rest, &line)) {
		AUTO(mem_free_p) char *name = NULL;

		if (!str_next(&line, '\t', &id) || !oid_parse(id, &oid))
			return err_new(ERR_PROTOCOL, "git ls-remote answers '%.*s'", STR_ARG(id));
		name = str_dup(line);
		for (i = 0; i < n && !takes(names[i], name); i++)
			;
		if (i < n || n == 0)
			add_ref(out, line, &oid);
	}
	vec_sort(out, by_name);
	return NULL;
}

struct err *
remote_list(struct remote *m, const char *const names[], size_t n, struct refs *out)
{
	static const char *const first[] = {"ls-remote", "--quiet", "--refs", "--"};
	AUTO(words_free) struct words args = {0};
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(refs_free) struct refs refs = {0};
	size_t i;

	for (i = 0; i < NITEMS(first); i++)
		vec_push(&args, first[i]);
	vec_push(&args, m->read_from);
	for (i = 0; i < n; i++)
		vec_push(&args, names[i]);
	vec_push(&args, NULL);
	TRY(remote_run(m, args.v, &r));
	TRY(remote_fault(m, &r));
	if (r.out.dropped > 0)
		return err_new(ERR_LIMIT, "the remote '%s' has too many refs to list", m->name);
	TRY(parse_list(&r, names, n, &refs));
	*out = refs;
	refs = (struct refs){0};
	return NULL;
}
