#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/config.h"
#include "forge/forge.h"
#include "forge/gitea.h"
#include "forge/github.h"
#include "forge/gitlab.h"
#include "forge/open.h"
#include "forge/rest.h"
#include "forge/token.h"
#include "git/remote.h"
#include "git/repo.h"
#include "git/userconf.h"

#define RATE_MAX (1 << 30)
#define SECONDS_MAX (24 * 60 * 60)

static const struct forge_api *const apis[] = {
	[FORGE_GITHUB] = &forge_github,
	[FORGE_GITLAB] = &forge_gitlab,
	[FORGE_GITEA] = &forge_gitea,
	[FORGE_FORGEJO] = &forge_forgejo,
};

static const char *const github_headers[] = {"Accept: application/vnd.github+json",
    "X-GitHub-Api-Version: 2022-11-28", NULL};
static const char *const other_headers[] = {"Accept: application/json", NULL};

static bool
is_named(const struct config *c)
{
	return strcmp(c->forge.kind, "auto") != 0;
}

/* Where there is no such remote, only a configured address and project can say it. */
static struct err *
find_place(struct repo *r, const struct config *c, struct forge_place *out)
{
	AUTO(remote_close_p) struct remote *m = NULL;
	const char *name = c->forge.remote[0] != '\0' ? c->forge.remote :
	    c->state_remote[0] != '\0' ? c->state_remote : "origin";
	struct forge_where w = {.kind = c->forge.kind, .url = c->forge.url, .project = c->forge.project};
	struct err *e;

	if (strcmp(c->forge.kind, "none") == 0)
		return NULL;
	e = remote_open(r, name, NULL, &m);
	if (e != NULL && (c->forge.remote[0] != '\0' || !err_is(e, ERR_CONFIG)))
		return err_wrap(e, "forge");
	err_ignore(e);
	w.address = m == NULL ? "" : remote_home(m);
	return forge_place_find(&w, out);
}

static struct err *
no_token(const struct forge_place *p)
{
	return err_hint(err_new(ERR_AUTH, "'forge: %s' is set, and there is no token for '%s'", forge_kind_word(p->kind),
	    p->host), "export FACTORY_FORGE_TOKEN, or see Tokens in gitfactory-internals(7)");
}

struct err *
forge_rest_opts(struct repo *r, const struct forge_opts *o, struct rest_opts *ro)
{
	int64_t rate, seconds;

	TRY(userconf_int(r, "http.lowSpeedLimit", 0, &rate));
	TRY(userconf_int(r, "http.lowSpeedTime", 0, &seconds));
	if (rate > 0 && rate <= RATE_MAX && seconds > 0 && seconds <= SECONDS_MAX) {
		ro->idle_rate = rate;
		ro->idle_ms = seconds * 1000;
	}
	if (o == NULL)
		return NULL;
	ro->clock = o->clock;
	ro->sleep_ms = o->sleep_ms;
	ro->sleep_arg = o->arg;
	ro->nodes = o->nodes;
	ro->patience = o->patience;
	ro->cancel = o->cancel;
	return NULL;
}

static struct err *
connect(struct repo *r, const struct forge_opts *o, struct forge *f)
{
	struct rest_opts ro = {.name = f->api->name, .api = f->place.api,
	    .metered = f->place.kind == FORGE_GITHUB, .headers = f->place.kind == FORGE_GITHUB ? github_headers : other_headers,
	    .auth = token_header, .auth_arg = f->token};
	const char *dir;

	TRY(repo_factory_dir(r, &dir));
	f->dir = path_join(dir, "forge");
	ro.dir = f->dir;
	TRY(forge_rest_opts(r, o, &ro));
	token_reach(f->token, &f->place, &ro);
	f->rest = rest_open(&ro);
	return NULL;
}

struct err *
forge_open(struct repo *r, const struct config *c, const struct forge_opts *o, struct forge **out, char **why)
{
	AUTO(forge_close_p) struct forge *f = mem_alloc(sizeof(*f));

	f->token = mem_alloc(sizeof(*f->token));
	TRY(find_place(r, c, &f->place));
	if (f->place.kind != FORGE_NONE)
		TRY(token_find(r, c, &f->place, is_named(c), f->token));
	if (f->place.kind != FORGE_NONE && f->token->kind == TOKEN_NONE && is_named(c))
		return no_token(&f->place);
	if (why != NULL)
		*why = f->place.kind == FORGE_NONE || f->token->kind != TOKEN_NONE ? NULL :
		    mem_printf("'%s' is not used, as there is no token for it: pull requests stay in this repository",
		    f->place.web);
	if (f->token->kind != TOKEN_NONE) {
		f->api = apis[f->place.kind];
		TRY(connect(r, o, f));
	}
	*out = f->rest == NULL ? NULL : STEAL(f);
	return NULL;
}

void
forge_close(struct forge *f)
{
	if (f == NULL)
		return;
	if (f->api != NULL && f->api->close != NULL)
		f->api->close(f);
	rest_close(f->rest);
	if (f->token != NULL)
		token_free(f->token);
	free(f->token);
	free(f->dir);
	forge_place_free(&f->place);
	free(f);
}

void
forge_close_p(struct forge **f)
{
	forge_close(*f);
}
