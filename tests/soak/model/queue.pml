/*
 * queue.pml - one task, several nodes, one remote: claim, heartbeat, expiry by
 * observation, takeover, fenced delivery, folding; with lost answers, failed
 * pushes, crashes and stopped processes.  Checked by spin (tests/soak/model/run).
 *
 * It says what store/lease_remote.c, line/publish.c and git/remote.c do, one
 * step of theirs for one of ours:
 *
 *	the remote	lease, branch, the refs of delivered runs, the state
 *	a push		one step with a guard for each ref; its answer may be
 *			lost (then it is read back), or it fails, or it arrives
 *			although it seems to have failed
 *	a fetch		several steps: an advertisement of refs is no snapshot,
 *			and comes in the order of their names
 *	a lease object	a number that is new to everybody (its nonce)
 *	time		ticks; a holder that can moves its lease at least once
 *			a tick (a beat every third of the TTL), and a watcher
 *			counts the ticks for which it saw one id
 *	a crash		what is on disk stays: the run in hand, what was watched
 *	SIGSTOP		the process does nothing until it is resumed
 *
 * What must hold, whatever the order:
 *	FENCE	nothing of a run is published unless it holds the lease
 *	ONCE	one run of a task is delivered, at most
 *	KEPT	what a node takes for delivered is on the remote
 *	CLEAR	no lease: everything delivered is part of the state
 *	THEFT	no lease is taken from a holder that moves it in time
 *	TIDY	an ended lease has its run beside it, or the next fold ends it
 *
 * Each of these makes it wrong, and the checks fail where it does not:
 * -DNO_FENCE -DWALL_CLOCK -DNO_READBACK -DNOT_ATOMIC -DNO_LOOK -DLEASE_GONE
 * (a delivery deletes the lease) -DNO_SWEEP.
 *
 * With TRACE it does only what a trace of the program says (follow.py): who
 * did what to the lease, and how it was answered, in an order that the times
 * allow.  What a trace does not tell is free: looks, clocks, decisions.
 */
#ifdef TRACE
#define NEXT(n) ((n) * LONGEST + pos[n])
#define DOES(n, what) (kind[NEXT(n)] == what && BEFORE(n))
#define DID(n) pos[n]++
#define FROM(n, x) (was[NEXT(n)] == (x))
#define OF_RUN(n) (run_in[NEXT(n)] == in_hand[n])
#define CAN_BEGIN(n) (kind[NEXT(n)] == CLAIMS || kind[NEXT(n)] == CLAIMS_STALE)
#define BEGIN(n) in_hand[n] = run_in[NEXT(n)]
#define NEW_ID(n) ids = becomes[NEXT(n)]
#define ALL_IDS (IDS - 1)
#define CAN_FOLD(n) (kind[NEXT(n)] == FOLDS || kind[NEXT(n)] == FOLDS_STALE)
#define FOLDS_THESE(n) (run_in[NEXT(n)] == runs_seen[n] && was[NEXT(n)] == (SWEPT(n) -> seen[n] : 0))
#define TOLD true
#define canon() skip
#else
#define DOES(n, what) true
#define DID(n) skip
#define FROM(n, x) true
#define OF_RUN(n) true
#define CAN_BEGIN(n) (next_run <= RUNS)
#define BEGIN(n) in_hand[n] = next_run; next_run++
#define NEW_ID(n) ids++
#define ALL_IDS ids
#define CAN_FOLD(n) true
#define FOLDS_THESE(n) true
#define TOLD false
#endif
#ifndef NODES
#define NODES 2
#endif
#ifndef RUNS
#define RUNS 2		/* that can begin */
#endif
#ifndef FAULTS
#define FAULTS 1	/* pushes lose their answer, or fail */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef EDITS
#define EDITS 1		/* how often a person changes the state */
#endif
#define TTL 2
#ifndef IDS
#define IDS (4 * NODES + 3)
#endif

#define BIT(r) (1 << (r))
#define HAS(set, r) (((set) & BIT(r)) != 0)

mtype = { IDLE, READY, STALE_CLAIM, LOOKED, CLAIM_LOST, CLAIMED, WORK, BEAT_LOST, BEAT_STALE,
	RELEASE, DELIVER, DELIVER_REST, DELIVER_LOST, DELIVER_STALE, DELIVER_LOOKED, FOLD_RUNS, FOLD_STATE, FOLD };

