/*
 * programs.h - the programs that a gate says it needs ('needs'): whether they
 * are there, and which ones.
 *
 * An entry is a program's name, or a command that prints its version:
 * "gcc --version".  The first word must be on the sandbox's PATH.  What the
 * command prints, run in the sandbox in the base's files, is a part of the
 * gate's identity: another version proves anew.  It is asked once for each
 * file that the name leads to, and remembered on this machine.
 */
#ifndef GATE_RUN_PROGRAMS_H
#define GATE_RUN_PROGRAMS_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct conf_gate;
struct err;
struct gates;

/* The first program that is not there, borrowed from the gate; empty when all are. */
struct str programs_missing(const struct gates *g, const struct conf_gate *gate);

/* Append what tells these programs from others, a line for each. */
struct err *programs_identity(const struct gates *g, const struct conf_gate *gate,
    struct buf *out) MUST_USE;

#endif
