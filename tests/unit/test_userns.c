/* test_userns.c - a workspace's namespace: made, seen, written, gone. */
#include "ws_test.h"

#include <errno.h>
#include <sched.h>
#include <sys/xattr.h>

#include "sys/userns.h"

struct room {
	char *dir, *low;
	struct userns u;
};

static void
put(int dirfd, const char *path, const char *text, uid_t uid, gid_t gid)
{
	OK(file_replace(dirfd, path, str_of(text), 0644, false));
	assert_int_equal(fchownat(dirfd, path, uid, gid, 0), 0);
}

static int
setup(void **state)
{
	struct room *r = mem_alloc(sizeof(*r));
	uid_t uid;
	gid_t gid;

	r->dir = scratch_make();
	r->low = path_join(r->dir, "low");
	r->u = (struct userns)USERNS_INIT;
	userns_owner(&uid, &gid);
	OK(dir_make(AT_FDCWD, r->low, 0755));
	assert_int_equal(chown(r->low, uid, gid), 0);
	char *a = path_join(r->low, "a");
	put(AT_FDCWD, a, "base\n", uid, gid);
	free(a);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct room *r = *state;

	userns_close(&r->u);
	scratch_free(r->dir);
	free(r->low);
	free(r);
	return 0;
}

/* Run a shell line in the view as the jail would; its exit status. */
static int
in_view(const struct view *v, const char *script)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setns(v->userns_fd, CLONE_NEWUSER) != 0 || setns(v->mntns_fd, CLONE_NEWNS) != 0)
			_exit(90);
		if (v->uid != geteuid() && (setgroups(0, NULL) != 0 ||
		    setresgid(v->gid, v->gid, v->gid) != 0 ||
		    setresuid(v->uid, v->uid, v->uid) != 0))
			_exit(91);
		if (chdir(v->path) != 0)
			_exit(92);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(93);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void
open_room(struct room *r, struct userns_opts *o)
{
	const char *lowers[] = {r->low, NULL};

	o->lowers = lowers;
	if (o->bytes == 0)
		o->bytes = 8 * MIB;
	OK(userns_open(o, &r->u));
}

static void
overlay_writes_go_to_the_upper_layer(void **state)
{
	struct room *r = *state;
	AUTO(buf_free) struct buf b = BUF_INIT(100);
	struct userns_opts o = {0};
	struct stat st;

	open_room(r, &o);
	assert_int_equal(in_view(&r->u.view, "echo more >>a && mkdir d && echo x >d/f"), 0);
	OK(file_read(r->u.upper, "a", &b));
	assert_string_equal(buf_cstr(&b), "base\nmore\n");
	assert_int_equal(fstatat(r->u.upper, "d/f", &st, 0), 0);
	assert_int_equal(st.st_uid, r->u.view.uid);
	buf_clear(&b);
	char *a = path_join(r->low, "a");
	OK(file_read(AT_FDCWD, a, &b));
	assert_string_equal(buf_cstr(&b), "base\n");
	free(a);
}

