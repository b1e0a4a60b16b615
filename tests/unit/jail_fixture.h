/*
 * jail_fixture.h - what the tests of the sandbox share: a workspace, a folder
 * outside that only the sandbox keeps closed, and commands run inside.
 */
#ifndef JAIL_FIXTURE_H
#define JAIL_FIXTURE_H

#include "ws_test.h"

#include "sys/jail.h"
#include "sys/userns.h"

#define CANARY "sesame-open-7351"

struct ground {
	char *dir;		/* private, so that root must stage it */
	char *work;		/* the workspace */
	char *outside;		/* open to all: only the sandbox is in the way */
	struct view view;
	struct jail_policy policy;
};

static inline int
setup(void **state)
{
	struct ground *g = mem_alloc(sizeof(*g));
	uid_t uid;
	gid_t gid;

	unsetenv("GIT_FACTORY_TEST_OFF");
	umask(022);
	userns_owner(&uid, &gid);
	g->dir = scratch_make();
	g->work = path_join(g->dir, "work");
	g->outside = scratch_make();
	assert_int_equal(chmod(g->outside, 0777), 0);
	assert_int_equal(mkdir(g->work, 0755), 0);
	assert_int_equal(chown(g->work, uid, gid), 0);
	g->view = (struct view){.path = g->work, .userns_fd = -1, .mntns_fd = -1, .uid = uid, .gid = gid};
	*state = g;
	return 0;
}

static inline int
teardown(void **state)
{
	struct ground *g = *state;

	unsetenv("GIT_FACTORY_TEST_OFF");
	jail_policy_free(&g->policy);
	scratch_free(g->dir);
	scratch_free(g->outside);
	free(g->work);
	free(g);
	return 0;
}

static inline struct proc_result
inside(struct ground *g, struct jail_cmd cmd, const char *script)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	struct proc_result r = {0};

	cmd.argv = argv;
	if (cmd.max_out == 0)
		cmd.max_out = MIB;
	OK(jail_run(&g->policy, &g->view, &cmd, &r));
	return r;
}

/* Exit status and output at once. */
static inline void
says_with(struct ground *g, struct jail_cmd cmd, const char *script, int status, const char *out)
{
	struct proc_result r;

	cmd.err_to_out = true;
	r = inside(g, cmd, script);
	assert_string_equal(buf_cstr(&r.out.b), out);
	assert_int_equal(r.status, status);
	proc_result_free(&r);
}

static inline void
says(struct ground *g, const char *script, int status, const char *out)
{
	says_with(g, (struct jail_cmd){0}, script, status, out);
}

#endif
