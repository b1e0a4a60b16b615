/*
 * command.h - a gate of policy: a command, judged with what the base does.
 */
#ifndef GATE_RUN_COMMAND_H
#define GATE_RUN_COMMAND_H

#include "base/def.h"

struct conf_gate;
struct err;
struct exec_spec;
struct outcome;
struct subject;
struct verdict;

/* What runs at this depth, borrowed from the gate; and how, on the subject's tree. */
const char *command_of(const struct conf_gate *gate, bool fast);
struct exec_spec command_spec(const struct subject *s, const struct conf_gate *gate,
    const char *command);

/* Does the change touch any file that the gate is for? */
bool command_concerned(const struct subject *s, const struct conf_gate *gate);

/*
 * The same command passed on the same content before: as this very gate's fast
 * form, or when the tree was another change's base.  A failure is not recalled,
 * for what it printed is not kept.
 */
struct err *command_recall(const struct subject *s, const struct exec_spec *spec,
    struct outcome *out, bool *found) MUST_USE;

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
