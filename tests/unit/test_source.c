/* A file's views: without comments, without texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/source.h"

static void
view_is(const char *path, const char *text, enum source_view view, const char *want)
{
	AUTO(source_free) struct source s = {0};

	source_read(path, str_of(text), &s);
	if (!str_is(s.view[view], want))
		fail_msg("%s, view %d:\n%.*s\nand not\n%s", path, (int)view, STR_ARG(s.view[view]), want);
}

static void
test_views(void **state)
{
	(void)state;
	view_is("a.c", "int x; /* a\nb */ f(\"(\", '{'); // c\n", VIEW_CODE, "int x;     \n     f(\" \", ' ');     \n");
	view_is("a.c", "int x; /* a\nb */ f(\"(\"); // c\n", VIEW_TEXT, "int x;     \n     f(\"(\");     \n");
	view_is("a.c", "int x; /* a\nb */ f(\"(\"); // c\n", VIEW_COMMENT, "       /* a\nb */         // c\n");
	view_is("a.py", "x = '''a\n# b''' # c\ny = 'it\\'s'\n", VIEW_CODE, "x = ''' \n   '''    \ny = '     '\n");
	view_is("a.js", "a = /[/'\"]/g; b = c / d; `x\n${y}`\n", VIEW_CODE, "a = /      g; b = c / d; ` \n    `\n");
	view_is("a.sh", "echo $# \"a # b\" # c\n", VIEW_CODE, "echo $# \"     \"    \n");
	view_is("a.rs", "fn f<'a>(c: char) { c == '{' }\n", VIEW_CODE, "fn f<'a>(c: char) { c == ' ' }\n");
	/* What is no code stays as it is. */
	view_is("a.md", "it's \"x\" # y\n", VIEW_CODE, "it's \"x\" # y\n");
	view_is("tool", "#!/bin/sh\nx # y\n", VIEW_CODE, "         \nx    \n");
}

/* However a file is cut, every view has its length and its lines. */
static void
test_cut_anywhere(void **state)
{
	static const char text[] = "a('b\\'c', \"d\\\n\", `e${f}`) /* g */ // h\n'''i''' \"\"\"j\"\"\" # k\n"
	    "/[/]\\/x/ 'a '{' '\\n' <!-- l --> \\' ${m} =begin\nn\n=end\n\xff\xe2\x80";
	static const char *const names[] = {"a.c", "a.py", "a.js", "a.sh", "a.rs", "a.rb", "a.php", "a.html", "a.yml",
	    "a.sql", "a.lua", "a.swift", "a.ps1", "a.toml", "x"};
	size_t i, n, k;
	int v;

	(void)state;
	for (i = 0; i < NITEMS(names); i++)
		for (n = 0; n < sizeof(text); n++) {
			AUTO(mem_free_p) char *part = mem_strndup(text, n);
			AUTO(source_free) struct source s = {0};

			source_read(names[i], str_mk(part, n), &s);
			for (v = VIEW_RAW; v < VIEWS; v++) {
				if (s.view[v].n == 0)
					continue;
				assert_int_equal(s.view[v].n, n);
				for (k = 0; k < n; k++)
					assert_int_equal(s.view[v].p[k] == '\n', part[k] == '\n');
			}
			assert_int_equal(source_line_at(&s, n), (int64_t)s.lines);
			for (k = 1; k <= s.lines; k++)
				assert_false(str_has(source_line(&s, VIEW_RAW, (int64_t)k), '\n'));
		}
}

static void
test_languages(void **state)
{
	(void)state;
	assert_string_equal(lang_of("a/b.min.js")->name, "data");
	assert_string_equal(lang_of("a/b.js")->name, "javascript");
	assert_string_equal(lang_of("Makefile")->name, "make");
	assert_string_equal(lang_of(".env.local")->name, "ini");
	assert_null(lang_of("a/b.bin"));
	assert_true(lang_is(lang_of("x.ts"), "python javascript"));
	assert_false(lang_is(lang_of("x.json"), "javascript"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
