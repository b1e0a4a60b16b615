/*
 * testlang.tbl.h - the languages and frameworks whose tests are known.
 *
 * TESTLANG(comments, extensions, file names, declarations, markers): file
 * names are globs (glob.h) for the last component; a file of the extension
 * in a folder for tests counts too.  A declaration's match, after \K, is the
 * test's name.  Markers keep a test from running or from counting.
 *
 * RUNNER(file names, lines): configuration that says which tests run.
 */

/* pytest, unittest, nose */
TESTLANG(COMMENTS_PYTHON, "py",
    "test_*.py *_test.py tests.py conftest.py",
    "^[ \\t]*(?:async[ \\t]+)?def[ \\t]+\\Ktest\\w*",
    "\\bmark\\.(?:skip|skipif|xfail)\\b|\\bpytest\\.(?:skip|xfail|importorskip)\\b"
    "|@(?:unittest\\.)?(?:skip|skipIf|skipUnless|expectedFailure)\\b|\\bself\\.skipTest\\("
    "|\\bSkipTest\\b|^[ \\t]*__test__[ \\t]*=[ \\t]*False|\\bcollect_ignore"
    "|\\bpytest_(?:collection_modifyitems|ignore_collect|runtest_\\w+|sessionfinish"
    "|pyfunc_call|deselected)\\b")

/* node:test, jest, vitest, mocha, jasmine, ava, tap, playwright */
TESTLANG(COMMENTS_C, "js jsx cjs mjs ts tsx cts mts vue",
    "*.test.?js *.test.js *.test.jsx *.test.?ts *.test.ts *.test.tsx *.spec.?js *.spec.js "
    "*.spec.jsx *.spec.?ts *.spec.ts *.spec.tsx *_test.js *_test.ts *-test.js *.cy.js *.cy.ts "
    "test.js test.mjs test.cjs test.ts",
    "\\b(?:x|f)?(?:it|test|specify)(?:\\.\\w+)*[ \\t]*\\([ \\t\\r\\n]*(['\"`])\\K(?:\\\\.|(?!\\1).)+",
    "\\b(?:it|test|describe|context|suite|specify|t)(?:\\.\\w+)*\\."
    "(?:skip|todo|only|failing|fixme|fails|skipIf|runIf)\\b"
    "|\\b(?:xit|xdescribe|xtest|xcontext|xspecify|fit|fdescribe)[ \\t]*\\("
    "|[{,][ \\t]*(?:skip|todo|only)[ \\t]*:(?![ \\t]*false)|\\bthis\\.skip\\(|\\bpending\\(")

/* go test */
TESTLANG(COMMENTS_C, "go",
    "*_test.go",
    "^func[ \\t]+(?:\\([^)]*\\)[ \\t]*)?\\K(?:Test|Fuzz|Example)\\w*",
    "\\b\\w+\\.(?:Skip|Skipf|SkipNow)\\(|\\btesting\\.Short\\(|\\bos\\.Exit\\(0\\)")

/* cargo test: tests live in the sources too */
TESTLANG(COMMENTS_C, "rs",
    "*.rs",
    "#\\[(?:\\w+::)*(?:test|rstest|test_case|proptest)\\b[^\\]]*\\](?:\\s*#\\[[^\\]]*\\])*"
    "[^{;]*?\\bfn[ \\t]+\\K\\w+",
    "#\\[(?:ignore\\b|cfg_attr\\([^\\]]*\\bignore\\b|cfg\\((?:any\\(\\)|not\\(test\\)|FALSE))"
    "|#\\[should_panic")

/* JUnit, TestNG, Kotlin, Scala, Groovy */
TESTLANG(COMMENTS_C, "java kt scala groovy",
    "*Test.java *Tests.java Test*.java *IT.java *TestCase.java *Test.kt *Tests.kt *Test.scala "
    "*Spec.scala *Spec.groovy *Test.groovy",
    "@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|Property)\\b(?:\\([^)]*\\))?"
    "(?:\\s*@\\w+(?:\\([^)]*\\))?)*[^;{(@]*?\\K(?:\\b\\w+|`[^`]+`)(?=[ \\t]*\\()",
    "@(?:Ignore|Disabled\\w*|EnabledIf\\w*|EnabledOn\\w*)\\b|\\bassume\\w*[ \\t]*\\("
    "|\\benabled[ \\t]*=[ \\t]*false|\\bAssumptions\\.|\\bSkipException\\b|\\bignore[ \\t]*\\(")

/* xUnit, NUnit, MSTest */
TESTLANG(COMMENTS_C, "cs fs vb",
    "*Test.cs *Tests.cs *Test.fs *Tests.fs",
    "\\[(?:Fact|Theory|Test|TestMethod|TestCase|DataTestMethod)\\b[^\\]]*\\](?:\\s*\\[[^\\]]*\\])*"
    "[^;{(\\[]*?\\b\\K\\w+(?=[ \\t]*\\()",
    "\\[\\s*(?:Ignore|Explicit)\\b|\\bSkip[ \\t]*=|\\bAssert\\.(?:Ignore|Inconclusive|Pass|Skip)\\(")

