#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "wire/yaml.h"

static struct node *
parsed(struct arena *a, const char *text)
{
	struct node *n = NULL;
	struct err *e = yaml_parse(a, "t.yml", str_of(text), 1, &n);

	if (e != NULL)
		fail_msg("%s: %s", text, err_msg(e));
	return n;
}

static void
refused_by(enum err_code code, struct str text, const char *message)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *out = NULL;
	AUTO(err_free_p) struct err *e = yaml_parse(&a, "t.yml", text, 1, &out);

	if (e == NULL)
		fail_msg("accepted: %.*s", STR_ARG(text));
	assert_null(out);
	assert_int_equal(err_code(e), code);
	assert_string_equal(err_msg(e), message);
}

#define REFUSED(lit, msg) refused_by(ERR_SYNTAX, STR(lit), msg)

static void
test_kinds(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = parsed(&a, "[~, null, '', true, False, yes, on, 1, -2, +3, 007, 0o17, 0xff,"
	    " 1.5, 1e3, .5, 1., \"1\", 99999999999999999999, x, 1_000, 12:30, .inf]");
	static const enum node_kind kinds[] = {NODE_NULL, NODE_NULL, NODE_STRING, NODE_BOOL, NODE_BOOL,
	    NODE_STRING, NODE_STRING, NODE_INT, NODE_INT, NODE_INT, NODE_INT, NODE_INT, NODE_INT,
	    NODE_REAL, NODE_REAL, NODE_REAL, NODE_REAL, NODE_STRING, NODE_STRING, NODE_STRING,
	    NODE_STRING, NODE_STRING, NODE_STRING};
	static const int64_t ints[] = {1, -2, 3, 7, 15, 255};
	size_t i;

	assert_int_equal(n->n, NITEMS(kinds));
	for (i = 0; i < NITEMS(kinds); i++)
		if (node_at(n, i)->kind != kinds[i])
			fail_msg("element %zu is %s", i, node_kind_name(node_at(n, i)->kind));
	for (i = 0; i < NITEMS(ints); i++)
		assert_int_equal(node_at(n, 7 + i)->integer, ints[i]);
	assert_true(node_at(n, 14)->real == 1000.0);
	assert_true(node_at(n, 7)->plain);
	assert_false(node_at(n, 17)->plain);
	assert_string_equal(node_at(n, 10)->text.p, "007");
}

static void
test_empty(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};

	assert_int_equal(parsed(&a, "")->kind, NODE_NULL);
	assert_int_equal(parsed(&a, "# nothing\n")->kind, NODE_NULL);
	assert_int_equal(parsed(&a, "---\n")->kind, NODE_NULL);
	assert_int_equal(parsed(&a, "\xef\xbb\xbf" "a: 1\n")->kind, NODE_MAP);
}

static void
span(const char *text, const struct node *n, const char *expect)
{
	assert_non_null(n);
	if (n->end - n->start != strlen(expect) || memcmp(text + n->start, expect, strlen(expect)) != 0)
		fail_msg("expected '%s', got '%.*s'", expect, (int)(n->end - n->start), text + n->start);
}

