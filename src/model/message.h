/*
 * message.h - the message of a commit in the making: what of the file that
 * git hands to a commit-msg hook will be the message.
 *
 * Facts: git-commit(1) --cleanup, git-stripspace(1), and the line of scissors
 * that 'git commit -v' puts above the diff.  Pure.
 */
#ifndef MODEL_MESSAGE_H
#define MODEL_MESSAGE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

/*
 * What begins a line of comment where core.commentChar is "auto" and git has
 * picked one that the message does not begin a line with: by the scissors,
 * else by the last line, where git puts its advice.  A literal.
 */
const char *message_mark(struct str file);

/*
 * Append the message: without what is below the scissors, with 'comments'
 * without the lines that begin with 'mark' ("#"), without blanks at the ends
 * of lines, empty lines at both ends, and all but one of those in a row.
 * Nothing when there is none.
 */
void message_clean(struct str file, const char *mark, bool comments, struct buf *out);

/* Will 'git rebase --autosquash' melt it into another ("fixup! ...")? */
bool message_melts(struct str message);

/* The id in "refs/heads/factory/<id>-..."; empty for other names. */
struct str message_task(struct str branch);

#endif
