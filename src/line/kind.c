#include "line/kind.h"

#include <stdlib.h>
#include <string.h>

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

/* "TYPE MICRO"; only a type that policy has. */
static const struct conf_type *
guessed(const struct config *c, const struct task *t)
{
	AUTO(mem_free_p) char *name = mem_strndup(t->guess, strcspn(t->guess, " "));

	return c->intake.classify == CLASSIFY_MODEL && name[0] != '\0' ? config_type(c, name) : NULL;
}

/* A model can be talked into anything by the text: policy says by name what its word is enough for. */
static void
take_guess(const struct config *c, const struct task *t, struct kind *out)
{
	const struct conf_type *type = guessed(c, t);
	bool enough;

	if (type == NULL)
		return;
	enough = strs_has(&c->intake.by_model, type->name);
	out->type = type;
	out->name = type->name;
	if (enough || (enum risk)type->severity > RISK_HIGH)
		out->severity = (enum risk)type->severity;
	out->auto_merge = enough && type->auto_merge && out->severity == RISK_LOW && !task_asks(t);
	free(out->why);
	out->why = mem_strdup(enough ? "a model says so" : "a model says so, and nothing else: it stays of high severity");
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
	*out = (struct kind){.name = TYPE_UNKNOWN, .severity = RISK_HIGH, .why = mem_strdup(buf_cstr(&why)),
	    .silent = found == NULL && classify_silent(t, &types)};
	if (out->silent)
		take_guess(c, t, out);
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

bool
kind_has(const struct kind *k, const char *path)
{
	size_t i;

	if (k->type == NULL || k->type->paths.n == 0)
		return true;
	for (i = 0; i < k->type->paths.n; i++)
		if (holds(k->type->paths.v[i], path))
			return true;
	return false;
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
