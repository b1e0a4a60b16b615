#include "forge/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/config.h"
#include "forge/token_app.h"
#include "git/cli.h"
#include "git/repo.h"
#include "wire/http.h"
#include "wire/yaml.h"

#define VALUE_MAX (4 * KIB)
#define CONFIG_FILE_MAX (256 * KIB)
#define HELPER_MS 30000

void
token_free(struct token *t)
{
	if (t->value != NULL)
		mem_wipe(t->value, strlen(t->value));
	free(t->value);
	free(t->from);
	token_app_free(t->app);
	*t = (struct token){0};
}

/* It becomes a part of a header's line. */
static struct err *
set(struct token *t, enum token_kind kind, struct str value, const char *from)
{
	size_t i;

	value = str_trim(value);
	for (i = 0; i < value.n; i++)
		if (!isgraph((unsigned char)value.p[i]))
			break;
	if (value.n == 0 || i < value.n || value.n > VALUE_MAX)
		return err_hint(err_new(ERR_CONFIG, "the token from %s is none: it holds spaces, line breaks or nothing", from),
		    "set it to the token alone");
	t->kind = kind;
	t->value = str_dup(value);
	t->from = mem_strdup(from);
	return NULL;
}

/* ---- the environment ---- */

static bool
is_host(const char *url_or_host, const char *host)
{
	const char *p = url_or_host == NULL ? NULL : strstr(url_or_host, "://");
	size_t n = strlen(host);

	if (url_or_host == NULL)
		return false;
	p = p == NULL ? url_or_host : p + 3;
	return strncasecmp(p, host, n) == 0 && (p[n] == '\0' || p[n] == '/');
}

static bool
user_named(const struct config *c, const char *key)
{
	return (uintptr_t)map_get(&c->origin, key) == (uintptr_t)ORIGIN_USER + 1;
}

/* May what lies in the environment be sent there? */
static bool
is_meant(const struct config *c, const struct forge_place *p)
{
	static const char *const servers[] = {"GITHUB_SERVER_URL", "CI_SERVER_URL", "GH_HOST", "GITLAB_HOST"};
	bool loopback = false;
	size_t i;

	for (i = 0; i < NITEMS(servers); i++)
		if (is_host(getenv(servers[i]), p->host))
			return true;
	err_ignore(http_url_check(p->api, &loopback));
	return p->known || loopback || c->forge.url[0] != '\0' || user_named(c, "forge.kind");
}

/* Where tools and CI systems keep theirs; the first that is set counts. */
static const struct {
	const char *name;
	unsigned kinds;		/* bits by enum forge_kind */
	enum token_kind kind;
} variables[] = {
	{"FACTORY_FORGE_TOKEN", ~0U, TOKEN_PLAIN},
	{"GH_TOKEN", 1U << FORGE_GITHUB, TOKEN_PLAIN},
	{"GH_ENTERPRISE_TOKEN", 1U << FORGE_GITHUB, TOKEN_PLAIN},
	{"GITLAB_TOKEN", 1U << FORGE_GITLAB, TOKEN_PLAIN},
	{"FORGEJO_TOKEN", 1U << FORGE_FORGEJO, TOKEN_PLAIN},
	{"GITEA_TOKEN", 1U << FORGE_GITEA | 1U << FORGE_FORGEJO, TOKEN_PLAIN},
	{"GITHUB_TOKEN", 1U << FORGE_GITHUB | 1U << FORGE_GITEA | 1U << FORGE_FORGEJO, TOKEN_PLAIN},
	{"CI_JOB_TOKEN", 1U << FORGE_GITLAB, TOKEN_JOB},
};

/* gh's own rule: one of these is for github.com, the other for all but it. */
static bool
is_for(const char *name, const struct forge_place *p)
{
	bool loopback = false;

	if (p->kind != FORGE_GITHUB || strcmp(name, "FACTORY_FORGE_TOKEN") == 0)
		return strcmp(name, "GITHUB_TOKEN") != 0 || is_host(getenv("GITHUB_SERVER_URL"), p->host);
	if (strcmp(name, "GH_ENTERPRISE_TOKEN") == 0)
		return !p->known;
	err_ignore(http_url_check(p->api, &loopback));
	return p->known || loopback || is_host(getenv("GITHUB_SERVER_URL"), p->host) ||
	    is_host(getenv("GH_HOST"), p->host);
}

/* Those that Actions makes for a job begin like an App's, on all forges that have Actions. */
static enum token_kind
made_by_actions(const char *name, enum token_kind kind)
{
	const char *actions = getenv("GITHUB_ACTIONS");

	return strcmp(name, "GITHUB_TOKEN") == 0 && actions != NULL && strcmp(actions, "true") == 0 ?
	    TOKEN_ACTIONS : kind;
}

static struct err *
from_env(const struct forge_place *p, struct token *t)
{
	size_t i;

	for (i = 0; i < NITEMS(variables); i++) {
		const char *value = getenv(variables[i].name);
		AUTO(mem_free_p) char *from = mem_printf("$%s", variables[i].name);

		if (value != NULL && *value != '\0' && (variables[i].kinds & 1U << p->kind) != 0 &&
		    is_for(variables[i].name, p))
			return set(t, made_by_actions(variables[i].name, variables[i].kind), str_of(value), from);
	}
	return NULL;
}

static struct err *
from_named_env(const char *name, struct token *t)
{
	const char *value = getenv(name);
	AUTO(mem_free_p) char *from = mem_printf("$%s", name);

	if (value == NULL || *value == '\0')
		return err_hint(err_new(ERR_AUTH, "the variable '%s', which forge.token.env names, is not set", name),
		    "export it in the environment that runs the factory");
	return set(t, made_by_actions(name, TOKEN_PLAIN), str_of(value), from);
}

