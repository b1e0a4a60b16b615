/*
 * What a hook calls: 'git factory hook run HOOK', with git's arguments and input.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/turn.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "conf/config.h"
#include "face/check.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/userconf.h"
#include "line/base.h"
#include "line/check.h"
#include "line/hooks/merged.h"
#include "line/hooks/message.h"
#include "line/hooks/receive.h"
#include "store/queue.h"
#include "store/state.h"
#include "sys/proc.h"
#include "sys/shared.h"
#include "sys/sigs.h"

#define REFS_MAX (16 * MIB)

/* ---- pre-push ---- */

struct push {
	struct app *app;
	struct repo *repo;
	struct base base;
	struct strs done;	/* what was gated already: "base commit" */
	size_t gated;
	struct err *failed;	/* the first one */
};

static void
on_event(void *arg, enum line_event event UNUSED, const char *text)
{
	struct app *app = arg;

	out_line(&app->note, str_of(text));
	out_printf(&app->note, "\n");
}

/*
 * A branch is gated on the base branch; the base branch itself on what the
 * remote has of it, else it would be compared with itself.
 */
static const struct oid *
base_for(const struct push *p, const char *remote_ref, const struct oid *remote)
{
	if (strcmp(remote_ref, p->base.ref) == 0 && !oid_is_zero(remote) &&
	    commit_exists(p->repo, remote))
		return remote;
	return &p->base.commit;
}

static struct err *
gate_one(struct push *p, const char *remote_ref, const struct oid *commit,
    const struct oid *remote)
{
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag(),
	    .on_event = on_event, .arg = p->app};
	struct check_opts co = {.repo = p->repo, .clock = &p->app->clock, .line = &line, .person = true};
	AUTO(mem_free_p) char *key = NULL;
	AUTO(check_free) struct check c = {0};
	struct oid_hex hex = oid_hex(base_for(p, remote_ref, remote));

	co.base = hex.s;
	key = mem_printf("%s %s", hex.s, oid_hex(commit).s);
	if (strs_has(&p->done, key))
		return NULL;
	strs_add(&p->done, key);
	out_printf(&p->app->note, "git factory gates %.12s for %s\n", oid_hex(commit).s, remote_ref);
	TRY(check_rev(&co, oid_hex(commit).s, &c));
	p->gated++;
	check_show(&p->app->note, &c);
	if (p->failed == NULL)
		p->failed = check_answer(&c);
	return NULL;
}

/* "<local ref> <local id> <remote ref> <remote id>" (githooks(5)). */
static struct err *
push_line(struct push *p, struct str line)
{
	struct str local, id, remote_ref, remote_id;
	AUTO(mem_free_p) char *name = NULL;
	struct oid commit, remote;

	if (!str_next(&line, ' ', &local) || !str_next(&line, ' ', &id) ||
	    !str_next(&line, ' ', &remote_ref) || !str_next(&line, ' ', &remote_id) ||
	    !oid_parse(id, &commit) || !oid_parse(remote_id, &remote))
		return err_new(ERR_SYNTAX, "git's list of pushed refs has a line that is none");
	/* Deletions, tags, notes and the factory's own refs change no branch. */
	if (oid_is_zero(&commit) || !str_starts(remote_ref, "refs/heads/") ||
	    str_is(remote_ref, REF_VIEW))
		return NULL;
	name = str_dup(remote_ref);
	return gate_one(p, name, &commit, &remote);
}

static struct err *
push_lines(struct push *p)
{
	AUTO(buf_free) struct buf text = BUF_INIT(REFS_MAX);
	struct str rest, line;

	TRY(file_read_fd(STDIN_FILENO, "stdin", &text));
	TRY(base_find(p->repo, NULL, &p->base));
	rest = buf_str(&text);
	while (str_line(&rest, &line))
		if (line.n != 0)
			TRY(push_line(p, line));
	return NULL;
}

static struct err *
pre_push(struct app *app, struct repo *r, const struct args *args UNUSED)
{
	struct push p = {.app = app, .repo = r};
	struct err *e;

	e = push_lines(&p);
	base_free(&p.base);
	strs_free(&p.done);
	if (e == NULL && p.failed != NULL)
		return err_hint(p.failed, "'git push --no-verify' pushes without the gates");
	err_free(p.failed);
	return e;
}

/* ---- pre-commit ---- */

