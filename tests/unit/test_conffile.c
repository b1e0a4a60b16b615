#include "git_fixture.h"

#include "git/conffile.h"

static struct err *
note(void *arg, const char *key, const char *value)
{
	buf_addf(arg, "%s=%s;", key, value == NULL ? "(none)" : value);
	return NULL;
}

static void
parses(const char *text, const char *want)
{
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);

	ok(conffile_parse("config", str_of(text), note, &b));
	assert_string_equal(buf_cstr(&b), want);
}

static void
reads_git_syntax(void **state)
{
	(void)state;
	parses("", "");
	parses("[core]\n\tbare = false\n", "core.bare=false;");
	parses("[Core]\n\tBare\n", "core.bare=(none);");
	parses("[core] bare = true # no\n; comment\n[a]x=1;y\n", "core.bare=true;a.x=1;");
	parses("[remote \"Ori\\\"gin\"]\nurl = x y\t \n", "remote.Ori\"gin.url=x y;");
	parses("[branch.Old]\nmerge=m\n", "branch.old.merge=m;");
	parses("[a]\nk = \" sp \" tail\\n\n", "a.k= sp  tail\n;");
	parses("[a]\nk = one \\\n  two\n", "a.k=one   two;");
	parses("[a]\r\nk = v\r\n", "a.k=v;");
	parses("\xef\xbb\xbf[a]\nk=\n", "a.k=;");
	parses("[a]\nk = \"quoted # not a comment\" # a comment\n", "a.k=quoted # not a comment;");
}

static void
says_where_it_is_wrong(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"x = 1\n", "f:1: a key before any section"},
		{"[a]\n[b\n", "f:2: a section is not closed"},
		{"[a]\nk = \"x\n", "f:2: a quote is not closed"},
		{"[a]\nk = \\q\n", "f:2: an unknown escape"},
		{"[a]\n= v\n", "f:2: neither a section nor a key"},
		{"[a]\nk! = v\n", "f:2: an invalid character"},
		{"[a \"x]\n", "f:1: a quote is not closed"},
		{"[a x]\n", "f:1: a subsection must be in quotes"},
		{"[]\n", "f:1: a section has no name"},
	};
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++)
		fails(conffile_parse("f", str_of(rows[i].text), note, &b), ERR_CONFIG, rows[i].says);
}

/* The same settings as the git program reads, in the same order. */
static void
agrees_with_git(void **state)
{
	AUTO(buf_free) struct buf text = BUF_INIT(MIB);
	AUTO(buf_free) struct buf got = BUF_INIT(MIB);
	char *want;

	(void)state;
	sh("git init -q . && git config a.one 'x \"y\" \\z' && git config a.two ' lead and trail ' &&"
	   "git config 'b.Sub Section.Key' '#;hash' && git config c.tab \"$(printf 'a\\tb')\" &&"
	   "git config --add a.one again && git config remote.o.url 'https://x/y?z=1;2' &&"
	   "printf '[d]\\n  e = 1 2  3   ; c\\n  f\\n[g \"H.i\"]j = \"a\\\\\"b\" c\\n' >> .git/config");
	ok(file_read(AT_FDCWD, ".git/config", &text));
	ok(conffile_parse("config", buf_str(&text), note, &got));
	want = sh_out("git config --local --list -z | sed -z 's/^\\([^\\n]*\\)$/\\1\\n(none)/; s/\\n/=/' | tr '\\0' ';'");
	assert_string_equal(buf_cstr(&got), want);
	free(want);
}

static void
knows_booleans(void **state)
{
	bool b;

	(void)state;
	assert_true(conffile_bool(NULL, &b) && b);
	assert_true(conffile_bool("Yes", &b) && b);
	assert_true(conffile_bool("OFF", &b) && !b);
	assert_true(conffile_bool("", &b) && !b);
	assert_false(conffile_bool("maybe", &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_git_syntax),
		cmocka_unit_test(says_where_it_is_wrong),
		TEST_DIR(agrees_with_git),
		cmocka_unit_test(knows_booleans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
