/*
 * seccomp.h - the filter of system calls for the sandbox: a classic BPF
 * program (seccomp(2)), written by hand so that it needs no library.
 *
 * Refused: io_uring (ENOSYS: programs fall back), kernel keys, bpf, perf,
 * userfaultfd, modules, kexec, the mount and namespace families, handles that
 * open files beside the path (EPERM), sockets of other families than unix,
 * IPv4, IPv6 and netlink (EAFNOSUPPORT: a vsock reaches the host of a virtual
 * machine whatever the network namespace), typing into a terminal (TIOCSTI).
 * Another machine's system calls kill the process; x32's answer ENOSYS.
 */
#ifndef SYS_SECCOMP_H
#define SYS_SECCOMP_H

#include "base/buf.h"
#include "base/def.h"

/* Append the program; false where none is written for this machine. */
bool seccomp_program(struct buf *out) MUST_USE;

/*
 * The same for a process of ours that only answers (confine.h): it starts no
 * program and no process, opens no socket, touches no other process and no
 * file's rights.
 */
bool seccomp_alone(struct buf *out) MUST_USE;

#endif
