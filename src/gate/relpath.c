#include <string.h>

#include "gate/relpath.h"

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
relpath_unquote(struct str s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && digit_of(s.p[i + 1]) >= 0 && digit_of(s.p[i + 2]) >= 0 &&
		    (s.p[i + 1] != '0' || s.p[i + 2] != '0')) {
			buf_addc(out, (char)(digit_of(s.p[i + 1]) << 4 | digit_of(s.p[i + 2])));
			i += 2;
		} else {
			buf_addc(out, s.p[i]);
		}
	}
}

bool
relpath_add(struct str path, struct buf *out)
{
	struct str piece;

	while (str_next(&path, '/', &piece)) {
		if (piece.n == 0 || str_is(piece, "."))
			continue;
		if (str_is(piece, "..")) {
			const char *slash = out->n == 0 ? NULL : strrchr(buf_cstr(out), '/');

			if (out->n == 0)
				return false;
			buf_trunc(out, slash == NULL ? 0 : (size_t)(slash - out->p));
			continue;
		}
		if (out->n > 0)
			buf_addc(out, '/');
		buf_addstr(out, piece);
	}
	return true;
}