/* The remote. */
byte lease, branch, runs, folded, version;

/* Lease objects; canon() gives them numbers by who knows them. */
byte ids;
byte owner[IDS], run_of[IDS];
bool ended[IDS], dead[IDS];	/* of a process that is gone */

/* On the nodes' disks. */
byte in_hand[NODES];		/* the run that is journalled, 0: none */
bool made[NODES];		/* its change is ready */
byte watched[NODES];		/* the lease that was seen */
byte since[NODES];		/* for how many ticks */

/* Of processes; gone with them. */
mtype pc[NODES] = IDLE;
byte token[NODES];		/* the lease that this one holds */
bool late[NODES];		/* a beat failed: no effects until one succeeds */
byte seen[NODES], mine[NODES];	/* lease objects: looked at, just made */
byte old_branch[NODES], runs_seen[NODES], state_seen[NODES];
bool stopped[NODES];

byte age;			/* ticks since the lease moved */
bool delivered;
byte next_run = 1;
byte edits = EDITS;

#define DONE (folded != 0)
#define OURS(x, n) ((x) != 0 && owner[x] == n && !dead[x] && !ended[x])
#define MOVES(x) ((x) != 0 && !ended[x] && !dead[x] && token[owner[x]] == (x) && \
	!stopped[owner[x]] && !late[owner[x]])
#ifdef WALL_CLOCK
/* Somebody's clock is a day off. */
#define EXPIRED(n) (seen[n] != 0)
#else
#define EXPIRED(n) (watched[n] == seen[n] && since[n] >= TTL)
#endif
/* Ours all the same, a process of this node that is proven dead, or expired. */
#define TAKEABLE(n) (OURS(seen[n], n) || (owner[seen[n]] == n && dead[seen[n]]) || EXPIRED(n))
#ifdef NO_READBACK
#define ARRIVED(what) true
#else
#define ARRIVED(what) (what)
#endif
#ifdef NO_FENCE
#define FENCED(n) true
#else
#define FENCED(n) (lease == token[n])
#endif
#define DELIVERABLE(n) (branch == old_branch[n] && !HAS(runs, in_hand[n]) && FENCED(n))
#define HOLDS(n) (lease != 0 && owner[lease] == n && run_of[lease] == in_hand[n] && !ended[lease])
#define SWEPT(n) (seen[n] != 0 && ended[seen[n]] && HAS(SWEEPS, run_of[seen[n]]))
#ifdef NO_SWEEP
#define SWEEPS runs_seen[n]
#else
#define SWEEPS (runs_seen[n] | folded)
#endif
#define FOLDABLE(n) (version == state_seen[n] && (runs & runs_seen[n]) == runs_seen[n] && \
	(!SWEPT(n) || lease == seen[n]))

hidden byte i, k;
hidden byte name[IDS], owner_[IDS], run_of_[IDS];
hidden byte ended_[IDS], dead_[IDS];

inline visit(x) {
	if
	:: x != 0 && name[x] == 0 ->
		k++;
		name[x] = k;
		owner_[k] = owner[x]; run_of_[k] = run_of[x]; ended_[k] = ended[x]; dead_[k] = dead[x];
		x = k
	:: x != 0 && name[x] != 0 -> x = name[x]
	:: else
	fi
}

/* Two histories with one future are one state. */
#ifndef TRACE
inline canon() {
	i = 0;
	do
	:: i < IDS -> name[i] = 0; i++
	:: else -> break
	od;
	k = 0;
	visit(lease);
	i = 0;
	do
	:: i < NODES -> visit(token[i]); visit(watched[i]); visit(seen[i]); visit(mine[i]); i++
	:: else -> break
	od;
	i = 1;
	do
	:: i < IDS && i <= k ->
		owner[i] = owner_[i]; run_of[i] = run_of_[i]; ended[i] = ended_[i]; dead[i] = dead_[i]; i++
	:: i < IDS && i > k -> owner[i] = 0; run_of[i] = 0; ended[i] = false; dead[i] = false; i++
	:: else -> break
	od;
	ids = k
}
#endif

/* A new object of this node's run. */
inline object(n, end) {
	NEW_ID(n);
	mine[n] = ids;
	owner[ids] = n; run_of[ids] = in_hand[n]; ended[ids] = end; dead[ids] = false
}

