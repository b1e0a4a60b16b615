/* The trace of the protocol: one line an event, and nothing in it that steers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/trace.h"

static char path[] = "/tmp/factory-trace.XXXXXX";

static int
setup(void **state UNUSED)
{
	int fd = mkstemp(path);

	return fd < 0 || close(fd) != 0 || setenv("GIT_FACTORY_TRACE", path, 1) != 0 ? -1 : 0;
}

static int
teardown(void **state UNUSED)
{
	unsetenv("GIT_FACTORY_TRACE");
	return unlink(path);
}

static void
read_all(struct buf *b)
{
	assert_null(file_read(AT_FDCWD, path, b));
}

static void
test_an_event_is_a_line(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);

	assert_true(trace_on());
	trace_event(&(struct trace){.event = "beat", .task = "k3xq7abc", .attempt = 2,
	    .from = "00ff", .to = "0000"});
	trace_event(&(struct trace){.event = "send", .push = 7, .ref = "refs/heads/a"});
	read_all(&b);
	assert_non_null(strstr(buf_cstr(&b),
	    ",\"event\":\"beat\",\"task\":\"k3xq7abc\",\"attempt\":2,\"from\":\"00ff\"}\n{\"at\":"));
	assert_non_null(strstr(buf_cstr(&b), ",\"event\":\"send\",\"push\":7,\"ref\":\"refs/heads/a\"}\n"));
}

static void
test_hostile_bytes_are_escaped(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);

	trace_event(&(struct trace){.event = "claim", .node = "a\"},\n\x1b[2J\\\xc3"});
	read_all(&b);
	assert_non_null(strstr(buf_cstr(&b),
	    "\"node\":\"a\\u0022\\u007d\\u002c\\u000a\\u001b\\u005b2J\\u005c\\u00c3\"}\n"));
}

static void
test_without_a_file_nothing_happens(void **state UNUSED)
{
	AUTO(buf_free) struct buf before = BUF_INIT(64 * KIB), after = BUF_INIT(64 * KIB);

	read_all(&before);
	unsetenv("GIT_FACTORY_TRACE");
	assert_false(trace_on());
	trace_event(&(struct trace){.event = "claim"});
	setenv("GIT_FACTORY_TRACE", "/nowhere/at/all", 1);
	trace_event(&(struct trace){.event = "claim"});
	setenv("GIT_FACTORY_TRACE", path, 1);
	read_all(&after);
	assert_int_equal(before.n, after.n);
}

static void
test_pushes_are_told_apart(void **state UNUSED)
{
	int64_t first = trace_push();

	assert_true(first > 0);
	assert_true(trace_push() > first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_event_is_a_line),
	    cmocka_unit_test(test_hostile_bytes_are_escaped),
	    cmocka_unit_test(test_without_a_file_nothing_happens),
	    cmocka_unit_test(test_pushes_are_told_apart),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
