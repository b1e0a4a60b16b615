#include "conf/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/config.h"

#define STORE_MAX (4 * MIB)

static bool
from_policy(const struct config *c, const char *key)
{
	return (uintptr_t)map_get(&c->origin, key) == (uintptr_t)ORIGIN_POLICY + 1;
}

static void
item_add(struct trust_items *items, const char *key, const char *value, const char *why)
{
	struct trust_item item = {mem_strdup(key), mem_strdup(value), mem_strdup(why)};

	vec_push(items, item);
}

static void
join(const struct strs *list, struct buf *out)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", list->v[i]);
}

/* A list in policy loosens when it has any entry. */
static void
list_item(const struct config *c, struct trust_items *items, const char *key,
    const struct strs *list, const char *why)
{
	AUTO(buf_free) struct buf value = BUF_INIT(BUF_TEXT);

	if (list->n == 0 || !from_policy(c, key))
		return;
	join(list, &value);
	item_add(items, key, buf_cstr(&value), why);
}

static bool
foreign_url(const struct conf_model *m)
{
	const char *own = provider_base_url(m->provider);
	struct str url = str_of(m->base_url);

	if (url.n == 0 || url_loopback(m->base_url))
		return false;
	if (str_ends(url, "/v1"))
		url.n -= 3;
	return !str_is(url, own);
}

static void
model_items(const struct config *c, const struct conf_model *m, struct trust_items *items)
{
	AUTO(mem_free_p) char *url = mem_printf("models.%s.base_url", m->name);
	AUTO(mem_free_p) char *env = mem_printf("models.%s.api_key.env", m->name);

	if (foreign_url(m) && from_policy(c, url))
		item_add(items, url, m->base_url, "your code, and a key, are sent to this address");
	if (m->key_env[0] != '\0' && from_policy(c, env) &&
	    strcmp(m->key_env, provider_key_env(m->provider)) != 0 && !url_loopback(m->base_url))
		item_add(items, env, m->key_env,
		    "the value of this environment variable is sent to the model's server");
}

/* The price as policy says it, of the kinds that it names. */
static bool
price_text(const struct config *c, const struct conf_model *m, const struct conf_price *known, struct buf *out)
{
	const struct {
		const char *name;
		int64_t said, real;
	} kinds[] = {{"in", m->price.in, known->in}, {"out", m->price.out, known->out},
	    {"cache_read", m->price.cache_read, known->cache_read},
	    {"cache_write", m->price.cache_write, known->cache_write}};
	bool below = false;
	size_t i;

	for (i = 0; i < NITEMS(kinds); i++) {
		AUTO(mem_free_p) char *key = mem_printf("models.%s.price.%s", m->name, kinds[i].name);

		if (!from_policy(c, key) || kinds[i].said < 0)
			continue;
		buf_addf(out, "%s%s: %lld.%06lld", out->n == 0 ? "" : ", ", kinds[i].name,
		    (long long)(kinds[i].said / 1000000), (long long)(kinds[i].said % 1000000));
		below = below || kinds[i].said < kinds[i].real;
	}
	return below;
}

/* What is not sent to a provider, or only to this machine, costs nobody. */
static struct err *
price_item(const struct config *c, const struct conf_model *m, trust_price_fn *price, struct trust_items *items)
{
	AUTO(mem_free_p) char *key = mem_printf("models.%s.price", m->name);
	AUTO(buf_free) struct buf value = BUF_INIT(BUF_TEXT);
	struct conf_price known = {0};
	bool found, below;

	if (m->provider == PROVIDER_RECORDED || url_loopback(m->base_url) || m->price.in < 0)
		return NULL;
	TRY(price(provider_word(m->provider), m->model, &known, &found));
	below = price_text(c, m, &known, &value);
	if (value.n > 0 && (below || !found))
		item_add(items, key, buf_cstr(&value),
		    found ? "below what the model is known to cost: caps on money allow more than they say"
		    : "nobody else says what this model costs, and caps on money are counted in it");
	return NULL;
}

static void
cap_item(const struct config *c, const char *key, int64_t said, int64_t usual, struct trust_items *items)
{
	AUTO(buf_free) struct buf value = BUF_INIT(BUF_TEXT);

	if (said <= usual || !from_policy(c, key))
		return;
	err_ignore(config_get(c, key, &value));
	item_add(items, key, buf_cstr(&value), "a run may use more of your account than by default");
}

/* A clone may not say where the user's token goes, which one, and what it is used on. */
static void
forge_items(const struct config *c, struct trust_items *items)
{
	if (c->forge.url[0] != '\0' && from_policy(c, "forge.url") && !url_loopback(c->forge.url))
		item_add(items, "forge.url", c->forge.url, "your forge's token is sent to this address");
	if (c->forge.token_env[0] != '\0' && from_policy(c, "forge.token.env"))
		item_add(items, "forge.token.env", c->forge.token_env,
		    "the value of this environment variable is sent to the forge");
	if (c->forge.project[0] != '\0' && from_policy(c, "forge.project"))
		item_add(items, "forge.project", c->forge.project,
		    "issues and pull requests of this project are written with your token");
	if (c->linear.team[0] != '\0' && from_policy(c, "linear.team"))
		item_add(items, "linear.team", c->linear.team,
		    "issues of this team are read, commented on and moved with your key for Linear");
}

