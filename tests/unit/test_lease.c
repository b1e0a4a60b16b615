/* store/lease and store/watch: who may work, and for how long it was seen to. */
#include "store_fixture.h"

#include <sys/wait.h>

#include "git/ref.h"
#include "git/remote.h"
#include "git/txn.h"
#include "store/watch.h"

#define TASK "k3xq7abc"

/* Time that only passes when a test says so. */
static int64_t now_ms = 1000000;

static int64_t
mono(const struct clock *c UNUSED)
{
	return now_ms;
}

static int64_t
wall(const struct clock *c UNUSED)
{
	return 1700000000;
}

static struct state *
slow_state(struct repo *r)
{
	struct state_opts o = {.repo = r, .clock = {.mono_ms = mono, .wall_s = wall}};
	struct state *s = NULL;

	ok(state_open(&o, &s));
	return s;
}

static struct oid
oid_of(char digit)
{
	struct oid o = oid_zero;
	char hex[41];

	memset(hex, digit != '\0' ? digit : '0', 40);
	hex[40] = '\0';
	assert_true(oid_parse(str_of(hex), &o));
	return o;
}

static void
look(struct state *s, char digit, int64_t began)
{
	char name[] = REF_LEASES TASK;
	struct ref ref = {.name = name, .oid = oid_of(digit)};
	struct refs refs = {.v = &ref, .n = digit != '\0' ? 1 : 0};

	ok(watch_look(s, &refs, began));
}

static int64_t
seen(struct state *s, char digit)
{
	AUTO(watch_free_p) struct watch *w = watch_open(s);
	struct oid o = oid_of(digit);

	return watch_seen(w, &o);
}

/* ---- watching ---- */

static void
watching_needs_both_ends(void **state UNUSED)
{
	struct repo *r = NULL;
	struct state *s;

	ok(repo_open(NULL, &r));
	s = slow_state(r);
	assert_int_equal(seen(s, 'a'), 0);
	look(s, 'a', now_ms);
	/* Time that passes proves nothing: only a second look does. */
	now_ms += 60000;
	assert_int_equal(seen(s, 'a'), 0);
	look(s, 'a', now_ms);
	assert_int_equal(seen(s, 'a'), 60000);
	/* A slow request began before it showed what it showed. */
	now_ms += 30000;
	look(s, 'a', now_ms - 20000);
	assert_int_equal(seen(s, 'a'), 70000);
	/* A heartbeat is another id. */
	look(s, 'b', now_ms);
	assert_int_equal(seen(s, 'a'), 0);
	assert_int_equal(seen(s, 'b'), 0);
	now_ms += 5000;
	look(s, 'b', now_ms);
	assert_int_equal(seen(s, 'b'), 5000);
	/* Another process of the same machine goes on from there. */
	state_close(s);
	s = slow_state(r);
	assert_int_equal(seen(s, 'b'), 5000);
	/* What is gone is forgotten. */
	look(s, '\0', now_ms);
	assert_int_equal(seen(s, 'b'), 0);
	state_close(s);
	repo_close(r);
}

static void
watching_begins_again_after_a_restart(void **state UNUSED)
{
	struct repo *r = NULL;
	struct state *s;

	ok(repo_open(NULL, &r));
	s = slow_state(r);
	look(s, 'a', now_ms);
	now_ms += 60000;
	look(s, 'a', now_ms);
	assert_int_equal(seen(s, 'a'), 60000);
	sh("sed -i '1s/ [^ ]*$/ 11111111-2222-3333-4444-555555555555/' .git/factory/watch");
	assert_int_equal(seen(s, 'a'), 0);
	look(s, 'a', now_ms);
	assert_int_equal(seen(s, 'a'), 0);
	now_ms += 1000;
	look(s, 'a', now_ms);
	assert_int_equal(seen(s, 'a'), 1000);
	/* The same boot id with a clock that went back: not what was read then. */
	now_ms -= 500000;
	assert_int_equal(seen(s, 'a'), 0);
	look(s, 'a', now_ms);
	assert_int_equal(seen(s, 'a'), 0);
	state_close(s);
	repo_close(r);
}

static void
a_damaged_watch_proves_nothing(void **state UNUSED)
{
	static const char *const damages[] = {
	    "truncate -s 0", "truncate -s -3", "truncate -s 30", "sed -i 's/a/x/'", "sed -i '2s/ [0-9]*$/ 1/'",
	    "sed -i '2s/ [0-9]* / -5 /'", "sed -i '2s/$/ 7/'", "sed -i '$d'", "sh -c 'echo more >>$0'", "rm -f",
	    "sed -i '1s/watch 1/watch 2/'",
	};
	struct repo *r = NULL;
	struct state *s;
	size_t i;

	ok(repo_open(NULL, &r));
	s = slow_state(r);
	for (i = 0; i < NITEMS(damages); i++) {
		look(s, '\0', now_ms);
		look(s, 'a', now_ms);
		now_ms += 60000;
		look(s, 'a', now_ms);
		assert_int_equal(seen(s, 'a'), 60000);
		sh("%s .git/factory/watch", damages[i]);
		assert_int_equal(seen(s, 'a'), 0);
		look(s, 'a', now_ms);
		assert_int_equal(seen(s, 'a'), 0);
	}
	state_close(s);
	repo_close(r);
}

