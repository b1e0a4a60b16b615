/*
 * git factory pr - the pull requests inside the repository.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "forge/pull.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/approve.h"
#include "line/close.h"
#include "line/land/land.h"
#include "line/policy.h"
#include "line/publish.h"
#include "line/pulls/feedback.h"
#include "line/pulls/freeze.h"
#include "line/pulls/merge.h"
#include "line/pulls/mirror.h"
#include "line/pulls/outside.h"
#include "line/pulls/take.h"
#include "model/level.h"
#include "store/state.h"
#include "store/sync.h"
#include "sys/sigs.h"
#include "wire/json.h"

#define DIFF_MAX (256 * MIB)

static struct err *
number_arg(const char *word, int64_t *number)
{
	struct str s = str_of(word);

	if (str_starts(s, "#"))
		s = str_skip(s, 1);
	if (!str_int(s, 1, INT64_MAX, number))
		return err_new(ERR_USAGE, "'%s' is not the number of a pull request", word);
	return NULL;
}

static struct err *
pull_arg(struct repo *r, const char *word, struct pull *out)
{
	int64_t number;

	TRY(number_arg(word, &number));
	return pull_read(r, number, out);
}

static void
put_review(struct jw *w, const struct pull *p)
{
	size_t i;

	jw_kstr(w, "type", p->type);
	jw_key(w, "level");
	if (p->reasons.n == 0)
		jw_null(w);
	else
		jw_int(w, p->level);
	jw_key(w, "reasons");
	jw_list(w);
	for (i = 0; i < p->reasons.n; i++)
		jw_str(w, p->reasons.v[i]);
	jw_end(w);
	jw_key(w, "outside");
	if (p->outside == 0)
		jw_null(w);
	else
		jw_int(w, p->outside);
	jw_kstr(w, "url", p->url);
	jw_kstr(w, "taken_by", p->taken_by);
	jw_kint(w, "revisions", p->revisions);
}

static void
put_pull(struct jw *w, const struct pull *p)
{
	char text[CLOCK_TEXT];

	jw_obj(w);
	jw_kint(w, "number", p->number);
	jw_kstr(w, "state", pull_state_name(p->state));
	jw_kstr(w, "task", p->task.s);
	jw_kstr(w, "run", p->run.s);
	jw_kstr(w, "title", p->title);
	jw_kstr(w, "body", p->body);
	jw_kstr(w, "base", p->base);
	jw_kstr(w, "branch", p->branch);
	jw_kstr(w, "head", oid_hex(&p->head).s);
	jw_kstr(w, "tested", oid_is_zero(&p->tested) ? NULL : oid_hex(&p->tested).s);
	jw_kstr(w, "landed", oid_is_zero(&p->landed) ? NULL : oid_hex(&p->landed).s);
	clock_format(p->created, text);
	jw_kstr(w, "created", text);
	clock_format(p->updated, text);
	jw_kstr(w, "updated", text);
	jw_kstr(w, "closed_by", p->closed_by);
	put_review(w, p);
	jw_end(w);
}

/* ---- list ---- */

struct list_opts {
	bool all;
	bool json;
};

static const struct opt list_table[] = {
	OPT_FLAG('a', "all", struct list_opts, all, "merged and closed ones too"),
	OPT_FLAG(0, "json", struct list_opts, json, "print JSON"),
	OPT_END,
};

static void
print_row(struct out *o, const struct pull *p)
{
	out_style(o, p->state == PULL_OPEN ? STYLE_GREEN : STYLE_DIM);
	out_printf(o, "#%-4" PRId64, p->number);
	out_style(o, STYLE_RESET);
	out_printf(o, " %-6s  %s  ", pull_state_name(p->state), p->task.s);
	out_cut(o, str_of(p->title), o->columns > 40 ? (size_t)o->columns - 26 : 40);
	if (p->url != NULL) {
		out_printf(o, "  ");
		out_line(o, str_of(p->url));
	}
	out_printf(o, "\n");
}

