/*
 * tool: what an agent can do to the workspace, and what it cannot.  The test
 * program is the tool server itself when it is started as one.
 */
#include "ws_test.h"

#include <signal.h>

#include "base/clock.h"
#ifdef __linux__
#include "slowfs.h"
#endif
#include "sys/jail.h"
#include "sys/sigs.h"
#include "sys/userns.h"
#include "tool/serve.h"
#include "tool/tool.h"

#define CANARY "sesame-open-7351"

struct ground {
	char *dir;
	char *work;
	int fd;
	struct view view;
	struct jail_policy policy;
	struct toolbox *tb;
	struct tool_result r;
};

static void
put(struct ground *g, const char *name, const char *text, size_t n)
{
	int fd = openat(g->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	OK(file_write_all(fd, text, n));
	assert_int_equal(fchown(fd, g->view.uid, g->view.gid), 0);
	close(fd);
}

static int
setup(void **state)
{
	struct ground *g = mem_alloc(sizeof(*g));
	struct toolbox_opts opts = {.policy = &g->policy, .view = &g->view};

	unsetenv("GIT_FACTORY_TEST_OFF");
	umask(022);
	OK(sigs_open());
	g->view = (struct view){.userns_fd = -1, .mntns_fd = -1};
	userns_owner(&g->view.uid, &g->view.gid);
	g->dir = scratch_make();
	g->work = path_join(g->dir, "work");
	g->view.path = g->work;
	assert_int_equal(mkdir(g->work, 0755), 0);
	assert_int_equal(chown(g->work, g->view.uid, g->view.gid), 0);
	g->fd = open(g->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	opts.cancel_fd = sigs_fd();
	OK(toolbox_open(&opts, &g->tb));
	put(g, "song.txt", "one\ntwo\nthree\ntwo and a half\n", 29);
	*state = g;
	return 0;
}

static int
teardown(void **state)
{
	struct ground *g = *state;

	unsetenv("GIT_FACTORY_TEST_OFF");
	tool_result_free(&g->r);
	toolbox_close(g->tb);
	sigs_close();
	close(g->fd);
	scratch_free(g->dir);
	free(g->work);
	free(g);
	return 0;
}

static void
call(struct ground *g, const char *name, const char *input)
{
	tool_result_free(&g->r);
	OK(toolbox_call(g->tb, name, str_of(input), 0, &g->r));
}

static void
answers(struct ground *g, const char *name, const char *input, const char *text)
{
	call(g, name, input);
	assert_string_equal(g->r.text, text);
	assert_false(g->r.is_error);
}

static void
refuses(struct ground *g, const char *name, const char *input, const char *part)
{
	call(g, name, input);
	if (!g->r.is_error || strstr(g->r.text, part) == NULL)
		fail_msg("%s %s: '%s'", name, input, g->r.text);
}

static void
content_is(struct ground *g, const char *name, const char *text)
{
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);

	OK(file_read(g->fd, name, &b));
	assert_string_equal(buf_cstr(&b), text);
}

static void
the_table_is_sound(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < TOOL_DEFS; i++) {
		assert_ptr_equal(tool_find(tool_defs[i].name), &tool_defs[i]);
		assert_non_null(tool_defs[i].description);
		assert_true(tool_defs[i].schema[0] == '{');
	}
	assert_null(tool_find("rm"));
}

static void
read_file_in_parts(void **state)
{
	struct ground *g = *state;

	answers(g, "read_file", "{\"path\":\"song.txt\"}", "one\ntwo\nthree\ntwo and a half\n");
	answers(g, "read_file", "{\"path\":\"/factory/./song.txt\",\"start\":2,\"lines\":1}",
	    "two\n\n[lines 2 to 2 of 4; go on with start: 3]");
	put(g, "noend", "a\nb", 3);
	answers(g, "read_file", "{\"path\":\"noend\"}", "a\nb");
	put(g, "empty", "", 0);
	answers(g, "read_file", "{\"path\":\"empty\"}", "[the file is empty]");
	assert_false(g->r.wrote);
	refuses(g, "read_file", "{\"path\":\"song.txt\",\"start\":9}", "has only 4 lines");
	refuses(g, "read_file", "{\"path\":\"gone\"}", "'gone' does not exist");
	refuses(g, "read_file", "{\"path\":\".\"}", "is a folder");
	put(g, "bin", "a\0b", 3);
	refuses(g, "read_file", "{\"path\":\"bin\"}", "binary");
	put(g, "latin", "caf\xe9\n", 5);
	answers(g, "read_file", "{\"path\":\"latin\"}", "caf\xef\xbf\xbd\n");
}

