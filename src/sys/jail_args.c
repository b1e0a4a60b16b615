#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/beneath.h"
#include "sys/jail_args.h"
#include "sys/seccomp.h"
#include "sys/userns.h"

#define INSIDE_ID "1000"
#define SHM_BYTES (64 * MIB)
#define TMP_BYTES (1024 * MIB)

/*
 * What programs need of /etc; none of it is of this machine's user.  Files
 * are copied, for a bind mount costs bubblewrap a good part of a millisecond.
 */
static const char *const etc_files[] = {
    "/etc/debian_version", "/etc/host.conf", "/etc/ld.so.cache", "/etc/localtime",
    "/etc/mime.types", "/etc/nsswitch.conf", "/etc/os-release", "/etc/protocols", "/etc/services",
    "/etc/ssl/openssl.cnf", "/etc/timezone",
};

static const char *const etc_folders[] = {
    "/etc/R", "/etc/alternatives", "/etc/crypto-policies", "/etc/fonts", "/etc/java-*-openjdk",
    "/etc/php", "/etc/pki/tls/certs", "/etc/ssl/certs",
};

static const char *const top[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

static const char passwd[] = "root:x:0:0:root:/root:/usr/sbin/nologin\n"
    "agent:x:" INSIDE_ID ":" INSIDE_ID ":agent:" JAIL_HOME ":/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
static const char group[] = "root:x:0:\nagent:x:" INSIDE_ID ":\nnogroup:x:65534:\n";
static const char hosts[] = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n";

static void
arg(struct jail_args *a, const char *s)
{
	buf_add(&a->b, s, strlen(s) + 1);
}

static void
arg2(struct jail_args *a, const char *option, const char *s)
{
	arg(a, option);
	arg(a, s);
}

static void
arg3(struct jail_args *a, const char *option, const char *s, const char *t)
{
	arg2(a, option, s);
	arg(a, t);
}

static void
arg_int(struct jail_args *a, const char *option, int64_t i)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)i);
	arg2(a, option, text);
}

static void
keep_fd(struct jail_fds *f, int fd, bool own)
{
	assert(f->n < JAIL_FDS);
	f->own[f->n] = own;
	f->keep[f->n++] = fd;
	f->keep[f->n] = -1;
}

void
jail_args_free(struct jail_args *a)
{
	size_t i;

	for (i = 0; i < a->fds.n; i++) {
		if (a->fds.own[i])
			close(a->fds.keep[i]);
	}
	a->fds.n = 0;
	buf_free(&a->b);
	strs_free(&a->stage);
}

/* A descriptor that reads these bytes, kept for bubblewrap. */
static struct err *
data_fd(struct jail_args *a, struct str data, int *fd)
{
#ifdef __linux__
	AUTO(fd_close_p) int mem = memfd_create("jail", MFD_CLOEXEC);
#else
	AUTO(fd_close_p) int mem = -1;
#endif

	if (mem < 0)
		return err_sys("cannot make a file in memory");
	TRY(file_write_all(mem, data.p, data.n));
	if (lseek(mem, 0, SEEK_SET) != 0)
		return err_sys("cannot rewind a file in memory");
	keep_fd(&a->fds, mem, true);
	*fd = mem;
	mem = -1;
	return NULL;
}

static struct err *
add_file(struct jail_args *a, const char *to, const char *text)
{
	int fd;

	TRY(data_fd(a, str_of(text), &fd));
	arg2(a, "--perms", "0644");
	arg_int(a, "--file", fd);
	arg(a, to);
	return NULL;
}

/* 'from' of this machine at 'to'; through the stage where needed. */
static void
add_bind(struct jail_args *a, const char *option, const char *from, const char *to)
{
	char staged[32];

	if (a->staging) {
		snprintf(staged, sizeof(staged), PROC_STAGE "/%zu", a->stage.n);
		strs_add(&a->stage, from);
		from = staged;
	}
	arg3(a, option, from, to);
}

static void
add_top(struct jail_args *a)
{
	char target[256];
	ssize_t n;
	size_t i;

	arg3(a, "--ro-bind", "/usr", "/usr");
	for (i = 0; i < NITEMS(top); i++) {
		n = readlink(top[i], target, sizeof(target) - 1);
		if (n > 0) {
			target[n] = '\0';
			arg3(a, "--symlink", target, top[i]);
		} else if (access(top[i], F_OK) == 0) {
			arg3(a, "--ro-bind", top[i], top[i]);
		}
	}
}

/* A copy, unless it is missing or not for everybody to read. */
static void
add_copy(struct jail_args *a, const char *path)
{
	AUTO(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & S_IROTH) == 0)
		return;
	keep_fd(&a->fds, fd, true);
	arg2(a, "--perms", "0644");
	arg_int(a, "--file", fd);
	arg(a, path);
	fd = -1;
}

