#include "git_fixture.h"

#include "git/commit.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/tip.h"
#include "git/tree.h"
#include "git/txn.h"

#define LEASE REF_LEASES "k3xq7abc"

struct pair {
	struct repo *repo;
	struct remote *remote;
	struct oid a, b, c;	/* commits in a row */
};

static struct oid
commit_after(struct repo *r, const struct oid *parent, const char *message)
{
	struct ident who = {.name = (char *)"T", .email = (char *)"t@example.com", .when = 1700000000};
	struct commit_spec spec = {.author = &who, .message = message, .tree = oid_empty_tree};
	struct oid made;

	ok(tree_apply(r, &oid_zero, &(struct tree_edit){0}, &spec.tree));
	if (parent != NULL) {
		spec.parents = parent;
		spec.nparents = 1;
	}
	ok(commit_create(r, &spec, &made));
	return made;
}

/* The current folder is a clone, ../hub.git its remote 'origin'. */
static int
pair_setup(void **state)
{
	if (fixture_repo(state) != 0)
		return -1;
	sh("git init -q --bare -b main ../hub.git && git remote add origin ../hub.git");
	return 0;
}

static void
pair_open(struct pair *p)
{
	ok(repo_open(".", &p->repo));
	ok(remote_open(p->repo, "origin", NULL, &p->remote));
	p->a = commit_after(p->repo, NULL, "a");
	p->b = commit_after(p->repo, &p->a, "b");
	p->c = commit_after(p->repo, &p->b, "c");
}

static void
pair_close(struct pair *p)
{
	remote_close(p->remote);
	repo_close(p->repo);
}

/* The user's configuration is read once for each opening. */
static void
reopen(struct pair *p)
{
	pair_close(p);
	ok(repo_open(".", &p->repo));
	p->remote = NULL;
}

static struct err *
push_one(struct pair *p, const char *name, const struct oid *old, const struct oid *new)
{
	struct txn t = {0};
	struct err *e;

	txn_add(&t, name, old, new);
	e = remote_push(p->remote, &t, NULL);
	txn_free(&t);
	return e;
}

static struct oid
hub_has(const char *name)
{
	char *hex = sh_out("git -C ../hub.git rev-parse -q --verify '%s' || echo %s", name, oid_hex(&oid_zero).s);
	struct oid oid;

	assert_true(oid_parse(str_of(hex), &oid));
	free(hex);
	return oid;
}

static void
pushes_only_from_the_expected_id(void **state)
{
	struct pair p;
	struct oid got;

	(void)state;
	pair_open(&p);
	ok(push_one(&p, LEASE, &oid_zero, &p.a));
	fails(push_one(&p, LEASE, &oid_zero, &p.b), ERR_STALE, LEASE);
	fails(push_one(&p, LEASE, &p.b, &p.c), ERR_STALE, LEASE);
	got = hub_has(LEASE);
	assert_true(oid_eq(&got, &p.a));
	ok(push_one(&p, LEASE, &p.a, &p.b));
	fails(push_one(&p, LEASE, &p.a, &oid_zero), ERR_STALE, LEASE);
	ok(push_one(&p, LEASE, &p.b, &oid_zero));
	fails(push_one(&p, LEASE, &p.b, &oid_zero), ERR_STALE, LEASE);
	got = hub_has(LEASE);
	assert_true(oid_is_zero(&got));
	pair_close(&p);
}

static void
moves_all_or_none(void **state)
{
	struct push_result said = {0};
	struct txn t = {0};
	struct pair p;
	struct oid got;

	(void)state;
	pair_open(&p);
	ok(push_one(&p, LEASE, &oid_zero, &p.a));
	txn_add(&t, REF_STATE, &oid_zero, &p.b);
	txn_add(&t, REF_RUNS "k3yzabcd", &oid_zero, &p.c);
	txn_add(&t, LEASE, &p.b, &oid_zero);
	fails(remote_push(p.remote, &t, &said), ERR_STALE, LEASE);
	assert_int_equal(said.n, 3);
	push_result_free(&said);
	got = hub_has(REF_STATE);
	assert_true(oid_is_zero(&got));
	t.v[2].old = p.a;
	ok(remote_push(p.remote, &t, &said));
	assert_int_equal(said.n, 3);
	assert_false(said.read_back);
	got = hub_has(REF_STATE);
	assert_true(oid_eq(&got, &p.b));
	got = hub_has(LEASE);
	assert_true(oid_is_zero(&got));
	push_result_free(&said);
	txn_free(&t);
	pair_close(&p);
}

