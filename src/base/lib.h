/*
 * lib.h - open a shared library at its first use.
 *
 * libgit2, libcurl and SQLite cost more to load than most verbs take, so the
 * one module that wraps each opens it when it is first needed.  The soname is
 * the one that the binary was built against; the Makefile defines it.
 */
#ifndef BASE_LIB_H
#define BASE_LIB_H

#include "base/def.h"

struct err;

/*
 * Fill fns[i] with the address of names[i], for i < n.  ERR_COMMAND naming
 * the library and what to install when it or one symbol is missing; fns is
 * untouched then.  The library stays open for the life of the process.
 */
struct err *lib_open(const char *soname, const char *const names[], void *fns[],
    size_t n) MUST_USE;

#endif
