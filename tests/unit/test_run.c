#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/run.h"
#include "wire/json.h"

#define TREE "1111111111111111111111111111111111111111"
#define HASH "2222222222222222222222222222222222222222"

static void
sample(struct run *r)
{
	struct verdict v;

	run_init(r);
	run_set(r, &r->id, "abcd2345");
	run_set(r, &r->task, "k3xq7abc");
	run_set(r, &r->title, "A \"title\"\nof two lines");
	run_set(r, &r->tree, TREE);
	run_set(r, &r->sandbox, "bwrap");
	r->attempt = 3;
	r->started = 1795255965;
	r->ended = 1795256000;
	r->outcome = RUN_ESCALATED;
	r->use = (struct use){.turns = 2, .in = 9007199254740993, .out = 7, .micro = 1234};
	run_step(r, "workspace", 1795255965, 12, NULL);
	run_step(r, "agent", 1795255966, 3400, "two turns");
	verdict_init(&v, "tests");
	verdict_set(&v, VERDICT_FAIL, "%d of %d tests failed", 2, 81);
	verdict_id(&v, TREE, HASH);
	verdict_find(&v, FINDING_BLOCKS, "test_sum", "t/sum.py", 12, "expected 3");
	verdict_find(&v, FINDING_FLAKY, "test_net", NULL, 0, NULL);
	verdict_add(&v, &(struct finding){.kind = FINDING_WAIVED, .rule = "B602", .file = "t/run.py", .line = 3,
	    .severity = "critical", .print = "f00d", .by = ".factory/waivers.yml:2:3, ada until 2027-01-31: old"});
	v.advisory = true;
	v.by = ".factory/config.yml:12";
	verdict_measure(&v, "tests", 81, "count");
	verdict_evidence(&v, STR("assert 1 == 3"));
	vec_push(&r->gates, v);
}

static void
test_round_trip(void **state)
{
	struct run r, back;
	AUTO(buf_free) struct buf one = BUF_INIT(MIB), two = BUF_INIT(MIB);

	(void)state;
	sample(&r);
	run_format(&r, &one);
	assert_null(run_parse("r.json", buf_str(&one), &back));
	assert_string_equal(back.title, "A \"title\"\nof two lines");
	assert_int_equal(back.use.in, 9007199254740993);
	assert_int_equal(back.outcome, RUN_ESCALATED);
	assert_int_equal(back.gates.n, 1);
	assert_int_equal(back.gates.v[0].findings.v[1].kind, FINDING_FLAKY);
	assert_string_equal(back.gates.v[0].findings.v[0].file, "t/sum.py");
	assert_string_equal(back.gates.v[0].findings.v[0].print, "");
	assert_int_equal(back.gates.v[0].findings.v[2].kind, FINDING_WAIVED);
	assert_string_equal(back.gates.v[0].findings.v[2].severity, "critical");
	assert_string_equal(back.gates.v[0].findings.v[2].print, "f00d");
	assert_string_equal(back.gates.v[0].findings.v[2].by, ".factory/waivers.yml:2:3, ada until 2027-01-31: old");
	assert_true(back.gates.v[0].advisory);
	assert_false(back.gates.v[0].idle);
	assert_string_equal(back.gates.v[0].by, ".factory/config.yml:12");
	assert_string_equal(back.gates.v[0].lift, "");
	assert_string_equal(back.gates.v[0].evidence, "assert 1 == 3");
	assert_string_equal(back.steps.v[1].note, "two turns");
	assert_string_equal(back.branch, "");
	run_format(&back, &two);
	assert_string_equal(buf_cstr(&one), buf_cstr(&two));
	run_free(&r);
	run_free(&back);
}

static void
refused(const char *text, const char *word)
{
	struct run r;
	struct err *e = run_parse("r.json", str_of(text), &r);

	assert_non_null(e);
	if (strstr(err_msg(e), word) == NULL)
		fail_msg("'%s' does not say '%s'", err_msg(e), word);
	err_free(e);
}

static void
test_refusals(void **state)
{
	(void)state;
	refused("{}", "r.json:1:1");
	refused("[]", "version");
	refused("{\"version\":2}", "version 2");
	refused("{\"version\":1}", "'id'");
	refused("{\"version\":1,\"id\":\"abcd2345\",\"task\":\"k3xq7abc\"}", "outcome");
	refused("{\"version\":1,\"id\":\"abcd2345\",\"task\":\"k3xq7abc\",\"outcome\":\"failed\","
	    "\"started\":\"yesterday\"}", "started");
	refused("{\"version\":1,\"id\":\"abcd2345\",\"task\":\"k3xq7abc\",\"outcome\":\"failed\","
	    "\"started\":\"2026-11-21T10:12:45Z\",\"ended\":\"2026-11-21T10:12:45Z\","
	    "\"use\":{\"in\":-1}}", "below zero");
	refused("{\"version\":1,\"id\":\"abcd2345\",\"task\":\"k3xq7abc\",\"outcome\":\"failed\","
	    "\"started\":\"2026-11-21T10:12:45Z\",\"ended\":\"2026-11-21T10:12:45Z\","
	    "\"use\":{},\"gates\":[{\"gate\":\"t\",\"verdict\":\"fine\",\"tree\":\"\","
	    "\"definition\":\"\"}]}", "fine");
}

