#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "model/lines.h"
#include "model/task.h"

static struct task
parse(const char *text)
{
	struct task t;
	struct err *e = task_parse("t.md", str_of(text), &t);

	if (e != NULL)
		fail_msg("%s", err_msg(e));
	return t;
}

static void
broken(const char *text, const char *where)
{
	struct task t;
	struct err *e = task_parse("t.md", str_of(text), &t);

	assert_non_null(e);
	if (strstr(err_msg(e), where) == NULL)
		fail_msg("'%s' does not say '%s'", err_msg(e), where);
	err_free(e);
}

static void
test_parse(void **state)
{
	AUTO(task_free) struct task t = parse("---\n"
	    "id: k3xq7abc\n"
	    "title: 2024\n"
	    "type: fix\n"
	    "priority: 1\n"
	    "labels: [net, 'a b']\n"
	    "needs:\n  - linux\n"
	    "after: 22334455\n"
	    "estimate: 1h30m\n"
	    "dir: packages/web\n"
	    "hold: waits for the design\n"
	    "state: escalated\n"
	    "created: 2026-11-21T10:12:45Z\n"
	    "question: |\n  one?\n  two?\n"
	    "---\n"
	    "\n\nThe body.\n\n  More.  \n\n");

	(void)state;
	assert_string_equal(t.id, "k3xq7abc");
	assert_string_equal(t.title, "2024");
	assert_string_equal(t.type, "fix");
	assert_int_equal(t.priority, 1);
	assert_int_equal(t.labels.n, 2);
	assert_string_equal(t.labels.v[1], "a b");
	assert_string_equal(t.needs.v[0], "linux");
	assert_string_equal(t.after.v[0], "22334455");
	assert_int_equal(t.estimate, 5400);
	assert_string_equal(t.dir, "packages/web");
	assert_int_equal(t.state, TASK_ESCALATED);
	assert_int_equal(t.created, 1795255965);
	assert_string_equal(t.question, "one?\ntwo?\n");
	assert_string_equal(t.body, "The body.\n\n  More.");
	assert_int_equal(t.body_line, 21);
	assert_false(t.heading);
}

static void
test_without_front_matter(void **state)
{
	AUTO(task_free) struct task t = parse("\n```\n# no\n```\n# Fix it  \r\nBecause.\n");

	(void)state;
	assert_string_equal(t.title, "Fix it");
	assert_true(t.heading);
	assert_int_equal(t.priority, 2);
	assert_int_equal(t.estimate, 1200);
	assert_string_equal(t.type, "");
	assert_int_equal(t.body_line, 2);
}

static void
test_broken(void **state)
{
	(void)state;
	broken("", "t.md:1:1: the task has no title");
	broken("---\ntitle: x\n", "t.md:1:1: the front matter has no end");
	broken("---\ntitle: x\npriority: soon\n---\n",
	    "t.md:3:11: 'priority' must be an integer from 0 to 4, not a string");
	broken("---\ntitle: x\npriority: 5\n---\n", "t.md:3:11: 'priority' must be an integer from 0 to 4, not 5");
	broken("---\ntitle: x\nprioritty: 1\n---\n", "t.md:3:1: unknown key 'prioritty'; did you mean 'priority'?");
	broken("---\ntitle: x\nxyzzyplugh: 1\n---\n", "t.md:3:1: unknown key 'xyzzyplugh'");
	broken("---\ntitle: x\ntitle: y\n---\n", "t.md:3:1: the key 'title' is there twice");
	broken("---\ntitle: [x]\n---\n", "t.md:2:8: 'title' must be a string, not a list");
	broken("---\ntitle: x\nlabels: {a: b}\n---\n", "t.md:3:9: 'labels' must be a list of strings");
	broken("---\ntitle: x\nafter: [nope]\n---\n", "t.md:3:8: 'after' must hold ids");
	broken("---\ntitle: x\nestimate: 20\n---\n", "t.md:3:11: 'estimate' must be a span");
	broken("---\ntitle: x\ndir: ../up\n---\n", "t.md:3:6: 'dir' must be a folder in the repository");
	broken("---\ntitle: x\ndir: /etc\n---\n", "t.md:3:6: 'dir'");
	broken("---\ntitle: x\nstate: running\n---\n", "t.md:3:8: 'state' must be queued");
	broken("---\ntitle: x\ncreated: 21.11.2026\n---\n", "t.md:3:10: 'created' must be a time");
	broken("---\ntitle: \"a\\nb\"\n---\n", "t.md:2:8: 'title' must be one line");
	broken("---\ntitle: \"a\\u001bb\"\n---\n", "control characters");
	broken("---\n- a\n---\n", "t.md:2:1: the front matter must be 'key: value' lines");
	broken("---\na: &x [1]\nb: *x\n---\n", "t.md:2:4");
	broken("---\ntitle: x\n---\nab\n c\xff\n", "t.md:5:3: bytes that are not UTF-8");
	broken("---\ntype: Big Thing\ntitle: x\n---\n", "t.md:2:7: 'type' must be a word");
}

