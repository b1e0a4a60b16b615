#include "git_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "git/apart.h"
#include "git/commit.h"
#include "git/place.h"
#include "git/race.h"
#include "git/ref.h"
#include "git/tip.h"
#include "git/tree.h"
#include "git/txn.h"

static struct repo *
opened(void)
{
	struct repo *r = NULL;

	ok(repo_open(".", &r));
	return r;
}

static struct oid
another_commit(struct repo *r, const char *message)
{
	struct ident who = {.name = (char *)"T", .email = (char *)"t@example.com", .when = 1700000000};
	struct commit_spec spec = {.author = &who, .message = message};
	struct oid head, oid;

	ok(tip_read(r, "HEAD", &head));
	ok(commit_tree(r, &head, &spec.tree));
	spec.parents = &head;
	spec.nparents = 1;
	ok(commit_create(r, &spec, &oid));
	return oid;
}

static void
reads_loose_packed_and_symbolic(void **state)
{
	struct repo *r = opened();
	struct oid want = sh_oid("HEAD"), tag, got;
	char *target;

	(void)state;
	sh("git tag -a -m t v1 && for i in 1 2 3 4 5 6 7 8 9; do git branch b/$i; done");
	tag = sh_oid("refs/tags/v1");
	ok(tip_read(r, "HEAD", &got));
	assert_true(oid_eq(&got, &want));
	sh("git pack-refs --all");
	ok(tip_read(r, "refs/heads/main", &got));
	assert_true(oid_eq(&got, &want));
	ok(tip_read(r, "refs/heads/b/9", &got));
	assert_true(oid_eq(&got, &want));
	ok(tip_read(r, "refs/tags/v1", &got));
	assert_true(oid_eq(&got, &tag));
	ok(tip_read(r, "refs/heads/b", &got));
	assert_true(oid_is_zero(&got));
	ok(tip_read(r, "refs/zzz", &got));
	assert_true(oid_is_zero(&got));
	ok(tip_read(r, "refs/aaa", &got));
	assert_true(oid_is_zero(&got));
	ok(tip_symbolic(repo_place(r), "HEAD", &target));
	assert_string_equal(target, "refs/heads/main");
	free(target);
	sh("git symbolic-ref refs/heads/loop refs/heads/loop");
	fails(tip_read(r, "refs/heads/loop", &got), ERR_REPOSITORY, "leads nowhere");
	sh("echo garbage > .git/refs/heads/bad");
	fails(tip_read(r, "refs/heads/bad", &got), ERR_REPOSITORY, "holds no object id");
	repo_close(r);
}

/* Every packed name is found, at each size of the file; so is none between. */
static void
finds_every_packed_ref(void **state)
{
	struct oid head = sh_oid("HEAD"), got;
	struct repo *r = opened();
	int size, i;

	(void)state;
	for (size = 1; size <= 40; size++) {
		FILE *f = fopen(".git/packed-refs", "w");

		assert_non_null(f);
		fprintf(f, "# pack-refs with: peeled fully-peeled sorted \n");
		for (i = 0; i < size; i++) {
			fprintf(f, "%s refs/x/%03d%.*s\n", oid_hex(&head).s, 2 * i + 1, i % 7, "abcdefg");
			if (i % 3 == 0)
				fprintf(f, "^%s\n", oid_hex(&head).s);
		}
		assert_int_equal(fclose(f), 0);
		for (i = 0; i < size; i++) {
			char name[64];

			snprintf(name, sizeof(name), "refs/x/%03d%.*s", 2 * i + 1, i % 7, "abcdefg");
			ok(tip_read(r, name, &got));
			assert_true(oid_eq(&got, &head));
			snprintf(name, sizeof(name), "refs/x/%03d", 2 * i);
			ok(tip_read(r, name, &got));
			assert_true(oid_is_zero(&got));
		}
	}
	repo_close(r);
}

