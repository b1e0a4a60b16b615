#include "sys/seccomp.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000U
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#define ANSWER(no) (SECCOMP_RET_ERRNO | ((no) & SECCOMP_RET_DATA))
#define LOAD(field) \
	(struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, what)
#define IF(op, k, yes, no) (struct sock_filter) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, yes, no)

/* The kernel asks the program once per number and remembers plain answers. */
static const uint32_t denied[] = {
    SYS_acct, SYS_add_key, SYS_bpf, SYS_chroot, SYS_delete_module, SYS_fanotify_init,
    SYS_finit_module, SYS_fsconfig, SYS_fsmount, SYS_fsopen, SYS_fspick, SYS_init_module,
    SYS_kexec_file_load, SYS_kexec_load, SYS_keyctl, SYS_lookup_dcookie, SYS_mount,
    SYS_mount_setattr, SYS_move_mount, SYS_name_to_handle_at, SYS_nfsservctl,
    SYS_open_by_handle_at, SYS_open_tree, SYS_perf_event_open, SYS_pivot_root, SYS_quotactl,
    SYS_quotactl_fd, SYS_reboot, SYS_request_key, SYS_setns, SYS_settimeofday, SYS_clock_settime,
    SYS_swapoff, SYS_swapon, SYS_syslog, SYS_umount2, SYS_userfaultfd, SYS_vhangup,
#if defined(__x86_64__)
    SYS__sysctl, SYS_create_module, SYS_ioperm, SYS_iopl, SYS_uselib, SYS_vserver,
#endif
};

static const uint32_t absent[] = {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register};

/* What a process that only answers has no use for: programs, processes, sockets of its own, others. */
static const uint32_t alone[] = {
    SYS_execve, SYS_execveat, SYS_clone, SYS_unshare, SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_ptrace,
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_pidfd_send_signal, SYS_pidfd_getfd, SYS_setuid,
    SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_capset, SYS_personality,
    SYS_setxattr, SYS_fchmodat, SYS_fchownat, SYS_linkat, SYS_symlinkat, SYS_mknodat,
#if defined(__x86_64__)
    SYS_fork, SYS_vfork, SYS_chmod, SYS_chown, SYS_lchown, SYS_link, SYS_symlink, SYS_mknod,
#endif
};

static const uint32_t newer[] = {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_clone3};

static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static const uint32_t typing[] = {TIOCSTI, 0x541c /* TIOCLINUX */};

static void
add(struct buf *out, struct sock_filter f)
{
	buf_add(out, &f, sizeof(f));
}

/* Any number of the list gives 'answer'; else go on. */
static void
add_list(struct buf *out, const uint32_t *list, size_t n, uint32_t answer)
{
	size_t i;

	for (i = 0; i < n; i++)
		add(out, IF(BPF_JEQ, list[i], (uint8_t)(n - i - 1), i + 1 == n ? 1 : 0));
	add(out, RETURN(answer));
}

/* What a system call's argument may (or may not) be; ends the program for it. */
static void
add_argument(struct buf *out, uint32_t nr, unsigned arg, const uint32_t *list, size_t n,
    uint32_t listed, uint32_t other)
{
	/* Little-endian: the low half of the 64-bit argument comes first. */
	uint32_t at = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg);

	add(out, IF(BPF_JEQ, nr, 0, (uint8_t)(n + 3)));
	add(out, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at));
	add_list(out, list, n, listed);
	add(out, RETURN(other));
}

/* Another machine's numbers mean other calls. */
static void
add_machine(struct buf *out)
{
	add(out, LOAD(arch));
	add(out, IF(BPF_JEQ, OUR_ARCH, 1, 0));
	add(out, RETURN(SECCOMP_RET_KILL_PROCESS));
	add(out, LOAD(nr));
#ifdef X32_BIT
	add(out, IF(BPF_JGE, X32_BIT, 0, 1));
	add(out, RETURN(ANSWER(ENOSYS)));
#endif
}

bool
seccomp_program(struct buf *out)
{
	add_machine(out);
	add_argument(out, SYS_socket, 0, families, NITEMS(families), SECCOMP_RET_ALLOW,
	    ANSWER(EAFNOSUPPORT));
	add_argument(out, SYS_socketpair, 0, families, NITEMS(families), SECCOMP_RET_ALLOW,
	    ANSWER(EAFNOSUPPORT));
	add_argument(out, SYS_ioctl, 1, typing, NITEMS(typing), ANSWER(EPERM), SECCOMP_RET_ALLOW);
	add_list(out, absent, NITEMS(absent), ANSWER(ENOSYS));
	add_list(out, denied, NITEMS(denied), ANSWER(EPERM));
	add(out, RETURN(SECCOMP_RET_ALLOW));
	return true;
}

bool
seccomp_alone(struct buf *out)
{
	add_machine(out);
	add_list(out, newer, NITEMS(newer), ANSWER(ENOSYS));
	add_list(out, alone, NITEMS(alone), ANSWER(EPERM));
	add_list(out, denied, NITEMS(denied), ANSWER(EPERM));
	add(out, RETURN(SECCOMP_RET_ALLOW));
	return true;
}

#else

bool
seccomp_program(struct buf *out)
{
	(void)out;
	return false;
}

bool
seccomp_alone(struct buf *out)
{
	(void)out;
	return false;
}

#endif
