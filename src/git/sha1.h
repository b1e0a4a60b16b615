/*
 * sha1.h - SHA-1 of plain bytes, for the trailers of an index and a pack.  Not
 * for anything that an attacker gains by colliding: objects go through libgit2.
 *
 * Facts: FIPS 180-4.
 */
#ifndef GIT_SHA1_H
#define GIT_SHA1_H

#include "base/def.h"

struct sha1 {
	uint32_t h[5];
	uint64_t n;		/* bytes so far */
	unsigned char part[64];	/* of a block that is not whole yet */
};

void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *p, size_t n);
void sha1_end(struct sha1 *s, unsigned char out[20]);

#endif