static void
cap_items(const struct config *c, struct trust_items *items)
{
	AUTO(config_free) struct config usual;

	config_init(&usual);
	cap_item(c, "limits.turns", c->limits.turns, usual.limits.turns, items);
	cap_item(c, "limits.tokens", c->limits.tokens, usual.limits.tokens, items);
	cap_item(c, "limits.money", c->limits.micro, usual.limits.micro, items);
}

static void
agent_items(const struct config *c, const struct conf_agent *a, struct trust_items *items)
{
	AUTO(mem_free_p) char *network = mem_printf("agents.%s.network", a->name);
	AUTO(mem_free_p) char *read = mem_printf("agents.%s.read", a->name);
	AUTO(mem_free_p) char *env = mem_printf("agents.%s.env", a->name);

	if (a->network == NETWORK_HOST && from_policy(c, network))
		item_add(items, network, "host", "this agent reaches the network of this machine");
	list_item(c, items, read, &a->read, "this agent reads these paths of this machine");
	list_item(c, items, env, &a->env, "this agent is given these environment variables");
}

/* The change says what is asked for. */
static void
gate_items(const struct config *c, const struct conf_gate *g, struct trust_items *items)
{
	AUTO(mem_free_p) char *remote = mem_printf("gates.%s.remote", g->name);
	AUTO(mem_free_p) char *inside = mem_printf("gates.%s.inside", g->name);

	if (!g->remote)
		return;
	if (from_policy(c, remote))
		item_add(items, remote, "true", "this machine sends requests to addresses that a change names");
	list_item(c, items, inside, &g->inside, "a change may have these hosts of your network asked");
}

/* A step with network or secrets counts with all that it does with them. */
static void
setup_item(const struct config *c, size_t i, struct trust_items *items)
{
	const struct conf_setup *s = &c->setup.v[i];
	AUTO(mem_free_p) char *key = mem_printf("workspace.setup[%zu]", i);
	AUTO(buf_free) struct buf value = BUF_INIT(BUF_TEXT);

	if (s->network != NETWORK_HOST && s->secrets.n == 0)
		return;
	buf_addf(&value, "run: %s; network: %s; secrets: [", s->run,
	    s->network == NETWORK_HOST ? "host" : "none");
	join(&s->secrets, &value);
	buf_adds(&value, "]; key: [");
	join(&s->key, &value);
	buf_addf(&value, "]; dir: %s", s->dir);
	item_add(items, key, buf_cstr(&value), s->secrets.n > 0 ?
	    "this command is given these environment variables" :
	    "this command reaches the network of this machine");
}

struct err *
trust_items(const struct config *c, trust_price_fn *price, struct trust_items *out)
{
	size_t i;

	if (c->sandbox.mode == SANDBOX_NONE && from_policy(c, "sandbox.mode"))
		item_add(out, "sandbox.mode", "none", "tools, tests and agents run unprotected");
	if (c->sandbox.network == NETWORK_HOST && from_policy(c, "sandbox.network"))
		item_add(out, "sandbox.network", "host",
		    "tools, tests and agents reach the network of this machine");
	list_item(c, out, "sandbox.read", &c->sandbox.read,
	    "tools, tests and agents read these paths of this machine");
	cap_items(c, out);
	forge_items(c, out);
	for (i = 0; i < c->models.n; i++) {
		model_items(c, &c->models.v[i], out);
		TRY(price_item(c, &c->models.v[i], price, out));
	}
	for (i = 0; i < c->agents.n; i++)
		agent_items(c, &c->agents.v[i], out);
	for (i = 0; i < c->gates.n; i++)
		gate_items(c, &c->gates.v[i], out);
	for (i = 0; i < c->setup.n; i++)
		setup_item(c, i, out);
	return NULL;
}

void
trust_items_free(struct trust_items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++) {
		free(items->v[i].key);
		free(items->v[i].value);
		free(items->v[i].why);
	}
	vec_free(items);
}

void
trust_text(const struct trust_items *items, struct buf *out)
{
	AUTO(strs_free) struct strs lines = {0};
	size_t i;

	for (i = 0; i < items->n; i++)
		strs_addf(&lines, "%s: %s", items->v[i].key, items->v[i].value);
	strs_sort(&lines);
	for (i = 0; i < lines.n; i++)
		buf_addf(out, "%s\n", lines.v[i]);
}

char *
trust_store_path(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return mem_printf("%s/git-factory/trust", xdg);
	if (home != NULL && home[0] == '/')
		return mem_printf("%s/.config/git-factory/trust", home);
	return NULL;
}

