/*
 * cmd.h - what every subcommand is given, and how it announces itself.
 *
 * A file in cmd/ defines one array of verbs that ends in VERB_END; main.c
 * lists the arrays.  A verb parses nothing itself: its options arrive in the
 * struct that its table describes.  It prints through app->out (results) and
 * app->note (progress, remarks), returns an error or NULL, and never exits.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/clock.h"
#include "base/def.h"
#include "base/opts.h"
#include "base/out.h"

struct err;
struct strs;

struct app {
	struct clock clock;
	struct out out;		/* stdout */
	struct out note;	/* stderr */
	const char *repo_path;	/* for repo_open(): GIT_DIR as it was inherited, or NULL */
	const struct strs *folders;	/* for repo_read_too(): where git said that objects are */
	bool json;		/* --json was given: errors are JSON on stdout, too */
	int status;		/* for the exit, when another process has said why; 0: by the error */
};

enum verb_flag {
	VERB_PAGER = 1,		/* long output: goes through git's pager on a terminal */
	VERB_INTERNAL = 2	/* neither in help nor in completions */
};

struct verb {
	const char *noun;	/* "task": the word after "git factory" */
	const char *name;	/* "add": the second word, NULL when there is none */
	const char *args;	/* positional arguments of the synopsis, "" for none */
	const char *doc;	/* one line, lower case, no full stop */
	const struct opt *opts;
	size_t opts_size;	/* of the option struct */
	const void *defaults;	/* an option struct to start from, or NULL for zeroes */
	int min_args, max_args;	/* max -1: any number */
	unsigned flags;
	struct err *(*run)(struct app *app, const void *opts, const struct args *args);
};

#define VERB_END {.noun = NULL}

extern const struct verb cmd_config[];
extern const struct verb cmd_dispatcher[];
extern const struct verb cmd_doctor[];
extern const struct verb cmd_event[];
extern const struct verb cmd_gate[];
extern const struct verb cmd_verify[];
extern const struct verb cmd_gc[];
extern const struct verb cmd_hook[];
extern const struct verb cmd_init[];
extern const struct verb cmd_intake[];
extern const struct verb cmd_keeper[];
extern const struct verb cmd_log[];
extern const struct verb cmd_node[];
extern const struct verb cmd_plan[];
extern const struct verb cmd_pr[];
extern const struct verb cmd_replay[];
extern const struct verb cmd_receiver[];
extern const struct verb cmd_run[];
extern const struct verb cmd_serve[];
extern const struct verb cmd_show[];
extern const struct verb cmd_status[];
extern const struct verb cmd_publisher[];
extern const struct verb cmd_supervisor[];
extern const struct verb cmd_sync[];
extern const struct verb cmd_task[];
extern const struct verb cmd_trust[];
extern const struct verb cmd_work[];
extern const struct verb cmd_worker[];

#endif