static void
lists_by_prefix(void **state)
{
	AUTO(refs_free) struct refs refs = {0};
	struct repo *r = opened();

	(void)state;
	sh("git update-ref refs/factory/pulls/2 HEAD && git update-ref refs/factory/pulls/10 HEAD &&"
	   "git pack-refs --all && git update-ref refs/factory/pulls/1 HEAD && git update-ref -d refs/factory/pulls/10 &&"
	   "git update-ref refs/factory/runs/a HEAD && touch .git/refs/factory/pulls/9.lock");
	ok(ref_list(r, "refs/factory/pulls/", &refs));
	assert_int_equal(refs.n, 2);
	assert_string_equal(refs.v[0].name, "refs/factory/pulls/1");
	assert_string_equal(refs.v[1].name, "refs/factory/pulls/2");
	refs_free(&refs);
	ok(ref_list(r, "refs/factory/", &refs));
	assert_int_equal(refs.n, 3);
	refs_free(&refs);
	ok(ref_list(r, "refs/factory/leases/", &refs));
	assert_int_equal(refs.n, 0);
	fails(ref_list(r, "refs/../../x", &refs), ERR_DENIED, "refs/../../x");
	repo_close(r);
}

static void
swaps_only_what_it_expects(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), b = another_commit(r, "b"), got;

	(void)state;
	ok(ref_cas(r, REF_STATE, &oid_zero, &a, "start"));
	fails(ref_cas(r, REF_STATE, &oid_zero, &b, "again"), ERR_STALE, "exists already");
	fails(ref_cas(r, REF_STATE, &b, &a, "wrong"), ERR_STALE, "has moved to");
	ok(ref_cas(r, REF_STATE, &a, &b, "move"));
	ok(ref_read(r, REF_STATE, &got));
	assert_true(oid_eq(&got, &b));
	fails(ref_cas(r, REF_STATE, &a, &oid_zero, "delete"), ERR_STALE, "has moved");
	sh("git pack-refs --all");
	fails(ref_cas(r, REF_STATE, &oid_zero, &a, "packed"), ERR_STALE, "exists already");
	ok(ref_cas(r, REF_STATE, &b, &oid_zero, "delete"));
	ok(ref_read(r, REF_STATE, &got));
	assert_true(oid_is_zero(&got));
	fails(ref_cas(r, REF_STATE, &b, &a, "gone"), ERR_STALE, "is gone");
	sh("git fsck --no-dangling && ! grep -q factory .git/packed-refs");
	repo_close(r);
}

static void
refuses_dangling_and_symbolic(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), none = a;

	(void)state;
	none.id[0] ^= 1;
	fails(ref_cas(r, REF_STATE, &oid_zero, &none, "x"), ERR_REPOSITORY, "no such object");
	sh("git symbolic-ref refs/heads/alias refs/heads/main");
	fails(ref_cas(r, "refs/heads/alias", &a, &oid_zero, "x"), ERR_STATE, "is symbolic");
	fails(ref_cas(r, "HEAD", &a, &oid_zero, "x"), ERR_DENIED, "HEAD is not moved by name");
	repo_close(r);
}

static void
says_what_is_in_the_way(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD");

	(void)state;
	sh("git branch factory && git branch deep/er");
	fails(ref_cas(r, "refs/heads/factory/x", &oid_zero, &a, "m"), ERR_STATE, "'refs/heads/factory' is in its way");
	fails(ref_cas(r, "refs/heads/deep", &oid_zero, &a, "m"), ERR_STATE, "'refs/heads/deep/er' is in its way");
	sh("git pack-refs --all");
	fails(ref_cas(r, "refs/heads/factory/x", &oid_zero, &a, "m"), ERR_STATE, "'refs/heads/factory' is in its way");
	fails(ref_cas(r, "refs/heads/deep", &oid_zero, &a, "m"), ERR_STATE, "'refs/heads/deep/er' is in its way");
	repo_close(r);
}

static void
keeps_the_reflog_of_branches(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), b = another_commit(r, "b");
	char *log;

	(void)state;
	sh("git checkout -q --detach && git config user.name U && git config user.email u@example.com");
	ok(ref_cas(r, "refs/heads/main", &a, &b, "factory: land"));
	log = sh_out("git reflog -1 --format=%%gs main");
	assert_string_equal(log, "factory: land");
	free(log);
	repo_close(r);
}