static void
test_deep_nesting(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	struct task t;
	struct err *e;
	int i;

	(void)state;
	buf_adds(&b, "---\nlabels: ");
	for (i = 0; i < 200000; i++)
		buf_addc(&b, '[');
	buf_adds(&b, "\n---\n");
	e = task_parse("t.md", buf_str(&b), &t);
	assert_non_null(strstr(err_msg(e), "t.md:2:"));
	err_free(e);
}

static void
test_format(void **state)
{
	AUTO(task_free) struct task t, back;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);

	(void)state;
	task_init(&t);
	task_set(&t, &t.id, "k3xq7abc");
	task_set(&t, &t.title, "say: \"hello\" # no");
	task_set(&t, &t.body, "Do it.");
	strs_add(&t.labels, "true");
	strs_add(&t.labels, "x");
	t.priority = 0;
	t.created = 1795255965;
	task_format(&t, &b);
	assert_string_equal(buf_cstr(&b), "---\nid: k3xq7abc\n"
	    "title: \"say: \\\"hello\\\" # no\"\npriority: 0\nlabels: [\"true\", x]\n"
	    "created: 2026-11-21T10:12:45Z\n---\n\nDo it.\n");
	back = parse(buf_cstr(&b));
	assert_string_equal(back.title, t.title);
	assert_string_equal(back.body, t.body);
	assert_null(task_check(&back));
}

/* Parse, change by 'change', splice, compare. */
static void
spliced(const char *old, void (*change)(struct task *), const char *want)
{
	AUTO(task_free) struct task t = parse(old);
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	struct err *e;

	change(&t);
	e = task_splice("t.md", str_of(old), &t, &b);
	if (e != NULL)
		fail_msg("%s", err_msg(e));
	assert_string_equal(buf_cstr(&b), want);
}

static void
nothing(struct task *t)
{
	(void)t;
}

static void
deliver(struct task *t)
{
	t->state = TASK_DELIVERED;
	t->pull = 7;
	t->attempts++;
	task_set(t, &t->branch, "factory/k3xq7abc-x");
}

static void
requeue(struct task *t)
{
	t->state = TASK_QUEUED;
	task_set(t, &t->question, "");
}

static void
relabel(struct task *t)
{
	strs_free(&t->labels);
	strs_add(&t->labels, "kept");
	strs_add(&t->labels, "new: one");
}

static void
unlabel(struct task *t)
{
	strs_free(&t->labels);
}

static void
retitle(struct task *t)
{
	task_set(t, &t->title, "New title");
}

static void
rebody(struct task *t)
{
	task_set(t, &t->body, "New\n\nbody\n\n");
}

static void
test_splice(void **state)
{
	static const char commented[] = "---\n# about\ntitle:   x   # the name\n\npriority: 1 # soon\n---\n\nBody \n";

	(void)state;
	spliced(commented, nothing, commented);
	spliced(commented, deliver, "---\n# about\ntitle:   x   # the name\n\npriority: 1 # soon\n"
	    "state: delivered\nattempts: 1\nbranch: factory/k3xq7abc-x\npull: 7\n---\n\nBody \n");
	spliced(commented, retitle, "---\n# about\ntitle:   New title   # the name\n\npriority: 1 # soon\n---\n\nBody \n");
	spliced(commented, rebody, "---\n# about\ntitle:   x   # the name\n\npriority: 1 # soon\n---\n\nNew\n\nbody\n");
	spliced("---\ntitle: x\nstate: escalated # why\nquestion: |\n  a?\n  b?\n# end\nattempts: 2\n---\n",
	    requeue, "---\ntitle: x\n# end\nattempts: 2\n---\n");
	spliced("---\r\ntitle: x\r\nstate: escalated\r\n---\r\nB\r\n", deliver,
	    "---\r\ntitle: x\r\nstate: delivered\r\nattempts: 1\r\nbranch: factory/k3xq7abc-x\r\npull: 7\r\n---\r\nB\r\n");
}

