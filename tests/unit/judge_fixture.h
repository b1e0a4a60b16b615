/*
 * judge_fixture.h - facts of two commits of a real repository, judged.
 *
 * A test writes files, says what a report has on the base, calls base_done(),
 * changes files, says what it has now, and calls judged().  Lines are named
 * by a text in them, so that a test need not count.
 */
#ifndef JUDGE_FIXTURE_H
#define JUDGE_FIXTURE_H

#include "git_fixture.h"

#include "base/vec.h"
#include "conf/config.h"
#include "gate/change.h"
#include "gate/judge/judge.h"
#include "gate/report/facts.h"
#include "model/verdict.h"

struct scene {
	struct repo *repo;
	struct change *change;
	struct facts base, now;
	struct facts *at;	/* which of the two is being told */
	struct conf_gate gate;
	struct verdict verdict;
	struct judging j;
	bool alone;		/* 'against: none' */
	bool blind;		/* the base gave no answer */
};

static inline void
scene_open(struct scene *s, unsigned kinds)
{
	*s = (struct scene){.gate = {.name = "g", .dir = "", .one = "", .severity = SEVERITY_WARNING,
	    .coverage = -1}};
	ok(repo_open(".", &s->repo));
	s->base.kinds = s->now.kinds = kinds;
	s->at = &s->base;
	verdict_init(&s->verdict, "g");
	judging_init(&s->j);
}

static inline void
scene_close(struct scene *s)
{
	judging_free(&s->j);
	verdict_free(&s->verdict);
	facts_free(&s->base);
	facts_free(&s->now);
	change_close(s->change);
	repo_close(s->repo);
}

/* What was written so far is the base. */
static inline void
base_done(struct scene *s)
{
	sh("git add -A . && git commit -q --allow-empty -m base");
	s->at = &s->now;
}

/* The line of a file that has this text. */
static inline int64_t
line_of(const char *path, const char *text)
{
	char *out = sh_out("grep -n -F -e '%s' '%s' | head -1 | cut -d: -f1", text, path);
	int64_t line = atoll(out);

	free(out);
	if (line == 0)
		fail_msg("no '%s' in '%s'", text, path);
	return line;
}

static inline void
complain_more(struct scene *s, const char *rule, const char *path, int64_t line, const char *text,
    const char *print, enum severity severity)
{
	struct complaint c = {.tool = "tool", .rule = rule, .severity = severity, .path = path,
	    .line = line, .text = text, .print = print};

	ok(facts_complain(s->at, &c));
}

static inline void
complain(struct scene *s, const char *rule, const char *path, const char *text)
{
	complain_more(s, rule, path, line_of(path, text), "found", "", SEVERITY_ERROR);
}

/* Commit what is there and judge. */
static inline void
judged(struct scene *s, struct err *(*judge)(struct judging *j))
{
	struct oid base, tree;

	sh("git add -A . && git commit -q --allow-empty -m next");
	base = sh_oid("HEAD~1^{tree}");
	tree = sh_oid("HEAD^{tree}");
	ok(change_open(s->repo, &base, &tree, &s->change));
	s->j.gate = &s->gate;
	s->j.now = &s->now;
	s->j.base = s->alone || s->blind ? NULL : &s->base;
	s->j.change = s->alone ? NULL : s->change;
	s->j.verdict = &s->verdict;
	ok(judge(&s->j));
}

static inline size_t
found(const struct scene *s, enum finding_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < s->verdict.findings.n; i++)
		n += s->verdict.findings.v[i].kind == kind;
	return n;
}

static inline const struct finding *
first(const struct scene *s, enum finding_kind kind)
{
	size_t i;

	for (i = 0; i < s->verdict.findings.n; i++)
		if (s->verdict.findings.v[i].kind == kind)
			return &s->verdict.findings.v[i];
	fail_msg("no finding of kind '%s'", finding_word(kind));
	return NULL;
}

static inline int64_t
measured(const struct scene *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->verdict.measures.n; i++)
		if (strcmp(s->verdict.measures.v[i].name, name) == 0)
			return s->verdict.measures.v[i].value;
	fail_msg("no measure '%s'", name);
	return -1;
}

#endif
