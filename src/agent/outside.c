/*
 * An agent from outside: one command in the sandbox per turn, with the task
 * (and the evidence) on its standard input, or in a file where the command
 * line says {file}.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/arena.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "git/workspace.h"
#include "store/journal.h"
#include "sys/jail.h"
#include "wire/json.h"

#define STEP "outside agent"
#define TASK_FILE "/task.md"
#define OUTPUT_MAX (64 * KIB)
#define TOLD_MAX 1000	/* lines of a turn that are told while it runs; its end is kept anyway */
#define LINE_MAX_TOLD (4 * KIB)

struct outside {
	struct agent *a;
	char *file;		/* the task's text, for {file}; NULL */
	struct buf line;	/* of the output, as far as it is there */
	size_t told;		/* lines of this turn */
};

static struct err *
outside_open(struct agent *a, void **self)
{
	struct outside *o = mem_alloc(sizeof(*o));

	*o = (struct outside){.a = a, .line = BUF_INIT(LINE_MAX_TOLD)};
	*self = o;
	return NULL;
}

static void
drop_file(struct outside *o)
{
	if (o->file != NULL)
		unlink(o->file);
	free(o->file);
	o->file = NULL;
}

static void
outside_close(void *self)
{
	struct outside *o = self;

	drop_file(o);
	buf_free(&o->line);
	free(o);
}

static struct err *
write_task(struct outside *o, struct str text)
{
	const char *tmp = getenv("TMPDIR");
	AUTO(mem_free_p) char *path = mem_printf("%s/git-factory-task-XXXXXX", tmp != NULL ? tmp : "/tmp");
	AUTO(fd_close_p) int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return err_sys("cannot create '%s'", path);
	drop_file(o);
	o->file = STEAL(path);
	TRY(err_wrap(file_write_all(fd, text.p, text.n), "'%s'", o->file));
	/* The jailed user may be another one; the text is the task, no secret. */
	if (fchmod(fd, 0444) != 0)
		return err_sys("cannot open up '%s'", o->file);
	return NULL;
}

static void
tell_line(struct outside *o)
{
	const struct agent_job *job = agent_job_of(o->a);

	if (job->on_event != NULL && str_trim(buf_str(&o->line)).n > 0 && o->told++ < TOLD_MAX)
		job->on_event(job->arg, AGENT_SAYS, o->told < TOLD_MAX ? buf_str(&o->line) :
		    STR("... it says more, which is not shown"));
	buf_clear(&o->line);
}

/* A pipe gives what is there, not lines. */
static void
tell_text(struct outside *o, struct str text)
{
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		struct str piece = str_take(text, end != NULL ? (size_t)(end - text.p) : text.n);

		buf_addstr(&o->line, str_take(piece, LINE_MAX_TOLD - 1 - o->line.n));
		text = str_skip(text, piece.n + (end != NULL));
		if (end != NULL)
			tell_line(o);
	}
}

/* A secret may be cut anywhere in what a pipe gives at once. */
static void
say_output(void *arg, int fd UNUSED, const char *p, size_t n)
{
	struct outside *o = arg;
	const struct agent_job *job = agent_job_of(o->a);
	AUTO(buf_free) struct buf clean = BUF_INIT(BUF_TEXT);

	if (job->redact == NULL || !defence_on(DEFENCE_REDACT))
		buf_add(&clean, p, n);
	else
		redact_feed(job->redact, str_mk(p, n), &clean);
	tell_text(o, buf_str(&clean));
}

static void
say_rest(struct outside *o)
{
	const struct agent_job *job = agent_job_of(o->a);
	AUTO(buf_free) struct buf clean = BUF_INIT(BUF_TEXT);

	if (job->redact != NULL)
		redact_finish(job->redact, &clean);
	tell_text(o, buf_str(&clean));
	tell_line(o);
}