static void
deletes_packed_refs_and_their_logs(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), b = another_commit(r, "b"), got;

	(void)state;
	sh("git branch deep/er/x && git branch keep && git tag -a -m t tagged && git tag zz && git pack-refs --all");
	ok(ref_cas(r, "refs/heads/deep/er/x", &a, &b, "moved"));
	ok(ref_cas(r, "refs/heads/deep/er/x", &b, &oid_zero, "gone"));
	ok(ref_read(r, "refs/heads/deep/er/x", &got));
	assert_true(oid_is_zero(&got));
	sh("! git show-ref --verify -q refs/heads/deep/er/x && test ! -e .git/logs/refs/heads/deep &&"
	   "test ! -e .git/refs/heads/deep && git show-ref -q keep && git show-ref -d tagged | grep -q '\\^{}' &&"
	   "git rev-parse -q --verify zz && git fsck --no-dangling && ! grep -q deep .git/packed-refs");
	ok(ref_read(r, "refs/tags/tagged", &got));
	ok(ref_cas(r, "refs/tags/tagged", &got, &oid_zero, "a peeled one"));
	sh("! git show-ref -q tagged && git rev-parse -q --verify zz && ! grep -q '^\\^' .git/packed-refs");
	/* A folder that is empty is in nobody's way. */
	sh("mkdir -p .git/refs/heads/empty/er .git/logs/refs/heads/empty/er");
	ok(ref_cas(r, "refs/heads/empty", &oid_zero, &a, "made"));
	sh("test \"$(git log -g -1 --format=%%gs empty)\" = made");
	repo_close(r);
}

static void
logs_what_git_would_log(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), b = another_commit(r, "b");

	(void)state;
	ok(ref_cas(r, "refs/heads/main", &a, &b, "two\nlines"));
	sh("test \"$(git log -g -1 --format=%%gs HEAD)\" = 'two lines' && git fsck --no-dangling");
	ok(ref_cas(r, REF_STATE, &oid_zero, &a, "not logged"));
	sh("test ! -e .git/logs/refs/factory && git config core.logAllRefUpdates always");
	repo_close(r);
	r = opened();
	ok(ref_cas(r, REF_STATE, &a, &b, "logged"));
	sh("test \"$(git log -g -1 --format=%%gs refs/factory/state)\" = logged && git config core.logAllRefUpdates false");
	repo_close(r);
	r = opened();
	ok(ref_cas(r, "refs/heads/silent", &oid_zero, &a, "no"));
	ok(ref_cas(r, "refs/heads/main", &b, &a, "goes on where there is one"));
	sh("test ! -e .git/logs/refs/heads/silent && test \"$(git log -g -1 --format=%%gs main)\" = 'goes on where there is one'");
	repo_close(r);
}

static void
waits_for_a_lock_then_names_it(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), got;
	struct err *e;

	(void)state;
	sh("mkdir -p .git/refs/factory && touch .git/refs/factory/state.lock");
	e = ref_cas(r, REF_STATE, &oid_zero, &a, "x");
	assert_non_null(e);
	assert_non_null(strstr(err_hint_of(e), ".git/refs/factory/state.lock"));
	fails(e, ERR_LOCKED, "is locked by another process");
	sh("(sleep 0.2; rm .git/refs/factory/state.lock) &");
	ok(ref_cas(r, REF_STATE, &oid_zero, &a, "x"));
	ok(ref_read(r, REF_STATE, &got));
	assert_true(oid_eq(&got, &a));
	repo_close(r);
}

static int64_t race_ms;

static int64_t
race_clock(const struct clock *c)
{
	(void)c;
	return race_ms;
}

/* Of one that took 'ms'; the error is used up. */
static bool
goes_on(struct race *r, int64_t ms, struct err *e)
{
	bool on;

	race_ms += ms;
	on = race_goes_on(r, e);
	err_free(e);
	return on;
}

static void
loses_races_for_long_and_to_a_lock_for_less(void **state)
{
	struct race r = race_start((struct clock){race_clock, race_clock, 0}, 60000);

	(void)state;
	assert_false(goes_on(&r, 0, err_new(ERR_IO, "x")));
	assert_true(goes_on(&r, 30000, err_new(ERR_STALE, "x")));
	/* A lock counts from the try that met it first, and only while every try meets one. */
	assert_true(goes_on(&r, 10000, err_new(ERR_LOCKED, "x")));
	assert_true(goes_on(&r, 1000, NULL));
	assert_true(goes_on(&r, RACE_LOCKED_MS - 1, err_new(ERR_LOCKED, "x")));
	assert_false(goes_on(&r, 1, err_new(ERR_LOCKED, "x")));
	assert_true(goes_on(&r, 3000, NULL));
	assert_false(goes_on(&r, 1000, err_new(ERR_STALE, "x")));
}