static void
test_evidence_line(void **state)
{
	struct run r;
	AUTO(arena_free) struct arena mem = {0};
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	struct node *n;

	(void)state;
	sample(&r);
	run_evidence(&r, "landed", 1795255965, HASH, TREE, "33", &b);
	assert_int_equal(str_chr(buf_str(&b), '\n'), b.n - 1);
	assert_null(json_parse(&mem, "note", buf_str(&b), &n));
	assert_string_equal(node_get_str(n, "event"), "landed");
	assert_string_equal(node_get_str(n, "patch_id"), "33");
	assert_string_equal(node_get_str(node_at(node_get(n, "gates"), 0), "verdict"), "fail");
	run_free(&r);
}

static void
test_verdicts_sum(void **state)
{
	struct verdicts vs = {0};
	struct verdict v;

	(void)state;
	assert_int_equal(verdicts_sum(&vs), VERDICT_INCONCLUSIVE);
	verdict_init(&v, "a");
	assert_true(verdict_blocks(&v));
	verdict_set(&v, VERDICT_PASS, "fine");
	assert_false(verdict_blocks(&v));
	vec_push(&vs, v);
	assert_int_equal(verdicts_sum(&vs), VERDICT_PASS);
	verdict_init(&v, "advice");
	v.advisory = true;
	assert_false(verdict_blocks(&v));
	vec_push(&vs, v);
	assert_int_equal(verdicts_sum(&vs), VERDICT_PASS);
	verdict_init(&v, "b");
	vec_push(&vs, v);
	assert_int_equal(verdicts_sum(&vs), VERDICT_ERROR);
	verdict_init(&v, "c");
	verdict_set(&v, VERDICT_FAIL, "bad");
	vec_push(&vs, v);
	assert_int_equal(verdicts_sum(&vs), VERDICT_FAIL);
	verdicts_free(&vs);
	assert_true(finding_blocks(FINDING_KNOWN));
	assert_false(finding_blocks(FINDING_TOLERATED));
	assert_false(finding_blocks(FINDING_WAIVED));
}

static void
test_bounds(void **state)
{
	AUTO(verdict_free) struct verdict v;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	int i;

	(void)state;
	verdict_init(&v, "t");
	for (i = 0; i < 1200; i++)
		verdict_find(&v, FINDING_BLOCKS, "r", "f", i, "x");
	assert_int_equal(v.findings.n, VERDICT_FINDINGS_MAX);
	assert_int_equal(v.dropped, 200);
	for (i = 0; i < 4000; i++)
		buf_addf(&b, "line %d\n", i);
	verdict_evidence(&v, buf_str(&b));
	assert_true(strlen(v.evidence) <= VERDICT_EVIDENCE_MAX);
	assert_int_equal(strncmp(v.evidence, "line ", 5), 0);
	assert_non_null(strstr(v.evidence, "line 3999\n"));
}

static void
test_budget(void **state)
{
	struct budget b = {.caps = {.turns = 2, .tokens = 1000, .micro = 500}};
	struct use worst = {.turns = 1, .in = 300, .out = 200, .micro = 250, .guessed = 1};
	struct use real = {.turns = 1, .in = 300, .out = 20, .micro = 100};
	struct err *e;

	(void)state;
	assert_null(budget_charge(&b, &worst));
	assert_int_equal(budget_left(&b).micro, 250);
	budget_settle(&b, &worst, &real);
	assert_int_equal(use_tokens(&b.used), 320);
	assert_int_equal(b.used.guessed, 0);
	assert_int_equal(budget_left(&b).turns, 1);
	assert_null(budget_charge(&b, &worst));
	assert_int_equal(b.used.guessed, 1);
	e = budget_charge(&b, &worst);
	assert_true(err_is(e, ERR_BUDGET));
	assert_non_null(strstr(err_hint_of(e), "limits.turns"));
	err_free(e);
	b.caps.turns = INT64_MAX;
	e = budget_charge(&b, &worst);
	assert_non_null(strstr(err_msg(e), "tokens"));
	err_free(e);
	b.caps.tokens = INT64_MAX;
	e = budget_charge(&b, &worst);
	assert_non_null(strstr(err_msg(e), "money"));
	err_free(e);
	assert_int_equal(b.used.turns, 2);
	b.caps.micro = INT64_MAX;
	worst.in = INT64_MAX;
	assert_null(budget_charge(&b, &worst));
	assert_int_equal(use_tokens(&b.used), INT64_MAX);
}

static void
test_money(void **state)
{
	static const struct { int64_t micro; const char *text; } rows[] = {
		{0, "$0.0000"}, {1, "$0.0001"}, {12345, "$0.0124"}, {999999, "$1.0000"},
		{1000000, "$1.00"}, {12345678, "$12.34"},
	};
	struct price p = {.in = 3000000, .out = 15000000, .cache_read = 300000, .cache_write = 3750000};
	struct use u = {.in = 1, .out = 1};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(KIB);

		money_text(rows[i].micro, &b);
		assert_string_equal(buf_cstr(&b), rows[i].text);
	}
	assert_int_equal(price_of(&p, &u), 18);
	u = (struct use){.cache_read = 1};
	assert_int_equal(price_of(&p, &u), 1);
	u = (struct use){.in = INT64_MAX, .out = INT64_MAX};
	assert_int_equal(price_of(&p, &u), INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_evidence_line),
		cmocka_unit_test(test_verdicts_sum),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_money),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