static struct err *
run_command(struct agent *a, struct outside *o, struct str text, struct proc_result *out)
{
	const struct agent_job *job = agent_job_of(a);
	struct jail_cmd cmd = {.cwd = job->cwd, .max_out = OUTPUT_MAX + REDACT_MARGIN,
	    .tail = OUTPUT_MAX / 2 + REDACT_MARGIN,
	    .err_to_out = true, .on_output = say_output, .arg = o, .cancel_fd = job->cancel_fd};
	struct jail_bind bind = {.to = TASK_FILE};
	VEC(const char *) argv = {0};
	struct err *e = NULL;
	size_t i;

	for (i = 0; job->command[i] != NULL; i++) {
		bool file = strcmp(job->command[i], "{file}") == 0;

		vec_push(&argv, file ? TASK_FILE : job->command[i]);
		cmd.nbinds = file ? 1 : cmd.nbinds;
	}
	vec_push(&argv, NULL);
	cmd.argv = argv.v;
	o->told = 0;
	if (cmd.nbinds == 0)
		cmd.input = text;
	else
		e = write_task(o, text);
	bind.from = o->file;
	cmd.binds = &bind;
	if (e == NULL)
		e = agent_time_left(a, &cmd.deadline_ms);
	if (job->turn_ms > 0 && job->turn_ms < cmd.deadline_ms)
		cmd.deadline_ms = job->turn_ms;
	cmd.env = job->env;
	if (e == NULL)
		e = jail_run(job->jail, workspace_view(job->ws), &cmd, out);
	say_rest(o);
	vec_free(&argv);
	drop_file(o);
	return e;
}

/* {"status": 0, "text": tail of the output, "tree": id} */
static struct err *
turn_live(struct agent *a, struct outside *o, struct str text, struct buf *json)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(buf_free) struct buf said = BUF_INIT(2 * OUTPUT_MAX);
	struct oid tree;
	struct jw w;

	TRY(agent_live(a));
	TRY(run_command(a, o, text, &r));
	if (r.cancelled)
		return err_new(ERR_INTERRUPTED, "stopped while the agent worked");
	if (r.timed_out)
		return err_hint(err_new(ERR_TIMEOUT, "the agent passed its deadline"), "raise limits.timeout, or the agent's timeout");
	TRY(agent_collect(a, true, &tree));
	redact_output(defence_on(DEFENCE_REDACT) ? agent_job_of(a)->redact : NULL, &r.out, OUTPUT_MAX, OUTPUT_MAX / 2,
	    &said);
	jw_init(&w, json, false);
	jw_obj(&w);
	jw_kint(&w, "status", r.status);
	jw_kstr(&w, "text", buf_cstr(&said));
	jw_kstr(&w, "tree", oid_hex(&tree).s);
	jw_end(&w);
	return NULL;
}

static struct err *
read_turn(struct agent *a, const struct node *n, bool recorded, struct agent_turn *out)
{
	const char *text = node_get_str(n, "text"), *tree = node_get_str(n, "tree");
	int64_t status = node_get_int(n, "status", -1);
	struct oid oid;

	if (text == NULL || tree == NULL || !oid_parse(str_of(tree), &oid))
		return node_err(n, "not an agent's outcome");
	if (recorded)
		agent_recorded(a, true, &oid);
	out->gave_up = out->broke = status != 0;
	out->text = status == 0 ? mem_strdup(text)
	    : mem_printf("the agent ended with exit status %d; its last words: %s", (int)status, text);
	return NULL;
}

static struct err *
outside_turn(struct agent *a, void *self, const char *evidence, struct agent_turn *out)
{
	const struct agent_job *job = agent_job_of(a);
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), json = BUF_INIT(BUF_TEXT);
	AUTO(arena_free) struct arena arena = {0};
	const struct node *recorded;
	struct node *fresh;

	TRY(journal_next(job->journal, STEP, &recorded));
	if (recorded != NULL)
		return read_turn(a, recorded, true, out);
	buf_addf(&text, "%s\n\n%s", job->system, job->prompt);
	if (evidence != NULL)
		buf_addf(&text, "\n\n%s", evidence);
	TRY(turn_live(a, self, buf_str(&text), &json));
	TRY(journal_put(job->journal, STEP, buf_str(&json)));
	TRY(json_parse(&arena, STEP, buf_str(&json), &fresh));
	return read_turn(a, fresh, false, out);
}

const struct agent_type agent_outside = {"command", outside_open, outside_turn, NULL, outside_close};