static void
add_folders(struct jail_args *a, const char *pattern)
{
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (i = 0; i < found.gl_pathc; i++)
		arg3(a, "--ro-bind", found.gl_pathv[i], found.gl_pathv[i]);
	globfree(&found);
}

static struct err *
add_etc(struct jail_args *a, bool network)
{
	size_t i;

	for (i = 0; i < NITEMS(etc_files); i++)
		add_copy(a, etc_files[i]);
	for (i = 0; i < NITEMS(etc_folders); i++)
		add_folders(a, etc_folders[i]);
	TRY(add_file(a, "/etc/passwd", passwd));
	TRY(add_file(a, "/etc/group", group));
	if (!network)
		return add_file(a, "/etc/hosts", hosts);
	add_copy(a, "/etc/hosts");
	add_copy(a, "/etc/resolv.conf");
	return NULL;
}

static bool
below(const char *path, const char *folder)
{
	struct str s = str_of(path);

	return str_is(s, folder) || (str_starts(s, folder) && path[strlen(folder)] == '/');
}

/* Those below our own mounts come after them, or they would be hidden. */
static struct err *
add_read(struct jail_args *a, const struct jail_policy *policy, bool below_scratch)
{
	size_t i;

	for (i = 0; i < policy->read.n; i++) {
		const char *path = policy->read.v[i];

		if (path[0] != '/')
			return err_new(ERR_CONFIG, "the readable path '%s' is not absolute", path);
		if (access(path, F_OK) != 0)
			return err_hint(err_new(ERR_SANDBOX, "the readable path '%s' does not exist", path),
			    "mend 'sandbox.read' or 'factory.sandbox.read'");
		if (below(path, JAIL_WORK))
			return err_new(ERR_CONFIG, "the readable path '%s' lies where the sandbox has the workspace", path);
		if ((below(path, JAIL_TMP) || below(path, "/dev/shm")) == below_scratch)
			add_bind(a, "--ro-bind", path, path);
	}
	return NULL;
}

static void
add_size(struct jail_args *a, size_t bytes)
{
	if (defence_on(DEFENCE_JAIL_LIMITS))
		arg_int(a, "--size", (int64_t)bytes);
}

static void
add_proc(struct jail_args *a)
{
	if (defence_on(DEFENCE_JAIL_PIDS))
		arg2(a, "--proc", "/proc");
	else
		arg3(a, "--dev-bind", "/proc", "/proc");
}

static void
add_scratch(struct jail_args *a, const struct jail_policy *policy)
{
	arg2(a, "--dev", "/dev");
	add_size(a, SHM_BYTES);
	arg3(a, "--perms", "1777", "--tmpfs");
	arg(a, "/dev/shm");
	add_size(a, policy->tmp_bytes != 0 ? policy->tmp_bytes : TMP_BYTES);
	arg3(a, "--perms", "1777", "--tmpfs");
	arg(a, JAIL_TMP);
	arg2(a, "--dir", JAIL_HOME);
}

static void
add_workspace(struct jail_args *a, const struct view *view, const struct jail_cmd *cmd)
{
	const char *option = cmd->read_only ? "--ro-bind" : "--bind";
	size_t i;

	/* A path of another mount namespace cannot be taken from here. */
	if (view->mntns_fd >= 0)
		arg3(a, option, view->path, JAIL_WORK);
	else
		add_bind(a, option, view->path, JAIL_WORK);
	for (i = 0; i < cmd->nbinds; i++)
		add_bind(a, cmd->binds[i].write ? "--bind" : "--ro-bind", cmd->binds[i].from,
		    cmd->binds[i].to);
}

/* With DEFENCE_JAIL_MOUNTS off: this machine as it is. */
static void
add_everything(struct jail_args *a)
{
	DIR *d = opendir("/");
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		AUTO(mem_free_p) char *path = path_join("/", e->d_name);

		if (e->d_name[0] != '.' && strcmp(path, JAIL_WORK) != 0)
			arg3(a, "--dev-bind", path, path);
	}
	if (d != NULL)
		closedir(d);
}

static struct err *
add_mounts(struct jail_args *a, const struct jail_policy *policy, const struct view *view,
    const struct jail_cmd *cmd)
{
	if (!defence_on(DEFENCE_JAIL_MOUNTS)) {
		add_everything(a);
		add_workspace(a, view, cmd);
		return NULL;
	}
	TRY(add_read(a, policy, false));
	add_top(a);
	if (cmd->lean) {
		add_copy(a, "/etc/ld.so.cache");
	} else {
		TRY(add_etc(a, policy->host_network || cmd->host_network));
		add_scratch(a, policy);
	}
	add_proc(a);
	TRY(add_read(a, policy, true));
	add_workspace(a, view, cmd);
	/* Their own folders were made in a tmpfs, which has no size. */
	if (!cmd->lean)
		arg2(a, "--remount-ro", "/dev");
	arg2(a, "--remount-ro", "/");
	return NULL;
}

