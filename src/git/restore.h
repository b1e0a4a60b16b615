/*
 * restore.h - bring a pristine workspace to a recorded tree.
 */
#ifndef GIT_RESTORE_H
#define GIT_RESTORE_H

#include "base/def.h"

struct err;
struct oid;
struct repo;
struct workspace;

/*
 * The workspace holds 'from' and is to hold 'to': writes what differs, so
 * that workspace_changes() then tells exactly that.
 */
struct err *workspace_restore(struct repo *r, struct workspace *ws, const struct oid *from,
    const struct oid *to) MUST_USE;

#endif
