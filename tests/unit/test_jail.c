/* jail: what works inside. */
#include "jail_fixture.h"

static void
commands_run_as_outside(void **state)
{
	struct ground *g = *state;

	says(g, "echo out; echo err >&2; exit 3", 3, "out\nerr\n");
	says_with(g, (struct jail_cmd){.input = STR("hello")}, "cat; pwd; echo $HOME", 0,
	    "hello/factory\n/tmp/home\n");
	says(g, "kill -KILL $$", 137, "");
	says(g, "no-such-program", 127, "/bin/sh: 1: no-such-program: not found\n");
}

static void
the_workspace_is_writable_and_ours(void **state)
{
	struct ground *g = *state;
	struct stat st;
	AUTO(mem_free_p) char *file = path_join(g->work, "made");

	says(g, "echo x > made && cat /factory/made && ls -A", 0, "x\nmade\n");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_uid, g->view.uid);
	says_with(g, (struct jail_cmd){.read_only = true}, "echo y 2>/dev/null > made || cat made", 0, "x\n");
}

static void
standard_streams_can_be_opened(void **state)
{
	says(*state, "echo a > /dev/stdout; echo b > /dev/stderr; echo c > /dev/null", 0, "a\nb\n");
}

static void
the_users_world_is_small(void **state)
{
	struct ground *g = *state;

	says(g, "id -u; id -un; hostname; ls / | grep -v ^lib", 0,
	    "1000\nagent\nsandbox\nbin\ndev\netc\nfactory\nproc\nsbin\ntmp\nusr\n");
	says(g, "cat /etc/hosts; wc -l < /etc/passwd; test -e /etc/shadow || ls -A /tmp $HOME", 0,
	    "127.0.0.1 localhost\n::1 localhost ip6-localhost\n3\n/tmp:\nhome\n\n/tmp/home:\n");
	says(g, "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' '", 0,
	    "CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n");
}

static void
nothing_else_is_writable(void **state)
{
	says(*state, "for d in / /usr /etc /dev /usr/bin /proc/sys/kernel /home; do "
	    "touch $d/x 2>/dev/null && echo $d; done; touch /tmp/x /dev/shm/x && echo fine", 0, "fine\n");
}

static void
a_lean_world_is_smaller(void **state)
{
	struct ground *g = *state;
	struct jail_cmd lean = {.lean = true};

	says_with(g, lean, "id -u; ls / | grep -v ^lib; ls /etc; echo x >made; cat made", 0,
	    "1000\nbin\netc\nfactory\nproc\nsbin\nusr\nld.so.cache\nx\n");
	says_with(g, lean, "for d in / /usr /etc /proc/sys/kernel; do touch $d/x 2>/proc/self/fd/1; done | "
	    "grep -vc -e 'Read-only' -e 'Permission denied' -e 'No such file'", 1, "0\n");
	says_with(g, lean, "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' '", 0,
	    "CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n");
}

static void
the_environment_is_what_was_named(void **state)
{
	struct ground *g = *state;
	AUTO(strs_free) struct strs env = {0};

	strs_add(&env, "COLOUR=blue = sky");
	strs_add(&env, "LANG=C");
	setenv("CANARY", CANARY, 1);
	says_with(g, (struct jail_cmd){.env = &env}, "env | grep -v ^PWD= | sort", 0,
	    "COLOUR=blue = sky\nHOME=/tmp/home\nLANG=C\nLOGNAME=agent\n"
	    "PATH=" JAIL_PATH "\nSHELL=/bin/sh\nTERM=dumb\nTMPDIR=/tmp\nUSER=agent\n");
	unsetenv("CANARY");
}