/* Quick, so that it stays installed: what reads the change, and the commands that are meant for this. */
static struct err *
pre_commit(struct app *app, struct repo *r, const struct args *args)
{
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag()};
	struct check_opts co = {.repo = r, .clock = &app->clock, .line = &line, .person = true, .fast = true,
	    .quick = true};
	const char *index = args->n > 1 && args->v[1][0] != '\0' ? args->v[1] : NULL;
	AUTO(mem_free_p) char *branch = NULL;
	AUTO(check_free) struct check c = {0};
	struct oid head;
	struct err *e;

	TRY(repo_head(r, &branch, &head));
	if (oid_is_zero(&head))
		return NULL;
	TRY(check_index(&co, index, &c));
	e = check_answer(&c);
	if (e == NULL)
		check_tell(&app->note, &c);
	else
		check_show(&app->note, &c);
	return e == NULL ? NULL : err_hint(e, "'git commit --no-verify' commits without the gates");
}

/* ---- commit-msg ---- */

static struct err *
commit_msg(struct app *app, struct repo *r, const struct args *args)
{
	AUTO(strs_free) struct strs remarks = {0};
	struct err *e;
	size_t i;

	if (args->n < 2)
		return err_new(ERR_USAGE, "the file of the message is missing");
	e = hook_message(r, args->v[1], &remarks);
	for (i = 0; i < remarks.n; i++)
		out_printf(&app->note, "note: %s\n", remarks.v[i]);
	return e;
}

/* ---- post-commit, post-merge ---- */

static struct err *
tell_broken(const struct queue_row *row, void *arg, bool *more)
{
	struct app *app = arg;

	if (row->broken == NULL)
		return NULL;
	out_printf(&app->note, "note: %s\n", row->broken);
	*more = false;
	return NULL;
}

/* What was edited by hand on the branch of the tasks is taken in, and a mistake told at once. */
static struct err *
take_in(struct app *app, struct repo *r)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(mem_free_p) char *branch = NULL;
	struct oid head, state;

	TRY(ref_read(r, REF_STATE, &state));
	TRY(repo_head(r, &branch, &head));
	if (oid_is_zero(&state) || branch == NULL)
		return NULL;
	TRY(desk_open(app, &d));
	if (state_view(d.state) == NULL || strcmp(state_view(d.state), branch) != 0)
		return NULL;
	desk_close(&d);
	TRY(desk_queue(app, &d));
	return queue_each(d.queue, QUEUE_NOTED, tell_broken, app);
}

/* It is done: whatever goes wrong here is no reason to say so. */
static struct err *
post_commit(struct app *app, struct repo *r, const struct args *args UNUSED)
{
	err_ignore(take_in(app, r));
	return NULL;
}

static struct err *
post_merge(struct app *app, struct repo *r, const struct args *args)
{
	AUTO(buf_free) struct buf names = BUF_INIT(BUF_TEXT);
	struct err *e;

	err_ignore(take_in(app, r));
	/* A squash has committed nothing yet. */
	if (args->n > 1 && strcmp(args->v[1], "1") == 0)
		return NULL;
	e = hook_merged(r, &app->clock, &names);
	if (e == NULL && names.n > 0)
		out_printf(&app->note, "note: nothing proves what was merged here for %s: 'git factory gate --base ORIG_HEAD' "
		    "judges it before others get it\n", buf_cstr(&names));
	err_ignore(e);
	return NULL;
}

/* ---- pre-receive ---- */

static struct err *
read_pushes(struct pushes *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(PUSHES_MAX);

	TRY(file_read_fd(STDIN_FILENO, "stdin", &text));
	return pushes_read(buf_str(&text), out);
}

/* Who signed the push, where git says that it did so rightly (githooks(5), git-receive-pack(1)). */
static char *
signer_of_push(void)
{
	const char *status = getenv("GIT_PUSH_CERT_STATUS"), *nonce = getenv("GIT_PUSH_CERT_NONCE_STATUS");
	const char *signer = getenv("GIT_PUSH_CERT_SIGNER"), *from, *to;

	if (status == NULL || strcmp(status, "G") != 0 || nonce == NULL || strcmp(nonce, "OK") != 0 || signer == NULL)
		return NULL;
	/* gpg has "Ada <ada@example.org>", ssh the address alone. */
	from = strrchr(signer, '<');
	to = from == NULL ? NULL : strchr(from, '>');
	return to == NULL ? mem_strdup(signer) : mem_strndup(from + 1, (size_t)(to - from - 1));
}

