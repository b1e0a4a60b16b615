/*
 * replay.h - do a recorded run over, without a model.
 */
#ifndef LINE_REPLAY_H
#define LINE_REPLAY_H

#include "base/def.h"
#include "git/oid.h"
#include "line/run.h"

struct err;
struct id;
struct run;

/*
 * From the run's base commit: the recorded answers are given again, file
 * tools are called again, what each command left is put in place, and the
 * result must be the record's tree to the bit.  Nothing of the repository
 * changes.  ERR_STATE when the run cannot be replayed (and why) or came out
 * otherwise; ERR_NOT_FOUND when its recording was pruned.
 */
struct err *line_replay(const struct line_opts *o, const struct run *record, struct oid *tree) MUST_USE;

#endif
