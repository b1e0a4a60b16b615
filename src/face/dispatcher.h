/*
 * dispatcher.h - what webhooks brought, dealt with in order.
 *
 * It takes what waits as one batch, in which several deliveries about one
 * thing count once, since each is only a hint where to look.  What cannot be
 * looked at now (the network, a limit) stays and is tried again; what fails
 * for good is told and left to the sweep.  A kill repeats the batch.
 *
 * Webhooks get lost, so every so often all is looked at unasked: the sweep.
 */
#ifndef FACE_DISPATCHER_H
#define FACE_DISPATCHER_H

#include "base/def.h"
#include "forge/webhook.h"

struct err;

struct dispatcher_opts {
	const char *dir;	/* of store/deliveries.h */
	int bell_fd;		/* readable: something was stored */
	int stop_fd;		/* readable: end after what is in hand */
	int64_t sweep_ms;	/* between two sweeps; the first is at once */
	struct err *(*on_event)(void *arg, enum hook_from from, const struct hook_event *e);
	struct err *(*on_sweep)(void *arg);
	void (*on_trouble)(void *arg, const char *what, const struct err *e);	/* for people */
	void *arg;
};

#define DISPATCH_BATCH 1000	/* deliveries at once */
#define DISPATCH_TRIES 8	/* of one batch, with waits that double from a second to a minute */

struct err *dispatcher_run(const struct dispatcher_opts *o) MUST_USE;

#endif