/* None is not the answer of a repository that has no factory. */
static struct err *
check_state(struct app *app)
{
	AUTO(desk_close) struct desk d = {0};
	struct oid tip;

	TRY(desk_open(app, &d));
	return state_tip(d.state, &tip);
}

static struct err *
list(struct app *app, const void *opts, const struct args *args UNUSED)
{
	const struct list_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(pulls_free) struct pulls all = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;
	size_t i;

	TRY(repo_open(app->repo_path, &r));
	TRY(pull_list(r, REF_PULLS, &all));
	if (all.n == 0)
		TRY(check_state(app));
	jw_init(&w, &text, true);
	jw_list(&w);
	for (i = 0; i < all.n; i++) {
		if (all.v[i].state != PULL_OPEN && !o->all)
			continue;
		if (o->json)
			put_pull(&w, &all.v[i]);
		else
			print_row(&app->out, &all.v[i]);
	}
	jw_end(&w);
	if (o->json)
		out_raw(&app->out, buf_str(&text));
	return NULL;
}

/* ---- show ---- */

struct show_opts {
	bool json;
};

static const struct opt show_table[] = {
	OPT_FLAG(0, "json", struct show_opts, json, "print JSON"),
	OPT_END,
};

static void
show_where(struct out *o, const struct pull *p)
{
	if (p->url != NULL) {
		out_line(o, str_of(p->url));
		out_printf(o, "\n");
	}
	if (!oid_is_zero(&p->theirs))
		out_printf(o, "somebody else committed to its branch: %.12s\n", oid_hex(&p->theirs).s);
	if (p->taken_by != NULL) {
		out_printf(o, "taken over by ");
		out_line(o, str_of(p->taken_by));
		out_printf(o, "\n");
	}
}

/* As Markdown, in which each word of theirs is quoted. */
static struct err *
show_reviews(struct app *app, int64_t number)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(2 * FEEDBACK_MAX);

	TRY(desk_open(app, &d));
	TRY(feedback_read(d.state, number, &text));
	if (text.n > 0)
		out_printf(&app->out, "\n%s", buf_cstr(&text));
	return NULL;
}

static struct err *
show(struct app *app, const void *opts, const struct args *args)
{
	const struct show_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(pull_free) struct pull p = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;

	TRY(repo_open(app->repo_path, &r));
	TRY(pull_arg(r, args->v[0], &p));
	if (o->json) {
		jw_init(&w, &text, true);
		put_pull(&w, &p);
		out_raw(&app->out, buf_str(&text));
		return NULL;
	}
	out_style(&app->out, STYLE_BOLD);
	out_printf(&app->out, "#%" PRId64 " ", p.number);
	out_line(&app->out, str_of(p.title));
	out_style(&app->out, STYLE_RESET);
	out_printf(&app->out, "\n%s; %s into %s; task %s, run %s\n", pull_state_name(p.state), p.branch, p.base,
	    p.task.s, p.run.s);
	if (p.reasons.n > 0)
		out_printf(&app->out, "review level %" PRId64 ": %s\n", p.level, level_word((enum level)p.level));
	show_where(&app->out, &p);
	out_printf(&app->out, "\n");
	out_printf(&app->out, "%s", p.body);
	return show_reviews(app, p.number);
}

/* ---- diff ---- */

struct diff_opts {
	bool stat;
};

static const struct opt diff_table[] = {
	OPT_FLAG(0, "stat", struct diff_opts, stat, "only which files changed, and by how many lines"),
	OPT_END,
};