static void
the_working_folder_stays_inside(void **state)
{
	struct ground *g = *state;
	const char *argv[] = {"/bin/pwd", NULL};
	struct jail_cmd cmd = {.argv = argv, .max_out = KIB, .cwd = "../etc"};
	struct proc_result r;

	says(g, "mkdir -p a/b", 0, "");
	says_with(g, (struct jail_cmd){.cwd = "a/b"}, "pwd", 0, "/factory/a/b\n");
	FAILS(jail_run(&g->policy, &g->view, &cmd, &r), ERR_DENIED);
	cmd.cwd = "gone";
	FAILS(jail_run(&g->policy, &g->view, &cmd, &r), ERR_SANDBOX);
}

static void
more_paths_by_name(void **state)
{
	struct ground *g = *state;
	AUTO(mem_free_p) char *tool = path_join(g->outside, "tool");
	AUTO(mem_free_p) char *script = NULL;
	struct jail_bind binds[] = {{tool, "/factory/given", false}};
	struct proc_result r;
	struct jail_cmd cmd = {.argv = (const char *[]){"true", NULL}};
	int fd = open(tool, O_WRONLY | O_CREAT, 0644);

	OK(file_write_all(fd, "hammer\n", 7));
	close(fd);
	script = mem_printf("cat %s; touch %s/new 2>/dev/null || echo closed", tool, g->outside);
	strs_add(&g->policy.read, g->outside);
	says(g, script, 0, "hammer\nclosed\n");
	says_with(g, (struct jail_cmd){.binds = binds, .nbinds = 1}, "cat given", 0, "hammer\n");
	strs_add(&g->policy.read, "/no/such/folder");
	FAILS(jail_run(&g->policy, &g->view, &cmd, &r), ERR_SANDBOX);
}

static void
deadlines_end_everything(void **state)
{
	struct ground *g = *state;
	struct proc_result r = inside(g, (struct jail_cmd){.deadline_ms = 300},
	    "trap '' TERM HUP INT; (trap '' TERM; sleep 600) & echo up; while :; do sleep 1; done");

	assert_true(r.timed_out);
	assert_true(r.ms < 2000);
	assert_string_equal(buf_cstr(&r.out.b), "up\n");
	proc_result_free(&r);
}

static void
output_is_drained_within_its_ceiling(void **state)
{
	struct proc_result r = inside(*state, (struct jail_cmd){.max_out = 1000, .tail = 500},
	    "yes | head -c 100000000; echo end");

	assert_int_equal(r.out.b.n, 1000);
	assert_int_equal(r.out.dropped, 100000004 - 1000);
	assert_true(str_ends(buf_str(&r.out.b), "y\nend\n"));
	proc_result_free(&r);
}

static void
pipes_talk_and_stop_ends(void **state)
{
	struct ground *g = *state;
	const char *argv[] = {"/bin/cat", NULL};
	struct jail_cmd cmd = {.argv = argv, .pipes = true, .max_out = KIB};
	struct jail *j = NULL;
	struct proc_result r = {0};
	char got[8] = {0};

	OK(jail_start(&g->policy, &g->view, &cmd, &j));
	assert_int_equal(write(jail_in(j), "ping", 4), 4);
	assert_int_equal(read(jail_out(j), got, sizeof(got)), 4);
	OK(jail_wait(j, &r));
	assert_int_equal(r.status, 0);
	proc_result_free(&r);
	jail_stop(j);
	OK(jail_start(&g->policy, &g->view, &cmd, &j));
	jail_stop(j);
}

