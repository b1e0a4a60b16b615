/*
 * remote.h - the repository that several clones share: the only place that
 * talks to one.
 *
 * All of it goes through the git program, with the user's own configuration
 * (credential helpers, ssh, proxies), hooks off, no prompt, and only the
 * protocols file, ssh, git, http and https.  A remote is a name in the user's
 * git configuration, never an address: policy that comes with a clone cannot
 * send anybody's credentials elsewhere.  Passwords in addresses are in no
 * message.  Where the user pushes to another address than they fetch from,
 * everything is read from where it is written.
 *
 * Errors by class, each after the remote's own words: ERR_NETWORK, ERR_AUTH,
 * ERR_TIMEOUT, ERR_SERVER, ERR_RATE_LIMIT, ERR_REPOSITORY (there is none at
 * that address), ERR_CONFIG (no such remote; one without atomic pushes),
 * ERR_DENIED (refused by the remote's hook or rules), ERR_INTERRUPTED.
 *
 * Facts: git-push(1), git-fetch(1), gitprotocol-v2(5), gitremote-helpers(7);
 * refs/worktree/ belongs to one worktree (git-worktree(1)), FETCH_HEAD too.
 */
#ifndef GIT_REMOTE_H
#define GIT_REMOTE_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct refs;
struct remote;
struct repo;
struct txn;

#define REMOTE_DEADLINE_MS (10 * 60 * 1000)

struct remote_opts {
	int64_t deadline_ms;	/* of one request; 0: REMOTE_DEADLINE_MS */
	int cancel_fd;		/* as in proc_spec; 0: none */
};

/*
 * Look 'name' up in the user's configuration; nothing is asked of the
 * network.  ERR_CONFIG when there is no such remote, or it pushes to several
 * addresses (then no push is one step); ERR_DENIED for another protocol.
 * 'o' may be NULL.
 */
struct err *remote_open(struct repo *r, const char *name, const struct remote_opts *o,
    struct remote **out) MUST_USE;
void remote_close(struct remote *m);	/* NULL is fine */
void remote_close_p(struct remote **m);	/* for AUTO */

const char *remote_name(const struct remote *m);
const char *remote_url(const struct remote *m);	/* to show: without user and password */
/*
 * Whose it is: as written where that names a host, so that git's url.*.insteadOf
 * moves nobody's token to another one; what it makes of a shorthand otherwise.
 */
const char *remote_home(const struct remote *m);

/*
 * What to fetch: a full ref name, or a prefix followed by one star.  'to' is
 * where its mirror is kept, likewise with a star; NULL keeps none here.  A
 * partial clone leaves objects out, and does not miss them where it knows the
 * commit: 'whole' brings them all the same.
 */
struct remote_want {
	const char *from;
	const char *to;
	bool whole;
};

/*
 * One request: bring the objects of all that is wanted, and say what the
 * remote has, by its names, sorted.  Names that it does not have are simply
 * not there.  Mirrors follow (also backwards), and those of refs that are
 * gone go.  Nothing else moves: no FETCH_HEAD, no tags, no refs/remotes/.
 * Fetches of one repository take turns.
 */
struct err *remote_fetch(struct remote *m, const struct remote_want *wants, size_t n,
    struct refs *out) MUST_USE;

/*
 * The refs of these full names (or patterns ending in '*') alone, without
 * their objects.  n 0: all.
 */
struct err *remote_list(struct remote *m, const char *const names[], size_t n,
    struct refs *out) MUST_USE;

/* Its default branch, without refs/heads/; NULL when there is none, or it is yet to be made.  The caller frees. */
struct err *remote_default(struct remote *m, char **branch) MUST_USE;

/* The id in a list of refs; zero when the name is not in it. */
struct oid refs_get(const struct refs *refs, const char *name);

enum push_outcome {
	PUSH_OK,
	PUSH_STALE,	/* held something else: it, and so all, was left alone */
	PUSH_REFUSED,	/* by the remote's hook or rules: 'why' */
	PUSH_NOT		/* not done because of another */
};

struct push_ref {
	char *name;
	enum push_outcome outcome;
	char *why;	/* the remote's words on one line, or NULL */
};

struct push_result {
	VEC_FIELDS(struct push_ref);
	bool read_back;	/* the answer was lost; what the remote has decided */
};

void push_result_free(struct push_result *p);	/* also for AUTO */

/*
 * Move all refs of the transaction on the remote, or none: one atomic push,
 * each ref guarded by its old id (zero: must not exist; new zero: is
 * deleted).  A branch, the state and notes are only ever moved forward.
 *
 * When the answer is lost, or what was refused is not clear, the refs are
 * read back.  All as wanted, or a lease or a run's parcel of ours there, is
 * success; none moved is the error, and the same push may be tried again.
 * What the remote did by half (pushlog.h) is brought to its end; an error says
 * so where that cannot be, and remote_settle() tries again.  For anything else
 * ERR_STALE names the first ref that moved: look again at what is there, since
 * it may be ours or another's.  Where nothing is known because reading back
 * failed as well, the error says so (its code is that of a lost connection).
 *
 * ERR_STALE, ERR_DENIED, ERR_CONFIG for a remote without atomic pushes,
 * ERR_LOCKED when another push held a ref just then, and the classes above.
 * ERR_BUG for a transaction that is empty or names a ref that it does not move
 * (the remote would check nothing), ERR_DENIED for one that would take history
 * back.  'out' (may be NULL) is filled in any case in which the remote
 * answered.
 */
struct err *remote_push(struct remote *m, const struct txn *t, struct push_result *out) MUST_USE;

/*
 * The same of refs that others do not write: a lock that is met there is of a
 * push under way, at the remote's lists of refs, and gone in a moment.  Where
 * it stays, nobody gives it back, and that is ERR_SERVER.
 */
struct err *remote_push_through(struct remote *m, const struct txn *t, struct push_result *out) MUST_USE;

/*
 * Bring to their end the pushes of this clone of which nobody learned what
 * came of them, where the remote did a part; after a fetch, which brings the
 * history that tells.  *moved: there was one, and the refs are not any more as
 * they were seen.  Without such a push it costs one look at a folder.
 */
struct err *remote_settle(struct remote *m, bool *moved) MUST_USE;

/*
 * For doctor: make, check and delete a ref under refs/factory/ with the
 * pushes that leases need.  *atomic and *refs say what the remote can; an
 * error when it cannot be asked at all.
 */
struct remote_probe {
	bool atomic;
	bool refs;	/* takes refs under refs/factory/ */
	char *why;	/* its words when it does not, NULL */
};
struct err *remote_probe(struct remote *m, struct remote_probe *out) MUST_USE;
void remote_probe_free(struct remote_probe *p);	/* also for AUTO */

/* Append 'text' with every user and password in an address left out. */
void remote_redact(struct str text, struct buf *out);

#endif