static struct err *
no_store(void)
{
	return err_hint(err_new(ERR_CONFIG, "there is no place to keep what you trust"),
	    "set HOME or XDG_CONFIG_HOME");
}

/* Only the user may have written it. */
static struct err *
check_owner(const char *store)
{
	struct stat st;

	if (stat(store, &st) != 0)
		return errno == ENOENT ? NULL : err_sys("cannot look at '%s'", store);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_hint(err_new(ERR_UNTRUSTED, "'%s' can be written by others", store),
		    "look into it, then chmod 600 it and make it your own");
	return NULL;
}

static struct err *
store_read(const char *store, struct buf *out)
{
	struct err *e;

	if (store == NULL)
		return no_store();
	TRY(check_owner(store));
	e = file_read(AT_FDCWD, store, out);
	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		return NULL;
	}
	return e;
}

/* A path may hold anything but NUL; a line of the store may not. */
static void
path_quote(const char *path, struct buf *out)
{
	for (; *path != '\0'; path++) {
		if (*path == '\n' || *path == '%')
			buf_addf(out, "%%%02x", (unsigned char)*path);
		else
			buf_addc(out, *path);
	}
}

/* "<hash> <time> <repository>" */
static bool
line_split(struct str line, struct str *hash, struct str *repository)
{
	struct str when;

	if (!str_next(&line, ' ', hash) || !str_next(&line, ' ', &when))
		return false;
	*repository = line;
	return line.n > 0;
}

struct err *
trust_has(const char *store, const char *repository, const char *hash, bool *trusted)
{
	AUTO(buf_free) struct buf text = BUF_INIT(STORE_MAX), path = BUF_INIT(BUF_TEXT);
	struct str rest, line, h, r;
	bool found = false;

	TRY(store_read(store, &text));
	path_quote(repository, &path);
	rest = buf_str(&text);
	while (str_line(&rest, &line))
		if (line_split(line, &h, &r) && str_is(h, hash) && str_eq(r, buf_str(&path)))
			found = true;
	*trusted = found;
	return NULL;
}

/* The store without lines of this repository (with this hash, unless NULL). */
static void
store_without(struct str text, struct str repository, const char *hash, struct buf *out)
{
	struct str line, h, r;

	while (str_line(&text, &line)) {
		if (line_split(line, &h, &r) && str_eq(r, repository) &&
		    (hash == NULL || str_is(h, hash)))
			continue;
		buf_addstr(out, line);
		buf_addc(out, '\n');
	}
}

static struct err *
folder_make(const char *store)
{
	const char *slash = strrchr(store, '/');
	AUTO(mem_free_p) char *dir = mem_strndup(store, (size_t)(slash - store));

	return dir_make(AT_FDCWD, dir, 0700);
}

/* Replace this repository's lines with 'line' (empty: none), under a lock. */
static struct err *
store_change(const char *store, const char *repository, const char *hash, const char *line)
{
	AUTO(buf_free) struct buf text = BUF_INIT(STORE_MAX), next = BUF_INIT(STORE_MAX);
	AUTO(buf_free) struct buf path = BUF_INIT(BUF_TEXT);
	AUTO(mem_free_p) char *lock = NULL;
	AUTO(fd_close_p) int fd = -1;

	if (store == NULL)
		return no_store();
	TRY(folder_make(store));
	lock = mem_printf("%s.lock", store);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		return err_sys("cannot lock '%s'", lock);
	TRY(store_read(store, &text));
	path_quote(repository, &path);
	store_without(buf_str(&text), buf_str(&path), hash, &next);
	if (line[0] != '\0')
		buf_addf(&next, "%s %s\n", line, buf_cstr(&path));
	TRY(buf_check(&next, "the store of what you trust"));
	return file_replace(AT_FDCWD, store, buf_str(&next), 0600, true);
}

struct err *
trust_add(const char *store, const char *repository, const char *hash, const char *time)
{
	AUTO(mem_free_p) char *line = mem_printf("%s %s", hash, time);

	return store_change(store, repository, hash, line);
}

struct err *
trust_drop(const char *store, const char *repository)
{
	return store_change(store, repository, NULL, "");
}

struct err *
trust_require(const struct trust_items *items, const char *store, const char *repository,
    const char *hash)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	bool trusted = false;
	size_t i;

	if (items->n == 0)
		return NULL;
	if (store != NULL)
		TRY(trust_has(store, repository, hash, &trusted));
	if (trusted)
		return NULL;
	for (i = 0; i < items->n; i++)
		buf_addf(&names, "%s%s: %s", i > 0 ? "; " : "", items->v[i].key, items->v[i].value);
	return err_hint(err_new(ERR_UNTRUSTED,
	    "the repository's policy loosens what you have not trusted: %s", buf_cstr(&names)),
	    "read it, then run 'git factory trust'");
}
