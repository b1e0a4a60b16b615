/*
 * defence.h - every defence that the hostile tests show to be the one that
 * holds: each attack must fail, and must succeed with this defence off.
 *
 * Only a build with FACTORY_TESTING (make TESTING=1) has the switches: there
 * the environment variable GIT_FACTORY_TEST_OFF names defences to turn off,
 * separated by commas, "jail-network,jail-env".  In a released binary
 * defence_on() is the constant true and the words below do not occur.
 *
 * Ask where the defence acts:
 *	if (defence_on(DEFENCE_JAIL_NETWORK))
 *		arg(a, "--unshare-net");
 */
#ifndef BASE_DEFENCE_H
#define BASE_DEFENCE_H

#include "base/def.h"

/* DEFENCE_ROW(code, word, what it stops) */
#define DEFENCE_TABLE                                                                    \
	DEFENCE_ROW(DEFENCE_OUTPUT_SCAN, "output-scan", "secrets in what leaves")        \
	DEFENCE_ROW(DEFENCE_PROTECTED, "protected", "a change of CI, hooks or policy")   \
	DEFENCE_ROW(DEFENCE_KEPT_TESTS, "kept-tests", "tests deleted to pass")           \
	DEFENCE_ROW(DEFENCE_GIT_CONFIG, "git-config", "hostile git config and hooks")    \
	DEFENCE_ROW(DEFENCE_GIT_ATTRS, "git-attrs", "filters and drivers by attributes") \
	DEFENCE_ROW(DEFENCE_GIT_DIR, "git-dir", "a replaced or nested .git")             \
	DEFENCE_ROW(DEFENCE_BENEATH, "beneath", "links, '..' and renames that lead out") \
	DEFENCE_ROW(DEFENCE_PROTOCOLS, "protocols", "ext:: and foreign protocols")       \
	DEFENCE_ROW(DEFENCE_NAMES, "names", "refs and paths that read as options")       \
	DEFENCE_ROW(DEFENCE_GIT_NAMES, "git-names", "look-alikes of .git")               \
	DEFENCE_ROW(DEFENCE_VISIBLE, "visible", "terminal escapes in what is shown")     \
	DEFENCE_ROW(DEFENCE_HIDDEN, "hidden", "invisible code points in a change")       \
	DEFENCE_ROW(DEFENCE_CEILINGS, "ceilings", "giant and deep input")                \
	DEFENCE_ROW(DEFENCE_JAIL_MOUNTS, "jail-mounts", "files outside the workspace")   \
	DEFENCE_ROW(DEFENCE_JAIL_NETWORK, "jail-network", "the network")                 \
	DEFENCE_ROW(DEFENCE_JAIL_SYSCALLS, "jail-syscalls", "system calls beyond need")  \
	DEFENCE_ROW(DEFENCE_JAIL_REQUIRED, "jail-required", "a run without a sandbox")   \
	DEFENCE_ROW(DEFENCE_JAIL_PIDS, "jail-pids", "other processes' memory and names") \
	DEFENCE_ROW(DEFENCE_JAIL_LIMITS, "jail-limits", "fork bombs and full disks")     \
	DEFENCE_ROW(DEFENCE_JAIL_USER, "jail-user", "the rights of root")                \
	DEFENCE_ROW(DEFENCE_PROC_ENV, "proc-env", "an inherited environment")            \
	DEFENCE_ROW(DEFENCE_PROC_FDS, "proc-fds", "inherited descriptors")               \
	DEFENCE_ROW(DEFENCE_TOOL_JAIL, "tool-jail", "a file tool outside the sandbox")   \
	DEFENCE_ROW(DEFENCE_REDACT, "redact", "secrets in logs and transcripts")         \
	DEFENCE_ROW(DEFENCE_REDIRECT, "redirect", "a key that follows a redirect")       \
	DEFENCE_ROW(DEFENCE_ADDRESS, "address", "requests to link-local addresses")      \
	DEFENCE_ROW(DEFENCE_REGEX, "regex", "patterns that never end")                   \
	DEFENCE_ROW(DEFENCE_TRUST, "trust", "policy that loosens unasked")               \
	DEFENCE_ROW(DEFENCE_LAYERS, "layers", "a poisoned next run")                     \
	DEFENCE_ROW(DEFENCE_REPORT, "report", "a forged or planted report")

enum defence {
#define DEFENCE_ROW(code, word, what) code,
	DEFENCE_TABLE
#undef DEFENCE_ROW
	DEFENCES
};

#ifdef FACTORY_TESTING
bool defence_on(enum defence d);
#else
static inline bool
defence_on(enum defence d)
{
	(void)d;
	return true;
}
#endif

#endif