/* A lock whose owner died is removed, but only one that is noted as ours. */
static void
removes_the_lock_of_a_dead_writer(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD");
	const char *dir;

	(void)state;
	ok(repo_factory_dir(r, &dir));
	sh("mkdir -p .git/refs/factory && touch .git/refs/factory/state.lock &&"
	   "echo \"refs/factory/state $(stat -c %%i .git/refs/factory/state.lock)\" > .git/factory/refs.lock");
	ok(ref_cas(r, REF_STATE, &oid_zero, &a, "x"));
	sh("touch .git/refs/factory/state.lock && echo 'refs/factory/state 1' > .git/factory/refs.lock");
	fails(ref_cas(r, REF_STATE, &a, &oid_zero, "x"), ERR_LOCKED, "is locked");
	sh("printf 'refs/factory/state\\n../../x 5\\n' > .git/factory/refs.lock && touch .git/refs/factory/state.lock");
	ok(ref_cas(r, REF_STATE, &a, &oid_zero, "x"));
	assert_int_not_equal(access(".git/refs/factory/state.lock", F_OK), 0);
	repo_close(r);
}

static void
moves_all_or_none(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), b = another_commit(r, "b"), got;
	AUTO(txn_free) struct txn t = {0};
	AUTO(txn_free) struct txn again = {0};
	AUTO(txn_free) struct txn only = {0};

	(void)state;
	ok(ref_cas(r, "refs/factory/leases/abcd", &oid_zero, &a, "lease"));
	txn_add(&t, "refs/heads/factory/abcd", &oid_zero, &b);
	txn_add(&t, REF_STATE, &oid_zero, &a);
	txn_add(&t, "refs/factory/leases/abcd", &a, &oid_zero);
	ok(txn_commit(r, &t, "deliver"));
	ok(ref_read(r, "refs/factory/leases/abcd", &got));
	assert_true(oid_is_zero(&got));
	ok(ref_read(r, "refs/heads/factory/abcd", &got));
	assert_true(oid_eq(&got, &b));

	txn_add(&again, REF_STATE, &a, &b);
	txn_add(&again, "refs/factory/leases/abcd", &a, &oid_zero);
	fails(txn_commit(r, &again, "twice"), ERR_STALE, "'refs/factory/leases/abcd' is gone");
	ok(ref_read(r, REF_STATE, &got));
	assert_true(oid_eq(&got, &a));

	txn_add(&only, REF_STATE, &a, &a);
	ok(txn_commit(r, &only, "compare"));
	txn_add(&only, REF_STATE, &a, &b);
	fails(txn_commit(r, &only, "double"), ERR_BUG, "moves 'refs/factory/state' twice");
	sh("test -z \"$(find .git -name '*.lock' ! -name refs.lock)\"");
	repo_close(r);
}

