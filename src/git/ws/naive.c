/*
 * What comes of letting git read the files that an agent left, for the
 * hostile tests.  Nothing in git-factory does this, so there is no defence to
 * turn off: their switches turn the naive way on, beside what is done anyway.
 */
#include "git/ws/priv.h"

/* Empty in a released binary. */
#ifdef FACTORY_TESTING

#include "base/defence.h"
#include "base/err.h"
#include "sys/jail.h"
#include "sys/proc.h"

#define OUTPUT_MAX (64 * KIB)

/* As the jailed user and with this user's git config, but in no sandbox. */
static void
run(const struct workspace *ws, const char *script)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	struct jail_policy bare = {.mode = JAIL_NONE};
	struct jail_cmd cmd = {.argv = argv, .max_out = OUTPUT_MAX, .deadline_ms = 20000};
	AUTO(proc_result_free) struct proc_result r = {0};

	err_ignore(jail_run(&bare, &ws->view, &cmd, &r));
}

void
ws_naive(const struct workspace *ws)
{
	static const struct {
		enum defence defence;
		const char *script;
	} ways[] = {
		/* Ask the .git that the agent had what was changed. */
		{DEFENCE_GIT_DIR, "git status"},
		/* A git folder of our own, but the agent's attributes and the user's drivers. */
		{DEFENCE_GIT_ATTRS, "d=$(mktemp -d) && git init -q --bare $d && export GIT_DIR=$d GIT_WORK_TREE=. &&"
		    " git add -A && git diff --cached; rm -rf $d"},
		/* Fetch the submodules that it names, by whatever protocol. */
		{DEFENCE_PROTOCOLS, "git -c protocol.allow=always submodule update --init"},
	};
	size_t i;

	for (i = 0; i < NITEMS(ways); i++)
		if (!defence_on(ways[i].defence))
			run(ws, ways[i].script);
}

#else

typedef int ws_naive_nothing;

#endif
