#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "wire/json.h"

static struct node *
parsed(struct arena *a, const char *text)
{
	struct node *n = NULL;
	struct err *e = json_parse(a, "t.json", str_of(text), &n);

	if (e != NULL)
		fail_msg("%s: %s", text, err_msg(e));
	return n;
}

static void
refused(const char *text, size_t n, const char *message)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *out = NULL;
	AUTO(err_free_p) struct err *e = json_parse(&a, "t.json", str_mk(text, n), &out);

	if (e == NULL)
		fail_msg("accepted: %s", text);
	assert_null(out);
	assert_string_equal(err_msg(e), message);
}

#define REFUSED(lit, msg) refused(lit, sizeof(lit) - 1, msg)

static void
test_values(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = parsed(&a, " {\"s\":\"a\\u00e9\\ud83d\\ude00\\n\", \"i\": -9223372036854775808,"
	    "\"big\":9007199254740993, \"r\":1.5e2,\"t\":true,\"f\":false,\"n\":null,"
	    "\"l\":[1,[],{}]}\n");

	assert_int_equal(n->kind, NODE_MAP);
	assert_int_equal(n->n, 8);
	assert_string_equal(node_get_str(n, "s"), "a\xc3\xa9\xf0\x9f\x98\x80\n");
	assert_true(node_get_int(n, "i", 0) == INT64_MIN);
	assert_true(node_get_int(n, "big", 0) == 9007199254740993);
	assert_true(node_get(n, "r")->real == 150.0);
	assert_string_equal(node_get(n, "r")->text.p, "1.5e2");
	assert_true(node_get_bool(n, "t", false));
	assert_false(node_get_bool(n, "f", true));
	assert_int_equal(node_get(n, "n")->kind, NODE_NULL);
	assert_int_equal(node_get(n, "l")->n, 3);
	assert_int_equal(node_at(node_get(n, "l"), 2)->kind, NODE_MAP);
	assert_null(node_at(node_get(n, "l"), 3));
	assert_null(node_get(n, "S"));
	assert_null(node_get_str(n, "i"));
	assert_int_equal(node_get_int(n, "s", 7), 7);
}

static void
test_places(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	const char *text = "{\n  \"k\xc3\xa9\": [true,\n  \"x\"]\n}";
	struct node *n = parsed(&a, text);
	const struct node *l = node_get(n, "k\xc3\xa9");
	const struct node *x = node_at(l, 1);

	assert_int_equal(l->key_line, 2);
	assert_int_equal(l->key_column, 3);
	assert_int_equal(l->line, 2);
	assert_int_equal(l->column, 9);
	assert_memory_equal(text + l->start, "[true,\n  \"x\"]", l->end - l->start);
	assert_int_equal(x->line, 3);
	assert_int_equal(x->column, 3);
	assert_int_equal(x->end - x->start, 3);
}

