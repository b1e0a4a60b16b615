#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/gate.h"
#include "gate/report/report.h"
#include "gate/room.h"
#include "gate/waive.h"
#include "git/commit.h"

static struct err *
check_builtin(const struct conf_gate *gate)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	const struct builtin *b;

	if (builtin_of(gate->builtin) == NULL) {
		for (b = builtins; b->name != NULL; b++)
			buf_addf(&names, "%s%s", b == builtins ? "" : ", ", b->name);
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' names '%s', which is not built in",
		    gate->name, gate->builtin), "built in are %s", buf_cstr(&names));
	}
	b = builtin_of(gate->name);
	if (b != NULL && strcmp(b->name, gate->builtin) != 0)
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' cannot be of the kind '%s'", gate->name,
		    gate->builtin), "'%s' is itself built in; give the gate another name", gate->name);
	if (b == NULL && strcmp(gate->builtin, GATE_TESTS_KEPT) == 0)
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' repeats '%s'", gate->name, gate->builtin),
		    "set that one up under its own name: the reports of all gates belong to it");
	return NULL;
}

/* The project's own patterns must be some. */
static struct err *
check_rules(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->rules.n; i++) {
		AUTO(regex_free_p) struct regex *re = NULL;
		struct err *e = regex_new(str_of(c->rules.v[i].pattern), 0, &re);

		if (e != NULL)
			return err_recode(err_wrap(e, "'rules.%s.pattern'", c->rules.v[i].name), ERR_CONFIG);
	}
	return NULL;
}

static struct err *
check_config(const struct config *c)
{
	size_t i;

	TRY(check_rules(c));
	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];

		if (gate->builtin[0] != '\0') {
			TRY(check_builtin(gate));
			continue;
		}
		if (builtin_of(gate->name) != NULL)
			return err_hint(err_new(ERR_CONFIG, "the gate '%s' is built in", gate->name),
			    "say 'builtin: %s' to set it up, or give the gate in " CONFIG_PATH
			    " another name", gate->name);
		TRY(err_wrap(report_check(gate), "the gate '%s'", gate->name));
	}
	return NULL;
}

static struct err *
no_gate(const struct strs *known, const char *name)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	struct err *e = err_new(ERR_NOT_FOUND, "there is no gate '%s'", name);
	size_t i, d, best = strlen(name) / 2 + 1;
	const char *near = NULL;

	for (i = 0; i < known->n; i++) {
		buf_addf(&names, "%s%s", i == 0 ? "" : ", ", known->v[i]);
		d = str_distance(str_of(name), str_of(known->v[i]));
		if (d < best) {
			best = d;
			near = known->v[i];
		}
	}
	return near != NULL ? err_hint(e, "did you mean '%s'?", near) : err_hint(e, "the gates are %s", buf_cstr(&names));
}

struct err *
gates_known(const struct config *c, const struct strs *names)
{
	AUTO(strs_free) struct strs known = {0};
	const struct builtin *b;
	size_t i;

	for (b = builtins; b->name != NULL; b++)
		strs_add(&known, b->name);
	for (i = 0; i < c->gates.n; i++)
		if (!strs_has(&known, c->gates.v[i].name))
			strs_add(&known, c->gates.v[i].name);
	for (i = 0; names != NULL && i < names->n; i++)
		if (!strs_has(&known, names->v[i]))
			return no_gate(&known, names->v[i]);
	return NULL;
}

bool
gates_configured(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->gates.n; i++)
		if (c->gates.v[i].builtin[0] == '\0')
			return true;
	return false;
}

/* Of the lines that say whose evidence counts. */
static struct err *
hash_signers(const struct strs *keys, struct oid *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < keys->n; i++)
		buf_addf(&b, "%s\n", keys->v[i]);
	return blob_hash(buf_str(&b), out);
}

struct err *
gates_open(const struct gates_opts *o, struct gates **out)
{
	struct oid tree, signers;
	struct gates *g;
	struct err *e;

	TRY(check_config(o->config));
	TRY(hash_signers(&o->config->evidence.keys, &signers));
	TRY(gates_known(o->config, o->only));
	TRY(commit_tree(o->repo, &o->base, &tree));
	g = mem_alloc(sizeof(*g));
	g->o = *o;
	g->base_tree = tree;
	g->signers = signers;
	e = waive_open(g);
	if (e != NULL)
		gates_close(g);
	else
		*out = g;
	return e;
}

void
gates_close(struct gates *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->base_runs.n; i++) {
		outcome_free(&g->base_runs.v[i]->outcome);
		free(g->base_runs.v[i]);
	}
	vec_free(&g->base_runs);
	waivers_free(&g->waivers);
	free(g);
}

void
gates_close_p(struct gates **g)
{
	gates_close(*g);
	*g = NULL;
}
