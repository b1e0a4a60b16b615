/*
 * git factory verify - what proves a commit, and whether it still holds.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "git/repo.h"
#include "line/verify.h"
#include "sys/sigs.h"
#include "wire/json.h"

struct verify_opts {
	const char *base;
	struct opt_list only;
	bool rerun;
	bool json;
};

static const struct opt verify_table[] = {
	OPT_STRING(0, "base", "REV", struct verify_opts, base, "what it is merged with and judged against"),
	OPT_STRINGS(0, "only", "NAME", struct verify_opts, only, "this gate, and no other that is not named so too"),
	OPT_FLAG(0, "rerun", struct verify_opts, rerun, "run the gates, too, and compare"),
	OPT_FLAG(0, "json", struct verify_opts, json, "print JSON"),
	OPT_END,
};

static const char *
word_of(const struct verify *v, size_t i)
{
	const struct verdict *known = &v->check.verdicts.v[i], *again = verify_again(v, i);

	if (verify_proven(v, i))
		return "proven";
	if (again != NULL && known->kind != VERDICT_INCONCLUSIVE && again->kind != known->kind)
		return "differs";
	return again != NULL || known->kind == VERDICT_FAIL ? verdict_word((again != NULL ? again : known)->kind) :
	    "unproven";
}

static void
print_source(struct out *o, const struct verdict *v)
{
	char time[CLOCK_TEXT];

	if (v->known.time == 0)
		return;
	clock_format(v->known.time, time);
	out_printf(o, ", known from %s on ", time);
	out_line(o, str_of(v->known.node));
	if (v->known.signer[0] == '\0')
		return;
	out_printf(o, ", signed by ");
	out_line(o, str_of(v->known.signer));
	out_printf(o, " in the note of %.12s", v->known.commit);
}

static void
print_others(struct out *o, const struct verify *v, const char *gate)
{
	char time[CLOCK_TEXT];
	size_t i;

	for (i = 0; i < v->others.n; i++) {
		const struct verify_other *other = &v->others.v[i];

		if (strcmp(other->gate, gate) != 0)
			continue;
		clock_format(other->time, time);
		out_printf(o, "  %s of %s on ", other->verdict, time);
		out_line(o, str_of(other->node));
		out_printf(o, ", in the note of %.12s: %s\n", other->commit, other->why);
	}
}

static void
print_gate(struct out *o, const struct verify *v, size_t i, int width)
{
	const struct verdict *known = &v->check.verdicts.v[i], *again = verify_again(v, i);

	out_printf(o, "%-*s  ", width, known->gate);
	out_style(o, verify_proven(v, i) ? STYLE_GREEN : STYLE_RED);
	out_printf(o, "%-12s", word_of(v, i));
	out_style(o, STYLE_RESET);
	if (again == NULL || known->known.time != 0) {
		out_line(o, str_of(known->summary));
		print_source(o, known);
	}
	if (again != NULL) {
		out_printf(o, "%sit ran again: %s, ", known->known.time != 0 ? "; " : "", verdict_word(again->kind));
		out_line(o, str_of(again->summary));
	}
	out_printf(o, "\n");
	print_others(o, v, known->gate);
}

static void
print(struct out *o, const struct verify *v)
{
	size_t i, width = 4;

	out_printf(o, "%.12s %s %.12s, tree %.12s\n", oid_hex(&v->check.commit).s,
	    v->landed ? "landed on" : "merged with", oid_hex(&v->check.base).s, oid_hex(&v->check.tree).s);
	for (i = 0; i < v->check.verdicts.n; i++)
		if (strlen(v->check.verdicts.v[i].gate) > width)
			width = strlen(v->check.verdicts.v[i].gate);
	for (i = 0; i < v->check.verdicts.n; i++)
		print_gate(o, v, i, width < 30 ? (int)width : 30);
}

static void
put_others(struct jw *w, const struct verify *v, const char *gate)
{
	char time[CLOCK_TEXT];
	size_t i;

	jw_key(w, "others");
	jw_list(w);
	for (i = 0; i < v->others.n; i++) {
		const struct verify_other *o = &v->others.v[i];

		if (strcmp(o->gate, gate) != 0)
			continue;
		clock_format(o->time, time);
		jw_obj(w);
		jw_kstr(w, "verdict", o->verdict);
		jw_kstr(w, "time", time);
		jw_kstr(w, "node", o->node);
		jw_kstr(w, "commit", o->commit);
		jw_kstr(w, "why", o->why);
		jw_end(w);
	}
	jw_end(w);
}

static void
put_json(struct jw *w, const struct verify *v)
{
	const struct verdict *again;
	size_t i;

	jw_obj(w);
	jw_kstr(w, "commit", oid_hex(&v->check.commit).s);
	jw_kstr(w, "base", oid_hex(&v->check.base).s);
	jw_kstr(w, "tree", oid_hex(&v->check.tree).s);
	jw_kbool(w, "landed", v->landed);
	jw_kbool(w, "verified", verify_holds(v));
	jw_key(w, "gates");
	jw_list(w);
	for (i = 0; i < v->check.verdicts.n; i++) {
		again = verify_again(v, i);
		jw_obj(w);
		jw_kstr(w, "gate", v->check.verdicts.v[i].gate);
		jw_kbool(w, "proven", verify_proven(v, i));
		jw_key(w, "known");
		verdict_write(w, &v->check.verdicts.v[i]);
		if (again != NULL) {
			jw_key(w, "again");
			verdict_write(w, again);
		}
		put_others(w, v, v->check.verdicts.v[i].gate);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
}

static struct err *
answer(const struct verify *v)
{
	size_t i, n = 0;

	if (verify_holds(v))
		return NULL;
	for (i = 0; i < v->check.verdicts.n; i++)
		n += !v->check.verdicts.v[i].advisory && !verify_proven(v, i);
	return err_hint(err_new(ERR_GATES_FAILED, "%zu of %zu gates are not proven for %.12s", n,
	    v->check.verdicts.n, oid_hex(&v->check.commit).s),
	    v->reran ? "the commit does not hold what policy demands" : "'git factory verify --rerun' runs them");
}

static struct err *
verify(struct app *app, const void *opts, const struct args *args)
{
	const struct verify_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(verify_free) struct verify v = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(strs_free) struct strs only = {0};
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .arg = app};
	struct check_opts co = {.clock = &app->clock, .line = &line, .base = o->base};
	struct opt_list names = o->only;
	struct jw w;
	size_t i;

	for (i = 0; i < names.n; i++)
		strs_add(&only, names.v[i]);
	vec_free(&names);
	TRY(repo_open(app->repo_path, &r));
	co.repo = r;
	co.only = only.n == 0 ? NULL : &only;
	TRY(verify_rev(&co, args->n == 0 ? "HEAD" : args->v[0], o->rerun, &v));
	if (o->json) {
		jw_init(&w, &text, true);
		put_json(&w, &v);
		out_raw(&app->out, buf_str(&text));
	} else {
		print(&app->out, &v);
	}
	return answer(&v);
}

const struct verb cmd_verify[] = {
	{"verify", NULL, "[REV]", "what proves a commit, and whether it may be believed", verify_table,
	    sizeof(struct verify_opts), NULL, 0, 1, 0, verify},
	VERB_END,
};
