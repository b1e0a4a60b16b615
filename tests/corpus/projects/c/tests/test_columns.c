#include "columns.h"
#include "tap.h"

static struct columns c;

static void
single_columns_keep_their_order(void)
{
	CHECK(columns_parse("3,1", &c));
	CHECK(c.n == 2);
	CHECK(c.ranges[0].from == 2 && c.ranges[0].to == 2);
	CHECK(c.ranges[1].from == 0 && c.ranges[1].to == 0);
}

static void
ranges_are_inclusive(void)
{
	CHECK(columns_parse("2-4", &c));
	CHECK(c.ranges[0].from == 1 && c.ranges[0].to == 3);
	CHECK(columns_count(&c, 10) == 3);
}

static void
open_range_goes_to_the_end(void)
{
	CHECK(columns_parse("7-,1", &c));
	CHECK(c.ranges[0].to == COLUMN_LAST - 1);
	CHECK(columns_count(&c, 9) == 4);
}

static void
count_is_cut_at_the_width(void)
{
	CHECK(columns_parse("2-6", &c));
	CHECK(columns_count(&c, 4) == 3);
	CHECK(columns_count(&c, 1) == 0);
	CHECK(columns_count(&c, 0) == 0);
}

static void
junk_is_refused(void)
{
	CHECK(!columns_parse("", &c));
	CHECK(!columns_parse("0", &c));
	CHECK(!columns_parse("1,", &c));
	CHECK(!columns_parse("a", &c));
	CHECK(!columns_parse("1;2", &c));
	CHECK(!columns_parse("2-x", &c));
}

static void
backward_range_is_refused(void)
{
	CHECK(!columns_parse("4-2", &c));
	CHECK(columns_parse("4-4", &c));
}

static void
limits(void)
{
	char list[2 * COLUMNS_MAX + 4];
	int i;

	CHECK(columns_parse("4096", &c));
	CHECK(!columns_parse("4097", &c));
	CHECK(!columns_parse("99999999999999999999999", &c));
	for (i = 0; i <= COLUMNS_MAX; i++) {
		list[2 * i] = '1';
		list[2 * i + 1] = ',';
	}
	list[2 * COLUMNS_MAX + 1] = '\0';
	CHECK(!columns_parse(list, &c));
	list[2 * COLUMNS_MAX - 1] = '\0';
	CHECK(columns_parse(list, &c));
}

int
main(void)
{
	RUN_TEST(single_columns_keep_their_order);
	RUN_TEST(ranges_are_inclusive);
	RUN_TEST(open_range_goes_to_the_end);
	RUN_TEST(count_is_cut_at_the_width);
	RUN_TEST(junk_is_refused);
	RUN_TEST(backward_range_is_refused);
	RUN_TEST(limits);
	return TAP_END();
}
