/*
 * show.h - what the verbs about tasks and runs share: opening the factory of
 * the repository, and one way to show a task to a person or a program.
 */
#ifndef CMD_SHOW_H
#define CMD_SHOW_H

#include "base/def.h"
#include "base/opts.h"
#include "base/out.h"
#include "base/str.h"
#include "line/run.h"

struct after;
struct app;
struct args;
struct buf;
struct config;
struct err;
struct id;
struct jw;
struct kind;
struct queue;
struct queue_row;
struct repo;
struct run;
struct state;

/* What a verb works at; closes what is open. */
struct desk {
	struct repo *repo;
	struct state *state;
	struct queue *queue;	/* NULL until desk_queue() */
};

/*
 * Open the repository and its state, as policy says: the name of the view,
 * who commits.
 */
struct err *desk_open(struct app *app, struct desk *out) MUST_USE;
void desk_close(struct desk *d);	/* also for AUTO */

/* desk_open() and the queue; what the inbox had to say goes to app->note. */
struct err *desk_queue(struct app *app, struct desk *out) MUST_USE;

/* "running", "waiting", "held", "broken", else the state's own word. */
const char *row_word(const struct queue_row *row);

enum out_style word_style(const char *word);

/* One line of a list. */
void row_line(struct app *app, const struct queue_row *row);

/*
 * One object with all fields; with the body when it is asked for, and with
 * what kind of work it is (NULL, or one without a name: not told).
 */
void row_json(struct jw *w, struct queue *q, const struct queue_row *row, bool body,
    const struct kind *kind);

/* One line of a log, and the record as JSON is run_format()'s. */
void run_line(struct app *app, const struct run *r);

/* ---- what policy said, remembered ---- */

/*
 * To ask policy costs libgit2 and object reads, several times what the rest of
 * a small verb costs.  So what verbs need of it is kept in
 * $GIT_COMMON_DIR/factory/view for as long as HEAD, the base branch and the
 * user's config files stay what they are.
 */
struct said {
	char *head, *base, *tip, *config;	/* what it was read from */
	char *branch, *name, *email, *remote, *ttl;	/* what it says of the state; "" for nothing */
	char *node, *labels;	/* of this machine; labels with commas between */
	char *user;		/* the user's own words: lines of a key and of its value, in turn */
	char *policy;		/* the text of policy; "" for none */
};

/* The defaults in a repository that has no commit to hold a policy. */
struct err *said_learn(struct repo *r, struct said *out) MUST_USE;
void said_free(struct said *s);	/* also for AUTO */

/*
 * All of the configuration, for what only shows something (the types of
 * line/kind.h): nothing is checked for trust here.  The defaults where it
 * cannot be read, and for NULL.
 */
void said_config(struct repo *r, struct config *out);

/* ---- of 'serve' and its parts ---- */

struct hook_event;
struct hook_keys;

#define HOOK_KEY "FACTORY_WEBHOOK_SECRET"

/* The webhooks' keys, by the names of environment variables; none: HOOK_KEY. */
struct err *hook_keys_of(const struct opt_list *names, struct hook_keys **out) MUST_USE;

/*
 * What 'git factory event' does for an event of a sender ("github"), and
 * 'git factory intake' for NULL: with policy, trust and forge as they are at
 * the moment.
 */
struct err *intake_look(struct app *app, const char *sender, const struct hook_event *event,
    bool quiet) MUST_USE;

/* ---- what a hook of git calls ---- */

struct err *hook_run(struct app *app, const void *opts, const struct args *args) MUST_USE;

/* ---- parts of 'task' that fill files of their own ---- */

/*
 * The user's editor (as git chooses it) on a task's text.  What was written
 * is kept under $GIT_COMMON_DIR/factory/edit/ until edit_done(), and the next
 * edit of the task goes on from there: a text that is refused is not lost.
 */
struct err *edit_text(struct app *app, struct state *s, const struct id *id, struct str old,
    struct buf *new) MUST_USE;
void edit_done(struct state *s, const struct id *id);
char *edit_path(struct state *s, const struct id *id) MUST_USE;	/* the caller frees */

/* ERR_FINDINGS when a spec is vague or cannot be read. */
struct err *lint_file(struct app *app, const char *name, struct str text, bool json) MUST_USE;
/* The tasks of these ids, or all open ones. */
struct err *lint_queue(struct app *app, struct queue *q, const struct args *args, bool json) MUST_USE;

/* What "ID" or "ID:delivered" names, the id abbreviated or not. */
struct err *dep_find(struct queue *q, const char *entry, struct after *out) MUST_USE;

/* The task args[0] comes after args[1], ... (or no longer). */
struct err *dep_change(struct queue *q, const struct id *id, const struct args *args, bool remove) MUST_USE;
struct err *dep_show(struct app *app, struct queue *q, const struct id *id) MUST_USE;

/* What comes after what, drawn. */
struct graph_opts {
	bool all, dot, mermaid, json;
};
extern const struct opt graph_table[];
struct err *task_graph(struct app *app, const void *opts, const struct args *args) MUST_USE;

/* Many tasks as JSON lines. */
struct import_opts {
	bool dry, json;
};
extern const struct opt import_table[], export_table[];
struct err *task_import(struct app *app, const void *opts, const struct args *args) MUST_USE;
struct err *task_export(struct app *app, const void *opts, const struct args *args) MUST_USE;

/*
 * What happens next after a failure, "network: it goes on where it was, not
 * before TIME"; nothing where none is known.
 */
void next_text(const char *class, const char *next, int64_t retry_at, struct buf *out);

/* "name      value" for a person; nothing for an empty value. */
void field_line(struct out *o, const char *name, const char *value);

/* For line_opts.on_event, with the app as its argument: remarks go to app->note. */
void line_remark(void *app, enum line_event event, const char *text);

#endif
