#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/memory/memory.h"
#include "gate/memory/vouch.h"
#include "gate/room.h"
#include "git/note.h"
#include "git/noteindex.h"
#include "git/ref.h"
#include "git/sign.h"
#include "model/attest.h"

/* What those that policy names say under one key. */
struct voices {
	const struct gates *g;
	const struct oid *key;
	struct attest said;	/* what counts */
	size_t asked;		/* signatures */
	bool pass, fail;	/* somebody says so */
};

/* A fail that says by itself what is wrong: what a command printed is not in notes. */
static bool
tells(const struct attest *a)
{
	size_t i;

	for (i = 0; i < a->verdict.findings.n; i++)
		if (a->verdict.findings.v[i].kind == FINDING_BLOCKS)
			return true;
	return a->verdict.kind == VERDICT_PASS;
}

bool
vouch_by_word(const struct gates *g)
{
	return g->o.word && g->o.config->evidence.keys.n == 0;
}

/* Who says it; NULL: nobody whose word counts. */
static struct err *
hear_who(struct voices *vs, struct str text, struct str signature, char **who)
{
	const struct gates *g = vs->g;

	if (vouch_by_word(g)) {
		*who = mem_strdup("");
		return NULL;
	}
	if (signature.n == 0 || vs->asked >= VOUCH_ASKED_MAX)
		return NULL;
	vs->asked++;
	return sign_who(g->o.repo, &g->o.config->evidence.keys, SIGN_PROOF, text, signature, NULL, who);
}

static struct err *
hear_line(struct voices *vs, struct str line)
{
	AUTO(buf_free) struct buf text = BUF_INIT(ATTEST_MAX);
	AUTO(attest_free) struct attest a = {0};
	AUTO(mem_free_p) char *who = NULL;
	struct str signature = {0};
	struct err *e;

	if (str_find(line, str_of(oid_hex(vs->key).s)) < 0)
		return NULL;
	if (!sign_open(line, &text, &signature))
		buf_addstr(&text, line);
	if (text.over)
		return NULL;
	e = attest_read("a note", buf_str(&text), &a);
	if (e != NULL) {
		err_ignore(e);
		return NULL;
	}
	if (strcmp(a.key, oid_hex(vs->key).s) != 0 || !attest_lasts(&a.verdict) || a.unsteady)
		return NULL;
	TRY(hear_who(vs, buf_str(&text), signature, &who));
	if (who == NULL)
		return NULL;
	vs->pass |= a.verdict.kind == VERDICT_PASS;
	vs->fail |= a.verdict.kind == VERDICT_FAIL;
	if (vs->said.key != NULL || !tells(&a))
		return NULL;
	a.signer = arena_strdup(&a.verdict.mem, who);
	vs->said = a;
	a = (struct attest){0};
	return NULL;
}

static struct err *
hear_note(struct voices *vs, const struct oid *commit)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_MAX);
	struct str rest, line;

	TRY(note_read(vs->g->o.repo, REF_NOTES, commit, &note));
	rest = buf_str(&note);
	while (str_line(&rest, &line))
		TRY(hear_line(vs, line));
	return NULL;
}

struct err *
vouch_find(const struct gates *g, const struct oid *key, struct attest *out, bool *found)
{
	AUTO(noteindex_hits_free) struct noteindex_hits hits = {0};
	struct voices vs = {.g = g, .key = key};
	struct err *e = NULL;
	size_t i;

	*found = false;
	TRY(noteindex_find(g->o.repo, REF_NOTES, key, &hits));
	for (i = 0; i < hits.n && e == NULL; i++)
		e = hear_note(&vs, &hits.v[i]);
	if (e == NULL && vs.said.key != NULL && !(vs.pass && vs.fail)) {
		*out = vs.said;
		*found = true;
		return NULL;
	}
	attest_free(&vs.said);
	return e;
}

static struct err *
own_line(struct repo *r, const struct verdict *v, const struct oid *commit, const struct oid *patch,
    struct buf *out)
{
	AUTO(buf_free) struct buf line = BUF_INIT(ATTEST_MAX);
	AUTO(attest_free) struct attest a = {0};
	struct oid_hex hex = oid_hex(commit), id = oid_hex(patch);
	struct oid key;
	struct err *e;

	if (!oid_parse(str_of(v->key), &key))
		return NULL;
	TRY(memory_line(r, &key, &line));
	if (line.n == 0)
		return NULL;
	e = attest_read("memory", buf_str(&line), &a);
	if (e != NULL || a.signer[0] != '\0' || a.unsteady) {
		err_ignore(e);
		return NULL;
	}
	a.commit = hex.s;
	a.patch = id.s;
	attest_write(&a, true, out);
	return NULL;
}

struct err *
vouch_lines(struct repo *r, const struct verdicts *vs, const struct oid *commit, const struct oid *patch,
    const char *key, struct strs *out)
{
	size_t i;

	for (i = 0; i < vs->n; i++) {
		AUTO(buf_free) struct buf line = BUF_INIT(ATTEST_MAX);

		TRY(own_line(r, &vs->v[i], commit, patch, &line));
		if (line.n == 0 || line.over)
			continue;
		if (key[0] != '\0')
			TRY(sign_line(r, key, SIGN_PROOF, &line));
		strs_add(out, buf_cstr(&line));
	}
	return NULL;
}
