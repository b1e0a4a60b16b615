#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/remote_run.h"
#include "git/repo.h"
#include "git/userconf.h"

#define NAME_MAX_BYTES 200

void
remote_close(struct remote *m)
{
	if (m == NULL)
		return;
	free(m->name);
	free(m->read_from);
	free(m->shown);
	free(m->named);
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

const char *
remote_home(const struct remote *m)
{
	return m->named != NULL ? m->named : m->shown;
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

/* "https://host/..." and "git@host:..."; "gh:owner/name" may be anything. */
static bool
names_a_host(const char *url)
{
	return strstr(url, "://") != NULL || url[strcspn(url, "@/:")] == '@';
}

/* Where it is written, and so read: the name itself where that is the same. */
static struct err *
find_address(struct remote *m)
{
	AUTO(mem_free_p) char *url_key = mem_printf("remote.%s.url", m->name);
	AUTO(mem_free_p) char *push_key = mem_printf("remote.%s.pushurl", m->name);
	AUTO(strs_free) struct strs urls = {0}, pushes = {0};
	AUTO(mem_free_p) char *real = NULL;
	AUTO(buf_free) struct buf shown = BUF_INIT(BUF_TEXT), named = BUF_INIT(BUF_TEXT);
	const char *written;

	TRY(userconf_all(m->repo, url_key, &urls));
	TRY(userconf_all(m->repo, push_key, &pushes));
	if (urls.n == 0)
		return err_hint(err_new(ERR_CONFIG, "there is no remote '%s' in this repository", m->name),
		    "'git remote add %s URL', or 'git config factory.remote none'", m->name);
	if (pushes.n > 1 || (pushes.n == 0 && urls.n > 1))
		return too_many(m->name, pushes.n > 1 ? pushes.n : urls.n);
	written = pushes.n > 0 ? pushes.v[0] : urls.v[0];
	if (pushes.n == 0)
		TRY(rewrite(m->repo, urls.v[0], "pushinsteadof", &real));
	m->read_from = mem_strdup(real != NULL ? real : pushes.n > 0 ? pushes.v[0] : m->name);
	if (real == NULL)
		TRY(rewrite(m->repo, written, "insteadof", &real));
	if (real == NULL)
		real = mem_strdup(written);
	TRY(check_protocol(m->name, real));
	remote_redact(str_of(real), &shown);
	m->shown = buf_steal(&shown);
	if (names_a_host(written)) {
		remote_redact(str_of(written), &named);
		m->named = buf_steal(&named);
	}
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

int
refs_order(const void *a, const void *b)
{
	return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

struct oid
refs_get(const struct refs *refs, const char *name)
{
	struct ref want = {.name = (char *)(uintptr_t)name};
	const struct ref *hit = refs->n == 0 ? NULL :
	    bsearch(&want, refs->v, refs->n, sizeof(*refs->v), refs_order);

	return hit == NULL ? oid_zero : hit->oid;
}

bool
ref_is_pattern(const char *name)
{
	return str_ends(str_of(name), "*");
}

bool
ref_taken(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	return ref_is_pattern(pattern) ? strncmp(pattern, name, n - 1) == 0 : strcmp(pattern, name) == 0;
}

void
refs_add(struct refs *refs, struct str name, const struct oid *oid)
{
	vec_push(refs, (struct ref){str_dup(name), *oid});
}

/* ---- asking ---- */

struct words {
	VEC_FIELDS(const char *);
};

static void
words_free(struct words *w)
{
	vec_free(w);
}

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
		for (i = 0; i < n && !ref_taken(names[i], name); i++)
			;
		if (i < n || n == 0)
			refs_add(out, line, &oid);
	}
	vec_sort(out, refs_order);
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

/* "ref: refs/heads/main<TAB>HEAD", and its id as of any ref. */
struct err *
remote_default(struct remote *m, char **branch)
{
	const char *const argv[] = {"ls-remote", "--quiet", "--symref", "--", m->read_from, "HEAD", NULL};
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(mem_free_p) char *name = NULL;
	struct str rest, line, target;
	bool is_there = false;

	TRY(remote_run(m, argv, &r));
	TRY(remote_fault(m, &r));
	rest = buf_str(&r.out.b);
	while (str_line(&rest, &line)) {
		if (str_next(&line, '\t', &target) && str_is(line, "HEAD") && str_starts(target, "ref: refs/heads/") &&
		    name == NULL)
			name = str_dup(str_skip(target, strlen("ref: refs/heads/")));
		else
			is_there = is_there || str_is(line, "HEAD");
	}
	*branch = is_there ? STEAL(name) : NULL;
	return NULL;
}
