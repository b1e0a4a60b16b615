/*
 * match.h - which machine a task may run on: what it needs against what the
 * machine has.
 *
 * Both are words.  A need is met by an equal label, letters counting without
 * their case.  Labels that the machine gives itself are "os:linux",
 * "arch:x86_64" and the same without what is before the colon, in the usual
 * spellings (x86_64 is amd64, aarch64 is arm64, darwin is macos).  A need
 * "tool:NAME" is also met by a program of that name, which the caller looks
 * for.  Pure.
 */
#ifndef MODEL_MATCH_H
#define MODEL_MATCH_H

#include "base/def.h"
#include "base/vec.h"

/* Is there a program of that name?  NULL where nobody can tell: there is not. */
typedef bool match_tool(void *arg, const char *name);

/* The first need that is not met, borrowed from 'needs'; NULL when all are. */
const char *match_missing(const struct strs *needs, const struct strs *have, match_tool *tool, void *arg);

/* Is this one met? */
bool match_need(const char *need, const struct strs *have, match_tool *tool, void *arg);

/*
 * The labels of a machine: those given (each may hold several, with commas or
 * blanks between), then its own for os and architecture as uname(2) names
 * them.  Nothing twice.
 */
void match_labels(const struct strs *given, const char *os, const char *arch, struct strs *out);

#endif
