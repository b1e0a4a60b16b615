#include "git_fixture.h"

#include <sys/wait.h>

#include "git/commit.h"
#include "git/note.h"
#include "git/notetree.h"
#include "git/ref.h"

static const struct ident bot = {.name = (char *)"Bot", .email = (char *)"bot@example.com", .when = 1700000000};

static struct repo *
opened(void)
{
	struct repo *r = NULL;

	ok(repo_open(".", &r));
	return r;
}

static struct oid
object(int i)
{
	struct oid o = {{(unsigned char)(i * 37), (unsigned char)(i >> 8), (unsigned char)i, 1}};

	return o;
}

static void
add_one(struct repo *r, const struct oid *commit, const char *line)
{
	struct note_line one = {*commit, str_of(line)};

	ok(note_add(r, REF_NOTES, &one, 1, &bot));
}

static void
assert_note(struct repo *r, const struct oid *commit, const char *want)
{
	AUTO(buf_free) struct buf b = BUF_INIT(NOTE_MAX);

	ok(note_read(r, REF_NOTES, commit, &b));
	assert_string_equal(buf_cstr(&b), want);
}

static void
adds_lines_that_git_reads(void **state)
{
	struct repo *r = opened();
	struct oid head = sh_oid("HEAD"), before, after;
	char *out;

	(void)state;
	assert_note(r, &head, "");
	add_one(r, &head, "{\"time\":\"b\"}");
	add_one(r, &head, "{\"time\":\"a\"}");
	ok(ref_read(r, REF_NOTES, &before));
	add_one(r, &head, "{\"time\":\"b\"}");
	ok(ref_read(r, REF_NOTES, &after));
	assert_true(oid_eq(&before, &after));
	assert_note(r, &head, "{\"time\":\"a\"}\n{\"time\":\"b\"}\n");
	out = sh_out("git log -1 --notes=factory --format=%%N");
	assert_string_equal(out, "{\"time\":\"a\"}\n{\"time\":\"b\"}");
	free(out);
	repo_close(r);
}

static struct err *
count_note(void *arg, const struct oid *commit, const struct oid *blob)
{
	(void)commit;
	(void)blob;
	++*(int *)arg;
	return NULL;
}

static void
makes_a_fan_out_that_git_reads(void **state)
{
	enum { N = 300 };
	struct note_line lines[N];
	struct repo *r = opened();
	struct oid head = sh_oid("HEAD"), one;
	char *out;
	int i, n = 0;

	(void)state;
	add_one(r, &head, "kept");
	for (i = 0; i < N; i++)
		lines[i] = (struct note_line){object(i), STR("line")};
	ok(note_add(r, REF_NOTES, lines, N, &bot));
	one = object(7);
	add_one(r, &one, "more");
	assert_note(r, &one, "line\nmore\n");
	assert_note(r, &head, "kept\n");
	ok(note_each(r, REF_NOTES, count_note, &n));
	assert_int_equal(n, N + 1);
	out = sh_out("git ls-tree refs/notes/factory | grep -c ' blob ' || true");
	assert_string_equal(out, "0");
	free(out);
	out = sh_out("git notes --ref=factory list | wc -l");
	assert_int_equal(atoi(out), N + 1);
	free(out);
	out = sh_out("git notes --ref=factory show HEAD");
	assert_string_equal(out, "kept");
	free(out);
	sh("git fsck --strict --no-dangling");
	repo_close(r);
}

static void
works_with_what_git_wrote(void **state)
{
	struct repo *r = opened();
	struct oid head = sh_oid("HEAD"), blob = sh_oid("HEAD:README");

	(void)state;
	sh("git notes --ref=factory add -m 'by git' HEAD && git notes --ref=factory add -m other HEAD:README &&"
	   "test -n \"$(git ls-tree refs/notes/factory)\"");
	add_one(r, &head, "by us");
	assert_note(r, &head, "by git\nby us\n");
	assert_note(r, &blob, "other\n");
	sh("git notes --ref=factory append -m 'git again' HEAD");
	add_one(r, &head, "us again");
	assert_note(r, &head, "by git\nby us\ngit again\nus again\n");
	repo_close(r);
}

