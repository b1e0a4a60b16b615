#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "line/kind.h"
#include "model/task.h"
#include "model/verdict.h"

/* By the built-in types. */
static void
expect(const char *file, const char *type, enum risk severity, const char *why)
{
	AUTO(config_free) struct config c;
	AUTO(kind_free) struct kind k = {0};
	AUTO(task_free) struct task t;

	config_init(&c);
	task_init(&t);
	assert_null(task_parse("t.md", str_of(file), &t));
	kind_of(&c, &t, &k);
	assert_string_equal(k.name, type);
	assert_string_equal(k.why, why);
	assert_int_equal(k.severity, severity);
	assert_true((k.type == NULL) == (strcmp(type, "unknown") == 0));
}

static void
test_the_task_says_it(void **state UNUSED)
{
	expect("---\ntitle: Fix a CVE\ntype: documentation\n---\n", "documentation", RISK_LOW, "the task says so");
	expect("---\ntitle: Fix it\ntype: novel\n---\n", "unknown", RISK_HIGH, "'novel' is no type of this policy");
}

static void
test_a_label(void **state UNUSED)
{
	expect("---\ntitle: x\nlabels: [p1, Bug]\n---\n", "bug_fix_isolated", RISK_MEDIUM, "label 'Bug'");
	expect("---\ntitle: Add things\nlabels: [refactor]\nscope: [docs/**]\n---\n", "refactor", RISK_MEDIUM,
	    "label 'refactor'");
	expect("---\ntitle: x\nlabels: [bug, docs]\n---\n", "unknown", RISK_HIGH,
	    "label 'bug' (bug_fix_isolated) and 'docs' (documentation) disagree");
	expect("---\ntitle: x\nlabels: [bug, kind/bug]\n---\n", "bug_fix_isolated", RISK_MEDIUM, "label 'bug'");
	expect("---\ntitle: x\nlabels: [docs, security]\n---\n", "security_critical", RISK_CRITICAL, "label 'security'");
}

static void
test_a_form(void **state UNUSED)
{
	expect("---\ntitle: x\n---\n### Type\r\n\r\nperformance\r\n\r\n### What\r\n", "performance", RISK_HIGH,
	    "the form's answer 'performance'");
	expect("---\ntitle: x\n---\n### Type\n\n_No response_\n", "unknown", RISK_HIGH,
	    "no label, scope or word of the title tells it");
	/* An answer is one line, and a heading none. */
	expect("---\ntitle: x\n---\n### Type\n### Other\nconfig\n", "unknown", RISK_HIGH,
	    "no label, scope or word of the title tells it");
}

static void
test_a_scope(void **state UNUSED)
{
	expect("---\ntitle: x\nscope: [docs/**, README.md]\n---\n", "documentation", RISK_LOW, "scope 'README.md'");
	expect("---\ntitle: x\nscope: [docs/**, src/**]\n---\n", "unknown", RISK_HIGH,
	    "no label, scope or word of the title tells it");
	/* Any part of it, for what is critical. */
	expect("---\ntitle: Fix typos\nscope: [docs/**, src/auth/login.c]\n---\n", "security_critical", RISK_CRITICAL,
	    "scope 'src/auth/login.c'");
}

static void
test_a_title(void **state UNUSED)
{
	expect("---\ntitle: 'fix(parser): empty input'\n---\n", "bug_fix_isolated", RISK_MEDIUM, "title 'fix'");
	expect("---\ntitle: Fix typos in README\n---\n", "documentation", RISK_LOW, "title 'fix typos'");
	expect("---\ntitle: Add tests for the lexer\n---\n", "test_generation", RISK_LOW, "title 'add tests'");
	expect("---\ntitle: Prefix names with a dash\n---\n", "unknown", RISK_HIGH,
	    "no label, scope or word of the title tells it");
	expect("---\ntitle: Bump and rename\n---\n", "unknown", RISK_HIGH,
	    "title 'bump' (dependency) and 'rename' (refactor) disagree");
	expect("---\ntitle: Fix a crash in authentication\n---\n", "security_critical", RISK_CRITICAL,
	    "title 'authentication'");
}

static void
parse(const char *text, struct config *c)
{
	config_init(c);
	assert_null(config_parse("c.yml", str_of(text), c));
	assert_null(config_check(c));
}

static void
test_policy(void **state UNUSED)
{
	AUTO(config_free) struct config c;
	AUTO(kind_free) struct kind k = {0};
	AUTO(task_free) struct task t;

	parse("gates:\n  audit: {run: x, blocking: false}\ntypes:\n"
	    "  documentation: {severity: medium, words: [prose]}\n"
	    "  chore: {severity: low, auto_merge: true, labels: [chore], iterations: 2, gates: [audit]}\n", &c);
	task_init(&t);
	task_set(&t, &t.title, "Better prose in the readme");
	kind_of(&c, &t, &k);
	/* One key of a built-in type was said, the others stay; a list is replaced. */
	assert_string_equal(k.name, "documentation");
	assert_int_equal(k.severity, RISK_MEDIUM);
	assert_false(k.auto_merge);
	assert_string_equal(k.why, "title 'prose'");
	assert_true(strs_has(&k.type->labels, "docs"));
	assert_int_equal(kind_iterations(&c, &t), 3);
	kind_free(&k);

	strs_add(&t.labels, "chore");
	kind_of(&c, &t, &k);
	assert_string_equal(k.name, "chore");
	assert_true(k.auto_merge);
	assert_int_equal(kind_iterations(&c, &t), 2);
	task_set(&t, &t.type, "nothing");
	assert_int_equal(kind_iterations(&c, &t), c.limits.iterations);
}