/* Against the merge base: what the pull request itself changes. */
static struct err *
diff_ends(struct repo *r, const struct pull *p, struct oid *from, struct oid *to)
{
	AUTO(mem_free_p) char *rev = mem_printf("refs/heads/%s", p->base);
	struct commit c = {0};
	struct oid base, fork;

	if (p->state == PULL_MERGED) {
		TRY(commit_read(r, &p->landed, &c));
		fork = c.parents.n > 0 ? c.parents.v[0] : oid_zero;
		*to = c.tree;
		commit_free(&c);
		return commit_tree(r, &fork, from);
	}
	TRY(repo_resolve(r, rev, &base));
	TRY(commit_merge_base(r, &base, &p->head, &fork));
	TRY(commit_tree(r, &fork, from));
	return commit_tree(r, &p->head, to);
}

static struct err *
diff(struct app *app, const void *opts, const struct args *args)
{
	const struct diff_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(pull_free) struct pull p = {0};
	AUTO(buf_free) struct buf patch = BUF_INIT(DIFF_MAX);
	AUTO(diff_free) struct diff d = {0};
	struct oid from, to;
	bool cut = false;
	size_t i;

	TRY(repo_open(app->repo_path, &r));
	TRY(pull_arg(r, args->v[0], &p));
	TRY(diff_ends(r, &p, &from, &to));
	if (o->stat) {
		TRY(diff_trees(r, &from, &to, true, &d));
		for (i = 0; i < d.n; i++)
			out_printf(&app->out, "%c  +%-5zu -%-5zu %s\n", d.v[i].status, d.v[i].added, d.v[i].deleted,
			    d.v[i].path);
		return NULL;
	}
	TRY(diff_patch(r, &from, &to, NULL, &patch, &cut));
	if (app->out.tty)
		out_printf(&app->out, "%s", buf_cstr(&patch));
	else
		out_raw(&app->out, buf_str(&patch));
	return cut ? err_new(ERR_LIMIT, "the patch is larger than %zu bytes and was cut", DIFF_MAX) : NULL;
}

/* ---- merge ---- */

struct merge_opts {
	bool merge;
	bool rebase;
	bool squash;
	bool keep;
	bool protected_paths;
	struct opt_list override;
	const char *reason;
};

static const struct opt merge_table[] = {
	OPT_FLAG(0, "squash", struct merge_opts, squash, "one new commit (policy's merge.method is the default)"),
	OPT_FLAG(0, "merge", struct merge_opts, merge, "a merge commit"),
	OPT_FLAG(0, "rebase", struct merge_opts, rebase, "the commit itself, on the base as it is now"),
	OPT_FLAG('k', "keep-branch", struct merge_opts, keep, "do not delete the branch"),
	OPT_FLAG('p', "protected", struct merge_opts, protected_paths, "allow that protected paths change"),
	OPT_STRINGS(0, "override", "GATE", struct merge_opts, override, "land in spite of this gate, as its policy lets you"),
	OPT_STRING(0, "reason", "TEXT", struct merge_opts, reason, "why, for the record"),
	OPT_END,
};

static void
on_event(void *arg, enum line_event event UNUSED, const char *text)
{
	struct out *o = &((struct app *)arg)->note;

	out_line(o, str_of(text));
	out_printf(o, "\n");
	err_ignore(out_flush(o));
}

/* NULL without a forge; one that is meant and cannot be spoken to is told. */
static struct err *
open_outside(struct app *app, const struct line_opts *line, struct outside **out)
{
	AUTO(mem_free_p) char *why = NULL;

	TRY(outside_open(line, NULL, out, &why));
	if (why != NULL)
		on_event(app, LINE_NOTE, why);
	return NULL;
}

static struct err *
pick_method(struct repo *r, const struct merge_opts *o, enum merge_method *out)
{
	AUTO(policy_free) struct policy p = {0};

	if (o->squash + o->merge + o->rebase > 1)
		return err_new(ERR_USAGE, "--squash, --merge and --rebase exclude each other");
	TRY(policy_open(r, &p));
	*out = o->squash ? MERGE_SQUASH : o->merge ? MERGE_MERGE : o->rebase ? MERGE_REBASE : p.cfg.merge.method;
	return NULL;
}

