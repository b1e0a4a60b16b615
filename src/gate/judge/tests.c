#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "conf/grant.h"
#include "gate/change.h"
#include "gate/evidence.h"
#include "gate/glob.h"
#include "gate/judge/flake.h"
#include "gate/judge/judge.h"
#include "gate/report/facts.h"
#include "model/verdict.h"

#define SHOWN_MAX 4	/* failing tests with their text; the rest by name */
#define NAMED_MAX 20
#define PPM 1000000

/* One test that did not simply pass, and what it comes to. */
struct judged {
	const struct junit_case *c;
	enum finding_kind kind;
	struct buf remark;	/* what is known of it beside its message */
};

struct trial {
	struct judging *j;
	bool may_try;
	struct { VEC_FIELDS(struct judged); } tests;
};

static void
trial_free(struct trial *t)
{
	size_t i;

	for (i = 0; i < t->tests.n; i++)
		buf_free(&t->tests.v[i].remark);
	vec_free(&t->tests);
}

/* ---- quarantine ---- */

static bool
names(const char *pattern, const struct junit_case *c)
{
	return glob_match(pattern, c->id, GLOB_NAME) || glob_match(pattern, c->name, GLOB_NAME);
}

/* In force: 1; there was one: -1; the remark says which. */
static struct err *
quarantined(const struct judging *j, const struct junit_case *c, int *state, struct buf *remark)
{
	const struct strs *list = &j->gate->quarantine;
	struct grant g;
	size_t i;

	*state = 0;
	for (i = 0; i < list->n && *state != 1; i++) {
		AUTO(mem_free_p) char *pattern = NULL;

		TRY(grant_parse(list->v[i], &g));
		pattern = str_dup(g.what);
		if (!names(pattern, c))
			continue;
		*state = j->now_s < g.ends_s ? 1 : -1;
		buf_clear(remark);
		buf_addf(remark, *state == 1 ? "in quarantine by %.*s until %.*s" :
		    "its quarantine by %.*s ended with %.*s", STR_ARG(g.owner), STR_ARG(g.until));
	}
	return NULL;
}

/* ---- one test ---- */

static void
say_tries(const struct tries *t, struct buf *remark)
{
	if (t->flaky && t->remembered)
		buf_addf(remark, "passed %zu of %zu times alone, and was seen to flake on a base before",
		    t->alone_passed, t->alone);
	else if (t->flaky)
		buf_addf(remark, "passed %zu of %zu times alone, and failed %zu of %zu times on the base",
		    t->alone_passed, t->alone, t->base_failed, t->base);
	else if (t->changed)
		buf_adds(remark, "new or changed, so it is not forgiven as flaky");
	else if (t->alone_passed == FLAKE_TRIES && t->base != 0 && t->base_failed == 0)
		buf_addf(remark, "passed %zu of %zu times alone, but never failed in %zu runs on the base",
		    t->alone_passed, t->alone, t->base);
	else if (t->alone_passed != 0)
		buf_addf(remark, "passed %zu of %zu times alone", t->alone_passed, t->alone);
}

static void
measure_flake(struct judging *j, const struct junit_case *c, size_t failed, size_t runs)
{
	AUTO(mem_free_p) char *name = mem_printf("flaky %s", c->id);

	verdict_measure(j->verdict, name, (int64_t)(failed * PPM / runs), "ppm");
}

static struct err *
judge_failed(struct trial *t, struct judged *one)
{
	const struct junit_case *c = one->c, *before;
	struct judging *j = t->j;
	struct tries tries = {0};
	int state;

	one->kind = FINDING_TOLERATED;
	if (glob_names(&j->gate->tolerate, c->id) || glob_names(&j->gate->tolerate, c->name))
		return NULL;
	TRY(quarantined(j, c, &state, &one->remark));
	if (state == 1)
		return NULL;
	if (t->may_try) {
		TRY(flake_judge(j, c, &tries));
		if (state == 0)
			say_tries(&tries, &one->remark);
	}
	before = j->base == NULL ? NULL : junit_get(&j->base->tests, c->id);
	if (tries.flaky) {
		measure_flake(j, c, 1 + tries.base_failed, 1 + tries.alone + tries.base);
		one->kind = FINDING_FLAKY;
	} else if (before != NULL && before->status == JUNIT_FAILED) {
		one->kind = j->gate->against == AGAINST_BASE ? FINDING_OLD : FINDING_KNOWN;
	} else {
		one->kind = FINDING_BLOCKS;
	}
	return NULL;
}

/* The runner itself tried it again, and it passed. */
static struct err *
judge_flaky(struct trial *t, struct judged *one)
{
	bool changed = false;

	if (t->j->change != NULL)
		TRY(flake_changed(t->j, one->c, &changed));
	one->kind = changed ? FINDING_BLOCKS : FINDING_FLAKY;
	buf_adds(&one->remark, changed ?
	    "passed only when it was tried again, and is new or changed: that is not forgiven" :
	    "passed when it was tried again");
	return NULL;
}