static void
an_overlay_is_seen_through_its_view(void **state)
{
	struct ground *g = *state;
	const char *lowers[] = {g->work, NULL};
	struct userns_opts o = {.lowers = lowers, .bytes = 16 * MIB};
	AUTO(userns_close) struct userns u = USERNS_INIT;
	struct proc_result r;
	struct jail_cmd cmd = {.max_out = KIB, .err_to_out = true};
	const char *argv[] = {"/bin/sh", "-c", "echo new > b; cat a b; id -u", NULL};
	AUTO(mem_free_p) char *a = path_join(g->work, "a");
	AUTO(mem_free_p) char *b = path_join(g->work, "b");
	int fd = open(a, O_WRONLY | O_CREAT, 0644);

	OK(file_write_all(fd, "old\n", 4));
	assert_int_equal(fchown(fd, g->view.uid, g->view.gid), 0);
	close(fd);
	assert_int_equal(chmod(g->dir, 0755), 0);
	OK(userns_open(&o, &u));
	cmd.argv = argv;
	strs_add(&g->policy.read, g->outside);
	OK(jail_run(&g->policy, &u.view, &cmd, &r));
	assert_string_equal(buf_cstr(&r.out.b), "old\nnew\n1000\n");
	proc_result_free(&r);
	assert_int_not_equal(access(b, F_OK), 0);
	assert_int_equal(faccessat(u.upper, "b", F_OK, 0), 0);
}

static void
without_a_sandbox_by_name(void **state)
{
	struct ground *g = *state;
	struct stat st;
	AUTO(mem_free_p) char *file = path_join(g->work, "made");

	g->policy.mode = JAIL_NONE;
	says(g, "echo x > made; exit 4", 4, "");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_uid, g->view.uid);
}

static void
values_are_in_no_command_line(void **state)
{
	struct ground *g = *state;
	AUTO(strs_free) struct strs env = {0};
	const char *argv[] = {"/bin/cat", NULL};
	struct jail_cmd cmd = {.argv = argv, .pipes = true, .max_out = KIB, .env = &env};
	struct jail *j = NULL;
	const char *grep[] = {"/bin/sh", "-c",
	    "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c '" "[s]esame-open-7351'", NULL};
	struct proc_spec spec = {.argv = grep, .max_out = KIB};
	struct proc_result r = {0};

	strs_add(&env, "KEY=" CANARY);
	OK(jail_start(&g->policy, &g->view, &cmd, &j));
	OK(proc_run(&spec, &r));
	assert_string_equal(buf_cstr(&r.out.b), "0\n");
	proc_result_free(&r);
	jail_stop(j);
}

/* It may be left alone in either half, and nobody stays. */
static void
a_start_has_two_halves(void **state)
{
	struct ground *g = *state;
	const char *argv[] = {"/bin/sh", "-c", "echo here; echo ran >>ran; sleep 271828", NULL};
	struct jail_cmd cmd = {.argv = argv, .pipes = true, .max_out = KIB};
	AUTO(mem_free_p) char *ran = path_join(g->work, "ran");
	const char *look[] = {"/bin/sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[s]leep 271828'", NULL};
	struct proc_spec spec = {.argv = look, .max_out = KIB};
	struct proc_result r = {0};
	struct jail *j = NULL;
	char said[8] = "";

	OK(jail_launch(&g->policy, &g->view, &cmd, &j));
	jail_stop(j);
	assert_int_equal(access(ran, F_OK), -1);
	OK(jail_launch(&g->policy, &g->view, &cmd, &j));
	OK(jail_enter(j));
	OK(jail_enter(j));
	assert_int_equal(read(jail_out(j), said, 5), 5);
	assert_string_equal(said, "here\n");
	jail_stop(j);
	OK(proc_run(&spec, &r));
	assert_string_equal(buf_cstr(&r.out.b), "0\n");
	proc_result_free(&r);
}

static int
group(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(commands_run_as_outside), T(the_workspace_is_writable_and_ours),
	    T(standard_streams_can_be_opened), T(the_users_world_is_small),
	    T(nothing_else_is_writable), T(the_environment_is_what_was_named),
	    T(the_working_folder_stays_inside), T(more_paths_by_name), T(deadlines_end_everything),
	    T(output_is_drained_within_its_ceiling), T(pipes_talk_and_stop_ends),
	    T(an_overlay_is_seen_through_its_view), T(without_a_sandbox_by_name),
	    T(values_are_in_no_command_line), T(a_lean_world_is_smaller),
	    T(a_start_has_two_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
	return run_as_both(group);
}
