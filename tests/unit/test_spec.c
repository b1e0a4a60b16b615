#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "model/lint.h"
#include "model/spec.h"
#include "model/task.h"

static const char yaml[] =
    "# a remark\n"
    "factory: 1\n"
    "title: Export the report as CSV\n"
    "type: feature\n"
    "what: |\n"
    "  The report can be had as CSV.\n"
    "why: accountants ask for it\n"
    "input:\n"
    "  - {name: rows, type: list of Row, about: may be empty}\n"
    "output:\n"
    "  - {name: csv, about: UTF-8 with a header line}\n"
    "constraints: [The JSON form stays as it is]\n"
    "tests:\n"
    "  - {name: an empty report, given: \"[]\", expect: only the header line, run: make test, file: t/test_csv.py}\n"
    "  - name: quotes \"and\" */ lines\n"
    "    given: |\n"
    "      a ```` b\n"
    "      c\n"
    "    expect: |\n"
    "      x\n"
    "      y\n"
    "    file: t/test_csv.py\n"
    "rollback: {when: error_rate over 1 %, how: git revert}\n"
    "scope: [\"src/csv/**\"]\n"
    "priority: 1\n";

static void
has(const struct task *t, const char *text)
{
	if (strstr(t->body, text) == NULL)
		fail_msg("'%s' is not in:\n%s", text, t->body);
}

static void
test_yaml(void **state UNUSED)
{
	AUTO(task_free) struct task t;
	struct lint l = {0};

	task_init(&t);
	assert_true(spec_is(str_of(yaml)));
	assert_null(spec_task("s.yml", str_of(yaml), 1, false, &t));
	assert_string_equal(t.title, "Export the report as CSV");
	assert_string_equal(t.type, "feature");
	assert_int_equal(t.priority, 1);
	assert_true(strs_has(&t.scope, "src/csv/**"));
	has(&t, "The report can be had as CSV.\n");
	has(&t, "## Why\n\naccountants ask for it\n");
	has(&t, "## Input\n\n- `rows` (list of Row): may be empty\n");
	has(&t, "- `csv`: UTF-8 with a header line\n");
	has(&t, "## Constraints\n\n- The JSON form stays as it is\n");
	has(&t, "- [ ] an empty report: given `[]` the output must be `only the header line`; verify with `make test`\n");
	has(&t, "      `````\n      a ```` b\n      c\n      `````\n");
	has(&t, "`t/test_csv.py`:\n\n```python\ndef test_an_empty_report():\n    # given: []\n"
	    "    # expect: only the header line\n    raise NotImplementedError\n");
	has(&t, "def test_quotes_and_lines():\n    # given: a ```` b\n    #   c\n    # expect: x\n    #   y\n");
	has(&t, "Take the change back when: error_rate over 1 %\nHow: git revert");
	lint_task(&t, &l);
	assert_int_equal(l.grain, GRAIN_WELL);
	lint_free(&l);
}

static void
test_json_in_an_issue(void **state UNUSED)
{
	static const char text[] = "### Task\n\n```console\nfactory: no\n```\n\n~~~json\n{\"factory\": 1,\n"
	    " \"what\": \"w\",\n \"type\": \"refactor\",\n \"tests\": [{\"name\": \"n\", \"expect\": \"e\"}]}\n~~~\nmore\n";
	AUTO(task_free) struct task t;
	struct str block;
	unsigned line;

	task_init(&t);
	assert_true(spec_find(str_of(text), &block, &line));
	assert_int_equal(line, 8);
	task_set(&t, &t.title, "kept");
	assert_null(spec_task("issue", block, line, true, &t));
	assert_string_equal(t.title, "kept");
	assert_string_equal(t.type, "");
	has(&t, "### Type\n\nrefactor\n");
	assert_false(spec_find(STR("```json\n{\"a\": 1}\n```\n\n```yaml\na: factory\n```\n"), &block, &line));
	assert_false(spec_find(STR("```yaml\nfactory: 1\n"), &block, &line));
	assert_false(spec_is(STR("---\ntitle: x\nfactory: 1\n---\n")));
	assert_false(spec_is(STR("# Title\n\nThe factory: 1.\n")));
}

static void
refused(const char *text, unsigned line, const char *what)
{
	AUTO(task_free) struct task t;
	AUTO(err_free_p) struct err *e = NULL;

	task_init(&t);
	e = spec_task("s.yml", str_of(text), line, false, &t);
	assert_true(err_is(e, ERR_SYNTAX));
	if (strstr(err_msg(e), what) == NULL)
		fail_msg("'%s' is not in: %s", what, err_msg(e));
	assert_string_equal(t.body, "");
}

static void
test_broken_ones(void **state UNUSED)
{
	refused("factory: 1\nwhat: x\n", 1, "'tests'");
	refused("factory: 1\nwhat: x\ntests: []\n", 1, "s.yml:3:8: 'tests' must have from 1 to");
	refused("factory: 2\nwhat: x\ntests: [{name: a, expect: b}]\n", 1, "s.yml:1:10: 'factory'");
	refused("factory: 1\nwhat: x\ntest: [{name: a, expect: b}]\n", 1, "unknown key 'test'; did you mean 'tests'?");
	refused("factory: 1\nwhat: x\ntests: [{name: a, expects: b}]\n", 10, "s.yml:12:19: unknown key 'expects'");
	refused("{\"factory\": 1, \"what\": \"x\",\n\"tests\": 7}", 5, "s.yml:6:10: 'tests'");
	refused("factory: 1\nwhat: x\ntests: [{name: \"a`b\", expect: b}]\n", 1, "'name' must be one line without");
	refused("factory: 1\nwhat: &a x\ntests: [{name: *a, expect: b}]\n", 1, "s.yml:2");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_json_in_an_issue),
		cmocka_unit_test(test_broken_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
