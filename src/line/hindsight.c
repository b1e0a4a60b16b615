#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "git/commit.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/repo.h"
#include "line/hindsight.h"
#include "model/verdict.h"
#include "wire/json.h"

#define REVERTS "This reverts commit "	/* as git revert writes it */

struct look {
	struct repo *repo;
	const char *gate;
	size_t commits;
	struct strs reverted;	/* hex ids */
	int64_t landed, refused;
};

static void
note_reverts(struct look *l, const char *message)
{
	struct str rest = str_of(message);
	ptrdiff_t at;

	while ((at = str_find(rest, STR(REVERTS))) != -1) {
		rest = str_skip(rest, (size_t)at + strlen(REVERTS));
		strs_addn(&l->reverted, rest.p, str_take(rest, OID_HEX).n);
	}
}

/* One line of the note; what is none of ours says nothing. */
static void
note_line(struct look *l, struct str line)
{
	AUTO(arena_free) struct arena mem = {0};
	const char *event, *gate, *verdict;
	const struct node *g;
	struct node *n;
	struct err *e = json_parse(&mem, REF_NOTES, line, &n);

	if (e != NULL) {
		err_ignore(e);
		return;
	}
	event = node_get_str(n, "event");
	if (event == NULL || strcmp(event, "landed") != 0)
		return;
	g = node_get(n, "gates");
	for (g = g == NULL ? NULL : g->child; g != NULL; g = g->next) {
		gate = node_get_str(g, "gate");
		verdict = node_get_str(g, "verdict");
		if (gate == NULL || verdict == NULL || strcmp(gate, l->gate) != 0)
			continue;
		l->landed++;
		l->refused += strcmp(verdict, verdict_word(VERDICT_PASS)) != 0;
	}
}

/* From the newest on, so what was reverted is known before it comes. */
static struct err *
look_at(void *arg, const struct commit *c, bool *more)
{
	struct look *l = arg;
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_MAX);
	struct str rest, line;

	*more = ++l->commits < HINDSIGHT_COMMITS;
	note_reverts(l, c->message);
	if (strs_has(&l->reverted, oid_hex(&c->oid).s))
		return NULL;
	TRY(note_read(l->repo, REF_NOTES, &c->oid, &note));
	rest = buf_str(&note);
	while (str_line(&rest, &line))
		note_line(l, line);
	return NULL;
}

struct err *
hindsight_add(struct repo *r, const struct oid *base, struct verdicts *vs)
{
	struct oid notes;
	size_t i;

	TRY(ref_read(r, REF_NOTES, &notes));
	for (i = 0; i < vs->n && !oid_is_zero(&notes); i++) {
		struct look l = {.repo = r, .gate = vs->v[i].gate};
		struct err *e;

		if (!vs->v[i].advisory)
			continue;
		e = commit_walk(r, base, NULL, look_at, &l);
		strs_free(&l.reverted);
		TRY(e);
		if (l.landed == 0)
			continue;
		verdict_measure(&vs->v[i], "landed", l.landed, "count");
		verdict_measure(&vs->v[i], "refused", l.refused, "count");
	}
	return NULL;
}
