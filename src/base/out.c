#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/out.h"
#include "base/text.h"

#define FLUSH_AT (64 * KIB)

static const char *const sequences[] = {
	[STYLE_RESET] = "\033[0m",
	[STYLE_BOLD] = "\033[1m",
	[STYLE_DIM] = "\033[2m",
	[STYLE_RED] = "\033[31m",
	[STYLE_GREEN] = "\033[32m",
	[STYLE_YELLOW] = "\033[33m",
	[STYLE_BLUE] = "\033[34m",
};

void
out_init(struct out *o, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize ws = {0};

	*o = (struct out){.fd = fd, .columns = 80, .buf = BUF_INIT(SIZE_MAX / 4)};
	o->tty = isatty(fd) == 1;
	o->colour = o->tty && (no_color == NULL || *no_color == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
	if (o->tty && ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		o->columns = ws.ws_col;
}

void
out_free(struct out *o)
{
	buf_free(&o->buf);
}

static void
write_bytes(struct out *o, struct str s)
{
	size_t done = 0;
	ssize_t n;

	while (done < s.n && !o->closed && o->failed == 0) {
		n = write(o->fd, s.p + done, s.n - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EPIPE)
			o->closed = true;
		else if (errno != EINTR)
			o->failed = errno;
	}
}

static void
write_pending(struct out *o)
{
	write_bytes(o, buf_str(&o->buf));
	buf_clear(&o->buf);
}

static void
added(struct out *o)
{
	o->used = true;
	if (o->buf.n >= FLUSH_AT || (o->tty && o->buf.n > 0 && o->buf.p[o->buf.n - 1] == '\n'))
		write_pending(o);
}

void
out_printf(struct out *o, const char *fmt, ...)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	text_visible(&o->buf, buf_str(&text), false);
	added(o);
}

void
out_line(struct out *o, struct str s)
{
	text_visible(&o->buf, s, true);
}

void
out_cut(struct out *o, struct str s, size_t columns)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct str rest, shown;

	text_visible(&text, s, true);
	rest = shown = buf_str(&text);
	if (text_width(rest) <= columns) {
		buf_addstr(&o->buf, rest);
		return;
	}
	while (rest.n > 0 && text_width(str_take(shown, shown.n - rest.n)) + 1 < columns)
		utf8_next(&rest);
	buf_addstr(&o->buf, str_take(shown, shown.n - rest.n));
	buf_adds(&o->buf, "…");
}

void
out_raw(struct out *o, struct str s)
{
	if (s.n < FLUSH_AT) {
		buf_addstr(&o->buf, s);
		added(o);
		return;
	}
	o->used = true;
	write_pending(o);
	write_bytes(o, s);
}

void
out_style(struct out *o, enum out_style style)
{
	if (o->colour)
		buf_adds(&o->buf, sequences[style]);
}

struct err *
out_flush(struct out *o)
{
	write_pending(o);
	if (o->failed == 0)
		return NULL;
	errno = o->failed;
	return err_sys("cannot write the output");
}