static void
test_splice_lists(void **state)
{
	(void)state;
	spliced("---\nlabels:\n  # first\n  - kept # why\n  - gone\n  # last\ntitle: x\n---\n", relabel,
	    "---\nlabels:\n  # first\n  - kept # why\n  - \"new: one\"\n  # last\ntitle: x\n---\n");
	spliced("---\nlabels:\n- gone\n- kept\ntitle: x\n---\n", relabel,
	    "---\nlabels:\n- kept\n- \"new: one\"\ntitle: x\n---\n");
	spliced("---\nlabels: [gone, kept] # c\ntitle: x\n---\n", relabel,
	    "---\nlabels: [kept, \"new: one\"] # c\ntitle: x\n---\n");
	spliced("---\nlabels: kept\ntitle: x\n---\n", relabel, "---\nlabels: [kept, \"new: one\"]\ntitle: x\n---\n");
	spliced("---\nlabels:\ntitle: x\n---\n", relabel, "---\nlabels: [kept, \"new: one\"]\ntitle: x\n---\n");
	spliced("---\nlabels:\n  - a\n  - b\ntitle: x\n---\n", unlabel, "---\ntitle: x\n---\n");
}

static void
test_splice_heading(void **state)
{
	(void)state;
	spliced("# Old title\n\nText\n", retitle, "# New title\n\nText\n");
	spliced("# Old title\n\nText\n", deliver, "---\nstate: delivered\nattempts: 1\n"
	    "branch: factory/k3xq7abc-x\npull: 7\n---\n# Old title\n\nText\n");
	spliced("# Old title\n\nText\n", rebody, "---\ntitle: Old title\n---\nNew\n\nbody\n");
	spliced("---\n{title: x, priority: 1}\n---\nB\n", deliver, "---\ntitle: x\npriority: 1\n"
	    "state: delivered\nattempts: 1\nbranch: factory/k3xq7abc-x\npull: 7\n---\n\nB\n");
}

static void
merged(const char *base, const char *ours, const char *theirs, const char *want, const char *conflict)
{
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	AUTO(strs_free) struct strs conflicts = {0};
	struct err *e = task_merge("t.md", str_of(base), str_of(ours), str_of(theirs), &b, &conflicts);

	if (e != NULL)
		fail_msg("%s", err_msg(e));
	assert_string_equal(buf_cstr(&b), want);
	if (conflict == NULL)
		assert_int_equal(conflicts.n, 0);
	else
		assert_true(strs_has(&conflicts, conflict));
}

static void
test_merge(void **state)
{
	static const char base[] = "---\nid: k3xq7abc\ntitle: x\npriority: 2\nlabels: [a, b]\n---\n\none\ntwo\nthree\n";

	(void)state;
	/* A person's fields and the factory's meet. */
	merged(base, "---\nid: k3xq7abc\ntitle: x\npriority: 2\nlabels: [a, b]\nstate: delivered\npull: 3\n---\n\none\ntwo\nthree\n",
	    "---\nid: k3xq7abc\ntitle: y\npriority: 2\nlabels: [a, b]\n---\n\none\ntwo\nthree\n",
	    "---\nid: k3xq7abc\ntitle: y\npriority: 2\nlabels: [a, b]\nstate: delivered\npull: 3\n---\n\none\ntwo\nthree\n", NULL);
	/* What a person dropped or claimed of the factory's comes back. */
	merged(base, base, "---\ntitle: x\nstate: landed\n---\n\none\ntwo\nthree\n",
	    "---\nid: k3xq7abc\ntitle: x\n---\n\none\ntwo\nthree\n", NULL);
	/* Both touched lists and the body in different places. */
	merged(base, "---\nid: k3xq7abc\ntitle: x\nlabels: [b, c]\n---\n\none\ntwo\nTHREE\n",
	    "---\nid: k3xq7abc\ntitle: x\nlabels: [a, b, d]\n---\n\nONE\ntwo\nthree\n",
	    "---\nid: k3xq7abc\ntitle: x\nlabels: [b, d, c]\n---\n\nONE\ntwo\nTHREE\n", NULL);
	/* Both changed one field: the person's hand edit stays, and it is told. */
	merged(base, "---\nid: k3xq7abc\ntitle: x\npriority: 1\nlabels: [a, b]\n---\n\none\ntwo\nthree\n",
	    "---\nid: k3xq7abc\ntitle: x\npriority: 0\nlabels: [a, b]\n---\n\none\ntwo\nthree\n",
	    "---\nid: k3xq7abc\ntitle: x\npriority: 0\nlabels: [a, b]\n---\n\none\ntwo\nthree\n", "priority");
	merged(base, "---\nid: k3xq7abc\ntitle: x\n---\n\none\n2\nthree\n",
	    "---\nid: k3xq7abc\ntitle: x\n---\n\none\nTWO\nthree\n",
	    "---\nid: k3xq7abc\ntitle: x\n---\n\none\nTWO\nthree\n", "body");
	/* No common ancestor. */
	merged("", "---\nid: k3xq7abc\ntitle: x\nstate: escalated\n---\n", "---\ntitle: x\npriority: 1\n---\n",
	    "---\nid: k3xq7abc\ntitle: x\npriority: 1\nstate: escalated\n---\n", NULL);
}

