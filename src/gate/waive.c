#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/waiver.h"
#include "gate/glob.h"
#include "gate/room.h"
#include "gate/waive.h"
#include "git/tree.h"

struct err *
waive_open(struct gates *g)
{
	AUTO(buf_free) struct buf text = BUF_INIT(WAIVER_MAX);
	struct err *e = tree_read(g->o.repo, &g->base_tree, WAIVER_PATH, &text);

	if (e == NULL) {
		e = waivers_parse(WAIVER_PATH, buf_str(&text), &g->waivers);
		/* The built-in gate over them says what is wrong; half a file counts for nothing. */
		if (e != NULL)
			waivers_free(&g->waivers);
	}
	if (err_is(e, ERR_NOT_FOUND) || err_is(e, ERR_CONFIG) || err_is(e, ERR_LIMIT)) {
		err_ignore(e);
		return NULL;
	}
	return e;
}

static bool
names(const struct waiver *w, const struct verdict *v, const struct finding *f)
{
	return strcmp(w->gate, v->gate) == 0 &&
	    (w->rule[0] == '\0' || glob_match(w->rule, f->rule, GLOB_NAME)) &&
	    (w->path[0] == '\0' || (f->file[0] != '\0' && glob_path(w->path, f->file, 0))) &&
	    (w->print[0] == '\0' || strcmp(w->print, f->print) == 0);
}

static const struct waiver *
waiver_for(const struct gates *g, const struct verdict *v, const struct finding *f)
{
	int64_t now = clock_wall(g->o.clock);
	size_t i;

	for (i = 0; i < g->waivers.n; i++)
		if (now < g->waivers.v[i].ends_s && names(&g->waivers.v[i], v, f))
			return &g->waivers.v[i];
	return NULL;
}

void
waive(const struct gates *g, struct verdict *v)
{
	size_t i, waived = 0, left = (size_t)v->dropped;

	if (v->kind != VERDICT_FAIL || g->waivers.n == 0)
		return;
	for (i = 0; i < v->findings.n; i++) {
		struct finding *f = &v->findings.v[i];
		const struct waiver *w;

		if (!finding_blocks(f->kind))
			continue;
		w = waiver_for(g, v, f);
		if (w == NULL) {
			left++;
			continue;
		}
		waived++;
		f->kind = FINDING_WAIVED;
		f->by = arena_printf(&v->mem, WAIVER_PATH ":%u:%u, %s until %s: %s", w->line, w->column, w->owner,
		    w->expires, w->reason);
	}
	if (waived > 0)
		verdict_set(v, left == 0 ? VERDICT_PASS : VERDICT_FAIL, "%s, %zu waived", v->summary, waived);
}
