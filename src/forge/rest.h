/*
 * rest.h - requests to a forge's API, with all the discipline that they take.
 *
 * - Each carries the token, which goes to the API's own host alone: redirects
 *   (301, 302, 307, 308) are followed here, to another host only for reads and
 *   without it, and a next page on another host is refused.
 * - What is asked for again and again is asked with the ETag of the answer that
 *   is on disk; a 304 is that answer.  One that its reader refused is not kept,
 *   or a broken answer under a true ETag would be believed for ever.
 * - A limit, in whichever dress (429; 403 or 422 with a text that says so; 403
 *   with nothing remaining), is waited out: Retry-After, else the time of reset,
 *   else a minute, doubled each time, with jitter.  When all waits of one call
 *   would pass 'patience' it is ERR_RATE_LIMIT with the time to wait.  Every
 *   process of the clone waits with it.
 * - Writes keep a second apart, 80 a minute and 500 an hour, over all processes
 *   of the clone; where more nodes share the limits, each has its part of them.
 * - A read that failed (connection, 5xx) is asked twice more.  A write is never
 *   sent again: ERR_TIMEOUT, ERR_NETWORK and ERR_SERVER leave open whether it
 *   was done, and the caller reads back.
 * - Answers are strict JSON under a ceiling.
 *
 * GIT_FACTORY_FORGE_TRACE=<file> in the environment appends a line for each
 * request: method, status, path without its query.  GIT_FACTORY_FORGE_CLOCK=
 * <file>, with an API on loopback only, is a clock for tests that share it over
 * processes: it holds milliseconds as decimal digits, and waiting moves it on
 * instead of sleeping.
 *
 * Facts: GitHub's "Best practices for using the REST API" and "Rate limits for
 * the REST API"; RFC 9110 15.4 (redirects), 13.1.2 (If-None-Match), RFC 8288
 * (Link).
 */
#ifndef FORGE_REST_H
#define FORGE_REST_H

#include <signal.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct clock;
struct err;
struct http_reply;
struct http_request;
struct node;
struct rest;

#define REST_ACCEPT_MAX 6

struct rest_opts {
	const char *name;	/* "GitHub", for messages */
	const char *api;	/* without '/' at its end */
	const char *const *headers;	/* sent with each request, NULL-terminated */
	/*
	 * The header line that proves who asks, "Authorization: Bearer …";
	 * nothing is sent when it stays empty.  NULL: never.
	 */
	struct err *(*auth)(void *arg, struct buf *header);
	void *auth_arg;
	/* How requests travel: NULL for http_do(), whose contract it has. */
	struct err *(*send)(void *arg, const struct http_request *req, struct http_reply *reply);
	void *send_arg;
	const char *dir;	/* for answers and limits; NULL keeps none */
	size_t nodes;		/* that share the limits; 0 and 1: none but this clone */
	bool metered;		/* PACE_HOUR and PACE_READS hold */
	const struct clock *clock;	/* NULL: the system's */
	void (*sleep_ms)(void *arg, int64_t ms);	/* NULL: really */
	void *sleep_arg;
	int64_t patience;	/* seconds; 0: 120 */
	int64_t idle_ms, idle_rate;	/* as of wire/http.h; 0: 30 s, and its own */
	const volatile sig_atomic_t *cancel;
};

/* Strings are copied; 'clock' and 'cancel' must outlive it. */
struct rest *rest_open(const struct rest_opts *o) MUST_USE;
void rest_close(struct rest *r);	/* NULL is fine */

struct rest_call {
	const char *what;	/* for messages: "issue 42" */
	const char *method;	/* NULL: GET */
	const char *path;	/* "/repos/…?page=2" below the API, or an URL on its host */
	struct str body;	/* JSON; empty for none */
	bool read;		/* a POST that changes nothing */
	bool cached;		/* keep the answer, and ask with its ETag */
	size_t page;		/* of a list: see rest_each() */
	int accept[REST_ACCEPT_MAX];	/* statuses but 2xx that are answers to the caller; 0 ends */
	const char *header;	/* one more "Name: value", or NULL */
};

struct rest_reply {
	int status;
	bool unchanged;		/* 304: all but this is from the disk */
	const struct node *body;	/* NULL: there is none */
	char *next;		/* URL of the next page, NULL on the last */
	int64_t total;		/* X-Total-Count, elements of all pages; -1 without */
	struct arena mem;	/* of body and next */
	char *scopes;		/* GitHub's X-OAuth-Scopes, NULL without */
	char *text;		/* of an accepted answer that is none of 2xx: how it begins */
};

/*
 * One answer: 2xx, or what the call accepts.  Else as forge.h says, with the
 * forge's own words ("GitHub: issue 42: Not Found").  'out' is filled on
 * success only.
 */
struct err *rest_do(struct rest *r, const struct rest_call *c, struct rest_reply *out) MUST_USE;
void rest_reply_free(struct rest_reply *reply);	/* also for AUTO */

/*
 * What the reader of an answer that is kept says of it, passed on: after an error
 * the answer to that path is asked for anew.  rest_each() does it for its pages.
 */
struct err *rest_took(struct rest *r, const char *path, struct err *e) MUST_USE;

/* What the forge says in an accepted answer that is none of 2xx, on one line; append. */
void rest_words(const struct rest_reply *reply, struct buf *out);

/*
 * Every element of every page, in order.  'member' names the list in the body
 * ("check_runs"), NULL: the body is the list.  With 'newest' the pages are
 * sorted by the time of the last change, newest first: when the first is
 * unchanged, so are the others, which come from the disk without a question.
 * Some lists come in pages without a Link: where 'page' says how many elements
 * the path asks for at a time, a page with so many, or with fewer than there
 * are in all, is followed by the one that "&page=N" names.  null is empty.
 * *unchanged (may be NULL): no page was new.  ERR_LIMIT over FORGE_LIST_MAX
 * elements, or 1,000 pages.
 */
typedef struct err *rest_item(void *arg, const struct node *item);

struct err *rest_each(struct rest *r, const struct rest_call *c, const char *member, bool newest,
    rest_item *fn, void *arg, bool *unchanged) MUST_USE;

/* Requests that were answered: all, and those answered 304. */
struct rest_count {
	int64_t all, unchanged;
};

struct rest_count rest_counted(const struct rest *r);

/* Append a part of a path, or a value of a query, with %XX for what it may not hold. */
void rest_part(struct buf *b, const char *part);

/* Milliseconds by its clock, for what is to be waited for; and wait. */
int64_t rest_now_ms(const struct rest *r);
int64_t rest_wall_s(const struct rest *r);	/* unix seconds by it */
struct err *rest_sleep(struct rest *r, int64_t ms) MUST_USE;	/* ERR_INTERRUPTED */

#endif