static void
add_namespaces(struct jail_args *a, const struct jail_policy *policy, const struct jail_cmd *cmd)
{
	bool network = policy->host_network || cmd->host_network;

	arg(a, "--unshare-user");
	arg(a, "--disable-userns");
	arg(a, "--unshare-ipc");
	arg(a, "--unshare-uts");
	arg(a, "--unshare-cgroup-try");
	if (defence_on(DEFENCE_JAIL_PIDS))
		arg(a, "--unshare-pid");
	if (!network && defence_on(DEFENCE_JAIL_NETWORK))
		arg(a, "--unshare-net");
	arg2(a, "--hostname", "sandbox");
	arg2(a, "--uid", INSIDE_ID);
	arg2(a, "--gid", INSIDE_ID);
	arg2(a, "--cap-drop", "ALL");
	arg(a, "--die-with-parent");
	arg(a, "--new-session");
}

static struct err *
add_filter(struct jail_args *a)
{
	AUTO(buf_free) struct buf program = BUF_INIT(64 * KIB);
	int fd;

	if (!defence_on(DEFENCE_JAIL_SYSCALLS))
		return NULL;
	if (!seccomp_program(&program))
		return err_new(ERR_SANDBOX, "there is no filter of system calls for this machine");
	TRY(data_fd(a, buf_str(&program), &fd));
	arg_int(a, "--seccomp", fd);
	return NULL;
}

void
jail_env(const struct jail_policy *policy, const struct jail_cmd *cmd, bool jailed,
    struct strs *out)
{
	const char *home = jailed ? JAIL_HOME : getenv("HOME");
	size_t i;

	strs_addf(out, "PATH=%s", policy->path != NULL ? policy->path : JAIL_PATH);
	strs_addf(out, "HOME=%s", home != NULL ? home : "/");
	strs_add(out, "LANG=C.UTF-8");
	strs_add(out, "LOGNAME=agent");
	strs_add(out, "SHELL=/bin/sh");
	strs_add(out, "TERM=dumb");
	strs_add(out, "TMPDIR=" JAIL_TMP);
	strs_add(out, "USER=agent");
	for (i = 0; cmd->env != NULL && i < cmd->env->n; i++)
		strs_add(out, cmd->env->v[i]);
}

static struct err *
add_env(struct jail_args *a, const struct jail_policy *policy, const struct jail_cmd *cmd)
{
	AUTO(strs_free) struct strs env = {0};
	size_t i;

	jail_env(policy, cmd, true, &env);
	for (i = 0; i < env.n; i++) {
		struct str value = str_of(env.v[i]);
		struct str key;

		if (!str_has(value, '='))
			return err_new(ERR_CONFIG, "the variable '%s' has no value", env.v[i]);
		str_next(&value, '=', &key);
		arg(a, "--setenv");
		buf_addstr(&a->b, key);
		buf_addc(&a->b, '\0');
		arg(a, env.v[i] + key.n + 1);
	}
	return NULL;
}

static struct err *
add_cwd(struct jail_args *a, const struct jail_cmd *cmd)
{
	arg(a, "--chdir");
	if (cmd->cwd != NULL && cmd->cwd[0] != '\0') {
		AUTO(mem_free_p) char *full = path_join(JAIL_WORK, cmd->cwd);

		TRY(beneath_path(str_of(cmd->cwd)));
		arg(a, full);
	} else {
		arg(a, JAIL_WORK);
	}
	return NULL;
}

struct err *
jail_args_make(struct jail_args *a, const struct jail_policy *policy, const struct view *view,
    const struct jail_cmd *cmd, int status_fd, int block_fd)
{
	arg_int(a, "--json-status-fd", status_fd);
	arg_int(a, "--block-fd", block_fd);
	keep_fd(&a->fds, status_fd, false);
	keep_fd(&a->fds, block_fd, false);
	if (cmd->exe_fd > 0)
		keep_fd(&a->fds, cmd->exe_fd, false);
	add_namespaces(a, policy, cmd);
	TRY(add_mounts(a, policy, view, cmd));
	TRY(add_filter(a));
	TRY(add_env(a, policy, cmd));
	TRY(add_cwd(a, cmd));
	return err_wrap(buf_check(&a->b, "the command line"), "cannot start the sandbox");
}

struct err *
jail_args_fd(struct jail_args *a, int *fd)
{
	return data_fd(a, buf_str(&a->b), fd);
}
