/*
 * trace.h - what the protocol of leases and deliveries did, for a checker.
 *
 * GIT_FACTORY_TRACE=<file> in the environment appends one JSON object a line
 * for each event, in one write, so that many processes and nodes can share
 * the file.  Without the variable an event costs a look at the environment.
 * tests/soak/model holds the model that such a trace must be an execution of.
 *
 *	claim		the lease of 'task' came to be: 'to' is its id
 *	takeover	the same, in place of 'from', which had expired or was dead
 *	beat		it moved from 'from' to 'to'
 *	release		it was given back; 'from' was its id
 *	deliver		a run's step that ends its lease: 'from' is the id it had,
 *			'to' what a remote keeps in its place (none: deleted)
 *	lost		the holder found that 'from' is not its lease any more
 *	send		a push is about to be sent: 'push' tells its lines apart,
 *			one line for each ref with 'ref', 'from' and 'to'
 *	answer		what came of 'push': "ok", "stale", "refused", "failed" when
 *			nothing moved, "lost" when nobody knows
 *	readback	what a look at the remote made of a lost answer: "ok",
 *			"failed" or "conflict"
 *	fold		the run 'run' of 'task' is part of the state
 *
 * Nothing else is recorded: no message, no path, no title.  What a field
 * holds besides [A-Za-z0-9 ./_:@+-] is written as \u00NN.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "base/def.h"

/* NULL and zero fields are left out. */
struct trace {
	const char *event;
	const char *node;
	const char *task;
	const char *run;
	int64_t attempt;
	int64_t push;		/* trace_push() */
	const char *ref;
	const char *from, *to;	/* object ids in hex; NULL or all zero: none */
	const char *answer;
};

/* Is there a file to write to? */
bool trace_on(void);

/* A number that no other push of this process has, nor another process now. */
int64_t trace_push(void);

/* A trace that cannot be written is cut short: the protocol goes on. */
void trace_event(const struct trace *t);

#endif
