#include "model/verdict.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "wire/json.h"
#include "wire/node.h"

static const char *const kinds[] = {"pass", "fail", "error", "inconclusive"};
static const char *const finding_kinds[] = {"blocks", "known", "tolerated", "flaky", "note", "flagged", "waived",
    "old"};

const char *
verdict_word(enum verdict_kind kind)
{
	return kinds[kind];
}

static bool
word_find(const char *const words[], size_t n, struct str word, size_t *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_is(word, words[i])) {
			*out = i;
			return true;
		}
	return false;
}

bool
verdict_parse_word(struct str word, enum verdict_kind *out)
{
	size_t i;

	if (!word_find(kinds, NITEMS(kinds), word, &i))
		return false;
	*out = (enum verdict_kind)i;
	return true;
}

const char *
finding_word(enum finding_kind kind)
{
	return finding_kinds[kind];
}

bool
finding_blocks(enum finding_kind kind)
{
	return kind == FINDING_BLOCKS || kind == FINDING_KNOWN;
}

void
verdict_init(struct verdict *v, const char *gate)
{
	*v = (struct verdict){
		.kind = VERDICT_ERROR,
		.summary = "not run",
		.tree = "",
		.definition = "",
		.key = "",
		.by = "",
		.lift = "",
		.evidence = "",
		.known = {0, "", "", ""},
	};
	v->gate = arena_strdup(&v->mem, gate);
}

void
verdict_free(struct verdict *v)
{
	vec_free(&v->findings);
	vec_free(&v->measures);
	arena_free(&v->mem);
}

void
verdict_set(struct verdict *v, enum verdict_kind kind, const char *fmt, ...)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	v->kind = kind;
	v->summary = arena_str(&v->mem, buf_str(&b));
}

void
verdict_id(struct verdict *v, const char *tree, const char *definition)
{
	v->tree = arena_strdup(&v->mem, tree);
	v->definition = arena_strdup(&v->mem, definition);
}

static const char *
keep(struct verdict *v, const char *s)
{
	return s == NULL ? "" : arena_strdup(&v->mem, s);
}

void
verdict_add(struct verdict *v, const struct finding *from)
{
	struct finding f = *from;

	if (v->findings.n >= VERDICT_FINDINGS_MAX) {
		v->dropped++;
		return;
	}
	f.rule = keep(v, f.rule);
	f.file = keep(v, f.file);
	f.text = keep(v, f.text);
	f.severity = keep(v, f.severity);
	f.print = keep(v, f.print);
	f.by = keep(v, f.by);
	vec_push(&v->findings, f);
}

void
verdict_find(struct verdict *v, enum finding_kind kind, const char *rule,
    const char *file, int64_t line, const char *text)
{
	verdict_add(v, &(struct finding){.kind = kind, .rule = rule, .file = file, .line = line, .text = text});
}

void
verdict_measure(struct verdict *v, const char *name, int64_t value, const char *unit)
{
	struct measure m = {.value = value};

	m.name = keep(v, name);
	m.unit = keep(v, unit);
	vec_push(&v->measures, m);
}

void
verdict_evidence(struct verdict *v, struct str text)
{
	ptrdiff_t line;

	if (text.n > VERDICT_EVIDENCE_MAX) {
		text = str_skip(text, text.n - VERDICT_EVIDENCE_MAX);
		line = str_chr(text, '\n');
		if (line >= 0)
			text = str_skip(text, (size_t)line + 1);
		/* One line without end: do not begin inside a character. */
		while (text.n > 0 && ((unsigned char)text.p[0] & 0xc0) == 0x80)
			text = str_skip(text, 1);
	}
	v->evidence = arena_str(&v->mem, text);
}

bool
verdict_blocks(const struct verdict *v)
{
	return v->kind != VERDICT_PASS && !v->advisory && !v->waits;
}

static void
text_write(struct jw *w, const char *key, const char *value)
{
	if (value[0] != '\0')
		jw_kstr(w, key, value);
}

static void
true_write(struct jw *w, const char *key, bool value)
{
	if (value)
		jw_kbool(w, key, true);
}

void
verdict_take(struct verdict *to, const struct verdict *from)
{
	size_t i;

	for (i = 0; i < from->findings.n; i++)
		verdict_add(to, &from->findings.v[i]);
	to->dropped += from->dropped;
}

static void
finding_write(struct jw *w, const struct finding *f)
{
	jw_obj(w);
	jw_kstr(w, "kind", finding_word(f->kind));
	jw_kstr(w, "rule", f->rule);
	text_write(w, "file", f->file);
	if (f->line > 0)
		jw_kint(w, "line", f->line);
	jw_kstr(w, "text", f->text);
	text_write(w, "severity", f->severity);
	text_write(w, "fingerprint", f->print);
	text_write(w, "by", f->by);
	jw_end(w);
}

static void
measure_write(struct jw *w, const struct measure *m)
{
	jw_obj(w);
	jw_kstr(w, "name", m->name);
	jw_kint(w, "value", m->value);
	jw_kstr(w, "unit", m->unit);
	jw_end(w);
}

static void
known_write(struct jw *w, const struct verdict *v)
{
	char time[CLOCK_TEXT];

	clock_format(v->known.time, time);
	jw_key(w, "known");
	jw_obj(w);
	jw_kstr(w, "time", time);
	jw_kstr(w, "node", v->known.node);
	text_write(w, "signer", v->known.signer);
	text_write(w, "commit", v->known.commit);
	jw_end(w);
}

