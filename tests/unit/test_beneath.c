/* beneath: nothing leads out of the folder, also not in the middle of a rename. */
#include "ws_test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "sys/beneath.h"

#define CANARY "sesame-open-7351"

struct ground {
	char *top;	/* outside: canary */
	char *work;
	int dir;
};

static int
setup(void **state)
{
	struct ground *g = mem_alloc(sizeof(*g));
	AUTO(mem_free_p) char *canary = NULL;
	int fd;

	g->top = scratch_make();
	canary = path_join(g->top, "canary");
	g->work = path_join(g->top, "work");
	fd = open(canary, O_WRONLY | O_CREAT, 0644);
	OK(file_write_all(fd, CANARY, strlen(CANARY)));
	close(fd);
	assert_int_equal(mkdir(g->work, 0755), 0);
	g->dir = open(g->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(g->dir, "in", 0755), 0);
	assert_int_equal(symlinkat("../canary", g->dir, "out"), 0);
	assert_int_equal(symlinkat("..", g->dir, "up"), 0);
	assert_int_equal(symlinkat("/etc/passwd", g->dir, "passwd"), 0);
	assert_int_equal(symlinkat("in", g->dir, "alias"), 0);
	OK(beneath_write(g->dir, "in/file", STR("hello\n"), 0644));
	*state = g;
	return 0;
}

static int
teardown(void **state)
{
	struct ground *g = *state;

	unsetenv("GIT_FACTORY_TEST_OFF");
	close(g->dir);
	scratch_free(g->top);
	free(g->work);
	free(g);
	return 0;
}

static enum err_code
reading(struct ground *g, const char *path)
{
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	struct err *e = beneath_read(g->dir, path, &b);
	enum err_code code;

	if (e == NULL)
		return ERR_CODES;
	code = err_code(e);
	err_free(e);
	return code;
}

