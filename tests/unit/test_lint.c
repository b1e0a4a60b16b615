#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "model/lint.h"
#include "model/task.h"

/* Specs as people write them. */
static const struct {
	const char *text;
	enum grain grain;
} specs[] = {
	{"# Fix it\n\nIt does not work.\n", GRAIN_VAGUE},
	{"# Improve performance\n\nThe app is slow, make it faster and clean up the code.\n", GRAIN_VAGUE},
	{"# Dark mode\n\nWe want dark mode. It would be nice and modern, maybe with themes etc.\n", GRAIN_VAGUE},
	{"# Refactor the parser\n\nThe parser module is a mess. Refactor it using best practices "
	    "so that it is easier to maintain for everybody who works on it.\n", GRAIN_VAGUE},
	{"# Login\n\nTBD\n", GRAIN_VAGUE},
	{"# Add search\n\nAdd a search box somewhere to the page, and handle edge cases properly.\n",
	    GRAIN_VAGUE},
	{"# Update docs\n", GRAIN_VAGUE},
	{"# Make error handling robust\n\nAll the various errors should be handled appropriately, "
	    "with logging and retries and so on, so that the service is production ready.\n", GRAIN_VAGUE},

	{"# Show the version\n\nThe command should print its version when it is called with "
	    "`--version`, as other tools do it.\n", GRAIN_MODERATE},
	{"# Typo in an error message\n\nWhen the file is missing, the message says \"cannot opne\". "
	    "It should say \"cannot open\".\n", GRAIN_MODERATE},
	{"# Sort the list\n\nThe list of tasks should be sorted by priority, and by age within one "
	    "priority. Only open tasks are shown.\n", GRAIN_MODERATE},
	{"# CSV export\n\nUsers can export the report as CSV. The columns are name, date and "
	    "amount, with a header line. Amounts have two decimals.\n", GRAIN_MODERATE},
	{"# Crash on empty input\n\nThe program crashes if the input is empty. It should print "
	    "nothing and exit with status 0.\n", GRAIN_MODERATE},

	{"# add() loses the last element\n\n`add([1, 2, 3])` returns 3; it must return 6. Empty lists "
	    "must give 0. Do not change the function's signature.\n\nVerify with `npm test`; add a test "
	    "for the empty list.\n", GRAIN_WELL},
	{"# Retry a fetch that timed out\n\nWhen the server does not answer within 10 seconds, "
	    "`fetch` must try again up to 3 times, with 1, 2 and 4 seconds between them. Other errors "
	    "are returned at once, as now.\n\n## Acceptance\n- a server that answers the third time "
	    "gives its answer\n- one that never answers gives ETIMEDOUT after 3 tries\n- `make check` "
	    "passes\n", GRAIN_WELL},
	{"# Reject duplicate keys\n\nThe parser takes the last of two equal keys. It must refuse the "
	    "file instead:\n\n```console\n$ tool dup.yml\ndup.yml:2:1: the key 'a' is there twice\n```\n\n"
	    "The exit status is 1. Files without duplicates are read as before. Tests: "
	    "tests/parser_test.py.\n", GRAIN_WELL},
	{"# Limit the size of uploads\n\nPOST /upload accepts bodies of any size. Bodies of more than "
	    "10 MiB must get a response with HTTP 413 and {\"error\": \"too large\"}, without reading the "
	    "rest. Smaller ones keep working. Done when `pytest tests/upload` passes, with a new test at "
	    "the limit and one byte above.\n", GRAIN_WELL},
	{"# Steps to reproduce: leap day\n\nSteps to reproduce: `days 2024-02`. Expected output: 29. "
	    "Actual output: 28. Other months must stay as they are. The regression test belongs into "
	    "test_days.c.\n", GRAIN_WELL},

	{"# Cache\n\n1. Create a class `Cache` in cache.py\n2. Add a private variable `_store`\n"
	    "3. Add a method `get()` that uses a for loop\n4. Import the module in main.py on line 12\n"
	    "5. Call `cache.get()` in the function `load()`\n6. Rename the variable `x` to `value`\n",
	    GRAIN_OVER},
	{"# Sum\n\nReplace the function with the following code:\n\n```python\ndef add(xs):\n    total = 0\n"
	    "    for x in xs:\n        total += x\n    if total is None:\n        return 0\n    return total\n"
	    "\n\nprint(add([1]))\n```\n", GRAIN_OVER},
	{"# Parser\n\nOpen parser.c. In line 40 change the variable `n` to `count`. After line 52 insert "
	    "a while loop.\nAdd a static helper function `skip()`.\nCall the function before the switch "
	    "statement.\nDefine a constant MAX of 10.\nMove the struct to parser.h.\n", GRAIN_OVER},
};

static void
parse(const char *text, struct task *t)
{
	struct err *e = task_parse("t.md", str_of(text), t);

	if (e != NULL)
		fail_msg("%s", err_msg(e));
}

static void
test_grain(void **state)
{
	size_t i, wrong = 0;

	(void)state;
	for (i = 0; i < NITEMS(specs); i++) {
		AUTO(task_free) struct task t;
		AUTO(lint_free) struct lint l;

		parse(specs[i].text, &t);
		lint_task(&t, &l);
		if (l.grain == specs[i].grain)
			continue;
		wrong++;
		print_error("'%s' is %s, not %s (behaviour %d io %d constraints %d verify %d steps %d)\n",
		    t.title, grain_word(l.grain), grain_word(specs[i].grain), l.behaviour, l.io,
		    l.constraints, l.verify, (int)l.steps);
	}
	assert_int_equal(wrong, 0);
}

static const struct lint_finding *
find(const struct lint *l, const char *what)
{
	size_t i;

	for (i = 0; i < l->findings.n; i++)
		if (strstr(l->findings.v[i].what, what) != NULL)
			return &l->findings.v[i];
	return NULL;
}

static void
test_findings(void **state)
{
	AUTO(task_free) struct task t;
	AUTO(lint_free) struct lint l;
	size_t i;

	(void)state;
	parse("---\ntitle: Export\n---\nThe export should\nwork properly.\n\nAnd handle things.\n", &t);
	lint_task(&t, &l);
	assert_int_equal(find(&l, "'properly'")->line, 2);
	assert_int_equal(find(&l, "'things'")->line, 4);
	assert_int_equal(find(&l, "how to verify")->line, 4);
	assert_non_null(strstr(find(&l, "how to verify")->add, "command"));
	for (i = 1; i < l.findings.n; i++)
		assert_true(l.findings.v[i - 1].line <= l.findings.v[i].line);
}

static void
test_word_boundaries(void **state)
{
	AUTO(task_free) struct task t;
	AUTO(lint_free) struct lint l;

	(void)state;
	parse("# Stretch the betterment\n\nThe latest contest fetches sketches, and nothings.\n", &t);
	lint_task(&t, &l);
	assert_null(find(&l, "'better'"));
	assert_null(find(&l, "'etc'"));
	assert_null(find(&l, "'things'"));
	assert_false(l.verify);
}

static void
test_empty(void **state)
{
	AUTO(task_free) struct task t;
	AUTO(lint_free) struct lint l;

	(void)state;
	task_init(&t);
	lint_task(&t, &l);
	assert_int_equal(l.grain, GRAIN_VAGUE);
	assert_int_equal(l.findings.v[0].line, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grain),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_word_boundaries),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
