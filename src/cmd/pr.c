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
#include "line/land.h"
#include "line/policy.h"
#include "model/level.h"
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
	jw_kstr(w, "url", p->url);
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
	out_printf(o, "\n");
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
	buf_addc(&text, '\n');
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
		buf_addc(&text, '\n');
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
	out_printf(&app->out, "\n");
	out_printf(&app->out, "%s", p.body);
	return NULL;
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

static struct err *
merge(struct app *app, const void *opts, const struct args *args)
{
	const struct merge_opts *o = opts;
	AUTO(desk_close) struct desk d = {0};
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(), .on_event = on_event, .arg = app};
	struct land_opts land = {.line = &line, .keep_branch = o->keep,
	    .protected_paths = o->protected_paths};
	struct opt_list names = o->override;
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
	TRY(land_pull(&land, number, &landed));
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
close_pull(struct app *app, const void *opts UNUSED, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	struct line_opts line = {.arg = app};
	int64_t number;

	TRY(desk_open(app, &d));
	TRY(number_arg(args->v[0], &number));
	line.state = d.state;
	TRY(land_close(&line, number));
	out_printf(&app->out, "pull request %" PRId64 " is closed\n", number);
	return NULL;
}

const struct verb cmd_pr[] = {
	{"pr", "list", "", "the open pull requests", list_table, sizeof(struct list_opts), NULL, 0, 0, VERB_PAGER, list},
	{"pr", "show", "NUMBER", "a pull request's description", show_table, sizeof(struct show_opts), NULL, 1, 1, VERB_PAGER, show},
	{"pr", "diff", "NUMBER", "what a pull request changes", diff_table, sizeof(struct diff_opts), NULL, 1, 1, VERB_PAGER, diff},
	{"pr", "merge", "NUMBER", "land a pull request on its base", merge_table, sizeof(struct merge_opts), NULL, 1, 1, 0, merge},
	{"pr", "approve", "NUMBER", "say yes where a gate asks people", approve_table, sizeof(struct approve_flags), NULL, 1, 1, 0, approve},
	{"pr", "close", "NUMBER", "close a pull request without landing it", close_table, 0, NULL, 1, 1, 0, close_pull},
	VERB_END,
};