static void
test_gates_of_a_type_block(void **state UNUSED)
{
	AUTO(config_free) struct config c;
	AUTO(verdicts_free) struct verdicts vs = {0};
	AUTO(task_free) struct task t;
	struct verdict v;
	size_t i;

	parse("gates:\n  audit: {run: x, blocking: false}\n  look: {run: y, blocking: false}\n"
	    "types:\n  feature: {gates: [audit]}\n", &c);
	task_init(&t);
	task_set(&t, &t.title, "Implement it");
	for (i = 0; i < 2; i++) {
		verdict_init(&v, c.gates.v[i].name);
		verdict_set(&v, VERDICT_FAIL, "no");
		v.advisory = true;
		vec_push(&vs, v);
	}
	kind_hold(&c, &t, &vs);
	assert_true(verdict_blocks(&vs.v[0]));
	assert_false(verdict_blocks(&vs.v[1]));
}

static void
refused(const char *text, const char *what)
{
	AUTO(config_free) struct config c;
	AUTO(err_free_p) struct err *e = NULL;

	config_init(&c);
	e = config_parse("c.yml", str_of(text), &c);
	if (e == NULL)
		e = config_check(&c);
	assert_true(err_is(e, ERR_CONFIG));
	assert_non_null(strstr(err_msg(e), what));
}

static void
test_broken_policy(void **state UNUSED)
{
	refused("types:\n  docs: {severity: grave}\n", "c.yml:2:20: 'types.docs.severity' must be");
	refused("types:\n  docs: {label: x}\n", "unknown key 'types.docs.label'; did you mean 'labels'?");
	refused("types:\n  unknown: {severity: low}\n", "unknown is what belongs to no type");
	refused("types:\n  Docs: {severity: low}\n", "'types.Docs': a type is a word");
	refused("types:\n  docs: {gates: [audit]}\n", "'types.docs.gates' names 'audit', which is no gate");
}

static void
expect_guess(const char *head, enum classify_by by, const char *enough, const char *type, enum risk severity, bool alone)
{
	AUTO(mem_free_p) char *file = mem_printf("---\ntitle: %s\n---\n", head);
	AUTO(config_free) struct config c;
	AUTO(kind_free) struct kind k = {0};
	AUTO(task_free) struct task t;

	config_init(&c);
	c.intake.classify = by;
	if (enough != NULL)
		strs_add(&c.intake.by_model, enough);
	task_init(&t);
	assert_null(task_parse("t.md", str_of(file), &t));
	kind_of(&c, &t, &k);
	assert_string_equal(k.name, type);
	assert_int_equal(k.severity, severity);
	assert_int_equal(k.auto_merge, alone);
	strs_free(&c.intake.by_model);
}

/* Its word is good for what policy says by name, and never against a sign. */
static void
test_a_model(void **state UNUSED)
{
	expect_guess("Say it\nguess: documentation 12", CLASSIFY_MODEL, NULL, "documentation", RISK_HIGH, false);
	expect_guess("Say it\nguess: documentation 12", CLASSIFY_MODEL, "feature", "documentation", RISK_HIGH, false);
	expect_guess("Say it\nguess: documentation 12", CLASSIFY_MODEL, "documentation", "documentation", RISK_LOW, true);
	expect_guess("Say it\nguess: security_critical 12", CLASSIFY_MODEL, NULL, "security_critical", RISK_CRITICAL, false);
	expect_guess("Say it\nguess: documentation 12", CLASSIFY_SIGNALS, "documentation", "unknown", RISK_HIGH, false);
	expect_guess("Say it\nguess: unknown 12", CLASSIFY_MODEL, "unknown", "unknown", RISK_HIGH, false);
	expect_guess("Say it\nguess: novel 12", CLASSIFY_MODEL, "novel", "unknown", RISK_HIGH, false);
	expect_guess("Fix a crash\nguess: documentation 12", CLASSIFY_MODEL, "documentation", "bug_fix_isolated", RISK_MEDIUM, false);
	expect_guess("Fix docs\nguess: documentation 12", CLASSIFY_MODEL, "documentation", "unknown", RISK_HIGH, false);
	expect_guess("Say it\ntype: novel\nguess: documentation 12", CLASSIFY_MODEL, "documentation", "unknown", RISK_HIGH, false);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_task_says_it),
		cmocka_unit_test(test_a_model),
		cmocka_unit_test(test_a_label),
		cmocka_unit_test(test_a_form),
		cmocka_unit_test(test_a_scope),
		cmocka_unit_test(test_a_title),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_gates_of_a_type_block),
		cmocka_unit_test(test_broken_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