inline to_idle(n) {
	pc[n] = IDLE; token[n] = 0; late[n] = false; seen[n] = 0; mine[n] = 0;
	old_branch[n] = 0; runs_seen[n] = 0; state_seen[n] = 0
}

inline forget(n) { in_hand[n] = 0; made[n] = false; to_idle(n) }

inline move_lease(to) { lease = to; age = 0 }

/* THEFT: asked when a claim arrives in the place of another lease. */
inline take_lease(n) {
	assert(seen[n] == 0 || OURS(seen[n], n) || age >= TTL || !MOVES(seen[n]));
	move_lease(mine[n])
}

inline claimed(n) { token[n] = mine[n]; mine[n] = 0; seen[n] = 0; pc[n] = CLAIMED }

inline moved(n) { token[n] = mine[n]; mine[n] = 0; late[n] = false; pc[n] = WORK }

inline look(n) {
	seen[n] = lease;
	if
	:: watched[n] != lease -> watched[n] = lease; since[n] = 0
	:: else
	fi
}

/* FENCE and ONCE: asked when a delivery arrives. */
inline arrive(n) {
	assert(HOLDS(n));
	assert(!delivered);
	delivered = true;
	branch = in_hand[n];
	runs = runs | BIT(in_hand[n]);
#ifdef LEASE_GONE
	move_lease(0)
#else
	move_lease(mine[n])
#endif
}

/* KEPT: asked when a node takes its run for delivered. */
inline known_delivered(n) {
	assert(HAS(runs, in_hand[n]) || HAS(folded, in_hand[n]));
	forget(n)
}

inline take_in(n) {
	if
	:: SWEPT(n) -> move_lease(0)
	:: else
	fi;
	if
	:: runs_seen[n] != 0 -> version++
	:: else
	fi;
	folded = folded | runs_seen[n];
	runs = runs & ~runs_seen[n]
}

#define ON(n, p) !stopped[n] && pc[n] == p

