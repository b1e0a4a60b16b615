#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/cli.h"
#include "git/repo.h"

struct words {
	VEC_FIELDS(const char *);
};

static void
words_free(struct words *w)
{
	vec_free(w);
}

/* Is "NAME=value" one of the names, which end with NULL? */
static bool
is_one_of(const char *var, const char *const *names)
{
	size_t n = strcspn(var, "=");

	for (; *names != NULL; names++)
		if (strlen(*names) == n && strncmp(*names, var, n) == 0)
			return true;
	return false;
}

/* Is it set to something else by one of these "KEY=value" words? */
static bool
is_set_by(const char *var, const char *const *words)
{
	size_t n = strcspn(var, "=") + 1;

	for (; words != NULL && *words != NULL; words++)
		if (strncmp(*words, var, n) == 0)
			return true;
	return false;
}

/* Ours, without what points elsewhere and without what we set. */
static void
make_env(struct words *env, const char *const *more)
{
	static const char *const set[] = {"GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=:", "GIT_MERGE_AUTOEDIT=no",
	    "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C"};
	static const char *const dropped[] = {"GIT_TERMINAL_PROMPT", "GIT_EDITOR", "GIT_MERGE_AUTOEDIT",
	    "GIT_OPTIONAL_LOCKS", "LC_ALL", "GIT_EXTERNAL_DIFF", "GIT_TRACE", NULL};
	char **var;
	size_t i;

	for (var = environ; *var != NULL; var++)
		if (!is_one_of(*var, repo_env_names()) && !is_one_of(*var, dropped) &&
		    !is_set_by(*var, more))
			vec_push(env, *var);
	for (i = 0; i < NITEMS(set); i++)
		vec_push(env, set[i]);
	for (; more != NULL && *more != NULL; more++)
		vec_push(env, *more);
	vec_push(env, NULL);
}

static void
make_argv(struct words *argv, const char *const args[])
{
	static const char *const first[] = {"git", "--no-pager", "-c", "gc.auto=0", "-c", "maintenance.auto=false"};
	static const char *const walls[] = {"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"};
	size_t i;

	for (i = 0; i < NITEMS(first); i++)
		vec_push(argv, first[i]);
	for (i = 0; i < NITEMS(walls) && defence_on(DEFENCE_GIT_CONFIG); i++)
		vec_push(argv, walls[i]);
	for (i = 0; args[i] != NULL; i++)
		vec_push(argv, args[i]);
	vec_push(argv, NULL);
}

struct err *
cli_start(const struct cli_opts *o, const char *const args[], struct proc **out)
{
	AUTO(words_free) struct words argv = {0};
	AUTO(words_free) struct words env = {0};
	struct proc_spec spec = {
		.cwd = o->dir,
		.cwd_fd = -1,
		.input = o->input,
		.max_out = o->max_out == 0 ? CLI_OUT_MAX : o->max_out,
		.deadline_ms = o->deadline_ms,
		.cancel_fd = o->cancel_fd,
		.outlives = o->outlives,
	};

	make_argv(&argv, args);
	make_env(&env, o->env);
	spec.argv = argv.v;
	spec.env = env.v;
	return proc_start(&spec, out);
}

struct err *
cli_run(const struct cli_opts *o, const char *const args[], struct proc_result *out)
{
	AUTO(proc_free_p) struct proc *p = NULL;

	TRY(cli_start(o, args, &p));
	return proc_wait(p, out);
}

struct err *
cli_ok(const struct cli_opts *o, const char *const args[], char **out)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(mem_free_p) char *what = mem_printf("git %s", args[0]);

	TRY(cli_run(o, args, &r));
	TRY(proc_check(&r, what));
	if (r.out.dropped > 0)
		return err_new(ERR_LIMIT, "'%s' printed more than %zu bytes", what, r.out.b.n);
	if (out != NULL)
		*out = buf_steal(&r.out.b);
	return NULL;
}

struct err *
cli_version(char **out)
{
	static const char *const args[] = {"version", NULL};
	struct cli_opts o = {0};
	AUTO(mem_free_p) char *text = NULL;
	struct str rest, word;

	TRY(cli_ok(&o, args, &text));
	rest = str_trim(str_of(text));
	if (!str_starts(rest, "git version "))
		return err_new(ERR_COMMAND, "'git version' says '%s'", text);
	rest = str_skip(rest, strlen("git version "));
	if (!str_next(&rest, ' ', &word))
		return err_new(ERR_COMMAND, "'git version' names no version");
	*out = str_dup(word);
	return NULL;
}
