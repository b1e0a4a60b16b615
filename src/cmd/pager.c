#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "cmd/cmd.h"
#include "cmd/pager.h"
#include "sys/proc.h"

#define NAME_MAX_BYTES (4 * KIB)

static struct err *
pager_name(char **out)
{
	static const char *const argv[] = {"git", "var", "GIT_PAGER", NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .max_out = NAME_MAX_BYTES};
	AUTO(proc_result_free) struct proc_result r = {0};

	TRY(proc_run(&spec, &r));
	TRY(proc_check(&r, "git var GIT_PAGER"));
	*out = str_dup(str_trim(buf_str(&r.out.b)));
	return NULL;
}

/* NULL-terminated; the strings are borrowed. */
static void
pager_env(const char ***out)
{
	VEC(const char *) env = {0};
	char **e;

	for (e = environ; *e != NULL; e++)
		vec_push(&env, *e);
	if (getenv("LESS") == NULL)
		vec_push(&env, "LESS=FRX");
	if (getenv("LV") == NULL)
		vec_push(&env, "LV=-c");
	vec_push(&env, NULL);
	*out = env.v;
}

struct err *
pager_start(struct app *app, struct proc **out)
{
	AUTO(mem_free_p) char *name = NULL;
	AUTO(mem_free_p) const char **env = NULL;
	const char *argv[] = {"sh", "-c", NULL, NULL};
	struct proc_spec spec = {.argv = argv, .pipe_in = true, .inherit_out = true, .inherit_err = true};

	TRY(pager_name(&name));
	if (name[0] == '\0' || strcmp(name, "cat") == 0)
		return NULL;
	pager_env(&env);
	argv[2] = name;
	spec.env = env;
	TRY(proc_start(&spec, out));
	app->out.fd = proc_in(*out);
	/* It is no terminal any more: whole pages, not lines; colours stay. */
	app->out.tty = false;
	return NULL;
}

void
pager_end(struct app *app, struct proc *p)
{
	if (p == NULL)
		return;
	err_ignore(out_flush(&app->out));
	err_ignore(proc_wait(p, NULL));
	proc_free(p);
	app->out.fd = STDOUT_FILENO;
}
