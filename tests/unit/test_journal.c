/* store/journal: steps survive a kill, and only whole ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/journal.h"
#include "wire/node.h"

static char dir[] = "/tmp/test_journal_XXXXXX";
static char *path;

static int
setup(void **state UNUSED)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (mkdtemp(dir) == NULL)
		return -1;
	path = path_join(dir, "journal.jsonl");
	return 0;
}

static int
teardown(void **state UNUSED)
{
	free(path);
	err_ignore(tree_remove(AT_FDCWD, dir));
	return 0;
}

static void
steps_are_walked_through(void **state UNUSED)
{
	AUTO(journal_close_p) struct journal *j = NULL;
	const struct node *n;
	struct err *e;

	assert_null(journal_open(path, &j));
	assert_null(journal_next(j, "start", &n));
	assert_null(n);
	assert_null(journal_put(j, "start", STR("{\"base\":\"x\"}")));
	assert_null(journal_order(j, "tool", STR("9007199254740993")));
	journal_close(j);
	assert_null(journal_open(path, &j));
	assert_false(journal_live(j));
	e = journal_put(j, "more", STR("1"));
	assert_int_equal(err_code(e), ERR_BUG);
	err_free(e);
	assert_null(journal_next(j, "start", &n));
	assert_string_equal(node_get_str(n, "base"), "x");
	e = journal_next(j, "other", &n);
	assert_int_equal(err_code(e), ERR_STATE);
	err_free(e);
	assert_null(journal_next(j, "tool", &n));
	assert_int_equal(n->integer, 9007199254740993);
	assert_true(journal_live(j));
}

/* Whatever byte a write was killed at, the steps before it are there. */
static void
a_torn_line_is_cut(void **state UNUSED)
{
	AUTO(buf_free) struct buf whole = BUF_INIT(MIB);
	struct journal *j = NULL;
	const struct node *n;
	size_t first, i;

	assert_null(journal_open(path, &j));
	assert_null(journal_put(j, "a", STR("1")));
	assert_null(journal_put(j, "b", STR("{\"text\":\"two\\nlines\"}")));
	journal_close(j);
	assert_null(file_read(AT_FDCWD, path, &whole));
	first = (size_t)str_chr(buf_str(&whole), '\n') + 1;
	for (i = 0; i < whole.n; i++) {
		assert_null(file_replace(AT_FDCWD, path, str_take(buf_str(&whole), i), 0600, false));
		assert_null(journal_open(path, &j));
		if (i >= first) {
			assert_null(journal_next(j, "a", &n));
			assert_non_null(n);
		}
		assert_null(journal_next(j, "b", &n));
		assert_null(n);
		assert_null(journal_put(j, "c", STR("3")));
		journal_close(j);
		assert_null(journal_open(path, &j));
		if (i >= first)
			assert_null(journal_next(j, "a", &n));
		assert_null(journal_next(j, "c", &n));
		assert_int_equal(n->integer, 3);
		journal_close(j);
	}
}

static void
garbage_is_named(void **state UNUSED)
{
	struct journal *j = NULL;
	struct err *e;

	assert_null(file_replace(AT_FDCWD, path, STR("{\"step\":\"a\",\"out\":1}\nnot json\n"), 0600, false));
	e = journal_open(path, &j);
	assert_int_equal(err_code(e), ERR_SYNTAX);
	err_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(steps_are_walked_through, setup, teardown),
		cmocka_unit_test_setup_teardown(a_torn_line_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(garbage_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
