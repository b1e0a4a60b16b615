#include "model/lines.h"

#include <string.h>

#include "base/mem.h"
#include "base/vec.h"

#define CELLS_MAX (4 * MIB)	/* of the table that finds common lines */
#define UNMATCHED SIZE_MAX

struct lines {
	VEC_FIELDS(struct str);
};

/* Lines with their line breaks; the last one as if it had one. */
static void
lines_split(struct str text, struct lines *out)
{
	struct str line;

	while (str_line(&text, &line))
		vec_push(out, line);
}

/* For each line of a that has its like in b: which; UNMATCHED for others. */
static bool
lines_match(const struct lines *a, const struct lines *b, size_t *match)
{
	size_t head = 0, tail = 0, i, j, n, m;
	uint32_t *longest;

	for (i = 0; i < a->n; i++)
		match[i] = UNMATCHED;
	while (head < a->n && head < b->n && str_eq(a->v[head], b->v[head])) {
		match[head] = head;
		head++;
	}
	while (tail < a->n - head && tail < b->n - head &&
	    str_eq(a->v[a->n - 1 - tail], b->v[b->n - 1 - tail])) {
		match[a->n - 1 - tail] = b->n - 1 - tail;
		tail++;
	}
	n = a->n - head - tail;
	m = b->n - head - tail;
	if (n == 0 || m == 0)
		return true;
	if (n + 1 > CELLS_MAX / (m + 1))
		return false;
	longest = mem_calloc((n + 1) * (m + 1), sizeof(*longest));
#define AT(x, y) longest[(x) * (m + 1) + (y)]
	for (i = n; i-- > 0;)
		for (j = m; j-- > 0;)
			AT(i, j) = str_eq(a->v[head + i], b->v[head + j]) ? AT(i + 1, j + 1) + 1 :
			    AT(i + 1, j) > AT(i, j + 1) ? AT(i + 1, j) : AT(i, j + 1);
	for (i = j = 0; i < n && j < m;) {
		if (str_eq(a->v[head + i], b->v[head + j])) {
			match[head + i++] = head + j;
			j++;
		} else if (AT(i + 1, j) >= AT(i, j + 1))
			i++;
		else
			j++;
	}
#undef AT
	free(longest);
	return true;
}

struct piece {
	const struct lines *lines;
	size_t from, to;
};

static bool
piece_eq(struct piece a, struct piece b)
{
	size_t i;

	if (a.to - a.from != b.to - b.from)
		return false;
	for (i = 0; i < a.to - a.from; i++)
		if (!str_eq(a.lines->v[a.from + i], b.lines->v[b.from + i]))
			return false;
	return true;
}

static void
piece_add(struct piece p, struct buf *out)
{
	size_t i;

	for (i = p.from; i < p.to; i++) {
		buf_addstr(out, p.lines->v[i]);
		buf_addc(out, '\n');
	}
}

/* Lines of both, those common to their beginnings and ends once. */
static void
piece_both(struct piece a, struct piece b, struct buf *out)
{
	size_t head = 0, tail = 0, na = a.to - a.from, nb = b.to - b.from;
	size_t most = na < nb ? na : nb;

	while (head < most && str_eq(a.lines->v[a.from + head], b.lines->v[b.from + head]))
		head++;
	while (tail < most - head && str_eq(a.lines->v[a.to - tail - 1], b.lines->v[b.to - tail - 1]))
		tail++;
	piece_add((struct piece){a.lines, a.from, a.to - tail}, out);
	piece_add((struct piece){b.lines, b.from + head, b.to}, out);
}

/* Between two places where all three agree. */
static bool
piece_merge(struct piece base, struct piece ours, struct piece theirs, bool both, struct buf *out)
{
	if (piece_eq(theirs, base)) {
		piece_add(ours, out);
		return true;
	}
	if (piece_eq(ours, base) || piece_eq(ours, theirs)) {
		piece_add(theirs, out);
		return true;
	}
	if (both)
		piece_both(ours, theirs, out);
	else
		piece_add(theirs, out);
	return false;
}

static bool
walk(const struct lines *b, const struct lines *o, const struct lines *t, const size_t *in_o,
    const size_t *in_t, bool both, struct buf *out)
{
	size_t bi = 0, oi = 0, ti = 0, next;
	bool clean = true;

	for (;;) {
		next = bi;
		while (next < b->n && (in_o[next] == UNMATCHED || in_t[next] == UNMATCHED))
			next++;
		clean &= piece_merge((struct piece){b, bi, next},
		    (struct piece){o, oi, next < b->n ? in_o[next] : o->n},
		    (struct piece){t, ti, next < b->n ? in_t[next] : t->n}, both, out);
		if (next == b->n)
			return clean;
		piece_add((struct piece){b, next, next + 1}, out);
		oi = in_o[next] + 1;
		ti = in_t[next] + 1;
		bi = next + 1;
	}
}

static bool
merge(struct str base, struct str ours, struct str theirs, bool both, struct buf *out)
{
	struct lines b = {0}, o = {0}, t = {0};
	size_t *in_o, *in_t;
	bool clean;

	lines_split(base, &b);
	lines_split(ours, &o);
	lines_split(theirs, &t);
	in_o = mem_calloc(b.n, sizeof(*in_o));
	in_t = mem_calloc(b.n, sizeof(*in_t));
	if (lines_match(&b, &o, in_o) && lines_match(&b, &t, in_t))
		clean = walk(&b, &o, &t, in_o, in_t, both, out);
	else {
		clean = false;
		if (both)
			piece_add((struct piece){&o, 0, o.n}, out);
		piece_add((struct piece){&t, 0, t.n}, out);
	}
	free(in_o);
	free(in_t);
	vec_free(&b);
	vec_free(&o);
	vec_free(&t);
	return clean;
}

bool
lines_merge(struct str base, struct str ours, struct str theirs, struct buf *out)
{
	return merge(base, ours, theirs, false, out);
}

bool
lines_unite(struct str base, struct str a, struct str b, struct buf *out)
{
	return merge(base, a, b, true, out);
}
