/*
 * .factory/waivers.yml: what is taken, what is refused and where, and that
 * what is written is read back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "conf/waiver.h"

static void
refused(const char *text, const char *at, const char *why)
{
	AUTO(waivers_free) struct waivers ws = {0};
	struct err *e = waivers_parse("w.yml", str_of(text), &ws);

	if (e == NULL)
		fail_msg("taken: %s", text);
	if (!err_is(e, ERR_CONFIG) || strncmp(err_msg(e), at, strlen(at)) != 0 || strstr(err_msg(e), why) == NULL)
		fail_msg("'%s' is not like %s ... %s", err_msg(e), at, why);
	err_free(e);
}

static void
test_refusals(void **state)
{
	(void)state;
	refused("gate: sast\n", "w.yml:1:1: ", "must be a list");
	refused("- sast\n", "w.yml:1:3: ", "must be a map");
	refused("- gate: sast\n  rule: x\n  reason: r\n  expires: 2027-01-31\n", "w.yml:1:3: ", "without 'owner'");
	refused("\n- rule: x\n  owner: ada\n  reason: r\n  expires: 2027-01-31\n", "w.yml:2:3: ", "without 'gate'");
	refused("- {gate: a, rule: x, owner: ada, expires: 2027-01-31}\n", "w.yml:1:3: ", "without 'reason'");
	refused("- {gate: a, rule: x, owner: ada, reason: r}\n", "w.yml:1:3: ", "without 'expires'");
	refused("- {gate: a, owner: ada, reason: r, expires: 2027-01-31}\n", "w.yml:1:3: ", "name a rule, path or");
	refused("- {gate: a, rule: x, owner: ada, reason: r, expires: never}\n", "w.yml:1:54: ", "a day like");
	refused("- {gate: a, rule: x, owner: ada, reason: r, expires: 2027-02-30}\n", "w.yml:1:54: ", "a day like");
	refused("- {gate: a, rule: x, owner: \"\", reason: r, expires: 2027-01-31}\n", "w.yml:1:29: ", "'owner'");
	refused("- {gate: a, rule: [x], owner: ada, reason: r, expires: 2027-01-31}\n", "w.yml:1:19: ", "'rule'");
	refused("- {gate: a, rule: x, owner: ada, reason: \"r\\ns\", expires: 2027-01-31}\n", "w.yml:1:42: ", "one line");
	refused("- {gate: a, rules: x}\n", "w.yml:1:13: ", "unknown key 'rules'");
	refused("- {gate: a, gate: b}\n", "w.yml:1:", "gate");
	refused("- {gate: a, rule: x, owner: ada, reason: ghp_0123456789abcdefghijABCDEFGHIJ456789, expires: 2027-01-31}\n",
	    "w.yml:1:42: ", "secret");
}

static void
test_a_whole_one(void **state)
{
	AUTO(waivers_free) struct waivers ws = {0}, none = {0};

	(void)state;
	assert_null(waivers_parse("w.yml", STR("# old\n- gate: sast\n  rule: 404\n  path: \"src/old/**\"\n"
	    "  owner: ada\n  reason: goes in May\n  expires: 1970-01-02\n"), &ws));
	assert_int_equal(ws.n, 1);
	assert_string_equal(ws.v[0].rule, "404");
	assert_string_equal(ws.v[0].path, "src/old/**");
	assert_string_equal(ws.v[0].print, "");
	/* Its last day is a whole one. */
	assert_int_equal(ws.v[0].ends_s, 2 * 86400);
	assert_int_equal(ws.v[0].line, 2);
	assert_int_equal(ws.v[0].column, 3);
	assert_null(waivers_parse("w.yml", STR("# nothing\n"), &none));
	assert_int_equal(none.n, 0);
}

static void
test_what_is_written_is_read(void **state)
{
	static const struct waiver w = {.gate = "sast", .rule = "a: [b]", .path = "- x #y", .print = "12",
	    .owner = "ada@example.org", .reason = "it's \"so\": yes", .expires = "2027-01-31"};
	AUTO(waivers_free) struct waivers ws = {0};
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);

	(void)state;
	waiver_write(&w, &b);
	waiver_write(&w, &b);
	assert_null(waivers_parse("w.yml", buf_str(&b), &ws));
	assert_int_equal(ws.n, 2);
	assert_string_equal(ws.v[1].rule, w.rule);
	assert_string_equal(ws.v[1].path, w.path);
	assert_string_equal(ws.v[1].print, w.print);
	assert_string_equal(ws.v[1].owner, w.owner);
	assert_string_equal(ws.v[1].reason, w.reason);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_a_whole_one),
		cmocka_unit_test(test_what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
