/*
 * cli.h - the git program, for what libgit2 does not do: a person's work
 * tree, the network, histories of shallow clones.
 *
 * It runs with the user's own configuration (credentials, ssh, filters) but
 * with hooks and the file system monitor off, without the variables that
 * name another repository (repo_env_names()), without prompts on a terminal,
 * and with messages in English, one of which may end up in ours.
 */
#ifndef GIT_CLI_H
#define GIT_CLI_H

#include "base/def.h"
#include "base/str.h"
#include "sys/proc.h"

struct err;

#define CLI_OUT_MAX (64 * MIB)

struct cli_opts {
	const char *dir;	/* where it runs: a work tree or git folder */
	struct str input;	/* its stdin; empty: none */
	int64_t deadline_ms;	/* 0: none */
	int cancel_fd;		/* as in proc_spec; 0: none */
	size_t max_out;		/* kept bytes of output; 0: CLI_OUT_MAX */
	const char *const *env;	/* "KEY=value" to set on top, NULL-terminated; or NULL */
	bool outlives;		/* ends what it began when we are killed, so that it leaves no lock */
};

/*
 * Run "git ARGS..." ('args' ends with NULL and leaves out "git").  A failure
 * of git itself is a result: see proc_check() or cli_ok().  ERR_COMMAND when
 * there is no git.
 */
struct err *cli_run(const struct cli_opts *o, const char *const args[],
    struct proc_result *out) MUST_USE;

/* ... and go on meanwhile: o->input is borrowed until proc_wait(). */
struct err *cli_start(const struct cli_opts *o, const char *const args[], struct proc **out) MUST_USE;

/* As cli_run(), and it must exit with 0; *out (may be NULL) is its output, to free. */
struct err *cli_ok(const struct cli_opts *o, const char *const args[], char **out) MUST_USE;

/* "2.39.5"; free it. */
struct err *cli_version(char **out) MUST_USE;

#endif