static void
a_deleted_and_a_remade_folder_are_marked(void **state)
{
	struct room *r = *state;
	struct userns_opts o = {0};
	struct stat st;
	char y = 0;

	open_room(r, &o);
	assert_int_equal(in_view(&r->u.view, "rm a && mkdir a"), 0);
	assert_int_equal(fstatat(r->u.upper, "a", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	int fd = openat(r->u.upper, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.overlay.opaque", &y, 1), 1);
	close(fd);
	assert_int_equal(in_view(&r->u.view, "rmdir a"), 0);
	assert_int_equal(fstatat(r->u.upper, "a", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
}

static void
nobody_in_there_is_root(void **state)
{
	struct room *r = *state;
	struct userns_opts o = {0};

	open_room(r, &o);
	assert_int_not_equal(r->u.view.uid, 0);
	assert_int_equal(in_view(&r->u.view, "test \"$(id -u)\" != 0"), 0);
	/* What only root may read stays closed. */
	assert_int_not_equal(in_view(&r->u.view, "cat /etc/shadow 2>/dev/null"), 0);
}

static void
the_upper_layer_has_a_ceiling(void **state)
{
	struct room *r = *state;
	struct userns_opts o = {.bytes = MIB};

	open_room(r, &o);
	assert_int_not_equal(in_view(&r->u.view,
	    "dd if=/dev/zero of=big bs=65536 count=64 2>/dev/null"), 0);
	assert_int_equal(in_view(&r->u.view, "rm big && echo ok >small"), 0);
}

static struct err *
fill(void *arg, int dirfd)
{
	struct userns_self self;
	uid_t uid;
	gid_t gid;

	userns_owner(&uid, &gid);
	self = userns_become(uid, gid);
	struct err *e = file_replace(dirfd, "from-fill", STR("filled\n"), 0644, false);
	if (e == NULL)
		e = dir_make(dirfd, "mnt", 0755);
	userns_return(self);
	*(int *)arg = 1;
	return e;
}

static void
the_fill_layer_and_binds_are_there_and_read_only(void **state)
{
	struct room *r = *state;
	int called = 0;
	struct userns_bind bind = {.from = r->low, .to = "mnt"};
	struct userns_opts o = {.fill = fill, .arg = &called, .binds = &bind, .nbinds = 1};

	open_room(r, &o);
	assert_int_equal(called, 1);
	assert_int_equal(in_view(&r->u.view, "grep -q filled from-fill && grep -q base mnt/a"), 0);
	assert_int_not_equal(in_view(&r->u.view, "echo x 2>/dev/null >mnt/a"), 0);
}

static struct err *
fill_fails(void *arg UNUSED, int dirfd UNUSED)
{
	return err_new(ERR_REPOSITORY, "no such luck");
}

static void
a_failing_fill_fails_the_whole(void **state)
{
	struct room *r = *state;
	const char *lowers[] = {r->low, NULL};
	struct userns_opts o = {.lowers = lowers, .bytes = MIB, .fill = fill_fails};

	FAILS(userns_open(&o, &r->u), ERR_REPOSITORY);
	assert_int_equal(r->u.root, -1);
}

static void
plain_binds_the_folder_itself(void **state)
{
	struct room *r = *state;
	struct userns_opts o = {.plain = true};
	char *b = path_join(r->low, "b");

	open_room(r, &o);
	assert_int_equal(r->u.upper, -1);
	assert_int_equal(in_view(&r->u.view, "echo here >b"), 0);
	assert_int_equal(access(b, F_OK), 0);
	free(b);
}

static void
a_missing_layer_is_an_error(void **state)
{
	struct room *r = *state;
	const char *lowers[] = {"/nonexistent/layer", NULL};
	struct userns_opts o = {.lowers = lowers, .bytes = MIB};

	FAILS(userns_open(&o, &r->u), ERR_SANDBOX);
}

/* sudo in somebody's closed home: root gets there, the mapped user does not. */
static void
a_closed_folder_above_is_no_hindrance_to_root(void **state)
{
	struct room *r = *state;
	struct userns_opts o = {0};

	assert_int_equal(chmod(r->dir, 0700), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(r->dir, 12345, 12345), 0);
	open_room(r, &o);
	assert_int_equal(in_view(&r->u.view, "grep -q base a && echo x >>a"), 0);
}

static void
no_process_is_left(void **state)
{
	struct room *r = *state;
	struct userns_opts o = {0};

	open_room(r, &o);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
the_probe_says_yes_here(void **state)
{
	struct room *r = *state;

	OK(userns_probe(r->low));
}

static int
group(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(overlay_writes_go_to_the_upper_layer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_deleted_and_a_remade_folder_are_marked, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_in_there_is_root, setup, teardown),
		cmocka_unit_test_setup_teardown(the_upper_layer_has_a_ceiling, setup, teardown),
		cmocka_unit_test_setup_teardown(the_fill_layer_and_binds_are_there_and_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failing_fill_fails_the_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(plain_binds_the_folder_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_layer_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(a_closed_folder_above_is_no_hindrance_to_root, setup, teardown),
		cmocka_unit_test_setup_teardown(no_process_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(the_probe_says_yes_here, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
	return run_as_both(group);
}
