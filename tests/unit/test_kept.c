/* The built-in gates over tests and what they run with. */
#include "builtin_fixture.h"

#include "gate/builtin/weaker.h"

#define G "tests-kept"
#define P "protected"

static const char suite[] =
    "def test_a():\n    assertEqual(f(1), 2)\n    assertEqual(f(2), 3)\n\n"
    "def test_b():\n    assert abs(g() - 0.5) < 0.01, tol\n    assert h() == 41\n";

static void
tests_that_check_less_are_flagged(void **state)
{
	(void)state;
	finds(G, "test_x.py", suite, "");
	finds(G, "test_x.py", "def test_a():\n    assertTrue(f(1))\n    assertEqual(f(2), 3)\n\n"
	    "def test_b():\n    assert abs(g() - 0.5) < 0.01, tol\n    assert h() == 41\n", "flagged weaker test_x.py:2");
	finds(G, "test_x.py", "def test_a():\n    assertTrue(f(1))\n\n"
	    "def test_b():\n    assert abs(g() - 0.5) < 0.01, tol\n    assert h() == 41\n", "flagged fewer test_x.py:1");
	finds(G, "test_x.py", "def test_a():\n    assertTrue(f(1))\n\n"
	    "def test_b():\n    assert abs(g() - 0.5) < 0.2, tol\n    assert h() == 41\n", "flagged tolerance test_x.py:5");
	finds(G, "test_x.py", "def test_a():\n    assertTrue(f(1))\n\n"
	    "def test_b():\n    assert abs(g() - 0.5) < 0.2, tol\n    assert h() == 42\n", "flagged expectation test_x.py:6");
	/* A line more or less between them. */
	finds(G, "test_z.py", "def test_z():\n    x = f()\n    y = g(x)\n    assert y == [1]\n", "");
	finds(G, "test_z.py", "def test_z():\n    assert g(f()) is not None\n", "flagged weaker test_z.py:2");
	/* With what it tests, it may. */
	sh("echo 'def h(): return 43' >h.py");
	finds(G, "test_x.py", "def test_a():\n    assertTrue(f(1))\n\n"
	    "def test_b():\n    assert abs(g() - 0.5) < 0.2, tol\n    assert h() == 43\n", "");
}

static void
assertions_that_cannot_fail_are_flagged(void **state)
{
	(void)state;
	finds(G, "tests/a.c", "static void a(void)\n{\n\tCHECK(f(1) == 2);\n\tCHECK(g());\n}\n", "");
	finds(G, "tests/a.c", "static void a(void)\n{\n\tCHECK(f(1) == 2 || 1);\n\tCHECK(g());\n}\n",
	    "flagged vacuous tests/a.c:3");
	finds(G, "tests/a.c", "static void a(void)\n{\n\tf(1);\n\tg();\n}\n", "flagged fewer tests/a.c");
	finds(G, "tests/b.bats", "@test \"x\" {\n\t[ \"$(f)\" -eq 1 ]\n\t[ \"$y\" = 2 ]\n}\n", "");
	finds(G, "tests/b.bats", "@test \"x\" {\n\t[ \"$(f)\" -eq 1 ] || true\n\t[ \"$y\" = 2 ]\n}\n",
	    "flagged vacuous tests/b.bats:2");
	finds(G, "tests/b.bats", "@test \"x\" {\n\techo \"$(f)\"\n\techo \"$y\"\n\trm -f z || true\n}\n",
	    "flagged fewer tests/b.bats");
	/* Moved to another file, none is gone. */
	finds(G, "tests/c.c", "static void b(void)\n{\n\tCHECK(h(1) == 2);\n\tCHECK(k());\n}\n", "");
	sh("git mv tests/c.c tests/d.c && sed -i 4d tests/d.c");
	finds(G, "tests/e.c", "static void c(void)\n{\n\tCHECK(k());\n}\n", "");
}

static void
what_is_left_is_nothing(void **state)
{
	(void)state;
	finds(G, "test_p.py", "@pytest.mark.parametrize('x', [])\ndef test_p(x):\n    assert x\n", "blocks no-cases test_p.py:1");
	finds(G, "a.test.js", "it.each([])('x', () => { expect(f()).toBe(1); });\n", "blocks no-cases a.test.js:1");
	finds(G, "setup.cfg", "[coverage:report]\nfail_under = 90\n", "");
	finds(G, "setup.cfg", "[coverage:report]\nfail_under = 70\n", "blocks threshold setup.cfg:2");
	finds(G, "setup.cfg", "[coverage:report]\nfail_under = 80\n", "");
	finds(G, "setup.cfg", "[coverage:report]\n", "blocks threshold setup.cfg");
	finds(G, "__snapshots__/a.snap", "exports[`x`] = `1`;\n", "");
	finds(G, "__snapshots__/a.snap", "exports[`x`] = `2`;\n", "flagged snapshot __snapshots__/a.snap");
	finds(G, "calc.py", "def f(x):\n    if x == 1234: return 5678\n    return x\n", "flagged hard-coded calc.py:2");
	finds(G, "env.py", "if 'pytest' in sys.modules:\n    fast()\n", "flagged hard-coded env.py:1");
}

