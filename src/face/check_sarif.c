/*
 * SARIF 2.1.0 (OASIS) as GitHub's code scanning takes it: one run, at most
 * 5,000 results, each with a location, a rule that is described, and a
 * fingerprint.  docs.github.com, "SARIF support for code scanning".
 */
#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/text.h"
#include "conf/config.h"
#include "face/check.h"
#include "face/part.h"
#include "line/check.h"
#include "wire/json.h"

#define RESULTS_MAX 5000	/* what is shown; 25,000 are taken */
#define TEXT_MAX 1000
#define RULE_MAX 255
#define SARIF_MAX (10 * MIB)
#define ROOT "%SRCROOT%"

static const char *const levels[] = {
	[LEVEL_NOTE] = "note",
	[LEVEL_WARNING] = "warning",
	[LEVEL_ERROR] = "error",
};

struct sarif {
	struct jw w;
	const struct check *c;
	struct map rules;	/* id -> index + 1 */
	struct map prints;	/* -> how many results had it before */
	size_t nrules, results;
};

static void
put_visible(struct jw *w, const char *key, struct str text)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	text_visible(&b, text_cut(text, TEXT_MAX), true);
	jw_key(w, key);
	jw_strn(w, buf_str(&b));
}

static void
put_text(struct jw *w, const char *key, struct str text)
{
	jw_key(w, key);
	jw_obj(w);
	put_visible(w, "text", text);
	jw_end(w);
}

/* A path as a relative URI reference (RFC 3986). */
static void
put_uri(struct jw *w, const char *path)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	const char *p;

	for (p = path; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("/-._~", *p) != NULL)
			buf_addc(&b, *p);
		else
			buf_addf(&b, "%%%02X", (unsigned char)*p);
	}
	jw_key(w, "uri");
	jw_strn(w, buf_str(&b));
}

/* What has no place of its own is shown where the gate is defined. */
static void
put_location(struct jw *w, const struct finding *f)
{
	bool placed = f->file[0] != '\0';

	jw_key(w, "locations");
	jw_list(w);
	jw_obj(w);
	jw_key(w, "physicalLocation");
	jw_obj(w);
	jw_key(w, "artifactLocation");
	jw_obj(w);
	put_uri(w, placed ? f->file : CONFIG_PATH);
	jw_kstr(w, "uriBaseId", ROOT);
	jw_end(w);
	jw_key(w, "region");
	jw_obj(w);
	jw_kint(w, "startLine", placed && f->line > 0 ? f->line : 1);
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

static void
rule_id(const struct verdict *v, const struct finding *f, struct buf *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT), plain = BUF_INIT(BUF_TEXT);

	part_rule(v, f, &b);
	text_visible(&plain, buf_str(&b), true);
	buf_addstr(out, text_cut(buf_str(&plain), RULE_MAX));
}

static void
put_rule(struct sarif *s, const struct verdict *v, const struct finding *f)
{
	AUTO(buf_free) struct buf id = BUF_INIT(BUF_TEXT), what = BUF_INIT(BUF_TEXT), help = BUF_INIT(BUF_TEXT);

	rule_id(v, f, &id);
	if (map_get(&s->rules, buf_cstr(&id)) != NULL)
		return;
	map_set(&s->rules, buf_cstr(&id), (void *)(uintptr_t)(++s->nrules));
	buf_addf(&what, "The gate '%s' (%s) reports %s.", v->gate, part_policy(v), buf_cstr(&id));
	buf_adds(&help, "To judge it again: ");
	part_again(s->c, v->gate, &help);
	jw_obj(&s->w);
	jw_kstr(&s->w, "id", buf_cstr(&id));
	put_text(&s->w, "shortDescription", buf_str(&id));
	put_text(&s->w, "fullDescription", buf_str(&what));
	put_text(&s->w, "help", buf_str(&help));
	jw_end(&s->w);
}

/* With a number, as CodeQL writes it: two of a kind in one file are two alerts. */
static struct err *
put_prints(struct sarif *s, const struct verdict *v, const struct finding *f)
{
	AUTO(buf_free) struct buf print = BUF_INIT(BUF_TEXT);
	uintptr_t n;

	TRY(part_print(v, f, &print));
	n = (uintptr_t)map_get(&s->prints, buf_cstr(&print)) + 1;
	map_set(&s->prints, buf_cstr(&print), (void *)n);
	buf_addf(&print, ":%zu", (size_t)n);
	jw_key(&s->w, "partialFingerprints");
	jw_obj(&s->w);
	put_visible(&s->w, "primaryLocationLineHash", buf_str(&print));
	jw_end(&s->w);
	return NULL;
}

static void
put_waiver(struct jw *w, const struct finding *f)
{
	if (f->kind != FINDING_WAIVED)
		return;
	jw_key(w, "suppressions");
	jw_list(w);
	jw_obj(w);
	jw_kstr(w, "kind", "external");
	jw_kstr(w, "status", "accepted");
	put_visible(w, "justification", str_of(f->by));
	jw_end(w);
	jw_end(w);
}

