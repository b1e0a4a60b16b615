/* store/deliveries: what was committed is given, in order, and once it is known it stays known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "store/deliveries.h"

static char dir[] = "/tmp/test_deliveries_XXXXXX";

static int
setup(void **state UNUSED)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
teardown(void **state UNUSED)
{
	err_ignore(tree_remove(AT_FDCWD, dir));
	return 0;
}

/* Keys spread over the sets, as digests would. */
static struct delivery
make(uint64_t n, size_t size)
{
	static char body[64 * KIB];
	struct delivery d = {.when = 1000 + (int64_t)n, .from = 2, .name = STR("issues")};
	uint64_t a = n * UINT64_C(0x9e3779b97f4a7c15), b = ~a * 31;

	memset(body, 'x', sizeof(body));
	snprintf(body, sizeof(body), "{\"n\":%llu}", (unsigned long long)n);
	memcpy(d.key[0], &a, sizeof(a));
	memcpy(d.key[0] + 8, &n, sizeof(n));
	memcpy(d.key[1], &b, sizeof(b));
	memcpy(d.key[1] + 8, &n, sizeof(n));
	d.body = str_mk(body, size);
	return d;
}

static void
put(struct deliveries *d, uint64_t n, size_t size, bool want)
{
	struct delivery in = make(n, size);
	bool fresh;

	assert_null(deliveries_add(d, &in, &fresh));
	assert_int_equal(fresh, want);
}

/* Everything that a reader finds: how many, each in its place. */
static uint64_t
drain(uint64_t from, bool settle)
{
	AUTO(delivery_reader_close_p) struct delivery_reader *r = NULL;
	struct delivery got;
	bool more, skipped;
	uint64_t n = 0;

	assert_null(delivery_reader_open(dir, &r));
	for (;;) {
		assert_null(delivery_next(r, &got, &more, &skipped));
		if (!more)
			break;
		assert_false(skipped);
		assert_int_equal(got.number, from + n);
		assert_true(str_is(got.name, "issues"));
		assert_int_equal(got.from, 2);
		n++;
	}
	if (settle)
		assert_null(delivery_settle(r));
	return n;
}

static uint64_t
waiting(struct deliveries *d)
{
	uint64_t n;

	assert_null(deliveries_waiting(d, &n));
	return n;
}

static void
what_is_committed_is_given_in_order(void **state UNUSED)
{
	AUTO(deliveries_close_p) struct deliveries *d = NULL;

	assert_null(deliveries_open(dir, &d));
	put(d, 1, 100, true);
	put(d, 2, 100, true);
	assert_int_equal(drain(1, false), 0);
	assert_null(deliveries_commit(d));
	assert_int_equal(deliveries_last(d), 2);
	assert_int_equal(drain(1, false), 2);
	/* Not settled: again. */
	assert_int_equal(drain(1, true), 2);
	assert_int_equal(waiting(d), 0);
	assert_int_equal(drain(3, false), 0);
	put(d, 3, 100, true);
	assert_null(deliveries_commit(d));
	assert_int_equal(waiting(d), 1);
	assert_int_equal(drain(3, true), 1);
}

static void
a_repeated_one_is_known(void **state UNUSED)
{
	AUTO(deliveries_close_p) struct deliveries *d = NULL;
	AUTO(mem_free_p) char *seen = mem_printf("%s/seen", dir);
	struct delivery other = make(1, 100);
	bool fresh;

	assert_null(deliveries_open(dir, &d));
	put(d, 1, 100, true);
	put(d, 1, 100, false);		/* before the commit */
	assert_null(deliveries_commit(d));
	put(d, 1, 100, false);
	/* Another id with the same content, and the other way round. */
	other.key[0][5] ^= 1;
	assert_null(deliveries_add(d, &other, &fresh));
	assert_false(fresh);
	other = make(1, 100);
	other.key[1][5] ^= 1;
	assert_null(deliveries_add(d, &other, &fresh));
	assert_false(fresh);
	deliveries_close(d);
	assert_null(deliveries_open(dir, &d));
	put(d, 1, 100, false);
	deliveries_close(d);
	/* Also when only the segments are left. */
	assert_null(tree_remove(AT_FDCWD, seen));
	assert_null(deliveries_open(dir, &d));
	put(d, 1, 100, false);
}

static void
ten_thousand_are_remembered_of_a_hundred_thousand(void **state UNUSED)
{
	AUTO(deliveries_close_p) struct deliveries *d = NULL;
	uint64_t n, lost = 0;

	assert_null(deliveries_open(dir, &d));
	for (n = 1; n <= 100000; n++) {
		put(d, n, 16, true);
		if (n % 500 == 0)
			assert_null(deliveries_commit(d));
	}
	for (n = 90001; n <= 100000; n++) {
		struct delivery in = make(n, 16);
		bool fresh;

		assert_null(deliveries_add(d, &in, &fresh));
		lost += fresh;
	}
	assert_int_equal(lost, 0);
}

