/*
 * sha1.c - see sha1.h.  Unrolled: it runs over megabytes while
 * somebody waits for a workspace.
 */
#include "git/sha1.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

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

static void
blocks_plain(uint32_t h[5], const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		block(h, p + 64 * i);
}

#if defined(__x86_64__)

/* Four rounds; the constant's number must be known to the compiler. */
#define ROUNDS(g, k)                                                                       \
	do {                                                                               \
		if ((g) < 4)                                                               \
			m[(g) & 3] = _mm_shuffle_epi8(_mm_loadu_si128(in + (g)), swap);    \
		else                                                                       \
			m[(g) & 3] = _mm_sha1msg2_epu32(_mm_xor_si128(                     \
			    _mm_sha1msg1_epu32(m[(g) & 3], m[((g) + 1) & 3]),              \
			    m[((g) + 2) & 3]), m[((g) + 3) & 3]);                          \
		e = (g) == 0 ? _mm_add_epi32(e, m[0]) : _mm_sha1nexte_epu32(e, m[(g) & 3]); \
		before = abcd;                                                             \
		abcd = _mm_sha1rnds4_epu32(abcd, e, k);                                    \
		e = before;                                                                \
	} while (0)

#define FIVE_ROUNDS(g, k)           \
	do {                        \
		ROUNDS(g, k);       \
		ROUNDS((g) + 1, k); \
		ROUNDS((g) + 2, k); \
		ROUNDS((g) + 3, k); \
		ROUNDS((g) + 4, k); \
	} while (0)

/* With the processor's own instructions: three times as fast. */
__attribute__((target("sha,sse4.1"))) static void
blocks_sha(uint32_t h[5], const unsigned char *p, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
	__m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)h), 0x1b);
	__m128i e = _mm_set_epi32((int)h[4], 0, 0, 0), before;
	__m128i m[4] = {e, e, e, e};

	for (size_t i = 0; i < n; i++) {
		const __m128i *in = (const __m128i *)(const void *)(p + 64 * i);
		const __m128i abcd0 = abcd, e0 = e;

		FIVE_ROUNDS(0, 0);
		FIVE_ROUNDS(5, 1);
		FIVE_ROUNDS(10, 2);
		FIVE_ROUNDS(15, 3);
		e = _mm_sha1nexte_epu32(e, e0);
		abcd = _mm_add_epi32(abcd, abcd0);
	}
	_mm_storeu_si128((__m128i *)(void *)h, _mm_shuffle_epi32(abcd, 0x1b));
	h[4] = (uint32_t)_mm_extract_epi32(e, 3);
}

static bool
look_for_sha(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29)) != 0 &&
	    __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0;
}

/* Asked once: in a virtual machine the answer is the host's, and dear. */
static bool
has_sha(void)
{
	static int known = -1;

	if (known < 0)
		known = look_for_sha();
	return known != 0;
}

static void
blocks(uint32_t h[5], const unsigned char *p, size_t n)
{
	if (has_sha())
		blocks_sha(h, p, n);
	else
		blocks_plain(h, p, n);
}

#else

static void
blocks(uint32_t h[5], const unsigned char *p, size_t n)
{
	blocks_plain(h, p, n);
}

#endif

void
sha1_init(struct sha1 *s)
{
	*s = (struct sha1){.h = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u}};
}

void
sha1_add(struct sha1 *s, const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t have = s->n % sizeof(s->part), room = sizeof(s->part) - have;

	s->n += n;
	if (have > 0 && n >= room) {
		memcpy(s->part + have, p, room);
		blocks(s->h, s->part, 1);
		p += room;
		n -= room;
		have = 0;
	}
	if (have == 0) {
		blocks(s->h, p, n / sizeof(s->part));
		p += n - n % sizeof(s->part);
		n %= sizeof(s->part);
	}
	if (n > 0)
		memcpy(s->part + have, p, n);
}

void
sha1_end(struct sha1 *s, unsigned char out[20])
{
	unsigned char last[128] = {0};
	uint64_t bits = s->n * 8;
	size_t rest = s->n % sizeof(s->part), total = rest < 56 ? 64 : 128;

	memcpy(last, s->part, rest);
	last[rest] = 0x80;
	for (size_t i = 0; i < 8; i++)
		last[total - 1 - i] = (unsigned char)(bits >> (8 * i));
	blocks_plain(s->h, last, total / 64);
	for (size_t i = 0; i < 20; i++)
		out[i] = (unsigned char)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}