static void
takes_no_shared_history_back(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	ok(push_one(&p, REF_STATE, &oid_zero, &p.b));
	fails(push_one(&p, REF_STATE, &p.b, &p.a), ERR_DENIED, "would take history back");
	ok(push_one(&p, REF_STATE, &p.b, &p.c));
	ok(push_one(&p, "refs/heads/x", &oid_zero, &p.c));
	fails(push_one(&p, "refs/heads/x", &p.c, &p.b), ERR_DENIED, "would take history back");
	ok(push_one(&p, "refs/heads/x", &p.c, &oid_zero));
	/* A lease is an object without history. */
	ok(push_one(&p, LEASE, &oid_zero, &p.c));
	ok(push_one(&p, LEASE, &p.c, &p.a));
	pair_close(&p);
}

static void
refuses_a_push_that_checks_nothing(void **state)
{
	struct txn none = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	fails(remote_push(p.remote, &none, NULL), ERR_BUG, "no ref");
	fails(push_one(&p, LEASE, &p.a, &p.a), ERR_BUG, "does not move");
	fails(push_one(&p, LEASE, &oid_zero, &oid_zero), ERR_BUG, "does not move");
	fails(push_one(&p, "--mirror", &oid_zero, &p.a), ERR_DENIED, "--mirror");
	fails(push_one(&p, "refs/heads/a:b", &oid_zero, &p.a), ERR_DENIED, "a:b");
	pair_close(&p);
}

static const struct remote_want wants[] = {
	{REF_STATE, NULL},
	{REF_LEASES "*", REMOTE_LEASES "*"},
	{"refs/heads/factory/*", REMOTE_HEADS "factory/*"},
	{"refs/heads/main", REMOTE_HEADS "main"},
};

static void
fetches_what_is_there_and_mirrors_it(void **state)
{
	struct refs refs = {0};
	struct pair p;
	struct oid got;
	char *all;

	(void)state;
	pair_open(&p);
	ok(remote_fetch(p.remote, wants, NITEMS(wants), &refs));
	assert_int_equal(refs.n, 0);
	sh("git push -q origin %s:" REF_STATE " %s:" LEASE " main main:main-too main:factory/k3xq7abc-x",
	    oid_hex(&p.b).s, oid_hex(&p.a).s);
	ok(remote_fetch(p.remote, wants, NITEMS(wants), &refs));
	assert_int_equal(refs.n, 4);
	got = refs_get(&refs, REF_STATE);
	assert_true(oid_eq(&got, &p.b));
	refs_free(&refs);
	all = sh_out("git for-each-ref --format='%%(refname)' refs/factory refs/tags; ls .git");
	assert_null(strstr(all, "FETCH_HEAD"));
	assert_null(strstr(all, "remote/state"));
	assert_null(strstr(all, "main-too"));
	assert_non_null(strstr(all, REMOTE_LEASES "k3xq7abc\n"));
	assert_non_null(strstr(all, REMOTE_HEADS "main\n"));
	assert_non_null(strstr(all, REMOTE_HEADS "factory/k3xq7abc-x\n"));
	free(all);

	/* Backwards, and away. */
	sh("git -C ../hub.git update-ref -d " LEASE " && git -C ../hub.git update-ref " REF_STATE " %s", oid_hex(&p.a).s);
	sh("git -C ../hub.git update-ref -d refs/heads/main");
	ok(remote_fetch(p.remote, wants, NITEMS(wants), &refs));
	assert_int_equal(refs.n, 2);
	got = refs_get(&refs, REF_STATE);
	assert_true(oid_eq(&got, &p.a));
	refs_free(&refs);
	ok(ref_read(p.repo, REMOTE_LEASES "k3xq7abc", &got));
	assert_true(oid_is_zero(&got));
	ok(ref_read(p.repo, REMOTE_HEADS "main", &got));
	assert_true(oid_is_zero(&got));
	pair_close(&p);
}