static void
segments_follow_each_other_and_go(void **state UNUSED)
{
	AUTO(deliveries_close_p) struct deliveries *d = NULL;
	AUTO(strs_free) struct strs names = {0};
	uint64_t n;

	assert_null(deliveries_open(dir, &d));
	for (n = 1; n <= 1000; n++) {	/* 64 MB: four segments */
		put(d, n, 64 * KIB, true);
		assert_null(n % 10 == 0 ? deliveries_commit(d) : NULL);
		if (n == 500) {
			deliveries_close(d);
			assert_null(deliveries_open(dir, &d));
			assert_int_equal(deliveries_last(d), 500);
		}
	}
	assert_null(dir_names(AT_FDCWD, dir, &names));
	assert_true(names.n >= 3 + 2);
	assert_int_equal(drain(1, true), 1000);
	strs_free(&names);
	assert_null(dir_names(AT_FDCWD, dir, &names));
	assert_int_equal(names.n, 1 + 3);	/* the last segment, lock, seen, settled */
	put(d, 1001, 10, true);
	assert_null(deliveries_commit(d));
	assert_int_equal(drain(1001, true), 1);
}

/* The path of the only segment. */
static char *
segment(void)
{
	return mem_printf("%s/%016x.log", dir, 1);
}

static void
a_torn_end_is_cut_off(void **state UNUSED)
{
	AUTO(mem_free_p) char *path = segment();
	struct deliveries *d = NULL;
	struct stat st;
	off_t cut, whole;

	assert_null(deliveries_open(dir, &d));
	put(d, 1, 100, true);
	assert_null(deliveries_commit(d));
	assert_int_equal(stat(path, &st), 0);
	whole = st.st_size;
	put(d, 2, 100, true);
	assert_null(deliveries_commit(d));
	deliveries_close(d);
	for (cut = 2 * whole - 1; cut > whole; cut -= 7) {
		assert_int_equal(truncate(path, cut), 0);
		assert_int_equal(drain(1, false), 1);
		assert_null(deliveries_open(dir, &d));
		assert_int_equal(deliveries_last(d), 1);
		put(d, 100 + (uint64_t)cut, 100, true);
		assert_null(deliveries_commit(d));
		assert_int_equal(drain(1, false), 2);
		deliveries_close(d);
	}
}

static void
damage_in_the_middle_is_told_and_passed(void **state UNUSED)
{
	AUTO(delivery_reader_close_p) struct delivery_reader *r = NULL;
	AUTO(deliveries_close_p) struct deliveries *d = NULL;
	AUTO(mem_free_p) char *path = segment();
	struct delivery got;
	bool more, skipped, told = false;
	uint64_t n;
	int fd;

	assert_null(deliveries_open(dir, &d));
	for (n = 1; n <= 600; n++) {
		put(d, n, 64 * KIB, true);
		assert_null(deliveries_commit(d));
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "?", 1, 100 * KIB), 1);
	close(fd);
	assert_null(delivery_reader_open(dir, &r));
	for (n = 0;; n = got.number) {
		assert_null(delivery_next(r, &got, &more, &skipped));
		if (!more)
			break;
		told = told || skipped;
		assert_true(got.number > n);
	}
	assert_int_equal(n, 600);
	assert_true(told);
}

/* ENOSPC by another name: what could not be written is not acknowledged, and comes again. */
static void
a_full_disk_keeps_nothing_and_goes_on(void **state UNUSED)
{
	AUTO(deliveries_close_p) struct deliveries *d = NULL;
	struct rlimit old, low = {20 * KIB, RLIM_INFINITY};
	struct err *e;

	assert_null(deliveries_open(dir, &d));
	put(d, 1, 1000, true);
	assert_null(deliveries_commit(d));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	low.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &low);
	put(d, 2, 60000, true);
	e = deliveries_commit(d);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_non_null(e);
	err_free(e);
	put(d, 2, 60000, true);
	assert_null(deliveries_commit(d));
	{
		AUTO(delivery_reader_close_p) struct delivery_reader *r = NULL;
		struct delivery got;
		bool more, skipped;

		assert_null(delivery_reader_open(dir, &r));
		assert_null(delivery_next(r, &got, &more, &skipped));
		assert_true(more);
		assert_null(delivery_next(r, &got, &more, &skipped));
		assert_true(more);
		assert_int_equal(got.body.n, 60000);
		assert_null(delivery_next(r, &got, &more, &skipped));
		assert_false(more);
	}
}

static void
one_writer_and_no_more(void **state UNUSED)
{
	AUTO(deliveries_close_p) struct deliveries *d = NULL;
	struct deliveries *other = NULL;
	struct err *e;

	assert_null(deliveries_open(dir, &d));
	e = deliveries_open(dir, &other);
	assert_int_equal(err_code(e), ERR_LOCKED);
	err_free(e);
	assert_null(other);
}

static void
too_large_is_refused(void **state UNUSED)
{
	AUTO(deliveries_close_p) struct deliveries *d = NULL;
	struct delivery in = make(1, 10);
	struct err *e;
	bool fresh;

	assert_null(deliveries_open(dir, &d));
	in.body.n = DELIVERY_BODY_MAX + 1;
	e = deliveries_add(d, &in, &fresh);
	assert_int_equal(err_code(e), ERR_LIMIT);
	err_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_committed_is_given_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_repeated_one_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(ten_thousand_are_remembered_of_a_hundred_thousand, setup, teardown),
		cmocka_unit_test_setup_teardown(segments_follow_each_other_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(a_torn_end_is_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_in_the_middle_is_told_and_passed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_keeps_nothing_and_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(one_writer_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
