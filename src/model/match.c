#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "model/match.h"

#define TOOL "tool:"

/* Names of one thing; rows of up to three. */
static const char *const same[][3] = {
	{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"darwin", "macos"},
};

static bool
has(const struct strs *have, const char *word)
{
	size_t i;

	for (i = 0; have != NULL && i < have->n; i++)
		if (strcasecmp(have->v[i], word) == 0)
			return true;
	return false;
}

bool
match_need(const char *need, const struct strs *have, match_tool *tool, void *arg)
{
	if (has(have, need))
		return true;
	return tool != NULL && strncasecmp(need, TOOL, strlen(TOOL)) == 0 && tool(arg, need + strlen(TOOL));
}

const char *
match_missing(const struct strs *needs, const struct strs *have, match_tool *tool, void *arg)
{
	size_t i;

	for (i = 0; i < needs->n; i++)
		if (!match_need(needs->v[i], have, tool, arg))
			return needs->v[i];
	return NULL;
}

static void
add(struct strs *out, const char *kind, struct str word)
{
	AUTO(mem_free_p) char *label = mem_printf("%s%.*s", kind, STR_ARG(word));

	if (word.n > 0 && !has(out, label))
		strs_add(out, label);
}

static void
add_fact(struct strs *out, const char *kind, const char *word)
{
	AUTO(mem_free_p) char *lower = mem_strdup(word);
	size_t i, k;
	char *c;

	for (c = lower; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	add(out, kind, str_of(lower));
	add(out, "", str_of(lower));
	for (i = 0; i < NITEMS(same); i++) {
		for (k = 0; k < NITEMS(same[i]) && same[i][k] != NULL; k++)
			if (strcmp(same[i][k], lower) == 0)
				break;
		if (k == NITEMS(same[i]) || same[i][k] == NULL)
			continue;
		for (k = 0; k < NITEMS(same[i]) && same[i][k] != NULL; k++) {
			add(out, kind, str_of(same[i][k]));
			add(out, "", str_of(same[i][k]));
		}
	}
}

void
match_labels(const struct strs *given, const char *os, const char *arch, struct strs *out)
{
	size_t i, from, to;

	for (i = 0; given != NULL && i < given->n; i++) {
		const char *text = given->v[i];

		for (from = 0; text[from] != '\0'; from = to) {
			from += strspn(text + from, ", \t");
			to = from + strcspn(text + from, ", \t");
			add(out, "", (struct str){text + from, to - from});
		}
	}
	add_fact(out, "os:", os);
	add_fact(out, "arch:", arch);
}
