/*
 * Classes of failure: every error has one, every class a policy that makes
 * sense, and what they add up to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/failure.h"
#include "model/run.h"
#include "model/task.h"

static void
test_every_code_has_a_class(void **state)
{
	static const enum err_code nobodys[] = {ERR_NOTHING_READY, ERR_USAGE, ERR_INTERRUPTED,
	    ERR_AMBIGUOUS, ERR_STALE, ERR_TAKEN, ERR_LOCKED, ERR_AGAIN};
	size_t i, none = 0;

	(void)state;
	for (i = 0; i < ERR_CODES; i++) {
		AUTO(err_free_p) struct err *e = err_new((enum err_code)i, "x");
		enum failure f = failure_of(e);

		assert_true(f >= FAILURE_NONE && f < FAILURES);
		none += f == FAILURE_NONE;
	}
	for (i = 0; i < NITEMS(nobodys); i++) {
		AUTO(err_free_p) struct err *e = err_new(nobodys[i], "x");

		assert_int_equal(failure_of(e), FAILURE_NONE);
	}
	assert_int_equal(none, NITEMS(nobodys));
	assert_int_equal(failure_of(NULL), FAILURE_NONE);
}

static void
test_the_table_is_whole(void **state)
{
	size_t i, j;

	(void)state;
	for (i = FAILURE_NONE + 1; i < FAILURES; i++) {
		const struct failure_row *r = failure_row((enum failure)i);
		enum failure back;

		assert_true(r->word[0] != '\0' && strlen(r->word) < 32);
		assert_true(r->prose[0] != '\0');
		assert_true(failure_parse(r->word, &back) && back == i);
		assert_true(r->policy.max >= 0 && r->policy.wait >= 0);
		assert_true(r->policy.ceiling >= r->policy.wait);
		assert_true(r->policy.deadline >= 100);
		assert_true(r->next != NEXT_ASK);
		for (j = i + 1; j < FAILURES; j++)
			assert_string_not_equal(r->word, failure_row((enum failure)j)->word);
	}
	assert_string_equal(failure_row(FAILURE_NONE)->word, "");
	assert_false(failure_parse("flood", NULL));
}

static void
test_waits_grow_within_bounds(void **state)
{
	struct failure_policy p = {.max = 20, .wait = 60, .ceiling = 3600, .deadline = 100, .agent = ""};
	int64_t n, want, seen[2] = {0, 0};
	int i;

	(void)state;
	for (n = 1; n <= 70; n++) {
		want = n > 6 ? 3600 : (int64_t)60 << (n - 1);
		for (i = 0; i < 200; i++) {
			struct id run = id_new();
			int64_t w = failure_wait(&p, n, 0, run.s);

			assert_in_range(w, want, want + want / 4);
			/* The same run decides the same, whenever it is asked. */
			assert_int_equal(w, failure_wait(&p, n, 0, run.s));
			seen[0] += n == 1 && w < 60 + 7;
			seen[1] += n == 1 && w > 60 + 8;
		}
	}
	/* Jitter spreads: both halves of the range are met. */
	assert_true(seen[0] > 40 && seen[1] > 40);
}

static void
test_a_server_is_not_asked_early(void **state)
{
	struct failure_policy p = {.max = 3, .wait = 60, .ceiling = 120, .deadline = 100, .agent = ""};
	struct failure_policy none = {.max = 3, .deadline = 100, .agent = ""};

	(void)state;
	assert_in_range(failure_wait(&p, 1, 600, "aaaabbbb"), 600, 750);
	assert_in_range(failure_wait(&p, 1, 5, "aaaabbbb"), 60, 75);
	assert_in_range(failure_wait(&p, 9, 5, "aaaabbbb"), 120, 150);
	assert_in_range(failure_wait(&p, 1, INT64_MAX, "aaaabbbb"), 7 * 86400, 9 * 86400);
	assert_int_equal(failure_wait(&none, 1, 0, "aaaabbbb"), 0);
}

static void
decide(enum failure f, const char *tries, int64_t most, struct failure_plan *plan, struct buf *line)
{
	AUTO(strs_free) struct strs list = {0};
	struct failure_case c = {.class = f, .policy = &failure_row(f)->policy, .tries = &list,
	    .most = most, .now = 1000, .run = "aaaabbbb"};
	struct str rest = str_of(tries), word;

	while (str_next(&rest, ' ', &word))
		if (word.n > 0)
			strs_addn(&list, word.p, word.n);
	failure_decide(&c, plan);
	buf_clear(line);
	failure_line(&c, plan, line);
}

