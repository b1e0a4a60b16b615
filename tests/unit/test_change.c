/* What a change does, line by line. */
#include "git_fixture.h"

#include "gate/change.h"
#include "git/tree.h"

static struct repo *
opened(void)
{
	struct repo *r = NULL;

	ok(repo_open(".", &r));
	return r;
}

/* Commit what is there, and compare it with the commit before. */
static struct change *
changed(struct repo *r)
{
	struct change *c = NULL;
	struct oid base, tree;

	sh("git add -A . && git commit -q --allow-empty -m next");
	base = sh_oid("HEAD~1^{tree}");
	tree = sh_oid("HEAD^{tree}");
	ok(change_open(r, &base, &tree, &c));
	return c;
}

static void
follows_renames(void **state)
{
	AUTO(repo_close_p) struct repo *r = opened();
	AUTO(change_close_p) struct change *c = NULL;
	const struct change_file *f;

	(void)state;
	sh("seq 1 40 >a && seq 100 140 >b && echo keep >k && : >empty && git add . && git commit -q -m base");
	sh("git mv a far && sed -i '20s/.*/twenty/' far && mkdir d && git mv b d/b && rm k empty && : >new");
	c = changed(r);
	f = change_of(c, "far");
	assert_non_null(f);
	assert_int_equal(f->status, 'R');
	assert_string_equal(f->from, "a");
	assert_ptr_equal(f, change_from(c, "a"));
	assert_int_equal(f->added.n, 1);
	assert_int_equal(f->deleted.n, 1);
	assert_int_equal(f->added.v[0].line, 20);
	assert_true(str_is(f->added.v[0].text, "twenty"));
	assert_true(str_is(f->deleted.v[0].text, "20"));
	f = change_of(c, "d/b");
	assert_int_equal(f->status, 'R');
	assert_int_equal(f->added.n + f->deleted.n, 0);
	assert_int_equal(change_map(f, 7), 7);
	f = change_from(c, "k");
	assert_int_equal(f->status, 'D');
	assert_int_equal(f->deleted.n, 1);
	assert_int_equal(change_map(f, 1), 0);
	assert_null(change_of(c, "k"));
	assert_null(change_of(c, "README"));
	/* Files without content are not each other's. */
	assert_int_equal(change_of(c, "new")->status, 'A');
}

static void
maps_lines(void **state)
{
	AUTO(repo_close_p) struct repo *r = opened();
	AUTO(change_close_p) struct change *c = NULL;
	const struct change_file *f;
	int64_t old = 0, new;
	FILE *diff;
	char sign;

	(void)state;
	sh("seq 1 200 >a && git add . && git commit -q -m base");
	sh("sed -i -e '1d' -e '50a x\\ny' -e '100,110d' -e '150s/$/!/' -e '$a end' a");
	c = changed(r);
	f = change_of(c, "a");
	/* The line of the base and of the candidate have the same text. */
	sh("git show HEAD:a >../new");
	for (old = 1; old <= 200; old++) {
		AUTO(mem_free_p) char *text = NULL;

		new = change_map(f, old);
		if (old == 1 || (old >= 100 && old <= 110) || old == 150) {
			assert_int_equal(new, 0);
			continue;
		}
		assert_int_not_equal(new, 0);
		if (old % 13 != 0)
			continue;
		text = sh_out("sed -n %lldp ../new", (long long)new);
		assert_int_equal(atoll(text), old);
	}
	assert_true(change_has_added(f, 50));
	assert_true(change_has_added(f, 51));
	assert_false(change_has_added(f, 52));
	/* As git tells it. */
	diff = popen("git diff -U0 HEAD~1 HEAD -- a | grep -c '^[+][^+]'", "r");
	assert_int_equal(fscanf(diff, "%c", &sign), 1);
	pclose(diff);
	assert_int_equal(sign - '0', f->added.n);
}

static void
sees_moved_lines(void **state)
{
	static const char body[] = "int count_words(const char *s)\n{\n\tint n = 0;\n\treturn n + (int)strlen(s);\n}\n";
	AUTO(repo_close_p) struct repo *r = opened();
	AUTO(change_close_p) struct change *c = NULL;
	const struct change_file *f;
	size_t i;

	(void)state;
	sh("printf '%s' >a; seq 1 30 >>a; echo 'int z;' >b; git add . && git commit -q -m base", body);
	/* Moved to b once, and copied there a second time. */
	sh("seq 1 30 >a; echo 'int z;' >b; printf '%s' >>b; printf '%s' >>b; printf 'return n;\\n' >>b", body, body);
	c = changed(r);
	f = change_of(c, "b");
	assert_int_equal(f->added.n, 11);
	for (i = 0; i < 5; i++)
		assert_true(f->added.v[i].moved);
	for (; i < 11; i++)
		assert_false(f->added.v[i].moved);
}

static void
knows_no_lines(void **state)
{
	AUTO(repo_close_p) struct repo *r = opened();
	AUTO(change_close_p) struct change *c = NULL;
	struct str text;

	(void)state;
	sh("printf 'a\\0b' >bin; echo x >t; ln -s t l; git add . && git commit -q -m base");
	/* Attributes of the change decide nothing. */
	sh("printf 'a\\0c' >bin; head -c 9000000 /dev/zero | tr '\\0' x >big; echo '*.c -diff binary' >.gitattributes;"
	   "echo 'int y;' >src/x.c; rm l; printf 'one\\ntwo\\n' >l");
	c = changed(r);
	assert_true(change_of(c, "bin")->binary);
	assert_int_equal(change_map(change_of(c, "bin"), 1), 0);
	assert_true(change_of(c, "big")->large);
	assert_int_equal(change_of(c, "big")->added.n, 0);
	assert_int_equal(change_of(c, "src/x.c")->added.n, 1);
	assert_int_equal(change_of(c, "l")->status, 'T');
	assert_int_equal(change_of(c, "l")->added.n, 2);
	fails(change_text(c, "big", false, &text), ERR_LIMIT, "big");
	fails(change_text(c, "nowhere", false, &text), ERR_NOT_FOUND, "nowhere");
	ok(change_text(c, "l", true, &text));
	assert_true(str_is(text, "t"));
	ok(change_text(c, "l", false, &text));
	assert_true(str_is(text, "one\ntwo\n"));
}

static void
takes_no_change(void **state)
{
	AUTO(repo_close_p) struct repo *r = opened();
	AUTO(change_close_p) struct change *c = NULL;
	AUTO(change_close_p) struct change *all = NULL;
	struct oid tree = sh_oid("HEAD^{tree}");

	(void)state;
	ok(change_open(r, &tree, &tree, &c));
	assert_int_equal(change_count(c), 0);
	ok(change_open(r, &oid_empty_tree, &tree, &all));
	assert_int_equal(change_count(all), 5);
	assert_string_equal(change_at(all, 0)->path, "README");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(follows_renames),
		TEST_REPO(maps_lines),
		TEST_REPO(sees_moved_lines),
		TEST_REPO(knows_no_lines),
		TEST_REPO(takes_no_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