static void
read_file_has_ceilings(void **state)
{
	struct ground *g = *state;
	char *big = mem_alloc(9 * MIB);

	memset(big, 'x', 9 * MIB);
	put(g, "big", big, 9 * MIB);
	refuses(g, "read_file", "{\"path\":\"big\"}", "larger than 8 MiB");
	put(g, "wide", big, 3 * MIB);
	call(g, "read_file", "{\"path\":\"wide\"}");
	assert_true(strlen(g->r.text) < TOOL_READ_MAX + 100);
	assert_true(str_ends(str_of(g->r.text), "[line cut]"));
	free(big);
}

static void
write_file_makes_folders(void **state)
{
	struct ground *g = *state;
	struct stat st;

	answers(g, "write_file", "{\"path\":\"a/b/new\",\"content\":\"h\\u00e9\\n\"}",
	    "wrote 4 bytes to 'a/b/new'");
	assert_true(g->r.wrote);
	content_is(g, "a/b/new", "h\xc3\xa9\n");
	assert_int_equal(fstatat(g->fd, "a/b/new", &st, 0), 0);
	assert_int_equal(st.st_uid, g->view.uid);
	assert_int_equal(fchmodat(g->fd, "a/b/new", 0755, 0), 0);
	call(g, "write_file", "{\"path\":\"a/b/new\",\"content\":\"\"}");
	assert_int_equal(fstatat(g->fd, "a/b/new", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(st.st_size, 0);
}

static void
git_is_not_written(void **state)
{
	static const char *const bad[] = {".git/config", "sub/.git/hooks/pre-commit", ".GIT/x", "git~1/x",
	    ".git./x", ".git /x", ".g\\u200cit/x", ".git"};
	struct ground *g = *state;
	size_t i;

	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(mem_free_p) char *input =
		    mem_printf("{\"path\":\"%s\",\"content\":\"x\"}", bad[i]);

		refuses(g, "write_file", input, "inside .git");
		assert_false(g->r.wrote);
	}
	assert_false(path_in_git(".gitignore"));
	assert_false(path_in_git("a/.github/x"));
	assert_false(path_in_git("src/git/x"));
}

static void
edit_is_exact_and_unique(void **state)
{
	struct ground *g = *state;

	answers(g, "edit", "{\"path\":\"song.txt\",\"old\":\"three\\n\",\"new\":\"3\\n\"}",
	    "edited 'song.txt' at line 3");
	content_is(g, "song.txt", "one\ntwo\n3\ntwo and a half\n");
	refuses(g, "edit", "{\"path\":\"song.txt\",\"old\":\"two\",\"new\":\"2\"}",
	    "occurs 2 times in 'song.txt' (lines 2, 4); take in more");
	refuses(g, "edit", "{\"path\":\"song.txt\",\"old\":\"Two\",\"new\":\"2\"}", "does not occur");
	refuses(g, "edit", "{\"path\":\"song.txt\",\"old\":\"\",\"new\":\"2\"}", "empty");
	refuses(g, "edit", "{\"path\":\"song.txt\",\"old\":\"one\",\"new\":\"one\"}", "the same");
	refuses(g, "edit", "{\"path\":\"gone\",\"old\":\"one\",\"new\":\"x\"}", "does not exist");
	assert_false(g->r.wrote);
	/* Bytes that are not UTF-8 stay as they are. */
	put(g, "latin", "caf\xe9\nplain\n", 11);
	call(g, "edit", "{\"path\":\"latin\",\"old\":\"plain\",\"new\":\"fancy\"}");
	content_is(g, "latin", "caf\xe9\nfancy\n");
	put(g, "aaa", "aaa", 3);
	refuses(g, "edit", "{\"path\":\"aaa\",\"old\":\"aa\",\"new\":\"b\"}", "occurs 2 times");
}

static void
list_shows_the_tree(void **state)
{
	struct ground *g = *state;

	answers(g, "write_file", "{\"path\":\"d/e/f\",\"content\":\"x\"}", "wrote 1 bytes to 'd/e/f'");
	assert_int_equal(symlinkat("song.txt", g->fd, "link"), 0);
	assert_int_equal(mkdirat(g->fd, ".git", 0755), 0);
	answers(g, "list", "{}", "d/\nd/e/\nlink -> song.txt\nsong.txt 29\n");
	answers(g, "list", "{\"path\":\"d\",\"depth\":5}", "d/e/\nd/e/f 1\n");
	answers(g, "list", "{\"path\":\"d/\",\"depth\":1}", "d/e/\n");
	refuses(g, "list", "{\"path\":\"gone\"}", "does not exist");
	refuses(g, "list", "{\"depth\":\"x\"}", "must be an integer");
}

static void
search_finds_lines(void **state)
{
	struct ground *g = *state;

	put(g, "code.c", "int two;\n", 9);
	put(g, "bin", "two\0", 4);
	answers(g, "search", "{\"pattern\":\"^t\\\\w+$\"}", "song.txt:2: two\nsong.txt:3: three\n");
	answers(g, "search", "{\"pattern\":\"TWO\",\"ignore_case\":true,\"glob\":\"*.c\"}",
	    "code.c:1: int two;\n");
	answers(g, "search", "{\"pattern\":\"t.o\",\"literal\":true}", "[no line matches]");
	answers(g, "search", "{\"pattern\":\"half\",\"path\":\"song.txt\"}",
	    "song.txt:4: two and a half\n");
	refuses(g, "search", "{\"pattern\":\"(\"}", "");
	put(g, "evil", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n", 60);
	refuses(g, "search", "{\"pattern\":\"(a+)+$\",\"path\":\"evil\"}", "");
}

static void
run_says_how_it_ended(void **state)
{
	struct ground *g = *state;

	answers(g, "run", "{\"command\":\"cat song.txt | head -n 1; pwd\"}", "one\n/factory\n[exit status 0]");
	assert_true(g->r.wrote);
	refuses(g, "run", "{\"command\":\"echo bad >&2; exit 7\"}", "bad\n[exit status 7]");
	refuses(g, "run", "{\"command\":\"echo a; sleep 60\",\"timeout_s\":1}", "a\n[killed after 1 s]");
	call(g, "run", "{\"command\":\"seq 1 100000\"}");
	assert_non_null(strstr(g->r.text, " bytes left out]\n"));
	assert_true(str_ends(str_of(g->r.text), "\n100000\n[exit status 0]"));
	assert_true(strlen(g->r.text) < TOOL_RUN_MAX + 100);
	answers(g, "run", "{\"command\":\"printf 'a\\\\000b\\\\377'\"}",
	    "a\xef\xbf\xbd" "b\xef\xbf\xbd\n[exit status 0]");
	refuses(g, "run", "{\"command\":7}", "must be a string");
	refuses(g, "run", "{}", "'command' is missing");
	refuses(g, "run", "[]", "must be an object");
}

static void
bad_calls_are_answers(void **state)
{
	struct ground *g = *state;

	refuses(g, "rm", "{}", "no such tool");
	refuses(g, "finish", "{\"summary\":\"x\"}", "not a tool");
	refuses(g, "read_file", "{\"path\":1}", "must be a string");
	refuses(g, "read_file", "{\"path\":\"x\",\"mode\":1}", "has no 'mode'");
	refuses(g, "read_file", "{\"path\":\"x\",\"path\":\"y\"}", "");
	refuses(g, "read_file", "not json", "");
	answers(g, "read_file", "{\"path\":\"song.txt\",\"lines\":1}",
	    "one\n\n[lines 1 to 1 of 4; go on with start: 2]");
}

static void
a_rest_ends_the_server(void **state)
{
	struct ground *g = *state;

	toolbox_rest(g->tb);	/* none was started */
	call(g, "list", "{}");
	toolbox_rest(g->tb);
	toolbox_close(g->tb);
	g->tb = NULL;
}

/* ---- several at once ---- */

static struct tool_call
reads(const char *input)
{
	return (struct tool_call){"read_file", str_of(input)};
}

static void
several_answers_in_the_order_of_the_calls(void **state)
{
	struct ground *g = *state;
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	struct tool_call calls[150] = {0};
	struct tool_result r[150] = {0};
	char *inputs[150];
	size_t i;

	for (i = 0; i < NITEMS(names); i++)
		put(g, names[i], names[i], 1);
	for (i = 0; i < NITEMS(calls); i++) {
		inputs[i] = mem_printf("{\"path\":\"%s\"}", names[i * 7 % 10]);
		calls[i] = reads(inputs[i]);
	}
	/* What is wrong with one call stays with it. */
	calls[3] = reads("{\"path\":\"gone\"}");
	calls[4] = reads("{}},{\"tool\":\"write_file\",\"input\":{\"path\":\"x\",\"content\":\"y\"}");
	calls[5] = (struct tool_call){"search", STR("{\"pattern\":\"two and\"}")};
	calls[6] = (struct tool_call){"list", STR("{\"path\":\"gone\"}")};
	OK(toolbox_calls(g->tb, calls, NITEMS(calls), 0, r));
	for (i = 0; i < NITEMS(calls); i++) {
		if (i < 3 || i > 6)
			assert_string_equal(r[i].text, names[i * 7 % 10]);
		assert_int_equal(r[i].is_error, i == 3 || i == 4 || i == 6);
		assert_false(r[i].wrote);
	}
	assert_non_null(strstr(r[3].text, "'gone' does not exist"));
	assert_string_equal(r[5].text, "song.txt:4: two and a half\n");
	refuses(g, "read_file", "{\"path\":\"x\"}", "does not exist");
	for (i = 0; i < NITEMS(calls); i++) {
		tool_result_free(&r[i]);
		free(inputs[i]);
	}
}

#ifdef __linux__

#define DELAY_MS 500

static int64_t
timed(struct ground *g, const struct tool_call *calls, size_t n)
{
	struct clock c = clock_system();
	struct tool_result r[10] = {0};
	int64_t began;
	char want[3] = "?\n";
	size_t i;

	OK(toolbox_ready(g->tb));
	began = clock_mono(&c);
	OK(toolbox_calls(g->tb, calls, n, 0, r));
	began = clock_mono(&c) - began;
	for (i = 0; i < n; i++) {
		want[0] = calls[i].input.p[strlen("{\"path\":\"slow/")];
		assert_string_equal(r[i].text, want);
		tool_result_free(&r[i]);
	}
	return began;
}

/* Four slow reads take the time of one, and one slow read holds up no other. */
static void
slow_reads_wait_side_by_side(void **state)
{
	struct ground *g = *state;
	struct slowfs s = {0};
	struct tool_call calls[] = {reads("{\"path\":\"slow/0\"}"), reads("{\"path\":\"slow/1\"}"),
	    reads("{\"path\":\"slow/2\"}"), reads("{\"path\":\"slow/3\"}"), reads("{\"path\":\"slow/4\"}"),
	    reads("{\"path\":\"slow/5\"}"), reads("{\"path\":\"slow/6\"}"), reads("{\"path\":\"slow/7\"}"),
	    reads("{\"path\":\"slow/8\"}")};
	AUTO(mem_free_p) char *path = path_join(g->work, "slow");
	int64_t ms;
	size_t i;

	assert_int_equal(mkdir(path, 0755), 0);
	if (!slowfs_mount(&s, path))
		skip();
	for (i = 0; i < 4; i++)
		s.delay_ms[i] = DELAY_MS;
	s.delay_ms[4] = 3 * DELAY_MS;
	for (i = 5; i < 9; i++)
		s.delay_ms[i] = DELAY_MS / 4;
	ms = timed(g, calls, 4);
	assert_int_equal(s.most, TOOL_WORKERS);
	/* One after the other they take four times as long; a busy machine adds to it. */
	assert_in_range(ms, DELAY_MS - 10, 3 * DELAY_MS);
	/* The four short ones are done beside the long one, by three workers. */
	s.beside = 0;
	ms = timed(g, calls + 4, 5);
	assert_true(ms >= 3 * DELAY_MS - 10);
	assert_int_equal(s.beside, 4);
	assert_int_equal(s.most, TOOL_WORKERS);
	toolbox_close(g->tb);
	g->tb = NULL;
	slowfs_unmount(&s);
}

#endif

#ifdef FACTORY_TESTING
static void
reopen(struct ground *g, const char *off)
{
	struct toolbox_opts opts = {.policy = &g->policy, .view = &g->view};

	setenv("GIT_FACTORY_TEST_OFF", off, 1);
	toolbox_close(g->tb);
	OK(toolbox_open(&opts, &g->tb));
}
#endif

/* THREATS 21 and 33: no tool reads what is outside, by two walls. */
static void
t33_tools_see_the_workspace_only(void **state)
{
	struct ground *g = *state;
	AUTO(mem_free_p) char *canary = path_join(g->dir, "canary");
	int fd = open(canary, O_WRONLY | O_CREAT, 0644);

	OK(file_write_all(fd, CANARY "\n", strlen(CANARY) + 1));
	close(fd);
	assert_int_equal(chmod(g->dir, 0755), 0);
	assert_int_equal(symlinkat("../canary", g->fd, "way"), 0);
	refuses(g, "read_file", "{\"path\":\"../canary\"}", "contains '..'");
	refuses(g, "read_file", "{\"path\":\"way\"}", "leads out");
	refuses(g, "read_file", "{\"path\":\"/proc/1/environ\"}", "absolute");
	refuses(g, "write_file", "{\"path\":\"../planted\",\"content\":\"x\"}", "contains '..'");
#ifdef FACTORY_TESTING
	AUTO(mem_free_p) char *input = mem_printf("{\"path\":\"../../../../../../../../..%s\"}", canary);

	/* The second wall: without the first, the sandbox still has no such file. */
	reopen(g, "beneath");
	refuses(g, "read_file", input, "does not exist");
	reopen(g, "beneath,tool-jail");
	answers(g, "read_file", input, CANARY "\n");
#endif
}

static void
ctrl_c_ends_a_call(void **state)
{
	struct ground *g = *state;
	struct tool_result r = {0};

	call(g, "list", "{}");
	raise(SIGINT);
	FAILS(toolbox_call(g->tb, "run", STR("{\"command\":\"sleep 60\"}"), 0, &r), ERR_INTERRUPTED);
	FAILS(toolbox_call(g->tb, "list", STR("{}"), 0, &r), ERR_INTERRUPTED);
}

static void
no_sandbox_is_our_error(void **state)
{
	struct ground *g = *state;
	AUTO(mem_free_p) char *path = mem_strdup(getenv("PATH"));
	struct tool_result r = {0};

	setenv("PATH", "/nonexistent", 1);
	FAILS(toolbox_call(g->tb, "list", STR("{}"), 0, &r), ERR_SANDBOX);
	FAILS(toolbox_call(g->tb, "run", STR("{\"command\":\"true\"}"), 0, &r), ERR_SANDBOX);
	setenv("PATH", path, 1);
	call(g, "list", "{}");
}

static int
group(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(the_table_is_sound), T(read_file_in_parts), T(read_file_has_ceilings),
	    T(write_file_makes_folders), T(git_is_not_written), T(edit_is_exact_and_unique),
	    T(list_shows_the_tree), T(search_finds_lines), T(run_says_how_it_ended),
	    T(bad_calls_are_answers), T(t33_tools_see_the_workspace_only), T(ctrl_c_ends_a_call),
	    T(no_sandbox_is_our_error), T(a_rest_ends_the_server), T(several_answers_in_the_order_of_the_calls),
#ifdef __linux__
	    T(slow_reads_wait_side_by_side),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--tool-server") == 0)
		return tool_server_main(0, 1);
	return run_as_both(group);
}
