#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "conf/redact.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/remote.h"
#include "gate/glob.h"
#include "gate/room.h"
#include "wire/http.h"

#define BODY_MAX (64 * KIB)

void
remote_links_free(struct remote_links *ls)
{
	size_t i;

	for (i = 0; i < ls->n; i++)
		free(ls->v[i].url);
	vec_free(ls);
}

bool
remote_wanted(const struct inspect *in)
{
	const struct gates_opts *o = &in->s->gates->o;

	return in->set != NULL && in->set->remote && in->s->depth == GATE_FULL && !o->quick && !o->person &&
	    o->memory != GATE_MEMORY_ONLY;
}

/* Does policy name the URL's host as one of the inside? */
static bool
is_inside(const struct inspect *in, const char *url)
{
	const char *host = strstr(url, "://");
	AUTO(mem_free_p) char *name = NULL;
	size_t i;

	host += strlen("://");
	name = mem_strndup(host, strcspn(host, host[0] == '[' ? "/?#" : ":/?#"));
	for (i = 0; i < in->set->inside.n; i++)
		if (glob_match(in->set->inside.v[i], name, GLOB_ICASE))
			return true;
	return false;
}

static bool
has_secret(const struct inspect *in, const char *url)
{
	AUTO(mem_free_p) char *clean = NULL;

	if (in->s->gates->o.redact == NULL)
		return false;
	clean = redact_dup(in->s->gates->o.redact, url);
	return strcmp(clean, url) != 0;
}

/* What the failed request says of the link; NULL: nothing. */
static const char *
meaning(const struct err *e)
{
	switch (err_code(e)) {
	case ERR_TIMEOUT:
		return "does not answer in time";
	case ERR_NETWORK:
	case ERR_PROTOCOL:
		return "cannot be reached";
	case ERR_DENIED:
		return "was not asked: its address is not public";
	case ERR_CONFIG:
		return "is no address that can be asked";
	default:	/* more than enough came, or it is our own trouble */
		return NULL;
	}
}

static void
ask(struct inspect *in, const struct remote_link *l, int64_t ms)
{
	AUTO(http_reply_free) struct http_reply reply = {0};
	struct http_request req = {.url = l->url, .connect_ms = ms, .deadline_ms = ms,
	    .max_body = BODY_MAX, .public_only = true};
	struct err *e = http_url_check(l->url, NULL);
	const char *what;

	if (e == NULL) {
		req.public_only = !is_inside(in, l->url);
		e = http_do(&req, &reply);
	}
	what = e != NULL ? meaning(e) : reply.status == 404 || reply.status == 410 ? "is not there" :
	    reply.status >= 500 ? "answers with a failure of its own" : NULL;
	if (what != NULL)
		inspect_find(in, FINDING_NOTE, "dead", l->path, l->line, "'%.200s' %s", l->url, what);
	err_ignore(e);
}

static bool
interrupted(const struct gates_opts *o)
{
	struct pollfd p = {.fd = o->cancel_fd, .events = POLLIN};

	return o->cancel_fd > 0 && poll(&p, 1, 0) == 1;
}

struct err *
remote_judge(struct inspect *in, const struct remote_links *ls)
{
	const struct gates_opts *o = &in->s->gates->o;
	int64_t until = clock_mono(o->clock) + REMOTE_ALL_MS, left;
	size_t i;

	if (o->until_ms != 0 && o->until_ms < until)
		until = o->until_ms;
	for (i = 0; i < ls->n; i++) {
		left = until - clock_mono(o->clock);
		if (interrupted(o))
			return err_new(ERR_INTERRUPTED, "interrupted while asking for links");
		if (i >= REMOTE_MAX || left <= 0) {
			inspect_find(in, FINDING_NOTE, "unasked", ls->v[i].path, ls->v[i].line,
			    "this link and %zu more were not asked for: too many, or too slow", ls->n - i - 1);
			return NULL;
		}
		if (has_secret(in, ls->v[i].url))
			inspect_find(in, FINDING_NOTE, "unasked", ls->v[i].path, ls->v[i].line,
			    "this link was not asked for: a secret is in it");
		else
			ask(in, &ls->v[i], left < REMOTE_MS ? left : REMOTE_MS);
	}
	return NULL;
}
