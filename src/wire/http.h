/*
 * http.h - one HTTP request at a time, over libcurl, opened at first use.
 *
 * Never: redirects followed, netrc, cookies, proxies from the environment
 * unless asked, protocols but http and https, signals. Addresses are judged
 * after the name was resolved and before anything connects: link-local and
 * cloud metadata addresses are refused always (THREATS 37).
 *
 * Secrets (an Authorization header) never appear in messages; nor does the
 * query of an URL.
 */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include <signal.h>

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;

#define HTTP_ERROR_BODY (64 * KIB)	/* kept of the body of a failed request */

/*
 * Connections that outlive a request, so that the next one to the same host
 * need not connect and greet again.  One request at a time; all of a link have
 * the same loopback_only and proxy_from_env.  Who sends the next request on a
 * connection that the host has closed meanwhile connects anew.
 */
struct http_link;
struct http_link *http_link_new(void) MUST_USE;
void http_link_free(struct http_link *l);	/* NULL is fine */

struct http_request {
	const char *method;		/* NULL: POST with a body, GET without */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL-terminated; NULL for none */
	struct str body;
	int64_t connect_ms;		/* 0: 30 s */
	int64_t deadline_ms;		/* for the whole; 0: none */
	int64_t idle_ms;		/* window in which more must move than idle_rate allows; 0: 60 s */
	int64_t idle_rate;		/* bytes a second that are too few; 0: 1 */
	size_t max_body;		/* of the answer; 0: 64 MiB */
	bool loopback_only;		/* refuse every address but the loopback's */
	bool public_only;		/* refuse what is not reachable from all of the internet */
	bool proxy_from_env;
	struct http_link *link;		/* NULL: a connection of its own */
	const volatile sig_atomic_t *cancel;	/* ends the request when it is not 0; may be NULL */
	/*
	 * Called with each piece of the body of a 2xx answer, which then is not
	 * kept. An error from it ends the request and is returned.
	 */
	struct err *(*on_data)(void *arg, struct str data);
	void *arg;
};

struct http_header {
	char *name;	/* lower case */
	char *value;
};

struct http_reply {
	int status;
	struct buf body;	/* without on_data, or of an answer that is not 2xx */
	VEC(struct http_header) headers;
};

/*
 * Open libcurl ahead of the first request, which else does it: milliseconds
 * that a caller may have to spare. ERR_COMMAND (no libcurl).
 */
struct err *http_prepare(void) MUST_USE;

/*
 * Send and receive. An answer with any status is a success here: ask
 * http_status_err(). The reply is filled (and to be freed by http_reply_free)
 * on success only. ERR_NETWORK, ERR_TIMEOUT, ERR_INTERRUPTED (cancel),
 * ERR_DENIED (address), ERR_LIMIT (max_body), ERR_CONFIG (malformed URL or
 * header), ERR_PROTOCOL (no HTTP), ERR_COMMAND (no libcurl). A connection that ends before the body
 * does is ERR_NETWORK.
 */
struct err *http_do(const struct http_request *req, struct http_reply *reply) MUST_USE;
void http_reply_free(struct http_reply *reply);	/* also for AUTO */

/* A header's value (name in lower case), or NULL. */
const char *http_header(const struct http_reply *reply, const char *name);

/*
 * What the status means; NULL for 2xx. 'what' names the request's goal for
 * the message ("the model 'x'"). 401 and 403 ERR_AUTH, 404 and 410
 * ERR_NOT_FOUND, 408 ERR_TIMEOUT, 409 ERR_STATE, 413 ERR_LIMIT, 429
 * ERR_RATE_LIMIT, 5xx ERR_SERVER; 403, 429 and 5xx with a Retry-After carry
 * it (403 then is ERR_RATE_LIMIT, as GitHub answers); all else is ERR_CONFIG.
 * The message takes 'detail' (what the body says; may be NULL) on one line.
 */
struct err *http_status_err(const struct http_reply *reply, const char *what,
    const char *detail) MUST_USE;

/*
 * Retry-After in seconds: a count or an HTTP date (against now, unix
 * seconds); false when there is none or it is malformed. At most a day.
 */
bool http_retry_after(const char *value, int64_t now, int64_t *seconds);

/*
 * Judge an URL without asking the network: ERR_CONFIG unless it is http or
 * https with a host and without user:password. *loopback (may be NULL): the
 * host is localhost, 127.0.0.0/8 or ::1, so that a base_url needs no trust;
 * request it with loopback_only.
 */
struct err *http_url_check(const char *url, bool *loopback) MUST_USE;

/* For tests and for doctor: would this numeric address be refused, and why? */
const char *http_address_refused(const char *numeric, bool loopback_only);
/* The same with public_only. */
const char *http_address_private(const char *numeric);

#endif