static void
test_refused(void **state UNUSED)
{
	REFUSED("", "t.json:1:1: the text ends where a value should be");
	REFUSED("{\"a\":1,\n\"a\":2}", "t.json:2:1: the key 'a' is there twice");
	REFUSED("{\"a\":1,\"\\u0061\":2}", "t.json:1:8: the key 'a' is there twice");
	REFUSED("01", "t.json:1:1: a number may not begin with 0");
	REFUSED("1.", "t.json:1:3: expected a digit");
	REFUSED(".5", "t.json:1:1: expected a value");
	REFUSED("+1", "t.json:1:1: expected a value");
	REFUSED("NaN", "t.json:1:1: expected a value");
	REFUSED("1e999", "t.json:1:1: a number that is too large");
	REFUSED("9223372036854775808", "t.json:1:1: an integer beyond 64 bits");
	REFUSED("1 2", "t.json:1:3: something follows after the end");
	REFUSED("1\0", "t.json:1:2: something follows after the end");
	REFUSED("[1,]", "t.json:1:4: expected a value");
	REFUSED("[1", "t.json:1:3: the text ends before its ']'");
	REFUSED("{\"a\":1,}", "t.json:1:8: expected a key in quotes");
	REFUSED("{\"a\" 1}", "t.json:1:6: expected ':'");
	REFUSED("{'a':1}", "t.json:1:2: expected a key in quotes");
	REFUSED("\"a", "t.json:1:3: the string does not end");
	REFUSED("\"a\nb\"", "t.json:1:3: a control character in a string must be escaped");
	REFUSED("\"a\0b\"", "t.json:1:3: a control character in a string must be escaped");
	REFUSED("\"\\u0000\"", "t.json:1:8: a string may not hold the character NUL");
	REFUSED("\"\\ud800\"", "t.json:1:8: a surrogate without its other half");
	REFUSED("\"\\udc00\"", "t.json:1:8: a surrogate without its other half");
	REFUSED("\"\\x\"", "t.json:1:3: unknown escape in a string");
	REFUSED("\"\xc0\x80\"", "t.json:1:2: bytes that are not UTF-8");
	REFUSED("\"\xed\xa0\x80\"", "t.json:1:2: bytes that are not UTF-8");
	REFUSED("\xef\xbb\xbf{}", "t.json:1:1: expected a value");
	REFUSED("// c\n1", "t.json:1:1: expected a value");
	REFUSED("1000000000000000000000000000000000000000000000000000000000000000.5",
	    "t.json:1:1: a number of more than 63 characters");
}

static void
test_many_keys(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct node *n = NULL;
	int i;

	buf_adds(&b, "{");
	for (i = 0; i < 50000; i++)
		buf_addf(&b, "\"k%d\":%d,", i, i);
	buf_adds(&b, "\"k49999\":0}");
	AUTO(err_free_p) struct err *e = json_parse(&a, "t", buf_str(&b), &n);
	assert_non_null(e);
	assert_non_null(strstr(err_msg(e), "the key 'k49999' is there twice"));
}

static void
test_depth(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	static char deep[200000];
	struct node *n = NULL;
	int i;

	memset(deep, '[', sizeof(deep));
	AUTO(err_free_p) struct err *e = json_parse(&a, "t", str_mk(deep, sizeof(deep)), &n);
	assert_true(err_is(e, ERR_LIMIT));
	assert_string_equal(err_msg(e), "t:1:65: nested deeper than 64 levels");
	for (i = 0; i < JSON_DEPTH; i++)
		deep[JSON_DEPTH + i] = ']';
	assert_null(json_parse(&a, "t", str_mk(deep, 2 * JSON_DEPTH), &n));
}

static void
test_write(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct jw w;

	jw_init(&w, &b, false);
	jw_obj(&w);
	jw_kstr(&w, "s", "q\"\\\n\t\x01\x7f\xc3\xa9");
	jw_key(&w, "bad");
	jw_strn(&w, str_mk("a\xff\0b", 4));
	jw_kstr(&w, "none", NULL);
	jw_kint(&w, "i", INT64_MIN);
	jw_kbool(&w, "b", true);
	jw_key(&w, "l");
	jw_list(&w);
	jw_real(&w, 0.1);
	jw_real(&w, 1e300);
	jw_raw(&w, STR("{\"x\":[]}"));
	jw_end(&w);
	jw_key(&w, "e");
	jw_obj(&w);
	jw_end(&w);
	jw_end(&w);
	assert_string_equal(buf_cstr(&b), "{\"s\":\"q\\\"\\\\\\n\\t\\u0001\\u007f\xc3\xa9\","
	    "\"bad\":\"a\xef\xbf\xbd\xef\xbf\xbd" "b\",\"none\":null,\"i\":-9223372036854775808,\"b\":true,"
	    "\"l\":[0.1,1e+300,{\"x\":[]}],\"e\":{}}");
	AUTO(arena_free) struct arena a = {0};
	assert_non_null(parsed(&a, buf_cstr(&b)));
}

static void
test_pretty_and_back(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	const char *text = "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x\"\n}\n";
	struct jw w;

	jw_init(&w, &b, true);
	jw_node(&w, parsed(&a, text));
	assert_string_equal(buf_cstr(&b), text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_pretty_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
