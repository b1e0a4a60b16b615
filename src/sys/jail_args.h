/*
 * jail_args.h - the bubblewrap command line of one jail; for sys/jail.c.
 */
#ifndef SYS_JAIL_ARGS_H
#define SYS_JAIL_ARGS_H

#include "base/buf.h"
#include "base/def.h"
#include "base/vec.h"
#include "sys/jail.h"

#define JAIL_FDS 32

/* Descriptors that bubblewrap inherits, under their numbers. */
struct jail_fds {
	int keep[JAIL_FDS + 1];	/* ended by -1 */
	size_t n;
	bool own[JAIL_FDS];	/* to be closed after the start */
};

struct jail_args {
	struct buf b;		/* options, each ended by NUL, for --args */
	struct jail_fds fds;
	struct strs stage;	/* paths that proc shows under PROC_STAGE */
	bool staging;
};

#define JAIL_ARGS_INIT {.b = BUF_INIT(MIB), .fds = {.keep = {-1}}}

/*
 * status_fd and block_fd are bubblewrap's --json-status-fd and --block-fd.
 * With staging, every path of this machine is taken as who we are, since the
 * uid that runs bubblewrap may not reach it.
 */
struct err *jail_args_make(struct jail_args *a, const struct jail_policy *policy,
    const struct view *view, const struct jail_cmd *cmd, int status_fd, int block_fd) MUST_USE;

/* A descriptor that reads the options; goes with the others. */
struct err *jail_args_fd(struct jail_args *a, int *fd) MUST_USE;

/* "KEY=value" of the command, in order; later ones win. */
void jail_env(const struct jail_policy *policy, const struct jail_cmd *cmd, bool jailed,
    struct strs *out);

void jail_args_free(struct jail_args *a);	/* closes what it owns; also for AUTO */

#endif
