#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "face/part.h"
#include "git/oid.h"
#include "git/tree.h"
#include "line/check.h"
#include "model/verdict.h"

#define SEVERE(f) (strcmp((f)->severity, "error") == 0 || strcmp((f)->severity, "critical") == 0)

enum part_level
part_level(const struct verdict *v, const struct finding *f)
{
	if (finding_blocks(f->kind))
		return verdict_blocks(v) ? LEVEL_ERROR : LEVEL_WARNING;
	if (f->kind == FINDING_FLAGGED || f->kind == FINDING_FLAKY)
		return LEVEL_WARNING;
	return f->kind == FINDING_WAIVED && SEVERE(f) ? LEVEL_WARNING : LEVEL_NOTE;
}

const char *
part_word(const struct verdict *v, const struct finding *f)
{
	return v->advisory && finding_blocks(f->kind) ? "found" : finding_word(f->kind);
}

void
part_rule(const struct verdict *v, const struct finding *f, struct buf *out)
{
	buf_adds(out, v->gate);
	if (f->rule[0] != '\0' && strcmp(f->rule, v->gate) != 0)
		buf_addf(out, "/%s", f->rule);
}

void
part_text(const struct finding *f, struct buf *out)
{
	buf_adds(out, f->text[0] != '\0' ? f->text : f->rule);
	if (f->kind != FINDING_BLOCKS && f->kind != FINDING_NOTE)
		buf_addf(out, " (%s%s%s)", finding_word(f->kind), f->by[0] == '\0' ? "" : ": ", f->by);
}

struct err *
part_print(const struct verdict *v, const struct finding *f, struct buf *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct oid id;

	if (f->print[0] != '\0') {
		buf_adds(out, f->print);
		return NULL;
	}
	buf_addf(&b, "%s\n%s\n%s\n%s\n", v->gate, f->rule, f->file, f->text);
	TRY(blob_hash(buf_str(&b), &id));
	buf_adds(out, oid_hex(&id).s);
	return NULL;
}

static void
add_word(struct buf *out, const char *word)
{
	const char *p;

	buf_addc(out, ' ');
	for (p = word; isalnum((unsigned char)*p) || (*p != '\0' && strchr("./_-~^@:+", *p) != NULL); p++)
		;
	if (*p == '\0' && word[0] != '\0') {
		buf_adds(out, word);
		return;
	}
	buf_addc(out, '\'');
	for (p = word; *p != '\0'; p++)
		buf_adds(out, *p == '\'' ? "'\\''" : (char[2]){*p, '\0'});
	buf_addc(out, '\'');
}

void
part_again(const struct check *c, const char *gate, struct buf *out)
{
	buf_adds(out, "git factory gate --only");
	add_word(out, gate);
	if (c->fast)
		buf_adds(out, " --fast");
	if (c->person)
		buf_adds(out, " --person");
	if (c->index) {
		buf_adds(out, " --index");
		return;
	}
	if (c->base_given != NULL) {
		buf_adds(out, " --base");
		add_word(out, c->base_given);
	}
	if (strcmp(c->rev, "HEAD") != 0)
		add_word(out, c->rev);
}

const char *
part_policy(const struct verdict *v)
{
	return v->by[0] == '\0' ? "built in" : v->by;
}

const char *
part_lift(const struct verdict *v)
{
	return v->lift[0] == '\0' ? "nobody" : v->lift;
}

static int64_t
measure_of(const struct verdict *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->measures.n; i++)
		if (strcmp(v->measures.v[i].name, name) == 0)
			return v->measures.v[i].value;
	return 0;
}

void
part_record(const struct verdict *v, struct buf *out)
{
	int64_t landed = measure_of(v, "landed");

	if (v->advisory && landed > 0)
		buf_addf(out, " (no to %lld of the last %lld that landed and stayed)",
		    (long long)measure_of(v, "refused"), (long long)landed);
}

void
part_sum(const struct check *c, struct buf *out)
{
	size_t i, n = c->verdicts.n, blocking = 0;

	for (i = 0; i < n; i++)
		blocking += verdict_blocks(&c->verdicts.v[i]);
	if (blocking == 0)
		buf_addf(out, n == 1 ? "%zu gate passes" : "%zu gates pass", n);
	else
		buf_addf(out, "%zu of %zu gates %s", blocking, n, blocking == 1 ? "blocks" : "block");
}

/* "##[", "##vso[", "##teamcity[": the length of what stands before the bracket, else 0. */
static size_t
mark_at(struct str s)
{
	size_t n = 2;

	if (!str_starts(s, "##"))
		return 0;
	while (n < s.n && isalpha((unsigned char)s.p[n]))
		n++;
	return n < s.n && s.p[n] == '[' ? n : 0;
}

void
part_plain(struct buf *out, struct str s)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	size_t i = 0;

	text_visible(&b, s, true);
	s = buf_str(&b);
	while (i < s.n && s.p[i] == ' ')
		buf_addc(out, s.p[i++]);
	if (str_starts(str_skip(s, i), "::")) {
		buf_adds(out, "\\x3a");
		i++;
	}
	for (; i < s.n; i++) {
		if (mark_at(str_skip(s, i)) != 0)
			buf_adds(out, "\\x23");
		else
			buf_addc(out, s.p[i]);
	}
}
