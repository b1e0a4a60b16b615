/*
 * channel.h - how our own processes talk: frames of a fixed size, in binary.
 *
 * A supervisor reads nothing else from its workers, so there is nothing to
 * parse: a frame is a kind, two ids and three numbers, checked as a whole.
 * Both ends are the same program on the same machine; a frame is smaller than
 * PIPE_BUF, so writers never mix their bytes.
 */
#ifndef SYS_CHANNEL_H
#define SYS_CHANNEL_H

#include "base/def.h"
#include "base/id.h"

struct err;

enum frame_kind {
	/* a worker says */
	FRAME_IDLE = 1,	/* nothing that it may run; n[0] enum schedule_left, n[1] seconds to wait,
			   n[2] enum err_code + 1 when this machine, or the remote, is at fault */
	FRAME_CLAIMED,	/* task, run; n[0] attempt, n[1] ms it may take, n[2] ms it may be silent */
	FRAME_PROGRESS,	/* something happened */
	FRAME_ENDED,	/* task, run; n[0] enum run_end, n[1] enum err_code, n[2] seconds to wait */
	/* a supervisor says */
	FRAME_NEXT,	/* claim and run one task */
	FRAME_BURY,	/* task, run; n[0] enum err_code: its process was killed for that */
	FRAME_KINDS
};

/* How a run ended, as far as its supervisor must know. */
enum run_end {
	END_DELIVERED,
	END_LANDED,
	END_ESCALATED,	/* a person is asked */
	END_WAITS,	/* it, or another attempt, goes on by itself later */
	END_MEND,	/* it goes on when something of this machine has been mended */
	END_KINDS
};

struct frame {
	uint32_t magic;		/* set and checked here */
	uint32_t kind;		/* enum frame_kind */
	struct id task, run;	/* "" for none */
	int64_t n[3];
};

/* The reading end, with what came of an unfinished frame. */
struct channel {
	int fd;
	size_t have;
	unsigned char part[sizeof(struct frame)];
};

/* ERR_IO when the other side is gone. */
struct err *channel_send(int fd, const struct frame *f) MUST_USE;

enum channel_got {
	CHANNEL_FRAME,	/* *out is one */
	CHANNEL_PART,	/* no whole frame yet: wait for more */
	CHANNEL_END	/* the other side closed it */
};

/*
 * One read(), which blocks unless the descriptor is readable.  ERR_PROTOCOL
 * for what is no frame, or one that was cut short by the end.
 */
struct err *channel_read(struct channel *c, struct frame *out, enum channel_got *got) MUST_USE;

#endif
