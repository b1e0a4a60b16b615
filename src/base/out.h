/*
 * out.h - what a person or a program reads: one buffered stream.
 *
 * Whatever goes through out_printf() and out_line() is made visible first
 * (text.h), so a title or a log line cannot steer the terminal; only
 * out_style() emits escape sequences, and only where colours are on.
 * out_raw() is for machine formats and patches, byte for byte.
 *
 * Colours follow NO_COLOR, TERM=dumb and whether the descriptor is a
 * terminal.  A failed write (but not a closed pipe) is kept and comes back
 * from out_flush().
 */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct err;

enum out_style {
	STYLE_RESET,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
	STYLE_GREEN,
	STYLE_YELLOW,
	STYLE_BLUE
};

struct out {
	int fd;
	bool tty;
	bool colour;
	bool closed;	/* the reader went away: nothing is written any more */
	int columns;	/* width of the terminal, 80 when unknown */
	int failed;	/* errno of the first failed write, 0 */
	bool used;	/* something was written or is pending */
	struct buf buf;
};

void out_init(struct out *o, int fd);
void out_free(struct out *o);	/* does not flush, does not close */

void out_printf(struct out *o, const char *fmt, ...) PRINTF(2, 3);
/* Text from outside on one line: newlines and tabs become spaces. */
void out_line(struct out *o, struct str s);
/* The same, cut to a width in columns, with "…" for what is missing. */
void out_cut(struct out *o, struct str s, size_t columns);
void out_raw(struct out *o, struct str s);
void out_style(struct out *o, enum out_style style);

/* Writes what is pending; a terminal's line is flushed by out_printf itself. */
struct err *out_flush(struct out *o) MUST_USE;

#endif