/* A head that is new has our status at once. */
static struct err *
merge_there(struct outside *o, const struct land_opts *land, int64_t number, struct oid *landed)
{
	struct mirrored seen;
	bool caught_up;
	struct err *e = merge_outside(o, land, number, &caught_up, landed);

	if (caught_up)
		err_ignore(mirror(o, &seen));
	return e;
}

static struct err *
merge(struct app *app, const void *opts, const struct args *args)
{
	const struct merge_opts *o = opts;
	AUTO(desk_close) struct desk d = {0};
	struct line_opts line = {.unguarded = true, .cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = on_event, .arg = app};
	struct land_opts land = {.line = &line, .keep_branch = o->keep,
	    .protected_paths = o->protected_paths};
	struct opt_list names = o->override;
	AUTO(outside_close_p) struct outside *outside = NULL;
	AUTO(strs_free) struct strs override = {0};
	struct oid landed;
	int64_t number;
	size_t i;

	for (i = 0; i < names.n; i++)
		strs_add(&override, names.v[i]);
	vec_free(&names);
	if (override.n != 0 && (o->reason == NULL || o->reason[0] == '\0'))
		return err_new(ERR_USAGE, "--override needs a --reason: it goes on record");
	land.override = &override;
	land.reason = o->reason;
	TRY(desk_open(app, &d));
	TRY(number_arg(args->v[0], &number));
	TRY(pick_method(d.repo, o, &land.method));
	line.state = d.state;
	TRY(open_outside(app, &line, &outside));
	TRY(outside != NULL ? merge_there(outside, &land, number, &landed) : land_pull(&land, number, &landed));
	out_printf(&app->out, "pull request %" PRId64 " landed as %s\n", number, oid_hex(&landed).s);
	return NULL;
}

/* ---- approve ---- */

struct approve_flags {
	const char *gate;
	bool dismiss;
};

static const struct opt approve_table[] = {
	OPT_STRING(0, "gate", "NAME", struct approve_flags, gate, "for this gate alone; else for each that asks you"),
	OPT_FLAG(0, "dismiss", struct approve_flags, dismiss, "void the approvals that it has"),
	OPT_END,
};

static struct err *
approve(struct app *app, const void *opts, const struct args *args)
{
	const struct approve_flags *o = opts;
	AUTO(desk_close) struct desk d = {0};
	AUTO(strs_free) struct strs gates = {0};
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = on_event, .arg = app};
	struct approve_opts ao = {.line = &line, .gate = o->gate, .dismiss = o->dismiss};
	int64_t number;
	size_t i;

	TRY(desk_open(app, &d));
	TRY(number_arg(args->v[0], &number));
	line.state = d.state;
	TRY(approve_pull(&ao, number, &gates));
	for (i = 0; i < gates.n; i++)
		out_printf(&app->out, "pull request %" PRId64 ": %s for '%s'\n", number,
		    o->dismiss ? "no approval counts any more" : "approved", gates.v[i]);
	return NULL;
}

/* ---- close ---- */

static const struct opt close_table[] = {
	OPT_END,
};

static struct err *
close_one(struct app *app, const void *opts UNUSED, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = on_event, .arg = app};
	struct mirrored seen;
	int64_t number;

	TRY(desk_open(app, &d));
	TRY(number_arg(args->v[0], &number));
	line.state = d.state;
	TRY(close_pull(&line, number, NULL));
	out_printf(&app->out, "pull request %" PRId64 " is closed\n", number);
	return mirror_here(&line, &seen);
}

/* ---- sync ---- */

static const struct opt sync_table[] = {
	OPT_END,
};

static void
add_count(struct buf *b, size_t n, const char *what)
{
	if (n > 0)
		buf_addf(b, "%s%zu %s", b->n > 0 ? ", " : "", n, what);
}

