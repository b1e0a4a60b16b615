#include <string.h>

#include "sum.h"
#include "tap.h"

static int64_t v;

static enum sum_status
parse(const char *s)
{
	return sum_parse(s, strlen(s), &v);
}

static void
whole_numbers_and_decimals(void)
{
	CHECK(parse("12") == SUM_OK && v == 1200);
	CHECK(parse("3.5") == SUM_OK && v == 350);
	CHECK(parse("0.25") == SUM_OK && v == 25);
	CHECK(parse("7.") == SUM_OK && v == 700);
}

static void
signs_and_blanks(void)
{
	CHECK(parse("-3.50") == SUM_OK && v == -350);
	CHECK(parse("+1") == SUM_OK && v == 100);
	CHECK(parse("  4 ") == SUM_OK && v == 400);
	CHECK(parse("") == SUM_OK && v == 0);
	CHECK(parse("   ") == SUM_OK && v == 0);
}

static void
no_numbers(void)
{
	CHECK(parse("x") == SUM_NUMBER);
	CHECK(parse("1.234") == SUM_NUMBER);
	CHECK(parse("-") == SUM_NUMBER);
	CHECK(parse(".5") == SUM_NUMBER);
	CHECK(parse("1e3") == SUM_NUMBER);
	CHECK(parse("--1") == SUM_NUMBER);
}

static void
range(void)
{
	int64_t total = INT64_MAX - 1;

	CHECK(parse("92233720368547758.07") == SUM_OK && v == INT64_MAX);
	CHECK(parse("92233720368547758.08") == SUM_RANGE);
	CHECK(parse("922337203685477580.7") == SUM_RANGE);
	CHECK(parse("9223372036854775808") == SUM_RANGE);
	CHECK(parse("922337203685477581") == SUM_RANGE);
	CHECK(sum_add(&total, 1) == SUM_OK && total == INT64_MAX);
	CHECK(sum_add(&total, 1) == SUM_RANGE);
}

static void
formatting(void)
{
	char s[24];

	sum_format(350, s, sizeof(s));
	CHECK(strcmp(s, "3.50") == 0);
	sum_format(-5, s, sizeof(s));
	CHECK(strcmp(s, "-0.05") == 0);
	sum_format(INT64_MIN, s, sizeof(s));
	CHECK(strcmp(s, "-92233720368547758.08") == 0);
}

int
main(void)
{
	RUN_TEST(whole_numbers_and_decimals);
	RUN_TEST(signs_and_blanks);
	RUN_TEST(no_numbers);
	RUN_TEST(range);
	RUN_TEST(formatting);
	return TAP_END();
}
