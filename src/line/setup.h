/*
 * setup.h - workspace.setup: what a workspace needs before work starts
 * ("npm ci"), run once per content of the files that it depends on.
 *
 * On the base's files it runs before any agent sees them, with the network
 * and the secrets that trusted policy grants; on a change that alters the key
 * files it runs again with neither, for that tree alone.  The result is a
 * read-only layer, never committed.
 */
#ifndef LINE_SETUP_H
#define LINE_SETUP_H

#include "base/def.h"

struct err;
struct judge;
struct oid;
struct policy;

/*
 * *key names the layer for the tree, NULL when policy has no setup; free it.
 * 'trusted' says that the tree is a base's own.  ERR_DEPENDENCY with the last
 * words of a command that failed.
 */
struct err *setup_prepare(const struct judge *j, const struct policy *p, const struct oid *tree,
    bool trusted, char **key) MUST_USE;

/* The same without running anything: is the layer there? */
struct err *setup_find(const struct judge *j, const struct policy *p, const struct oid *tree,
    bool trusted, char **key, bool *found) MUST_USE;

#endif
