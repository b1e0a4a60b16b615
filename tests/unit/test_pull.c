/* forge/pull: pull requests inside the repository. */
#include "git_fixture.h"

#include "forge/pull.h"
#include "git/ref.h"

static char name[] = "A", email[] = "a@example.com";
static struct ident who = {name, email, 1700000000, 0};

static struct pull
sample(const char *task)
{
	struct pull p = {.title = mem_strdup("Mend \"it\""), .body = mem_strdup("What\nand why\n"),
	    .base = mem_strdup("main"), .branch = mem_strdup("factory/x"), .created = 1700000000,
	    .updated = 1700000000};

	assert_true(id_parse(str_of(task), &p.task));
	assert_true(id_parse(STR("runrunru"), &p.run));
	assert_true(oid_parse(STR("1234567890123456789012345678901234567890"), &p.head));
	return p;
}

static void
file_it(struct repo *r, struct pull *p)
{
	AUTO(pull_move_free) struct pull_move m = {0};

	assert_null(pull_prepare(r, p, &who, &m));
	assert_null(ref_cas(r, m.name, &m.from, &m.to, "test"));
	p->ref = m.to;
}

static void
numbers_count_up_and_are_found_again(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	struct pull a = sample("aaaaaaaa"), b = sample("bbbbbbbb"), got = {0};
	AUTO(pulls_free) struct pulls all = {0};

	sh("git init -q -b main . && git commit -q --allow-empty -m one");
	assert_null(repo_open(NULL, &r));
	file_it(r, &a);
	file_it(r, &b);
	assert_int_equal(a.number, 1);
	assert_int_equal(b.number, 2);
	sh("git pack-refs --all");
	assert_null(pull_read(r, 2, &got));
	assert_string_equal(got.task.s, b.task.s);
	assert_string_equal(got.title, "Mend \"it\"");
	assert_string_equal(got.body, "What\nand why\n");
	assert_true(oid_eq(&got.head, &b.head));
	assert_true(oid_is_zero(&got.landed));
	pull_free(&got);
	assert_null(pull_list(r, REF_PULLS, &all));
	assert_int_equal(all.n, 2);
	a.number = 0;
	a.ref = oid_zero;
	file_it(r, &a);
	assert_int_equal(a.number, 3);
	pull_free(&a);
	pull_free(&b);
}

/* What people and the forge came to is kept beside what the run writes. */
static void
review_and_forge_are_on_record(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	struct pull p = sample("aaaaaaaa"), anew = sample("aaaaaaaa"), got = {0};

	sh("git init -q -b main . && git commit -q --allow-empty -m one");
	assert_null(repo_open(NULL, &r));
	p.type = mem_strdup("feature");
	p.level = 2;
	strs_add(&p.reasons, "a new module: 'x.c'");
	p.outside = 42;
	p.url = mem_strdup("https://example.org/o/r/pull/42");
	p.told = p.pushed = p.marked = p.theirs = p.head;
	p.taken_by = mem_strdup("ada");
	p.asked = 5;
	p.reminded = 6;
	p.heard = 7;
	p.revisions = 2;
	file_it(r, &p);
	assert_null(pull_read(r, 1, &got));
	assert_int_equal(got.level, 2);
	assert_string_equal(got.type, "feature");
	assert_int_equal(got.reasons.n, 1);
	assert_string_equal(got.reasons.v[0], "a new module: 'x.c'");
	pull_inherit(&anew, &got);
	assert_int_equal(anew.outside, 42);
	assert_string_equal(anew.url, p.url);
	assert_true(oid_eq(&anew.told, &p.head));
	assert_string_equal(anew.taken_by, "ada");
	assert_true(oid_eq(&anew.pushed, &p.head) && oid_eq(&anew.marked, &p.head) && oid_eq(&anew.theirs, &p.head));
	assert_true(anew.asked == 5 && anew.reminded == 6 && anew.heard == 7 && anew.revisions == 2);
	assert_int_equal(anew.reasons.n, 0);
	pull_free(&p);
	pull_free(&anew);
	pull_free(&got);
}

static void
the_same_again_writes_nothing(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(pull_move_free) struct pull_move m = {0};
	struct pull p = sample("aaaaaaaa");

	sh("git init -q -b main . && git commit -q --allow-empty -m one");
	assert_null(repo_open(NULL, &r));
	file_it(r, &p);
	assert_null(pull_prepare(r, &p, &who, &m));
	assert_true(oid_eq(&m.from, &m.to));
	p.state = PULL_CLOSED;
	file_it(r, &p);
	sh("test $(git rev-list --count refs/factory/pulls/1) = 2");
	pull_free(&p);
}

static void
a_taken_number_is_stale(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(pull_move_free) struct pull_move m = {0};
	struct pull a = sample("aaaaaaaa"), b = sample("bbbbbbbb");
	struct err *e;

	sh("git init -q -b main . && git commit -q --allow-empty -m one");
	assert_null(repo_open(NULL, &r));
	assert_null(pull_prepare(r, &a, &who, &m));
	file_it(r, &b);
	assert_int_equal(b.number, a.number);
	e = ref_cas(r, m.name, &m.from, &m.to, "test");
	assert_int_equal(err_code(e), ERR_STALE);
	err_free(e);
	pull_free(&a);
	pull_free(&b);
}

static void
what_is_none_is_named(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	struct pull p = {0};
	struct err *e;

	sh("git init -q -b main . && git commit -q --allow-empty -m one");
	assert_null(repo_open(NULL, &r));
	e = pull_read(r, 7, &p);
	assert_int_equal(err_code(e), ERR_NOT_FOUND);
	err_free(e);
	sh("git update-ref refs/factory/pulls/7 HEAD");
	e = pull_read(r, 7, &p);
	assert_non_null(strstr(err_msg(e), "refs/factory/pulls/7"));
	err_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_count_up_and_are_found_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(review_and_forge_are_on_record, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_same_again_writes_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_taken_number_is_stale, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_none_is_named, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