static void
lists_without_fetching(void **state)
{
	const char *names[] = {REF_STATE, REF_LEASES "*"};
	struct refs refs = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	sh("git push -q origin %s:" REF_STATE " %s:" LEASE " main", oid_hex(&p.b).s, oid_hex(&p.a).s);
	ok(remote_list(p.remote, names, NITEMS(names), &refs));
	assert_int_equal(refs.n, 2);
	refs_free(&refs);
	ok(remote_list(p.remote, NULL, 0, &refs));
	assert_int_equal(refs.n, 3);
	refs_free(&refs);
	pair_close(&p);
}

static void
a_killed_fetch_blocks_no_later_one(void **state)
{
	struct refs refs = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	sh("git push -q origin %s:" REF_STATE " %s:" LEASE, oid_hex(&p.b).s, oid_hex(&p.a).s);
	ok(remote_fetch(p.remote, wants, NITEMS(wants), &refs));
	refs_free(&refs);
	sh("git push -q -f origin %s:" REF_STATE " %s:" LEASE, oid_hex(&p.c).s, oid_hex(&p.b).s);
	sh("touch .git/" LEASE "-none.lock .git/factory/net/refs/worktree/factory/state.lock"
	   " .git/" REMOTE_LEASES "k3xq7abc.lock 2>/dev/null || :");
	ok(remote_fetch(p.remote, wants, NITEMS(wants), &refs));
	assert_int_equal(refs.n, 2);
	refs_free(&refs);
	pair_close(&p);
}

static void
a_branch_that_became_a_folder_is_followed(void **state)
{
	struct refs refs = {0};
	struct pair p;
	struct oid got;

	(void)state;
	pair_open(&p);
	sh("git push -q origin main:factory/a main");
	ok(remote_fetch(p.remote, wants, NITEMS(wants), &refs));
	refs_free(&refs);
	sh("git push -q origin :factory/a && git -C ../hub.git update-ref -d refs/heads/main && git push -q origin %s:refs/heads/factory/a/b main:main/x", oid_hex(&p.a).s);
	ok(remote_fetch(p.remote, wants, NITEMS(wants), &refs));
	assert_int_equal(refs.n, 1);
	refs_free(&refs);
	ok(ref_read(p.repo, REMOTE_HEADS "factory/a/b", &got));
	assert_true(oid_eq(&got, &p.a));
	pair_close(&p);
}

static void
says_what_a_hook_refused(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	sh("printf '#!/bin/sh\\necho no leases here >&2\\nexit 1\\n' > ../hub.git/hooks/update && chmod +x ../hub.git/hooks/update");
	fails(push_one(&p, LEASE, &oid_zero, &p.a), ERR_DENIED, "hook declined");
	pair_close(&p);
}

static void
refuses_a_remote_without_atomic_pushes(void **state)
{
	struct remote_probe probe = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	ok(remote_probe(p.remote, &probe));
	assert_true(probe.atomic && probe.refs);
	remote_probe_free(&probe);
	sh("test -z \"$(git -C ../hub.git for-each-ref)\"");
	sh("git -C ../hub.git config receive.advertiseAtomic false");
	fails(push_one(&p, LEASE, &oid_zero, &p.a), ERR_CONFIG, "atomic");
	ok(remote_probe(p.remote, &probe));
	assert_false(probe.atomic);
	remote_probe_free(&probe);
	sh("git -C ../hub.git config receive.advertiseAtomic true");
	sh("printf '#!/bin/sh\\ncase $1 in refs/factory/*) exit 1 ;; esac\\n' > ../hub.git/hooks/update && chmod +x ../hub.git/hooks/update");
	ok(remote_probe(p.remote, &probe));
	assert_true(probe.atomic);
	assert_false(probe.refs);
	remote_probe_free(&probe);
	pair_close(&p);
}

