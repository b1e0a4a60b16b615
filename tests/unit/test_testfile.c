#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "gate/testfile.h"

static void
scan(const char *path, const char *text, struct testfile *t)
{
	const struct testlang *lang = testlang_of(path);
	struct err *e;

	if (lang == NULL)
		fail_msg("'%s' is no test file", path);
	e = testfile_scan(lang, str_of(text), t);
	if (e != NULL)
		fail_msg("%s: %s", path, err_msg(e));
}

static const struct test_decl *
decl(const struct testfile *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->decls.n; i++)
		if (strcmp(t->decls.v[i].name, name) == 0)
			return &t->decls.v[i];
	return NULL;
}

static void
test_which(void **state)
{
	static const char *const yes[] = {
		"test_x.py", "a/b/x_test.go", "src/x.test.ts", "src/x.spec.mjs", "test/x.js",
		"tests/unit/test_buf.c", "spec/a_spec.rb", "src/test/java/FooTest.java", "t/0001.t",
		"src/lib.rs", "conftest.py", "__tests__/x.jsx", "tests/x.php", "test/a.exs",
	};
	static const char *const no[] = {
		"x.py", "src/main.c", "testing.md", "contest.go", "tests/data.json", "latest/x.py",
		"package.json",
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(yes); i++)
		if (testlang_of(yes[i]) == NULL)
			fail_msg("%s", yes[i]);
	for (i = 0; i < NITEMS(no); i++)
		if (testlang_of(no[i]) != NULL)
			fail_msg("%s", no[i]);
}

/* Each language: the declarations, and one marker. */
static void
test_languages(void **state)
{
	static const struct {
		const char *path, *text, *names[3];
		size_t skips;
	} t[] = {
		{"test_a.py", "# def test_no(): pass\nclass T:\n    @pytest.mark.skip\n"
		    "    async def test_a(self):\n        assert x\n\ndef test_b(): pass\n"
		    "\"\"\"\ndef test_doc(): pass\n\"\"\"\n", {"test_a", "test_b"}, 1},
		{"a.test.js", "// it('no')\nit('adds', () => {});\n  test.skip(\"it's\", f);\n"
		    "/* it('gone') */ xit('later', 1)\n", {"adds", "it's", "later"}, 2},
		{"a.spec.ts", "test('x', {skip: true}, f)\ntest(`y`, {skip: false})\n", {"x", "y"}, 1},
		{"a_test.go", "func TestA(t *testing.T) {\n\tt.Skip(\"x\")\n}\n// func TestNo(\n"
		    "func (s *S) TestB() {}\n", {"TestA", "TestB"}, 1},
		{"src/lib.rs", "#[test]\n#[ignore]\nfn one() {}\n#[tokio::test]\nasync fn two() {}\n"
		    "fn three() {}\n", {"one", "two"}, 1},
		{"FooTest.java", "@Test\n@Disabled\n@DisplayName(\"x\")\nvoid one() {}\n"
		    "@ParameterizedTest(name = \"y\") public void two(int a) {}\n", {"one", "two"}, 1},
		{"FooTests.cs", "[Fact(Skip = \"x\")]\npublic void One() {}\n[Theory]\n[InlineData(1)]\n"
		    "public async Task Two(int a) {}\n", {"One", "Two"}, 1},
		{"a_spec.rb", "it 'adds' do\nend\nxit \"later\" do\nend\n", {"adds", "later"}, 1},
		{"FooTest.php", "public function testOne() {}\n$this->markTestSkipped();\n", {"testOne"}, 1},
		{"test_a.c", "static void\ntest_x(void **s) {}\n"
		    "\tcmocka_unit_test(test_x),\n\tcmocka_unit_test(test_y),\n#if 0\n",
		    {"test_x", "test_y"}, 1},
		{"a_test.cc", "TEST(Sum, Adds) {}\nTEST_F(Sum, DISABLED_Later) {}\n",
		    {"Sum, Adds", "Sum, DISABLED_Later"}, 1},
		{"a_test.exs", "@tag :skip\ntest \"adds\" do\nend\n", {"adds"}, 1},
		{"t/a.t", "subtest 'one' => sub {};\nplan skip_all => 'x';\n", {"one"}, 1},
		{"a.bats", "@test \"one\" {\n  skip\n}\n", {"one"}, 1},
		{"XTests.swift", "func testOne() throws { throw XCTSkip(\"\") }\n", {"testOne"}, 1},
	};
	size_t i, k, n;

	(void)state;
	for (i = 0; i < NITEMS(t); i++) {
		AUTO(testfile_free) struct testfile f = {0};

		scan(t[i].path, t[i].text, &f);
		for (k = n = 0; k < NITEMS(t[i].names) && t[i].names[k] != NULL; k++, n++)
			if (decl(&f, t[i].names[k]) == NULL)
				fail_msg("%s: no '%s' (%zu declared)", t[i].path, t[i].names[k],
				    f.decls.n);
		if (f.decls.n != n)
			fail_msg("%s: %zu declared, last '%s'", t[i].path, f.decls.n,
			    f.decls.v[f.decls.n - 1].name);
		if (f.skips.n != t[i].skips)
			fail_msg("%s: %zu markers", t[i].path, f.skips.n);
	}
}

