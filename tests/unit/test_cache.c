/* store/cache: where SQLite finds no memory there is an error, never another answer. */
#include "store_fixture.h"

#include <dlfcn.h>

#include "store/cache.h"

#define LONG (1 << 20)	/* bytes, more than the limit allows */

/* What SQLite may use from now on: so much more than it has; 0: all that there is. */
static void
allow(int64_t more)
{
	void *so = dlopen(SO_SQLITE, RTLD_NOW);
	int64_t (*used)(void), (*limit)(int64_t);

	assert_non_null(so);
	*(void **)&used = dlsym(so, "sqlite3_memory_used");
	*(void **)&limit = dlsym(so, "sqlite3_hard_heap_limit64");
	assert_non_null(used);
	assert_non_null(limit);
	limit(more > 0 ? used() + more : 0);
	dlclose(so);
}

static char *
long_text(void)
{
	char *text = mem_alloc(LONG + 1);

	memset(text, 'x', LONG);
	return text;
}

static struct err *
count(const struct cache_run *r UNUSED, void *ctx, bool *more UNUSED)
{
	++*(size_t *)ctx;
	return NULL;
}

static void
a_question_that_does_not_fit_is_not_another_one(void **state UNUSED)
{
	char *text = long_text();
	struct cache *c;
	size_t n = 0;

	ok(cache_open(NULL, &c));
	ok(cache_put_run(c, &(struct cache_run){.path = "runs/a", .id = text, .task = "t", .blob = "b"}));
	ok(cache_runs_prefix(c, text, count, &n));
	assert_int_equal(n, 1);
	allow(LONG / 4);
	fails(cache_runs_prefix(c, text, count, &n), ERR_IO, "out of memory");
	allow(0);
	assert_int_equal(n, 1);
	ok(cache_runs_prefix(c, text, count, &n));
	assert_int_equal(n, 2);
	cache_close(c);
	free(text);
}

static void
a_text_that_does_not_fit_is_neither_written_nor_read(void **state UNUSED)
{
	char *text = long_text(), *found = NULL;
	struct cache *c;

	ok(cache_open(NULL, &c));
	allow(LONG / 4);
	fails(cache_set_meta(c, "note", text), ERR_IO, "out of memory");
	allow(0);
	ok(cache_meta(c, "note", &found));
	assert_string_equal(found, "");
	free(found);
	ok(cache_set_meta(c, "note", text));
	allow(LONG / 4);
	found = NULL;
	fails(cache_meta(c, "note", &found), ERR_IO, "out of memory");
	free(found);
	allow(0);
	ok(cache_meta(c, "note", &found));
	assert_string_equal(found, text);
	free(found);
	cache_close(c);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_that_does_not_fit_is_not_another_one),
		cmocka_unit_test(a_text_that_does_not_fit_is_neither_written_nor_read),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