/* A helper that stands for receive-pack: lets it work, and loses its answer. */
static void
reads_back_when_the_answer_is_lost(void **state)
{
	struct push_result said = {0};
	struct txn t = {0};
	struct pair p;
	struct oid got;

	(void)state;
	pair_open(&p);
	sh("printf '#!/bin/sh\\ngit-receive-pack \"$@\" | head -c 4 >/dev/null\\n' > ../lossy && chmod +x ../lossy");
	sh("printf '#!/bin/sh\\ngit receive-pack \"$@\" | ../cut\\nexit 1\\n' > ../lossy");
	/* Passes the advertisement (up to its flush), and nothing after it. */
	sh("printf '#!/usr/bin/python3\\nimport os\\nwhile True:\\n n=os.read(0,4)\\n if not n: break\\n os.write(1,n)\\n"
	   " if n==b\"0000\": break\\n left=int(n,16)-4\\n while left>0:\\n  d=os.read(0,left); os.write(1,d); left-=len(d)\\n"
	   "while os.read(0,65536): pass\\n' > ../cut && chmod +x ../cut");
	sh("git config remote.origin.receivepack ../lossy");
	txn_add(&t, LEASE, &oid_zero, &p.a);
	txn_add(&t, REF_STATE, &oid_zero, &p.b);
	ok(remote_push(p.remote, &t, &said));
	assert_true(said.read_back);
	push_result_free(&said);
	got = hub_has(REF_STATE);
	assert_true(oid_eq(&got, &p.b));

	/* Nothing arrives: the same push may be tried again. */
	sh("printf '#!/bin/sh\\nexit 1\\n' > ../lossy");
	fails(push_one(&p, LEASE, &p.a, &p.b), ERR_NETWORK, "origin");
	sh("git config --unset remote.origin.receivepack");
	ok(push_one(&p, LEASE, &p.a, &p.b));
	txn_free(&t);
	pair_close(&p);
}

/* Two nodes of one person make the same pull request; only one of them moves the state. */
static void
takes_no_twin_for_its_own(void **state)
{
	struct push_result said = {0};
	struct txn t = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	sh("git push -q origin %s:" REF_STATE, oid_hex(&p.a).s);
	txn_add(&t, REF_STATE, &p.a, &p.b);
	txn_add(&t, REF_PULLS "1", &oid_zero, &p.b);
	txn_add(&t, LEASE, &oid_zero, &p.b);
	sh("git commit -q --allow-empty -m Other && git push -q origin HEAD:refs/heads/x %s:" REF_PULLS "1", oid_hex(&p.b).s);
	sh("git -C ../hub.git update-ref " REF_STATE " refs/heads/x");
	sh("printf '#!/bin/sh\nexit 1\n' > ../lossy && chmod +x ../lossy && git config remote.origin.receivepack ../lossy");
	fails(remote_push(p.remote, &t, &said), ERR_STALE, REF_STATE);
	push_result_free(&said);
	/* The lease is nobody else's: it proves the push. */
	sh("git -C ../hub.git update-ref " LEASE " %s", oid_hex(&p.b).s);
	ok(remote_push(p.remote, &t, &said));
	push_result_free(&said);
	txn_free(&t);
	pair_close(&p);
}

