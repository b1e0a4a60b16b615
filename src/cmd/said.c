#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/show.h"
#include "conf/config.h"
#include "git/oid.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"
#include "git/userconf.h"
#include "line/policy.h"
#include "model/match.h"

#define VIEW_FILE "view"
#define VIEW_FORM "2"
#define LINES_MAX (64 * KIB)
#define VIEW_MAX (CONFIG_MAX + LINES_MAX)

/* Each line of the file, in order; the text of policy follows them. */
#define LINES(s) {&(s)->head, &(s)->base, &(s)->tip, &(s)->config, &(s)->branch, &(s)->name, &(s)->email, \
    &(s)->remote, &(s)->ttl, &(s)->node, &(s)->labels}

void
said_free(struct said *s)
{
	char **lines[] = LINES(s);
	size_t i;

	for (i = 0; i < NITEMS(lines); i++)
		free(*lines[i]);
	free(s->user);
	free(s->policy);
	*s = (struct said){0};
}

static char *
tip_hex(struct repo *r, const char *ref)
{
	struct oid tip = oid_zero;

	err_ignore(tip_read(r, ref, &tip));
	return mem_strdup(oid_hex(&tip).s);
}

static void
sign_file(struct buf *b, const char *dir, const char *name)
{
	AUTO(mem_free_p) char *path = dir != NULL ? path_join(dir, name) : NULL;
	struct stat st;

	if (path == NULL || stat(path, &st) != 0) {
		buf_adds(b, "- ");
		return;
	}
	/* git replaces the file by another when it writes it: the inode tells. */
	buf_addf(b, "%lld.%lld.%lld ", (long long)st.st_mtime, (long long)st.st_size,
	    (long long)st.st_ino);
}

/* Changes when one of the files changes that hold the user's git config. */
static char *
config_signature(struct repo *r)
{
	AUTO(mem_free_p) char *xdg = NULL;
	struct buf b = BUF_INIT(4 * KIB);
	const char *home = getenv("HOME");

	if (getenv("XDG_CONFIG_HOME") != NULL)
		xdg = mem_strdup(getenv("XDG_CONFIG_HOME"));
	else if (home != NULL)
		xdg = path_join(home, ".config");
	sign_file(&b, repo_commondir(r), "config");
	sign_file(&b, repo_gitdir(r), "config.worktree");
	sign_file(&b, home, ".gitconfig");
	sign_file(&b, xdg, "git/config");
	sign_file(&b, "/etc", "gitconfig");
	if (getenv("GIT_CONFIG_GLOBAL") != NULL)
		sign_file(&b, "", getenv("GIT_CONFIG_GLOBAL"));
	return buf_steal(&b);
}

static char *
take_line(struct str *rest)
{
	struct str line;

	return str_line(rest, &line) ? str_dup(line) : mem_strdup("");
}

/* Up to an empty line where a key would be. */
static char *
take_user(struct str *rest)
{
	const char *start = rest->p;
	struct str key, value;

	while (str_line(rest, &key) && key.n > 0)
		(void)str_line(rest, &value);
	return mem_strndup(start, (size_t)(rest->p - start));
}

static bool
holds_still(struct repo *r, const struct said *s)
{
	AUTO(mem_free_p) char *head = tip_hex(r, "HEAD");
	AUTO(mem_free_p) char *config = config_signature(r);
	AUTO(mem_free_p) char *tip = tip_hex(r, s->base);

	return *s->base != '\0' && strcmp(head, s->head) == 0 && strcmp(tip, s->tip) == 0 && strcmp(config, s->config) == 0;
}

static bool
recall(struct repo *r, const char *dir, struct said *out)
{
	AUTO(mem_free_p) char *path = path_join(dir, VIEW_FILE);
	AUTO(buf_free) struct buf b = BUF_INIT(VIEW_MAX);
	struct err *e = file_read(AT_FDCWD, path, &b);
	char **lines[] = LINES(out);
	struct str rest, first;
	size_t i;

	if (e != NULL) {
		err_free(e);
		return false;
	}
	rest = buf_str(&b);
	if (!str_line(&rest, &first) || !str_eq(first, STR(VIEW_FORM)))
		return false;
	for (i = 0; i < NITEMS(lines); i++)
		*lines[i] = take_line(&rest);
	out->user = take_user(&rest);
	out->policy = str_dup(rest);
	if (holds_still(r, out))
		return true;
	said_free(out);
	return false;
}

