/*
 * remote_run.h - one run of the git program against a remote.  Private to
 * git/remote*.c.
 */
#ifndef GIT_REMOTE_RUN_H
#define GIT_REMOTE_RUN_H

#include "base/def.h"
#include "base/str.h"
#include "git/oid.h"
#include "sys/proc.h"

struct err;
struct refs;
struct remote;
struct repo;

struct remote {
	struct repo *repo;	/* borrowed */
	char *name;
	char *read_from;	/* the name, or an address */
	char *shown;		/* the address without user and password */
	char *named;		/* likewise, as written, where that names a host; else NULL */
	char *net;		/* git folder of its own for FETCH_HEAD and refs/worktree/ */
	int64_t deadline_ms;
	int cancel_fd;
	bool plain_ssh;		/* the user says nothing about how ssh is run */
};

/* Run "git ARGS...", 'args' ending with NULL; a failure of git is a result. */
struct err *remote_run(struct remote *m, const char *const args[], struct proc_result *out) MUST_USE;

/* The error of a run that failed; NULL for one that did not. */
struct err *remote_fault(const struct remote *m, const struct proc_result *r) MUST_USE;

/* ---- lists of refs ---- */

int refs_order(const void *a, const void *b);	/* by name, for vec_sort() */
void refs_add(struct refs *refs, struct str name, const struct oid *oid);	/* copies */
bool ref_is_pattern(const char *name);	/* ends in a star */
/* Does the pattern, or full name, take this one? */
bool ref_taken(const char *pattern, const char *name);

#endif
