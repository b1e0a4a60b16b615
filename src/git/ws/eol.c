/*
 * ws/eol.c - see ws/eol.h.
 */
#include "git/ws/eol.h"

#include <string.h>

struct stats {
	size_t nul, lone_cr, lone_lf, crlf;
	size_t printable, other;
};

static void
count_byte(struct stats *st, unsigned char c)
{
	if (c == 127)
		st->other++;
	else if (c >= 32 || c == '\b' || c == '\t' || c == '\033' || c == '\014')
		st->printable++;
	else
		st->other++;
	st->nul += c == 0;
}

static struct stats
gather(struct str in)
{
	struct stats st = {0};

	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c == '\r' && i + 1 < in.n && in.p[i + 1] == '\n') {
			st.crlf++;
			i++;
		} else if (c == '\r') {
			st.lone_cr++;
		} else if (c == '\n') {
			st.lone_lf++;
		} else {
			count_byte(&st, c);
		}
	}
	/* A DOS end-of-file mark does not make a file binary. */
	if (in.n > 0 && in.p[in.n - 1] == '\032')
		st.other--;
	return st;
}

static bool
binary(const struct stats *st)
{
	return st->lone_cr > 0 || st->nul > 0 || (st->printable >> 7) < st->other;
}

bool
eol_has_crlf(struct str in)
{
	struct stats st;

	if (in.n == 0 || memchr(in.p, '\r', in.n) == NULL)
		return false;
	st = gather(in);
	return !binary(&st) && st.crlf > 0;
}

bool
eol_smudge(enum ws_eol eol, struct str in, struct buf *out)
{
	struct stats st;
	struct str line;

	if ((eol != EOL_TEXT_CRLF && eol != EOL_AUTO_CRLF) || in.n == 0)
		return false;
	st = gather(in);
	if (st.lone_lf == 0)
		return false;
	if (eol == EOL_AUTO_CRLF && (st.crlf > 0 || binary(&st)))
		return false;
	while (in.n > 0) {
		ptrdiff_t lf = str_chr(in, '\n');

		if (lf < 0) {
			buf_addstr(out, in);
			break;
		}
		line = str_take(in, (size_t)lf);
		buf_addstr(out, line);
		buf_adds(out, str_ends(line, "\r") ? "\n" : "\r\n");
		in = str_skip(in, (size_t)lf + 1);
	}
	return true;
}

bool
eol_clean(enum ws_eol eol, struct str in, bool base_crlf, struct buf *out)
{
	bool automatic = eol == EOL_AUTO || eol == EOL_AUTO_CRLF;
	struct stats st;

	if (eol == EOL_ASIS || in.n == 0 || memchr(in.p, '\r', in.n) == NULL)
		return false;
	st = gather(in);
	if (st.crlf == 0 || (automatic && (base_crlf || binary(&st))))
		return false;
	for (size_t i = 0; i < in.n; i++)
		if (!(in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] == '\n'))
			buf_addc(out, in.p[i]);
	return true;
}
