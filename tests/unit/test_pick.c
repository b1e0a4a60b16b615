#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/pick.h"

enum { ROOT, RUN, RULE, NUMBER, FILE_, LINE, NAME };

static const struct pick places[] = {{"", ROOT}, {"runs[]", RUN}, {"runs[].results[].rule", RULE},
    {"n", NUMBER}, {"files.*", FILE_}, {"files.*.lines[]", LINE}, {"[].name", NAME}};

static struct err *
note(void *arg, const struct pick_value *v)
{
	static const char *const kinds[] = {"null", "bool", "int", "real", "text", "{", "[", "close"};
	struct buf *b = arg;

	buf_addf(b, "%d%s", v->id, kinds[v->kind]);
	if (v->key.n > 0)
		buf_addf(b, " %.*s", STR_ARG(v->key));
	if (v->kind == PICK_TEXT)
		buf_addf(b, "=%.*s%s", STR_ARG(v->text), v->cut ? "..." : "");
	else if (v->kind == PICK_INT || v->kind == PICK_BOOL)
		buf_addf(b, "=%lld", (long long)v->i);
	else if (v->kind == PICK_REAL)
		buf_addf(b, "=%g", v->real);
	buf_addc(b, ';');
	return v->kind == PICK_TEXT && str_is(v->text, "boom") ? err_new(ERR_STATE, "no boom here") : NULL;
}

static struct err *
pick_in_two(struct str text, size_t cut, struct buf *out)
{
	struct picker *p = pick_open("r.json", places, sizeof(places) / sizeof(*places), note, out);
	struct err *e = pick_feed(p, str_take(text, cut));

	if (e == NULL)
		e = pick_feed(p, str_skip(text, cut));
	if (e == NULL)
		e = pick_end(p);
	pick_close(p);
	return e;
}

static void
reads(const char *s, const char *expect)
{
	struct str text = str_of(s);

	for (size_t cut = 0; cut <= text.n; cut++) {
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		struct err *e = pick_in_two(text, cut, &b);

		if (e != NULL)
			fail_msg("%s: cut at %zu: %s", s, cut, err_msg(e));
		assert_string_equal(buf_cstr(&b), expect);
	}
}

static void
refused(struct str text, enum err_code code, const char *message)
{
	for (size_t cut = 0; cut <= text.n; cut++) {
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		AUTO(err_free_p) struct err *e = pick_in_two(text, cut, &b);

		if (e == NULL)
			fail_msg("%.*s: not refused", STR_ARG(text));
		assert_int_equal(err_code(e), code);
		assert_string_equal(err_msg(e), message);
	}
}

static void
places_are_told(void **state)
{
	(void)state;
	reads("{}", "0{;0close;");
	reads(" [ {\"name\": \"a\\n\"} , {\"other\": [1, {}], \"name\": null}, 3 ]",
	    "0[;6text name=a\n;6null name;0close;");
	reads("{\"runs\":[{\"x\":{\"results\":1},\"results\":[{\"rule\":\"A\"},{\"rule\":\"B\",\"n\":9}]},{}],\"n\":-12}",
	    "0{;1{;2text rule=A;2text rule=B;1close;1{;1close;3int n=-12;0close;");
	reads("{\"files\":{\"a.c\":{\"lines\":[1,2]},\"b\":{}},\"n\":1.5e2}",
	    "0{;4{ a.c;5int=1;5int=2;4close;4{ b;4close;3real n=150;0close;");
	reads("true", "0bool=1;");
	reads("{\"n\":false}", "0{;3bool n=0;0close;");
}

/* Tools write one value behind the other. */
static void
several_values(void **state)
{
	struct str text = STR("{\"n\":1}\n{\"n\":2}{\"runs\":[{}]} 7");

	(void)state;
	for (size_t cut = 0; cut <= text.n; cut++) {
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		struct picker *p = pick_open("r.json", places, sizeof(places) / sizeof(*places), note, &b);

		pick_many(p);
		assert_null(pick_feed(p, str_take(text, cut)));
		assert_null(pick_feed(p, str_skip(text, cut)));
		assert_null(pick_end(p));
		pick_close(p);
		assert_string_equal(buf_cstr(&b), "0{;3int n=1;0close;0{;3int n=2;0close;0{;1{;1close;0close;0int=7;");
	}
}

/* The last of several may not be cut short, and one at least there must be. */
static void
several_values_end(void **state)
{
	static const char *const bad[] = {"", "{}{", "{}\n[1", "{} ,{}", "{}]"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		struct picker *p = pick_open("r.json", places, sizeof(places) / sizeof(*places), note, &b);
		struct err *e;

		pick_many(p);
		e = pick_feed(p, str_of(bad[i]));
		if (e == NULL)
			e = pick_end(p);
		pick_close(p);
		if (!err_is(e, ERR_SYNTAX))
			fail_msg("taken: %s", bad[i]);
		err_free(e);
	}
}