static void
test_caps(void **state)
{
	AUTO(buf_free) struct buf line = BUF_INIT(KIB);
	struct failure_plan p;

	(void)state;
	decide(FAILURE_TESTS, "", 16, &p, &line);
	assert_int_equal(p.next, NEXT_ANEW);
	assert_int_equal(p.retry_at, 0);
	assert_string_equal(buf_cstr(&line), "another attempt, told what failed: 1 of 1 for test-failure");
	decide(FAILURE_TESTS, "test-failure:1", 16, &p, &line);
	assert_int_equal(p.next, NEXT_ASK);
	assert_true(p.capped);
	assert_string_equal(buf_cstr(&line), "a person decides: test-failure came 2 times");
	/* Counts of other classes are theirs; all together have a cap, too. */
	decide(FAILURE_TESTS, "network:5 timeout:1", 16, &p, &line);
	assert_int_equal(p.next, NEXT_ANEW);
	decide(FAILURE_TESTS, "network:5 timeout:1", 6, &p, &line);
	assert_int_equal(p.next, NEXT_ASK);
	assert_string_equal(buf_cstr(&line), "a person decides: 7 failures of all kinds");
	decide(FAILURE_AMBIGUOUS, "", 16, &p, &line);
	assert_int_equal(p.next, NEXT_ASK);
	assert_false(p.capped);
	assert_string_equal(buf_cstr(&line), "a person decides");
	decide(FAILURE_NETWORK, "network:2", 16, &p, &line);
	assert_int_equal(p.next, NEXT_RESUME);
	assert_in_range(p.retry_at, 1000 + 240, 1000 + 300);
	assert_string_equal(buf_cstr(&line), "it goes on where it was: 3 of 12 for network");
	decide(FAILURE_MACHINE, "network:99", 16, &p, &line);
	assert_int_equal(p.next, NEXT_MEND);
	decide(FAILURE_TIMEOUT, "", 16, &p, &line);
	assert_non_null(strstr(buf_cstr(&line), "200 % of the time"));
}

static void
test_hopeless_asks(void **state)
{
	struct strs none = {0};
	struct failure_case c = {.class = FAILURE_CONFLICT, .policy = &failure_row(FAILURE_CONFLICT)->policy,
	    .tries = &none, .most = 16, .run = "aaaabbbb", .hopeless = true};
	struct failure_plan p;

	(void)state;
	failure_decide(&c, &p);
	assert_int_equal(p.next, NEXT_ASK);
	assert_false(p.capped);
	assert_int_equal(p.retry_at, 0);
}

static void
test_counts(void **state)
{
	AUTO(strs_free) struct strs tries = {0};

	(void)state;
	strs_add(&tries, "gibberish");
	strs_add(&tries, "network:x");
	failure_count(&tries, "network");
	failure_count(&tries, "network");
	failure_count(&tries, "gate");
	assert_int_equal(failure_tries(&tries, FAILURE_NETWORK), 2);
	assert_int_equal(failure_tries(&tries, FAILURE_GATE), 1);
	assert_int_equal(failure_tries(&tries, FAILURE_TESTS), 0);
	assert_int_equal(failure_total(&tries), 3);
}

static void
end_run(struct task *t, enum run_outcome outcome, const char *class)
{
	AUTO(run_free) struct run r;

	run_init(&r);
	run_set(&r, &r.id, "aaaabbbb");
	run_set(&r, &r.class, class);
	run_set(&r, &r.next, "another attempt");
	r.outcome = outcome;
	r.attempt = t->attempts + 1;
	r.retry_at = outcome == RUN_FAILED ? 5000 : 0;
	task_take_run(t, &r);
}

static void
test_what_becomes_of_a_task(void **state)
{
	AUTO(task_free) struct task t;

	(void)state;
	task_init(&t);
	task_set(&t, &t.guess, "documentation 120");
	task_take_wait(&t, FAILURE_NETWORK, "network", 3000, "run aaaabbbb goes on");
	assert_int_equal(task_guess_cost(&t), 120);
	assert_int_equal(t.state, TASK_QUEUED);
	assert_int_equal(t.attempts, 0);
	assert_int_equal(t.retry_at, 3000);
	end_run(&t, RUN_FAILED, "test-failure");
	assert_string_equal(t.guess, "documentation 0");
	assert_int_equal(t.state, TASK_QUEUED);
	assert_int_equal(t.attempts, 1);
	assert_int_equal(t.retry_at, 5000);
	assert_string_equal(t.class, "test-failure");
	assert_int_equal(failure_total(&t.tries), 2);
	end_run(&t, RUN_ESCALATED, "test-failure");
	assert_int_equal(t.state, TASK_ESCALATED);
	assert_int_equal(failure_tries(&t.tries, FAILURE_TESTS), 2);
	/* A person started the escalated task again: it counts from nothing. */
	end_run(&t, RUN_FAILED, "test-failure");
	assert_int_equal(failure_total(&t.tries), 1);
	end_run(&t, RUN_DELIVERED, "");
	assert_int_equal(t.state, TASK_DELIVERED);
	assert_int_equal(t.tries.n, 0);
	assert_int_equal(t.retry_at, 0);
	assert_string_equal(t.class, "");
	assert_string_equal(t.next, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code_has_a_class),
		cmocka_unit_test(test_the_table_is_whole),
		cmocka_unit_test(test_waits_grow_within_bounds),
		cmocka_unit_test(test_a_server_is_not_asked_early),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_hopeless_asks),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_what_becomes_of_a_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
