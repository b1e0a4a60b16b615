/*
 * What the gates said, in every form: hostile texts stay texts, limits hold,
 * and what our own readers and others' make of it agrees with the verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/out.h"
#include "face/check.h"
#include "face/part.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"
#include "line/check.h"
#include "wire/json.h"

/* Each of them is a command, or a way out, of one form at least. */
static const char *const hostile[] = {
	"::error file=x::gone",
	"  ::set-output name=a::b",
	"a\n::add-mask::b",
	"a\r\n::stop-commands::x",
	"##[add-path]/tmp",
	"##vso[task.setvariable]x",
	"%0A::warning::x",
	"a:b,c=d",
	"</failure></testcase><x a=\"",
	"]]><!--",
	"\" onload=\"x",
	"| a | b |\n| - | - |",
	"`code` ``` ~~~ @ada #1",
	"[x](javascript:y) <script>z</script> ![](http://h/i)",
	"\033]0;title\a\033[31mred",
	"\xe2\x80\xaetxet\xe2\x80\xac",
	"\xff\xfe\x80",
	"\xef\xbf\xbf\xef\xbf\xbe",
	"'; touch x; '$(touch y)`touch z`",
	"\\",
	"</details>\n\n# Approved",
	"```\n````\n`````",
};

static struct verdict *
add(struct check *c, const char *gate, enum verdict_kind kind)
{
	struct verdict v;

	verdict_init(&v, gate);
	verdict_set(&v, kind, "%s", verdict_word(kind));
	verdict_id(&v, "1111111111111111111111111111111111111111", "2222");
	vec_push(&c->verdicts, v);
	return &c->verdicts.v[c->verdicts.n - 1];
}

static void
begin(struct check *c)
{
	*c = (struct check){.base_ref = mem_strdup("refs/heads/main"), .rev = mem_strdup("HEAD"),
	    .sandbox = mem_strdup("bwrap")};
}

/* One gate that says each hostile text wherever a gate may say something. */
static void
hostile_check(struct check *c)
{
	struct verdict *v;
	size_t i;

	begin(c);
	v = add(c, "unit", VERDICT_FAIL);
	for (i = 0; i < NITEMS(hostile); i++) {
		verdict_find(v, FINDING_BLOCKS, hostile[i], hostile[i], (int64_t)i, hostile[i]);
		verdict_add(v, &(struct finding){.kind = FINDING_WAIVED, .rule = hostile[i], .file = hostile[i],
		    .text = hostile[i], .by = hostile[i], .print = hostile[i], .severity = "critical"});
		verdict_set(v, VERDICT_FAIL, "%s", hostile[i]);
		verdict_evidence(v, str_of(hostile[i]));
		v = add(c, "more", VERDICT_ERROR);
		verdict_set(v, VERDICT_ERROR, "%s", hostile[i]);
		verdict_evidence(v, str_of(hostile[i]));
	}
}

static void
write_form(const struct check *c, enum check_form form, struct buf *out)
{
	struct err *e = check_faces[form].write(c, out);

	if (e != NULL)
		fail_msg("%s: %s", check_faces[form].name, err_msg(e));
}

/* Nothing that a terminal obeys, and all of it UTF-8. */
static void
harmless(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n')
			fail_msg("byte %02x at %zu", (unsigned char)s.p[i], i);
	assert_int_equal(str_find(s, STR("\xe2\x80\xae")), -1);
}

/* As the runner of GitHub Actions finds commands (ActionCommand.cs): "::" after spaces, "##[" anywhere. */
static bool
is_command(struct str line)
{
	while (str_starts(line, " ") || str_starts(line, "\t"))
		line = str_skip(line, 1);
	return str_starts(line, "::") || str_find(line, STR("##[")) != -1 || str_find(line, STR("##vso[")) != -1;
}

static void
test_github(void **state)
{
	AUTO(check_free) struct check c;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	struct str rest, line;
	size_t errors = 0, warnings = 0;

	(void)state;
	hostile_check(&c);
	write_form(&c, CHECK_GITHUB, &b);
	harmless(buf_str(&b));
	rest = buf_str(&b);
	while (str_line(&rest, &line)) {
		errors += str_starts(line, "::error ");
		warnings += str_starts(line, "::warning ");
		assert_true(str_starts(line, "::error ") || str_starts(line, "::warning "));
		assert_int_equal(str_find(line, STR("##[")), -1);
		/* What stands between the command and its message has no "::" of its own. */
		assert_true(str_find(line, STR("title=")) > 0);
	}
	assert_int_equal(errors, CHECK_ANNOTATIONS_MAX);
	assert_int_equal(warnings, CHECK_ANNOTATIONS_MAX);
	assert_true(str_find(buf_str(&b), STR("::error title=git factory gate::and 14 more")) > 0);
	assert_true(str_starts(buf_str(&b), "::error file=\\x3a%3Aerror file=x%3A%3Agone,title=unit/%3A%3Aerror "));
}