/* A step whose writer died after it was decided is completed by the next one. */
static void
completes_what_was_decided(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), b = another_commit(r, "b"), got;

	(void)state;
	ok(ref_cas(r, REF_STATE, &oid_zero, &a, "start"));
	ok(ref_cas(r, "refs/factory/pulls/1", &oid_zero, &b, "went elsewhere"));
	/* Decided: the state from a to b, a pull request to be made, another to go from a to nothing. */
	sh("touch .git/refs/factory/state.lock && i=$(stat -c %%i .git/refs/factory/state.lock) &&"
	   "printf 'refs/factory/pulls/2 0 %%040d %s\nrefs/factory/pulls/1 0 %s %%040d\n"
	   "refs/factory/state %%s %s %s\npacked-refs 0 %%040d %%040d\ndecided\n' 0 0 $i 0 0 >.git/factory/refs.lock",
	   oid_hex(&b).s, oid_hex(&a).s, oid_hex(&a).s, oid_hex(&b).s);
	ok(txn_settle(r));
	ok(ref_read(r, REF_STATE, &got));
	assert_true(oid_eq(&got, &b));
	ok(ref_read(r, "refs/factory/pulls/2", &got));
	assert_true(oid_eq(&got, &b));
	ok(ref_read(r, "refs/factory/pulls/1", &got));
	assert_true(oid_eq(&got, &b));
	sh("test ! -s .git/factory/refs.lock && test ! -e .git/refs/factory/state.lock");
	/* Who completed it died too, and had made a lock that no note tells. */
	sh("printf 'refs/factory/state -------------------- %s %s\ndecided\n' >.git/factory/refs.lock && touch .git/refs/factory/state.lock",
	    oid_hex(&b).s, oid_hex(&a).s);
	ok(txn_settle(r));
	ok(ref_cas(r, REF_STATE, &a, &b, "back"));
	/* A note that was cut is none, nor one whose lines lead elsewhere. */
	sh("printf 'refs/factory/state 0 %s %s\n' >.git/factory/refs.lock", oid_hex(&b).s, oid_hex(&a).s);
	ok(txn_settle(r));
	ok(ref_read(r, REF_STATE, &got));
	assert_true(oid_eq(&got, &b));
	sh("printf '../x 0 %s %s\nHEAD 0 zz %s\ndecided\n' >.git/factory/refs.lock", oid_hex(&b).s, oid_hex(&a).s,
	    oid_hex(&a).s);
	ok(txn_settle(r));
	sh("test ! -s .git/factory/refs.lock");
	repo_close(r);
}

/* Claims: many processes create one ref, one of them wins. */
static void
one_claim_wins(void **state)
{
	enum { N = 8 };
	pid_t pid[N];
	int i, status, won = 0;
	struct repo *r = opened();

	(void)state;
	for (i = 0; i < N; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			struct repo *mine = NULL;
			struct oid a;
			struct err *e = repo_open(".", &mine);

			if (e == NULL)
				e = tip_read(mine, "HEAD", &a);
			if (e == NULL)
				e = ref_cas(mine, "refs/factory/leases/wxyz", &oid_zero, &a, "claim");
			_exit(e == NULL ? 0 : err_is(e, ERR_STALE) ? 1 : 2);
		}
	}
	for (i = 0; i < N; i++) {
		waitpid(pid[i], &status, 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		won += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(won, 1);
	repo_close(r);
}

/*
 * A writer killed at any moment leaves a repository in which the next one
 * works, and whose ref holds one of the two values.
 */
static void
survives_kill_at_any_moment(void **state)
{
	struct repo *r = opened();
	struct oid a = sh_oid("HEAD"), b = another_commit(r, "b"), got;
	int i, status;

	(void)state;
	ok(ref_cas(r, REF_STATE, &oid_zero, &a, "start"));
	for (i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (;;) {
				err_ignore(ref_cas(r, REF_STATE, &a, &b, "x"));
				err_ignore(ref_cas(r, REF_STATE, &b, &a, "x"));
			}
		}
		usleep((useconds_t)(3000 + i * 137));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		ok(txn_settle(r));
		ok(ref_read(r, REF_STATE, &got));
		assert_true(oid_eq(&got, &a) || oid_eq(&got, &b));
		if (oid_eq(&got, &b))
			ok(ref_cas(r, REF_STATE, &b, &a, "back"));
		else
			ok(ref_cas(r, REF_STATE, &a, &a, "touch"));
	}
	repo_close(r);
}

static void
takes_only_names_that_git_takes(void **state)
{
	static const char *const good[] = {"HEAD", "refs/heads/main", "refs/heads/a-b_c.d", "refs/factory/state",
	    "refs/heads/\xc3\xa4", "refs/heads/@", "refs/heads/a@b", "refs/heads/{x}"};
	static const char *const bad[] = {"", "main", "-x", "refs", "refs/", "refs/heads/", "/refs/heads/x",
	    "refs//x/y", "refs/heads/..", "refs/heads/a..b", "refs/heads/.a", "refs/heads/a.", "refs/heads/a.lock",
	    "refs/heads/a.lock/b", "refs/heads/a b", "refs/heads/a~b", "refs/heads/a^b", "refs/heads/a:b",
	    "refs/heads/a?b", "refs/heads/a*b", "refs/heads/a[b", "refs/heads/a\\b", "refs/heads/a\x7f",
	    "refs/heads/a\nb", "refs/heads/a\rb", "refs/heads/a\x1b[31m", "refs/heads/a@{b", "refs/heads/-x",
	    "refs/heads/--upload-pack=x", "FETCH_HEAD", "../../etc/passwd", "refs/../../x"};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(good); i++)
		assert_true(ref_name_ok(str_of(good[i])));
	for (i = 0; i < NITEMS(bad); i++)
		if (ref_name_ok(str_of(bad[i])))
			fail_msg("taken: %s", bad[i]);
	assert_false(ref_name_ok(str_mk("refs/heads/a\0b", 14)));
}

