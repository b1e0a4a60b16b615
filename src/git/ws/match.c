/*
 * ws/match.c - see ws/match.h.
 */
#include "git/ws/match.h"

#include <ctype.h>
#include <string.h>

bool
ws_pattern_parse(struct str line, struct ws_pattern *out)
{
	struct ws_pattern p = {0};
	size_t n = line.n;

	if (n > 0 && line.p[n - 1] == '\r')
		n--;
	/* Trailing spaces do not count unless the last is escaped. */
	while (n > 0 && line.p[n - 1] == ' ' && !(n > 1 && line.p[n - 2] == '\\'))
		n--;
	line = str_take(line, n);
	if (line.n == 0 || line.p[0] == '#')
		return false;
	if (line.p[0] == '!') {
		p.negated = true;
		line = str_skip(line, 1);
	}
	if (line.n > 0 && line.p[line.n - 1] == '/') {
		p.dir_only = true;
		line = str_take(line, line.n - 1);
	}
	p.anchored = str_has(line, '/');
	if (line.n > 0 && line.p[0] == '/')
		line = str_skip(line, 1);
	p.text = line;
	*out = p;
	return line.n > 0;
}

static bool
class_has(struct str name, unsigned char c)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {
		{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
		{"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
		{"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
	};

	for (size_t i = 0; i < NITEMS(classes); i++)
		if (str_is(name, classes[i].name))
			return c < 128 && classes[i].is(c) != 0;
	return false;
}

/*
 * A bracket expression at p[*at] == '['.  Leaves *at behind the ']'.  false
 * with *at unmoved when it is not closed: then nothing matches.
 */
static bool
bracket(struct str p, size_t *at, unsigned char c)
{
	size_t i = *at + 1;
	bool not = false, hit = false, first = true;

	if (i < p.n && (p.p[i] == '!' || p.p[i] == '^')) {
		not = true;
		i++;
	}
	for (; i < p.n && (first || p.p[i] != ']'); first = false) {
		unsigned char lo, hi;

		if (p.p[i] == '[' && i + 1 < p.n && p.p[i + 1] == ':') {
			ptrdiff_t end = str_find(str_skip(p, i + 2), STR(":]"));
			if (end >= 0) {
				hit |= class_has(str_mk(p.p + i + 2, (size_t)end), c);
				i += (size_t)end + 4;
				continue;
			}
		}
		if (p.p[i] == '\\' && i + 1 < p.n)
			i++;
		lo = hi = (unsigned char)p.p[i++];
		if (i + 1 < p.n && p.p[i] == '-' && p.p[i + 1] != ']') {
			i++;
			if (p.p[i] == '\\' && i + 1 < p.n)
				i++;
			hi = (unsigned char)p.p[i++];
		}
		hit |= lo <= c && c <= hi;
	}
	if (i >= p.n)
		return false;
	*at = i + 1;
	return hit != not;
}

/* Does one pattern character at *i match c?  Moves *i behind it. */
static bool
one(struct str p, size_t *i, unsigned char c)
{
	size_t at = *i;

	switch (p.p[at]) {
	case '?':
		*i = at + 1;
		return true;
	case '[':
		return bracket(p, i, c);
	case '\\':
		if (at + 1 < p.n)
			at++;
		break;
	}
	*i = at + 1;
	return (unsigned char)p.p[at] == c;
}

/* Only the last star needs to be tried again: an earlier one gains nothing. */
bool
ws_glob(struct str p, struct str name)
{
	size_t i = 0, j = 0, star = SIZE_MAX, mark = 0;

	while (j < name.n) {
		if (i < p.n && p.p[i] == '*') {
			star = ++i;
			mark = j;
		} else if (i < p.n && one(p, &i, (unsigned char)name.p[j])) {
			j++;
		} else if (star != SIZE_MAX) {
			i = star;
			j = ++mark;
		} else {
			return false;
		}
	}
	while (i < p.n && p.p[i] == '*')
		i++;
	return i == p.n;
}

/* Two stars, or more, and nothing else. */
static bool
any_folders(struct str component)
{
	for (size_t i = 0; i < component.n; i++)
		if (component.p[i] != '*')
			return false;
	return component.n > 1;
}

/* The components of pattern and path, '**' being any number of them. */
static bool
match_path(struct str pattern, struct str path)
{
	struct str p = pattern, s = path, star_p = {0}, star_s = {0}, pc, sc;
	bool star = false;

	while (s.n > 0) {
		struct str before_s = s;

		if (str_next(&p, '/', &pc)) {
			if (any_folders(pc)) {
				if (p.n == 0)
					return true;
				star = true;
				star_p = p;
				star_s = before_s;
				continue;
			}
			str_next(&s, '/', &sc);
			if (ws_glob(pc, sc))
				continue;
		}
		if (!star)
			return false;
		p = star_p;
		s = star_s;
		str_next(&s, '/', &sc);
		star_s = s;
	}
	return p.n == 0;
}

bool
ws_pattern_match(const struct ws_pattern *p, struct str path, bool is_dir)
{
	if (p->dir_only && !is_dir)
		return false;
	if (!p->anchored)
		for (size_t i = path.n; i > 0; i--)
			if (path.p[i - 1] == '/')
				return ws_glob(p->text, str_skip(path, i));
	return p->anchored ? match_path(p->text, path) : ws_glob(p->text, path);
}
