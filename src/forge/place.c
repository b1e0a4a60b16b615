#include "forge/place.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/http.h"

#define PART_MAX 255	/* bytes of one part of a project's path */
#define PATH_MAX_BYTES 1024

static const struct {
	const char *word, *root;	/* what the API's path begins with on a server of one's own */
} kinds[] = {
	[FORGE_NONE] = {"none", ""},
	[FORGE_GITHUB] = {"github", "/api/v3"},
	[FORGE_GITLAB] = {"gitlab", "/api/v4"},
	[FORGE_GITEA] = {"gitea", "/api/v1"},
	[FORGE_FORGEJO] = {"forgejo", "/api/v1"},
	[FORGE_LINEAR] = {"linear", ""},
};

static const struct server {
	const char *host, *alias;	/* alias: what ssh may call it */
	enum forge_kind kind;
	const char *api;
} servers[] = {
	{"github.com", "ssh.github.com", FORGE_GITHUB, "https://api.github.com"},
	{"gitlab.com", "altssh.gitlab.com", FORGE_GITLAB, "https://gitlab.com/api/v4"},
	{"codeberg.org", NULL, FORGE_FORGEJO, "https://codeberg.org/api/v1"},
	{"gitea.com", NULL, FORGE_GITEA, "https://gitea.com/api/v1"},
};

const char *
forge_kind_word(enum forge_kind k)
{
	return kinds[k].word;
}

void
forge_place_free(struct forge_place *p)
{
	free(p->api);
	free(p->web);
	free(p->host);
	free(p->project);
	*p = (struct forge_place){0};
}

/* An address taken apart; all borrowed. */
struct address {
	const char *scheme;	/* "https" or "http": how the API is spoken to */
	struct str host;	/* with its port, where it is a port of HTTP */
	struct str path;	/* without slashes at its ends, and ".git" */
};

static bool
is_host(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && strchr(".-:[]_", s.p[i]) == NULL)
			return false;
	return s.n > 0 && s.n <= PART_MAX && s.p[0] != '-';
}

/* "owner/name": what a forge allows in names; GitLab has groups in groups. */
static bool
is_project(struct str s, bool groups)
{
	struct str part;
	size_t i, parts = 0;

	if (s.n > PATH_MAX_BYTES || str_ends(s, "/"))
		return false;
	for (; str_next(&s, '/', &part); parts++) {
		if (part.n == 0 || part.n > PART_MAX || str_is(part, ".") || str_is(part, ".."))
			return false;
		for (i = 0; i < part.n; i++)
			if (!isalnum((unsigned char)part.p[i]) && strchr("._-~+", part.p[i]) == NULL)
				return false;
	}
	return parts == 2 || (groups && parts > 2);
}

static struct str
without_ends(struct str path)
{
	while (str_starts(path, "/"))
		path = str_skip(path, 1);
	while (str_ends(path, "/"))
		path.n--;
	if (str_ends(path, ".git"))
		path.n -= 4;
	return path;
}

/* "git@host:owner/name": a colon before the first slash, git-fetch(1). */
static bool
split_scp(struct str s, struct address *a)
{
	ptrdiff_t colon = str_chr(s, ':'), slash = str_chr(s, '/'), at;

	if (colon <= 0 || (slash >= 0 && slash < colon))
		return false;
	a->scheme = "https";
	a->host = str_take(s, (size_t)colon);
	at = str_chr(a->host, '@');
	a->host = str_skip(a->host, (size_t)(at + 1));
	a->path = without_ends(str_skip(s, (size_t)colon + 1));
	return is_host(a->host);
}

static bool
split_url(struct str s, struct address *a)
{
	static const char *const schemes[] = {"https://", "http://", "ssh://", "git+ssh://", "ssh+git://", "git://"};
	ptrdiff_t slash, at, colon;
	size_t i;

	for (i = 0; i < NITEMS(schemes) && !str_starts(s, schemes[i]); i++)
		continue;
	if (i == NITEMS(schemes))
		return false;
	s = str_skip(s, strlen(schemes[i]));
	slash = str_chr(s, '/');
	if (slash <= 0)
		return false;
	a->host = str_take(s, (size_t)slash);
	at = str_chr(a->host, '@');
	a->host = str_skip(a->host, (size_t)(at + 1));
	a->path = without_ends(str_skip(s, (size_t)slash));
	a->scheme = i == 1 ? "http" : "https";
	/* A port of ssh or git is none of the API. */
	colon = str_chr(a->host, ':');
	if (i > 1 && colon >= 0 && a->host.p[0] != '[')
		a->host.n = (size_t)colon;
	return is_host(a->host);
}

