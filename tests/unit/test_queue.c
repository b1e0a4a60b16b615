/* store/queue, inbox, cache and ledger: what is next, and what people wrote. */
#include "store_fixture.h"

#include "model/run.h"
#include "store/ledger.h"

static void
the_most_urgent_ready_task_is_next(void **state UNUSED)
{
	struct store s = {0};
	struct queue_counts n;
	struct id low, high, waits, next;

	store_open(&s);
	fails(queue_next(s.queue, &next), ERR_NOTHING_READY, "there is none to do");
	low = file_task(&s, "Later", 3, NULL);
	high = file_task(&s, "Soon", 1, NULL);
	waits = file_task(&s, "At once, but after", 0, low.s);
	ok(queue_next(s.queue, &next));
	assert_string_equal(next.s, high.s);
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.ready, 2);
	assert_int_equal(n.waiting, 1);
	assert_string_equal(get(&s, &waits)->after.v[0], low.s);
	store_close(&s);
}

static struct err *
land(struct state_step *t UNUSED, struct task *task, void *ctx UNUSED)
{
	task->state = TASK_LANDED;
	return NULL;
}

static struct err *
hold(struct state_step *t UNUSED, struct task *task, void *ctx)
{
	task_set(task, &task->hold, ctx);
	return NULL;
}

static void
a_change_moves_to_the_archive_and_frees_what_waits(void **state UNUSED)
{
	struct store s = {0};
	struct queue_counts n;
	struct queue_row row;
	struct id first, second, next;

	store_open(&s);
	first = file_task(&s, "First", 2, NULL);
	second = file_task(&s, "Second", 2, first.s);
	ok(queue_change(s.queue, &first, "land", land, NULL));
	ok(queue_get(s.queue, &first, &row));
	assert_true(row.archived);
	sh("git cat-file -e refs/factory/state:archive/%c/%c/%s.md", first.s[0], first.s[1], first.s);
	sh("! git cat-file -e refs/factory/state:tasks/%c/%c/%s.md 2>/dev/null", first.s[0], first.s[1], first.s);
	ok(queue_next(s.queue, &next));
	assert_string_equal(next.s, second.s);
	ok(queue_change(s.queue, &second, "hold", hold, (char[]){"not now"}));
	fails(queue_next(s.queue, &next), ERR_NOTHING_READY, "1 held");
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.held, 1);
	assert_int_equal(n.landed, 1);
	store_close(&s);
}

static void
ids_abbreviate(void **state UNUSED)
{
	struct store s = {0};
	struct id id, found;
	char prefix[ID_MIN + 1];

	store_open(&s);
	id = file_task(&s, "One", 2, NULL);
	snprintf(prefix, sizeof(prefix), "%.4s", id.s);
	ok(queue_find(s.queue, prefix, &found));
	assert_string_equal(found.s, id.s);
	prefix[0] = (char)(prefix[0] >= 'a' ? prefix[0] - 'a' + 'A' : prefix[0]);
	ok(queue_find(s.queue, prefix, &found));
	fails(queue_find(s.queue, "abc", &found), ERR_NOT_FOUND, "'abc'");
	fails(queue_find(s.queue, "no id at all", &found), ERR_NOT_FOUND, "no id");
	/* Two of the same first letters, written by hand. */
	sh("git worktree add -q ../view factory-state && cd ../view && mkdir -p tasks/q/q &&"
	   "printf -- '---\\ntitle: Q one\\n---\\n' >tasks/q/q/qqqqaaaa.md &&"
	   "printf -- '---\\ntitle: Q two\\n---\\n' >tasks/q/q/qqqqbbbb.md &&"
	   "git add . && git commit -qm two");
	store_again(&s);
	fails(queue_find(s.queue, "qqqq", &found), ERR_AMBIGUOUS, "qqqqaaaa (Q one), qqqqbbbb (Q two)");
	ok(queue_find(s.queue, "qqqqb", &found));
	store_close(&s);
}

