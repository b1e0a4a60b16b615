#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/glob.h"
#include "gate/room.h"

#define SHOWN_MAX 30	/* findings in the evidence */

const struct builtin builtins[] = {
#define BUILTIN(name, on, judge, one, many, clean, mend) {name, on, judge, one, many, clean, mend},
#include "gate/builtin/builtin.tbl.h"
#undef BUILTIN
	{NULL, false, NULL, NULL, NULL, NULL, NULL},
};

const struct builtin *
builtin_of(const char *name)
{
	const struct builtin *b;

	for (b = builtins; b->name != NULL; b++)
		if (strcmp(b->name, name) == 0)
			return b;
	return NULL;
}

struct err *
inspect_judge(struct inspect *in)
{
	TRY(subject_change(in->s, &in->change));
	return in->kind->judge(in);
}

bool
inspect_sees(const struct inspect *in, const char *path)
{
	return in->set == NULL || in->set->paths.n == 0 || glob_paths(&in->set->paths, path, 0);
}

void
inspect_find(struct inspect *in, enum finding_kind kind, const char *rule, const char *file,
    int64_t line, const char *fmt, ...)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT), shown = BUF_INIT(BUF_TEXT);
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	text_visible(&shown, buf_str(&b), true);
	if (in->s->gates->o.person && !in->stern)
		kind = FINDING_NOTE;
	in->blocks += finding_blocks(kind);
	in->flagged += kind == FINDING_FLAGGED;
	verdict_find(in->v, kind, rule, file, line, buf_cstr(&shown));
}

bool
inspect_has(const struct inspect *in, const char *rule, const char *file, int64_t line)
{
	size_t i;

	for (i = 0; i < in->v->findings.n; i++) {
		const struct finding *f = &in->v->findings.v[i];

		if (strcmp(f->rule, rule) == 0 && strcmp(f->file, file) == 0 && (line == 0 || f->line == line))
			return true;
	}
	return false;
}

void
inspect_take(struct inspect *in, const struct verdict *from)
{
	size_t i;

	for (i = 0; i < from->findings.n; i++) {
		in->blocks += finding_blocks(from->findings.v[i].kind);
		in->flagged += from->findings.v[i].kind == FINDING_FLAGGED;
	}
	/* Of those that are not there any more, the worst is believed. */
	if (!in->s->gates->o.person)
		in->blocks += (size_t)from->dropped;
	verdict_take(in->v, from);
}

/* ---- the verdict ---- */

static void
add_evidence(const struct inspect *in, struct buf *out)
{
	const struct verdict *v = in->v;
	size_t i, n = 0;

	buf_addf(out, "%s:\n", in->kind->mend);
	for (i = 0; i < v->findings.n && n < SHOWN_MAX; i++) {
		const struct finding *f = &v->findings.v[i];

		if (!finding_blocks(f->kind))
			continue;
		n++;
		buf_adds(out, "  ");
		if (f->file[0] != '\0') {
			text_visible(out, str_of(f->file), true);
			if (f->line > 0)
				buf_addf(out, ":%lld", (long long)f->line);
			buf_adds(out, ": ");
		}
		buf_addf(out, "%s\n", f->text);
	}
	if (in->blocks > n)
		buf_addf(out, "  and %zu more\n", in->blocks - n);
}

void
inspect_sum(struct inspect *in)
{
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT);
	const struct builtin *b = in->kind;
	size_t n = in->v->findings.n;

	if (in->blocks != 0) {
		verdict_set(in->v, VERDICT_FAIL, "%zu %s", in->blocks, in->blocks == 1 ? b->one : b->many);
		add_evidence(in, &evidence);
		verdict_evidence(in->v, str_take(buf_str(&evidence), GATE_EVIDENCE_MAX));
	} else if (in->flagged != 0) {
		verdict_set(in->v, VERDICT_PASS, "%zu %s: flagged for a person", in->flagged,
		    in->flagged == 1 ? b->one : b->many);
	} else if (n != 0) {
		verdict_set(in->v, VERDICT_PASS, "%s, %zu to look at", b->clean, n);
	} else {
		verdict_set(in->v, VERDICT_PASS, "%s", change_count(in->change) == 0 ? "no change" : b->clean);
	}
}