static void
test_lines(void **state)
{
	static const struct { const char *base, *ours, *theirs, *want; bool clean; } rows[] = {
		{"", "", "", "", true},
		{"a\nb\nc\n", "a\nb\nc\nd\n", "0\na\nb\nc\n", "0\na\nb\nc\nd\n", true},
		{"a\nb\nc\n", "a\nc\n", "a\nb\nc\n", "a\nc\n", true},
		{"a\nb\nc\n", "a\nc\n", "a\nB\nc\n", "a\nB\nc\n", false},
		{"a\nb\nc\nd\n", "a\nb\nX\nc\nd\n", "a\nc\nd\n", "a\nc\nd\n", false},
		{"", "x\n", "y\n", "y\n", false},
		{"a\n", "b\n", "b\n", "b\n", true},
		{"a\na\na\n", "a\na\n", "a\na\na\nb\n", "a\na\na\nb\n", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(MIB);
		bool clean = lines_merge(str_of(rows[i].base), str_of(rows[i].ours),
		    str_of(rows[i].theirs), &b);

		if (strcmp(buf_cstr(&b), rows[i].want) != 0)
			fail_msg("row %zu gave '%s'", i, buf_cstr(&b));
		if (clean != rows[i].clean)
			fail_msg("row %zu: clean is %d", i, clean);
	}
}

static bool
lookup(void *ctx, const char *id, enum task_state *state)
{
	(void)ctx;
	*state = id[0] == 'l' ? TASK_LANDED : TASK_QUEUED;
	return id[0] != 'm';
}

static void
test_ready(void **state)
{
	AUTO(task_free) struct task t = parse("---\nid: k3xq7abc\ntitle: x\nafter: [laaaaaaa]\n---\n");
	AUTO(buf_free) struct buf why = BUF_INIT(KIB);

	(void)state;
	assert_int_equal(task_ready(&t, lookup, NULL, NULL), READY_YES);
	strs_add(&t.after, "maaaaaaa");
	assert_int_equal(task_ready(&t, lookup, NULL, &why), READY_MISSING);
	free(t.after.v[1]);
	t.after.v[1] = mem_strdup("qaaaaaaa");
	buf_clear(&why);
	assert_int_equal(task_ready(&t, lookup, NULL, &why), READY_WAITS);
	assert_string_equal(buf_cstr(&why), "waits for qaaaaaaa (queued)");
	free(t.after.v[1]);
	t.after.v[1] = mem_strdup("k3xq7abc");
	assert_int_equal(task_ready(&t, lookup, NULL, NULL), READY_LOOP);
	task_set(&t, &t.hold, "later");
	assert_int_equal(task_ready(&t, lookup, NULL, NULL), READY_HELD);
	t.state = TASK_DELIVERED;
	assert_int_equal(task_ready(&t, lookup, NULL, NULL), READY_STATE);
	t.state = TASK_QUEUED;
	task_set(&t, &t.close, "done by hand");
	assert_int_equal(task_ready(&t, lookup, NULL, NULL), READY_STATE);
}

static void
test_names(void **state)
{
	AUTO(task_free) struct task t = parse("---\nid: k3xq7abc\ntitle: Retry, when it fails!\n---\n");
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);
	struct err *e;

	(void)state;
	task_path(t.id, false, &b);
	assert_string_equal(buf_cstr(&b), "tasks/k/3/k3xq7abc.md");
	buf_clear(&b);
	task_branch(&t, &b);
	assert_string_equal(buf_cstr(&b), "factory/k3xq7abc-retry-when-it-fails");
	t.priority = 9;
	e = task_check(&t);
	assert_true(err_is(e, ERR_USAGE));
	err_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_without_front_matter),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_splice_lists),
		cmocka_unit_test(test_splice_heading),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
