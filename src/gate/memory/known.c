#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/memory/known.h"
#include "gate/memory/memory.h"
#include "gate/memory/seen.h"
#include "gate/memory/vouch.h"
#include "gate/room.h"
#include "git/tree.h"
#include "model/attest.h"
#include "sys/host.h"

#define DAY_S 86400
#define RULE "unsteady"

/* What the verdict of one gate on one subject is a function of. */
struct key {
	struct oid seen, against;
	struct oid alone;	/* whatever the base is */
	struct oid compared;	/* with this base */
	bool has_alone;
};

static struct err *
hash(const struct subject *s, const struct verdict *v, const struct key *k, bool compared,
    struct oid *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);

	buf_addf(&b, "proof 1\ndefinition %s\nseen %s\nfast %d\n", v->definition, oid_hex(&k->seen).s,
	    (int)v->fast);
	if (compared)
		buf_addf(&b, "against %s\nperson %d\n", oid_hex(&k->against).s, (int)s->gates->o.person);
	return blob_hash(buf_str(&b), out);
}

static struct err *
key_of(const struct subject *s, const struct conf_gate *gate, const struct verdict *v, struct key *k)
{
	const struct gates *g = s->gates;

	TRY(seen_id(g, gate, &s->tree, &k->seen));
	TRY(seen_id(g, gate, &g->base_tree, &k->against));
	k->has_alone = gate->report.n == 0;
	TRY(hash(s, v, k, false, &k->alone));
	return hash(s, v, k, true, &k->compared);
}

static void
read_line(const struct gates *g, const struct oid *key, struct attest *a, bool *found)
{
	AUTO(buf_free) struct buf line = BUF_INIT(ATTEST_MAX);
	struct err *e;

	*found = false;
	e = memory_line(g->o.repo, key, &line);
	if (e == NULL && line.n != 0) {
		e = attest_read("memory", buf_str(&line), a);
		*found = e == NULL && strcmp(a->key, oid_hex(key).s) == 0;
	}
	/* What cannot be read is found out anew. */
	err_ignore(e);
}

static bool
counts_of(const struct gates *g, const struct attest *a)
{
	int64_t age = clock_wall(g->o.clock) - a->time;

	return !a->unsteady && attest_lasts(&a->verdict) && age >= 0 &&
	    (age <= MEMORY_DAYS * (int64_t)DAY_S || g->o.memory == GATE_MEMORY_ONLY);
}

/* A signer counts as long as the list that named its key is in force. */
static bool
counts(const struct gates *g, const struct attest *a)
{
	return counts_of(g, a) &&
	    (a->signer[0] == '\0' || strcmp(a->signers, oid_hex(&g->signers).s) == 0);
}

/* A line of a note has no more than its findings. */
static void
take_evidence(const struct attest *a, struct verdict *v)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	size_t i;

	buf_adds(&text, a->verdict.evidence);
	for (i = 0; text.n < GATE_EVIDENCE_MAX && a->verdict.evidence[0] == '\0' && i < a->verdict.findings.n; i++)
		if (a->verdict.findings.v[i].kind == FINDING_BLOCKS) {
			gates_clause(&a->verdict.findings.v[i], &text);
			buf_addc(&text, '\n');
		}
	verdict_evidence(v, buf_str(&text));
}

static void
take(const struct attest *a, struct verdict *v, struct verdict *kept)
{
	size_t i;

	verdict_set(v, a->verdict.kind, "%s", a->verdict.summary);
	verdict_take(v, &a->verdict);
	for (i = 0; i < a->verdict.measures.n; i++)
		verdict_measure(v, a->verdict.measures.v[i].name, a->verdict.measures.v[i].value,
		    a->verdict.measures.v[i].unit);
	take_evidence(a, v);
	v->ms = a->verdict.ms;
	v->key = arena_strdup(&v->mem, a->key);
	v->known.time = a->time;
	v->known.node = arena_strdup(&v->mem, a->node);
	v->known.signer = arena_strdup(&v->mem, a->signer);
	v->known.commit = arena_strdup(&v->mem, a->commit);
	verdict_take(kept, &a->kept);
}

/* From the notes, once: from then on this machine has it. */
static struct err *
find_vouched(const struct gates *g, const struct oid *key, struct attest *a, bool *found)
{
	AUTO(buf_free) struct buf line = BUF_INIT(ATTEST_MAX);
	AUTO(attest_free) struct attest theirs = {0};
	struct oid_hex signers = oid_hex(&g->signers);

	if (g->o.config->evidence.keys.n == 0 && !g->o.word)
		return NULL;
	TRY(vouch_find(g, key, &theirs, found));
	*found = *found && counts_of(g, &theirs);
	if (!*found)
		return NULL;
	theirs.signers = arena_strdup(&theirs.verdict.mem, signers.s);
	attest_write(&theirs, false, &line);
	if (!line.over && !vouch_by_word(g))
		err_ignore(memory_keep_line(g, key, buf_str(&line)));
	attest_free(a);
	*a = theirs;
	theirs = (struct attest){0};
	return NULL;
}

