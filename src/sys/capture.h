/*
 * capture.h - a child's output within a ceiling: its beginning and its end.
 */
#ifndef SYS_CAPTURE_H
#define SYS_CAPTURE_H

#include "base/buf.h"
#include "base/def.h"
#include "sys/proc.h"

struct capture {
	struct buf head;
	struct buf tail;	/* a window that slides over the rest */
	size_t max_head;
	size_t max_tail;
	uint64_t total;		/* bytes that came */
};

/* Keep at most max bytes, of which the last 'tail' are from the end. */
void capture_init(struct capture *c, size_t max, size_t tail);
void capture_add(struct capture *c, const char *p, size_t n);

/* Hand over what was kept; the capture is released. */
void capture_end(struct capture *c, struct proc_output *out);
void capture_free(struct capture *c);

#endif
