/*
 * receiver.h - webhooks in: checked, on the disk, answered.
 *
 *	POST /		a delivery (any path that begins with "/hook" too)
 *	GET /healthz	200 while deliveries can be stored and are dealt with, else 503
 *	GET /metrics	counts, for Prometheus
 *
 * 202 says that a delivery is on the disk, 200 that it was before; 401 that no
 * key of ours signed it, 400 that no forge sent it; 429 and 503 that it should
 * come again.  Deliveries that arrive together share one sync of the disk.
 *
 * This process holds the webhooks' keys and nothing else: no token, no model's
 * key, no repository; it is confined to its folder (sys/confine.h).  It reads
 * nothing of a body; what one says is parsed elsewhere.
 */
#ifndef FACE_RECEIVER_H
#define FACE_RECEIVER_H

#include <signal.h>

#include "base/def.h"

struct err;
struct hook_keys;

struct receiver_opts {
	int fd;				/* listening; taken over */
	const char *dir;		/* of store/deliveries.h */
	const struct hook_keys *keys;
	int bell_fd;			/* a byte is written to it when something was stored; -1: none */
	int64_t rate;			/* deliveries a second that are taken in */
	size_t max_body;
	unsigned connections;
	unsigned per_address;		/* connections from one address; 0: no limit */
	int stop_fd;			/* readable: answer what is there, and end */
};

/*
 * What the process that deals with deliveries leaves in 'dir' about itself: a
 * line with its monotonic time in milliseconds, and lines of tally.h.
 */
#define RECEIVER_PULSE "pulse"
#define RECEIVER_PULSE_HEAD "# pulse "
#define RECEIVER_PULSE_S 60		/* older than this it is not well */

struct err *receiver_run(const struct receiver_opts *o) MUST_USE;

#endif
