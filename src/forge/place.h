/*
 * place.h - which project of which server a remote's address means.
 *
 * Only the four public servers are known by name; any other needs forge.kind.
 * The API is on the remote's own host, so that a policy that came with a clone
 * can send a token nowhere else (forge.url can, and needs trust).
 *
 * Facts: git-fetch(1) "GIT URLS"; the roots of the APIs are those of GitHub
 * Enterprise Server ("/api/v3"; "api." before the host on ghe.com), GitLab ("/api/v4"), Gitea and Forgejo
 * ("/api/v1"); ssh.github.com and altssh.gitlab.com are their hosts for ssh on
 * port 443.
 */
#ifndef FORGE_PLACE_H
#define FORGE_PLACE_H

#include "base/def.h"

struct err;

enum forge_kind { FORGE_NONE, FORGE_GITHUB, FORGE_GITLAB, FORGE_GITEA, FORGE_FORGEJO,
	FORGE_LINEAR /* no forge, but a tracker of issues: linear.h */ };

/* Strings owned. */
struct forge_place {
	enum forge_kind kind;
	char *api;		/* "https://api.github.com", no '/' at its end */
	char *web;		/* "https://github.com/owner/name" */
	char *host;		/* "github.com", "127.0.0.1:8080" */
	char *project;		/* "owner/name", "group/sub/name" */
	bool known;		/* one of the public servers */
};

const char *forge_kind_word(enum forge_kind k);	/* "github"; "none" */

/* What configuration says; NULL and "" for nothing. */
struct forge_where {
	const char *address;	/* the remote's, remote_home() */
	const char *kind;	/* "auto", "github", …, "none" */
	const char *url;	/* of the API */
	const char *project;
};

/*
 * kind FORGE_NONE when none is meant: a path, a host that is not known.
 * ERR_CONFIG when a forge is named and address, or project, do not say where
 * it is, or it would be spoken to without encryption over a network.
 */
struct err *forge_place_find(const struct forge_where *w, struct forge_place *out) MUST_USE;
void forge_place_free(struct forge_place *p);	/* also for AUTO */

#endif
