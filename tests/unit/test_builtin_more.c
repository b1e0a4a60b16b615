/* The built-in gates that policy switches on. */
#include "builtin_fixture.h"

static const char policy[] = "gates:\n  size:\n    builtin: size\n    files: 2\n    lines: 10\n  links:\n    builtin: links\n";

static void
size_has_its_bounds(void **state)
{
	(void)state;
	finds_by("size", policy, "a", "1\n2\n3\n", "");
	finds_by("size", policy, "a", "4\n5\n6\n7\n8\n9\n10\n11\n", "blocks lines ");
	sh("touch x y");
	finds_by("size", policy, "z", "", "blocks files ");
	/* What is generated is not read by anybody. */
	finds_by("size", policy, "package-lock.json", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "");
	sh("printf 'a\\0b' >logo.png");
	finds_by("size", policy, "b", "", "flagged binary logo.png");
	/* Lines that moved are no new ones. */
	sh("for i in 1 2 3 4 5 6; do echo \"int number_$i = $i;\"; done >m && git add . && git commit -qm m && git mv m n");
	finds_by("size", policy, "c", "", "");
}

static void
words_are_spelt(void **state)
{
	static const char speller[] = "gates:\n  spelling:\n    builtin: spelling\n    except: [worktree]\n";

	(void)state;
	if (system("hunspell -D </dev/null 2>&1 | grep -q en_US") != 0)
		skip();
	sh("mkdir -p docs; printf 'It frobnicates.\\n' >docs/s.md");
	commit_all();
	finds_by("spelling", speller, "docs/s.md", "It frobnicates a worktree, doesn't it?\n\n"
	    "See `teh_code`, [this](teh/path.md), README, camelCase, x86 and man-made things.\n"
	    "```\nteh code\n```\nBut teh user recieved two well-known wrods.\n",
	    "blocks word docs/s.md:7\nblocks word docs/s.md:7\nblocks word docs/s.md:7");
	finds_by("spelling", "gates:\n  spelling:\n    builtin: spelling\n    language: xx_XX\n", "docs/s.md",
	    "Another line.\n", "blocks speller ");
}

static void
links_lead_somewhere(void **state)
{
	(void)state;
	sh("mkdir -p docs && printf '# One\\n\\n## Two words, `x`\\n' >docs/a.md && git add . && git commit -qm docs");
	finds_by("links", policy, "docs/b.md", "[a](a.md) [r](../README) [s](/src/x.c#L3) [t](a.md#two-words-x) [d](../src)\n"
	    "[w](https://example.com) [m](mailto:a@example.com) [f]: a.md\n`[n](nowhere.md)`\n```\n[n](nowhere.md)\n```\n"
	    "[self](#top)\n\n# Top\n[i](../../issues)\n", "");
	finds_by("links", policy, "docs/c.md", "[a](b/a.md)\n[a](a.md#three) [e](%61.md)\n[z]: ../zz.md\n",
	    "blocks link docs/c.md:1\nflagged anchor docs/c.md:2\nblocks link docs/c.md:3");
	/* Old ones are not asked for. */
	finds_by("links", policy, "docs/c.md", "[a](b/a.md)\n[a](a.md#three) [e](%61.md)\n[z]: ../zz.md\nmore\n", "");
}

static void
says(const char *message, const char *want)
{
	static const char on[] = "gates:\n  commit-message:\n    builtin: commit-message\n";
	AUTO(verdicts_free) struct verdicts vs = {0};
	AUTO(mem_free_p) char *got = NULL;

	ok(file_replace(AT_FDCWD, "../message", str_of(message), 0644, false));
	sh("git commit -q --allow-empty --allow-empty-message --cleanup=verbatim -F ../message");
	judge_last(on, &vs);
	got = findings_of(verdict_of(&vs, "commit-message"), false);
	if (strcmp(got, want) != 0)
		fail_msg("'%s' is '%s' and not '%s'", message, got, want);
}

static void
messages_are_for_others(void **state)
{
	(void)state;
	says("Add a gate\n\nBecause of this and that.\n", "");
	says("Widen the sum: wipes are counted, and todos too\n", "");
	says("", "blocks subject ");
	says("fixup! Add a gate\n", "blocks unfinished ");
	says("WIP: more\n", "blocks unfinished ");
	says("Add a gate\nand more\n", "blocks second-line ");
	says("A subject that goes on and on and on until nobody wants to read it any more at all\n", "blocks subject ");
}

static void
a_task_has_its_scope(void **state)
{
	AUTO(strs_free) struct strs scope = {0};
	AUTO(verdicts_free) struct verdicts good = {0}, bad = {0};
	AUTO(mem_free_p) char *got = NULL;

	(void)state;
	strs_add(&scope, "src/");
	strs_add(&scope, "*.md");
	sh("echo 'int y;' >src/x.c; echo more >doc/a.md");
	commit_all();
	judge_within("gates: none\n", false, &scope, &good);
	assert_string_equal(verdict_of(&good, "scope")->summary, "all within the scope");
	sh("git mv src/x.c y.c");
	commit_all();
	judge_within("gates: none\n", false, &scope, &bad);
	got = findings_of(verdict_of(&bad, "scope"), false);
	assert_string_equal(got, "blocks scope y.c");
}

static void
they_are_off_by_themselves(void **state)
{
	AUTO(verdicts_free) struct verdicts vs = {0};
	size_t i;

	(void)state;
	sh("seq 1 5000 >a");
	commit_all();
	judge_last("gates: none\n", &vs);
	for (i = 0; i < vs.n; i++)
		if (strcmp(vs.v[i].gate, "size") == 0 || strcmp(vs.v[i].gate, "links") == 0)
			fail_msg("%s ran", vs.v[i].gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(size_has_its_bounds),
		TEST_REPO(links_lead_somewhere),
		TEST_REPO(words_are_spelt),
		TEST_REPO(messages_are_for_others),
		TEST_REPO(a_task_has_its_scope),
		TEST_REPO(they_are_off_by_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
