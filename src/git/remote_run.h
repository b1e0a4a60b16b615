/*
 * remote_run.h - one run of the git program against a remote.  Private to
 * git/remote*.c.
 */
#ifndef GIT_REMOTE_RUN_H
#define GIT_REMOTE_RUN_H

#include "base/def.h"
#include "sys/proc.h"

struct err;
struct remote;
struct repo;

struct remote {
	struct repo *repo;	/* borrowed */
	char *name;
	char *read_from;	/* the name, or an address */
	char *shown;		/* the address without user and password */
	char *net;		/* git folder of its own for FETCH_HEAD and refs/worktree/ */
	int64_t deadline_ms;
	int cancel_fd;
	bool plain_ssh;		/* the user says nothing about how ssh is run */
};

/* Run "git ARGS...", 'args' ending with NULL; a failure of git is a result. */
struct err *remote_run(struct remote *m, const char *const args[], struct proc_result *out) MUST_USE;

/* The error of a run that failed; NULL for one that did not. */
struct err *remote_fault(const struct remote *m, const struct proc_result *r) MUST_USE;

#endif