static void
people_edit_with_plain_git(void **state UNUSED)
{
	AUTO(mem_free_p) char *path = NULL, *text = NULL;
	struct store s = {0};
	struct queue_row row;
	struct id id, next;
	struct oid tip;

	store_open(&s);
	id = file_task(&s, "Say hello", 2, NULL);
	path = file_of(&id);
	/* The title, with a comment; a machine field dropped; a new file of any name. */
	sh("git worktree add -q ../view factory-state && cd ../view &&"
	   "sed -i 's/^title:.*/title: Say hello twice # really/; /^created:/d' %s &&"
	   "mkdir -p tasks && printf '# Mend the door\\n\\nIt squeaks.\\n' >tasks/door.md &&"
	   "git add . && git commit -qm edit", path);
	/* Meanwhile the factory writes too. */
	ok(state_change(s.state, &id, "hold", hold, (char[]){"wait"}));
	store_again(&s);
	assert_string_equal(get(&s, &id)->title, "Say hello twice");
	assert_string_equal(get(&s, &id)->hold, (char[]){"wait"});
	assert_true(get(&s, &id)->created > 0);
	text = sh_out("git show refs/factory/state:%s", path);
	assert_non_null(strstr(text, "# really"));
	ok(queue_next(s.queue, &next));
	assert_string_equal(get(&s, &next)->title, "Mend the door");
	sh("! git cat-file -e refs/factory/state:tasks/door.md 2>/dev/null");
	/* A true merge, and the checked-out branch was left alone. */
	sh("git merge-base --is-ancestor factory-state refs/factory/state");
	sh("test $(git rev-parse factory-state) != $(git rev-parse refs/factory/state) && test -z \"$(git -C ../view status --porcelain)\"");
	ok(state_tip(s.state, &tip));
	/* The person edits the file under its own name once more. */
	sh("cd ../view && sed -i 's/squeaks/squeaks loudly/' tasks/door.md && git commit -qam again");
	store_again(&s);
	ok(queue_get(s.queue, &next, &row));
	assert_non_null(strstr(row.task->body, "loudly"));
	store_close(&s);
}

static void
the_view_follows_when_nobody_has_it(void **state UNUSED)
{
	struct store s = {0};

	store_open(&s);
	sh("git worktree add -q ../view factory-state && cd ../view && mkdir tasks &&"
	   "printf '# New\\n' >tasks/new.md && git add . && git commit -qm new && cd ../repo && git worktree remove ../view");
	store_again(&s);
	sh("test $(git rev-parse factory-state) = $(git rev-parse refs/factory/state)");
	sh("git log -1 --format=%%B refs/factory/state | grep -q '^Filed: tasks/new.md as '");
	store_close(&s);
}

static void
dropped_files_and_records_come_back(void **state UNUSED)
{
	AUTO(mem_free_p) char *path = NULL;
	const struct strs *remarks;
	struct store s = {0};
	struct id id;

	store_open(&s);
	id = file_task(&s, "Stay", 2, NULL);
	path = file_of(&id);
	sh("git worktree add -q ../view factory-state && cd ../view && git rm -q %s && git commit -qm rm", path);
	store_again(&s);
	assert_string_equal(get(&s, &id)->title, "Stay");
	remarks = queue_remarks(s.queue);
	assert_int_equal(remarks->n, 1);
	assert_non_null(strstr(remarks->v[0], "restored"));
	store_again(&s);
	assert_int_equal(queue_remarks(s.queue)->n, 0);
	store_close(&s);
}

static void
a_broken_file_blocks_only_itself(void **state UNUSED)
{
	AUTO(mem_free_p) char *path = NULL;
	struct store s = {0};
	struct queue_counts n;
	struct queue_row row;
	struct id bad, good, next;
	struct err *e;

	store_open(&s);
	bad = file_task(&s, "Soon bad", 0, NULL);
	good = file_task(&s, "Good", 3, NULL);
	ok(queue_change(s.queue, &bad, "hold", hold, (char[]){"x"}));
	path = file_of(&bad);
	sh("git worktree add -q ../view factory-state && cd ../view &&"
	   "sed -i 's/^priority:.*/priority: [1/' %s && git commit -qam break", path);
	store_again(&s);
	ok(queue_next(s.queue, &next));
	assert_string_equal(next.s, good.s);
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.broken, 1);
	ok(queue_get(s.queue, &bad, &row));
	assert_null(row.task);
	assert_memory_equal(row.broken, path, strlen(path));
	assert_non_null(strchr(row.broken + strlen(path) + 1, ':'));
	e = queue_change(s.queue, &bad, "hold", hold, (char[]){"y"});
	fails(e, ERR_SYNTAX, path);
	/* Mended, with the factory's fields gone meanwhile: they come back. */
	sh("cd ../view && sed -i 's/^priority:.*/priority: 1/; /^created:/d' %s && git commit -qam mend", path);
	store_again(&s);
	assert_int_equal(get(&s, &bad)->priority, 1);
	assert_true(get(&s, &bad)->created > 0);
	store_close(&s);
}

