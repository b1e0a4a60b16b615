/*
 * jail_remedy.h - is there a sandbox here, and if not, what to do about it.
 */
#ifndef SYS_JAIL_REMEDY_H
#define SYS_JAIL_REMEDY_H

#include "base/def.h"
#include "base/str.h"

struct err;

/* Where bubblewrap is, by PATH of our own environment. */
struct err *jail_program(char **path) MUST_USE;
bool jail_present(void);

/* ERR_SANDBOX from what bubblewrap wrote, with the remedy for this machine. */
struct err *jail_failed(struct str words) MUST_USE;

#endif
