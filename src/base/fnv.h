/*
 * fnv.h - FNV-1a, a hash of bytes: quick, the same everywhere and at all times,
 * and no proof against anybody's ill will.
 *
 * Offset bases and primes are those of draft-eastlake-fnv and of Noll's page
 * (isthe.com/chongo/tech/comp/fnv).  What it gives is stored, in names of files
 * and nodes and in checksums: it never changes.
 */
#ifndef BASE_FNV_H
#define BASE_FNV_H

#include "base/def.h"

#define FNV64_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV32_BASIS UINT32_C(0x811c9dc5)

/* Go on from 'h' over n bytes; the first time from the basis, which a caller may seed. */
uint64_t fnv64(uint64_t h, const void *p, size_t n);
uint32_t fnv32(uint32_t h, const void *p, size_t n);

#endif
