/* store/lease and store/watch: who may work, and for how long it was seen to. */
#include "store_fixture.h"

#include "git/ref.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_REPO(watching_needs_both_ends),
	    TEST_REPO(watching_begins_again_after_a_restart),
	    TEST_REPO(a_damaged_watch_proves_nothing),
	    TEST_REPO(a_lease_says_who_and_for_how_long),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
