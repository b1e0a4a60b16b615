/*
 * context.h - what an agent is told: who it is, what the project's rules are,
 * what is wanted, and what is there.
 *
 * Role and conventions are files of the base commit (policy's prompt.roles
 * and prompt.conventions); an agent cannot change the rules that it works
 * under.  The same task on the same base gives the same bytes, which a
 * recorded session depends on.
 */
#ifndef AGENT_CONTEXT_H
#define AGENT_CONTEXT_H

#include "base/buf.h"
#include "base/def.h"

struct config;
struct err;
struct oid;
struct repo;
struct task;

#define CONTEXT_FILE_MAX (64 * KIB)	/* role, conventions: each */
#define CONTEXT_PATHS_MAX 400		/* files that are listed */

/*
 * 'role' is the file's name without ".md" ("implementer"); without such a
 * file the built-in role is used.  ERR_LIMIT for a file over its ceiling.
 */
struct err *context_system(struct repo *r, const struct oid *tree, const struct config *c,
    const char *role, struct buf *out) MUST_USE;

/* The task, how it is going to be proven, and the files of the base. */
struct err *context_prompt(struct repo *r, const struct oid *tree, const struct config *c,
    const struct task *task, struct buf *out) MUST_USE;

#endif