static void
test_spans(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	const char *text =
	    "# caf\xc3\xa9\n"
	    "title: \"caf\xc3\xa9 \xf0\x9f\x98\x80\" # note\n"
	    "plain: some words   # note\n"
	    "labels:\n"
	    "  - a\n"
	    "  - b   # last\n"
	    "\n"
	    "# before block\n"
	    "block: |\n"
	    "  one\n"
	    "  two\n"
	    "\n"
	    "# after\n"
	    "flow: [x, {y: z} ]\n"
	    "empty:\n"
	    "multi: one\n"
	    "  two\n"
	    "nest:\n"
	    "  in: 'it''s'\n"
	    "list:\n"
	    "- q\n"
	    "# end\n";
	struct node *n = parsed(&a, text);

	span(text, node_get(n, "title"), "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
	span(text, node_get(n, "plain"), "some words");
	span(text, node_get(n, "labels"), "- a\n  - b");
	span(text, node_get(n, "block"), "|\n  one\n  two");
	span(text, node_get(n, "flow"), "[x, {y: z} ]");
	span(text, node_get(n, "empty"), "");
	span(text, node_get(n, "multi"), "one\n  two");
	span(text, node_get(n, "nest"), "in: 'it''s'");
	span(text, node_get(n, "list"), "- q");
	assert_int_equal(n->end, strstr(text, "- q") + 3 - text);
	assert_memory_equal(text + node_get(n, "empty")->start - 6, "empty:", 6);
	assert_memory_equal(text + node_get(n, "nest")->key_start, "nest:", 5);
	assert_string_equal(node_get_str(n, "block"), "one\ntwo\n");
	assert_string_equal(node_get_str(n, "multi"), "one two");
	assert_string_equal(node_get_str(node_get(n, "nest"), "in"), "it's");
	assert_int_equal(node_get(n, "title")->line, 2);
	assert_int_equal(node_get(n, "title")->column, 8);
	assert_int_equal(node_get(n, "nest")->key_line, 18);
}

static void
test_spans_bom_crlf(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	const char *text = "\xef\xbb\xbf" "a: \xc3\xa9\xc3\xa9\r\nb: |\r\n  x\r\n  y\r\nc: d\r\n";
	struct node *n = parsed(&a, text);

	span(text, node_get(n, "a"), "\xc3\xa9\xc3\xa9");
	span(text, node_get(n, "b"), "|\r\n  x\r\n  y");
	span(text, node_get(n, "c"), "d");
}

/* Offsets stay right far behind the first stride of the index. */
static void
test_spans_long(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct node *n, *c;
	int i = 0;

	for (i = 0; i < 3000; i++)
		buf_addf(&b, "k\xc3\xa9%d: v\xe2\x82\xac%d\n", i, i);
	n = parsed(&a, buf_cstr(&b));
	assert_int_equal(n->n, 3000);
	for (c = n->child, i = 0; c != NULL; c = c->next, i++) {
		char expect[32];

		snprintf(expect, sizeof(expect), "v\xe2\x82\xac%d", i);
		span(b.p, c, expect);
	}
}

static void
test_refused(void **state UNUSED)
{
	REFUSED("a: 1\nb: 2\na: 3\n", "t.yml:3:1: the key 'a' is there twice");
	REFUSED("a: 1\n'a': 3\n", "t.yml:2:1: the key 'a' is there twice");
	REFUSED("a: &x 1\n", "t.yml:1:4: anchors ('&') are not allowed here");
	REFUSED("a: &x [1]\n", "t.yml:1:4: anchors ('&') are not allowed here");
	REFUSED("a: *x\n", "t.yml:1:4: aliases ('*') are not allowed here");
	REFUSED("*x : 1\n", "t.yml:1:1: aliases ('*') are not allowed here");
	REFUSED("<<: {a: 1}\n", "t.yml:1:1: merge keys ('<<') are not allowed here");
	REFUSED("a: !!python/object 1\n", "t.yml:1:4: tags ('!') are not allowed here");
	REFUSED("a: !x {}\n", "t.yml:1:4: tags ('!') are not allowed here");
	REFUSED("a: 1\n---\nb: 2\n", "t.yml:2:1: a second document begins");
	REFUSED("[a]: 1\n", "t.yml:1:1: a key must be a plain word or a string");
	REFUSED("a: \"x\\0y\"\n", "t.yml:1:4: a string may not hold the character NUL");
	REFUSED("a: x\0y\n", "t.yml:1:5: the character NUL is not allowed here");
	REFUSED("a: 1\nb: \xc3\x28\n", "t.yml:2:4: bytes that are not UTF-8");
	REFUSED("a: 1\nb: \x07\n", "t.yml:2:4: control characters are not allowed");
	REFUSED("a: [1\nb: 2\n", "t.yml:2:2: did not find expected ',' or ']'");
	REFUSED("a: b: c\n", "t.yml:1:5: mapping values are not allowed in this context");
	REFUSED("a:\n\t- x\n", "t.yml:2:1: found character that cannot start any token");
}

static void
test_first_line(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *out = NULL;
	AUTO(err_free_p) struct err *e = yaml_parse(&a, "x.md", STR("a: 1\na: 2\n"), 2, &out);

	assert_string_equal(err_msg(e), "x.md:3:1: the key 'a' is there twice");
}

static void
deep(char c)
{
	static char text[200000];
	struct clock clock = clock_system();
	int64_t before = clock_mono(&clock);
	AUTO(mem_free_p) char *message = mem_printf("t.yml:1:%d: nested too deeply",
	    c == '[' ? YAML_DEPTH + 1 : YAML_DEPTH * 2 + 1);
	size_t i;

	for (i = 0; i + 1 < sizeof(text); i += 2) {
		text[i] = c;
		text[i + 1] = c == '[' ? c : ' ';
	}
	refused_by(ERR_LIMIT, str_mk(text, sizeof(text)), message);
	assert_true(clock_mono(&clock) - before < 1000);
}

static void
test_bombs(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct clock clock = clock_system();
	int64_t before = clock_mono(&clock);
	int i;

	deep('[');
	deep('-');
	for (i = 0; i < 40000; i++)
		buf_addf(&b, "k%d: &a%d x\n", i, i);
	refused_by(ERR_SYNTAX, buf_str(&b), "t.yml:1:5: anchors ('&') are not allowed here");
	buf_clear(&b);
	for (i = 0; i < 100001; i++)
		buf_adds(&b, "- x\n");
	refused_by(ERR_LIMIT, buf_str(&b), "t.yml:99998:1: too many values in one file");
	assert_true(clock_mono(&clock) - before < 3000);
	while (b.n <= YAML_MAX)
		buf_adds(&b, "# comment\n");
	refused_by(ERR_LIMIT, buf_str(&b), "'t.yml' has more than 4 MiB");
}

static void
test_write(void **state UNUSED)
{
	static const struct {
		const char *s;
		const char *block;
		const char *flow;
	} cases[] = {
		{"plain words", "plain words", "plain words"},
		{"", "\"\"", "\"\""},
		{"a, b", "a, b", "\"a, b\""},
		{"a: b", "\"a: b\"", "\"a: b\""},
		{"http://x", "http://x", "\"http://x\""},
		{"true", "\"true\"", "\"true\""},
		{"yes", "\"yes\"", "\"yes\""},
		{"2e345672", "\"2e345672\"", "\"2e345672\""},
		{"12", "\"12\"", "\"12\""},
		{"1.2.3", "\"1.2.3\"", "\"1.2.3\""},
		{"- x", "\"- x\"", "\"- x\""},
		{"a #b", "\"a #b\"", "\"a #b\""},
		{"a#b", "a#b", "a#b"},
		{" x", "\" x\"", "\" x\""},
		{"x:", "\"x:\"", "\"x:\""},
		{"it's \"so\"", "it's \"so\"", "it's \"so\""},
		{"two\nlines\t\\", "\"two\\nlines\\t\\\\\"", "\"two\\nlines\\t\\\\\""},
		{"\xe2\x80\xae" "x\xe2\x80\xa8", "\"\\u202ex\\u2028\"", "\"\\u202ex\\u2028\""},
		{"caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9"},
		{"\x1b[1m\x7f", "\"\\x1b[1m\\x7f\"", "\"\\x1b[1m\\x7f\""},
	};
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		AUTO(arena_free) struct arena a = {0};
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		char *one = (char *)cases[i].s;

		yaml_add_str(&b, str_of(one), false);
		assert_string_equal(buf_cstr(&b), cases[i].block);
		buf_insert(&b, 0, "k: ", 3);
		buf_adds(&b, "\nl: ");
		yaml_add_strs(&b, &one, 1);
		struct node *n = parsed(&a, buf_cstr(&b));
		assert_string_equal(node_get_str(n, "k"), one);
		assert_string_equal(node_str(node_at(node_get(n, "l"), 0)), one);
		span(b.p, node_at(node_get(n, "l"), 0), cases[i].flow);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_spans_bom_crlf),
		cmocka_unit_test(test_spans_long),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_first_line),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