static struct err *
sync_pulls(struct app *app, const void *opts UNUSED, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(outside_close_p) struct outside *outside = NULL;
	AUTO(sync_result_free) struct sync_result r = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = on_event, .arg = app};
	struct mirrored seen;
	size_t folded;

	TRY(desk_open(app, &d));
	line.state = d.state;
	TRY(open_outside(app, &line, &outside));
	if (outside == NULL)
		return err_hint(err_new(ERR_CONFIG, "there is no forge to bring in line"),
		    "set 'forge' in .factory/config.yml, and a token in the environment");
	if (state_remote(d.state) != NULL)
		TRY(publish(d.state, &r, &folded));
	TRY(mirror(outside, &seen));
	add_count(&text, seen.opened, "opened");
	add_count(&text, seen.adopted, "found");
	add_count(&text, seen.updated, "updated");
	add_count(&text, seen.closed, "closed there");
	add_count(&text, seen.reopened, "opened again there");
	add_count(&text, seen.landed, "merged there");
	add_count(&text, seen.revised, "to be revised");
	add_count(&text, seen.over, "closed with their task");
	add_count(&text, seen.merged, "merged");
	add_count(&text, seen.caught_up, "brought up to date");
	add_count(&text, seen.left, "not in line");
	out_printf(&app->out, "%s\n", text.n > 0 ? buf_cstr(&text) : "all is in line");
	return NULL;
}

/* ---- take ---- */

struct take_opts {
	bool checkout;
};

static const struct opt take_table[] = {
	OPT_FLAG('c', "checkout", struct take_opts, checkout, "check the branch out, too"),
	OPT_END,
};

static struct err *
take(struct app *app, const void *opts, const struct args *args)
{
	const struct take_opts *o = opts;
	AUTO(desk_close) struct desk d = {0};
	AUTO(mem_free_p) char *branch = NULL;
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = on_event, .arg = app};
	int64_t number;

	TRY(desk_open(app, &d));
	TRY(number_arg(args->v[0], &number));
	line.state = d.state;
	TRY(take_pull(&line, number, o->checkout, &branch));
	out_printf(&app->out, "'%s' is yours: the factory writes no more to it\n", branch);
	return NULL;
}

/* ---- thaw ---- */

static const struct opt thaw_table[] = {
	OPT_END,
};

static struct err *
thaw(struct app *app, const void *opts UNUSED, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	bool was;

	TRY(desk_open(app, &d));
	TRY(freeze_lift(d.state, &was));
	out_printf(&app->out, was ? "changes may land again\n" : "nothing was frozen\n");
	return NULL;
}

const struct verb cmd_pr[] = {
	{"pr", "list", "", "the open pull requests", list_table, sizeof(struct list_opts), NULL, 0, 0, VERB_PAGER, list},
	{"pr", "show", "NUMBER", "a pull request's description", show_table, sizeof(struct show_opts), NULL, 1, 1, VERB_PAGER, show},
	{"pr", "diff", "NUMBER", "what a pull request changes", diff_table, sizeof(struct diff_opts), NULL, 1, 1, VERB_PAGER, diff},
	{"pr", "merge", "NUMBER", "land a pull request on its base", merge_table, sizeof(struct merge_opts), NULL, 1, 1, 0, merge},
	{"pr", "approve", "NUMBER", "say yes where a gate asks people", approve_table, sizeof(struct approve_flags), NULL, 1, 1, 0, approve},
	{"pr", "close", "NUMBER", "close a pull request without landing it", close_table, 0, NULL, 1, 1, 0, close_one},
	{"pr", "take", "NUMBER", "take a pull request's branch over", take_table, sizeof(struct take_opts), NULL, 1, 1, 0, take},
	{"pr", "sync", "", "bring the forge's pull requests in line, and what people did there back", sync_table, 0, NULL, 0, 0, 0, sync_pulls},
	{"pr", "thaw", "", "let changes land again after an alarm", thaw_table, 0, NULL, 0, 0, 0, thaw},
	VERB_END,
};