static struct err *
judge_one(struct trial *t, const struct junit_case *c)
{
	struct judged one = {.c = c, .remark = BUF_INIT(BUF_TEXT)};
	struct err *e = c->status == JUNIT_FAILED ? judge_failed(t, &one) : judge_flaky(t, &one);

	if (e != NULL)
		buf_free(&one.remark);
	else
		vec_push(&t->tests, one);
	return e;
}

/* ---- what it comes to ---- */

static void
count(struct tally *t, enum finding_kind kind)
{
	t->blocking += finding_blocks(kind);
	t->known += kind == FINDING_KNOWN || kind == FINDING_OLD;
	t->tolerated += kind == FINDING_TOLERATED;
	t->flaky += kind == FINDING_FLAKY;
}

/* A file name as the repository would have it, or "". */
static const char *
file_of(const struct junit_case *c)
{
	return c->more->file[0] == '/' || strstr(c->more->file, "..") != NULL ? "" : c->more->file;
}

static void
tell(struct judging *j, const struct judged *one)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct finding f = {.kind = one->kind, .rule = one->c->id, .file = file_of(one->c),
	    .line = one->c->more->line};

	buf_adds(&text, one->c->more->message);
	if (one->remark.n != 0)
		buf_addf(&text, text.n == 0 ? "%s" : " [%s]", buf_cstr(&one->remark));
	f.text = buf_cstr(&text);
	verdict_add(j->verdict, &f);
}

/* New failures come first, each with its text; names alone when there are many. */
static void
add_evidence(const struct trial *t, struct buf *out)
{
	static const enum finding_kind order[] = {FINDING_BLOCKS, FINDING_KNOWN};
	size_t i, k, shown = 0;

	for (k = 0; k < NITEMS(order); k++) {
		for (i = 0; i < t->tests.n; i++) {
			const struct judged *one = &t->tests.v[i];
			const char *remark = order[k] == FINDING_KNOWN ? "fails on the base too" :
			    buf_cstr(&one->remark);

			if (one->kind != order[k])
				continue;
			if (shown < SHOWN_MAX)
				evidence_test(out, one->c, remark);
			else if (shown < NAMED_MAX)
				buf_addf(out, "--- %s%s%s\n", one->c->id, remark[0] == '\0' ? "" : " ", remark);
			shown++;
		}
	}
	if (shown > NAMED_MAX)
		buf_addf(out, "--- and %zu more\n", shown - NAMED_MAX);
}

static void
sum_up(struct judging *j, const struct tally *t, size_t quarantine)
{
	const struct junit *tests = &j->now->tests;

	if (tests->failed != 0)
		judge_say(j, "%zu of %zu tests failed", tests->failed, tests->n);
	else
		judge_say(j, tests->n == 1 ? "%zu test" : "%zu tests", tests->n);
	if (tests->failed == 0 && tests->skipped != 0)
		judge_say(j, "%zu skipped", tests->skipped);
	if (t->known != 0)
		judge_say(j, "%zu on the base too", t->known);
	if (t->flaky != 0)
		judge_say(j, "%zu flaky", t->flaky);
	if (t->tolerated != quarantine)
		judge_say(j, "%zu tolerated", t->tolerated - quarantine);
	if (quarantine != 0)
		judge_say(j, "%zu in quarantine", quarantine);
}

struct err *
judge_tests(struct judging *j)
{
	AUTO(trial_free) struct trial t = {.j = j,
	    .may_try = j->flake != NULL && j->now->tests.failed <= FLAKE_TESTS_MAX};
	const struct junit *tests = &j->now->tests;
	struct tally own = {0};
	size_t i, quarantine = 0;

	for (i = 0; i < tests->n; i++)
		if (tests->v[i]->status == JUNIT_FAILED || tests->v[i]->status == JUNIT_FLAKY)
			TRY(judge_one(&t, tests->v[i]));
	for (i = 0; i < t.tests.n; i++) {
		count(&own, t.tests.v[i].kind);
		quarantine += t.tests.v[i].kind == FINDING_TOLERATED && t.tests.v[i].remark.n != 0;
		tell(j, &t.tests.v[i]);
	}
	verdict_measure(j->verdict, "tests", (int64_t)tests->n, "count");
	verdict_measure(j->verdict, "failed", (int64_t)tests->failed, "count");
	verdict_measure(j->verdict, "skipped", (int64_t)tests->skipped, "count");
	sum_up(j, &own, quarantine);
	if (own.blocking != 0)
		add_evidence(&t, &j->evidence);
	j->tally.blocking += own.blocking;
	j->tally.known += own.known;
	j->tally.tolerated += own.tolerated;
	j->tally.flaky += own.flaky;
	return NULL;
}