/* ---- what a lease says ---- */

static void
a_lease_says_who_and_for_how_long(void **state UNUSED)
{
	struct state_opts o = {.clock = clock_system(), .node = "attic", .lease_ttl = 90};
	struct id task = {.s = TASK}, run = id_new();
	AUTO(lease_infos_free) struct lease_infos all = {0};
	AUTO(mem_free_p) char *host = NULL;
	struct repo *r = NULL;
	struct state *s;
	struct lease *l;

	ok(repo_open(NULL, &r));
	o.repo = r;
	ok(state_open(&o, &s));
	ok(lease_claim(s, &lease_local, &task, &run, 3, &l));
	ok(lease_list(s, true, &all));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].node, "attic");
	assert_int_equal(all.v[0].ttl, 90);
	assert_int_equal(all.v[0].attempt, 3);
	assert_int_equal(all.v[0].pid, getpid());
	assert_false(all.v[0].ended || all.v[0].remote || all.v[0].expired);
	host = sh_out("git log -1 --format=%%b refs/factory/leases/" TASK " | sed -n 's/^Host: //p'");
	assert_string_equal(all.v[0].host, host);
	ok(lease_release(l));
	lease_free(l);
	state_close(s);
	repo_close(r);
}

/* ---- on a remote ---- */

struct clone {
	struct repo *repo;
	struct state *state;
};

/* Two clones of one bare repository, under other node names. */
static void
clone_open(struct clone *c, const char *node)
{
	struct state_opts o = {.clock = {.mono_ms = mono, .wall_s = wall}, .remote = "origin", .lease_ttl = 60,
	    .node = node};
	AUTO(mem_free_p) char *path = mem_printf("../%s", node);

	sh("test -d ../hub || git clone -q --bare . ../hub");
	sh("git clone -q ../hub ../%s", node);
	ok(repo_open(path, &c->repo));
	o.repo = c->repo;
	ok(state_open(&o, &c->state));
}

static void
clone_close(struct clone *c)
{
	state_close(c->state);
	repo_close(c->repo);
}

static const struct id task = {.s = TASK};

static struct lease *
claims(struct clone *c)
{
	struct id run = id_new();
	struct lease *l = NULL;

	ok(lease_claim(c->state, &lease_remote, &task, &run, 1, &l));
	return l;
}

static void
is_refused(struct clone *c, enum err_code code, const char *why)
{
	struct id run = id_new();
	struct lease *l = NULL;

	fails(lease_claim(c->state, &lease_remote, &task, &run, 1, &l), code, why);
	assert_null(l);
}

static void
one_of_two_clones_holds_it(void **state UNUSED)
{
	AUTO(lease_infos_free) struct lease_infos all = {0};
	struct clone a, b;
	struct lease *l, *next;

	clone_open(&a, "attic");
	clone_open(&b, "barn");
	l = claims(&a);
	is_refused(&b, ERR_TAKEN, "attic");
	sh("! git -C ../barn rev-parse -q --verify refs/factory/leases/" TASK);
	ok(lease_list(b.state, false, &all));
	assert_int_equal(all.n, 1);
	assert_true(all.v[0].remote);
	assert_string_equal(all.v[0].node, "attic");
	now_ms += 20000;
	ok(lease_beat(l));
	sh("test $(git -C ../hub rev-parse refs/factory/leases/" TASK ") = $(git -C ../attic rev-parse refs/factory/leases/" TASK ")");
	is_refused(&b, ERR_TAKEN, "attic");
	ok(lease_release(l));
	lease_free(l);
	next = claims(&b);
	assert_int_equal(lease_info(next)->attempt, 1);
	is_refused(&a, ERR_TAKEN, "barn");
	ok(lease_release(next));
	lease_free(next);
	sh("test -z \"$(git -C ../hub for-each-ref refs/factory/leases)\"");
	clone_close(&a);
	clone_close(&b);
}

