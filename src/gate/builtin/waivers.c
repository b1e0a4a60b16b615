#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/waiver.h"
#include "gate/builtin/builtin.h"
#include "gate/room.h"
#include "git/tree.h"

/* "file:line:column: what": the finding stands at the line, and says the whole. */
static void
find_fault(struct inspect *in, struct err *e)
{
	struct str rest = str_of(err_msg(e)), part;
	int64_t line = 0;

	if (!str_next(&rest, ':', &part) || !str_next(&rest, ':', &part) || !str_int(part, 1, INT32_MAX, &line))
		line = 0;
	inspect_find(in, FINDING_BLOCKS, "unreadable", WAIVER_PATH, line, "%s", err_msg(e));
	err_ignore(e);
}

struct err *
waivers_judge(struct inspect *in)
{
	const struct gates_opts *o = &in->s->gates->o;
	AUTO(buf_free) struct buf text = BUF_INIT(WAIVER_MAX);
	AUTO(waivers_free) struct waivers ws = {0};
	int64_t now = clock_wall(o->clock);
	struct err *e;
	size_t i;

	e = tree_read(o->repo, &in->s->tree, WAIVER_PATH, &text);
	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		return NULL;
	}
	if (e == NULL)
		e = waivers_parse(WAIVER_PATH, buf_str(&text), &ws);
	if (err_is(e, ERR_CONFIG) || err_is(e, ERR_LIMIT)) {
		find_fault(in, e);
		return NULL;
	}
	TRY(e);
	for (i = 0; i < ws.n; i++)
		if (now >= ws.v[i].ends_s)
			inspect_find(in, FINDING_BLOCKS, "ended", WAIVER_PATH, ws.v[i].line,
			    WAIVER_PATH ":%u:%u: the waiver for '%s' that %s answers for ended with %s", ws.v[i].line,
			    ws.v[i].column, ws.v[i].gate, ws.v[i].owner, ws.v[i].expires);
	return NULL;
}