static void
test_table(void **state)
{
	AUTO(check_free) struct check c;
	struct str rest, line;
	struct out o;

	(void)state;
	hostile_check(&c);
	out_init(&o, -1);
	check_show(&o, &c);
	harmless(buf_str(&o.buf));
	rest = buf_str(&o.buf);
	while (str_line(&rest, &line))
		if (is_command(line))
			fail_msg("a command: %.*s", STR_ARG(line));
	out_free(&o);
}

static void
read_back(const char *format, const struct buf *text, struct facts *facts)
{
	struct report *r = format_open(format_named(format), format, facts);
	struct err *e = format_feed(r, buf_str(text));

	if (e == NULL)
		e = format_end(r);
	if (e != NULL)
		fail_msg("%s: %s", format, err_msg(e));
	format_close(r);
}

static void
test_junit(void **state)
{
	AUTO(check_free) struct check c;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB), none = BUF_INIT(MIB);
	AUTO(facts_free) struct facts facts = {0}, fine = {0};

	(void)state;
	hostile_check(&c);
	write_form(&c, CHECK_JUNIT, &b);
	harmless(buf_str(&b));
	read_back("junit", &b, &facts);
	/* Each hostile finding, and the gates themselves. */
	assert_true(facts.tests.n >= NITEMS(hostile) + 2);
	assert_int_equal(facts.tests.failed, facts.tests.n);
	check_free(&c);

	begin(&c);
	add(&c, "good", VERDICT_PASS);
	add(&c, "advice", VERDICT_FAIL)->advisory = true;
	verdict_find(&c.verdicts.v[1], FINDING_BLOCKS, "r", "f", 1, "x");
	add(&c, "web", VERDICT_PASS)->idle = true;
	add(&c, "people", VERDICT_INCONCLUSIVE)->waits = true;
	write_form(&c, CHECK_JUNIT, &none);
	read_back("junit", &none, &fine);
	assert_int_equal(fine.tests.n, 4);
	assert_int_equal(fine.tests.failed, 0);
	assert_int_equal(fine.tests.skipped, 3);
	buf_clear(&b);
	write_form(&c, CHECK_GITHUB, &b);
	assert_int_equal(str_find(buf_str(&b), STR("::error")), -1);
	assert_true(str_find(buf_str(&b), STR("::warning title=people%3A inconclusive::")) > 0);
}

static void
test_sarif(void **state)
{
	AUTO(check_free) struct check c;
	AUTO(buf_free) struct buf b = BUF_INIT(16 * MIB), more = BUF_INIT(16 * MIB);
	AUTO(arena_free) struct arena mem = {0};
	AUTO(facts_free) struct facts facts = {0};
	const struct node *run;
	struct node *n;
	int i, k;

	(void)state;
	hostile_check(&c);
	write_form(&c, CHECK_SARIF, &b);
	harmless(buf_str(&b));
	assert_null(json_parse(&mem, "sarif", buf_str(&b), &n));
	run = node_at(node_get(n, "runs"), 0);
	assert_int_equal(node_get(run, "results")->n, 2 * NITEMS(hostile));
	/* Gates that did not work: our own reader takes it for no answer, as it should. */
	assert_false(node_get_bool(node_at(node_get(run, "invocations"), 0), "executionSuccessful", true));
	check_free(&c);

	begin(&c);
	for (i = 0; i < 7; i++) {
		add(&c, "scan", VERDICT_FAIL);
		for (k = 0; k < 1000; k++)
			verdict_find(&c.verdicts.v[i], k % 2 ? FINDING_NOTE : FINDING_BLOCKS, "r", "f", 1, "x");
	}
	write_form(&c, CHECK_SARIF, &more);
	read_back("sarif", &more, &facts);
	/* The worst first: all that block, and notes as long as there is room. */
	assert_int_equal(facts.complaints.n, 5000);
	assert_int_equal(facts.complaints.v[3499].severity, SEVERITY_ERROR);
	assert_int_equal(facts.complaints.v[3500].severity, SEVERITY_NOTE);
	assert_true(str_find(buf_str(&more), STR("2000 of 7000 findings are left out")) > 0);
	assert_true(str_find(buf_str(&more), STR(":5000\"")) > 0);
}