proctype Node(byte n)
{
	do
	/* What this node knows of the state says that the task is open. */
	:: d_step { ON(n, IDLE) && DONE && in_hand[n] != 0 -> forget(n); canon() }
	:: d_step { ON(n, IDLE) && !DONE && in_hand[n] != 0 -> pc[n] = READY }
	:: d_step { ON(n, IDLE) && !DONE && in_hand[n] == 0 && CAN_BEGIN(n) ->
		BEGIN(n); pc[n] = READY }

	/* The claim: the lease must not exist, or be the one that was looked at. */
	:: d_step { ON(n, READY) && lease == seen[n] && DOES(n, CLAIMS) && FROM(n, seen[n]) && OF_RUN(n) ->
		object(n, false); take_lease(n); claimed(n); DID(n); canon() }
	:: d_step { ON(n, READY) && lease != seen[n] && DOES(n, CLAIMS_STALE) && FROM(n, seen[n]) ->
		seen[n] = 0; pc[n] = STALE_CLAIM; DID(n); canon() }
	:: d_step { FAULTS && ON(n, READY) && lease == seen[n] ->
		object(n, false); take_lease(n); pc[n] = CLAIM_LOST; canon() }
	:: d_step { FAULTS && ON(n, READY) && lease == seen[n] -> object(n, false); take_lease(n); to_idle(n); canon() }
	:: d_step { FAULTS && ON(n, READY) -> object(n, false); pc[n] = CLAIM_LOST; canon() }
	:: d_step { ON(n, CLAIM_LOST) && ARRIVED(lease == mine[n]) -> claimed(n); canon() }
	:: d_step { ON(n, CLAIM_LOST) && !ARRIVED(lease == mine[n]) -> to_idle(n); canon() }
	:: d_step { ON(n, STALE_CLAIM) -> look(n); pc[n] = LOOKED; canon() }
	:: d_step { ON(n, LOOKED) && (seen[n] == 0 || (!ended[seen[n]] && TAKEABLE(n))) -> pc[n] = READY }
	:: d_step { ON(n, LOOKED) && seen[n] != 0 && (ended[seen[n]] || !TAKEABLE(n)) -> to_idle(n); canon() }
	/* One look after it: the state may have moved since it was read. */
#ifdef NO_LOOK
	:: d_step { ON(n, CLAIMED) -> pc[n] = WORK }
#else
	:: d_step { ON(n, CLAIMED) && DONE -> pc[n] = RELEASE }
	:: d_step { ON(n, CLAIMED) && !DONE -> pc[n] = WORK }
#endif

	:: d_step { ON(n, WORK) && !made[n] -> made[n] = true }
	:: d_step { ON(n, WORK) -> pc[n] = RELEASE }
	:: d_step { ON(n, WORK) && made[n] -> old_branch[n] = branch; pc[n] = DELIVER }

	/* The heartbeat. */
	:: d_step { ON(n, WORK) && lease == token[n] && DOES(n, BEATS) && FROM(n, token[n]) ->
		object(n, false); move_lease(mine[n]); moved(n); DID(n); canon() }
	:: d_step { ON(n, WORK) && lease != token[n] && DOES(n, BEATS_STALE) && FROM(n, token[n]) ->
		pc[n] = BEAT_STALE; DID(n) }
	:: d_step { FAULTS && ON(n, WORK) && lease == token[n] ->
		object(n, false); move_lease(mine[n]); pc[n] = BEAT_LOST; canon() }
	:: d_step { FAULTS && ON(n, WORK) && lease == token[n] ->
		object(n, false); move_lease(mine[n]); mine[n] = 0; late[n] = true; canon() }
	:: d_step { FAULTS && ON(n, WORK) -> object(n, false); pc[n] = BEAT_LOST; canon() }
	:: d_step { ON(n, BEAT_LOST) && ARRIVED(lease == mine[n]) -> moved(n); canon() }
	:: d_step { ON(n, BEAT_LOST) && !ARRIVED(lease == mine[n]) -> mine[n] = 0; late[n] = true; pc[n] = WORK; canon() }
	:: d_step { ON(n, BEAT_STALE) && OURS(lease, n) -> token[n] = lease; pc[n] = WORK; canon() }
	:: d_step { ON(n, BEAT_STALE) && !OURS(lease, n) -> forget(n); canon() }

	/* Given back, the work undone; or out of reach, and then it expires. */
	:: d_step { ON(n, RELEASE) && lease == token[n] && DOES(n, GIVES) && FROM(n, token[n]) ->
		move_lease(0); forget(n); DID(n); canon() }
	:: d_step { ON(n, RELEASE) && (FAULTS || lease != token[n]) -> forget(n); canon() }

#ifdef NOT_ATOMIC
	:: d_step { ON(n, DELIVER) && branch == old_branch[n] ->
		assert(HOLDS(n)); branch = in_hand[n]; pc[n] = DELIVER_REST }
	:: d_step { ON(n, DELIVER_REST) && FENCED(n) -> object(n, true); arrive(n); known_delivered(n); canon() }
	:: d_step { ON(n, DELIVER_REST) && !FENCED(n) -> pc[n] = DELIVER_STALE }
#else
	:: d_step { ON(n, DELIVER) && DELIVERABLE(n) && DOES(n, DELIVERS) && FROM(n, token[n]) && OF_RUN(n) ->
		object(n, true); arrive(n); known_delivered(n); DID(n); canon() }
	:: d_step { ON(n, DELIVER) && !DELIVERABLE(n) && DOES(n, DELIVERS_STALE) && FROM(n, token[n]) ->
		old_branch[n] = 0; pc[n] = DELIVER_STALE; DID(n) }
	:: d_step { FAULTS && ON(n, DELIVER) && DELIVERABLE(n) ->
		object(n, true); arrive(n); mine[n] = 0; pc[n] = DELIVER_LOST; canon() }
	:: d_step { FAULTS && ON(n, DELIVER) && DELIVERABLE(n) -> object(n, true); arrive(n); to_idle(n); canon() }
	:: d_step { FAULTS && ON(n, DELIVER) -> pc[n] = DELIVER_LOST }
	:: d_step { ON(n, DELIVER_LOST) && ARRIVED(HAS(runs, in_hand[n]) && branch == in_hand[n]) ->
		known_delivered(n); canon() }
	:: d_step { ON(n, DELIVER_LOST) && !ARRIVED(HAS(runs, in_hand[n]) && branch == in_hand[n]) -> to_idle(n); canon() }
#endif
	/* Why not?  Leases are read before runs. */
	:: d_step { ON(n, DELIVER_STALE) -> look(n); pc[n] = DELIVER_LOOKED; canon() }
	:: d_step { ON(n, DELIVER_LOOKED) && HAS(runs, in_hand[n]) -> known_delivered(n); canon() }
	:: d_step { ON(n, DELIVER_LOOKED) && !HAS(runs, in_hand[n]) && OURS(seen[n], n) ->
		token[n] = seen[n]; seen[n] = 0; pc[n] = WORK; canon() }
	:: d_step { ON(n, DELIVER_LOOKED) && !HAS(runs, in_hand[n]) && !OURS(seen[n], n) -> forget(n); canon() }

	/* Fold what waits, and what is left of what was folded; any node may. */
	:: d_step { ON(n, IDLE) && CAN_FOLD(n) -> look(n); pc[n] = FOLD_RUNS; canon() }
	:: d_step { ON(n, FOLD_RUNS) -> runs_seen[n] = runs; pc[n] = FOLD_STATE }
	:: d_step { ON(n, FOLD_STATE) && (runs_seen[n] != 0 || SWEPT(n)) -> state_seen[n] = version; pc[n] = FOLD }
	:: d_step { ON(n, FOLD_STATE) && runs_seen[n] == 0 && !SWEPT(n) -> to_idle(n); canon() }
	:: d_step { ON(n, FOLD) && FOLDABLE(n) && DOES(n, FOLDS) && FOLDS_THESE(n) ->
		take_in(n); to_idle(n); DID(n); canon() }
	/* It may be another task's run that another node has folded. */
	:: d_step { ON(n, FOLD) && (FAULTS || TOLD || !FOLDABLE(n)) && DOES(n, FOLDS_STALE) ->
		to_idle(n); DID(n); canon() }

	/* The process is killed; another one takes its place. */
	:: d_step { CRASHES && !stopped[n] && pc[n] != IDLE && DOES(n, KILLED) ->
		i = 1;
		do
		:: i < IDS && owner[i] == n && i <= ALL_IDS -> dead[i] = true; i++
		:: i < IDS && (owner[i] != n || i > ALL_IDS) -> i++
		:: else -> break
		od;
		to_idle(n); DID(n); canon() }
	:: d_step { STOPS && pc[n] != IDLE && !stopped[n] && DOES(n, STOPPED) -> stopped[n] = true; DID(n) }
	:: d_step { STOPS && pc[n] != IDLE && stopped[n] && DOES(n, RESUMED) -> stopped[n] = false; DID(n) }
#ifdef TRACE
	/* Its part of this task was over, or not begun. */
	:: d_step { pc[n] == IDLE && !stopped[n] && (DOES(n, KILLED) || DOES(n, STOPPED) || DOES(n, RESUMED)) -> DID(n) }
#endif
	:: d_step { STOPS && pc[n] == IDLE && stopped[n] -> stopped[n] = false }
	od
}

