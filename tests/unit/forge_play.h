/*
 * forge_play.h - a forge that was written down: each request that is expected,
 * to the byte, and what it is answered.
 */
#ifndef TESTS_FORGE_PLAY_H
#define TESTS_FORGE_PLAY_H

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "forge/forge.h"
#include "forge/rest.h"
#include "listener.h"

struct turn {
	const char *line;	/* "GET /projects/…" */
	const char *sent;	/* body; NULL: none */
	int status;
	const char *body;	/* of the answer; NULL: none */
	const char *header;	/* another one, with its CRLF, or NULL */
};

struct play {
	const struct turn *turns;
	size_t n;
	struct listener l;
	VEC(struct answer) answers;
	struct forge f;
};

static int64_t play_ms;

static int64_t
play_wall(const struct clock *c UNUSED)
{
	return 1800000000 + play_ms / 1000;
}

static int64_t
play_mono(const struct clock *c UNUSED)
{
	return play_ms;
}

static const struct clock play_clock = {play_wall, play_mono, 0};

static void
play_sleep(void *arg UNUSED, int64_t ms)
{
	play_ms += ms;
}

static void
play_open(struct play *p, const struct forge_api *api, const char *project, const struct turn *turns, size_t n)
{
	struct rest_opts o = {.name = api->name, .clock = &play_clock, .sleep_ms = play_sleep};
	size_t i;

	*p = (struct play){.turns = turns, .n = n};
	for (i = 0; i < n; i++) {
		const char *body = turns[i].body != NULL ? turns[i].body : "";
		char *text = mem_printf("HTTP/1.1 %d x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s"
		    "Connection: close\r\n\r\n%s", turns[i].status, strlen(body),
		    turns[i].header != NULL ? turns[i].header : "", body);

		vec_push(&p->answers, ((struct answer){.p = text, .n = strlen(text)}));
	}
	p->l = listener_start(p->answers.v, n);
	o.api = p->l.base;
	p->f = (struct forge){.api = api, .place = {.web = mem_strdup("https://forge.example/g/r"),
	    .project = mem_strdup(project)}, .rest = rest_open(&o)};
}

/* Ends it: were all requests sent, in this order, and no other? */
static void
play_close(struct play *p)
{
	char *last;
	size_t i;

	for (i = 0; i < p->n; i++) {
		AUTO(mem_free_p) char *request = listener_request(&p->l);
		AUTO(mem_free_p) char *line = mem_printf("%s HTTP/1.1\r\n", p->turns[i].line);
		const char *body = request == NULL ? "" : strstr(request, "\r\n\r\n") + 4;

		if (request == NULL || strncmp(request, line, strlen(line)) != 0)
			fail_msg("request %zu is not '%s' but: %.200s", i, p->turns[i].line, request);
		if (strcmp(body, p->turns[i].sent != NULL ? p->turns[i].sent : "") != 0)
			fail_msg("request %zu, '%s', sent: %s", i, p->turns[i].line, body);
	}
	kill(p->l.pid, SIGKILL);
	last = listener_request(&p->l);
	if (last != NULL)
		fail_msg("one request too many: %.200s", last);
	listener_stop(&p->l);
	rest_close(p->f.rest);
	free(p->f.place.web);
	free(p->f.place.project);
	for (i = 0; i < p->n; i++)
		free((char *)p->answers.v[i].p);
	vec_free(&p->answers);
}

#define PLAY(p, api, project, ...)                                                         \
	const struct turn turns_[] = {__VA_ARGS__};                                        \
	struct play p;                                                                     \
	play_open(&p, api, project, turns_, NITEMS(turns_))

static void
fine(struct err *e)
{
	if (e != NULL)
		fail_msg("%s", err_msg(e));
}

static void
fails(struct err *e, enum err_code code, const char *why)
{
	if (!err_is(e, code) || strstr(err_msg(e), why) == NULL)
		fail_msg("%s: %s", e == NULL ? "fine" : err_row(err_code(e))->word, e == NULL ? "" : err_msg(e));
	err_free(e);
}

#endif
