/* The built-in gate over work that is not whole. */
#include "builtin_fixture.h"

#define G "truncation"

static void
bad_changes_are_stopped(void **state)
{
	(void)state;
	finds(G, "a.py", "def f():\n    x = 1\n    # ... rest of the code unchanged ...\n    return x\n", "blocks placeholder a.py:3");
	finds(G, "b.js", "function f() {\n  // ... existing code ...\n}\n", "blocks placeholder b.js:2");
	finds(G, "c.ts", "/* remaining methods unchanged */\nclass A {}\n", "blocks placeholder c.ts:1");
	finds(G, "d.py", "def f():\n    # TODO: implement this\n    return None\n", "blocks stub d.py:2");
	finds(G, "e.rs", "fn f() -> u32 { todo!() }\n", "blocks stub e.rs:1");
	finds(G, "f.js", "function f() { throw new Error('Not implemented'); }\n", "blocks stub f.js:1");
	finds(G, "g.py", "def f():\n    raise NotImplementedError\n", "flagged stub g.py:2");
	finds(G, "h.c", "int x;\n<<<<<<< HEAD\nint y;\n=======\nint z;\n>>>>>>> topic\n",
	    "blocks conflict h.c:2\nblocks conflict h.c:6");
	finds(G, "i.md", "text\n<<<<<<< HEAD\n", "blocks conflict i.md:2");
	finds(G, "j.py", "try:\n    f()\nexcept Exception:\n    pass\n", "flagged swallowed j.py:3");
	finds(G, "k.js", "try {\n  f();\n} catch (e) {\n}\n", "flagged swallowed k.js:3");
	finds(G, "l.go", "func f() {\n\tif err != nil {\n\t}\n}\n", "flagged swallowed l.go:2");
	finds(G, "m.js", "f().catch(() => {});\n", "flagged swallowed m.js:1");
	finds(G, "n.js", "// your code here\n", "blocks placeholder n.js:1");
	finds(G, "tests/test_o.py", "# ... rest of the tests remain unchanged ...\n", "flagged placeholder tests/test_o.py:1");
	finds(G, "p.md", "Text.\n\n[content truncated for brevity]\n", "flagged placeholder p.md:3");
	finds(G, "q.md", "<!-- ... existing entries remain the same ... -->\n", "flagged placeholder q.md:1");
	finds(G, "r.c", "void f(int c)\n{\n\tswitch (c) {\n\tcase 'e':\n\t\t/* TODO: convert it */\n\t\tbreak;\n\t}\n}\n",
	    "flagged stub r.c:5");
	finds(G, "tool", "#!/bin/sh\necho 'is not implemented yet' # TODO\n", "flagged stub tool:2");
}

static void
a_file_that_is_cut_is_seen(void **state)
{
	static const char whole[] = "int f(int a)\n{\n\tif (a)\n\t\treturn 1;\n\treturn 0;\n}\n";
	char part[sizeof(whole)];
	size_t n;

	(void)state;
	finds(G, "a.c", whole, "");
	for (n = 16; n < sizeof(whole) - 3; n += 5) {
		AUTO(mem_free_p) char *got = NULL;

		memcpy(part, whole, n);
		part[n] = '\0';
		got = found_after(G, "gates: none\n", "a.c", part);
		if (strstr(got, "blocks cut a.c") == NULL)
			fail_msg("not seen after %zu bytes: %s", n, got);
		sh("git reset -q --hard HEAD~1");
	}
	finds(G, "b.py", "def f(a):\n    if a:\n", "flagged cut b.py:3");
	finds(G, "c.json", "{\"a\": [1, 2", "blocks cut c.json:1");
	finds(G, "d.py", "x = '''\nabc\n", "flagged cut d.py:3");
	finds(G, "e.ts", "const a = {\n  b: 1,\n", "flagged cut e.ts:3");
}

static void
good_changes_are_not(void **state)
{
	(void)state;
	finds(G, "a.py", "class A:\n    def f(self):\n        \"\"\"The rest of the code is in B ( ...\"\"\"\n        return 'it\\'s {'\n"
	    "\n# TODO: measure this again\ntry:\n    f()\nexcept KeyError:\n    pass\n", "");
	finds(G, "b.js", "const re = /[({'\"]/g; // a list of (\nconst s = `a ${x} {`;\nlet y = a / b / c;\ntry { f(); } catch (e) { log(e); }\n", "");
	finds(G, "c.c", "#define OPEN '('\nstatic const char s[] = \"{ \\\" [\"; /* ( */\nint f(void) { return 1'000; }\n", "");
	finds(G, "d.rs", "fn f<'a>(x: &'a str) -> char { '{' }\n", "");
	finds(G, "e.sh", "case $x in\na) echo \"it's ($y)\" ;;\nesac\ncat <<X\nunbalanced (\nX\n", "");
	finds(G, "f.md", "Title\n=======\n\n```\nfunction f() {\n```\n... and the rest is unchanged.\n", "");
	finds(G, "g.go", "func f() error {\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n", "");
	finds(G, "h.ts", "import { a,\n  b } from './c'; // same as in d\nexport const x = (y: number) => ({ y });\n", "");
	/* What a reading by characters gets wrong in the base too says nothing. */
	sh("printf '#if A\\nif (x) {\\n#else\\nif (y) {\\n#endif\\n}\\n' >i.c && git add . && git commit -qm i");
	finds(G, "i.c", "#if A\nif (x) {\n#else\nif (y) {\n#endif\n\tz();\n}\n", "");
	finds(G, "tests/t.txt", "# TODO: implement the rest of the code here\n", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(bad_changes_are_stopped),
		TEST_REPO(a_file_that_is_cut_is_seen),
		TEST_REPO(good_changes_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