/* The remote's git died when it had moved the first refs, and left its locks. */
static void
brings_to_its_end_what_the_remote_did_by_half(void **state)
{
	struct push_result said = {0};
	struct txn t = {0};
	bool moved;
	struct pair p;
	struct oid got;

	(void)state;
	pair_open(&p);
	sh("git push -q origin %s:" REF_STATE " %s:" LEASE, oid_hex(&p.a).s, oid_hex(&p.a).s);
	txn_add(&t, REF_STATE, &p.a, &p.b);
	txn_add(&t, REF_PULLS "1", &oid_zero, &p.c);
	txn_add(&t, LEASE, &p.a, &oid_zero);
	sh("git push -q origin %s:refs/heads/objects", oid_hex(&p.c).s);
	sh("cat >../half <<'E'\n#!/bin/sh\ngit -C ../hub.git update-ref " REF_STATE " %s\nexit 1\nE\nchmod +x ../half",
	    oid_hex(&p.b).s);
	sh("git config remote.origin.receivepack ../half");
	fails(remote_push(p.remote, &t, &said), ERR_NETWORK, "only a part");
	push_result_free(&said);
	sh("test $(ls .git/factory/pushes | wc -l) = 1");

	/* Others went on from there; the next who looks finishes it, when the locks are gone. */
	sh("git config --unset remote.origin.receivepack && git -C ../hub.git update-ref " REF_STATE " %s", oid_hex(&p.c).s);
	sh("touch ../hub.git/" LEASE ".lock");
	fails(remote_settle(p.remote, &moved), ERR_LOCKED, "only a part");
	sh("rm ../hub.git/" LEASE ".lock");
	ok(remote_settle(p.remote, &moved));
	assert_true(moved);
	got = hub_has(REF_PULLS "1");
	assert_true(oid_eq(&got, &p.c));
	got = hub_has(LEASE);
	assert_true(oid_is_zero(&got));
	got = hub_has(REF_STATE);
	assert_true(oid_eq(&got, &p.c));
	sh("test $(ls .git/factory/pushes | wc -l) = 0");
	ok(remote_settle(p.remote, &moved));
	assert_false(moved);
	txn_free(&t);
	pair_close(&p);
}

/* What did not move at all, or is others', is left as it is. */
static void
settles_nothing_that_did_not_arrive(void **state)
{
	struct push_result said = {0};
	struct txn t = {0};
	bool moved;
	struct pair p;
	struct oid got;

	(void)state;
	pair_open(&p);
	sh("git push -q origin %s:" REF_STATE, oid_hex(&p.a).s);
	txn_add(&t, REF_STATE, &p.a, &p.b);
	txn_add(&t, LEASE, &oid_zero, &p.a);
	sh("printf '#!/bin/sh\nexit 1\n' > ../lossy && chmod +x ../lossy && git config remote.origin.receivepack ../lossy");
	fails(remote_push(p.remote, &t, &said), ERR_NETWORK, "origin");
	push_result_free(&said);
	sh("git config --unset remote.origin.receivepack");
	ok(remote_settle(p.remote, &moved));
	assert_false(moved);
	got = hub_has(LEASE);
	assert_true(oid_is_zero(&got));
	sh("test -z \"$(ls .git/factory/pushes)\"");
	txn_free(&t);
	pair_close(&p);
}

/* The hub lets another in between what git sees there and what it locks. */
static void
knows_a_race_lost_at_the_last_moment(void **state)
{
	struct push_result said = {0};
	struct txn t = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	sh("git push -q origin %s:" REF_STATE, oid_hex(&p.a).s);
	sh("git commit -q --allow-empty -m Other && git push -q origin HEAD:refs/heads/x");
	sh("printf '#!/bin/sh\\nunset GIT_QUARANTINE_PATH\\ngit update-ref " REF_STATE " refs/heads/x\\n' "
	   "> ../hub.git/hooks/pre-receive && chmod +x ../hub.git/hooks/pre-receive");
	txn_add(&t, LEASE, &oid_zero, &p.a);
	txn_add(&t, REF_STATE, &p.a, &p.b);
	fails(remote_push(p.remote, &t, &said), ERR_STALE, REF_STATE);
	assert_false(said.read_back);
	push_result_free(&said);
	txn_free(&t);
	pair_close(&p);
}

static void
names_the_class_of_a_fault(void **state)
{
	struct remote *m = NULL;
	struct refs refs = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	sh("git remote add away http://user:hush@127.0.0.1:1/x.git && git remote add lost ../nowhere.git");
	reopen(&p);
	ok(remote_open(p.repo, "away", NULL, &m));
	assert_string_equal(remote_url(m), "http://127.0.0.1:1/x.git");
	fails(remote_list(m, NULL, 0, &refs), ERR_NETWORK, "http://127.0.0.1:1/x.git");
	remote_close(m);
	ok(remote_open(p.repo, "lost", NULL, &m));
	fails(remote_list(m, NULL, 0, &refs), ERR_REPOSITORY, "nowhere");
	remote_close(m);
	pair_close(&p);
}

