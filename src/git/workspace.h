/*
 * workspace.h - the files of one commit, to be changed by somebody who is not
 * trusted, and the change read back.
 *
 * Two ways behind one face.  Overlay: the base's files (a slot under
 * factory/base/, kept from run to run and moved by tree diff) and the results
 * of setup are read-only lower layers; what is changed lies in memory, is the
 * change, and is gone with this process.  Pool: a checkout under
 * factory/pool/, locked for the run, reset and never removed.
 *
 * The user's checkout, index, refs and config are never touched, and the
 * workspace's own .git is a throw-away repository with HEAD at the base that
 * nothing here ever reads.  Attributes and ignore rules are the base tree's
 * alone.  No filter program runs.
 *
 * Not for two threads; several workspaces at once, in one process or many,
 * are fine.
 */
#ifndef GIT_WORKSPACE_H
#define GIT_WORKSPACE_H

#include "base/def.h"
#include "base/vec.h"
#include "git/oid.h"
#include "git/tree.h"
#include "sys/userns.h"

struct err;
struct repo;
struct workspace;

enum ws_kind {
	WS_AUTO,	/* overlay where the machine can, else pool */
	WS_OVERLAY,
	WS_POOL
};

/* Ceiling of what may be written, when opts name none. */
#define WS_BYTES ((size_t)4 << 30)
/* A larger single file is not collected but reported as refused. */
#define WS_FILE_MAX ((size_t)256 << 20)

struct workspace_opts {
	struct oid commit;	/* HEAD of the throw-away repository; zero: unborn */
	struct oid tree;	/* the files; zero: the commit's tree */
	enum ws_kind kind;
	size_t bytes;		/* overlay: ceiling of what is written; 0: WS_BYTES */
	const char *setup;	/* key of a saved setup layer, or NULL */
	bool submodules;	/* leave their folders empty; else they are refused */
	bool lfs;		/* leave the pointers of Git LFS; else they are refused */
};

/*
 * Open a workspace holding exactly the tree's files.  A process that died
 * with one open left nothing but a slot that is free again.
 *
 * ERR_REPOSITORY for submodules and Git LFS pointers that the opts do not
 * allow, with the keys of policy that say so, and for a tree with a path that
 * no checkout may have.  ERR_SANDBOX when kind is WS_OVERLAY and it cannot be
 * had.  ERR_NOT_FOUND when the setup layer is not there.
 */
struct err *workspace_open(struct repo *r, const struct workspace_opts *o,
    struct workspace **out) MUST_USE;
void workspace_close(struct workspace *ws);
void workspace_close_p(struct workspace **ws);	/* for AUTO */

enum ws_kind workspace_kind(const struct workspace *ws);
/* Why WS_AUTO did not take the overlay; NULL when it did.  Borrowed. */
const char *workspace_reason(const struct workspace *ws);

/*
 * How a child sees the workspace: borrowed, valid until workspace_reset() or
 * workspace_close().
 */
const struct view *workspace_view(const struct workspace *ws);

/*
 * The workspace's folder for reading from outside (gate reports): resolve
 * below it with sys/beneath.h only.  Borrowed, valid as the view is.
 */
int workspace_dirfd(const struct workspace *ws);

/* What was found and not taken; paths are raw bytes, sorted. */
struct ws_report {
	struct strs ignored;	/* new, and the base's .gitignore names them; folders end in '/' */
	struct strs refused;	/* "path: why": special files, nested .git, forbidden names, size */
};
void ws_report_free(struct ws_report *rep);

/*
 * The change since the base: one edit per path, sorted, blobs written.  Files
 * whose content is as the base has it are no change, whatever was done to
 * them in between; line endings follow the base's attributes.
 */
struct err *workspace_changes(struct workspace *ws, struct tree_edit *out,
    struct ws_report *rep) MUST_USE;

/* The same as a tree: the base's with the change applied.  rep may be NULL. */
struct err *workspace_collect(struct workspace *ws, struct oid *tree,
    struct ws_report *rep) MUST_USE;

/*
 * Apply recorded changes (resume, replay): after that, workspace_changes()
 * gives the same edits.
 */
struct err *workspace_put(struct workspace *ws, const struct tree_edit *edit) MUST_USE;

/*
 * Back to pristine, at 'commit' and 'tree' (tree zero: the commit's; both
 * zero: as opened).  End what runs in the workspace first; the view is new.
 */
struct err *workspace_reset(struct workspace *ws, const struct oid *commit,
    const struct oid *tree) MUST_USE;

/*
 * Setup layers: what the setup commands added to a workspace, kept under
 * factory/setup/<key>/ as a read-only layer for later ones.  The key is 8 to
 * 64 letters of [0-9a-f], made by the caller from the commands and the
 * content of the files that they declare.
 *
 * workspace_setup_save() keeps the files that are not in the base; changes to
 * the base's own files are not kept, and named in 'dropped' (may be NULL).
 * The layer appears whole or not at all; an existing one of that key wins.
 */
struct err *workspace_setup_find(struct repo *r, const char *key, bool *found) MUST_USE;
struct err *workspace_setup_save(struct workspace *ws, const char *key,
    struct strs *dropped) MUST_USE;
/* Remove setup layers, idle slots and pools that nobody used for that long. */
struct err *workspace_sweep(struct repo *r, int64_t older_than_s) MUST_USE;

/*
 * What workspace_sweep() goes through: each slot but the ones that always
 * stay, and each setup layer, by its path below factory/, with the unix time
 * of its last use.  Nothing is touched.
 */
typedef struct err *ws_idle_fn(void *arg, const char *path, int64_t used, bool in_use);
struct err *workspace_idle(struct repo *r, ws_idle_fn *fn, void *arg) MUST_USE;

/*
 * Would workspace_open() take the opts' tree?  ERR_REPOSITORY for submodules
 * and Git LFS pointers as there, for doctor: reads the tree's attributes.
 */
struct err *workspace_check(struct repo *r, const struct workspace_opts *o) MUST_USE;

/* Why this machine cannot do overlays (userns_probe), for doctor; NULL: it can. */
struct err *workspace_probe(struct repo *r) MUST_USE;

#endif