static void
a_new_file_that_was_broken_begins_when_it_is_mended(void **state UNUSED)
{
	struct store s = {0};
	AUTO(strs_free) struct strs conflicts = {0};
	struct queue_counts n;
	struct id next;

	store_open(&s);
	sh("git worktree add -q ../view factory-state && cd ../view && mkdir tasks &&"
	   "printf -- '---\ntitle: [x\n---\n' >tasks/new.md && git add . && git commit -qm new");
	store_again(&s);
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.broken, 1);
	sh("cd ../view && printf -- '---\ntitle: x\n---\n' >tasks/new.md && git commit -qam mend");
	store_again(&s);
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.broken, 0);
	assert_int_equal(n.ready, 1);
	ok(queue_next(s.queue, &next));
	assert_string_equal(get(&s, &next)->id, next.s);
	assert_true(get(&s, &next)->created > 0);
	/* And broken again, then mended by the whole file. */
	sh("cd ../view && git merge -q --ff-only refs/factory/state && printf -- '---\ntitle: [x\n---\n' >$(git ls-files tasks) &&"
	   "git commit -qam break");
	store_again(&s);
	ok(queue_edit(s.queue, &next, (struct str){0}, STR("# Mended\n"), &conflicts));
	assert_string_equal(get(&s, &next)->title, "Mended");
	assert_true(get(&s, &next)->created > 0);
	store_close(&s);
}

static void
closing_by_hand_closes(void **state UNUSED)
{
	AUTO(mem_free_p) char *path = NULL;
	struct store s = {0};
	struct queue_row row;
	struct id id;

	store_open(&s);
	id = file_task(&s, "Never mind", 2, NULL);
	path = file_of(&id);
	sh("git worktree add -q ../view factory-state && cd ../view &&"
	   "sed -i 's/^title:/close: not wanted\\ntitle:/' %s && git commit -qam close", path);
	store_again(&s);
	ok(queue_get(s.queue, &id, &row));
	assert_true(row.archived);
	assert_int_equal(row.task->state, TASK_CLOSED);
	store_close(&s);
}

static struct err *
escalate(struct state_step *t UNUSED, struct task *task, void *ctx UNUSED)
{
	task->state = TASK_ESCALATED;
	task_set(task, &task->question, "Which colour?");
	return NULL;
}

static void
changing_the_spec_answers_the_question(void **state UNUSED)
{
	AUTO(mem_free_p) char *path = NULL;
	struct store s = {0};
	struct id id, next;

	store_open(&s);
	id = file_task(&s, "Paint it", 2, NULL);
	path = file_of(&id);
	ok(queue_change(s.queue, &id, "escalate", escalate, NULL));
	fails(queue_next(s.queue, &next), ERR_NOTHING_READY, "1 escalated");
	/* A label is no answer; and nobody lands a task by writing so. */
	sh("git worktree add -q ../view factory-state && cd ../view &&"
	   "sed -i 's/^state:.*/state: landed\\nlabels: [x]/' %s && git commit -qam label", path);
	store_again(&s);
	assert_int_equal(get(&s, &id)->state, TASK_ESCALATED);
	assert_true(strs_has(&get(&s, &id)->labels, "x"));
	sh("cd ../view && echo 'Red, please.' >>%s && git commit -qam answer", path);
	store_again(&s);
	assert_int_equal(get(&s, &id)->state, TASK_QUEUED);
	assert_string_equal(get(&s, &id)->question, "");
	ok(queue_next(s.queue, &next));
	store_close(&s);
}

static void
a_strange_branch_is_told_and_left_alone(void **state UNUSED)
{
	struct store s = {0};
	struct id id;

	store_open(&s);
	id = file_task(&s, "Here", 2, NULL);
	sh("git branch -f factory-state main");
	store_again(&s);
	assert_string_equal(get(&s, &id)->title, "Here");
	assert_non_null(strstr(queue_remarks(s.queue)->v[0], "shares no history"));
	file_task(&s, "Still works", 2, NULL);
	sh("test $(git rev-parse factory-state) = $(git rev-parse main)");
	store_close(&s);
}

static void
hostile_files_do_not_stop_the_fold(void **state UNUSED)
{
	struct store s = {0};
	struct queue_counts n;

	store_open(&s);
	sh("git worktree add -q ../view factory-state && cd ../view && mkdir -p tasks &&"
	   "ln -s /etc/passwd tasks/link.md && printf '# Ok\\n' >'tasks/a\\b.md' &&"
	   "head -c 2000000 /dev/zero >tasks/big.md && printf '# Fine\\n' >tasks/fine.md &&"
	   "printf -- '---\\nx: &a [1]\\ny: *a\\n---\\n' >tasks/alias.md &&"
	   "git add . && git commit -qm hostile");
	store_again(&s);
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.ready, 1);
	assert_int_equal(n.broken, 1);
	assert_int_equal(queue_remarks(s.queue)->n, 5);
	store_close(&s);
}

/* ---- the cache ---- */

