/*
 * userns.c - see userns.h.
 *
 * A child that lives for one call enters the namespaces, mounts, and passes
 * the descriptors over a socket; the namespaces outlive it through them.
 *
 * The user namespace is made once in a process, as that needs a child with a
 * memory of its own: it lets us write its uid_map while it waits.  Those that
 * mount borrow ours (vfork): nothing is copied, and we sleep until they end.
 */
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

#ifdef __linux__

#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define LOWERS_MAX 60	/* "/proc/self/fd/NNN:" each, within one page of options */
#define BINDS_MAX 16
#define FDS 3		/* mntns, root, upper */
#define PATH_ROOM 256

/* glibc has them from 2.36 on, linux/mount.h clashes with its sys/mount.h. */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 4
#endif

/* Where the child can fail; the words of the message. */
enum step {
	STEP_DONE,
	STEP_UNSHARE,
	STEP_MAP,
	STEP_JOIN,
	STEP_MOUNTS,
	STEP_USER,
	STEP_LAYER,
	STEP_PRIVATE,
	STEP_POINT,
	STEP_TMPFS,
	STEP_XATTR,
	STEP_OVERLAY,
	STEP_BIND,
	STEP_HAND
};

static const char *const step_text[] = {
	[STEP_DONE] = "done",
	[STEP_UNSHARE] = "cannot make a user namespace",
	[STEP_MAP] = "cannot map a user into the user namespace",
	[STEP_JOIN] = "cannot join the user namespace",
	[STEP_MOUNTS] = "cannot make a mount namespace",
	[STEP_USER] = "cannot become the mapped user",
	[STEP_LAYER] = "cannot open a layer of the workspace",
	[STEP_PRIVATE] = "cannot make the mounts private",
	[STEP_POINT] = "no folder to mount the workspace on",
	[STEP_TMPFS] = "cannot mount a tmpfs in a user namespace",
	[STEP_XATTR] = "tmpfs has no user.* attributes",
	[STEP_OVERLAY] = "cannot mount an overlay in a user namespace",
	[STEP_BIND] = "cannot mount a folder into the workspace",
	[STEP_HAND] = "cannot hand over the namespace",
};

/* What a child says, with descriptors only when step is STEP_DONE. */
struct word {
	int step;
	int error;
};

/*
 * Where to mount: a place that exists, that the mapped user reaches, and
 * that nobody binds into a sandbox.
 */
static const char *const points[] = {"/sys/kernel", "/mnt", "/srv", "/media"};

/* What a child that mounts is told, and works with. */
struct child {
	const struct userns_opts *o;
	int sock;
	int userns;
	int mntns;		/* -1: make one, with the tmpfs in it */
	uid_t uid;
	gid_t gid;
	size_t point;		/* index into points[] */
	int lowers[LOWERS_MAX];
	size_t nlowers;
	int binds[BINDS_MAX];
	bool trees;		/* the two above are detached mounts, not yet folders */
};

static bool
mapped(const char *map, unsigned long id)
{
	unsigned long inside, outside, n;
	bool found = false;
	FILE *f = fopen(map, "re");

	if (f == NULL)
		return false;
	while (!found && fscanf(f, "%lu %lu %lu", &inside, &outside, &n) == 3)
		found = id >= inside && id - inside < n;
	fclose(f);
	return found;
}

void
userns_owner(uid_t *uid, gid_t *gid)
{
	static bool nobody;	/* can be had here */
	static pid_t asked;	/* by this process: it keeps its maps, a child may not */

	*uid = geteuid();
	*gid = getegid();
	if (*uid == 0 && asked != getpid()) {
		nobody = mapped("/proc/self/uid_map", USERNS_NOBODY) &&
		    mapped("/proc/self/gid_map", USERNS_NOBODY);
		asked = getpid();
	}
	if (*uid == 0 && nobody) {
		*uid = USERNS_NOBODY;
		*gid = USERNS_NOBODY;
	}
}

struct userns_self
userns_become(uid_t uid, gid_t gid)
{
	struct userns_self self = {.changed = uid != geteuid() || gid != getegid()};

	if (self.changed) {
		prctl(PR_GET_PDEATHSIG, &self.deathsig);
		setfsgid(gid);
		setfsuid(uid);
	}
	return self;
}

