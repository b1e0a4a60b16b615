#include <string.h>

#include "git/oid.h"

const struct oid oid_zero;

/* The id of the bytes "tree 0\0". */
const struct oid oid_empty_tree = {{0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60,
    0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04}};

struct oid_hex
oid_hex(const struct oid *o)
{
	static const char digits[] = "0123456789abcdef";
	struct oid_hex h;
	size_t i;

	for (i = 0; i < OID_RAW; i++) {
		h.s[2 * i] = digits[o->id[i] >> 4];
		h.s[2 * i + 1] = digits[o->id[i] & 15];
	}
	h.s[OID_HEX] = '\0';
	return h;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
oid_parse(struct str s, struct oid *out)
{
	struct oid o;
	int high, low;
	size_t i;

	if (s.n != OID_HEX)
		return false;
	for (i = 0; i < OID_RAW; i++) {
		high = digit(s.p[2 * i]);
		low = digit(s.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		o.id[i] = (unsigned char)(high << 4 | low);
	}
	*out = o;
	return true;
}

bool
oid_eq(const struct oid *a, const struct oid *b)
{
	return memcmp(a->id, b->id, OID_RAW) == 0;
}

int
oid_cmp(const struct oid *a, const struct oid *b)
{
	return memcmp(a->id, b->id, OID_RAW);
}

bool
oid_is_zero(const struct oid *o)
{
	return oid_eq(o, &oid_zero);
}
