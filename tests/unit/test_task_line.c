/* model/task_line, model/task_pack: tasks as lines of JSON, and as bytes of an index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/task_line.h"
#include "model/task_pack.h"

static void
refused(const char *text, const char *says)
{
	struct task_line l = {0};
	struct err *e = task_line_parse("f", 7, str_of(text), &l);

	assert_non_null(e);
	if (strstr(err_msg(e), says) == NULL)
		fail_msg("'%s' does not say '%s'", err_msg(e), says);
	err_free(e);
}

static void
what_is_no_line_is_refused_where_it_stands(void **state UNUSED)
{
	refused("", "f:7:");
	refused("{\"title\": \"a\", \"title\": \"b\"}", "f:7:16: ");
	refused("{\"title\": \"\"}", "f:7:1: 'title' is missing");
	refused("{\"title\": \"a\", \"labels\": [1]}", "f:7:27: 'labels' must be");
	refused("{\"title\": \"a\", \"lables\": []}", "did you mean 'labels'");
	refused("{\"title\": \"a\", \"reff\": \"x\"}", "did you mean 'ref'");
	refused("{\"title\": \"a\", \"zzzzzzzzz\": 1}", "unknown key 'zzzzzzzzz': leave it out");
	refused("{\"title\": \"a\", \"attempts\": 3}", "'attempts' is kept by the factory");
	refused("{\"title\": \"a\", \"body\": [\"x\"]}", "'body' must be a string");
	refused("{\"title\": \"a\", \"after\": [\"\"]}", "empty strings");
	refused("{\"title\": \"a\", \"ref\": \"a\\nb\"}", "f:7:23: 'ref' must be one line");
	refused("{\"title\": \"a\\nb\"}", "'title' must be one line");
}

static void
a_line_round_trips(void **state UNUSED)
{
	static const char text[] = "{\"ref\":\"r 1\",\"title\":\"T\",\"type\":\"fix\",\"priority\":0,\"labels\":[\"a b\"],"
	    "\"needs\":[\"gpu\"],\"after\":[\"x\",\"y:delivered\"],\"estimate\":\"1h30m\",\"dir\":\"d\",\"hold\":\"h\","
	    "\"close\":\"c\",\"body\":\"one\\n\\ntwo\"}\n";
	AUTO(buf_free) struct buf out = BUF_INIT(BUF_TEXT);
	AUTO(task_line_free) struct task_line l = {0};
	AUTO(strs_free) struct strs after = {0};

	assert_null(task_line_parse("f", 1, str_of(text), &l));
	assert_string_equal(l.ref, "r 1");
	assert_int_equal(l.after.n, 2);
	assert_string_equal(l.after.v[1].name, "y");
	assert_true(l.after.v[1].delivered && !l.after.v[0].delivered);
	strs_add(&after, "x");
	strs_add(&after, "y:delivered");
	task_line_format(&l.task, l.ref, &after, &out);
	assert_string_equal(buf_cstr(&out), text);
}

static void
a_task_is_packed_and_unpacked(void **state UNUSED)
{
	static const char text[] = "---\nid: k3xq7abc\ntype: fix\npriority: 1\nlabels: [a, 'b c']\nneeds: []\n"
	    "after: [22334455, k3xq7abc:delivered]\nestimate: 1h30m\nstate: escalated\n"
	    "created: 2026-11-21T10:12:45Z\nattempts: 3\nquestion: |\n  one?\n  two?\n---\n\n# Heading\n\nBody\n";
	AUTO(buf_free) struct buf packed = BUF_INIT(BUF_TEXT), again = BUF_INIT(BUF_TEXT);
	AUTO(task_free) struct task a, b;
	size_t i;

	task_init(&a);
	task_init(&b);
	assert_null(task_parse("t", str_of(text), &a));
	task_pack(&a, &packed);
	assert_true(task_unpack(buf_str(&packed), &b));
	task_pack(&b, &again);
	assert_int_equal(packed.n, again.n);
	assert_memory_equal(packed.p, again.p, packed.n);
	assert_string_equal(b.title, "Heading");
	assert_int_equal(b.state, TASK_ESCALATED);
	assert_true(b.heading && b.body_line == a.body_line);
	/* Cut anywhere, it says so or is another whole; it never reads beyond. */
	for (i = 0; i < packed.n; i++) {
		AUTO(task_free) struct task t;
		char *cut = mem_dup(packed.p, i + (i == 0));

		task_init(&t);
		(void)task_unpack(str_mk(cut, i), &t);
		free(cut);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_line_is_refused_where_it_stands),
	    cmocka_unit_test(a_line_round_trips),
	    cmocka_unit_test(a_task_is_packed_and_unpacked),
	};

	return cmocka_run_group_tests_name("task_line", tests, NULL, NULL);
}