void
userns_return(struct userns_self self)
{
	if (!self.changed)
		return;
	setfsuid(geteuid());
	setfsgid(getegid());
	prctl(PR_SET_PDEATHSIG, self.deathsig);
}

/* ---- what a child says ---- */

static NORETURN void
say_failed(int sock, enum step step)
{
	struct word word = {.step = (int)step, .error = errno};

	if (write(sock, &word, sizeof(word)) < 0)
		_exit(2);
	_exit(1);
}

/* With n descriptors, of which none may be missing. */
static void
say_done(int sock, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct word word = {.step = STEP_DONE};
	struct iovec iov = {.iov_base = &word, .iov_len = sizeof(word)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cm;

	for (size_t i = 0; i < n; i++)
		if (fds[i] < 0)
			say_failed(sock, STEP_HAND);
	memset(&control, 0, sizeof(control));
	msg.msg_control = control.bytes;
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	cm = CMSG_FIRSTHDR(&msg);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cm), fds, n * sizeof(int));
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		_exit(2);
}

/* ---- the child that makes the user namespace ---- */

static NORETURN void
home_main(int sock)
{
	struct word word = {.step = STEP_DONE};
	char go;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (unshare(CLONE_NEWUSER) != 0)
		say_failed(sock, STEP_UNSHARE);
	/* A process that hides its memory hides its uid_map too. */
	prctl(PR_SET_DUMPABLE, 1);
	if (write(sock, &word, sizeof(word)) < 0 || read(sock, &go, 1) != 1)
		_exit(1);
	prctl(PR_SET_DUMPABLE, 0);
	fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	say_done(sock, &fd, 1);
	_exit(0);
}

/* ---- the children that mount: our memory, so nothing in it may change for us ---- */

