#include <string.h>

#include "base/err.h"
#include "conf/config.h"
#include "gate/judge/cover.h"
#include "gate/judge/judge.h"
#include "gate/report/facts.h"
#include "model/verdict.h"

#define FILES_MAX 40		/* in the evidence */
#define PPM 1000000

/*
 * What would be one uncovered line more than before, and what is one less.
 * Against a threshold, changed lines are judged by it alone.
 */
static size_t
balance(const struct coverage *c, bool threshold)
{
	size_t more = c->lost + (threshold ? 0 : c->changed_missed);
	size_t less = c->gained + (threshold ? 0 : c->freed);

	return more > less ? more - less : 0;
}

/* Is that a smaller part of the changed lines than policy asks for? */
static bool
below(const struct conf_gate *gate, const struct coverage *c)
{
	return gate->coverage > 0 && (uint64_t)c->changed_covered * 100 <
	    (uint64_t)gate->coverage * (c->changed_covered + c->changed_missed);
}

static void
add_lines(struct buf *b, const struct gap *g)
{
	if (g->first == g->last)
		buf_addf(b, "%lld", (long long)g->first);
	else
		buf_addf(b, "%lld-%lld", (long long)g->first, (long long)g->last);
}

/* "  src/a.c: 12-15, 17" */
static void
gap_evidence(struct judging *j, const struct coverage *c, enum gap_kind kind, const char *title)
{
	const char *path = NULL;
	size_t i, files = 0;

	for (i = 0; i < c->gaps.n; i++) {
		const struct gap *g = &c->gaps.v[i];

		if (g->kind != kind)
			continue;
		if (path == NULL)
			buf_addf(&j->evidence, "%s\n", title);
		if (g->path != path) {
			path = g->path;
			if (files++ < FILES_MAX)
				buf_addf(&j->evidence, "%s  %s: ", files == 1 ? "" : "\n", path);
		} else if (files <= FILES_MAX) {
			buf_adds(&j->evidence, ", ");
		}
		if (files <= FILES_MAX)
			add_lines(&j->evidence, g);
	}
	if (path != NULL)
		buf_addc(&j->evidence, '\n');
	if (files > FILES_MAX)
		buf_addf(&j->evidence, "  and in %zu more files\n", files - FILES_MAX);
}

static void
gap_findings(struct judging *j, const struct coverage *c, enum gap_kind kind, bool blocks)
{
	static const char *const what[GAP_KINDS] = {
		[GAP_CHANGED] = "changed, and no test reaches",
		[GAP_LOST] = "reached by tests on the base, and no test reaches",
	};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < c->gaps.n; i++) {
		const struct gap *g = &c->gaps.v[i];

		if (g->kind != kind)
			continue;
		buf_clear(&text);
		buf_addf(&text, "%s line%s ", what[kind], g->first == g->last ? "" : "s");
		add_lines(&text, g);
		verdict_find(j->verdict, blocks ? FINDING_BLOCKS : FINDING_NOTE, "coverage", g->path,
		    g->first, buf_cstr(&text));
		if (blocks)
			j->tally.blocking++;
		else
			j->tally.noted++;
	}
}

/* What declares, and has no code in most cases. */
static bool
declares(const char *path)
{
	static const char *const ends[] = {".h", ".hh", ".hpp", ".hxx", ".pyi", ".d.ts", "/__init__.py"};
	size_t i;

	for (i = 0; i < NITEMS(ends); i++)
		if (str_ends(str_of(path), ends[i]))
			return true;
	return false;
}

static void
tell_unmeasured(struct judging *j, const struct coverage *c)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < c->unmeasured.n; i++) {
		const struct unmeasured *u = &c->unmeasured.v[i];

		buf_clear(&text);
		buf_addf(&text, "no coverage report knows this file, though it knows others beside it: "
		    "%zu changed %s not measured", u->lines, u->lines == 1 ? "line is" : "lines are");
		verdict_find(j->verdict, u->fresh && !declares(u->path) ? FINDING_FLAGGED : FINDING_NOTE,
		    "coverage", u->path, 0, buf_cstr(&text));
		j->tally.noted++;
	}
}

static void
sum_up(struct judging *j, const struct coverage *c, bool few, size_t more)
{
	size_t changed = c->changed_covered + c->changed_missed;

	if (changed == 0)
		judge_say(j, "no changed line to cover");
	else
		judge_say(j, "%zu of %zu %slines covered", c->changed_covered, changed,
		    j->change == NULL ? "" : "changed ");
	if (few)
		judge_say(j, "below %lld %%", (long long)j->gate->coverage);
	if (more != 0)
		judge_say(j, "%zu uncovered %s more than before", more, more == 1 ? "line" : "lines");
	if (c->unmeasured.n != 0)
		judge_say(j, "%zu %s not measured", c->unmeasured.n,
		    c->unmeasured.n == 1 ? "file" : "files");
}

static void
measure(struct judging *j, const struct coverage *c)
{
	size_t all = c->covered + c->missed;

	verdict_measure(j->verdict, "covered_lines", (int64_t)c->covered, "count");
	verdict_measure(j->verdict, "uncovered_lines", (int64_t)c->missed, "count");
	verdict_measure(j->verdict, "changed_covered_lines", (int64_t)c->changed_covered, "count");
	verdict_measure(j->verdict, "changed_uncovered_lines", (int64_t)c->changed_missed, "count");
	if (all != 0)
		verdict_measure(j->verdict, "coverage", (int64_t)(c->covered * PPM / all), "ppm");
}

struct err *
judge_coverage(struct judging *j)
{
	AUTO(coverage_free) struct coverage c = {0};
	bool threshold = j->gate->coverage > 0, few, changed;
	size_t more;

	TRY(coverage_compare(j->now, j->base, j->change, &c));
	few = below(j->gate, &c);
	more = j->change == NULL ? 0 : balance(&c, threshold);
	changed = few || (more != 0 && !threshold);
	if (more != 0) {
		gap_findings(j, &c, GAP_LOST, true);
		gap_evidence(j, &c, GAP_LOST, "Lines that tests reach on the base and no more:");
	}
	if (changed) {
		gap_findings(j, &c, GAP_CHANGED, true);
		gap_evidence(j, &c, GAP_CHANGED, "Changed lines that no test reaches:");
	}
	tell_unmeasured(j, &c);
	if (!changed && j->change != NULL)
		gap_findings(j, &c, GAP_CHANGED, false);
	if (more == 0)
		gap_findings(j, &c, GAP_LOST, false);
	measure(j, &c);
	sum_up(j, &c, few, more);
	return NULL;
}