static void
test_asserts(void **state)
{
	AUTO(testfile_free) struct testfile p = {0}, j = {0}, g = {0};

	(void)state;
	scan("test_a.py", "def test_a():\n    assert f() == 2\n    # assert 1\n"
	    "def test_b():\n    assert True\n    self.assertTrue(True)\n"
	    "def test_c():\n    with pytest.raises(X): f()\n", &p);
	assert_int_equal(decl(&p, "test_a")->asserts, 1);
	assert_int_equal(decl(&p, "test_b")->asserts, 0);
	assert_int_equal(decl(&p, "test_c")->asserts, 1);
	assert_int_equal(decl(&p, "test_b")->line, 4);
	scan("a.test.js", "it('a', () => { assert.equal(f('http://x'), 2); })\n"
	    "it('b', () => { expect(true).toBe(true) })\nit('c', () => expect(f()).toBe(1))\n", &j);
	assert_int_equal(decl(&j, "a")->asserts >= 1, 1);
	assert_int_equal(decl(&j, "b")->asserts, 0);
	assert_int_equal(decl(&j, "c")->asserts >= 1, 1);
	scan("a_test.go", "func TestA(t *testing.T) {\n\tif f() != 2 {\n\t\tt.Errorf(\"x\")\n\t}\n}\n"
	    "func TestB(t *testing.T) {\n\tf()\n}\n", &g);
	assert_int_equal(decl(&g, "TestA")->asserts, 1);
	assert_int_equal(decl(&g, "TestB")->asserts, 0);
}

static void
test_blank(void **state)
{
	AUTO(testfile_free) struct testfile a = {0}, b = {0};

	(void)state;
	scan("a_test.go", "/* all\n of it */\n// gone\n", &a);
	assert_true(a.blank);
	scan("test_a.py", "import x\n", &b);
	assert_false(b.blank);
}

static void
test_runner(void **state)
{
	AUTO(testfile_free) struct testfile t = {0};
	const struct runner_file *r = runner_of("web/package.json");

	(void)state;
	assert_non_null(r);
	assert_null(runner_of("data.json"));
	assert_null(runner_scan(r, str_of("{\"scripts\": {\n  \"test\": \"node --test\",\n"
	    "  \"build\": \"x\",\n  \"pretest:unit\": \"y\"\n}}\n"), &t));
	assert_int_equal(t.skips.n, 2);
	assert_string_equal(t.skips.v[0].text, "\"test\": \"node --test\",");
}

/* A file made to confuse the blanking of comments ends, and stays in bounds. */
static void
test_hostile(void **state)
{
	static const char *const texts[] = {
		"\"", "'", "`", "/*", "//", "\"\\", "/*/", "'''", "\"\"\"", "it('", "@test \"", "#[test",
		"@Test(((((((((((", "test('a'", "it(`\n\n\n",
	};
	static const char *const paths[] = {"test_a.py", "a.test.js", "lib.rs", "ATest.java", "a.bats"};
	size_t i, k;

	(void)state;
	for (i = 0; i < NITEMS(texts); i++)
		for (k = 0; k < NITEMS(paths); k++) {
			AUTO(testfile_free) struct testfile t = {0};

			scan(paths[k], texts[i], &t);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_asserts),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_runner),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