static void
the_cache_is_disposable(void **state UNUSED)
{
	struct store s = {0};
	struct id id;

	store_open(&s);
	id = file_task(&s, "Kept", 2, NULL);
	sh("rm .git/factory/cache.db");
	store_again(&s);
	assert_string_equal(get(&s, &id)->title, "Kept");
	queue_close(s.queue);
	s.queue = NULL;
	sh("head -c 8192 /dev/urandom >.git/factory/cache.db");
	store_again(&s);
	assert_string_equal(get(&s, &id)->title, "Kept");
	queue_close(s.queue);
	s.queue = NULL;
	/* Damage behind a sound header. */
	sh("dd if=/dev/urandom of=.git/factory/cache.db bs=4096 seek=1 count=3 conv=notrunc 2>/dev/null");
	store_again(&s);
	assert_string_equal(get(&s, &id)->title, "Kept");
	store_close(&s);
}

static void
the_cache_follows_a_rewound_state(void **state UNUSED)
{
	struct store s = {0};
	struct queue_counts n;

	store_open(&s);
	file_task(&s, "One", 2, NULL);
	file_task(&s, "Two", 2, NULL);
	sh("git update-ref refs/factory/state refs/factory/state~1 && git branch -f factory-state refs/factory/state");
	store_again(&s);
	ok(queue_count(s.queue, &n));
	assert_int_equal(n.ready, 1);
	assert_int_equal(queue_remarks(s.queue)->n, 1);
	assert_non_null(strstr(queue_remarks(s.queue)->v[0], "rewound"));
	store_again(&s);
	assert_int_equal(queue_remarks(s.queue)->n, 0);
	store_close(&s);
}

/* ---- the ledger ---- */

static struct err *
put_run(struct state_step *t, void *ctx)
{
	return ledger_put(t, ctx);
}

static struct err *
count_run(const struct run *r UNUSED, void *ctx, bool *more UNUSED)
{
	++*(int *)ctx;
	return NULL;
}

static void
records_are_written_once(void **state UNUSED)
{
	AUTO(buf_free) struct buf notes = BUF_INIT(MIB);
	struct store s = {0};
	struct run r, got;
	struct id id, run = id_new();
	struct oid head;
	int n = 0;

	store_open(&s);
	id = file_task(&s, "Ran", 2, NULL);
	run_init(&r);
	run_init(&got);
	run_set(&r, &r.id, run.s);
	run_set(&r, &r.task, id.s);
	run_set(&r, &r.title, "Ran");
	run_set(&r, &r.base, "0123456789012345678901234567890123456789");
	r.attempt = 1;
	r.started = 1700000000;
	r.ended = 1700000060;
	ok(state_update(s.state, "record", put_run, &r));
	ok(state_update(s.state, "again", put_run, &r));
	r.iterations = 3;
	fails(state_update(s.state, "other", put_run, &r), ERR_STATE, "on record already");
	store_again(&s);
	fails(ledger_get(s.queue, "nope", &got), ERR_NOT_FOUND, "no run 'nope'");
	run.s[5] = '\0';
	ok(ledger_get(s.queue, run.s, &got));
	assert_string_equal(got.task, id.s);
	ok(ledger_each(s.queue, &id, count_run, &n));
	assert_int_equal(n, 1);

	head = sh_oid("HEAD");
	ok(ledger_note(s.state, &head, STR("{\"run\":1}\n")));
	ok(ledger_note(s.state, &head, STR("{\"run\":1}")));
	ok(ledger_notes(s.state, &head, &notes));
	assert_string_equal(buf_cstr(&notes), "{\"run\":1}\n");
	sh("git log -1 --notes=factory HEAD | grep -q '{\"run\":1}'");
	run_free(&r);
	run_free(&got);
	store_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_REPO(the_most_urgent_ready_task_is_next),
	    TEST_REPO(a_change_moves_to_the_archive_and_frees_what_waits),
	    TEST_REPO(ids_abbreviate),
	    TEST_REPO(people_edit_with_plain_git),
	    TEST_REPO(the_view_follows_when_nobody_has_it),
	    TEST_REPO(dropped_files_and_records_come_back),
	    TEST_REPO(a_broken_file_blocks_only_itself),
	    TEST_REPO(a_new_file_that_was_broken_begins_when_it_is_mended),
	    TEST_REPO(closing_by_hand_closes),
	    TEST_REPO(changing_the_spec_answers_the_question),
	    TEST_REPO(a_strange_branch_is_told_and_left_alone),
	    TEST_REPO(hostile_files_do_not_stop_the_fold),
	    TEST_REPO(the_cache_is_disposable),
	    TEST_REPO(the_cache_follows_a_rewound_state),
	    TEST_REPO(records_are_written_once),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
