#include "line/kind.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/glob.h"
#include "model/task.h"
#include "model/verdict.h"

static bool
holds(const char *pattern, const char *path)
{
	return glob_path(pattern, path, 0);
}

void
kind_of(const struct config *c, const struct task *t, struct kind *out)
{
	AUTO(mem_free_p) struct class_type *v = mem_alloc((c->types.n + 1) * sizeof(*v));
	AUTO(buf_free) struct buf why = BUF_INIT(BUF_TEXT);
	struct class_types types = {v, c->types.n, holds};
	const struct class_type *found;
	size_t i;

	for (i = 0; i < c->types.n; i++)
		v[i] = (struct class_type){c->types.v[i].name, (enum risk)c->types.v[i].severity,
		    &c->types.v[i].labels, &c->types.v[i].paths, &c->types.v[i].words};
	found = classify(t, &types, &why);
	*out = (struct kind){.name = TYPE_UNKNOWN, .severity = RISK_HIGH, .why = mem_strdup(buf_cstr(&why))};
	if (found == NULL)
		return;
	out->type = &c->types.v[found - v];
	out->name = out->type->name;
	out->severity = found->severity;
	out->auto_merge = out->type->auto_merge && out->severity == RISK_LOW && !task_asks(t);
}

void
kind_free(struct kind *k)
{
	free(k->why);
	*k = (struct kind){0};
}

int64_t
kind_iterations(const struct config *c, const struct task *t)
{
	AUTO(kind_free) struct kind k = {0};

	kind_of(c, t, &k);
	return k.type != NULL && k.type->iterations > 0 ? k.type->iterations : c->limits.iterations;
}

void
kind_hold(const struct config *c, const struct task *t, struct verdicts *vs)
{
	AUTO(kind_free) struct kind k = {0};
	size_t i;

	kind_of(c, t, &k);
	for (i = 0; k.type != NULL && i < vs->n; i++)
		if (strs_has(&k.type->gates, vs->v[i].gate))
			vs->v[i].advisory = false;
}
