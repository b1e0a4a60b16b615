#include <string.h>

#include "buf.h"
#include "tap.h"

static void
add_keeps_what_was_there(void)
{
	struct buf b = {0};

	CHECK(buf_add(&b, "abc", 3));
	CHECK(buf_addc(&b, 'd'));
	CHECK(buf_add(&b, "", 0));
	CHECK(b.n == 4 && memcmp(b.p, "abcd", 4) == 0);
	buf_free(&b);
	CHECK(b.p == NULL && b.cap == 0);
}

static void
growth_is_by_doubling(void)
{
	struct buf b = {0};
	int i;

	for (i = 0; i < 1000; i++)
		CHECK(buf_addc(&b, (char)i));
	CHECK(b.n == 1000);
	CHECK(b.cap == 1024);
	CHECK(b.p[999] == (char)999);
	buf_free(&b);
}

static void
clear_keeps_the_memory(void)
{
	struct buf b = {0};
	size_t cap;

	CHECK(buf_add(&b, "hello", 5));
	cap = b.cap;
	buf_clear(&b);
	CHECK(b.n == 0 && b.cap == cap);
	buf_free(&b);
}

static void
too_much_is_refused(void)
{
	struct buf b = {0};

	CHECK(buf_add(&b, "x", 1));
	CHECK(!buf_add(&b, "y", BUF_MAX));
	CHECK(b.n == 1);
	buf_free(&b);
}

int
main(void)
{
	RUN_TEST(add_keeps_what_was_there);
	RUN_TEST(growth_is_by_doubling);
	RUN_TEST(clear_keeps_the_memory);
	RUN_TEST(too_much_is_refused);
	return TAP_END();
}
