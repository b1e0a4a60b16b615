/*
 * claim.h - how a run comes to its lease, keeps it, and learns that it lost it.
 *
 * A repository on its own: the local lease, moved between the run's steps.
 * Where a remote is shared: the lease there, with a keeper that beats for it
 * (keeper.h).  What this clone knew of the task when it chose it may be old,
 * so the clone and the remote are brought together once the lease is held;
 * from then on nobody else can end a run of the task.
 */
#ifndef LINE_CLAIM_H
#define LINE_CLAIM_H

#include "base/def.h"

struct err;
struct walk;

/*
 * Before the task is read: when it was last seen held on the remote, look
 * again, and fold what a run of it has left there.
 */
struct err *claim_look(struct walk *w) MUST_USE;

/*
 * Take the lease of w->id for w->run.  w->over: this very run has ended
 * already, and w->rec is its record (a kill came between).  ERR_TAKEN when
 * another run holds the task, or has changed it since it was read, or when
 * more runs than limits.parallel are under way.
 */
struct err *claim_take(struct walk *w) MUST_USE;

/* The heartbeat; ERR_STALE (and w->lost) once the lease is another's. */
struct err *claim_alive(struct walk *w) MUST_USE;

/* Why a walk ended: a lost lease rather than the interruption that it caused.  Takes 'e'. */
struct err *claim_why(struct walk *w, struct err *e) MUST_USE;

/*
 * After the run's end is on the remote: fold it, and take the record from the
 * state, with the number of its pull request.  A failure is told, and somebody
 * else's to mend.
 */
void claim_fold(struct walk *w);

/* Give up what is held. */
void claim_close(struct walk *w);

#endif