/* RSpec, Minitest, test-unit */
TESTLANG(COMMENTS_HASH, "rb",
    "*_spec.rb *_test.rb test_*.rb",
    "^[ \\t]*(?:(?:x|f)?(?:it|specify|example|scenario|test)[ \\t(]+(['\"])\\K(?:\\\\.|(?!\\1).)+"
    "|def[ \\t]+\\Ktest_\\w+)",
    "^[ \\t]*(?:xit|xdescribe|xcontext|xspecify|xexample|fit|fdescribe|fcontext|skip|pending|omit)\\b"
    "|,[ \\t]*(?::skip|skip:|:pending|pending:|:focus|focus:)")

/* PHPUnit, Pest */
TESTLANG(COMMENTS_C, "php",
    "*Test.php *Tests.php",
    "\\bfunction[ \\t]+\\Ktest\\w*|^[ \\t]*(?:it|test)\\((['\"])\\K(?:\\\\.|(?!\\1).)+",
    "\\bmarkTest(?:Skipped|Incomplete)\\b|->(?:skip|todo|only)\\(|#\\[Requires")

/* GoogleTest, Catch2, Boost, doctest, Check, Criterion, cmocka, Unity */
TESTLANG(COMMENTS_C, "c cc cpp cxx h hpp m",
    "test_*.c test_*.cc test_*.cpp *_test.c *_test.cc *_test.cpp *_unittest.cc *Test.cpp "
    "*Tests.cpp *-test.c test-*.c",
    "^[ \\t]*(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|TEST_CASE|SCENARIO|START_TEST|Test"
    "|BOOST_AUTO_TEST_CASE|BOOST_FIXTURE_TEST_CASE|RUN_TEST)[ \\t]*\\(\\K[^)\\n]+"
    "|\\bcmocka_unit_test\\w*\\([ \\t]*\\K\\w+|\\btcase_add_test\\(\\K[^)\\n]+",
    "\\bGTEST_SKIP\\b|\\bDISABLED_\\w|^[ \\t]*skip\\(\\)|\\bSKIP[ \\t]*\\(|\\bTEST_IGNORE\\w*"
    "|\\[!(?:shouldfail|mayfail)\\]|\\[\\.\\w*\\]|^[ \\t]*#[ \\t]*if[ \\t]+0\\b")

/* ExUnit */
TESTLANG(COMMENTS_HASH, "exs ex",
    "*_test.exs",
    "^[ \\t]*(?:test|property)[ \\t(]+\"\\K[^\"]+",
    "@(?:module|describe)?tag[ \\t]+(?::skip|skip:)|\\bExUnit\\.configure\\b")

/* XCTest, Swift Testing, Dart */
TESTLANG(COMMENTS_C, "swift dart",
    "*Tests.swift *Test.swift *_test.dart",
    "\\bfunc[ \\t]+\\Ktest\\w*|^[ \\t]*test(?:Widgets)?\\([ \\t\\r\\n]*(['\"])\\K(?:\\\\.|(?!\\1).)+",
    "\\bXCTSkip|\\bXCTExpectFailure|\\.disabled\\(|\\bskip:(?![ \\t]*false)|@Skip")

/* Test::More, Test2 */
TESTLANG(COMMENTS_HASH, "t pl",
    "*.t",
    "^[ \\t]*subtest[ \\t(]+(['\"])\\K(?:\\\\.|(?!\\1).)+|^[ \\t]*test_expect_success[^'\"]*"
    "(['\"])\\K(?:\\\\.|(?!\\2).)+",
    "\\bskip_all\\b|^[ \\t]*(?:skip|todo_skip)\\b|\\bSKIP:|\\bTODO:|\\$TODO\\b"
    "|\\btest_expect_failure\\b|\\btest_done\\b")

/* bats, shunit2 */
TESTLANG(COMMENTS_HASH, "sh bash bats",
    "*.bats test_*.sh *_test.sh test-*.sh",
    "^[ \\t]*@test[ \\t]+(['\"])\\K(?:\\\\.|(?!\\1).)+|^(?:function[ \\t]+)?\\Ktest_?\\w+(?=[ \\t]*\\(\\))",
    "^[ \\t]*skip\\b|\\bskip_all=|\\bstartSkipping\\b")

RUNNER("pytest.ini .pytest.ini tox.ini setup.cfg pyproject.toml",
    "^[ \\t]*(?:addopts|testpaths|python_files|python_classes|python_functions|norecursedirs"
    "|collect_ignore\\w*|xfail_strict)\\b")
RUNNER("package.json",
    "\"(?:pre|post)?test[^\"]*\"[ \\t]*:|\"test(?:Match|Regex|PathIgnorePatterns|Runner)\""
    "|\"passWithNoTests\"|\"modulePathIgnorePatterns\"")
RUNNER("jest.config.* vitest.config.* vite.config.* .mocharc.* karma.conf.* playwright.config.* ava.config.*",
    "\\b(?:testMatch|testRegex|testPathIgnorePatterns|testIgnore|testDir|exclude|include|ignore"
    "|grep|invert|spec|roots|passWithNoTests|testNamePattern|forbidOnly|retry|retries)\\b")
RUNNER("pom.xml build.gradle build.gradle.kts",
    "skipTests|testFailureIgnore|maven\\.test\\.skip|ignoreFailures|<exclude|\\bexclude\\b"
    "|excludeTags|<skip>|filter[ \\t]*\\{")
RUNNER("Cargo.toml", "^[ \\t]*(?:test|harness|doctest|autotests)[ \\t]*=")
RUNNER("phpunit.xml phpunit.xml.dist .rspec", "exclude|--tag|stopOn")