static void
reads_and_writes(void **state)
{
	struct ground *g = *state;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	struct stat st;

	OK(beneath_read(g->dir, "in/file", &b));
	if (getenv("NO_OPENAT2") != NULL)
		FAILS(beneath_read(g->dir, "alias/file", &b), ERR_DENIED);
	OK(beneath_read(g->dir, getenv("NO_OPENAT2") != NULL ? "in/file" : "alias/file", &b));
	assert_string_equal(buf_cstr(&b), "hello\nhello\n");
	OK(beneath_write(g->dir, "new/deep/er/file", STR("x"), 0755));
	assert_int_equal(fstatat(g->dir, "new/deep/er/file", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	/* Content changes, the mode stays. */
	OK(beneath_write(g->dir, "new/deep/er/file", STR("y"), 0600));
	assert_int_equal(fstatat(g->dir, "new/deep/er/file", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	OK(beneath_remove(g->dir, "new/deep/er/file"));
	OK(beneath_remove(g->dir, "new/deep/er/file"));
	OK(beneath_remove(g->dir, "no/such/folder/file"));
	assert_int_equal(reading(g, "new/deep/er/file"), ERR_NOT_FOUND);
	b.max = 3;
	buf_clear(&b);
	FAILS(beneath_read(g->dir, "in/file", &b), ERR_LIMIT);
}

static void
t21_links_and_dots_lead_nowhere(void **state)
{
	static const char *const bad[] = {"out", "passwd", "up/canary", "../canary", "in/../../canary",
	    "/etc/passwd", "", "..", "in/..", "/", "in", "."};
	struct ground *g = *state;
	size_t i;

	for (i = 0; i < NITEMS(bad); i++) {
		if (reading(g, bad[i]) != ERR_DENIED)
			fail_msg("reading '%s' is not denied", bad[i]);
		FAILS(beneath_write(g->dir, bad[i], STR("x"), 0644), ERR_DENIED);
	}
	FAILS(beneath_write(g->dir, "up/planted", STR("x"), 0644), ERR_DENIED);
	FAILS(beneath_write(g->dir, "alias/file", STR("x"), 0644), ERR_DENIED);
	FAILS(beneath_remove(g->dir, "up/canary"), ERR_DENIED);
	FAILS(beneath_path(str_mk("a\0b", 3)), ERR_DENIED);
	OK(beneath_path(STR("a..b/...")));
#ifdef FACTORY_TESTING
	setenv("GIT_FACTORY_TEST_OFF", "beneath", 1);
	for (i = 0; i < 4; i++)
		assert_int_equal(reading(g, bad[i]), ERR_CODES);
	OK(beneath_write(g->dir, "up/planted", STR("x"), 0644));
#endif
}

static void
only_regular_files(void **state)
{
	struct ground *g = *state;

	assert_int_equal(mkfifoat(g->dir, "pipe", 0644), 0);
	assert_int_equal(reading(g, "pipe"), ERR_DENIED);
	FAILS(beneath_write(g->dir, "pipe", STR("x"), 0644), ERR_DENIED);
	FAILS(beneath_write(g->dir, "in/file/below", STR("x"), 0644), ERR_NOT_FOUND);
	FAILS(beneath_write(g->dir, "in/", STR("x"), 0644), ERR_DENIED);
}

static void
lists_in_order(void **state)
{
	struct ground *g = *state;
	AUTO(beneath_entries_free) struct beneath_entries list = {0};
	struct beneath_entries few = {0};

	OK(beneath_list(g->dir, ".", 100, &list));
	assert_int_equal(list.n, 5);
	assert_string_equal(list.v[0].name, "alias");
	assert_int_equal(list.v[0].kind, BENEATH_LINK);
	assert_string_equal(list.v[1].name, "in");
	assert_int_equal(list.v[1].kind, BENEATH_DIR);
	FAILS(beneath_list(g->dir, ".", 4, &few), ERR_LIMIT);
	FAILS(beneath_list(g->dir, "up", 100, &few), ERR_DENIED);
	FAILS(beneath_list(g->dir, "in/file", 100, &few), ERR_NOT_FOUND);
}

/* A neighbour that puts a link in the place of a folder and back, for ever. */
static pid_t
start_swapping(struct ground *g)
{
	pid_t pid;

	assert_int_equal(mkdirat(g->dir, "spot", 0755), 0);
	OK(beneath_write(g->dir, "spot/canary", STR("harmless"), 0644));
	assert_int_equal(symlinkat("..", g->dir, "other"), 0);
	pid = fork();
	if (pid == 0) {
		for (;;)
			syscall(SYS_renameat2, g->dir, "spot", g->dir, "other", 2U /* RENAME_EXCHANGE */);
	}
	return pid;
}

static void
stop_swapping(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static size_t
escapes(struct ground *g, int tries, size_t *seen)
{
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);
	size_t out = 0;
	int i;

	for (i = 0; i < tries; i++) {
		buf_clear(&b);
		err_ignore(beneath_read(g->dir, "spot/canary", &b));
		if (strstr(buf_cstr(&b), CANARY) != NULL)
			out++;
		else if (b.n > 0)
			(*seen)++;
	}
	return out;
}

static void
t22_a_rename_race_never_leads_out(void **state)
{
	struct ground *g = *state;
	pid_t pid = start_swapping(g);
	AUTO(mem_free_p) char *planted = path_join(g->top, "planted");
	size_t seen = 0;
	size_t out = escapes(g, 100000, &seen);
	int i;

	for (i = 0; i < 2000; i++)
		err_ignore(beneath_write(g->dir, "spot/planted", STR("x"), 0644));
#ifdef FACTORY_TESTING
	setenv("GIT_FACTORY_TEST_OFF", "beneath", 1);
	size_t off = escapes(g, 20000, &seen);
#endif
	stop_swapping(pid);
	assert_int_equal(out, 0);
	assert_true(seen > 0);	/* the race was on: now and then it was the folder */
	assert_int_not_equal(access(planted, F_OK), 0);
#ifdef FACTORY_TESTING
	assert_true(off > 0);
#endif
}

static int
group(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(reads_and_writes), T(t21_links_and_dots_lead_nowhere), T(only_regular_files),
	    T(lists_in_order), T(t22_a_rename_race_never_leads_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The same on a kernel that has no openat2. */
static int
group_by_walking(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = NITEMS(code), .filter = code};

	setenv("NO_OPENAT2", "1", 1);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0)
		return 98;
	return group();
}

int
main(void)
{
	int bad = run_as_both(group);

	return bad + run_as_both(group_by_walking);
}
