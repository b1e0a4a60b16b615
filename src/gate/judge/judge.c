#include <string.h>

#include "base/err.h"
#include "conf/config.h"
#include "gate/change.h"
#include "gate/judge/judge.h"
#include "gate/report/facts.h"
#include "model/verdict.h"

void
judging_init(struct judging *j)
{
	*j = (struct judging){.summary = BUF_INIT(BUF_TEXT), .evidence = BUF_INIT(BUF_TEXT)};
}

void
judging_free(struct judging *j)
{
	buf_free(&j->summary);
	buf_free(&j->evidence);
}

const char *
judge_path_now(const struct change *c, const char *base_path)
{
	const struct change_file *f = c == NULL ? NULL : change_from(c, base_path);

	return f == NULL || f->status == 'D' ? base_path : f->path;
}

void
judge_say(struct judging *j, const char *fmt, ...)
{
	va_list ap;

	if (j->summary.n != 0)
		buf_adds(&j->summary, ", ");
	va_start(ap, fmt);
	buf_addv(&j->summary, fmt, ap);
	va_end(ap);
}

void
judge_count(struct judging *j, const char *one, const char *many, size_t blocking,
    size_t noted, size_t old)
{
	j->tally.blocking += blocking;
	j->tally.noted += noted;
	j->tally.known += old;
	if (blocking != 0)
		judge_say(j, "%zu new %s", blocking, blocking == 1 ? one : many);
	else
		judge_say(j, noted + old == 0 ? "no %s" : "no new %s", many);
	if (noted != 0)
		judge_say(j, "%zu below '%s'", noted, severity_word((enum severity)j->gate->severity));
	if (old != 0)
		judge_say(j, "%zu from before", old);
}

static const struct {
	enum facts_kind kind;
	const char *name;
	struct err *(*judge)(struct judging *j);	/* NULL: judged elsewhere */
} judges[] = {
	{FACTS_TESTS, "tests", judge_tests},
	{FACTS_FINDINGS, "findings", judge_findings},
	{FACTS_COVERAGE, "coverage", judge_coverage},
	{FACTS_FLAWS, "vulnerabilities", judge_flaws},
	{FACTS_TIMINGS, "timings", NULL},
};

struct err *
judge_facts(struct judging *j)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < NITEMS(judges); i++) {
		if ((j->now->kinds & judges[i].kind) != 0) {
			if (judges[i].judge != NULL)
				TRY(judges[i].judge(j));
		} else if (j->base != NULL && (j->base->kinds & judges[i].kind) != 0) {
			buf_clear(&text);
			buf_addf(&text, "the base's reports have %s, and the change's have none",
			    judges[i].name);
			verdict_find(j->verdict, FINDING_BLOCKS, j->gate->name, "", 0, buf_cstr(&text));
			judge_say(j, "no report of %s", judges[i].name);
			buf_addf(&j->evidence, "No report of %s was written any more.\n", judges[i].name);
			j->tally.blocking++;
		}
	}
	return NULL;
}
