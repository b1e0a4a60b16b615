/*
 * confine.h - a process of ours that reads what strangers send gives up what
 * it does not need for that.
 *
 * From here on it starts no program and no process, opens no socket (it
 * accepts on those that it has), touches no other process (seccomp_alone()),
 * and reads and writes no file but those below one folder, and of /proc/self
 * (Landlock).  What is open stays open.  Kept by the kernel until it ends.
 */
#ifndef SYS_CONFINE_H
#define SYS_CONFINE_H

#include "base/def.h"

struct err;

/*
 * ERR_IO when the kernel has it and does not take it.  Where it has not
 * (Landlock: before Linux 5.13; neither: elsewhere), less is given up: *whole
 * says whether it was all.
 */
struct err *confine(const char *dir, bool *whole) MUST_USE;

#endif
