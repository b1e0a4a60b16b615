#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/format/hand.h"

#define HAND_MAX 4096	/* bytes of a part: a path may be as long */

void
hand_set(char **to, const struct pick_value *v)
{
	if (v->kind != PICK_TEXT)
		return;
	free(*to);
	*to = str_dup(str_take(v->text, HAND_MAX));
}

void
hand_alias(struct hand *h, const struct pick_value *v)
{
	struct str name = str_take(v->text, FACTS_TEXT_MAX);

	if (v->kind == PICK_TEXT && name.n > 0)
		strs_addn(&h->aliases, name.p, name.n);
}

void
hand_copy(char **to, const char *s)
{
	if (s == NULL)
		return;
	free(*to);
	*to = mem_strndup(s, strnlen(s, HAND_MAX));
}

void
hand_clear(struct hand *h)
{
	free(h->id);
	free(h->text);
	free(h->path);
	free(h->package);
	free(h->version);
	free(h->fixed);
	strs_free(&h->aliases);
	*h = (struct hand){0};
}

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

struct err *
hand_complain(struct hand *h, struct facts *f, const char *tool)
{
	struct complaint c = {.tool = tool, .rule = or_empty(h->id), .severity = h->severity,
	    .path = or_empty(h->path), .line = h->line, .text = or_empty(h->text), .print = "",
	    .suppressed = h->suppressed};
	struct err *e = facts_complain(f, &c);

	hand_clear(h);
	return e;
}

struct err *
hand_flaw(struct hand *h, struct facts *f)
{
	struct flaw w = {.id = or_empty(h->id), .package = or_empty(h->package), .version = or_empty(h->version),
	    .fixed = or_empty(h->fixed), .severity = h->severity, .text = or_empty(h->text),
	    .suppressed = h->suppressed};
	struct err *e;

	if (w.id[0] == '\0') {
		e = err_new(ERR_SYNTAX, "a vulnerability without an id");
	} else {
		w.aliases = h->aliases;
		h->aliases = (struct strs){0};
		e = facts_flaw(f, &w);
	}
	hand_clear(h);
	return e;
}

struct err *
hands_take(struct hands *all, struct hand *h)
{
	if (all->n >= FACTS_FLAWS_MAX)
		return err_new(ERR_LIMIT, "more than %d known vulnerabilities of one package", FACTS_FLAWS_MAX);
	vec_push(all, *h);
	*h = (struct hand){0};
	return NULL;
}

void
hands_free(struct hands *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		hand_clear(&all->v[i]);
	vec_free(all);
}