/* What we take, git takes: over a thousand names made of what is dangerous. */
static void
agrees_with_git_on_a_thousand_names(void **state)
{
	static const char *const bits[] = {"a", "-", ".", "/", "@", "{", "~", "..", ".lock", "\x01", " ", "\xc3\xa4", "\\"};
	enum { NBITS = NITEMS(bits) };
	char *out, *accepted;
	FILE *f = fopen("names", "w");
	size_t i, j, k;
	int names = 0;

	(void)state;
	assert_non_null(f);
	for (i = 0; i < NBITS; i++)
		for (j = 0; j < NBITS; j++)
			for (k = 0; k < NBITS; k++) {
				char name[64];

				snprintf(name, sizeof(name), "refs/heads/%s%s%s", bits[i], bits[j], bits[k]);
				names++;
				if (ref_name_ok(str_of(name)))
					fprintf(f, "%s\n", name);
			}
	assert_int_equal(fclose(f), 0);
	assert_true(names > 1000);
	out = sh_out("while IFS= read -r n; do git check-ref-format \"$n\" || printf 'BAD %%s\\n' \"$n\"; done < names");
	accepted = sh_out("wc -l < names");
	assert_string_equal(out, "");
	assert_true(atoi(accepted) > 50);
	free(out);
	free(accepted);
}

/* ---- new files apart from deleted ones ---- */

static bool
is_ext4(void)
{
#ifdef __linux__
	struct statfs fs;

	return statfs(".", &fs) == 0 && fs.f_type == 0xef53;
#else
	return false;
#endif
}

static void
write_one(const char *text)
{
	struct repo *r = opened();
	struct oid blob, tip = another_commit(r, text), got;

	ok(blob_write(r, str_of(text), &blob));
	ok(ref_cas(r, "refs/factory/test/one", &oid_zero, &tip, "make"));
	ok(tip_read(r, "refs/factory/test/one", &got));
	assert_true(oid_eq(&got, &tip));
	ok(ref_cas(r, "refs/factory/test/one", &tip, &oid_zero, "delete"));
	repo_close(r);
	sh("git cat-file -e %s && git fsck --strict", oid_hex(&blob).s);
}

static void
makes_new_files_apart(void **state)
{
	(void)state;
	write_one("the factory is let in");
	write_one("apart");
	if (!is_ext4())
		skip();
	sh("test -d .git/factory/apart/0-* && test -z \"$(find .git/factory/apart -type f)\"");
	/* So do the folders of the factory: what it keeps in them is not beside a person's files. */
	sh("lsattr -d .git/factory | grep -q '^[^ ]*T'");
	/* Folders of objects are made there too; one that was not moved before a crash is the next one's. */
	sh("for d in .git/factory/apart/*; do mkdir $d/making-777; done");
	write_one("a folder apart");
	sh("test $(find .git/factory/apart -name 'making*' | wc -l) -lt $(ls .git/factory/apart | wc -l)");
	sh("test -z \"$(find .git/objects -name 'making*')\"");
	/* It holds nothing: whoever removes it takes nothing away. */
	sh("rm -r .git/factory/apart");
	write_one("apart again");
	sh("test -d .git/factory/apart/0-*");
}