static int
open_folder(const char *path, bool tree)
{
	if (tree)
		return (int)syscall(SYS_open_tree, AT_FDCWD, path,
		    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* false with errno when one of them cannot be had. */
static bool
open_all(struct child *c, bool tree)
{
	const struct userns_opts *o = c->o;

	c->nlowers = 0;
	for (size_t i = 0; o->lowers[i] != NULL; i++) {
		c->lowers[i] = open_folder(o->lowers[i], tree);
		if (c->lowers[i] < 0)
			return false;
		c->nlowers++;
	}
	for (size_t i = 0; i < o->nbinds; i++) {
		c->binds[i] = open_folder(o->binds[i].from, tree);
		if (c->binds[i] < 0)
			return false;
	}
	c->trees = tree;
	return true;
}

/*
 * A layer must be a mount of the new namespace, or the kernel refuses it as
 * foreign.  Root takes the folders along as detached mounts while it still
 * reaches everything: in the namespace it is nobody, and a home folder above
 * the repository may be closed.  An ordinary user opens them there by name.
 *
 * Changing the user keeps the capabilities: 0 is not mapped, so it is no step
 * down from root.
 */
static void
child_enter(struct child *c, bool layers)
{
	bool other = c->uid != geteuid();

	if (other && layers)
		open_all(c, true);
	if (setns(c->userns, CLONE_NEWUSER) != 0)
		say_failed(c->sock, STEP_JOIN);
	if (c->mntns >= 0 ? setns(c->mntns, CLONE_NEWNS) != 0 : unshare(CLONE_NEWNS) != 0)
		say_failed(c->sock, STEP_MOUNTS);
	if (layers && !c->trees && !open_all(c, false))
		say_failed(c->sock, STEP_LAYER);
	if (other && (setgroups(0, NULL) != 0 ||
	    setresgid(c->gid, c->gid, c->gid) != 0 || setresuid(c->uid, c->uid, c->uid) != 0))
		say_failed(c->sock, STEP_USER);
}

/* Put a layer or bind at a folder of the tmpfs. */
static bool
attach(const struct child *c, int fd, const char *to)
{
	char path[64];

	if (c->trees)
		return syscall(SYS_move_mount, fd, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) == 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return mount(path, to, NULL, MS_BIND, NULL) == 0;
}

/* What an option of the overlay calls the layer. */
static void
layer_name(struct child *c, size_t i, char name[64])
{
	if (!c->trees) {
		snprintf(name, 64, "/proc/self/fd/%d", c->lowers[i]);
		return;
	}
	snprintf(name, 64, "low%zu", i);
	if (mkdir(name, 0755) != 0 || !attach(c, c->lowers[i], name))
		say_failed(c->sock, STEP_LAYER);
}

static void
child_tmpfs(struct child *c)
{
	char data[PATH_ROOM];
	size_t files = c->o->files;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		say_failed(c->sock, STEP_PRIVATE);
	if (files == 0)
		files = c->o->bytes / 4096 < 100000 ? 100000 : c->o->bytes / 4096;
	snprintf(data, sizeof(data), "mode=0755,size=%zu,nr_inodes=%zu", c->o->bytes, files);
	if (mount("tmpfs", points[c->point], "tmpfs", MS_NODEV | MS_NOSUID, data) != 0 ||
	    chdir(points[c->point]) != 0)
		say_failed(c->sock, STEP_TMPFS);
	if (mkdir("upper", 0755) != 0 || mkdir("work", 0755) != 0 || mkdir("ws", 0755) != 0)
		say_failed(c->sock, STEP_TMPFS);
}

static void
child_overlay(struct child *c)
{
	char data[4096], name[64];
	size_t n = 0;

	if (setxattr("upper", "user.factory", "y", 1, 0) != 0)
		say_failed(c->sock, STEP_XATTR);
	removexattr("upper", "user.factory");
	n += (size_t)snprintf(data, sizeof(data), "userxattr,upperdir=upper,workdir=work,lowerdir=%s",
	    c->o->fill != NULL ? "fill" : "");
	for (size_t i = 0; i < c->nlowers; i++) {
		layer_name(c, i, name);
		n += (size_t)snprintf(data + n, sizeof(data) - n, "%s%s",
		    i > 0 || c->o->fill != NULL ? ":" : "", name);
	}
	if (mount("overlay", "ws", "overlay", MS_NODEV | MS_NOSUID, data) != 0)
		say_failed(c->sock, STEP_OVERLAY);
}

/* The kernel locks the flags of an inherited mount: a remount must repeat them. */
static bool
read_only(const char *to)
{
	struct statvfs vfs;
	unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY;

	if (statvfs(to, &vfs) != 0)
		return false;
	flags |= MS_NOSUID | MS_NODEV;
	flags |= vfs.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	flags |= vfs.f_flag & ST_NOATIME ? MS_NOATIME : 0;
	flags |= vfs.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0;
	flags |= vfs.f_flag & ST_RELATIME ? MS_RELATIME : 0;
	return mount(NULL, to, NULL, flags, NULL) == 0;
}

static void
child_mount(struct child *c)
{
	char path[PATH_ROOM];

	if (!c->o->plain)
		child_overlay(c);
	else if (!attach(c, c->lowers[0], "ws"))
		say_failed(c->sock, STEP_BIND);
	for (size_t i = 0; i < c->o->nbinds; i++) {
		snprintf(path, sizeof(path), "ws/%s", c->o->binds[i].to);
		if (!attach(c, c->binds[i], path) || !read_only(path))
			say_failed(c->sock, STEP_BIND);
	}
}

static void
child_hand(struct child *c)
{
	int fds[FDS];

	fds[0] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	fds[1] = open("ws", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[2] = open("upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	say_done(c->sock, fds, FDS);
}

/* For who is to fill the topmost lower layer before it is mounted. */
static void
child_hand_fill(struct child *c)
{
	int fds[2];

	if (mkdir("fill", 0755) != 0)
		say_failed(c->sock, STEP_TMPFS);
	fds[0] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	fds[1] = open("fill", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	say_done(c->sock, fds, NITEMS(fds));
}

static NORETURN void
child_main(struct child *c)
{
	bool fill = c->mntns < 0 && c->o->fill != NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	child_enter(c, !fill);
	if (c->mntns < 0)
		child_tmpfs(c);
	else if (chdir(points[c->point]) != 0)
		say_failed(c->sock, STEP_POINT);
	if (fill) {
		child_hand_fill(c);
	} else {
		child_mount(c);
		child_hand(c);
	}
	_exit(0);
}

/* ---- the parent ---- */

static bool
sysctl_is(const char *path, char wanted)
{
	char c = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &c, 1) != 1)
		c = '\0';
	close(fd);
	return c == wanted;
}

static struct err *
remedy(struct err *e, enum step step)
{
	if (step == STEP_LAYER || step == STEP_HAND)
		return e;
	if (step == STEP_XATTR)
		return err_hint(e, "use Linux 6.6 or later");
	if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'))
		return err_hint(e, "run 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0' "
		    "as root, or give git-factory and bwrap an AppArmor profile with 'userns,'");
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", '0'))
		return err_hint(e, "run 'sysctl -w kernel.unprivileged_userns_clone=1' as root");
	if (sysctl_is("/proc/sys/user/max_user_namespaces", '0'))
		return err_hint(e, "run 'sysctl -w user.max_user_namespaces=15000' as root");
	if (access("/.dockerenv", F_OK) == 0)
		return err_hint(e, "start the container with --security-opt seccomp=unconfined "
		    "--security-opt apparmor=unconfined --security-opt systempaths=unconfined");
	return err_hint(e, "allow user namespaces and overlay mounts in them (Linux 6.6 or later)");
}

static struct err *
failed(enum step step, int error)
{
	return remedy(err_new(ERR_SANDBOX, "%s: %s", step_text[step], strerror(error)), step);
}

static struct err *
write_proc(pid_t pid, const char *name, const char *text)
{
	char path[64];
	AUTO(fd_close_p) int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return failed(STEP_MAP, errno);
	return NULL;
}

static struct err *
map_user(pid_t pid, uid_t uid, gid_t gid)
{
	char text[64];

	/* Without CAP_SETGID the kernel wants this first (user_namespaces(7)). */
	if (uid == geteuid())
		TRY(write_proc(pid, "setgroups", "deny"));
	snprintf(text, sizeof(text), "%u %u 1", (unsigned)uid, (unsigned)uid);
	TRY(write_proc(pid, "uid_map", text));
	snprintf(text, sizeof(text), "%u %u 1", (unsigned)gid, (unsigned)gid);
	return write_proc(pid, "gid_map", text);
}

/* One word of the child with exactly n descriptors. */
static struct err *
receive(int sock, struct word *word, int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = word, .iov_len = sizeof(*word)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *cm;
	ssize_t got;

	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(*word))
		return err_new(ERR_SANDBOX, "the helper for the workspace's namespace died");
	if (word->step != STEP_DONE)
		return failed((enum step)word->step, word->error);
	cm = CMSG_FIRSTHDR(&msg);
	if (n == 0)
		return NULL;
	if (cm == NULL || cm->cmsg_type != SCM_RIGHTS || cm->cmsg_len != CMSG_LEN(n * sizeof(int)))
		return err_new(ERR_SANDBOX, "the helper handed over no namespace");
	memcpy(fds, CMSG_DATA(cm), n * sizeof(int));
	return NULL;
}

/* Until the end of a child that has said all, or died. */
static void
wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static struct err *
pair_open(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_sys("cannot make a socket pair");
	return NULL;
}

static struct err *
home_talk(int sock, pid_t pid, uid_t uid, gid_t gid, int *fd)
{
	struct word word;

	TRY(receive(sock, &word, NULL, 0));
	TRY(map_user(pid, uid, gid));
	if (send(sock, "g", 1, MSG_NOSIGNAL) != 1)
		return err_sys("cannot talk to the helper for the workspace's namespace");
	return receive(sock, &word, fd, 1);
}

static struct err *
home_make(uid_t uid, gid_t gid, int *fd)
{
	struct err *e;
	int pair[2];
	pid_t pid;

	TRY(pair_open(pair));
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		home_main(pair[1]);
	}
	close(pair[1]);
	e = pid < 0 ? err_sys("cannot start a helper process") : home_talk(pair[0], pid, uid, gid, fd);
	close(pair[0]);
	if (pid > 0)
		wait_for(pid);
	return e;
}

/* The user namespace of this process, borrowed until it ends. */
static struct err *
home_get(uid_t uid, gid_t gid, int *fd)
{
	static struct {
		int fd;
		uid_t owner, uid;
		gid_t gid;
	} home = {.fd = -1};

	if (home.fd < 0 || home.owner != geteuid() || home.uid != uid || home.gid != gid) {
		fd_close_p(&home.fd);
		TRY(home_make(uid, gid, &home.fd));
		home.owner = geteuid();
		home.uid = uid;
		home.gid = gid;
	}
	*fd = home.fd;
	return NULL;
}

/*
 * One child that mounts, from its start to its end.  Signals wait for that:
 * its handlers would be ours, and write to our memory.
 */
static struct err *
child_run(struct child *c, int *fds, size_t n)
{
	struct word word;
	sigset_t all, had;
	struct err *e;
	int pair[2], error;
	pid_t pid;

	TRY(pair_open(pair));
	c->sock = pair[1];
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &had);
	pid = vfork();
	if (pid == 0)
		child_main(c);
	error = errno;
	sigprocmask(SIG_SETMASK, &had, NULL);
	close(pair[1]);
	errno = error;
	e = pid < 0 ? err_sys("cannot start a helper process") : receive(pair[0], &word, fds, n);
	close(pair[0]);
	if (pid > 0)
		wait_for(pid);
	return e;
}

