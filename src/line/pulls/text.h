/*
 * text.h - what a pull request says.
 *
 * The text is made of what we know and of what others wrote: the agent's
 * account of its work, gates' summaries, names of files.  What others wrote
 * is quoted: it cannot end the quotation or the table that it stands in, and
 * it holds no tags, comments or pictures.  Each part has a ceiling.
 *
 * On a forge a text does more than say something: it calls people (@name),
 * closes issues ("fixes #1"), and what looks like our marker would be taken
 * for ours.  So all of it is made inert before it goes there, and only then
 * what is meant to work is added: the link to the issue and the marker.
 */
#ifndef LINE_PULLS_TEXT_H
#define LINE_PULLS_TEXT_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct oid;
struct pull;
struct run;
struct strs;

#define PULL_BODY_MAX (60 * KIB)	/* bytes; GitHub takes 65,536 characters */
#define PULL_TITLE_MAX 200		/* bytes */
#define PULL_SUMMARY_MAX (16 * KIB)
#define PULL_GATES_MAX 100		/* rows of the table */
#define PULL_CELL_MAX 300		/* bytes */
#define PULL_REMARKS_MAX 50
#define PULL_NOTIFY_MAX 20
#define PULL_ROLLBACK_MAX (4 * KIB)

/*
 * The description of a run's change, in Markdown: what the agent says that it
 * did, remarks, the gates, the level and its reasons, the run and its cost.
 */
void pull_describe(const struct run *rec, const char *summary, const struct strs *remarks,
    int64_t level, const struct strs *reasons, struct buf *out);

/*
 * When to take the change back: the signals of its type's policy, and what the
 * task has under a heading "Rollback".  Nothing where there is neither.
 */
void pull_add_rollback(const struct strs *signals, const char *task, struct buf *out);

/*
 * Append text that calls nobody and closes nothing, in Markdown; 'plain' is
 * for titles and commit messages, where no markup can hide what breaks it.
 */
void pull_inert(struct str text, bool plain, struct buf *out);

/*
 * What the forge is to show: description, how to take over and to reproduce,
 * the issue that it was made for, who is to know of it and the marker.
 * 'issue' is the task's ("github:owner/name#42", "" for none): one of the same
 * project is closed when this lands.  'notify' (may be NULL) is its type's:
 * "@ada" and "@acme/ops" are called by it, anything else is named.
 */
void pull_title_outside(const struct pull *p, struct buf *out);
void pull_body_outside(const struct pull *p, const char *issue, const char *project,
    const struct strs *notify, struct buf *out);

/* What an open one waits for before it lands, a line; nothing for another. 'automatic': policy lets some land by themselves. */
void pull_waits(const struct pull *p, bool automatic, struct buf *out);

/* Why one is closed there whose task is over: 'why' is a person's word. */
void pull_over_outside(const char *task, const char *why, struct buf *out);

/* The line that says whose it is: "<!-- git-factory:task=k3xq7abc -->". */
char *pull_marker(const char *task) MUST_USE;

/*
 * A number for title and body that is the same when a forge changed
 * nothing but line ends and white space at the ends of lines.
 */
struct err *pull_hash(const char *title, const char *body, struct oid *out) MUST_USE;

#endif
