/*
 * git factory gate - a revision, merged with its base, against the gates.
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "conf/config.h"
#include "conf/waiver.h"
#include "face/check.h"
#include "git/repo.h"
#include "line/baseline.h"
#include "line/check.h"
#include "line/policy.h"
#include "sys/sigs.h"

struct gate_opts {
	const char *base;
	struct opt_list only;
	bool fast;
	bool person;
	bool index;
	bool rerun;
	bool baseline;
	bool note;
	bool forms[CHECK_FORMS];
};

static const struct opt gate_table[] = {
	OPT_STRING(0, "base", "REV", struct gate_opts, base, "what it is merged with and judged against"),
	OPT_STRINGS(0, "only", "NAME", struct gate_opts, only, "this gate, and no other that is not named so too"),
	OPT_FLAG(0, "fast", struct gate_opts, fast, "only what runs while a change is in the making"),
	OPT_FLAG(0, "person", struct gate_opts, person,
	    "the change is a person's: the built-in gates tell and do not block"),
	OPT_FLAG(0, "index", struct gate_opts, index, "what is in the index, against HEAD"),
	OPT_FLAG(0, "rerun", struct gate_opts, rerun, "run what is known already, too"),
	OPT_FLAG(0, "baseline", struct gate_opts, baseline,
	    "write a waiver for each finding that blocks, to adopt the gates on old code"),
	OPT_FLAG(0, "note", struct gate_opts, note, "keep what is found out as evidence in the revision's note"),
	OPT_FLAG(0, "json", struct gate_opts, forms[CHECK_JSON], "print JSON"),
	OPT_FLAG(0, "sarif", struct gate_opts, forms[CHECK_SARIF], "print SARIF 2.1.0, for code scanning"),
	OPT_FLAG(0, "junit", struct gate_opts, forms[CHECK_JUNIT], "print JUnit XML"),
	OPT_FLAG(0, "markdown", struct gate_opts, forms[CHECK_MARKDOWN], "print Markdown, for a comment"),
	OPT_FLAG(0, "github", struct gate_opts, forms[CHECK_GITHUB],
	    "the table, with annotations and a summary of the step for GitHub Actions"),
	OPT_END,
};

static void
on_event(void *arg, enum line_event event, const char *text)
{
	struct app *app = arg;

	if (!app->note.tty && event != LINE_NOTE)
		return;
	out_line(&app->note, str_of(text));
	out_printf(&app->note, "\n");
}

/* What a reader of the table might take for more than it is. */
static void
remark(struct app *app, struct repo *r, const struct check *c)
{
	if (c->bare_policy)
		out_printf(&app->note, "%s has no " CONFIG_PATH ": only the built-in gates ran\n", c->base_ref);
	if (policy_uncommitted(r))
		out_printf(&app->note, "your " CONFIG_PATH " has no say until it is committed: commit it\n");
	if (c->unchanged)
		out_printf(&app->note, "%s has no change that %s does not have: --base names what came before it\n",
		    c->rev, c->base_ref);
	if (str_cmp(str_of(c->sandbox), STR("bwrap")) != 0)
		out_printf(&app->note, "sandbox: %s\n", c->sandbox);
}

static struct err *
pick_form(const struct gate_opts *o, int *out)
{
	int i;

	*out = -1;
	for (i = 0; i < CHECK_FORMS; i++) {
		if (!o->forms[i])
			continue;
		if (*out != -1)
			return err_new(ERR_USAGE, "--%s and --%s exclude each other", check_faces[*out].name,
			    check_faces[i].name);
		*out = i;
	}
	return NULL;
}

static struct err *
print(struct app *app, struct repo *r, const struct check *c, int form)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

	if (form == -1 || form == CHECK_GITHUB) {
		check_show(&app->out, c);
		remark(app, r, c);
	}
	if (form == -1)
		return NULL;
	TRY(check_faces[form].write(c, &text));
	out_raw(&app->out, buf_str(&text));
	return form == CHECK_GITHUB ? check_summary(c) : NULL;
}

static struct err *
adopt(struct app *app, struct repo *r, const struct check *c)
{
	AUTO(baseline_free) struct baseline b = {0};

	TRY(baseline_add(r, &app->clock, c, &b));
	if (b.added == 0 && b.there > 0)
		out_printf(&app->out, "all that blocks is waived in " WAIVER_PATH " already: commit it\n");
	else if (b.added == 0)
		out_printf(&app->out, "there is nothing to waive\n");
	else
		out_printf(&app->out, "%zu waiver%s until %s added to " WAIVER_PATH ": look at %s and commit it\n", b.added,
		    b.added == 1 ? "" : "s", b.expires, b.added == 1 ? "it" : "them");
	if (b.left == 0)
		return NULL;
	return err_hint(err_new(ERR_GATES_FAILED, "%zu gate%s gave no answer that could be waived", b.left,
	    b.left == 1 ? "" : "s"), "'git factory gate' says why");
}

static struct err *
gate(struct app *app, const void *opts, const struct args *args)
{
	const struct gate_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(check_free) struct check c = {0};
	struct line_opts line = {.unguarded = true, .cancel_fd = sigs_fd(), .cancel = sigs_flag(),
	    .on_event = on_event, .arg = app};
	struct check_opts co = {.clock = &app->clock, .line = &line, .fast = o->fast,
	    .person = o->person, .base = o->base, .note = o->note,
	    .memory = o->rerun ? GATE_MEMORY_RERUN : GATE_MEMORY_USE};
	struct opt_list names = o->only;
	struct strs only = {0};
	struct err *e;
	int form;
	size_t i;

	TRY(pick_form(o, &form));
	if (o->index && (o->base != NULL || args->n != 0))
		return err_new(ERR_USAGE, "--index is judged against HEAD: no revision and no --base");
	TRY(repo_open(app->repo_path, &r));
	co.repo = r;
	for (i = 0; i < names.n; i++)
		strs_add(&only, names.v[i]);
	co.only = only.n == 0 ? NULL : &only;
	e = o->index ? check_index(&co, NULL, &c) : check_rev(&co, args->n == 0 ? "HEAD" : args->v[0], &c);
	vec_free(&names);
	strs_free(&only);
	TRY(e);
	if (o->baseline)
		return adopt(app, r, &c);
	TRY(print(app, r, &c, form));
	return check_answer(&c);
}

const struct verb cmd_gate[] = {
	{"gate", NULL, "[REV]", "judge a revision, merged with its base, by the gates", gate_table,
	    sizeof(struct gate_opts), NULL, 0, 1, 0, gate},
	VERB_END,
};