static void
remember(const char *dir, struct said *s)
{
	AUTO(mem_free_p) char *path = path_join(dir, VIEW_FILE);
	AUTO(buf_free) struct buf b = BUF_INIT(VIEW_MAX);
	char **lines[] = LINES(s);
	size_t i;

	buf_adds(&b, VIEW_FORM "\n");
	for (i = 0; i < NITEMS(lines); i++)
		buf_addf(&b, "%s\n", *lines[i]);
	buf_addf(&b, "%s\n%s", s->user, s->policy);
	err_ignore(file_replace(AT_FDCWD, path, buf_str(&b), 0600, false));
}

static char *
say_labels(const struct strs *given)
{
	AUTO(strs_free) struct strs labels = {0};
	struct buf b = BUF_INIT(BUF_TEXT);
	struct utsname u;
	size_t i;

	if (uname(&u) != 0)
		u = (struct utsname){.sysname = "unknown", .machine = "unknown"};
	match_labels(given, u.sysname, u.machine, &labels);
	for (i = 0; i < labels.n; i++)
		buf_addf(&b, "%s%s", i > 0 ? "," : "", labels.v[i]);
	return buf_steal(&b);
}

/* ---- asking it ---- */

/* No value has more lines than one: policy takes none that has. */
static struct err *
take_user_value(void *arg, const char *key, const char *value)
{
	buf_addf(arg, "%s\n%s\n", key + strlen("factory."), value);
	return NULL;
}

static struct err *
read_text(struct repo *r, const struct policy *p, char **out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(CONFIG_MAX);

	if (p->found)
		TRY(tree_read(r, &p->tree, CONFIG_PATH, &text));
	*out = mem_strdup(buf_cstr(&text));
	return NULL;
}

/* The configuration of these texts. */
static struct err *
put_together(const struct said *s, struct config *c)
{
	struct str rest = str_of(s->user), key, value;

	TRY(config_parse(CONFIG_PATH, str_of(s->policy), c));
	while (str_line(&rest, &key) && str_line(&rest, &value)) {
		AUTO(mem_free_p) char *k = str_dup(key), *v = str_dup(value);

		TRY(err_wrap(config_user(c, k, v), "git config 'factory.%s'", k));
	}
	return NULL;
}

static void
say(struct repo *r, const struct config *c, const char *base, struct said *out)
{
	out->head = tip_hex(r, "HEAD");
	out->base = mem_strdup(base);
	out->tip = tip_hex(r, base);
	out->config = config_signature(r);
	out->branch = mem_strdup(c->state_branch);
	out->name = mem_strdup(c->commit.name);
	out->email = mem_strdup(c->commit.email);
	out->remote = mem_strdup(c->state_remote);
	out->ttl = mem_printf("%lld", (long long)c->lease.ttl);
	out->node = mem_strdup(c->node.name);
	out->labels = say_labels(&c->node.labels);
}

/* No policy, or not the branch that has it: the user's own word counts all the same. */
static struct err *
ask_user(struct repo *r, struct said *out)
{
	AUTO(config_free) struct config c = {0};

	config_init(&c);
	out->policy = mem_strdup("");
	TRY(put_together(out, &c));
	say(r, &c, "", out);
	return NULL;
}

static struct err *
ask(struct repo *r, struct said *out, bool *lasting)
{
	AUTO(policy_free) struct policy p = {0};
	struct buf user = BUF_INIT(BUF_TEXT);
	struct err *e = policy_open(r, &p);
	bool none = err_is(e, ERR_REPOSITORY) || err_is(e, ERR_NOT_FOUND);

	if (!none)
		TRY(e);
	err_ignore(e);
	e = userconf_each(r, "factory.", take_user_value, &user);
	out->user = buf_steal(&user);
	TRY(e);
	*lasting = !none && strlen(out->user) < LINES_MAX / 2;
	if (none)
		return ask_user(r, out);
	TRY(read_text(r, &p, &out->policy));
	say(r, &p.cfg, p.branch, out);
	return NULL;
}

struct err *
said_learn(struct repo *r, struct said *out)
{
	AUTO(said_free) struct said s = {0};
	const char *dir = NULL;
	struct err *e = repo_factory_dir(r, &dir);
	bool lasting = false;

	/* Where nothing can be written, policy is asked each time. */
	err_ignore(e);
	if (dir == NULL || !recall(r, dir, &s)) {
		TRY(ask(r, &s, &lasting));
		if (dir != NULL && lasting)
			remember(dir, &s);
	}
	*out = s;
	s = (struct said){0};
	return NULL;
}

void
said_config(struct repo *r, struct config *out)
{
	AUTO(said_free) struct said s = {0};
	struct err *e = r != NULL ? said_learn(r, &s) : NULL;

	config_init(out);
	if (r != NULL && e == NULL)
		e = put_together(&s, out);
	if (e == NULL)
		return;
	err_free(e);
	config_free(out);
	config_init(out);
}
