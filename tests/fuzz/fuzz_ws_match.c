/*
 * A pattern of .gitignore (first line) against a path (the rest): ends, stays
 * in bounds, and a pattern without special characters matches itself only.
 */
#include <stdlib.h>
#include <string.h>

#include "git/ws/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_mk((const char *)data, size), line;
	struct ws_pattern p;

	if (!str_line(&rest, &line) || !ws_pattern_parse(line, &p))
		return 0;
	ws_pattern_match(&p, rest, false);
	ws_pattern_match(&p, rest, true);
	if (p.text.n > 0 && memchr(p.text.p, '*', p.text.n) == NULL &&
	    memchr(p.text.p, '?', p.text.n) == NULL && memchr(p.text.p, '[', p.text.n) == NULL &&
	    memchr(p.text.p, '\\', p.text.n) == NULL && memchr(p.text.p, '/', p.text.n) == NULL) {
		if (ws_glob(p.text, rest) != str_eq(p.text, rest))
			abort();
	}
	return 0;
}
