#include <string.h>

#include "base/vec.h"
#include "gate/glob.h"

static char
fold(char c, unsigned flags)
{
	return (flags & GLOB_ICASE) && c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* *p is behind '['; on success it is behind the ']'. */
static bool
class_match(const char **p, char c, unsigned flags, bool *match)
{
	const char *q = *p;
	bool not = *q == '!' || *q == '^', found = false, first = true;
	unsigned char lo, hi, u = (unsigned char)fold(c, flags);

	if (not)
		q++;
	for (; *q != '\0' && (first || *q != ']'); first = false) {
		lo = hi = (unsigned char)fold(*q++, flags);
		if (q[0] == '-' && q[1] != ']' && q[1] != '\0') {
			hi = (unsigned char)fold(q[1], flags);
			q += 2;
		}
		if (u >= lo && u <= hi)
			found = true;
	}
	if (*q != ']')
		return false;
	*p = q + 1;
	*match = found != not;
	return true;
}

/* One element of the pattern that is no star against one byte. */
static bool
step(const char **p, char c, unsigned flags)
{
	const char *q = *p;
	bool match = false, slash = c == '/' && !(flags & GLOB_NAME);

	if (*q == '?' && !slash) {
		*p = q + 1;
		return true;
	}
	if (*q == '[') {
		q++;
		if (class_match(&q, c, flags, &match)) {
			*p = q;
			return match && !slash;
		}
		q--;
	}
	if (*q == '\\' && q[1] != '\0')
		q++;
	if (*q == '\0' || fold(*q, flags) != fold(c, flags))
		return false;
	*p = q + 1;
	return true;
}

/* Where to go on when the rest does not match: behind a star, one byte on. */
struct back {
	const char *p;	/* NULL: nowhere */
	const char *s;
};

/*
 * The deep star ("**") is the outer retreat, the flat one the inner: a flat
 * star that fails leaves the deep one to take more, and never the reverse,
 * so the cost is bounded.
 */
bool
glob_match(const char *pattern, const char *s, unsigned flags)
{
	struct back flat = {NULL, NULL}, deep = {NULL, NULL};
	const char *p = pattern;

	for (;;) {
		if (p[0] == '*' && p[1] == '*') {
			bool whole = (p == pattern || p[-1] == '/') && p[2] == '/';

			p += 2;
			flat.p = NULL;
			deep = (struct back){p, s};
			if (whole) {
				/* No folder at all, or one and all that follow. */
				p++;
			}
			continue;
		}
		if (*p == '*') {
			flat = (struct back){++p, s};
			continue;
		}
		if (*s == '\0' && *p == '\0')
			return true;
		if (*s != '\0' && step(&p, *s, flags)) {
			s++;
			continue;
		}
		if (flat.p != NULL && *flat.s != '\0' && (*flat.s != '/' || (flags & GLOB_NAME))) {
			p = flat.p;
			s = ++flat.s;
			continue;
		}
		flat.p = NULL;
		if (deep.p == NULL || *deep.s == '\0')
			return false;
		p = deep.p;
		s = ++deep.s;
	}
}

bool
glob_path(const char *pattern, const char *path, unsigned flags)
{
	char *below;
	size_t n = strlen(pattern);
	bool match, folder = n > 0 && pattern[n - 1] == '/';
	const char *slash = strchr(pattern, '/');

	/* A leading slash only says that the pattern starts at the top. */
	if (slash == pattern)
		pattern++;
	below = mem_printf(slash == NULL || slash[1] == '\0' ? "**/%s%s" : "%s%s", pattern,
	    folder ? "**" : "/**");
	match = glob_match(below, path, flags);
	if (!match && !folder) {
		below[strlen(below) - 3] = '\0';
		match = glob_match(below, path, flags);
	}
	free(below);
	return match;
}

bool
glob_paths(const struct strs *patterns, const char *path, unsigned flags)
{
	size_t i;

	for (i = 0; i < patterns->n; i++)
		if (glob_path(patterns->v[i], path, flags))
			return true;
	return false;
}

bool
glob_names(const struct strs *patterns, const char *name)
{
	size_t i;

	for (i = 0; i < patterns->n; i++)
		if (glob_match(patterns->v[i], name, GLOB_NAME))
			return true;
	return false;
}
