/*
 * reply.h - what an HTTP answer of a forge says beside its body: limits, the
 * next page, where it went, what is wrong.
 *
 * Facts: GitHub's "Rate limits for the REST API": a primary limit is 403 or 429
 * with x-ratelimit-remaining: 0, a secondary one 403 or 429 whose message says
 * so, with or without Retry-After; of new content also 422 with the code
 * "abuse".  GitLab: 429 with RateLimit-Reset, sometimes as plain text.
 */
#ifndef FORGE_REPLY_H
#define FORGE_REPLY_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct http_reply;
struct node;

/*
 * Is it a refusal by a limit?  *named: seconds that it asks to wait, at least
 * 1; -1 when it names none.  'body' is the answer's, NULL when it is no JSON.
 */
bool reply_limited(const struct http_reply *r, const struct node *body, int64_t now, int64_t *named);

/* Seconds until anything is allowed again, when this answer was the last for now; else 0. */
int64_t reply_spent(const struct http_reply *r, int64_t now);

/* The target of rel="next" in its Link header, borrowed; empty when there is none. */
struct str reply_next(const struct http_reply *r);

/* Its X-Total-Count; -1 when there is none. */
int64_t reply_total(const struct http_reply *r);

/* Is it a redirect that is followed? */
bool reply_moved(const struct http_reply *r);

/* scheme://host:port of both are the same. */
bool same_origin(struct str a, struct str b);

/* What it says, on one line, cut; appended.  'text' stands in when there is no JSON. */
void reply_words(const struct node *body, struct str text, struct buf *out);

/* By status, with its words and the permission that it names; NULL for 2xx. */
struct err *reply_err(const struct http_reply *r, const struct node *body, const char *what) MUST_USE;

#endif