static void
a_silent_holder_is_taken_over(void **state UNUSED)
{
	struct clone a, b, c;
	struct lease *l, *next;

	clone_open(&a, "attic");
	clone_open(&b, "barn");
	clone_open(&c, "cellar");
	l = claims(&a);
	now_ms += 600000;
	/* However long it was silent: who sees it for the first time proves nothing. */
	is_refused(&b, ERR_TAKEN, "attic");
	now_ms += 59000;
	is_refused(&b, ERR_TAKEN, "attic");
	ok(lease_beat(l));
	is_refused(&b, ERR_TAKEN, "attic");
	now_ms += 59000;
	is_refused(&b, ERR_TAKEN, "attic");
	now_ms += 2000;
	is_refused(&c, ERR_TAKEN, "attic");
	next = claims(&b);
	assert_int_equal(lease_info(next)->attempt, 2);
	/* The first one notices, whatever it does next, and nothing moves. */
	fails(lease_beat(l), ERR_STALE, "is lost");
	ok(lease_release(l));
	lease_free(l);
	ok(lease_beat(next));
	sh("test $(git -C ../hub rev-parse refs/factory/leases/" TASK ") = $(git -C ../barn rev-parse refs/factory/leases/" TASK ")");
	ok(lease_release(next));
	lease_free(next);
	clone_close(&a);
	clone_close(&b);
	clone_close(&c);
}

static void
what_another_process_of_the_run_moved_is_followed(void **state UNUSED)
{
	struct lease *l, *keeper, *none = NULL;
	struct clone a;
	struct id other = id_new();

	clone_open(&a, "attic");
	l = claims(&a);
	fails(lease_keep(a.state, &lease_remote, &task, &other, getpid(), &none), ERR_STALE, "another's");
	ok(lease_keep(a.state, &lease_remote, &task, &lease_info(l)->run, getpid(), &keeper));
	ok(lease_beat(keeper));
	now_ms += 20000;
	ok(lease_beat(l));
	/* A beat whose answer was lost: the remote is ahead of what we know. */
	sh("cd ../attic && git rev-parse refs/factory/leases/" TASK " >../before");
	now_ms += 20000;
	ok(lease_beat(keeper));
	sh("cd ../attic && git update-ref refs/factory/leases/" TASK " $(cat ../before)");
	now_ms += 20000;
	ok(lease_beat(l));
	sh("test $(git -C ../hub rev-parse refs/factory/leases/" TASK ") = $(git -C ../attic rev-parse refs/factory/leases/" TASK ")");
	lease_free(keeper);
	ok(lease_release(l));
	lease_free(l);
	clone_close(&a);
}

static void
an_ended_lease_is_nobodys_to_take(void **state UNUSED)
{
	AUTO(txn_free) struct txn t = {0};
	AUTO(txn_free) struct txn here = {0};
	struct remote *m = NULL;
	struct clone a, b;
	struct lease *l;

	clone_open(&a, "attic");
	clone_open(&b, "barn");
	l = claims(&a);
	ok(lease_ending(l, &t));
	assert_int_equal(t.n, 1);
	ok(remote_open(a.repo, "origin", NULL, &m));
	ok(remote_push(m, &t, NULL));
	remote_close(m);
	lease_drop(l, &here);
	ok(txn_commit(a.repo, &here, "delivered"));
	lease_free(l);
	is_refused(&a, ERR_STATE, "is not part of the state yet");
	is_refused(&b, ERR_STATE, "is not part of the state yet");
	now_ms += 600000;
	is_refused(&b, ERR_STATE, "is not part of the state yet");
	clone_close(&a);
	clone_close(&b);
}

/* ---- all at once ---- */

#define CLAIMERS 8

static void
one_of_many_clones_wins(void **state UNUSED)
{
	pid_t pids[CLAIMERS];
	int go[2], stay[2], i, status, won = 0;
	struct clone c[CLAIMERS];
	char byte;

	for (i = 0; i < CLAIMERS; i++) {
		AUTO(mem_free_p) char *name = mem_printf("node%d", i);

		clone_open(&c[i], name);
	}
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(stay), 0);
	for (i = 0; i < CLAIMERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct id run = id_new();
			struct lease *l;
			struct err *e;

			close(go[1]);
			close(stay[1]);
			(void)!read(go[0], &byte, 1);
			e = lease_claim(c[i].state, &lease_remote, &task, &run, 1, &l);
			/* Alive until all have tried, or the next would take over. */
			close(go[0]);
			(void)!read(stay[0], &byte, 1);
			_exit(e == NULL ? 0 : err_is(e, ERR_TAKEN) ? 1 : 2);
		}
	}
	close(go[0]);
	close(go[1]);
	sleep(2);
	close(stay[1]);
	for (i = 0; i < CLAIMERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_not_equal(WEXITSTATUS(status), 2);
		won += WEXITSTATUS(status) == 0;
		clone_close(&c[i]);
	}
	assert_int_equal(won, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_REPO(watching_needs_both_ends),
	    TEST_REPO(watching_begins_again_after_a_restart),
	    TEST_REPO(a_damaged_watch_proves_nothing),
	    TEST_REPO(a_lease_says_who_and_for_how_long),
	    TEST_REPO(one_of_two_clones_holds_it),
	    TEST_REPO(a_silent_holder_is_taken_over),
	    TEST_REPO(what_another_process_of_the_run_moved_is_followed),
	    TEST_REPO(an_ended_lease_is_nobodys_to_take),
	    TEST_REPO(one_of_many_clones_wins),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