static struct err *
put_result(struct sarif *s, const struct verdict *v, const struct finding *f)
{
	AUTO(buf_free) struct buf id = BUF_INIT(BUF_TEXT), text = BUF_INIT(BUF_TEXT);

	rule_id(v, f, &id);
	part_text(f, &text);
	jw_obj(&s->w);
	jw_kstr(&s->w, "ruleId", buf_cstr(&id));
	jw_kint(&s->w, "ruleIndex", (int64_t)(uintptr_t)map_get(&s->rules, buf_cstr(&id)) - 1);
	jw_kstr(&s->w, "level", levels[part_level(v, f)]);
	put_text(&s->w, "message", buf_str(&text));
	jw_kstr(&s->w, "baselineState", f->kind == FINDING_OLD || f->kind == FINDING_KNOWN ? "unchanged" : "new");
	put_location(&s->w, f);
	TRY(put_prints(s, v, f));
	put_waiver(&s->w, f);
	jw_end(&s->w);
	return NULL;
}

typedef struct err *each_fn(struct sarif *s, const struct verdict *v, const struct finding *f);

static struct err *
rule_of(struct sarif *s, const struct verdict *v, const struct finding *f)
{
	put_rule(s, v, f);
	return NULL;
}

/* The worst first, up to the limit; the same ones each time. */
static struct err *
each(struct sarif *s, each_fn *fn)
{
	const struct verdicts *vs = &s->c->verdicts;
	size_t i, k, n = 0;
	int level;

	for (level = LEVEL_ERROR; level >= LEVEL_NOTE; level--)
		for (i = 0; i < vs->n; i++)
			for (k = 0; k < vs->v[i].findings.n && n < RESULTS_MAX; k++) {
				const struct finding *f = &vs->v[i].findings.v[k];

				if (part_level(&vs->v[i], f) != (enum part_level)level)
					continue;
				TRY(fn(s, &vs->v[i], f));
				n++;
			}
	s->results = n;
	return NULL;
}

static void
put_notice(struct jw *w, const char *level, const char *text)
{
	jw_obj(w);
	jw_kstr(w, "level", level);
	put_text(w, "message", str_of(text));
	jw_end(w);
}

/* What the gates came to, and what is not among the results. */
static void
put_invocation(struct sarif *s)
{
	const struct verdicts *vs = &s->c->verdicts;
	size_t i, all = 0;
	bool worked = true, broken;

	jw_key(&s->w, "invocations");
	jw_list(&s->w);
	jw_obj(&s->w);
	jw_key(&s->w, "toolExecutionNotifications");
	jw_list(&s->w);
	for (i = 0; i < vs->n; i++) {
		const struct verdict *v = &vs->v[i];
		AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

		all += v->findings.n + (size_t)v->dropped;
		broken = verdict_blocks(v) && v->kind != VERDICT_FAIL;
		worked &= !broken;
		buf_addf(&text, "%s: %s, %s", v->gate, verdict_word(v->kind), v->summary);
		put_notice(&s->w, levels[broken ? LEVEL_ERROR : LEVEL_NOTE], buf_cstr(&text));
	}
	if (all > s->results) {
		AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

		buf_addf(&text, "%zu of %zu findings are left out", all - s->results, all);
		put_notice(&s->w, levels[LEVEL_WARNING], buf_cstr(&text));
	}
	jw_end(&s->w);
	jw_kbool(&s->w, "executionSuccessful", worked);
	jw_end(&s->w);
	jw_end(&s->w);
}

static struct err *
put_run(struct sarif *s)
{
	struct jw *w = &s->w;

	jw_key(w, "tool");
	jw_obj(w);
	jw_key(w, "driver");
	jw_obj(w);
	jw_kstr(w, "name", "git-factory");
	jw_kstr(w, "semanticVersion", VERSION);
	jw_key(w, "rules");
	jw_list(w);
	TRY(each(s, rule_of));
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_key(w, "automationDetails");
	jw_obj(w);
	jw_kstr(w, "id", "git-factory/");
	jw_end(w);
	jw_key(w, "originalUriBaseIds");
	jw_obj(w);
	jw_key(w, ROOT);
	jw_obj(w);
	put_text(w, "description", STR("the top of the repository"));
	jw_end(w);
	jw_end(w);
	jw_kstr(w, "columnKind", "utf16CodeUnits");
	put_invocation(s);
	jw_key(w, "results");
	jw_list(w);
	TRY(each(s, put_result));
	jw_end(w);
	jw_key(w, "properties");
	jw_obj(w);
	jw_kstr(w, "commit", s->c->index ? NULL : oid_hex(&s->c->commit).s);
	jw_kstr(w, "base", oid_hex(&s->c->base).s);
	jw_kstr(w, "tree", oid_hex(&s->c->tree).s);
	jw_end(w);
	return NULL;
}

struct err *
check_sarif(const struct check *c, struct buf *out)
{
	struct sarif s = {.c = c};
	struct err *e;

	jw_init(&s.w, out, true);
	jw_obj(&s.w);
	jw_kstr(&s.w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	jw_kstr(&s.w, "version", "2.1.0");
	jw_key(&s.w, "runs");
	jw_list(&s.w);
	jw_obj(&s.w);
	e = put_run(&s);
	map_free(&s.rules, NULL);
	map_free(&s.prints, NULL);
	TRY(e);
	jw_end(&s.w);
	jw_end(&s.w);
	jw_end(&s.w);
	if (out->n > SARIF_MAX)
		return err_new(ERR_LIMIT, "the SARIF of the gates is larger than %zu bytes", SARIF_MAX);
	return buf_check(out, "the SARIF of the gates");
}
