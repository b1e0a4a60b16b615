#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/judge/judge.h"
#include "gate/report/facts.h"
#include "model/verdict.h"

#define SHOWN_MAX 30		/* in the evidence */
#define OLD_MAX 200		/* of what the base has too, that many are told one by one */

static const char *
name_at(const struct flaw *w, size_t i)
{
	return i == 0 ? w->id : w->aliases.v[i - 1];
}

/* The base's, by package and any name. */
static void
index_base(const struct facts *base, struct map *known)
{
	size_t i, k;

	for (i = 0; base != NULL && i < base->flaws.n; i++) {
		const struct flaw *w = &base->flaws.v[i];

		for (k = 0; k <= w->aliases.n; k++) {
			AUTO(mem_free_p) char *key = mem_printf("%s\n%s", w->package, name_at(w, k));

			map_set(known, key, (void *)(uintptr_t)1);
		}
	}
}

static bool
in_base(const struct map *known, const struct flaw *w)
{
	size_t k;

	for (k = 0; k <= w->aliases.n; k++) {
		AUTO(mem_free_p) char *key = mem_printf("%s\n%s", w->package, name_at(w, k));

		if (map_get(known, key) != NULL)
			return true;
	}
	return false;
}

/* "lodash 4.17.15 (CVE-2020-8203): prototype pollution; fixed in 4.17.19" */
static void
describe(const struct flaw *w, struct buf *out)
{
	size_t i;

	buf_clear(out);
	buf_addf(out, "%s%s%s", w->package, w->version[0] == '\0' ? "" : " ", w->version);
	for (i = 0; i < w->aliases.n; i++)
		buf_addf(out, "%s%s", i == 0 ? " (" : ", ", w->aliases.v[i]);
	if (w->aliases.n != 0)
		buf_addc(out, ')');
	if (w->text[0] != '\0')
		buf_addf(out, ": %s", w->text);
	if (w->fixed[0] != '\0')
		buf_addf(out, "; fixed in %s", w->fixed);
	else
		buf_adds(out, "; no version is known in which it is fixed");
	if (w->suppressed)
		buf_adds(out, "; the tool was told to be silent about it, which counts for nothing here");
}

static void
add(struct judging *j, const struct flaw *w, enum finding_kind kind, const char *text)
{
	AUTO(mem_free_p) char *print = mem_printf("%s:%s", w->package, w->id);
	struct finding f = {.kind = kind, .rule = w->id, .text = text,
	    .severity = severity_word(w->severity), .print = print};

	verdict_add(j->verdict, &f);
}

/* One after the other: those that block first, since what is kept of a verdict has its limit. */
static size_t
tell(struct judging *j, const struct map *known, enum finding_kind kind)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	enum finding_kind is;
	size_t i, n = 0;

	for (i = 0; i < j->now->flaws.n; i++) {
		const struct flaw *w = &j->now->flaws.v[i];

		is = in_base(known, w) ? FINDING_OLD :
		    w->severity < (enum severity)j->gate->severity ? FINDING_NOTE : FINDING_BLOCKS;
		if (is != kind)
			continue;
		n++;
		if (kind == FINDING_OLD && n > OLD_MAX)
			continue;
		describe(w, &text);
		add(j, w, kind, buf_cstr(&text));
		if (kind != FINDING_BLOCKS || n > SHOWN_MAX)
			continue;
		if (n == 1)
			buf_adds(&j->evidence, "Known vulnerabilities that the change brings in:\n");
		buf_addf(&j->evidence, "  %s (%s): %s\n", w->id, severity_word(w->severity),
		    buf_cstr(&text));
	}
	if (kind == FINDING_BLOCKS && n > SHOWN_MAX)
		buf_addf(&j->evidence, "  and %zu more\n", n - SHOWN_MAX);
	return n;
}

struct err *
judge_flaws(struct judging *j)
{
	struct map known = {0};
	size_t blocking, noted, old;

	index_base(j->base, &known);
	blocking = tell(j, &known, FINDING_BLOCKS);
	noted = tell(j, &known, FINDING_NOTE);
	old = tell(j, &known, FINDING_OLD);
	map_free(&known, NULL);
	verdict_measure(j->verdict, "vulnerabilities", (int64_t)j->now->flaws.n, "count");
	verdict_measure(j->verdict, "new_vulnerabilities", (int64_t)(blocking + noted), "count");
	judge_count(j, "vulnerability", "vulnerabilities", blocking, noted, old);
	return NULL;
}
