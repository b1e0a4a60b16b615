/*
 * ws/sha1.h - SHA-1 of plain bytes, for the trailer of an index.  Not for
 * anything that an attacker gains by colliding: objects go through libgit2.
 *
 * Facts: FIPS 180-4.
 */
#ifndef GIT_WS_SHA1_H
#define GIT_WS_SHA1_H

#include "base/def.h"

void sha1(const void *p, size_t n, unsigned char out[20]);

#endif