/* ---- the tools' own files ---- */

static char *
tool_file(const char *own, const char *folder, const char *name)
{
	const char *dir = getenv(own), *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (dir != NULL && *dir != '\0')
		return path_join(dir, name);
	if (xdg != NULL && *xdg != '\0')
		return mem_printf("%s/%s/%s", xdg, folder, name);
	return home == NULL ? NULL : mem_printf("%s/.config/%s/%s", home, folder, name);
}

/* glab writes "token: !!null xyz", which is no plain YAML; nor is it a reason to fail. */
static const struct node *
read_yaml(struct arena *mem, const char *path)
{
	static const char tag[] = "!!null";
	AUTO(buf_free) struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	struct node *root = NULL;
	ptrdiff_t at;

	if (path == NULL)
		return NULL;
	err_ignore(file_read(AT_FDCWD, path, &text));
	while ((at = str_find(buf_str(&text), str_of(tag))) >= 0)
		memset(text.p + at, ' ', sizeof(tag) - 1);
	err_ignore(yaml_parse(mem, path, buf_str(&text), 1, &root));
	return root;
}

static struct err *
from_gh(const struct forge_place *p, struct token *t)
{
	AUTO(arena_free) struct arena mem = {0};
	AUTO(mem_free_p) char *path = tool_file("GH_CONFIG_DIR", "gh", "hosts.yml");
	const struct node *host = node_get(read_yaml(&mem, path), p->host);
	const char *value = node_get_str(host, "oauth_token");

	if (value == NULL || *value == '\0')
		return NULL;
	return set(t, TOKEN_PLAIN, str_of(value), "gh");
}

static struct err *
from_glab(const struct forge_place *p, struct token *t)
{
	AUTO(arena_free) struct arena mem = {0};
	AUTO(mem_free_p) char *path = tool_file("GLAB_CONFIG_DIR", "glab-cli", "config.yml");
	const struct node *host = node_get(node_get(read_yaml(&mem, path), "hosts"), p->host);
	const char *value = node_get_str(host, "token");

	if (value == NULL || *value == '\0')
		return NULL;
	return set(t, node_get(host, "is_oauth2") != NULL ? TOKEN_BEARER : TOKEN_PLAIN, str_of(value), "glab");
}

/* ---- git's credential helpers ---- */

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

static struct err *
from_git(struct repo *r, const struct forge_place *p, struct token *t)
{
	static const char *const args[] = {"credential", "fill", NULL};
	static const char *const env[] = {"GIT_ASKPASS=true", "SSH_ASKPASS=true", NULL};
	AUTO(mem_free_p) char *input = mem_printf("protocol=%s\nhost=%s\npath=%s.git\n\n",
	    strncmp(p->web, "http://", 7) == 0 ? "http" : "https", p->host, p->project);
	struct cli_opts o = {.dir = repo_commondir(r), .input = str_of(input), .deadline_ms = HELPER_MS,
	    .max_out = 64 * KIB, .env = env};
	AUTO(mem_free_p) char *answer = NULL;
	struct str rest, line, value = {0};
	struct err *e;

	if (has_control(p->host) || has_control(p->project))
		return NULL;
	e = cli_ok(&o, args, &answer);
	if (err_is(e, ERR_INTERRUPTED))
		return e;
	/* Where no helper knows one, git fails: there is none. */
	err_ignore(e);
	rest = str_of(answer);
	while (str_line(&rest, &line))
		if (str_starts(line, "password="))
			value = str_skip(line, strlen("password="));
	e = value.n == 0 ? NULL : set(t, TOKEN_BEARER, value, "git's credential helper");
	if (answer != NULL)
		mem_wipe(answer, strlen(answer));
	return e;
}

/* ---- all of them ---- */

struct err *
token_find(struct repo *r, const struct config *c, const struct forge_place *p, bool named, struct token *out)
{
	AUTO(token_free) struct token t = {.forge = p->kind};

	if (c->forge.token_env[0] != '\0')
		TRY(from_named_env(c->forge.token_env, &t));
	if (t.kind == TOKEN_NONE && p->kind == FORGE_GITHUB && c->forge.app_id[0] != '\0' && c->forge.app_key[0] != '\0')
		TRY(token_app_new(c->forge.app_id, c->forge.app_key, &t));
	if (t.kind == TOKEN_NONE && is_meant(c, p))
		TRY(from_env(p, &t));
	if (t.kind == TOKEN_NONE && p->kind == FORGE_GITHUB)
		TRY(from_gh(p, &t));
	if (t.kind == TOKEN_NONE && p->kind == FORGE_GITLAB)
		TRY(from_glab(p, &t));
	if (t.kind == TOKEN_NONE && named)
		TRY(from_git(r, p, &t));
	*out = t;
	t = (struct token){0};
	return NULL;
}

struct err *
token_header(void *arg, struct buf *header)
{
	struct token *t = arg;
	const char *word = "Authorization: Bearer ";

	if (t->kind == TOKEN_NONE)
		return NULL;
	if (t->kind == TOKEN_APP)
		TRY(token_app_renew(t));
	if (t->forge == FORGE_GITLAB && t->kind == TOKEN_JOB)
		word = "JOB-TOKEN: ";
	else if (t->forge == FORGE_GITLAB && t->kind != TOKEN_BEARER)
		word = "PRIVATE-TOKEN: ";
	else if (t->forge == FORGE_GITEA || t->forge == FORGE_FORGEJO)
		word = "Authorization: token ";
	buf_adds(header, word);
	buf_adds(header, t->value);
	return buf_check(header, "the token's header");
}
