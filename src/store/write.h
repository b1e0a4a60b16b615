/*
 * write.h - how a commit of the state is written: for store/ only.
 */
#ifndef STORE_WRITE_H
#define STORE_WRITE_H

#include "base/def.h"
#include "store/state.h"

struct err;
struct ident;
struct oid;
struct txn;

/* Who commits to the state; ident_free() it. */
struct err *state_ident(const struct state *s, struct ident *out) MUST_USE;

struct err *state_commit(const struct state *s, const struct oid *tree, const struct oid *parents,
    size_t n, const char *message, struct oid *out) MUST_USE;

/*
 * Run 'build' over the state of the commit 'tip' and write what comes of it,
 * but move nothing: *new is the commit, or 'tip' when no file changed, and
 * *refs the other refs that the step named, to be freed.
 */
struct err *state_make(struct state *s, const struct oid *tip, const char *message,
    state_build *build, void *ctx, struct oid *new, struct txn *refs) MUST_USE;

/*
 * Add the move of the view from wherever it is to 'new', the successor of
 * 'tip'; nothing where it may not be moved.
 */
struct err *state_add_view(const struct state *s, const struct oid *tip, const struct oid *new,
    struct txn *txn) MUST_USE;

/* How long a writer of the state goes on losing to others (see git/race.h). */
#define STATE_RACE_MS 60000

#endif