static void
is_a_name_with_one_address(void **state)
{
	struct remote *m = NULL;
	struct refs refs = {0};
	struct pair p;

	(void)state;
	pair_open(&p);
	fails(remote_open(p.repo, "https://evil.example/x", NULL, &m), ERR_CONFIG, "not the name");
	fails(remote_open(p.repo, "--upload-pack=x", NULL, &m), ERR_CONFIG, "not the name");
	fails(remote_open(p.repo, "../hub.git", NULL, &m), ERR_CONFIG, "not the name");
	fails(remote_open(p.repo, "nobody", NULL, &m), ERR_CONFIG, "no remote 'nobody'");
	sh("git remote add ext 'ext::sh -c touch pwned' && git remote add odd 'gopher://x/y'");
	reopen(&p);
	fails(remote_open(p.repo, "ext", NULL, &m), ERR_DENIED, "'ext'");
	fails(remote_open(p.repo, "odd", NULL, &m), ERR_DENIED, "'gopher'");
	sh("git remote add two ../hub.git && git remote set-url --add two ../hub2.git");
	reopen(&p);
	fails(remote_open(p.repo, "two", NULL, &m), ERR_CONFIG, "2 addresses");

	/* Written elsewhere than read: all is asked where it is written. */
	sh("git init -q --bare ../other.git && git remote set-url --push origin ../other.git && git push -q origin main");
	reopen(&p);
	ok(remote_open(p.repo, "origin", NULL, &m));
	ok(remote_list(m, NULL, 0, &refs));
	assert_int_equal(refs.n, 1);
	refs_free(&refs);
	remote_close(m);
	sh("git config --unset remote.origin.pushurl && git config url.../other.git.pushInsteadOf ../hub.git");
	reopen(&p);
	ok(remote_open(p.repo, "origin", NULL, &m));
	assert_string_equal(remote_url(m), "../other.git");
	ok(remote_list(m, NULL, 0, &refs));
	assert_int_equal(refs.n, 1);
	refs_free(&refs);
	remote_close(m);
	sh("git config url.ext::sh.insteadOf ../hub && git config --remove-section url.../other.git");
	reopen(&p);
	fails(remote_open(p.repo, "origin", NULL, &m), ERR_DENIED, "'ext'");
	pair_close(&p);
}

static void
leaves_out_users_and_passwords(void **state)
{
	static const char *const rows[][2] = {
	    {"fatal: 'https://u:p@h/x'", "fatal: 'https://h/x'"}, {"https://tok@h", "https://h"},
	    {"https://u:p%40@h/a@b", "https://h/a@b"}, {"no address", "no address"},
	    {"a http://x/y@z ssh://git@h:22/r", "a http://x/y@z ssh://h:22/r"}, {"https://u:p@q@h/", "https://h/"}};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		struct buf b = BUF_INIT(KIB);

		remote_redact(str_of(rows[i][0]), &b);
		assert_string_equal(buf_cstr(&b), rows[i][1]);
		buf_free(&b);
	}
}

#define TEST_PAIR(fn) cmocka_unit_test_setup_teardown(fn, pair_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_PAIR(pushes_only_from_the_expected_id),
		TEST_PAIR(moves_all_or_none),
		TEST_PAIR(takes_no_shared_history_back),
		TEST_PAIR(refuses_a_push_that_checks_nothing),
		TEST_PAIR(fetches_what_is_there_and_mirrors_it),
		TEST_PAIR(lists_without_fetching),
		TEST_PAIR(a_killed_fetch_blocks_no_later_one),
		TEST_PAIR(a_branch_that_became_a_folder_is_followed),
		TEST_PAIR(says_what_a_hook_refused),
		TEST_PAIR(refuses_a_remote_without_atomic_pushes),
		TEST_PAIR(reads_back_when_the_answer_is_lost),
		TEST_PAIR(takes_no_twin_for_its_own),
		TEST_PAIR(brings_to_its_end_what_the_remote_did_by_half),
		TEST_PAIR(settles_nothing_that_did_not_arrive),
		TEST_PAIR(knows_a_race_lost_at_the_last_moment),
		TEST_PAIR(names_the_class_of_a_fault),
		TEST_PAIR(is_a_name_with_one_address),
		cmocka_unit_test(leaves_out_users_and_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