static void
honest_work_passes(void **state)
{
	(void)state;
	finds(G, "test_x.py", suite, "");
	/* More of it, in another order, in another file. */
	finds(G, "test_x.py", "def test_b():\n    assert abs(g() - 0.5) < 0.01, tol\n    assert h() == 41\n\n"
	    "def test_a():\n    assertEqual(f(1), 2)\n    assertEqual(f(2), 3)\n    assertEqual(f(3), 4)\n", "");
	sh("mkdir -p tests && git mv test_x.py tests/test_y.py");
	finds(G, "f.py", "def f(n):\n    if n == 0: return 1\n    return n * f(n - 1)\n", "");
	/* A new test may wait for its platform. */
	finds(G, "tests/test_y.py", "def test_b():\n    assert abs(g() - 0.5) < 0.01, tol\n    assert h() == 41\n\n"
	    "def test_a():\n    assertEqual(f(1), 2)\n    assertEqual(f(2), 3)\n    assertEqual(f(3), 4)\n\n"
	    "@pytest.mark.skipif(os.name != 'nt', reason='windows')\ndef test_c():\n    assert w() == 1\n", "");
	finds(G, "tests/test_y.py", "@pytest.mark.skipif(os.name != 'nt', reason='windows')\ndef test_b():\n    assert abs(g() - 0.5) < 0.01, tol\n    assert h() == 41\n\n"
	    "def test_a():\n    assertEqual(f(1), 2)\n    assertEqual(f(2), 3)\n    assertEqual(f(3), 4)\n\n"
	    "@pytest.mark.skipif(os.name != 'nt', reason='windows')\ndef test_c():\n    assert w() == 1\n", "blocks tests-kept tests/test_y.py:1");
	finds(G, "setup.cfg", "[tool]\nretries_of_http = 3\n[coverage:report]\nfail_under = 80\n", "");
	finds(G, "setup.cfg", "[tool]\nretries_of_http = 3\n[coverage:report]\nfail_under = 85\n", "");
}

static void
strength_is_told(void **state)
{
	static const struct {
		const char *line;
		int strength;
	} t[] = {
		{"self.assertEqual(a, b)", 3}, {"assert a == b", 3}, {"expect(a).toBe(1)", 3}, {"assert_eq!(a, 1);", 3},
		{"assert a in b", 2}, {"expect(a).toContain(1)", 2}, {"assert a", 1}, {"self.assertTrue(a)", 1},
		{"expect(a).toBeDefined()", 1}, {"x = assertion", 0}, {"return 1", 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(t); i++)
		if (weaker_strength(str_of(t[i].line)) != t[i].strength)
			fail_msg("%s: %d", t[i].line, weaker_strength(str_of(t[i].line)));
}

static void
the_harness_waits_for_a_person(void **state)
{
	static const char policy[] = "gates:\n  protected:\n    builtin: protected\n    locks: true\nharness: [ci/run-tests, tests/lib/]\n";

	(void)state;
	finds(P, "tests/conftest.py", "import x\n", "");
	finds(P, "tests/conftest.py", "import y\n", "flagged harness tests/conftest.py");
	finds_by(P, policy, "ci/run-tests", "make\n", "flagged harness ci/run-tests");
	finds_by(P, policy, "tests/lib/a/b.sh", "x\n", "flagged harness tests/lib/a/b.sh");
	finds(P, "tests/lib/a/b.sh", "y\n", "");
	finds_by(P, policy, "web/package-lock.json", "{}\n", "flagged lock-file web/package-lock.json");
	finds(P, "web/package-lock.json", "{ }\n", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(tests_that_check_less_are_flagged),
		TEST_REPO(assertions_that_cannot_fail_are_flagged),
		TEST_REPO(what_is_left_is_nothing),
		TEST_REPO(honest_work_passes),
		cmocka_unit_test(strength_is_told),
		TEST_REPO(the_harness_waits_for_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
