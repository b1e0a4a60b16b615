#include <string.h>

#include "base/str.h"
#include "gate/builtin/lang.h"
#include "gate/glob.h"

static const struct lang langs[] = {
#define LANG(name, kind, names, line, line2, open, close, quotes) \
	{name, kind, names, {line, line2}, open, close, quotes},
#include "gate/builtin/lang.tbl.h"
#undef LANG
};

/* "*.min.js" before "*.js": the longest pattern that fits. */
static size_t
fit(const char *names, const char *name)
{
	struct str rest = str_of(names), word;
	size_t best = 0;

	while (str_next(&rest, ' ', &word)) {
		char pattern[64];

		if (word.n <= best || word.n >= sizeof(pattern))
			continue;
		memcpy(pattern, word.p, word.n);
		pattern[word.n] = '\0';
		if (glob_match(pattern, name, 0))
			best = word.n;
	}
	return best;
}

const struct lang *
lang_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	const struct lang *found = NULL;
	size_t i, n, best = 0;

	for (i = 0; i < NITEMS(langs); i++) {
		n = fit(langs[i].names, name);
		if (n > best) {
			best = n;
			found = &langs[i];
		}
	}
	return found;
}

bool
lang_is_code(const struct lang *l)
{
	return l != NULL && l->kind == LANG_CODE;
}

bool
lang_is(const struct lang *l, const char *words)
{
	struct str rest = str_of(words), word;

	while (l != NULL && str_next(&rest, ' ', &word))
		if (str_is(word, l->name))
			return true;
	return false;
}