static void
makes_folders_and_files_apart(void **state)
{
	struct repo *r = opened();
	int home;

	(void)state;
	sh("mkdir .git/factory");
	ok(apart_dir(r, ".git/factory/one/two", 0700));
	ok(apart_dir(r, ".git/factory/one/two", 0700));
	home = open(".git/factory", O_RDONLY | O_DIRECTORY);
	assert_true(home >= 0);
	ok(apart_dir(r, ".git/factory/one/three", 0750));
	sh("test \"$(stat -c %%a .git/factory/one/two)\" = 700 && test \"$(stat -c %%a .git/factory/one/three)\" = 750");
	ok(apart_replace(r, ".git/factory/one/file", STR("first"), 0600));
	ok(apart_replace(r, ".git/factory/one/file", STR("second"), 0600));
	sh("test \"$(cat .git/factory/one/file)\" = second && test \"$(stat -c %%a .git/factory/one/file)\" = 600");
	assert_false(apart_folder(r, home, "one", 0700));
	assert_int_equal(errno, EEXIST);
	sh("test -z \"$(find .git -name 'making*')\"");
	if (is_ext4())
		sh("test -d .git/factory/apart/0-*");
	close(home);
	repo_close(r);
}

static ino_t
inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* As many as were slow, which this file system hardly is: told by hand. */
static void
makes_files_ahead_that_were_slow(void **state)
{
	struct repo *r;
	struct apart *a;
	unsigned before;
	ino_t ahead;
	int fd, other;

	(void)state;
	sh("mkdir .git/factory");
	r = opened();
	a = repo_apart(r);
	assert_false(apart_ahead(r));
	assert_int_equal(a->nready, 0);
	a->wanted[a->nwanted++] = 0444;
	apart_ahead(r);
	if (!is_ext4()) {
		assert_int_equal(a->nready, 0);
		repo_close(r);
		skip();
	}
	assert_int_equal(a->nready, 1);
	ahead = inode_of(a->ready[0].fd);
	other = apart_file(r, 0600);
	assert_int_not_equal(inode_of(other), ahead);
	before = a->nwanted;
	fd = apart_file(r, 0444);
	assert_int_equal(inode_of(fd), ahead);
	assert_int_equal(a->nready, 0);
	/* What was made ahead is replaced, as nobody knows whether it is still slow. */
	assert_int_equal(a->nwanted, before + 1);
	close(fd);
	close(other);
	repo_close(r);
}

static void
makes_new_files_in_place_where_they_take_after_their_folder(void **state)
{
	(void)state;
	sh("git init -q --shared=group shared && cd shared && git commit -q --allow-empty -m x && mkdir .git/factory");
	assert_int_equal(chdir("shared"), 0);
	write_one("shared");
	sh("test ! -e .git/factory/apart");
	assert_int_equal(chdir(".."), 0);
}

static void
makes_new_files_in_place_where_no_other_can_be_made(void **state)
{
	(void)state;
	sh("mkdir .git/factory && touch .git/factory/apart");
	write_one("a file is in the way");
	sh("rm .git/factory/apart && ln -s /nonexistent .git/factory/apart");
	write_one("and a link");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(reads_loose_packed_and_symbolic),
		TEST_REPO(finds_every_packed_ref),
		TEST_REPO(lists_by_prefix),
		TEST_REPO(swaps_only_what_it_expects),
		TEST_REPO(refuses_dangling_and_symbolic),
		TEST_REPO(says_what_is_in_the_way),
		TEST_REPO(keeps_the_reflog_of_branches),
		TEST_REPO(deletes_packed_refs_and_their_logs),
		TEST_REPO(logs_what_git_would_log),
		TEST_REPO(waits_for_a_lock_then_names_it),
		cmocka_unit_test(loses_races_for_long_and_to_a_lock_for_less),
		TEST_REPO(removes_the_lock_of_a_dead_writer),
		TEST_REPO(completes_what_was_decided),
		TEST_REPO(moves_all_or_none),
		TEST_REPO(one_claim_wins),
		TEST_REPO(survives_kill_at_any_moment),
		cmocka_unit_test(takes_only_names_that_git_takes),
		TEST_REPO(makes_new_files_apart),
		TEST_REPO(makes_folders_and_files_apart),
		TEST_REPO(makes_files_ahead_that_were_slow),
		TEST_REPO(makes_new_files_in_place_where_they_take_after_their_folder),
		TEST_REPO(makes_new_files_in_place_where_no_other_can_be_made),
		TEST_DIR(agrees_with_git_on_a_thousand_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