static struct err *
pre_receive(struct app *app, struct repo *r, const struct args *args UNUSED)
{
	struct line_opts line = {.cancel_fd = sigs_fd(), .cancel = sigs_flag()};
	AUTO(mem_free_p) char *signer = signer_of_push();
	AUTO(pushes_free) struct pushes p = {0};
	AUTO(strs_free) struct strs remarks = {0};
	struct receive_opts o = {.repo = r, .clock = &app->clock, .line = &line, .signer = signer};
	size_t i, refused = 0;

	for (i = 0; i < app->folders->n; i++)
		repo_read_too(r, app->folders->v[i]);
	TRY(read_pushes(&p));
	TRY(receive_judge(&o, &p, &remarks));
	for (i = 0; i < remarks.n; i++)
		out_printf(&app->note, "note: %s\n", remarks.v[i]);
	for (i = 0; i < p.n; i++) {
		if (p.v[i].refused == NULL)
			continue;
		refused++;
		out_line(&app->note, str_of(p.v[i].ref));
		out_printf(&app->note, ": ");
		out_line(&app->note, str_of(p.v[i].refused));
		out_printf(&app->note, "\n");
	}
	return refused == 0 ? NULL : err_new(ERR_GATES_FAILED, "%zu of %zu refs may not be pushed, so nothing is taken", refused, p.n);
}

/* ---- post-receive ---- */

#define START_MARK "start"	/* below $GIT_COMMON_DIR/factory: tasks came, and nobody has looked at them yet */
#define START_LOCK "start.lock"
#define START_LOG "start.log"	/* what the last one said */
#define START_KEPT (64 * KIB)

/* Are there tasks in what was pushed? */
static bool
brings_tasks(const struct pushes *p, const char *view)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (!oid_is_zero(&p->v[i].new) && (strcmp(p->v[i].ref, REF_STATE) == 0 ||
		    (view != NULL && strcmp(p->v[i].ref, view) == 0)))
			return true;
	return false;
}

static struct err *
work_once(struct repo *r, const char *log)
{
	AUTO(proc_result_free) struct proc_result result = {0};
	const char *const argv[] = {proc_self(), "work", "--until-empty", "--slots=1", "--quiet", NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .max_out = START_KEPT,
	    .tail = START_KEPT / 2, .err_to_out = true, .cancel_fd = sigs_fd()};

	setenv("GIT_DIR", repo_gitdir(r), 1);
	TRY(proc_run(&spec, &result));
	TRY(file_replace(AT_FDCWD, log, buf_str(&result.out.b), 0600, false));
	return result.cancelled ? err_new(ERR_INTERRUPTED, "interrupted") : NULL;
}

static bool
take_mark(const char *mark)
{
	return unlink(mark) == 0;
}

/*
 * One of us works at a time: whoever comes meanwhile leaves the mark, and the
 * one at work looks for it once more when it has let go of the turn.
 */
static struct err *
start_work(struct repo *r)
{
	AUTO(mem_free_p) char *mark = NULL, *lock = NULL, *log = NULL;
	const char *dir;
	struct err *e;

	TRY(repo_factory_dir(r, &dir));
	mark = path_join(dir, START_MARK);
	lock = path_join(dir, START_LOCK);
	log = path_join(dir, START_LOG);
	TRY(file_replace(AT_FDCWD, mark, STR("1\n"), 0600, false));
	do {
		AUTO(fd_close_p) int fd = -1;

		e = turn_take(lock, 0, NULL, &fd);
		if (err_is(e, ERR_TIMEOUT)) {
			err_ignore(e);
			return NULL;
		}
		TRY(e);
		while (take_mark(mark))
			TRY(work_once(r, log));
	} while (access(mark, F_OK) == 0);
	return NULL;
}

/* The hook does not wait for this: it has let go of the pusher's connection. */
static struct err *
post_receive(struct app *app, struct repo *r, const struct args *args UNUSED)
{
	AUTO(pushes_free) struct pushes p = {0};
	AUTO(mem_free_p) char *start = NULL;
	AUTO(desk_close) struct desk d = {0};

	TRY(userconf_str(r, "factory.hook.start", &start));
	if (start == NULL || strcmp(start, "work") != 0)
		return NULL;
	TRY(read_pushes(&p));
	TRY(desk_open(app, &d));
	if (!brings_tasks(&p, state_view(d.state)))
		return NULL;
	desk_close(&d);
	/* Whoever ends the session of the push does not end this. */
	(void)setsid();
	return start_work(r);
}

/* ---- all ---- */

static const struct {
	const char *name;
	struct err *(*run)(struct app *app, struct repo *r, const struct args *args);
} runs[] = {
	{"pre-commit", pre_commit},
	{"commit-msg", commit_msg},
	{"post-commit", post_commit},
	{"post-merge", post_merge},
	{"pre-push", pre_push},
	{"pre-receive", pre_receive},
	{"post-receive", post_receive},
};

struct err *
hook_run(struct app *app, const void *opts UNUSED, const struct args *args)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	size_t i;

	for (i = 0; i < NITEMS(runs); i++) {
		if (strcmp(args->v[0], runs[i].name) != 0)
			continue;
		TRY(repo_open(app->repo_path, &r));
		return runs[i].run(app, r, args);
	}
	return err_new(ERR_USAGE, "there is no hook '%s'", args->v[0]);
}
