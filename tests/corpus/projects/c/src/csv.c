#include <string.h>

#include "csv.h"

void
csv_open(struct csv *c, FILE *file, char sep)
{
	memset(c, 0, sizeof(*c));
	c->file = file;
	c->sep = sep;
	c->next = 1;
}

void
csv_close(struct csv *c)
{
	buf_free(&c->text);
}

static bool
end_field(struct csv *c)
{
	if (c->n == CSV_FIELDS_MAX)
		return false;
	c->ends[c->n++] = c->text.n;
	return true;
}

/* Behind the opening quote. The byte after the closing one is left unread. */
static enum csv_status
quoted(struct csv *c)
{
	int ch;

	while ((ch = getc_unlocked(c->file)) != EOF) {
		if (ch == '\n')
			c->next++;
		if (ch == '"') {
			ch = getc_unlocked(c->file);
			if (ch != '"') {
				if (ch != EOF)
					ungetc(ch, c->file);
				return CSV_OK;
			}
		}
		if (!buf_addc(&c->text, (char)ch))
			return CSV_LIMIT;
	}
	return CSV_QUOTE;
}

/* One field; *last says whether the record ends behind it. */
static enum csv_status
field(struct csv *c, bool *last)
{
	enum csv_status status;
	bool was_quoted = false;
	size_t start = c->text.n;
	int ch;

	for (;;) {
		ch = getc_unlocked(c->file);
		if (ch == '\r') {
			ch = getc_unlocked(c->file);
			if (ch != '\n') {
				if (ch != EOF)
					ungetc(ch, c->file);
				ch = '\r';
			}
		}
		if (ch == EOF || ch == '\n' || ch == c->sep)
			break;
		if (was_quoted)
			return CSV_QUOTE;
		if (ch == '"' && c->text.n == start) {
			status = quoted(c);
			if (status != CSV_OK)
				return status;
			was_quoted = true;
			continue;
		}
		if (!buf_addc(&c->text, (char)ch))
			return CSV_LIMIT;
	}
	*last = ch != c->sep;
	if (ch == '\n')
		c->next++;
	return end_field(c) ? CSV_OK : CSV_LIMIT;
}

enum csv_status
csv_next(struct csv *c)
{
	enum csv_status status;
	bool last = false;
	int ch = getc_unlocked(c->file);

	if (ch == EOF)
		return ferror(c->file) ? CSV_READ : CSV_END;
	ungetc(ch, c->file);
	buf_clear(&c->text);
	c->n = 0;
	c->line = c->next;
	while (!last) {
		status = field(c, &last);
		if (status != CSV_OK)
			return status;
	}
	return CSV_OK;
}

const char *
csv_message(enum csv_status status)
{
	switch (status) {
	case CSV_QUOTE:
		return "a quoted field is not closed";
	case CSV_LIMIT:
		return "the record is too large";
	case CSV_READ:
		return "cannot read";
	default:
		return "no error";
	}
}

const char *
csv_field(const struct csv *c, size_t i, size_t *len)
{
	size_t from = i == 0 ? 0 : c->ends[i - 1];

	if (i >= c->n)
		return NULL;
	*len = c->ends[i] - from;
	return c->text.p == NULL ? "" : c->text.p + from;
}

static bool
needs_quotes(const char *p, size_t n, char sep)
{
	return memchr(p, sep, n) != NULL || memchr(p, '"', n) != NULL ||
	    memchr(p, '\n', n) != NULL || memchr(p, '\r', n) != NULL;
}

bool
csv_write(struct buf *out, const char *p, size_t n, char sep)
{
	size_t i;

	if (!needs_quotes(p, n, sep))
		return buf_add(out, p, n);
	if (!buf_addc(out, '"'))
		return false;
	for (i = 0; i < n; i++)
		if ((p[i] == '"' && !buf_addc(out, '"')) || !buf_addc(out, p[i]))
			return false;
	return buf_addc(out, '"');
}
