/*
 * worker.h - a supervisor's hands: one process that runs one task after
 * another, when it is told to.
 *
 * It reads orders and writes frames (sys/channel.h), and chooses its task
 * itself: the most urgent that is ready, that this machine has all for, and
 * that no other took first.
 */
#ifndef PLANT_WORKER_H
#define PLANT_WORKER_H

#include "base/def.h"
#include "store/nodes.h"

struct err;
struct id;
struct line_opts;

struct worker_opts {
	const struct line_opts *line;	/* for its runs; without callbacks, which are set here */
	int in, out;			/* orders, and what is said to the supervisor */
	struct node_word node;		/* its pid is of the process that people know as the node */
	int64_t apart;			/* seconds between two announcements of it */
	/* Something for people: of a task, or NULL for the machine. */
	void (*on_remark)(void *arg, const struct id *task, const struct err *e);
	void *arg;
};

/* Until the orders end; what hinders a run is said and is no error here. */
struct err *worker_serve(const struct worker_opts *o) MUST_USE;

#endif
