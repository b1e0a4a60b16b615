#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/def.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/jail.h"
#include "sys/jail_remedy.h"
#include "sys/proc.h"
#include "sys/userns.h"

struct err *
jail_program(char **path)
{
	const char *list = getenv("PATH");
	char *found = proc_find(list != NULL ? list : JAIL_PATH, "bwrap");

#ifndef __linux__
	free(found);
	found = NULL;
	return err_hint(err_new(ERR_SANDBOX, "there is no sandbox on this system"),
	    "run git-factory on Linux, or set 'sandbox.mode' to 'none' in your own git config");
#endif
	if (found == NULL)
		return err_hint(err_new(ERR_SANDBOX, "bubblewrap ('bwrap') is not installed"),
		    "run 'apt-get install bubblewrap', or your system's like of it");
	*path = found;
	return NULL;
}

bool
jail_present(void)
{
	AUTO(mem_free_p) char *path = NULL;
	struct err *e = jail_program(&path);
	bool present = e == NULL;

	err_free(e);
	return present;
}

static bool
sysctl_is(const char *path, char wanted)
{
	AUTO(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = '\0';

	return fd >= 0 && read(fd, &c, 1) == 1 && c == wanted;
}

static bool
in_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

/* In the order of likelihood: each closes user namespaces to bubblewrap. */
static const char *
remedy(struct str words)
{
	if (str_find(words, STR("Unknown option")) >= 0 || str_find(words, STR("unknown option")) >= 0)
		return "install bubblewrap 0.8 or later";
	if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'))
		return "give bwrap an AppArmor profile: as root, run 'apt-get install apparmor-profiles', "
		    "'cp /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/' and "
		    "'apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict'; or run 'sysctl -w "
		    "kernel.apparmor_restrict_unprivileged_userns=0'";
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", '0'))
		return "run 'sysctl -w kernel.unprivileged_userns_clone=1' as root";
	if (sysctl_is("/proc/sys/user/max_user_namespaces", '0'))
		return "run 'sysctl -w user.max_user_namespaces=15000' as root";
	if (in_container())
		return "start the container with '--security-opt seccomp=unconfined --security-opt "
		    "apparmor=unconfined --security-opt systempaths=unconfined'";
	return "run 'bwrap --unshare-all --ro-bind / / true' to see what this machine refuses";
}

struct err *
jail_failed(struct str words)
{
	struct str line = {0};
	struct str rest = words;

	while (line.n == 0 && str_line(&rest, &line))
		line = str_trim(line);
	if (line.n == 0)
		line = STR("bubblewrap ended without a word");
	return err_hint(err_new(ERR_SANDBOX, "cannot make the sandbox: %.*s", STR_ARG(line)), "%s",
	    remedy(words));
}

struct err *
jail_check(const struct jail_policy *policy)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	const char *argv[] = {"/bin/sh", "-c", ":", NULL};
	struct jail_cmd cmd = {.argv = argv, .max_out = 4 * KIB, .read_only = true, .deadline_ms = 20000};
	struct view view = {.path = "/usr", .userns_fd = -1, .mntns_fd = -1};

	userns_owner(&view.uid, &view.gid);
	TRY(jail_run(policy, &view, &cmd, &r));
	if (r.timed_out)
		return err_new(ERR_SANDBOX, "a command in the sandbox did not end");
	if (r.status != 0)
		return err_new(ERR_SANDBOX, "a command in the sandbox failed with status %d", r.status);
	return NULL;
}
