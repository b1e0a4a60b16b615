/*
 * proc.h - the one way to start a program.
 *
 * A child gets exactly what its spec says: that environment and no other,
 * descriptors 0, 1, 2 and those listed, default signals, a process group of
 * its own.  It dies with us (Linux).  Whatever it writes is drained, also
 * beyond the ceiling, so it never blocks on us and we never grow with it.
 * When it has ended, or its deadline passed, what is left of its process
 * group is killed; only a pid namespace (jail.h) catches those who left the
 * group.
 *
 * A spec starts as {0}: a descriptor of 0 or less means "none", NULL means
 * what the field says.  Everything in it is borrowed until proc_start()
 * returns, and 'input' until the child has ended.
 *
 *	const char *argv[] = {"git", "--version", NULL};
 *	struct proc_spec spec = {.argv = argv, .env = env, .max_out = MIB};
 *	AUTO(proc_result_free) struct proc_result r = {0};
 *	TRY(proc_run(&spec, &r));
 *	TRY(proc_check(&r, "git"));
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;
struct proc;

/* A limit that the child sets on itself: RLIMIT_*, soft and hard alike. */
struct proc_limit {
	int resource;
	uint64_t value;
};

/*
 * Rooms that the child enters before it runs the program, in this order:
 * copies of the 'stage' paths are taken (as who we are), the user and the
 * mount namespace are joined, the copies are mounted at PROC_STAGE/0, 1, ..
 * in a mount namespace of the child's own, groups are dropped, gid and uid
 * are taken (numbers as the joined user namespace counts).  Staging needs
 * root; it is for paths that the uid could not reach.  Linux only.
 */
#define PROC_STAGE "/media"
struct proc_enter {
	int userns_fd;
	int mntns_fd;
	const char *const *stage;	/* NULL-terminated, or NULL */
	bool set_ids;			/* take uid and gid */
	uid_t uid;
	gid_t gid;
};

typedef void (*proc_output_fn)(void *arg, int fd, const char *p, size_t n);

struct proc_spec {
	const char *const *argv;	/* argv[0] without '/': looked up in env's PATH */
	const char *const *env;		/* "KEY=value", complete; NULL: empty */
	const char *cwd;		/* NULL: ours, or cwd_fd */
	int cwd_fd;			/* cwd is relative to it */
	struct str input;		/* stdin; empty: /dev/null */
	bool pipe_in;			/* stdin is proc_in() instead */
	bool pipe_out;			/* stdout is proc_out() instead of captured */
	bool err_to_out;		/* stderr goes where stdout goes */
	bool inherit_err;		/* stderr is ours (git's progress on a terminal) */
	bool inherit_in;		/* stdin is ours (an editor, a credential prompt) */
	bool inherit_out;		/* stdout is ours */
	size_t max_out;			/* kept bytes of stdout, and of stderr */
	size_t tail;			/* of those, how many to keep from the end */
	proc_output_fn on_output;	/* all bytes as they come, fd 1 or 2; or NULL */
	void *arg;
	int64_t deadline_ms;		/* from the start; 0: none */
	int64_t grace_ms;		/* from TERM to KILL; 0: 2 s */
	int cancel_fd;			/* readable: stop as at the deadline (sigs_fd()) */
	const int *keep_fds;		/* inherited under their numbers, ended by -1 */
	const struct proc_limit *limits; /* nlimits of them */
	size_t nlimits;
	struct proc_enter enter;
	bool adopts;			/* its descendants stay below it: kin_adopt() */
	bool outlives;			/* does not die with us: it ends by itself */
	bool reaper;			/* who ends with us, or before, takes its descendants along: warden_between() */
	int warden_fd;			/* it says its pid there before it runs the program: warden.h */
};

/* Output over the ceiling: the first part and the tail, with a gap between. */
struct proc_output {
	struct buf b;
	size_t gap;		/* offset in b where bytes are missing */
	uint64_t dropped;	/* how many */
};

struct proc_result {
	int status;		/* exit status; 128 + signal when it was killed */
	int signal;		/* 0, or what killed it */
	bool timed_out;		/* the deadline passed */
	bool cancelled;		/* cancel_fd became readable */
	int64_t ms;		/* wall time */
	struct proc_output out;
	struct proc_output err;
};

/*
 * Run to the end.  ERR_COMMAND when the program is missing or cannot be
 * executed, with what to install in the hint; ERR_IO when a step before it
 * failed, naming the step.  A program that ran and failed, was killed or
 * timed out is a result, not an error: see proc_check().
 */
struct err *proc_run(const struct proc_spec *spec, struct proc_result *out) MUST_USE;

/*
 * NULL when it exited with 0.  Else ERR_COMMAND "'what' exited with status N:
 * first line of words on stderr", ERR_TIMEOUT, or ERR_INTERRUPTED.
 */
struct err *proc_check(const struct proc_result *r, const char *what) MUST_USE;

void proc_result_free(struct proc_result *r);	/* also for AUTO */

/* A copy of this process, without a program of its own: it ends when run(fd) returns.  Reap it. */
struct err *proc_copy(void (*run)(int fd), int fd, pid_t *out) MUST_USE;

/* A child that goes on while we do: start, talk, wait or kill, free. */
struct err *proc_start(const struct proc_spec *spec, struct proc **out) MUST_USE;
pid_t proc_pid(const struct proc *p);
int proc_in(const struct proc *p);	/* borrowed; -1 when closed */
int proc_out(const struct proc *p);
void proc_close_in(struct proc *p);	/* the child reads the end */

/*
 * Drain and wait.  Also closes proc_in() first.  deadline_ms counts from the
 * start of the child.
 */
struct err *proc_wait(struct proc *p, struct proc_result *out) MUST_USE;

/*
 * The same for several (n > 0), until one of them is over: *which.  The others
 * go on; what they write is kept for their turn.
 */
struct err *proc_wait_any(struct proc *const *v, size_t n, size_t *which,
    struct proc_result *out) MUST_USE;

/*
 * What this process does while it waits for a child that says nothing: fn(arg)
 * again and again until it is false, once for each wait.  It must be short, as
 * the child's end is seen after it, and wait for no child itself.  NULL: nothing.
 */
void proc_meanwhile(bool (*fn)(void *arg), void *arg);

/*
 * For a loop of one's own: readable once the child has ended, -1 where the
 * kernel has no such descriptor (then ask now and then).  Borrowed.
 */
int proc_ended_fd(const struct proc *p);
bool proc_ended(const struct proc *p);

/* Send the whole group a signal; a child that has ended is no error. */
void proc_kill(struct proc *p, int sig);

/*
 * How this very program is started again: for argv[0], which need not be
 * freed.  Linux; elsewhere the name that is looked up in env's PATH.
 */
const char *proc_self(void);

/* Kills (KILL) and reaps what still runs.  NULL is fine. */
void proc_free(struct proc *p);
void proc_free_p(struct proc **p);	/* for AUTO */

/*
 * Where 'name' is in a PATH-like list (absolute entries only), as a new
 * string; NULL when it is nowhere.  A name with '/' is itself if executable.
 */
char *proc_find(const char *path, const char *name) MUST_USE;

#endif