static struct err *
find_under(const struct subject *s, const struct oid *key, struct verdict *v, struct verdict *kept,
    bool *found)
{
	AUTO(attest_free) struct attest a = {0};

	read_line(s->gates, key, &a, found);
	if (*found && a.unsteady) {
		*found = false;
		return NULL;
	}
	*found = *found && counts(s->gates, &a);
	if (!*found)
		TRY(find_vouched(s->gates, key, &a, found));
	if (*found)
		take(&a, v, kept);
	return NULL;
}

struct err *
known_find(const struct subject *s, const struct conf_gate *gate, struct verdict *v,
    struct verdict *kept, bool *found)
{
	struct key k;

	*found = false;
	if (s->gates->o.memory == GATE_MEMORY_RERUN)
		return NULL;
	TRY(key_of(s, gate, v, &k));
	if (k.has_alone)
		TRY(find_under(s, &k.alone, v, kept, found));
	return *found ? NULL : find_under(s, &k.compared, v, kept, found);
}

/* ---- keeping ---- */

static char *
node_name(const struct gates *g)
{
	const char *own = g->o.config->node.name;

	return own[0] != '\0' ? mem_strdup(own) : host_name();
}

void
known_mark(const struct subject *s, struct verdict *v, int64_t time)
{
	AUTO(mem_free_p) char *node = node_name(s->gates);

	v->known.time = time;
	v->known.node = arena_strdup(&v->mem, node);
}

static void
differs(struct verdict *v, const struct attest *old)
{
	AUTO(mem_free_p) char *text = NULL;
	char time[CLOCK_TEXT];

	clock_format(old->time, time);
	text = mem_printf("it said '%s' on %s, for the very same content: neither is taken for known",
	    verdict_word(old->verdict.kind), time);
	verdict_find(v, FINDING_NOTE, RULE, "", 0, text);
}

static struct err *
write_line(const struct gates *g, const struct oid *key, const struct attest *a)
{
	AUTO(buf_free) struct buf line = BUF_INIT(ATTEST_MAX);

	attest_write(a, false, &line);
	return line.over ? NULL : memory_keep_line(g, key, buf_str(&line));
}

/* What was known under the key, if it was another answer, is worth nothing from now on. */
static struct err *
look_back(const struct gates *g, const struct oid *key, struct verdict *v, bool *unsteady)
{
	AUTO(attest_free) struct attest old = {0};
	bool found;

	read_line(g, key, &old, &found);
	if (!found)
		return NULL;
	if (old.verdict.kind != v->kind) {
		differs(v, &old);
		old.unsteady = true;
		TRY(write_line(g, key, &old));
	}
	*unsteady |= old.unsteady;
	return NULL;
}

struct err *
known_keep(const struct subject *s, const struct conf_gate *gate, struct verdict *v,
    const struct verdict *kept, bool *steady)
{
	AUTO(mem_free_p) char *node = node_name(s->gates);
	struct attest a = {.node = node, .commit = "", .patch = "", .against = "", .signer = "", .signers = ""};
	struct oid_hex hex, seen, against;
	const struct oid *key;
	struct key k;

	*steady = false;
	if (!attest_lasts(v))
		return NULL;
	TRY(key_of(s, gate, v, &k));
	if (k.has_alone)
		TRY(look_back(s->gates, &k.alone, v, &a.unsteady));
	TRY(look_back(s->gates, &k.compared, v, &a.unsteady));
	*steady = !a.unsteady;
	key = k.has_alone && v->kind == VERDICT_PASS ? &k.alone : &k.compared;
	hex = oid_hex(key);
	seen = oid_hex(&k.seen);
	against = oid_hex(&k.against);
	a.key = hex.s;
	a.seen = seen.s;
	if (key == &k.compared)
		a.against = against.s;
	a.time = v->known.time != 0 ? v->known.time : clock_wall(s->gates->o.clock);
	if (*steady)
		v->key = arena_strdup(&v->mem, hex.s);
	/* Borrowed for as long as it is written. */
	a.verdict = *v;
	if (kept != NULL)
		a.kept = *kept;
	return write_line(s->gates, key, &a);
}
