/* What reports said, written down and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/memory/answer.h"
#include "gate/report/facts.h"
#include "wire/json.h"

static void
ok(struct err *e)
{
	if (e != NULL)
		fail_msg("%s", err_msg(e));
}

static char *
written(const struct facts *f)
{
	struct buf b = BUF_INIT(MIB);
	struct jw w;

	jw_init(&w, &b, false);
	answer_write(&w, f);
	return buf_steal(&b);
}

static bool
read_back(const char *text, struct facts *f)
{
	AUTO(arena_free) struct arena mem = {0};
	struct node *n;

	ok(json_parse(&mem, "answer", str_of(text), &n));
	return answer_read(n, f);
}

static void
cover(struct facts *f, const char *path, const char *lines, bool tail)
{
	struct cover *c;
	int64_t i;

	ok(facts_cover(f, str_of(path), &c));
	c->tail = tail;
	for (i = 0; lines[i] != '\0'; i++)
		if (lines[i] != 'n')
			ok(facts_line(f, c, i + 1, lines[i] == 'h'));
}

static void
fill(struct facts *f)
{
	struct complaint c = {"bandit", "B602", SEVERITY_ERROR, "src/a.py", 7, "shell=True", "abc", false};
	struct flaw flaw = {.id = "GHSA-1", .package = "left-pad", .version = "1.0", .fixed = "", .severity = SEVERITY_CRITICAL,
	    .text = "pads too much"};

	f->kinds = FACTS_TESTS | FACTS_FINDINGS | FACTS_COVERAGE | FACTS_FLAWS;
	junit_add(&f->tests, "s > a", "a", JUNIT_PASSED);
	junit_add(&f->tests, "s > b", "b", JUNIT_FAILED);
	ok(facts_complain(f, &c));
	c.line = 0;
	c.suppressed = true;
	c.path = "";
	ok(facts_complain(f, &c));
	cover(f, "src/a.py", "nnhhhhhhhhhhhhmh", false);
	cover(f, "org/x/A.java", "h", true);
	cover(f, "src/none.py", "", false);
	strs_add(&flaw.aliases, "CVE-1");
	ok(facts_flaw(f, &flaw));
}

static void
what_is_written_is_read(void **state)
{
	AUTO(facts_free) struct facts f = {0}, back = {0};
	AUTO(mem_free_p) char *text = NULL;
	AUTO(mem_free_p) char *again = NULL;

	(void)state;
	fill(&f);
	text = written(&f);
	assert_true(read_back(text, &back));
	again = written(&back);
	assert_string_equal(again, text);
	assert_non_null(strstr(text, "\"n2h12m1h1\""));
	assert_int_equal(back.tests.failed, 1);
	assert_string_equal(back.complaints.v[0].rule, "B602");
	assert_true(back.complaints.v[1].suppressed);
	assert_int_equal(facts_cover_of(&back, "src/a.py")->lines.v[14], COVER_MISSED);
	assert_true(facts_cover_of(&back, "org/x/A.java")->tail);
	assert_int_equal(facts_cover_of(&back, "src/none.py")->lines.n, 0);
	assert_string_equal(back.flaws.v[0].aliases.v[0], "CVE-1");
}

static void
what_is_no_answer_is_not(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"kinds\":-1}", "{\"kinds\":16}", "{\"kinds\":1,\"tests\":[[\"p\",\"a\"]]}",
		"{\"kinds\":1,\"tests\":[[\"x\",\"a\",\"a\"]]}", "{\"kinds\":1,\"tests\":[[\"\",\"a\",\"a\"]]}",
		"{\"kinds\":4,\"coverage\":[{\"path\":\"a\"}]}",
		"{\"kinds\":4,\"coverage\":[{\"path\":\"a\",\"lines\":\"h\"}]}",
		"{\"kinds\":4,\"coverage\":[{\"path\":\"a\",\"lines\":\"h0\"}]}",
		"{\"kinds\":4,\"coverage\":[{\"path\":\"a\",\"lines\":\"x1\"}]}",
		"{\"kinds\":4,\"coverage\":[{\"path\":\"a\",\"lines\":\"h1 m1\"}]}",
		"{\"kinds\":4,\"coverage\":[{\"path\":\"a\",\"lines\":\"n2000000h1\"}]}",
		"{\"kinds\":4,\"coverage\":[{\"path\":\"a\",\"lines\":\"h99999999999999999999\"}]}",
		"{\"kinds\":2,\"findings\":[{\"tool\":\"t\"}]}",
		"{\"kinds\":2,\"findings\":[{\"tool\":\"t\",\"rule\":\"r\",\"severity\":9,\"path\":\"\",\"text\":\"\",\"print\":\"\"}]}",
		"{\"kinds\":8,\"flaws\":[{\"id\":\"x\"}]}"};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(facts_free) struct facts f = {0};

		if (read_back(bad[i], &f))
			fail_msg("'%s' was taken", bad[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_no_answer_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