static struct err *
fill_layer(struct child *c, struct err *(*fill)(void *arg, int dirfd), void *arg)
{
	AUTO(fd_close_p) int dir = -1;
	int fds[2];

	TRY(child_run(c, fds, NITEMS(fds)));
	c->mntns = fds[0];
	dir = fds[1];
	return fill(arg, dir);
}

static struct err *
find_point(size_t *point)
{
	struct stat st;

	for (*point = 0; *point < NITEMS(points); ++*point)
		if (stat(points[*point], &st) == 0 && S_ISDIR(st.st_mode))
			return NULL;
	return failed(STEP_POINT, ENOENT);
}

static struct err *
open_in(struct child *c, struct userns *u)
{
	int fds[FDS];
	struct err *e = NULL;

	if (c->o->fill != NULL)
		e = fill_layer(c, c->o->fill, c->o->arg);
	if (e == NULL)
		e = child_run(c, fds, FDS);
	fd_close_p(&c->mntns);
	if (e != NULL)
		return e;
	u->view.mntns_fd = fds[0];
	u->root = fds[1];
	u->upper = fds[2];
	u->view.userns_fd = fcntl(c->userns, F_DUPFD_CLOEXEC, 3);
	return u->view.userns_fd >= 0 ? NULL : err_sys("cannot keep the user namespace");
}

