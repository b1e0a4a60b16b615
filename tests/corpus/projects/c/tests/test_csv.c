#include <string.h>

#include "csv.h"
#include "tap.h"

static struct csv csv;

static enum csv_status
first(const char *text, char sep)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	enum csv_status status;

	csv_open(&csv, f, sep);
	status = csv_next(&csv);
	fclose(f);
	return status;
}

static bool
field_is(size_t i, const char *want)
{
	size_t len = 0;
	const char *p = csv_field(&csv, i, &len);

	return p != NULL && len == strlen(want) && memcmp(p, want, len) == 0;
}

static void
plain_fields(void)
{
	CHECK(first("a,bc,d\n", ',') == CSV_OK);
	CHECK(csv.n == 3);
	CHECK(field_is(0, "a"));
	CHECK(field_is(1, "bc"));
	CHECK(field_is(2, "d"));
	csv_close(&csv);
}

static void
empty_fields_count(void)
{
	CHECK(first(",,\n", ',') == CSV_OK);
	CHECK(csv.n == 3);
	CHECK(field_is(0, "") && field_is(2, ""));
	csv_close(&csv);
}

static void
quotes_hide_separators_and_line_ends(void)
{
	CHECK(first("\"a,b\",\"c\nd\"\n", ',') == CSV_OK);
	CHECK(csv.n == 2);
	CHECK(field_is(0, "a,b"));
	CHECK(field_is(1, "c\nd"));
	CHECK(csv.next == 3);
	csv_close(&csv);
}

static void
doubled_quote_is_one(void)
{
	CHECK(first("\"say \"\"hi\"\"\"\n", ',') == CSV_OK);
	CHECK(field_is(0, "say \"hi\""));
	csv_close(&csv);
}

static void
quote_within_a_plain_field_stands_for_itself(void)
{
	CHECK(first("5\" disk,x\n", ',') == CSV_OK);
	CHECK(field_is(0, "5\" disk"));
	csv_close(&csv);
}

static void
open_quote_is_an_error(void)
{
	CHECK(first("\"a,b\n", ',') == CSV_QUOTE);
	csv_close(&csv);
	CHECK(first("\"a\"b,c\n", ',') == CSV_QUOTE);
	csv_close(&csv);
}

static void
carriage_return_belongs_to_the_line_end(void)
{
	CHECK(first("a,b\r\n", ',') == CSV_OK);
	CHECK(field_is(1, "b"));
	csv_close(&csv);
	CHECK(first("a\rb\n", ',') == CSV_OK);
	CHECK(field_is(0, "a\rb"));
	csv_close(&csv);
}

static void
last_line_without_end(void)
{
	CHECK(first("a;b", ';') == CSV_OK);
	CHECK(csv.n == 2 && field_is(1, "b"));
	csv_close(&csv);
}

static void
too_many_fields(void)
{
	static char text[CSV_FIELDS_MAX + 8];

	memset(text, ',', CSV_FIELDS_MAX + 1);
	CHECK(first(text, ',') == CSV_LIMIT);
	csv_close(&csv);
}

static void
field_behind_the_last(void)
{
	size_t len = 7;

	CHECK(first("a\n", ',') == CSV_OK);
	CHECK(csv_field(&csv, 1, &len) == NULL);
	CHECK(csv_field(&csv, CSV_FIELDS_MAX, &len) == NULL);
	csv_close(&csv);
}

static void
end_of_file(void)
{
	CHECK(first("\n", ',') == CSV_OK);
	csv_close(&csv);
	CHECK(strcmp(csv_message(CSV_QUOTE), "a quoted field is not closed") == 0);
	CHECK(strcmp(csv_message(CSV_LIMIT), "the record is too large") == 0);
	CHECK(strcmp(csv_message(CSV_READ), "cannot read") == 0);
	CHECK(strcmp(csv_message(CSV_OK), "no error") == 0);
}

/* What is written is read again as it was, whatever the bytes are. */
static void
round_trip(void)
{
	static const char bytes[] = "a,\"\n\r;b ";
	char field[12];
	unsigned seed = 12345;
	int round, i, n;

	for (round = 0; round < 500; round++) {
		struct buf out = {0};
		char text[64] = {0};

		seed = seed * 1103515245 + 12345;
		n = 1 + (int)(seed >> 16) % 10;
		for (i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			field[i] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
		}
		field[n] = '\0';
		CHECK(csv_write(&out, field, (size_t)n, ','));
		CHECK(buf_add(&out, "\n", 2));
		memcpy(text, out.p, out.n);
		CHECK(first(text, ',') == CSV_OK);
		CHECK(csv.n == 1 && field_is(0, field));
		csv_close(&csv);
		buf_free(&out);
	}
}

static void
only_what_must_be_is_quoted(void)
{
	struct buf out = {0};

	CHECK(csv_write(&out, "plain text", 10, ','));
	CHECK(out.n == 10);
	CHECK(csv_write(&out, "a;b", 3, ';'));
	CHECK(out.n == 15 && memcmp(out.p + 10, "\"a;b\"", 5) == 0);
	buf_free(&out);
}

int
main(void)
{
	RUN_TEST(plain_fields);
	RUN_TEST(empty_fields_count);
	RUN_TEST(quotes_hide_separators_and_line_ends);
	RUN_TEST(doubled_quote_is_one);
	RUN_TEST(quote_within_a_plain_field_stands_for_itself);
	RUN_TEST(open_quote_is_an_error);
	RUN_TEST(carriage_return_belongs_to_the_line_end);
	RUN_TEST(last_line_without_end);
	RUN_TEST(too_many_fields);
	RUN_TEST(field_behind_the_last);
	RUN_TEST(end_of_file);
	RUN_TEST(round_trip);
	RUN_TEST(only_what_must_be_is_quoted);
	return TAP_END();
}