static bool
is_named(struct str host, const char *name)
{
	return name != NULL && host.n > 0 && host.n == strlen(name) && strncasecmp(host.p, name, host.n) == 0;
}

static const struct server *
server_of(struct str host)
{
	size_t i;

	for (i = 0; i < NITEMS(servers); i++)
		if (is_named(host, servers[i].host) || is_named(host, servers[i].alias))
			return &servers[i];
	return NULL;
}

static enum forge_kind
kind_of(const char *word)
{
	size_t i;

	for (i = FORGE_GITHUB; i < NITEMS(kinds); i++)
		if (word != NULL && strcmp(word, kinds[i].word) == 0)
			return (enum forge_kind)i;
	return FORGE_NONE;
}

static bool
said(const char *s)
{
	return s != NULL && *s != '\0';
}

/* The token goes along with each request. */
static struct err *
check_api(const char *api)
{
	bool loopback;

	TRY(http_url_check(api, &loopback));
	if (loopback || strncmp(api, "https://", 8) == 0)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "the forge at '%s' would be sent its token without encryption", api),
	    "give the remote, or forge.url, an address that begins with https://");
}

static struct err *
no_project(const struct forge_where *w, enum forge_kind kind)
{
	return err_hint(err_new(ERR_CONFIG, "'forge: %s' is set, and nothing says which project there is this one",
	    kinds[kind].word), said(w->address) ?
	    "set forge.project to OWNER/NAME: the remote's address has none" :
	    "add the remote 'origin', or name another with forge.remote");
}

/* The scheme and host of the API's own address. */
static struct str
origin_of(const char *url)
{
	struct str s = str_of(url);
	size_t begin = str_starts(s, "https://") ? 8 : 7;
	ptrdiff_t slash = str_chr(str_skip(s, begin), '/');

	return slash < 0 ? s : str_take(s, begin + (size_t)slash);
}

static void
fill(const struct forge_where *w, const struct server *server, const struct address *a, struct forge_place *p)
{
	struct str origin;

	if (server != NULL && !said(w->url)) {
		p->api = mem_strdup(server->api);
		p->host = mem_strdup(server->host);
		p->known = true;
	} else if (said(w->url)) {
		p->api = mem_strdup(w->url);
		origin = origin_of(p->api);
		p->host = str_dup(a->host.n > 0 ? a->host : str_skip(origin, (size_t)str_find(origin, STR("://")) + 3));
	} else if (p->kind == FORGE_GITHUB && str_ends(a->host, ".ghe.com")) {
		p->api = mem_printf("https://api.%.*s", STR_ARG(a->host));
		p->host = str_dup(a->host);
	} else {
		p->api = mem_printf("%s://%.*s%s", a->scheme, STR_ARG(a->host), kinds[p->kind].root);
		p->host = str_dup(a->host);
	}
	p->web = mem_printf("%s://%s/%s", a->scheme, p->host, p->project);
}

struct err *
forge_place_find(const struct forge_where *w, struct forge_place *out)
{
	AUTO(forge_place_free) struct forge_place p = {0};
	struct address a = {.scheme = "https"};
	const struct server *server;
	struct str address = str_of(w->address), project;
	bool named = said(w->kind) && strcmp(w->kind, "auto") != 0;

	if (named && strcmp(w->kind, "none") == 0)
		return NULL;
	if (!split_url(address, &a) && (str_find(address, STR("://")) >= 0 || !split_scp(address, &a)))
		a = (struct address){.scheme = "https"};
	server = server_of(a.host);
	p.kind = named ? kind_of(w->kind) : server != NULL ? server->kind : FORGE_NONE;
	if (p.kind == FORGE_NONE)
		return NULL;
	if (server != NULL && server->kind != p.kind)
		server = NULL;
	project = said(w->project) ? str_of(w->project) : a.path;
	if ((a.host.n == 0 && !said(w->url)) || !is_project(project, p.kind == FORGE_GITLAB))
		return named ? no_project(w, p.kind) : NULL;
	p.project = str_dup(project);
	fill(w, server, &a, &p);
	TRY(check_api(p.api));
	*out = p;
	p = (struct forge_place){0};
	return NULL;
}
