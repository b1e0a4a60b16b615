/*
 * webhook.h - what a forge, or Linear, posts when something happened.
 *
 * Two steps: webhook_check() says whether the bytes come from somebody who
 * has a key of ours, webhook_parse() what they are about.  What comes out is
 * only a *hint* where to look: who acts on it asks the API for the truth, so
 * a replayed, late or doubled delivery changes nothing, and a missed one is
 * found by the next sweep.
 *
 *	forge    event header      signature over the raw bytes
 *	GitHub   X-GitHub-Event    X-Hub-Signature-256: sha256=HEX
 *	GitLab   X-Gitlab-Event    X-Gitlab-Token: the key itself; newer, with
 *	                           a key "whsec_BASE64": webhook-signature:
 *	                           v1,BASE64 over "webhook-id.webhook-timestamp.body"
 *	Gitea    X-Gitea-Event     X-Gitea-Signature: HEX
 *	Forgejo  X-Forgejo-Event   X-Forgejo-Signature: HEX
 *	Linear   Linear-Event      Linear-Signature: HEX; the body has its time
 *
 * All are HMAC-SHA256.  Forgejo sends the headers of Gitea too, and both send
 * those of GitHub, so they are looked for in that order.
 */
#ifndef FORGE_WEBHOOK_H
#define FORGE_WEBHOOK_H

#include "base/def.h"
#include "base/str.h"

struct err;

#define HOOK_BODY_MAX (25 * MIB)	/* what GitHub and GitLab send at most */
#define HOOK_WINDOW 300			/* seconds that a signed time may be off */
#define HOOK_OWN_STATUS "git-factory"	/* context of the status that we set */

enum hook_from { HOOK_GITHUB, HOOK_GITLAB, HOOK_GITEA, HOOK_FORGEJO, HOOK_LINEAR };

const char *hook_from_name(enum hook_from from);	/* "github" */
bool hook_from_find(const char *name, enum hook_from *out);

/*
 * The keys that a delivery may be signed with: several, so that one can be
 * changed while the other is still in use.  Wiped when freed.
 */
struct hook_keys;
struct hook_keys *hook_keys_new(void) MUST_USE;
/*
 * Add the value of an environment variable.  ERR_CONFIG when it is unset,
 * shorter than 8 bytes (an empty key signs for everyone), or begins with
 * "whsec_" and is no base64 behind that.
 */
struct err *hook_keys_add(struct hook_keys *k, const char *variable) MUST_USE;
void hook_keys_free(struct hook_keys *k);	/* NULL is fine */
void hook_keys_free_p(struct hook_keys **k);	/* for AUTO */

/* A header's value by its name in lower case, or NULL; it lives as long as webhook_check() runs. */
typedef const char *hook_header_fn(void *arg, const char *name);

struct hook_delivery {
	enum hook_from from;
	char *event;	/* as the forge calls it: "issues", "Note Hook", "Comment" */
	/*
	 * The same when the forge sends it again.  Where there is none, the
	 * body's digest.  No signature covers it but GitLab's newer one.
	 */
	char *id;
};

/* Which forge a request says that it comes from, by its headers alone; false: none. */
bool webhook_claims(hook_header_fn *header, void *arg, enum hook_from *out);

/*
 * ERR_AUTH: no signature, no key that fits, or a signed time further from
 * 'now' (unix seconds) than HOOK_WINDOW.  ERR_SYNTAX: the headers are of no
 * forge, or their event or id is not a short printable word.
 */
struct err *webhook_check(const struct hook_keys *keys, hook_header_fn *header, void *arg,
    struct str body, int64_t now, struct hook_delivery *out) MUST_USE;
void hook_delivery_free(struct hook_delivery *d);	/* also for AUTO */

enum hook_what {
	HOOK_IGNORED,	/* nothing that the factory looks at */
	HOOK_PING,	/* the webhook was just made */
	HOOK_ISSUE,	/* look at 'issue' */
	HOOK_COMMENT,	/* look at the comments of 'pull', or of 'issue', where somebody gave an order */
	HOOK_PULL,	/* look at 'pull' */
	HOOK_REVIEW,	/* look at the reviews and remarks of 'pull' */
	HOOK_CHECKS,	/* look at the checks of 'head' */
	HOOK_PUSH	/* 'ref' is at 'head' now */
};

const char *hook_what_name(enum hook_what what);	/* "issue" */

/* Strings are owned and never NULL: "" is 'not told'.  All of it is untrusted. */
struct hook_event {
	enum hook_what what;
	char *action;		/* in the forge's words: "labeled", "update" */
	char *project;		/* "owner/name", "group/sub/name"; Linear: the key of the team */
	char *sender;		/* login of whoever did it; Linear: the id */
	int64_t issue, pull;	/* 0: none */
	char *comment;		/* its id */
	char *command;		/* first line of a new comment or review that begins with "/factory" */
	char *label;		/* that was put on or taken off */
	char *ref;		/* "refs/heads/main" */
	char *head;		/* commit, hex; of a push that deletes: "" */
};

/*
 * The body of an event that was checked, or an Actions event file.  An event
 * that nobody here looks at is HOOK_IGNORED, whatever the rest of it says.
 * ERR_SYNTAX: no JSON, or it lacks what such an event must name.
 */
struct err *webhook_parse(enum hook_from from, const char *event, struct str body,
    struct hook_event *out) MUST_USE;
void hook_event_free(struct hook_event *e);	/* also for AUTO */

/* Whoever hears of it looks at the factory's pull requests: all of them, in one request or two. */
bool hook_about_pulls(const struct hook_event *e);

#endif
