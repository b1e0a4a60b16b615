/* The built-in gate over what deceives a reader. */
#include "builtin_fixture.h"

#define G "unicode"

static void
bad_changes_are_flagged(void **state)
{
	(void)state;
	/* Trojan Source: the comment's end moves. */
	finds(G, "a.c", "int x;\nif (admin) { /* \xe2\x80\xae } \xe2\x81\xa6 begin */\n", "flagged bidi a.c:2");
	finds(G, "b.py", "x = 'user\xe2\x80\x8b'\n", "flagged invisible b.py:1");
	finds(G, "c.js", "const \xe3\x85\xa4 = 1;\n", "flagged invisible c.js:1");
	finds(G, "d.sh", "echo \x1b[2K\n", "flagged invisible d.sh:1");
	finds(G, "e.md", "plain \xe2\x80\xaetext\n", "flagged bidi e.md:1");
	finds(G, "f.txt", "tag \xf3\xa0\x81\xa8\xf3\xa0\x81\xa9 hides\n", "flagged invisible f.txt:1");
	/* Cyrillic letters within a Latin word; a word that is all of them. */
	finds(G, "g.py", "def is_\xd0\xb0" "dmin(): pass\n", "flagged confusable g.py:1");
	finds(G, "h.py", "copy = 1\n\xd1\x81\xd0\xbe\xd1\x80\xd1\x83 = 2\n", "flagged confusable h.py:2");
	finds(G, "i.js", "if (x \xc7\x83= y) f(a\xc7\x83" "b);\n", "flagged confusable i.js:1");
	finds(G, "j\xe2\x80\x8b.py", "x = 1\n", "flagged invisible j\xe2\x80\x8b.py");
}

static void
good_changes_are_not(void **state)
{
	(void)state;
	finds(G, "a.c", "/* Gr\xc3\xbc\xc3\x9f" "e: na\xc3\xafve caf\xc3\xa9 */\nchar *s = \"\xe2\x82\xac\";\f\r\n", "");
	finds(G, "b.py", "# \xd0\xbf\xd1\x80\xd0\xbe\xd0\xb2\xd0\xb5\xd1\x80\xd0\xba\xd0\xb0 API\nx = '\xd1\x81\xd0\xbe\xd1\x80'\n", "");
	finds(G, "c.py", "\xce\xb1 = \xce\xbd_max + \xce\x94t * d\xcf\x81\na = v_max\n", "");
	/* Families and flags; Persian and Hindi with their joiners; a mark of order in prose. */
	finds(G, "d.js", "x('\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 "
	    "\xe2\x9d\xa4\xef\xb8\x8f \xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xbf');\n", "");
	finds(G, "e.po", "msgstr \"\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae\xd9\x88\xd8\xa7\xd9\x87\xd9\x85 "
	    "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7\"\n", "");
	finds(G, "f.md", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d\xe2\x80\x8f! a\xc2\xad" "b\n", "");
	finds(G, "g.cs", "\xef\xbb\xbfusing System;\n", "");
	finds(G, "h.bin", "\x7f" "ELF\x01\n", "flagged invisible h.bin:1");
	finds(G, "latin1.c", "/* caf\xe9 */\n", "");
}

static void
what_was_there_is_not_told(void **state)
{
	(void)state;
	finds(G, "a.c", "int long_name_of_a_thing;\nint y; /* \xe2\x80\xae */\nint z;\n", "flagged bidi a.c:2");
	finds(G, "a.c", "int w;\nint long_name_of_a_thing;\nint y; /* \xe2\x80\xae */\nint z;\n", "");
	sh("git mv a.c b.c");
	finds(G, "c", "", "");
	/* Moved with its neighbours. */
	sh("sed -i 1,3d b.c && printf 'int long_name_of_a_thing;\\nint y; /* \xe2\x80\xae */\\n' >d.c");
	finds(G, "c", "x\n", "");
	finds(G, "e.c", "int y; /* \xe2\x80\xae */\n", "flagged bidi e.c:1");
}

static void
what_cannot_be_judged_is_said(void **state)
{
	AUTO(verdicts_free) struct verdicts vs = {0};
	AUTO(mem_free_p) char *got = NULL;

	(void)state;
	sh("printf 'x = 1\\0\\n' >nul.py; head -c 9000000 /dev/zero | tr '\\0' x >big.js;"
	   "printf '\\0png' >logo.png; head -c 9000000 /dev/zero >big.png");
	commit_all();
	judge_last("gates: none\n", &vs);
	got = findings_of(verdict_of(&vs, G), true);
	assert_string_equal(got, "flagged unjudged big.js\nnote unjudged big.png\nflagged unjudged nul.py");
	assert_string_equal(verdict_of(&vs, G)->summary, "2 deceptive lines: flagged for a person");
}

static void
policy_names_paths(void **state)
{
	static const char policy[] = "gates:\n  unicode:\n    builtin: unicode\n    paths: [src/]\n"
	    "  docs:\n    builtin: unicode\n    paths: ['*.md']\n";
	static const char bad[] = "x = '\xe2\x80\x8b'\n";

	(void)state;
	finds_by(G, policy, "lib/a.py", bad, "");
	finds_by(G, policy, "src/a.py", bad, "flagged invisible src/a.py:1");
	finds_by("docs", policy, "src/b.py", bad, "");
	finds_by("docs", policy, "b.md", "\xe2\x80\xae\n", "flagged bidi b.md:1");
}

static void
refuses(const char *policy, const char *text)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	struct gates *g = NULL;
	struct config c;
	struct gates_opts o = {.config = &c};

	ok(repo_open(".", &r));
	config_init(&c);
	ok(config_parse("config", str_of(policy), &c));
	o.repo = r;
	o.base = sh_oid("HEAD");
	fails(gates_open(&o, &g), ERR_CONFIG, text);
	config_free(&c);
}

static void
policy_must_make_sense(void **state)
{
	(void)state;
	refuses("gates:\n  unicode:\n    run: 'true'\n", "the gate 'unicode' is built in");
	refuses("gates:\n  x:\n    builtin: unicorn\n", "names 'unicorn', which is not built in");
	refuses("gates:\n  protected:\n    builtin: unicode\n", "'protected' cannot be of the kind 'unicode'");
	refuses("gates:\n  more:\n    builtin: tests-kept\n", "repeats 'tests-kept'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(bad_changes_are_flagged),
		TEST_REPO(good_changes_are_not),
		TEST_REPO(what_was_there_is_not_told),
		TEST_REPO(what_cannot_be_judged_is_said),
		TEST_REPO(policy_names_paths),
		TEST_REPO(policy_must_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