static void
strings_are_mended(void **state)
{
	(void)state;
	reads("{\"n\":\"\\u00e9\\ud83d\\ude00\\\"\\/\"}", "0{;3text n=\xc3\xa9\xf0\x9f\x98\x80\"/;0close;");
	reads("{\"n\":\"\\ud83dx\\udc00\\u0000\"}", "0{;3text n=\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd;0close;");
	reads("{\"n\":\"\xe9!\"}", "0{;3text n=\xef\xbf\xbd!;0close;");
	reads("{\"\\u006e\":1}", "0{;3int n=1;0close;");
}

static void
what_is_no_json_is_refused(void **state)
{
	(void)state;
	refused(STR(""), ERR_SYNTAX, "r.json:1:1: the text ends in the middle");
	refused(STR("{\"a\":[1,2"), ERR_SYNTAX, "r.json:1:10: the text ends in the middle");
	refused(STR("{\"n\":\"a"), ERR_SYNTAX, "r.json:1:8: the text ends in the middle");
	refused(STR("{}\n{}"), ERR_SYNTAX, "r.json:2:1: there is more behind the value");
	refused(STR("{\"a\":1,}"), ERR_SYNTAX, "r.json:1:8: a key is missing");
	refused(STR("[1,]"), ERR_SYNTAX, "r.json:1:4: a value is missing");
	refused(STR("[1 2]"), ERR_SYNTAX, "r.json:1:4: a ',' or the end is missing");
	refused(STR("[1}"), ERR_SYNTAX, "r.json:1:3: a list ends with '}'");
	refused(STR("{\"a\" 1}"), ERR_SYNTAX, "r.json:1:6: a ':' is missing");
	refused(STR("[01]"), ERR_SYNTAX, "r.json:1:4: neither a number nor true, false or null");
	refused(STR("[1.]"), ERR_SYNTAX, "r.json:1:4: neither a number nor true, false or null");
	refused(STR("[nul]"), ERR_SYNTAX, "r.json:1:5: neither a number nor true, false or null");
	refused(STR("[9223372036854775808]"), ERR_SYNTAX, "r.json:1:21: an integer beyond 64 bits");
	refused(STR("[1e999]"), ERR_SYNTAX, "r.json:1:7: a number beyond a double");
	refused(STR("[\"\\x\"]"), ERR_SYNTAX, "r.json:1:4: an escape that JSON has not");
	refused(STR("[\"\\u12g4\"]"), ERR_SYNTAX, "r.json:1:7: '\\u' wants four hexadecimal digits");
	refused(STR("[\"a\nb\"]"), ERR_SYNTAX, "r.json:1:4: a control character in a string");
	refused(STR("{\"n\":\n \"boom\"}"), ERR_STATE, "r.json:2:7: no boom here");
}

static void
a_second_key_of_a_place_is_refused(void **state)
{
	(void)state;
	refused(STR("{\"runs\":[],\"runs\":[{}]}"), ERR_SYNTAX, "r.json:1:17: the key 'runs' stands twice");
	reads("{\"other\":1,\"other\":2,\"n\":3}", "0{;3int n=3;0close;");
	reads("{\"runs\":[{},{}],\"n\":3}", "0{;1{;1close;1{;1close;3int n=3;0close;");
}

static void
it_is_bounded(void **state)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), out = BUF_INIT(BUF_TEXT);
	AUTO(err_free_p) struct err *e = NULL;
	struct picker *p;
	size_t i;

	(void)state;
	for (i = 0; i <= PICK_DEPTH; i++)
		buf_addc(&text, '[');
	e = pick_in_two(buf_str(&text), 3, &out);
	assert_true(err_is(e, ERR_LIMIT));
	buf_clear(&text);
	buf_adds(&text, "{\"n\":\"");
	for (i = 0; i < PICK_STRING + 5; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\"}");
	buf_clear(&out);
	p = pick_open("f", places, sizeof(places) / sizeof(*places), note, &out);
	assert_null(pick_feed(p, buf_str(&text)));
	assert_null(pick_end(p));
	pick_close(p);
	assert_true(strstr(buf_cstr(&out), "x...;0close;") != NULL);
	assert_true(out.n < PICK_STRING + 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_told),
		cmocka_unit_test(several_values),
		cmocka_unit_test(several_values_end),
		cmocka_unit_test(strings_are_mended),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(a_second_key_of_a_place_is_refused),
		cmocka_unit_test(it_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