/* Outside of code, where Markdown means something, are only our own words. */
static void
test_markdown(void **state)
{
	AUTO(check_free) struct check c;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB), bare = BUF_INIT(MIB);
	struct str rest, line;
	size_t i, fence = 0, run, open = 0;

	(void)state;
	hostile_check(&c);
	write_form(&c, CHECK_MARKDOWN, &b);
	harmless(buf_str(&b));
	rest = buf_str(&b);
	while (str_line(&rest, &line)) {
		for (run = 0; run < line.n && line.p[run] == '`'; run++)
			;
		if (run >= 3 && (fence == 0 ? str_is(str_skip(line, run), "text") : run >= fence && line.n == run)) {
			fence = fence == 0 ? run : 0;
			continue;
		}
		for (i = 0; fence == 0 && i < line.n; i++) {
			for (run = 0; i + run < line.n && line.p[i + run] == '`'; run++)
				;
			if (run > 0 && (open == 0 || open == run))
				open = open == 0 ? run : 0;
			else if (run == 0 && open == 0)
				buf_addc(&bare, line.p[i]);
			i += run > 0 ? run - 1 : 0;
		}
		assert_int_equal(open, 0);
		buf_addc(&bare, '\n');
	}
	assert_int_equal(fence, 0);
	assert_int_equal(str_find(buf_str(&bare), STR("@ada")), -1);
	assert_int_equal(str_find(buf_str(&bare), STR("](")), -1);
	assert_int_equal(str_find(buf_str(&bare), STR("script")), -1);
	assert_int_equal(str_find(buf_str(&bare), STR("Approved")), -1);
	assert_true(str_find(buf_str(&bare), STR("Policy: ")) > 0);
	/* A table's row has its three cells, whatever is in them. */
	assert_true(str_find(buf_str(&b), STR("\\| a \\| b \\|")) > 0);
}

static void
test_markdown_has_a_limit(void **state)
{
	AUTO(check_free) struct check c;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB), long_text = BUF_INIT(MIB);
	int i;

	(void)state;
	begin(&c);
	for (i = 0; i < 3000; i++)
		buf_adds(&long_text, "\xe2\x80\xae`x\n");
	for (i = 0; i < 300; i++) {
		struct verdict *v = add(&c, "a-gate-with-a-rather-long-name", VERDICT_FAIL);

		verdict_set(v, VERDICT_FAIL, "%s", buf_cstr(&long_text));
		verdict_evidence(v, buf_str(&long_text));
		verdict_find(v, FINDING_NOTE, "r", "f", 1, buf_cstr(&long_text));
	}
	write_form(&c, CHECK_MARKDOWN, &b);
	assert_true(b.n <= CHECK_MARKDOWN_MAX);
	assert_true(str_find(buf_str(&b), STR("300 of 300 gates block")) > 0);
	assert_true(str_find(buf_str(&b), STR("and 200 more gates")) > 0);
	assert_true(str_ends(buf_str(&b), "There is no room for the rest: the log has it.\n"));
}

/* The command that judges a gate again is one command to a shell, and the same words. */
static void
test_again(void **state)
{
	AUTO(check_free) struct check c;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);

	(void)state;
	begin(&c);
	part_again(&c, "unit", &b);
	assert_string_equal(buf_cstr(&b), "git factory gate --only unit");
	free(c.rev);
	c.rev = mem_strdup("a'b$(c)");
	c.base_given = mem_strdup("v1.0~2");
	c.fast = true;
	buf_clear(&b);
	part_again(&c, "unit", &b);
	assert_string_equal(buf_cstr(&b), "git factory gate --only unit --fast --base v1.0~2 'a'\\''b$(c)'");
}

static void
test_step_summary(void **state)
{
	AUTO(check_free) struct check c;
	char path[] = "/tmp/summary.XXXXXX";
	AUTO(buf_free) struct buf b = BUF_INIT(4 * MIB);
	int fd = mkstemp(path);
	struct err *e;

	(void)state;
	assert_true(fd != -1);
	begin(&c);
	add(&c, "good", VERDICT_PASS);
	assert_int_equal(setenv("GITHUB_STEP_SUMMARY", path, 1), 0);
	assert_null(file_write_all(fd, "before\n", 7));
	assert_null(check_summary(&c));
	assert_null(file_read(AT_FDCWD, path, &b));
	assert_true(str_starts(buf_str(&b), "before\n### git factory: 1 gate passes\n"));
	/* No room: what is there stays whole. */
	assert_int_equal(ftruncate(fd, MIB - 10), 0);
	assert_null(check_summary(&c));
	buf_clear(&b);
	assert_null(file_read(AT_FDCWD, path, &b));
	assert_int_equal(b.n, MIB - 10);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/nowhere/else", path), 0);
	e = check_summary(&c);
	assert_non_null(e);
	err_free(e);
	unlink(path);
	unsetenv("GITHUB_STEP_SUMMARY");
	assert_null(check_summary(&c));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_github),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_junit),
		cmocka_unit_test(test_sarif),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_markdown_has_a_limit),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_step_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
