/*
 * jail.h - the sandbox: a bubblewrap command line, a filter of system calls
 * and limits, around everything that is not ours: tools, tests, agents.
 *
 * Inside there is: the workspace at JAIL_WORK, the only place that can be
 * written besides JAIL_TMP (sized) and /dev/shm (sized); /usr read-only and
 * /bin, /lib .. that point into it; /etc by allow-list, with a passwd of one
 * user; a new /proc of a new pid namespace; a minimal /dev; the loopback of
 * an empty network namespace.  HOME is JAIL_HOME.  Nothing else of this
 * machine: no home, no /run, no /sys, no other process, no environment but
 * the one named here, no capability, no new user namespace, no terminal, no
 * descriptor but 0, 1 and 2.  Its root never is root outside.
 *
 * When a jail is over, all that it started is dead: jail_run() and
 * jail_stop() return after the last process of its pid namespace has gone.
 *
 * bubblewrap(1) is started with an empty environment and takes its arguments
 * from a descriptor, so no value is seen in /proc by anyone.  System calls
 * that are refused answer EPERM (io_uring ENOSYS, sockets of families other
 * than unix, IPv4, IPv6 and netlink EAFNOSUPPORT); a foreign ABI is killed.
 */
#ifndef SYS_JAIL_H
#define SYS_JAIL_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "sys/proc.h"

struct err;
struct jail;
struct view;

#define JAIL_WORK "/factory"
#define JAIL_TMP "/tmp"
#define JAIL_HOME "/tmp/home"
#define JAIL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum jail_mode {
	JAIL_BWRAP,
	JAIL_NONE	/* by name and trusted only: commands run as they are */
};

/* What this machine and trusted policy allow; {0} is the tightest. */
struct jail_policy {
	enum jail_mode mode;
	bool host_network;
	struct strs read;	/* more readable paths, absolute; a missing one is an error */
	char *path;		/* PATH inside; NULL: JAIL_PATH */
	size_t tmp_bytes;	/* size of JAIL_TMP; 0: 1 GiB */
	long nproc;		/* processes and threads; 0: 1024 */
	long nofile;		/* descriptors; 0: 4096 */
	bool unguarded;		/* JAIL_NONE: nobody but us ends what a command leaves, should we be killed */
};

void jail_policy_free(struct jail_policy *p);	/* also for AUTO */

/* One more path to show inside. */
struct jail_bind {
	const char *from;	/* absolute */
	const char *to;		/* absolute; may lie under JAIL_WORK */
	bool write;
};

/*
 * One command; starts as {0}.  Borrowed until it was started, what 'arg' points
 * to until it is over.
 *
 * A lean one is a program of ours that needs its libraries and the workspace
 * and nothing else: it sees no /dev, no /etc, no scratch space.  Each mount
 * costs bubblewrap a part of a millisecond.
 */
struct jail_cmd {
	const char *const *argv;	/* argv[0] is looked up inside */
	const struct strs *env;		/* more "KEY=value"; NULL: none */
	const char *cwd;		/* relative to JAIL_WORK; NULL: JAIL_WORK */
	struct str input;		/* stdin; empty: /dev/null */
	bool pipes;			/* jail_start(): jail_in() and jail_out() */
	bool read_only;			/* the workspace cannot be written */
	bool lean;			/* see below */
	bool host_network;		/* for this command (setup), as policy's */
	bool err_to_out;
	bool shares;			/* not while the machine is another's alone: machine.h */
	const struct jail_bind *binds;	/* nbinds of them */
	size_t nbinds;
	int exe_fd;			/* kept open under its number; see jail_self() */
	size_t max_out;			/* as in proc.h */
	size_t tail;
	proc_output_fn on_output;
	void *arg;
	int64_t deadline_ms;		/* 0: none; then all is killed at once */
	int cancel_fd;
};

/*
 * Run to the end.  The result is the command's.  ERR_SANDBOX when the sandbox
 * could not be made, with bubblewrap's words and the remedy.
 */
struct err *jail_run(const struct jail_policy *policy, const struct view *view,
    const struct jail_cmd *cmd, struct proc_result *out) MUST_USE;

/* The same for one that goes on: the tool server, an agent with a pipe. */
struct err *jail_start(const struct jail_policy *policy, const struct view *view,
    const struct jail_cmd *cmd, struct jail **out) MUST_USE;

/*
 * jail_start() in two halves, for who has something else to do while
 * bubblewrap works: jail_launch() returns when it was started, jail_enter()
 * when the sandbox is there and the command was let go (again: nothing).
 * What bubblewrap cannot do is the second one's error.
 */
struct err *jail_launch(const struct jail_policy *policy, const struct view *view,
    const struct jail_cmd *cmd, struct jail **out) MUST_USE;
struct err *jail_enter(struct jail *j) MUST_USE;
int jail_in(const struct jail *j);
void jail_close_in(struct jail *j);	/* what runs inside reads the end */
int jail_out(const struct jail *j);

/* Wait for the end; out may be NULL. */
struct err *jail_wait(struct jail *j, struct proc_result *out) MUST_USE;

/* Of several that were started (n > 0), wait for the end of one: *which. */
struct err *jail_wait_any(struct jail *const *v, size_t n, size_t *which,
    struct proc_result *out) MUST_USE;

/* Kill everything in it, wait until it is gone, free.  NULL is fine. */
void jail_stop(struct jail *j);
void jail_stop_p(struct jail **j);	/* for AUTO */

/*
 * How to run this very program inside without showing its folder there: a
 * descriptor for exe_fd, and the path to put into argv[0] in 'path'.  Inside,
 * jail_close_self() closes it (and every other from 3 on) first thing.
 */
#define JAIL_SELF_PATH 32
struct err *jail_self(int *fd, char path[JAIL_SELF_PATH]) MUST_USE;
void jail_close_self(void);

/*
 * Try it: NULL when a command runs in a sandbox of this policy, else
 * ERR_SANDBOX with the exact remedy for this machine (bubblewrap missing;
 * user namespaces closed by AppArmor, a sysctl or a container).
 */
struct err *jail_check(const struct jail_policy *policy) MUST_USE;

#endif
