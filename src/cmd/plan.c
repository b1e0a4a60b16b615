/*
 * git factory plan - what may begin now, for machines that are given their work.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "line/plan.h"
#include "store/queue.h"
#include "wire/json.h"

#define MATRIX_MAX 256		/* jobs of one matrix, as GitHub Actions has it */

struct plan_words {
	int64_t max;
	const char *slack;
	bool claim;
	bool matrix;
	bool json;
};

static const struct opt plan_table[] = {
	OPT_NUMBER('n', "max", "N", struct plan_words, max, 1, MATRIX_MAX, "so many at most; 3 by default"),
	OPT_FLAG(0, "claim", struct plan_words, claim, "claim each for a run of another machine"),
	OPT_STRING(0, "slack", "SPAN", struct plan_words, slack, "how long that machine may take to begin, 1h by default"),
	OPT_FLAG(0, "matrix", struct plan_words, matrix, "print the matrix of a workflow, as JSON on one line"),
	OPT_FLAG(0, "json", struct plan_words, json, "print JSON"),
	OPT_END,
};

static const struct plan_words plan_defaults = {.max = 3, .slack = "1h"};

struct planner {
	struct app *app;
	const struct plan_words *words;
	struct jw w;
	bool any;
};

/* A matrix goes into expressions of a workflow: ids and numbers, and nothing that people wrote. */
static void
put(struct planner *p, const struct planned *t)
{
	jw_obj(&p->w);
	jw_kstr(&p->w, "task", t->task.s);
	if (t->run.s[0] != '\0')
		jw_kstr(&p->w, "run", t->run.s);
	jw_kint(&p->w, "attempt", t->attempt);
	jw_kint(&p->w, "minutes", (t->seconds + 59) / 60);
	if (!p->words->matrix)
		jw_kstr(&p->w, "title", t->title);
	jw_end(&p->w);
}

static void
on_planned(void *arg, const struct planned *t)
{
	struct planner *p = arg;
	struct out *o = &p->app->out;

	p->any = true;
	if (p->words->matrix || p->words->json) {
		put(p, t);
		return;
	}
	out_printf(o, "%s  ", t->task.s);
	if (t->run.s[0] != '\0')
		out_printf(o, "run %s  ", t->run.s);
	out_printf(o, "%3" PRId64 "m  ", (t->seconds + 59) / 60);
	out_cut(o, str_of(t->title), o->columns > 50 ? (size_t)o->columns - 36 : 40);
	out_printf(o, "\n");
}

static void
on_remark(void *arg, const char *text)
{
	struct planner *p = arg;

	out_printf(&p->app->note, "note: %s\n", text);
}

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && strcmp(value, "true") == 0;
}

/*
 * The CI's run that this job is of, which outlives what it claims for; NULL
 * outside of one.  Forgejo and Gitea call themselves GitHub.
 */
static char *
job_of_ci(void)
{
	bool gitlab = is_set("GITLAB_CI"), gitea = is_set("GITEA_ACTIONS") || is_set("FORGEJO_ACTIONS");
	const char *run = getenv(gitlab ? "CI_PIPELINE_ID" : "GITHUB_RUN_ID");
	const char *project = getenv(gitlab ? "CI_PROJECT_PATH" : "GITHUB_REPOSITORY");
	int64_t number;

	if (!gitlab && !is_set("GITHUB_ACTIONS"))
		return NULL;
	if (project == NULL || strpbrk(project, "# \n") != NULL || !str_int(str_of(run), 1, INT64_MAX, &number))
		return NULL;
	return mem_printf("%s:%s#%" PRId64, gitlab ? "gitlab" : gitea ? "gitea" : "github", project, number);
}

static struct err *
plan_now(struct app *app, const void *opts, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(mem_free_p) char *job = job_of_ci();
	const struct plan_words *words = opts;
	struct planner p = {.app = app, .words = words};
	struct plan_opts o = {.max = (size_t)words->max, .claim = words->claim, .job = job, .on_planned = on_planned,
	    .on_remark = on_remark, .arg = &p};
	struct id only;

	if (!clock_parse_span(words->slack, &o.slack))
		return err_new(ERR_USAGE, "--slack must be a span like 1h, not '%s'", words->slack);
	TRY(desk_queue(app, &d));
	o.state = d.state;
	if (args->n > 0) {
		TRY(queue_find(d.queue, args->v[0], &only));
		o.only = &only;
	}
	jw_init(&p.w, &text, words->json && !words->matrix);
	if (words->matrix) {
		jw_obj(&p.w);
		jw_key(&p.w, "include");
	}
	jw_list(&p.w);
	TRY(plan(&o));
	jw_end(&p.w);
	if (words->matrix) {
		jw_end(&p.w);
		buf_addc(&text, '\n');	/* on one line: a writer ends none of these */
	}
	if (words->matrix || words->json)
		out_raw(&app->out, buf_str(&text));
	else if (!p.any)
		return err_new(ERR_NOTHING_READY, "no task is ready to run");
	return NULL;
}

const struct verb cmd_plan[] = {
	{.noun = "plan", .args = "[ID]", .doc = "what may begin now, for machines that are given their work",
	    .opts = plan_table, .opts_size = sizeof(struct plan_words), .defaults = &plan_defaults, .max_args = 1,
	    .run = plan_now},
	VERB_END,
};
