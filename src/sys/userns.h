/*
 * userns.h - a mount namespace of our own for one workspace.
 *
 * userns_open() makes a mount namespace, mounts there a sized tmpfs and in
 * that an overlay (or a plain bind mount), and hands back descriptors.  No
 * process stays behind: the namespace, the tmpfs and all that was written
 * there live exactly as long as the descriptors do, so a kill -9 leaves
 * nothing.  They belong to a user namespace with one mapped user, which the
 * first call makes and which lasts as long as this process: what runs there
 * has no capability in it, and sees no mount of another workspace.
 *
 * Facts: overlayfs in a user namespace needs Linux 5.11, user.* attributes
 * on tmpfs need 6.6; a layer's files must belong to the mapped user, or
 * writing to them fails with EOVERFLOW.
 */
#ifndef SYS_USERNS_H
#define SYS_USERNS_H

#include <sys/types.h>

#include "base/def.h"

struct err;

/*
 * How a process gets to see a workspace.  With descriptors: setns(userns_fd),
 * setns(mntns_fd), and when uid is not the own one setgroups(0), setresgid(gid),
 * setresuid(uid); then 'path' is valid.  Without (both -1): 'path' is valid as
 * it is; the own user may still not be 'uid' (then switch to it likewise).
 *
 * Bind 'path' recursively: the repository's objects are a read-only mount
 * inside it.  uid and gid are the same numbers inside and outside.
 */
struct view {
	const char *path;	/* borrowed from the owner of the view */
	int userns_fd;		/* -1: none */
	int mntns_fd;		/* -1: none */
	uid_t uid;		/* who owns the files and is to run what works on them */
	gid_t gid;
};

/* What root becomes: unused by Debian's policy (65000-65533) and by systemd. */
#define USERNS_NOBODY 65533

/*
 * The user that is to own a workspace's files: the effective user; for root
 * USERNS_NOBODY, or root itself where nothing else is mapped (it is then an
 * ordinary user in a namespace of its own).
 */
void userns_owner(uid_t *uid, gid_t *gid);

struct userns_bind {
	const char *from;	/* absolute, outside */
	const char *to;		/* relative to the workspace; an existing folder there */
};

struct userns_opts {
	const char *const *lowers;	/* absolute folders, topmost first, NULL-terminated */
	bool plain;		/* bind lowers[0] writable instead of an overlay */
	/*
	 * Called once with an empty folder on the tmpfs (within 'bytes'), which
	 * becomes the topmost lower layer.  NULL: no such layer.  Not with plain.
	 */
	struct err *(*fill)(void *arg, int dirfd);
	void *arg;
	size_t bytes;		/* ceiling of the upper layer */
	size_t files;		/* ceiling of its inodes; 0: one per 4 KiB, at least 100,000 */
	const struct userns_bind *binds; /* read-only mounts within the workspace */
	size_t nbinds;
};

struct userns {
	struct view view;
	char *path;		/* what view.path points to */
	int root;		/* folder of the merged workspace, readable from outside */
	int upper;		/* folder of the upper layer; -1 when plain */
};

#define USERNS_INIT {.view = {NULL, -1, -1, 0, 0}, .root = -1, .upper = -1}

/*
 * ERR_SANDBOX, saying which step the kernel refused, with its remedy.
 * ERR_LIMIT when there are more than 60 lowers.
 */
struct err *userns_open(const struct userns_opts *o, struct userns *out) MUST_USE;
void userns_close(struct userns *u);	/* also for AUTO; safe twice */

/*
 * Can this machine do it?  Tries a tiny overlay and a user.* attribute in it
 * under the temporary folder 'scratch' (absolute, existing, own).  NULL: yes.
 * Otherwise the reason, for doctor, with the remedy as hint: ERR_SANDBOX.
 */
struct err *userns_probe(const char *scratch) MUST_USE;

/*
 * Write as the owner: files that are made between the two calls belong to
 * uid and gid.  Only the file system's view of this thread changes; open
 * nothing of the user's own in between.  A no-op when that is who we are.
 * (A tmpfs or overlay of ours takes no file from root, who is not mapped.)
 */
struct userns_self {
	bool changed;
	int deathsig;	/* the kernel forgets it with every change of user */
};
struct userns_self userns_become(uid_t uid, gid_t gid);
void userns_return(struct userns_self self);

#endif
