/*
 * nodes.h - the machines that work on this repository, and what each has.
 *
 * A node says that it is there with refs/factory/nodes/<name>: a commit
 * without parent whose message names its labels, slots, hours and version,
 * renewed while it works and taken back when it stops.  Nothing about a task
 * is decided by it: tasks are claimed with leases (lease.h), and what a task
 * needs is compared with what the claiming machine has itself.  It is for
 * people, for saying why a task waits, and for sharing what all have together.
 */
#ifndef STORE_NODES_H
#define STORE_NODES_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/oid.h"

struct err;
struct repo;
struct state;
struct task;

struct node_info {
	char *name;
	char *host;		/* host name */
	char *boot;		/* host.h */
	struct strs labels;
	char *hours;		/* "" for always */
	char *version;		/* of git-factory */
	int64_t slots;
	int64_t pid;		/* of its supervisor */
	int64_t started;	/* in the kernel's ticks since boot */
	int64_t since, beat;	/* wall clock, for people */
	bool forge;		/* it tells the forge of what it delivers */
	bool remote;		/* it was seen on the remote, and is not of this clone */
	struct oid oid;
};

struct node_infos {
	VEC_FIELDS(struct node_info);
};

/* May this be the name of a node?  A part of a ref's name, at most 100 bytes. */
bool node_name_ok(const char *name);

/* What a node says of itself, as in struct node_info. */
struct node_word {
	int64_t slots, pid;
	const char *hours;
	bool forge;
};

/*
 * Say that this node is here; its labels and all that the kernel knows are
 * filled in.  Within 'apart' seconds of the last time that it said the same,
 * nothing is written.
 */
struct err *node_announce(struct state *s, const struct node_word *w, int64_t apart) MUST_USE;

/* Take it back; fine when it is gone, or another process says so by now. */
struct err *node_withdraw(struct state *s, int64_t pid) MUST_USE;

/* Sorted by name; what cannot be read is left out. */
struct err *node_list(struct state *s, struct node_infos *out) MUST_USE;
void node_infos_free(struct node_infos *n);	/* also for AUTO */

/*
 * Who else is at work: those that the remote has, and that said so within a
 * quarter of an hour.  What counts by the token and not by the clone, as a
 * forge's limits do, is divided by them and us.
 */
struct err *node_others(struct state *s, struct node_infos *out) MUST_USE;

/* Proven gone: of this host, and its process is no more. */
bool node_dead(const struct node_info *i);

/* ---- what a task needs ---- */

/* The first need of the task that this machine does not meet; NULL: it may run here.  Borrowed. */
const char *needs_missing(const struct state *s, const struct task *t);

/* Why it waits: "needs gpu: no node has it", "needs gpu: only attic has it"; free it. */
char *needs_why(struct state *s, const char *missing) MUST_USE;

#endif
