#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/err.h"
#include "base/lib.h"
#include "base/mem.h"
#include "git/deflate.h"

#define CHUNK (16 * KIB)
#define PIECE (1U << 30)	/* zlib counts in 32 bits */

static struct {
	__typeof__(deflateInit_) *deflateInit_;
	__typeof__(deflateReset) *deflateReset;
	__typeof__(deflateParams) *deflateParams;
	__typeof__(deflate) *deflate;
	__typeof__(deflateEnd) *deflateEnd;
} z;

struct deflate {
	z_stream stream;
	deflate_sink *sink;
	void *arg;
	unsigned char out[CHUNK];	/* not given to the sink yet */
};

static struct err *
open_zlib(void)
{
	static const char *const names[] = {"deflateInit_", "deflateReset", "deflateParams", "deflate", "deflateEnd"};
	void *fns[NITEMS(names)];

	if (z.deflate != NULL)
		return NULL;
	TRY(lib_open(SO_ZLIB, names, fns, NITEMS(names)));
	memcpy(&z, fns, sizeof(z));
	return NULL;
}

struct err *
deflate_new(struct deflate **out)
{
	struct deflate *d;

	TRY(open_zlib());
	d = mem_calloc(1, sizeof(*d));
	if (z.deflateInit_(&d->stream, Z_BEST_SPEED, ZLIB_VERSION, (int)sizeof(d->stream)) != Z_OK) {
		free(d);
		return err_new(ERR_COMMAND, "zlib cannot begin");
	}
	*out = d;
	return NULL;
}

void
deflate_free(struct deflate *d)
{
	if (d == NULL)
		return;
	z.deflateEnd(&d->stream);
	free(d);
}

void
deflate_free_p(struct deflate **d)
{
	deflate_free(*d);
}

static void
make_room(struct deflate *d)
{
	d->stream.next_out = d->out;
	d->stream.avail_out = sizeof(d->out);
}

void
deflate_begin(struct deflate *d, bool plain, deflate_sink *sink, void *arg)
{
	d->sink = sink;
	d->arg = arg;
	z.deflateReset(&d->stream);
	make_room(d);
	z.deflateParams(&d->stream, plain ? Z_NO_COMPRESSION : Z_BEST_SPEED, Z_DEFAULT_STRATEGY);
}

static struct err *
hand_on(struct deflate *d)
{
	struct err *e = d->sink(d->arg, d->out, sizeof(d->out) - d->stream.avail_out);

	make_room(d);
	return e;
}

static struct err *
piece(struct deflate *d, const void *p, size_t n, int flush)
{
	z_stream *s = &d->stream;
	int rc;

	s->next_in = (unsigned char *)(uintptr_t)p;
	s->avail_in = (unsigned)n;
	for (;;) {
		rc = z.deflate(s, flush);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return err_new(ERR_COMMAND, "zlib cannot deflate");
		if (s->avail_out != 0)
			return NULL;
		TRY(hand_on(d));
	}
}

/* What is left is a piece. */
static struct err *
all_but_one(struct deflate *d, const void **p, size_t *n)
{
	for (; *n > PIECE; *p = (const char *)*p + PIECE, *n -= PIECE)
		TRY(piece(d, *p, PIECE, Z_NO_FLUSH));
	return NULL;
}

struct err *
deflate_add(struct deflate *d, const void *p, size_t n)
{
	TRY(all_but_one(d, &p, &n));
	return piece(d, p, n, Z_NO_FLUSH);
}

struct err *
deflate_end(struct deflate *d, const void *p, size_t n)
{
	TRY(all_but_one(d, &p, &n));
	TRY(piece(d, p, n, Z_FINISH));
	return hand_on(d);
}