void
verdict_write(struct jw *w, const struct verdict *v)
{
	size_t i;

	jw_obj(w);
	jw_kstr(w, "gate", v->gate);
	jw_kstr(w, "verdict", verdict_word(v->kind));
	jw_kstr(w, "summary", v->summary);
	jw_kstr(w, "tree", v->tree);
	jw_kstr(w, "definition", v->definition);
	text_write(w, "key", v->key);
	jw_kbool(w, "fast", v->fast);
	true_write(w, "advisory", v->advisory);
	true_write(w, "idle", v->idle);
	text_write(w, "by", v->by);
	text_write(w, "lift", v->lift);
	jw_kint(w, "ms", v->ms);
	jw_key(w, "findings");
	jw_list(w);
	for (i = 0; i < v->findings.n; i++)
		finding_write(w, &v->findings.v[i]);
	jw_end(w);
	if (v->dropped > 0)
		jw_kint(w, "dropped", v->dropped);
	jw_key(w, "measures");
	jw_list(w);
	for (i = 0; i < v->measures.n; i++)
		measure_write(w, &v->measures.v[i]);
	jw_end(w);
	text_write(w, "evidence", v->evidence);
	true_write(w, "fleeting", v->fleeting);
	true_write(w, "waits", v->waits);
	if (v->known.time != 0)
		known_write(w, v);
	jw_end(w);
}

static struct err *
findings_read(const struct node *list, struct verdict *v)
{
	const struct node *n;

	for (n = list == NULL ? NULL : list->child; n != NULL; n = n->next) {
		const struct node *kind = node_get(n, "kind");
		size_t i;

		if (kind == NULL ||
		    !word_find(finding_kinds, NITEMS(finding_kinds), kind->text, &i))
			return node_err(n, "a finding without a known 'kind'");
		verdict_add(v, &(struct finding){
		    .kind = (enum finding_kind)i,
		    .rule = node_get_str(n, "rule"),
		    .file = node_get_str(n, "file"),
		    .line = node_get_int(n, "line", 0),
		    .text = node_get_str(n, "text"),
		    .severity = node_get_str(n, "severity"),
		    .print = node_get_str(n, "fingerprint"),
		    .by = node_get_str(n, "by"),
		});
	}
	return NULL;
}

static void
known_read(const struct node *n, struct verdict *v)
{
	const char *time = node_get_str(n, "time");

	if (time == NULL || !clock_parse(time, &v->known.time))
		return;
	v->known.node = keep(v, node_get_str(n, "node"));
	v->known.signer = keep(v, node_get_str(n, "signer"));
	v->known.commit = keep(v, node_get_str(n, "commit"));
}

static struct err *
read_into(const struct node *n, struct verdict *v)
{
	const char *word = node_get_str(n, "verdict"), *tree = node_get_str(n, "tree");
	const char *definition = node_get_str(n, "definition");
	const char *evidence = node_get_str(n, "evidence");
	const struct node *m;

	if (word == NULL || tree == NULL || definition == NULL)
		return node_err(n, "a verdict lacks 'verdict', 'tree' or 'definition'");
	if (!verdict_parse_word(str_of(word), &v->kind))
		return node_err(n, "unknown verdict '%s'", word);
	v->summary = keep(v, node_get_str(n, "summary"));
	verdict_id(v, tree, definition);
	v->key = keep(v, node_get_str(n, "key"));
	v->fast = node_get_bool(n, "fast", false);
	v->advisory = node_get_bool(n, "advisory", false);
	v->idle = node_get_bool(n, "idle", false);
	v->by = keep(v, node_get_str(n, "by"));
	v->lift = keep(v, node_get_str(n, "lift"));
	v->ms = node_get_int(n, "ms", 0);
	TRY(findings_read(node_get(n, "findings"), v));
	v->dropped += node_get_int(n, "dropped", 0);
	m = node_get(n, "measures");
	for (m = m == NULL ? NULL : m->child; m != NULL; m = m->next)
		verdict_measure(v, node_get_str(m, "name"),
		    node_get_int(m, "value", 0), node_get_str(m, "unit"));
	v->evidence = keep(v, evidence);
	v->fleeting = node_get_bool(n, "fleeting", false);
	v->waits = node_get_bool(n, "waits", false);
	known_read(node_get(n, "known"), v);
	return NULL;
}

struct err *
verdict_read(const char *file, const struct node *n, struct verdict *out)
{
	struct verdict v;
	struct err *e;

	if (n == NULL || n->kind != NODE_MAP || node_get_str(n, "gate") == NULL)
		return err_new(ERR_SYNTAX, "%s: a verdict must be an object with a 'gate'", file);
	verdict_init(&v, node_get_str(n, "gate"));
	e = read_into(n, &v);
	if (e != NULL) {
		verdict_free(&v);
		return e;
	}
	*out = v;
	return NULL;
}

void
verdicts_free(struct verdicts *vs)
{
	size_t i;

	for (i = 0; i < vs->n; i++)
		verdict_free(&vs->v[i]);
	vec_free(vs);
}

enum verdict_kind
verdicts_sum(const struct verdicts *vs)
{
	/* From good to bad: a failure is certain, an error only hides one. */
	static const int rank[] = {
		[VERDICT_PASS] = 0,
		[VERDICT_INCONCLUSIVE] = 1,
		[VERDICT_ERROR] = 2,
		[VERDICT_FAIL] = 3,
	};
	enum verdict_kind worst = VERDICT_PASS;
	size_t i;

	if (vs->n == 0)
		return VERDICT_INCONCLUSIVE;
	for (i = 0; i < vs->n; i++)
		if (verdict_blocks(&vs->v[i]) && rank[vs->v[i].kind] > rank[worst])
			worst = vs->v[i].kind;
	return worst;
}
