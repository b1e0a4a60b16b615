/*
 * frame.h - messages between the box and its server: four bytes of length,
 * most significant first, then one JSON object.
 *
 * The server says {} when it is up.  Then calls come in groups: how many
 * there are, and a message for each; when all are in, an answer for each, in
 * the order in which they are done.  A group is done before the next begins.
 *
 *	group		{"calls": 2}
 *	call		{"tool": "read_file", "input": {..}}
 *	answer		{"call": 1, "text": "..", "error": false, "wrote": false}
 */
#ifndef TOOL_FRAME_H
#define TOOL_FRAME_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct err;

#define FRAME_MAX (64 * MIB)
#define FRAME_GROUP 64	/* calls in one group */

struct frame_wait {
	int64_t until;	/* clock_mono() by which it must be there; 0: for ever */
	int cancel_fd;	/* or 0 */
};

/* ERR_IO when the other side has closed. */
struct err *frame_write(int fd, struct str json) MUST_USE;

/*
 * Replaces what is in 'out'.  *end is set, and nothing else, when the other
 * side closed between two frames.  ERR_TIMEOUT, ERR_INTERRUPTED (cancel_fd);
 * ERR_PROTOCOL for a frame that is too long or cut.  wait may be NULL.
 */
struct err *frame_read(int fd, const struct frame_wait *wait, struct buf *out,
    bool *end) MUST_USE;

#endif
