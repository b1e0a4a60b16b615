/*
 * proc_child.h - what happens between fork and exec; for sys/proc.c only.
 *
 * The plan is made by the parent, so that the child allocates nothing and
 * finds nothing missing: it only carries out, and reports the step that
 * failed through a pipe that a successful exec closes.
 */
#ifndef SYS_PROC_CHILD_H
#define SYS_PROC_CHILD_H

#include <sys/types.h>

#include "base/def.h"
#include "sys/proc.h"

enum child_step {
	CHILD_STDIO,
	CHILD_STAGE,
	CHILD_USERNS,
	CHILD_MNTNS,
	CHILD_IDS,
	CHILD_LIMITS,
	CHILD_CWD,
	CHILD_FDS,
	CHILD_PARENT,
	CHILD_WARDEN,
	CHILD_REAPER,
	CHILD_EXEC
};

struct child_failure {
	enum child_step step;
	int no;			/* errno */
};

struct child_plan {
	const struct proc_spec *spec;
	const char *path;	/* of the program */
	int stdio[3];		/* to become 0, 1, 2; all above 2 */
	int report;		/* write end, close-on-exec */
	pid_t parent;
	bool own_group;
	bool keep_all_fds;	/* DEFENCE_PROC_FDS is off */
	bool keep_all_env;	/* DEFENCE_PROC_ENV is off */
};

NORETURN void child_main(const struct child_plan *plan);

#endif
