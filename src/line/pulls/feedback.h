/*
 * feedback.h - what reviewers say of the factory's own pull requests.
 *
 * A review that asks for changes, or a remark on a line, by somebody who may
 * write to the project queues the task again: the next attempt is told all
 * that was said, as words of people and no orders, and delivers to the same
 * branch and pull request.  Policy bounds how often (merge.revisions); then a
 * person is asked.  What others say is not taken in.
 *
 * What was said, whether it asks for anything or not, and what reviewers
 * changed by their own hand is kept in the state, memory/reviews/<number>.md,
 * for later work of the same kind; 'git factory pr show' shows it.
 *
 * A review that nobody gives within the type's review_timeout is asked for
 * once more, in a comment; after as long again policy's merge.reviewers are
 * asked as well and the task needs a person.
 */
#ifndef LINE_PULLS_FEEDBACK_H
#define LINE_PULLS_FEEDBACK_H

#include "base/def.h"
#include "forge/forge.h"

struct buf;
struct err;
struct oid;
struct outside;
struct pull;
struct state;

#define FEEDBACK_MAX (64 * KIB)		/* bytes of all that one pull request is told */
#define FEEDBACK_WORD_MAX (4 * KIB)	/* of one review or remark */

/*
 * Take in what is new on an open pull request; nothing is asked of the forge
 * where nothing changed since.  The record is changed, and is the caller's to
 * note.  *revised counts tasks that were queued again; *deaf: the token may not
 * read what was said, which is told (LINE_NOTE).
 */
struct err *hear(struct outside *o, struct pull *p, const struct forge_pull *there, size_t *revised,
    bool *deaf) MUST_USE;

/*
 * ERR_STATE, with their name, while somebody who may write here asks for
 * changes, and has not approved since: whether the forge has a rule for that
 * or not.  What cannot be read, be it the reviews or whether who asks may
 * write, may be such a word: the forge's error, with the remedy.
 */
struct err *hear_objections(struct outside *o, const struct pull *p) MUST_USE;

/*
 * Somebody's commits on the branch, up to 'theirs', are kept likewise: how the
 * change differs from what was delivered.
 */
struct err *hear_edit(struct outside *o, const struct pull *p, const struct oid *theirs) MUST_USE;

/* What reviewers said of the pull request so far, appended; nothing is fine. */
struct err *feedback_read(struct state *s, int64_t number, struct buf *out) MUST_USE;

#endif
