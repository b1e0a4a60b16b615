/*
 * command.h - a gate of policy: a command, judged with what the base does.
 */
#ifndef GATE_COMMAND_H
#define GATE_COMMAND_H

#include "base/def.h"

struct conf_gate;
struct err;
struct outcome;
struct subject;
struct verdict;

/* What runs at this depth, borrowed from the gate. */
const char *command_of(const struct conf_gate *gate, bool fast);

/* Does the change touch any file that the gate is for? */
bool command_concerned(const struct subject *s, const struct conf_gate *gate);

/*
 * Judge.  '*out' (may be NULL) is what the command did, for the gate that
 * compares tests; it stays zero when the gate had nothing to do.
 */
struct err *command_judge(struct subject *s, const struct conf_gate *gate,
    struct verdict *v, struct outcome *out) MUST_USE;

/* Remember that it passed; unless its answers are steady, nothing of them. */
struct err *command_remember(const struct subject *s, const struct conf_gate *gate,
    const struct outcome *o, bool steady) MUST_USE;

#endif