struct err *
userns_open(const struct userns_opts *o, struct userns *out)
{
	struct child c = {.o = o, .mntns = -1};
	AUTO(userns_close) struct userns u = USERNS_INIT;
	size_t n = 0;

	while (o->lowers[n] != NULL)
		n++;
	if (n > LOWERS_MAX || o->nbinds > BINDS_MAX)
		return err_new(ERR_LIMIT, "a workspace of %zu layers and %zu mounts", n, o->nbinds);
	userns_owner(&c.uid, &c.gid);
	TRY(find_point(&c.point));
	TRY(home_get(c.uid, c.gid, &c.userns));
	TRY(open_in(&c, &u));
	if (o->plain)
		fd_close_p(&u.upper);
	u.path = mem_printf("%s/ws", points[c.point]);
	u.view.path = u.path;
	u.view.uid = c.uid;
	u.view.gid = c.gid;
	*out = u;
	u = (struct userns)USERNS_INIT;
	return NULL;
}

struct err *
userns_probe(const char *scratch)
{
	const char *lowers[] = {scratch, NULL};
	struct userns_opts o = {.lowers = lowers, .bytes = MIB, .files = 64};
	AUTO(userns_close) struct userns u = USERNS_INIT;

	return userns_open(&o, &u);
}

#else

void
userns_owner(uid_t *uid, gid_t *gid)
{
	*uid = geteuid();
	*gid = getegid();
}

struct userns_self
userns_become(uid_t uid UNUSED, gid_t gid UNUSED)
{
	return (struct userns_self){0};
}

void
userns_return(struct userns_self self UNUSED)
{
}

struct err *
userns_open(const struct userns_opts *o UNUSED, struct userns *out UNUSED)
{
	return err_new(ERR_SANDBOX, "this system has no user namespaces");
}

struct err *
userns_probe(const char *scratch UNUSED)
{
	return err_new(ERR_SANDBOX, "this system has no user namespaces");
}

#endif

void
userns_close(struct userns *u)
{
	fd_close_p(&u->view.userns_fd);
	fd_close_p(&u->view.mntns_fd);
	fd_close_p(&u->root);
	fd_close_p(&u->upper);
	free(u->path);
	*u = (struct userns)USERNS_INIT;
}
