#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

#define FORMAT(name) extern const struct format format_##name;
#include "gate/report/format.tbl.h"
#undef FORMAT

static const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "gate/report/format.tbl.h"
#undef FORMAT
};

/* ---- choosing ---- */

const struct format *
format_named(const char *name)
{
	size_t i;

	for (i = 0; i < NITEMS(formats); i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

const struct format *
format_of(struct str head)
{
	size_t i;

	head = str_take(head, FORMAT_HEAD);
	if (str_starts(head, "\xef\xbb\xbf"))
		head = str_skip(head, 3);
	for (i = 0; i < NITEMS(formats); i++)
		if (formats[i]->is(head))
			return formats[i];
	return NULL;
}

void
format_each(bool (*fn)(void *arg, const struct format *f), void *arg)
{
	size_t i;

	for (i = 0; i < NITEMS(formats) && fn(arg, formats[i]); i++)
		;
}

bool
format_root(struct str head, const char *element)
{
	ptrdiff_t at;
	size_t n;

	/* Past the declaration, comments and white space. */
	while ((at = str_chr(head, '<')) >= 0) {
		head = str_skip(head, (size_t)at + 1);
		if (str_starts(head, "!--")) {
			at = str_find(head, STR("-->"));
			if (at < 0)
				return false;
			head = str_skip(head, (size_t)at);
		} else if (head.n > 0 && head.p[0] != '?' && head.p[0] != '!') {
			break;
		}
	}
	for (n = 0; n < head.n && strchr(" \t\r\n/>", head.p[n]) == NULL; n++)
		if (head.p[n] == ':') {
			head = str_skip(head, n + 1);
			n = (size_t)-1;
		}
	return str_is(str_take(head, n), element);
}

bool
format_key(struct str head, const char *key)
{
	AUTO(mem_free_p) char *quoted = mem_printf("\"%s\"", key);
	ptrdiff_t at = str_find(head, str_of(quoted));
	struct str rest;

	if (at < 0)
		return false;
	rest = str_trim(str_skip(head, (size_t)at + strlen(quoted)));
	return rest.n == 0 || rest.p[0] == ':';
}

/* ---- reading ---- */

struct report {
	const struct format *format;
	struct reading *state;
	struct picker *picker;
	struct xml *xml;
	struct buf line;
};

struct report *
format_open(const struct format *f, const char *file, struct facts *facts)
{
	struct report *r = mem_alloc(sizeof(*r));

	r->format = f;
	r->state = mem_calloc(1, f->size);
	r->state->facts = facts;
	r->state->file = file;
	facts->kinds |= f->kinds;
	buf_init(&r->line, FORMAT_LINE);
	if (f->syntax == SYNTAX_JSON)
		r->picker = pick_open(file, f->places, f->nplaces, f->pick, r->state);
	if (f->many)
		pick_many(r->picker);
	if (f->syntax == SYNTAX_XML)
		r->xml = xml_open(file, &f->xml, r->state);
	return r;
}

void
format_close(struct report *r)
{
	if (r == NULL)
		return;
	if (r->format->free != NULL)
		r->format->free(r->state);
	pick_close(r->picker);
	xml_close(r->xml);
	buf_free(&r->line);
	free(r->state);
	free(r);
}

static struct err *
line_over(struct report *r)
{
	struct str line = buf_str(&r->line);
	struct err *e;

	if (str_ends(line, "\r"))
		line.n--;
	r->state->line++;
	e = r->format->line(r->state, line);
	buf_clear(&r->line);
	return e == NULL ? NULL : err_wrap(e, "%s:%u", r->state->file, r->state->line);
}

static struct err *
feed_lines(struct report *r, struct str bytes)
{
	ptrdiff_t at;

	while (bytes.n > 0) {
		at = str_chr(bytes, '\n');
		buf_addstr(&r->line, str_take(at < 0 ? bytes : str_take(bytes, (size_t)at),
		    FORMAT_LINE - r->line.n));
		if (at < 0)
			return NULL;
		TRY(line_over(r));
		bytes = str_skip(bytes, (size_t)at + 1);
	}
	return NULL;
}

struct err *
format_feed(struct report *r, struct str bytes)
{
	switch (r->format->syntax) {
	case SYNTAX_JSON:
		return pick_feed(r->picker, bytes);
	case SYNTAX_XML:
		return xml_feed(r->xml, bytes);
	case SYNTAX_LINES:
		return feed_lines(r, bytes);
	}
	return err_new(ERR_BUG, "a report of no syntax");
}

struct err *
format_end(struct report *r)
{
	if (r->picker != NULL)
		TRY(pick_end(r->picker));
	if (r->xml != NULL)
		TRY(xml_end(r->xml));
	if (r->line.n > 0) {
		r->state->torn = true;
		TRY(line_over(r));
	}
	return r->format->end == NULL ? NULL : err_wrap(r->format->end(r->state), "%s", r->state->file);
}
