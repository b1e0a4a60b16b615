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

/* A pass, under this key, signed by somebody who is named. */
static struct err *
judge_line(const struct gates *g, const struct oid *key, struct str line, struct attest *out, bool *found)
{
	AUTO(buf_free) struct buf text = BUF_INIT(ATTEST_MAX);
	AUTO(attest_free) struct attest a = {0};
	AUTO(mem_free_p) char *who = NULL;
	struct str signature;
	struct err *e;

	if (str_find(line, str_of(oid_hex(key).s)) < 0 || !sign_open(line, &text, &signature) || text.over)
		return NULL;
	e = attest_read("a note", buf_str(&text), &a);
	if (e != NULL) {
		err_ignore(e);
		return NULL;
	}
	if (strcmp(a.key, oid_hex(key).s) != 0 || a.verdict.kind != VERDICT_PASS || a.unsteady)
		return NULL;
	TRY(sign_who(g->o.repo, &g->o.config->evidence.keys, SIGN_PROOF, buf_str(&text), signature, NULL, &who));
	if (who == NULL)
		return NULL;
	a.signer = arena_strdup(&a.verdict.mem, who);
	*out = a;
	a = (struct attest){0};
	*found = true;
	return NULL;
}

struct err *
vouch_find(const struct gates *g, const struct oid *key, struct attest *out, bool *found)
{
	AUTO(noteindex_hits_free) struct noteindex_hits hits = {0};
	struct str rest, line;
	size_t i;

	*found = false;
	TRY(noteindex_find(g->o.repo, REF_NOTES, key, &hits));
	for (i = 0; i < hits.n && !*found; i++) {
		AUTO(buf_free) struct buf note = BUF_INIT(NOTE_MAX);

		TRY(note_read(g->o.repo, REF_NOTES, &hits.v[i], &note));
		rest = buf_str(&note);
		while (!*found && str_line(&rest, &line))
			TRY(judge_line(g, key, line, out, found));
	}
	return NULL;
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
