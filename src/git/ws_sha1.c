/*
 * ws_sha1.c - see ws_sha1.h.  Unrolled: it runs over megabytes while
 * somebody waits for a workspace.
 */
#include "git/ws_sha1.h"

#include <string.h>

#define ROL(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

static inline uint32_t
load(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t
expand(uint32_t w[16], int i)
{
	return w[i & 15] = ROL(w[(i + 13) & 15] ^ w[(i + 8) & 15] ^ w[(i + 2) & 15] ^ w[i & 15], 1);
}

#define CH(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define MAJ(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))
#define STEP(a, b, c, d, e, f, k, w)                        \
	do {                                                \
		(e) += ROL(a, 5) + f(b, c, d) + (k) + (w);  \
		(b) = ROL(b, 30);                           \
	} while (0)
#define FIVE(f, k, i, W)                              \
	do {                                          \
		STEP(a, b, c, d, e, f, k, W(i));      \
		STEP(e, a, b, c, d, f, k, W((i) + 1)); \
		STEP(d, e, a, b, c, f, k, W((i) + 2)); \
		STEP(c, d, e, a, b, f, k, W((i) + 3)); \
		STEP(b, c, d, e, a, f, k, W((i) + 4)); \
	} while (0)
#define FIRST(i) (w[i] = load(p + 4 * (i)))
#define NEXT(i) expand(w, i)
#define MIXED(i) ((i) < 16 ? FIRST((i) & 15) : NEXT(i))

static void
block(uint32_t h[5], const unsigned char *p)
{
	uint32_t w[16];
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	FIVE(CH, 0x5a827999u, 0, FIRST);
	FIVE(CH, 0x5a827999u, 5, FIRST);
	FIVE(CH, 0x5a827999u, 10, FIRST);
	FIVE(CH, 0x5a827999u, 15, MIXED);
	for (int i = 20; i < 40; i += 5)
		FIVE(PARITY, 0x6ed9eba1u, i, NEXT);
	for (int i = 40; i < 60; i += 5)
		FIVE(MAJ, 0x8f1bbcdcu, i, NEXT);
	for (int i = 60; i < 80; i += 5)
		FIVE(PARITY, 0xca62c1d6u, i, NEXT);
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void
sha1(const void *data, size_t n, unsigned char out[20])
{
	uint32_t h[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
	const unsigned char *p = data;
	unsigned char last[128] = {0};
	uint64_t bits = (uint64_t)n * 8;
	size_t rest = n % 64, total;

	for (size_t i = 0; i < n / 64; i++, p += 64)
		block(h, p);
	if (rest > 0)
		memcpy(last, p, rest);
	last[rest] = 0x80;
	total = rest < 56 ? 64 : 128;
	for (size_t i = 0; i < 8; i++)
		last[total - 1 - i] = (unsigned char)(bits >> (8 * i));
	for (size_t i = 0; i < total; i += 64)
		block(h, last + i);
	for (size_t i = 0; i < 20; i++)
		out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}
