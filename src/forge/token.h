/*
 * token.h - what proves to a forge who asks, and where it is found.
 *
 * Looked for in this order: the variable of forge.token.env (and then nowhere
 * else); the GitHub App of forge.app; FACTORY_FORGE_TOKEN and the variables of
 * the forge's own tools and CI; what 'gh' or 'glab' keep for the host; for a
 * forge that is named, what 'git credential fill' answers.
 *
 * A token from the environment goes only to a server that it is known to be
 * for: a public one, the CI system's own, one on loopback, or one that the
 * user's own configuration (or forge.url, which takes trust) names.  What gh,
 * glab and git keep is bound to its host by itself.
 *
 * Facts: gh's manual on environment variables; glab's documentation of its
 * configuration; git-credential(1); GitHub's "Generating a JSON Web Token for
 * a GitHub App" and "Authenticating as a GitHub App installation"; GitLab's
 * "REST API authentication".
 */
#ifndef FORGE_TOKEN_H
#define FORGE_TOKEN_H

#include "base/def.h"
#include "base/vec.h"
#include "forge/place.h"

struct buf;
struct config;
struct err;
struct repo;
struct rest_opts;

enum token_kind {
	TOKEN_NONE,
	TOKEN_PLAIN,
	TOKEN_ACTIONS,		/* made by Actions for one job: its events start no workflow */
	TOKEN_JOB,		/* GitLab's CI_JOB_TOKEN */
	TOKEN_BEARER,		/* OAuth, from glab or git */
	TOKEN_APP		/* of a GitHub App's installation, renewed here */
};

struct token {
	enum token_kind kind;
	char *value;		/* of an App: NULL until it is asked for */
	char *from;		/* "$GITHUB_TOKEN", "gh", "the GitHub App 123" */
	enum forge_kind forge;
	struct token_app *app;	/* of TOKEN_APP */
};

/* 'named': the forge was named, not detected.  Nothing found: TOKEN_NONE. */
struct err *token_find(struct repo *r, const struct config *c, const struct forge_place *p,
    bool named, struct token *out) MUST_USE;
void token_free(struct token *t);	/* wipes; also for AUTO */

/*
 * For an App: how it reaches its API ('like': all but auth is taken from it),
 * and for which project.
 */
void token_reach(struct token *t, const struct forge_place *p, const struct rest_opts *like);

/*
 * The header line with it, for rest_opts.auth (arg: a struct token).  An App's
 * token is fetched first, and again from 5 minutes before its end on.
 */
struct err *token_header(void *arg, struct buf *header) MUST_USE;

/* An App's permissions, "issues=write"; NULL for other tokens, and before the first request. */
const struct strs *token_permissions(const struct token *t);

/* The JSON Web Token of an App: signed now (unix seconds), for ten minutes; appended. */
struct err *token_jwt(const char *app_id, const char *key_file, int64_t now, struct buf *out) MUST_USE;

#endif
