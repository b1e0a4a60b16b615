#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/sse.h"

static struct err *
log_event(void *arg, const char *type, struct str data)
{
	if (strcmp(type, "boom") == 0)
		return err_new(ERR_PROTOCOL, "boom");
	buf_addf(arg, "%s{%.*s}", type, STR_ARG(data));
	return NULL;
}

static const char stream[] =
    "\xef\xbb\xbf" ": a comment\n"
    "event: first\r\n"
    "data: one\r\n"
    "data:two\r\n"
    "\r\n"
    "data\n"
    "\n"
    "id: 3\n"
    "retry: 10\n"
    "event: nothing\n"
    "\n"
    "data:  spaced: x\r"
    "\r"
    "other: y\n"
    "data: {\"a\":1}\n"
    "\n"
    "event: cut\n"
    "data: off\n";

static const char expect[] = "first{one\ntwo}message{}message{ spaced: x}message{{\"a\":1}}";

static void
test_every_split(void **state UNUSED)
{
	size_t i, n = sizeof(stream) - 1;

	for (i = 0; i <= n; i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		AUTO(sse_free) struct sse s;

		sse_init(&s, log_event, &b);
		assert_null(sse_feed(&s, str_mk(stream, i)));
		assert_null(sse_feed(&s, str_mk(stream + i, n - i)));
		assert_string_equal(buf_cstr(&b), expect);
		assert_true(sse_pending(&s));
	}
}

static void
test_bytewise(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	AUTO(sse_free) struct sse s;
	size_t i;

	sse_init(&s, log_event, &b);
	for (i = 0; i + 1 < sizeof(stream); i++)
		assert_null(sse_feed(&s, str_mk(stream + i, 1)));
	assert_string_equal(buf_cstr(&b), expect);
	assert_null(sse_feed(&s, STR("\n")));
	assert_false(sse_pending(&s));
}

static void
test_error_and_ceiling(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	AUTO(sse_free) struct sse s;
	AUTO(sse_free) struct sse t;
	static char kib[1024];
	struct err *e = NULL;
	size_t i;

	sse_init(&s, log_event, &b);
	e = sse_feed(&s, STR("event: boom\ndata: x\n\n"));
	assert_true(err_is(e, ERR_PROTOCOL));
	err_free(e);
	sse_init(&t, log_event, &b);
	memset(kib, 'x', sizeof(kib));
	e = NULL;
	for (i = 0; i < 10 * 1024 && e == NULL; i++)
		e = sse_feed(&t, str_mk(kib, sizeof(kib)));
	assert_true(err_is(e, ERR_LIMIT));
	assert_int_equal(i, SSE_MAX / sizeof(kib) + 1);
	err_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_bytewise),
		cmocka_unit_test(test_error_and_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
