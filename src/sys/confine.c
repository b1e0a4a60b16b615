#include "sys/confine.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "sys/seccomp.h"

#if defined(__linux__) && !defined(SANITIZED)

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Those of the first version of Landlock; later ones are asked for by number. */
#define ALL_V1 ((UINT64_C(1) << 13) - 1)
#define REFER (UINT64_C(1) << 13)	/* version 2 */
#define TRUNCATE (UINT64_C(1) << 14)	/* version 3 */
#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static struct err *
allow(int rules, const char *path, uint64_t access)
{
	AUTO(fd_close_p) int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = {.allowed_access = access, .parent_fd = fd};

	if (fd < 0)
		return err_sys("cannot open '%s'", path);
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
		return err_sys("cannot confine this process to '%s'", path);
	return NULL;
}

static struct err *
confine_files(const char *dir, bool *done)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = {.handled_access_fs = ALL_V1};
	AUTO(fd_close_p) int rules = -1;

	*done = version >= 1;
	if (!*done)
		return NULL;
	attr.handled_access_fs |= version >= 3 ? REFER | TRUNCATE : version >= 2 ? REFER : 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (rules < 0)
		return err_sys("cannot confine this process");
	TRY(allow(rules, dir, READ | WRITE | (version >= 3 ? TRUNCATE : 0)));
	TRY(allow(rules, "/proc/self", READ));
	if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		return err_sys("cannot confine this process");
	return NULL;
}

static struct err *
confine_calls(bool *done)
{
	AUTO(buf_free) struct buf program = BUF_INIT(64 * KIB);
	struct sock_fprog f;

	*done = seccomp_alone(&program);
	if (!*done)
		return NULL;
	f = (struct sock_fprog){.len = (unsigned short)(program.n / sizeof(struct sock_filter)),
	    .filter = (struct sock_filter *)(void *)program.p};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f) != 0)
		return err_sys("cannot confine this process");
	return NULL;
}

struct err *
confine(const char *dir, bool *whole)
{
	bool files, calls;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_sys("cannot confine this process");
	TRY(confine_files(dir, &files));
	TRY(confine_calls(&calls));
	*whole = files && calls;
	return NULL;
}

#else

/* The sanitizers' reports need what this takes away. */
struct err *
confine(const char *dir UNUSED, bool *whole)
{
	*whole = false;
	return NULL;
}

#endif
