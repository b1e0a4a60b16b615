#include "columns.h"

/* A number from 1 to COLUMN_LAST; moves *s behind it. */
static bool
number(const char **s, size_t *out)
{
	size_t n = 0;

	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		n = n * 10 + (size_t)(**s - '0');
		if (n > COLUMN_LAST)
			return false;
	}
	*out = n;
	return n != 0;
}

bool
columns_parse(const char *list, struct columns *out)
{
	size_t from, to;

	out->n = 0;
	for (;;) {
		if (out->n == COLUMNS_MAX || !number(&list, &from))
			return false;
		to = from;
		if (*list == '-') {
			list++;
			if (*list == ',' || *list == '\0')
				to = COLUMN_LAST;
			else if (!number(&list, &to))
				return false;
		}
		if (to < from)
			return false;
		out->ranges[out->n].from = from - 1;
		out->ranges[out->n].to = to - 1;
		out->n++;
		if (*list == '\0')
			return true;
		if (*list++ != ',')
			return false;
	}
}

size_t
columns_count(const struct columns *c, size_t width)
{
	size_t i, to, n = 0;

	for (i = 0; i < c->n; i++) {
		to = c->ranges[i].to;
		if (to >= width)
			to = width - 1;
		if (width != 0 && c->ranges[i].from <= to)
			n += to - c->ranges[i].from + 1;
	}
	return n;
}
