#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/channel.h"

#define MAGIC 0x66616331U

_Static_assert(sizeof(struct frame) <= 512, "a frame is written at once");

struct err *
channel_send(int fd, const struct frame *f)
{
	struct frame out;

	/* Padding and what follows a string's end would leak our memory. */
	memset(&out, 0, sizeof(out));
	out.magic = MAGIC;
	out.kind = f->kind;
	memcpy(out.task.s, f->task.s, strnlen(f->task.s, ID_LEN));
	memcpy(out.run.s, f->run.s, strnlen(f->run.s, ID_LEN));
	memcpy(out.n, f->n, sizeof(out.n));
	return err_wrap(file_write_all(fd, &out, sizeof(out)), "the other process is gone");
}

static bool
id_fine(const struct id *i)
{
	static const struct id none;

	if (memcmp(i, &none, sizeof(none)) == 0)
		return true;
	return i->s[ID_LEN] == '\0' && id_valid((struct str){i->s, strnlen(i->s, ID_LEN)});
}

static bool
frame_fine(const struct frame *f)
{
	return f->magic == MAGIC && f->kind > 0 && f->kind < FRAME_KINDS && id_fine(&f->task) &&
	    id_fine(&f->run);
}

struct err *
channel_read(struct channel *c, struct frame *out, enum channel_got *got)
{
	struct frame f;
	ssize_t n = read(c->fd, c->part + c->have, sizeof(c->part) - c->have);

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return err_sys("cannot read from another process");
	if (n == 0 && c->have > 0)
		return err_new(ERR_PROTOCOL, "another process ended in the middle of a frame");
	if (n == 0) {
		*got = CHANNEL_END;
		return NULL;
	}
	c->have += n > 0 ? (size_t)n : 0;
	*got = CHANNEL_PART;
	if (c->have < sizeof(c->part))
		return NULL;
	memcpy(&f, c->part, sizeof(f));
	c->have = 0;
	if (!frame_fine(&f))
		return err_new(ERR_PROTOCOL, "another process sent no frame");
	*out = f;
	*got = CHANNEL_FRAME;
	return NULL;
}
