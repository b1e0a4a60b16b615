/*
 * listener.h - a server on the loopback for tests: a child that answers one
 * connection after another with the bytes that it was given, and passes each
 * request that it received back to the test.
 */
#ifndef TESTS_LISTENER_H
#define TESTS_LISTENER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
	const char *p;
	size_t n;
	unsigned piece;		/* bytes at a time; 0: all at once */
	unsigned pause_ms;	/* after each piece */
	bool hang;		/* do not close before the test ends it */
	bool keep;		/* the next request is awaited on this connection */
};

struct listener {
	int port;
	pid_t pid;
	int requests;		/* read end: length, then bytes, for each */
	char base[64];		/* "http://127.0.0.1:PORT" */
};

static inline size_t
listener_wanted(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);
	const char *h;

	if (end == NULL)
		return n + 1;
	for (h = p; h < end; h = (const char *)memchr(h, '\n', (size_t)(end + 2 - h)) + 1)
		if (strncasecmp(h, "content-length:", 15) == 0)
			return (size_t)(end + 4 - p) + strtoul(h + 15, NULL, 10);
	return (size_t)(end + 4 - p);
}

static inline void
listener_serve(int fd, const struct answer *a, int out)
{
	static char request[4 << 20];
	size_t n = 0, at, part;
	ssize_t got;

	while (n < listener_wanted(request, n) && n < sizeof(request)) {
		got = read(fd, request + n, sizeof(request) - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (write(out, &n, sizeof(n)) < 0 || write(out, request, n) < 0)
		_exit(1);
	for (at = 0; at < a->n; at += part) {
		part = a->piece == 0 || a->n - at < a->piece ? a->n - at : a->piece;
		if (write(fd, a->p + at, part) < 0)
			break;
		if (a->pause_ms > 0)
			usleep(a->pause_ms * 1000);
	}
	if (a->hang)
		pause();
	if (!a->keep)
		close(fd);
}

/* The last answer serves all further connections too. */
static inline struct listener
listener_start(const struct answer *answers, size_t n)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	struct listener l = {0};
	int s = socket(AF_INET, SOCK_STREAM, 0), p[2];
	size_t i;
	int fd;

	if (bind(s, (struct sockaddr *)&sa, len) < 0 || listen(s, 8) < 0 ||
	    getsockname(s, (struct sockaddr *)&sa, &len) < 0 || pipe(p) < 0)
		abort();
	l.port = ntohs(sa.sin_port);
	l.requests = p[0];
	snprintf(l.base, sizeof(l.base), "http://127.0.0.1:%d", l.port);
	l.pid = fork();
	if (l.pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		alarm(60);
		close(p[0]);
		for (i = 0, fd = -1;; i += i + 1 < n) {
			fd = fd < 0 ? accept(s, NULL, NULL) : fd;
			listener_serve(fd, &answers[i], p[1]);
			fd = answers[i].keep ? fd : -1;
		}
	}
	close(s);
	close(p[1]);
	return l;
}

/* The next request as it came, NUL-terminated; the caller frees it. */
static inline char *
listener_request(const struct listener *l)
{
	size_t n, at = 0;
	char *p;
	ssize_t got;

	if (read(l->requests, &n, sizeof(n)) != sizeof(n))
		return NULL;
	p = malloc(n + 1);
	while (at < n && (got = read(l->requests, p + at, n - at)) > 0)
		at += (size_t)got;
	p[at] = '\0';
	return p;
}

static inline void
listener_stop(struct listener *l)
{
	kill(l->pid, SIGKILL);
	waitpid(l->pid, NULL, 0);
	close(l->requests);
}

#endif