static void
loses_none_of_eight_writers(void **state)
{
	enum { WRITERS = 8, EACH = 12 };
	struct repo *r = opened();
	struct oid head = sh_oid("HEAD");
	AUTO(buf_free) struct buf b = BUF_INIT(NOTE_MAX);
	int i, j, status, lines = 0, n = 0;
	size_t at;

	(void)state;
	for (i = 0; i < WRITERS; i++) {
		if (fork() == 0) {
			struct repo *mine = NULL;
			struct err *e = repo_open(".", &mine);

			for (j = 0; e == NULL && j < EACH; j++) {
				char line[64];
				struct note_line two[2];

				snprintf(line, sizeof(line), "writer %d line %02d", i, j);
				two[0] = (struct note_line){head, str_of(line)};
				two[1] = (struct note_line){object(i * EACH + j), str_of(line)};
				e = note_add(mine, REF_NOTES, two, 2, &bot);
			}
			if (e != NULL)
				print_error("%s\n", err_msg(e));
			_exit(e == NULL ? 0 : 1);
		}
	}
	for (i = 0; i < WRITERS; i++) {
		wait(&status);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	ok(note_read(r, REF_NOTES, &head, &b));
	for (at = 0; at < b.n; at++)
		lines += b.p[at] == '\n';
	assert_int_equal(lines, WRITERS * EACH);
	ok(note_each(r, REF_NOTES, count_note, &n));
	assert_int_equal(n, WRITERS * EACH + 1);
	sh("git fsck --strict --no-dangling");
	repo_close(r);
}

static void
merges_two_histories(void **state)
{
	struct repo *r = opened();
	struct oid head = sh_oid("HEAD"), a = object(1), b = object(2), base, ours, theirs, merged, again;

	(void)state;
	add_one(r, &head, "common");
	ok(ref_read(r, REF_NOTES, &base));
	add_one(r, &head, "ours");
	add_one(r, &a, "only ours");
	ok(ref_read(r, REF_NOTES, &ours));
	sh("git update-ref refs/notes/factory %s", oid_hex(&base).s);
	add_one(r, &head, "theirs");
	add_one(r, &b, "only theirs");
	ok(ref_read(r, REF_NOTES, &theirs));

	ok(note_merge(r, &ours, &theirs, &bot, &merged));
	sh("git update-ref refs/notes/factory %s", oid_hex(&merged).s);
	assert_note(r, &head, "common\nours\ntheirs\n");
	assert_note(r, &a, "only ours\n");
	assert_note(r, &b, "only theirs\n");
	ok(note_merge(r, &merged, &theirs, &bot, &again));
	assert_true(oid_eq(&again, &merged));
	ok(note_merge(r, &theirs, &merged, &bot, &again));
	assert_true(oid_eq(&again, &merged));
	ok(note_merge(r, &oid_zero, &ours, &bot, &again));
	assert_true(oid_eq(&again, &ours));
	repo_close(r);
}

/* As git's cat_sort_uniq would have it. */
static void
merges_as_git_does(void **state)
{
	struct repo *r = opened();
	struct oid head = sh_oid("HEAD"), base, ours, theirs, merged;
	char *want, *got;

	(void)state;
	add_one(r, &head, "m");
	ok(ref_read(r, REF_NOTES, &base));
	add_one(r, &head, "z");
	ok(ref_read(r, REF_NOTES, &ours));
	sh("git update-ref refs/notes/factory %s", oid_hex(&base).s);
	add_one(r, &head, "a");
	ok(ref_read(r, REF_NOTES, &theirs));
	ok(note_merge(r, &ours, &theirs, &bot, &merged));
	sh("git update-ref refs/notes/ours %s && git update-ref refs/notes/theirs %s &&"
	   "git update-ref refs/notes/merged %s && git notes --ref=ours merge -q -s cat_sort_uniq theirs",
	    oid_hex(&ours).s, oid_hex(&theirs).s, oid_hex(&merged).s);
	want = sh_out("git notes --ref=ours show HEAD");
	got = sh_out("git notes --ref=merged show HEAD");
	assert_string_equal(got, want);
	free(want);
	free(got);
	repo_close(r);
}

static void
prepares_for_a_transaction(void **state)
{
	struct repo *r = opened();
	struct oid head = sh_oid("HEAD"), old, new, tip;
	struct note_line line = {head, STR("one")};

	(void)state;
	ok(note_prepare(r, REF_NOTES, &line, 1, &bot, &old, &new));
	assert_true(oid_is_zero(&old));
	ok(ref_read(r, REF_NOTES, &tip));
	assert_true(oid_is_zero(&tip));
	ok(ref_cas(r, REF_NOTES, &old, &new, "notes"));
	assert_note(r, &head, "one\n");
	ok(note_prepare(r, REF_NOTES, &line, 1, &bot, &old, &new));
	assert_true(oid_eq(&old, &new));
	repo_close(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(adds_lines_that_git_reads),
		TEST_REPO(makes_a_fan_out_that_git_reads),
		TEST_REPO(works_with_what_git_wrote),
		TEST_REPO(loses_none_of_eight_writers),
		TEST_REPO(merges_two_histories),
		TEST_REPO(merges_as_git_does),
		TEST_REPO(prepares_for_a_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
