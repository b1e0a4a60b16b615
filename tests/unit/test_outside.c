/* line/pulls/outside: records of what the forge has. */
#include "git_fixture.h"

#include "forge/pull.h"
#include "git/ref.h"
#include "line/pulls/outside.h"
#include "store/state.h"

static char name[] = "A", email[] = "a@example.com";
static struct ident who = {name, email, 1700000000, 0};

static void
file_it(struct repo *r, const char *task, struct pull *p)
{
	AUTO(pull_move_free) struct pull_move m = {0};

	*p = (struct pull){.title = mem_strdup("Mend it"), .body = mem_strdup("Why\n"), .base = mem_strdup("main"),
	    .branch = mem_strdup("factory/x"), .created = 1700000000, .updated = 1700000000};
	assert_true(id_parse(str_of(task), &p->task));
	assert_true(id_parse(STR("runrunru"), &p->run));
	assert_true(oid_parse(STR("1234567890123456789012345678901234567890"), &p->head));
	assert_null(pull_prepare(r, p, &who, &m));
	assert_null(ref_cas(r, m.name, &m.from, &m.to, "test"));
	p->ref = m.to;
}

static bool
is_marked(struct repo *r, int64_t number)
{
	AUTO(pull_free) struct pull p = {0};

	assert_null(pull_read(r, number, &p));
	return !oid_is_zero(&p.marked);
}

static void
begin(struct outside *o, struct repo **r)
{
	struct state_opts so = {.clock = clock_system()};

	sh("git init -q -b main . && git config user.name A && git config user.email a@example.com && "
	   "git commit -q --allow-empty -m one");
	assert_null(repo_open(NULL, r));
	so.repo = o->repo = *r;
	assert_null(state_open(&so, &o->state));
	config_init(&o->policy.cfg);
}

static void
end(struct outside *o)
{
	config_free(&o->policy.cfg);
	state_close(o->state);
}

/* Somebody else moves its ref: they heard that it is 'outside' there, and delivered 'title'. */
static void
move_it(struct repo *r, int64_t number, int64_t outside, const char *title)
{
	AUTO(pull_move_free) struct pull_move m = {0};
	AUTO(pull_free) struct pull p = {0};

	assert_null(pull_read(r, number, &p));
	p.outside = outside;
	free(p.title);
	p.title = mem_strdup(title);
	assert_null(pull_prepare(r, &p, &who, &m));
	assert_null(ref_cas(r, m.name, &m.from, &m.to, "test"));
}

/* Else what was done there for the others is done again. */
static void
a_record_that_moved_takes_no_other_with_it(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	struct outside o = {0};
	struct pull p[3];
	size_t i;

	begin(&o, &r);
	file_it(r, "aaaaaaaa", &p[0]);
	file_it(r, "bbbbbbbb", &p[1]);
	file_it(r, "cccccccc", &p[2]);
	for (i = 0; i < NITEMS(p); i++) {
		p[i].marked = p[i].head;
		assert_null(outside_note(&o, &p[i]));
	}
	move_it(r, 2, 7, "Mend it");
	assert_null(outside_flush(&o));
	assert_true(is_marked(r, 1));
	assert_false(is_marked(r, 2));
	assert_true(is_marked(r, 3));
	assert_int_equal(o.moves.n, 0);
	for (i = 0; i < NITEMS(p); i++)
		pull_free(&p[i]);
	end(&o);
}

/* What was told there would pass for a person's otherwise. */
static void
what_is_delivered_anew_keeps_what_was_heard(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	struct outside o = {0};
	struct pull p, got = {0};

	begin(&o, &r);
	file_it(r, "aaaaaaaa", &p);
	p.outside = 42;
	p.told = p.pushed = p.head;
	assert_null(outside_note(&o, &p));
	move_it(r, 1, 0, "Mend it better");
	assert_null(outside_flush(&o));
	assert_null(pull_read(r, 1, &got));
	assert_string_equal(got.title, "Mend it better");
	assert_int_equal(got.outside, 42);
	assert_true(oid_eq(&got.told, &p.told));
	assert_true(oid_eq(&got.pushed, &p.pushed));
	pull_free(&p);
	pull_free(&got);
	end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_DIR(a_record_that_moved_takes_no_other_with_it),
		TEST_DIR(what_is_delivered_anew_keeps_what_was_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
