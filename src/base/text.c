#include "base/defence.h"
#include "base/text.h"

int32_t
utf8_next(struct str *s)
{
	const unsigned char *p = (const unsigned char *)s->p;
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t c = p[0];
	size_t more, i;

	more = c < 0x80 ? 0 : (c & 0xe0) == 0xc0 ? 1 : (c & 0xf0) == 0xe0 ? 2
	    : (c & 0xf8) == 0xf0 ? 3 : 4;
	if (more == 4 || s->n < more + 1)
		goto malformed;
	if (more > 0)
		c &= 0x3fu >> more;
	for (i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			goto malformed;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		goto malformed;
	*s = str_skip(*s, more + 1);
	return (int32_t)c;
malformed:
	*s = str_skip(*s, 1);
	return -1;
}

bool
utf8_valid(struct str s)
{
	while (s.n > 0)
		if (utf8_next(&s) < 0)
			return false;
	return true;
}

void
utf8_add(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_addc(b, (char)(0xe0 | c >> 12));
		} else {
			buf_addc(b, (char)(0xf0 | c >> 18));
			buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_addc(b, (char)(0x80 | (c & 0x3f)));
}

static const struct {
	int32_t lo, hi;
} hidden[] = {
	{0x00, 0x08}, {0x0b, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad},
	{0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
	{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
	{0xfe00, 0xfe0e}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool
text_hidden(int32_t c)
{
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].lo && c <= hidden[i].hi)
			return true;
	return false;
}

void
text_visible(struct buf *b, struct str s, bool one_line)
{
	while (s.n > 0) {
		struct str before = s;
		int32_t c = utf8_next(&s);

		if (c < 0)
			buf_addf(b, "\\x%02x", (unsigned char)before.p[0]);
		else if (one_line && (c == '\n' || c == '\t' || c == '\r'))
			buf_addc(b, ' ');
		else if (text_hidden(c) && defence_on(DEFENCE_VISIBLE))
			buf_addf(b, c < 0x100 ? "\\x%02x" : "\\u{%x}", (unsigned)c);
		else
			buf_add(b, before.p, before.n - s.n);
	}
}

size_t
text_width(struct str s)
{
	size_t n = 0;
	int32_t c;

	while (s.n > 0) {
		c = utf8_next(&s);
		n += !(c >= 0x300 && c <= 0x36f) && c != 0xfe0f;
	}
	return n;
}

void
text_slug(struct buf *b, struct str s, size_t max)
{
	size_t start = b->n, i;
	char c;

	for (i = 0; i < s.n && b->n - start < max; i++) {
		c = s.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_addc(b, c);
		else if (b->n > start && b->p[b->n - 1] != '-')
			buf_addc(b, '-');
	}
	while (b->n > start && b->p[b->n - 1] == '-')
		buf_trunc(b, b->n - 1);
	if (b->n == start)
		buf_adds(b, "task");
}

struct str
text_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_take(s, max);
}