/* Time, people, and what must hold at any moment. */
active proctype World()
{
	byte n;

	atomic {
#ifdef TRACE
		load();
#endif
		do
		:: n < NODES -> run Node(n); n++
		:: else -> break
		od
	}
	do
	/* Who can move its lease does so before the next tick but one. */
	:: d_step { age < TTL - 1 || !MOVES(lease) ->
		if
		:: age < TTL -> age++
		:: else
		fi;
		i = 0;
		do
		:: i < NODES && since[i] < TTL -> since[i]++; i++
		:: i < NODES && since[i] >= TTL -> i++
		:: else -> break
		od }
	#ifdef TRACE
	:: d_step { DOES(NODES, EDITS_STATE) -> version++; DID(NODES) }
	:: d_step { FOLLOWED -> assert(!FOLLOWED) }
#else
	:: d_step { edits > 0 -> edits--; version++ }
#endif
	/* CLEAR and TIDY. */
	:: d_step { lease == 0 && runs != 0 -> assert(false) }
#ifdef NO_SWEEP
	:: d_step { lease != 0 && ended[lease] && !HAS(runs, run_of[lease]) -> assert(false) }
#else
	:: d_step { lease != 0 && ended[lease] && !HAS(runs | folded, run_of[lease]) -> assert(false) }
#endif
	od
}
