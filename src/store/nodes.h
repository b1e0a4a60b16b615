/*
 * nodes.h - the machines that work on this repository, and what each has.
 *
 * A node says that it is there with refs/factory/nodes/<name>: a commit
 * without parent whose message names its labels, slots, hours and version,
 * renewed while it works and taken back when it stops.  Nothing is decided by
 * it: tasks are claimed with leases (lease.h), and what a task needs is
 * compared with what the claiming machine has itself.  It is for people, and
 * for saying why a task waits.
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
	bool remote;		/* it was seen on the remote, and is not of this clone */
	struct oid oid;
};

struct node_infos {
	VEC_FIELDS(struct node_info);
};

/* May this be the name of a node?  A part of a ref's name, at most 100 bytes. */
bool node_name_ok(const char *name);

/*
 * Say that the node 'info->name' is here; 'labels' and all that the kernel
 * knows are filled in for this state and process 'pid'.  Within 'apart'
 * seconds of the last time that it said the same, nothing is written.
 */
struct err *node_announce(struct state *s, int64_t slots, const char *hours, int64_t pid,
    int64_t apart) MUST_USE;

/* Take it back; fine when it is gone, or another process says so by now. */
struct err *node_withdraw(struct state *s, int64_t pid) MUST_USE;

/* Sorted by name; what cannot be read is left out. */
struct err *node_list(struct state *s, struct node_infos *out) MUST_USE;
void node_infos_free(struct node_infos *n);	/* also for AUTO */

/* Proven gone: of this host, and its process is no more. */
bool node_dead(const struct node_info *i);

/* ---- what a task needs ---- */

/* The first need of the task that this machine does not meet; NULL: it may run here.  Borrowed. */
const char *needs_missing(const struct state *s, const struct task *t);

/* Why it waits: "needs gpu: no node has it", "needs gpu: only attic has it"; free it. */
char *needs_why(struct state *s, const char *missing) MUST_USE;

#endif
