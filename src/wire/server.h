/*
 * server.h - an HTTP server for requests with small answers, over
 * libmicrohttpd, opened at first use.
 *
 * One process, no threads: the caller polls server_fd() and runs it.  It
 * answers a request at once or later, so that many can wait for one sync of a
 * disk.  Plain HTTP/1.1; TLS belongs to the proxy in front of it.
 *
 * Ceilings: of one body (413), of all bodies that are held (503), of
 * connections in all and from one address (closed), of headers (32 KiB), of
 * the time that one request may take to arrive (closed).
 */
#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct server;
struct server_call;	/* a request that is not answered yet */

struct server_opts {
	int fd;			/* listening socket; server_free() closes it */
	size_t max_body;	/* bytes of one */
	size_t max_held;	/* bytes of all */
	unsigned connections;	/* at once */
	unsigned per_address;	/* likewise; 0: no limit, for behind a proxy */
	int64_t arrive_ms;	/* from a request's headers to its end */
	/* A whole request: answer it now, or keep the call and answer it later. */
	void (*on_request)(void *arg, struct server_call *call);
	void *arg;
};

/*
 * A socket that listens on "ADDRESS:PORT", "[ADDRESS]:PORT" or ":PORT"
 * (loopback), for server_open() here or in a child.  *port is what it got when
 * 0 was asked for.  ERR_USAGE for what is no address, ERR_STATE when it is taken.
 */
struct err *server_listen(const char *where, int *fd, int *port) MUST_USE;

/* ERR_COMMAND without libmicrohttpd. */
struct err *server_open(const struct server_opts *o, struct server **out) MUST_USE;
/* Calls that were kept are answered with 503. */
void server_free(struct server *s);		/* NULL is fine */
void server_free_p(struct server **s);		/* for AUTO */

int server_fd(const struct server *s);		/* readable: run it */
/* Milliseconds after which it wants to be run in any case; -1: only when readable. */
int64_t server_wait(const struct server *s);
struct err *server_run(struct server *s) MUST_USE;

/* No new connections; those that are open are served. */
void server_quiesce(struct server *s);
unsigned server_connections(const struct server *s);

/* Borrowed from the call. */
const char *call_method(const struct server_call *c);
const char *call_path(const struct server_call *c);		/* without the query */
const char *call_header(const struct server_call *c, const char *name);	/* NULL when absent */
struct str call_body(const struct server_call *c);

/*
 * The answer; the call is not to be used any more.  'type' of the body, NULL
 * for text/plain; retry_s goes into Retry-After unless it is 0.
 */
void server_answer(struct server_call *c, int status, const char *type, struct str body, int64_t retry_s);

#endif
