/* base/: UTF-8, text made visible, output, options, patterns, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opts.h"
#include "base/out.h"
#include "base/regex.h"
#include "base/text.h"

static void
utf8_refuses_what_is_none(void **state UNUSED)
{
	static const char *const bad[] = {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	    "\xf8\x88\x80\x80\x80", "a\xc3", "\xff"};
	size_t i;

	assert_true(utf8_valid(STR("")));
	assert_true(utf8_valid(STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
	for (i = 0; i < NITEMS(bad); i++)
		assert_false(utf8_valid(str_of(bad[i])));
}

static void
utf8_round_trip(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64);
	uint32_t c;

	for (c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 251) {
		struct str s;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		buf_clear(&b);
		utf8_add(&b, c);
		s = buf_str(&b);
		assert_int_equal(utf8_next(&s), c);
		assert_int_equal(s.n, 0);
	}
}

static void
text_cannot_steer(void **state UNUSED)
{
	static const struct {
		const char *in;
		bool one_line;
		const char *out;
	} rows[] = {
		{"plain \xc3\xa4", true, "plain \xc3\xa4"},
		{"\033]0;evil\a\033[2J", true, "\\x1b]0;evil\\x07\\x1b[2J"},
		{"a\xe2\x80\xae" "b", true, "a\\u{202e}b"},
		{"a\xe2\x80\x8b" "b", true, "a\\u{200b}b"},
		{"a\nb\tc", true, "a b c"},
		{"a\nb\tc", false, "a\nb\tc"},
		{"\xc2\x9b" "31m", true, "\\x9b31m"},
		{"\xff\xfe", true, "\\xff\\xfe"},
		{"a\rb", false, "a\\x0db"},
	};
	AUTO(buf_free) struct buf b = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		buf_clear(&b);
		text_visible(&b, str_of(rows[i].in), rows[i].one_line);
		assert_string_equal(buf_cstr(&b), rows[i].out);
	}
}

static void
slugs_are_safe(void **state UNUSED)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"Fix the Login!", "fix-the-login"}, {"../../etc", "etc"}, {"--force", "force"},
	    {"\xc3\xa4\xc3\xb6", "task"}, {"", "task"}, {"a.lock", "a-lock"},
	    {"abcdefghij klmnop", "abcdefghij-kl"}};
	AUTO(buf_free) struct buf b = BUF_INIT(100);
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		buf_clear(&b);
		text_slug(&b, str_of(rows[i].in), 13);
		assert_string_equal(buf_cstr(&b), rows[i].out);
	}
}

static void
out_escapes_and_cuts(void **state UNUSED)
{
	AUTO(buf_free) struct buf got = BUF_INIT(1000);
	struct out o;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	out_init(&o, fds[1]);
	assert_false(o.colour);
	out_style(&o, STYLE_RED);
	out_printf(&o, "%s\n", "\033[31mred");
	out_cut(&o, STR("0123456789"), 5);
	out_raw(&o, STR("\033"));
	assert_null(out_flush(&o));
	out_free(&o);
	close(fds[1]);
	assert_null(file_read_fd(fds[0], "pipe", &got));
	close(fds[0]);
	assert_string_equal(buf_cstr(&got), "\\x1b[31mred\n0123…\033");
}

struct options {
	bool all, json;
	const char *type;
	int64_t priority;
	struct opt_list labels;
};

static const struct opt table[] = {
	OPT_FLAG('a', "all", struct options, all, "everything"),
	OPT_FLAG(0, "json", struct options, json, "print JSON"),
	OPT_STRING('t', "type", "TYPE", struct options, type, "of what type"),
	OPT_NUMBER('p', "priority", "N", struct options, priority, 0, 4, "how urgent"),
	OPT_STRINGS('l', "label", "LABEL", struct options, labels, "a label"),
	OPT_END,
};

static struct err *
parse(struct options *o, struct args *args, int argc, ...)
{
	char *argv[16];
	bool help = false;
	va_list ap;
	int i;

	va_start(ap, argc);
	for (i = 0; i < argc; i++)
		argv[i] = va_arg(ap, char *);
	va_end(ap);
	return opts_parse(table, argc, argv, o, args, &help);
}

static void
opts_take_every_form(void **state UNUSED)
{
	struct options o = {.priority = 2};
	struct args args = {0};

	assert_null(parse(&o, &args, 10, "-ap1", "--type=bug", "-lx", "-l", "y", "title", "--no-json", "--lab", "z", "--"));
	assert_true(o.all);
	assert_int_equal(o.priority, 1);
	assert_string_equal(o.type, "bug");
	assert_int_equal(o.labels.n, 3);
	assert_string_equal(o.labels.v[2], "z");
	assert_int_equal(args.n, 1);
	vec_free(&args);
	vec_free(&o.labels);
	assert_null(parse(&o, &args, 3, "--", "-x", "--json"));
	assert_int_equal(args.n, 2);
	vec_free(&args);
}

static void
opts_refuse_with_a_reason(void **state UNUSED)
{
	static const struct {
		const char *word, *msg, *hint;
	} rows[] = {
		{"--priorty=1", "unknown option '--priorty'", "did you mean '--priority'?"},
		{"-z", "unknown option '-z'", NULL},
		{"--priority=9", "--priority must be a number from 0 to 4, not '9'", NULL},
		{"--json=1", "--json takes no value", NULL},
		{"--type", "--type needs a value: TYPE", NULL},
		{"--no-type", "--type has no --no- form", NULL},
	};
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		struct options o = {0};
		struct args args = {0};
		struct err *e = parse(&o, &args, 1, rows[i].word);

		assert_int_equal(err_code(e), ERR_USAGE);
		assert_string_equal(err_msg(e), rows[i].msg);
		if (rows[i].hint != NULL)
			assert_string_equal(err_hint_of(e), rows[i].hint);
		err_free(e);
	}
}

static void
opts_describe_themselves(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(4000);

	opts_synopsis(table, &b);
	assert_string_equal(buf_cstr(&b), "[-a] [--json] [-t TYPE] [-p N] [-l LABEL]...");
	buf_clear(&b);
	opts_help(table, &b);
	assert_non_null(strstr(buf_cstr(&b), "    -t, --type TYPE       of what type\n"));
}

static void
regex_finds(void **state UNUSED)
{
	AUTO(regex_free_p) struct regex *r = NULL;
	struct regex_match m;
	bool found;

	assert_null(regex_new(STR("^b+$"), REGEX_LINES, &r));
	assert_null(regex_find(r, STR("a\nbbb\nc"), 0, &found, &m));
	assert_true(found && m.start == 2 && m.end == 5);
	assert_null(regex_find(r, STR("a\nbbb\nc"), 3, &found, &m));
	assert_false(found);
	regex_free(r);
	assert_null(regex_new(STR("a.b(c"), REGEX_LITERAL, &r));
	assert_null(regex_find(r, STR("xa.b(c"), 0, &found, &m));
	assert_true(found && m.start == 1);
}

static void
regex_always_comes_back(void **state UNUSED)
{
	AUTO(regex_free_p) struct regex *r = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(100000);
	struct clock c = clock_system();
	struct regex_match m;
	struct err *e;
	bool found;
	int64_t start;
	int i;

	for (i = 0; i < 50000; i++)
		buf_addc(&text, 'a');
	buf_addc(&text, '!');
	assert_null(regex_new(STR("(a+)+$"), 0, &r));
	start = clock_mono(&c);
	e = regex_find(r, buf_str(&text), 0, &found, &m);
	assert_true(clock_mono(&c) - start < 1000);
	assert_int_equal(err_code(e), ERR_LIMIT);
	err_free(e);
	e = regex_new(STR("a("), 0, &r);
	assert_int_equal(err_code(e), ERR_SYNTAX);
	err_free(e);
}

static void
files_are_replaced_whole(void **state UNUSED)
{
	char dir[] = "/tmp/test_text_XXXXXX";
	AUTO(buf_free) struct buf b = BUF_INIT(10);
	AUTO(mem_free_p) char *path = NULL;
	struct stat st;
	struct err *e;

	assert_non_null(mkdtemp(dir));
	path = path_join(dir, "a/b/c");
	assert_null(dir_make(AT_FDCWD, path, 0755));
	assert_null(dir_make(AT_FDCWD, path, 0755));
	free(path);
	path = path_join(dir, "a/b/c/file");
	assert_null(file_replace(AT_FDCWD, path, STR("one"), 0600, true));
	assert_null(file_replace(AT_FDCWD, path, STR("two"), 0644, true));
	assert_null(file_read(AT_FDCWD, path, &b));
	assert_string_equal(buf_cstr(&b), "two");
	assert_null(file_replace(AT_FDCWD, path, STR("longer than ten"), 0644, false));
	buf_clear(&b);
	e = file_read(AT_FDCWD, path, &b);
	assert_int_equal(err_code(e), ERR_LIMIT);
	err_free(e);
	e = file_read(AT_FDCWD, dir, &b);
	assert_int_equal(err_code(e), ERR_IO);
	err_free(e);
	e = file_read(AT_FDCWD, "/nowhere/at/all", &b);
	assert_int_equal(err_code(e), ERR_NOT_FOUND);
	err_free(e);
	assert_null(tree_remove(AT_FDCWD, dir));
	assert_int_not_equal(stat(dir, &st), 0);
	assert_null(tree_remove(AT_FDCWD, dir));
}

static void
a_removed_tree_takes_no_neighbour(void **state UNUSED)
{
	char dir[] = "/tmp/test_text_XXXXXX";
	AUTO(mem_free_p) char *keep = NULL;
	AUTO(mem_free_p) char *gone = NULL;
	AUTO(mem_free_p) char *link = NULL;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	keep = path_join(dir, "keep");
	gone = path_join(dir, "gone");
	link = path_join(gone, "link");
	assert_int_equal(mkdir(keep, 0755) | mkdir(gone, 0755), 0);
	assert_int_equal(symlink(keep, link), 0);
	assert_int_equal(chmod(gone, 0500), 0);
	assert_null(tree_remove(AT_FDCWD, gone));
	assert_int_equal(stat(keep, &st), 0);
	assert_null(tree_remove(AT_FDCWD, dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_refuses_what_is_none),
		cmocka_unit_test(utf8_round_trip),
		cmocka_unit_test(text_cannot_steer),
		cmocka_unit_test(slugs_are_safe),
		cmocka_unit_test(out_escapes_and_cuts),
		cmocka_unit_test(opts_take_every_form),
		cmocka_unit_test(opts_refuse_with_a_reason),
		cmocka_unit_test(opts_describe_themselves),
		cmocka_unit_test(regex_finds),
		cmocka_unit_test(regex_always_comes_back),
		cmocka_unit_test(files_are_replaced_whole),
		cmocka_unit_test(a_removed_tree_takes_no_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
