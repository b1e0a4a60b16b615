#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/xml.h"

/* Stands for what XML forbids; one byte, so that columns stay right. */
#define FORBIDDEN '?'

/* No mark that is mended is longer: "<![CDATA[", "&#x0000001b;". */
#define MARK_MAX 16
#define XML_PIECE (256 * KIB)
#define HEAD_MAX KIB	/* bytes that may hold the XML declaration and the document type */

struct xml {
	XML_Parser parser;
	char *file;
	const struct xml_handler *h;
	void *arg;
	struct buf in;		/* not yet parsed */
	struct buf text;	/* since the last tag */
	struct err *e;
	unsigned depth;
	size_t total;
	bool begun, utf16, utf8;
	bool cdata;		/* what comes is inside of one */
};

static struct err *
at_place(const struct xml *r, struct err *e)
{
	return err_wrap(e, "%s:%lu:%lu", r->file, (unsigned long)XML_GetCurrentLineNumber(r->parser),
	    (unsigned long)XML_GetCurrentColumnNumber(r->parser) + 1);
}

/* Keep the first error and stop; expat may still call once or twice. */
static void
stop(struct xml *r, struct err *e)
{
	if (e == NULL)
		return;
	if (r->e != NULL) {
		err_ignore(e);
		return;
	}
	r->e = at_place(r, e);
	XML_StopParser(r->parser, XML_FALSE);
}

static void
flush_text(struct xml *r)
{
	if (r->e == NULL && r->text.n > 0 && r->h->text != NULL)
		stop(r, r->h->text(r->arg, buf_str(&r->text)));
	buf_clear(&r->text);
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct xml *r = arg;

	flush_text(r);
	if (r->e != NULL)
		return;
	if (++r->depth > XML_DEPTH && defence_on(DEFENCE_CEILINGS))
		stop(r, err_new(ERR_LIMIT, "nested deeper than %d levels", XML_DEPTH));
	else if (r->h->start != NULL)
		stop(r, r->h->start(r->arg, name, (const char *const *)attrs));
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct xml *r = arg;

	flush_text(r);
	if (r->e != NULL)
		return;
	r->depth--;
	if (r->h->end != NULL)
		stop(r, r->h->end(r->arg, name));
}

static void
on_text(void *arg, const XML_Char *s, int n)
{
	struct xml *r = arg;

	if (r->h->text == NULL)
		return;
	if ((size_t)n > XML_TEXT - r->text.n)
		buf_cut(&r->text, XML_TEXT / 4, XML_TEXT / 2);
	buf_add(&r->text, s, (size_t)n);
}

static void
on_doctype(void *arg, const XML_Char *name UNUSED, const XML_Char *system UNUSED,
    const XML_Char *public UNUSED, int internal UNUSED)
{
	stop(arg, err_new(ERR_SYNTAX, "a document type is not allowed here"));
}

static bool
is_forbidden(unsigned long c)
{
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0xd800 && c <= 0xdfff) ||
	    c == 0xfffe || c == 0xffff || c > 0x10ffff;
}

/*
 * A reference such as "&#x1B;" at p: when XML forbids what it names, its
 * digits become those of FORBIDDEN, or of a tab where there is room for one
 * digit only. Returns its length, at least 1.
 */
static size_t
mend_reference(char *p, size_t n)
{
	size_t digits = 2, end;
	bool hex = n > 3 && (p[2] == 'x');
	unsigned long c;
	int i;

	if (n < 4 || p[1] != '#')
		return 1;
	digits += hex;
	for (end = digits; end < n && end < digits + 8 && p[end] != ';'; end++)
		if (strchr(hex ? "0123456789abcdefABCDEF" : "0123456789", p[end]) == NULL)
			return 1;
	if (end == digits || end == n || p[end] != ';')
		return 1;
	c = strtoul(p + digits, NULL, hex ? 16 : 10);
	if (!is_forbidden(c))
		return end + 1;
	memset(p + digits, '0', end - digits);
	c = end - digits == 1 ? '\t' : FORBIDDEN;
	for (i = 1; c > 0; i++, c /= hex ? 16 : 10)
		p[end - (size_t)i] = "0123456789abcdef"[c % (hex ? 16 : 10)];
	return end + 1;
}

/* Does the XML declaration name an encoding that is not made of UTF-8 bytes? */
static bool
is_single_byte(struct str text)
{
	struct str head = str_take(text, 256);
	ptrdiff_t end = str_find(head, STR("?>")), at;

	if (!str_starts(text, "<?xml") || end < 0)
		return false;
	head = str_take(head, (size_t)end);
	at = str_find(head, STR("encoding"));
	if (at < 0)
		return false;
	head = str_trim(str_skip(head, (size_t)at + strlen("encoding")));
	head = str_trim(str_skip(head, 1));
	head = str_skip(head, 1);
	return head.n < 5 || strncasecmp(head.p, "utf-8", 5) != 0;
}

static size_t
mend_utf8(char *p, size_t n)
{
	struct str rest = {p, n};
	int32_t c = utf8_next(&rest);

	if (c >= 0 && !is_forbidden((unsigned long)c))
		return n - rest.n;
	memset(p, FORBIDDEN, n - rest.n);
	return n - rest.n;
}

/* Nothing to mend, and no beginning of a mark: nearly every byte is one. */
static bool
is_plain(char c)
{
	return (unsigned char)c >= ' ' && (unsigned char)c < 0x80 && c != '&' && c != '<' && c != ']';
}

/*
 * In place, byte for byte.  Returns how many bytes are done: a mark may go on
 * behind the end of what is not the last.
 */
static size_t
mend(struct xml *r, char *p, size_t n, bool last)
{
	size_t i = 0;

	while (i < n && (last || n - i >= MARK_MAX)) {
		if (is_plain(p[i])) {
			i++;
			continue;
		}
		if (!r->cdata && n - i >= 9 && memcmp(p + i, "<![CDATA[", 9) == 0)
			r->cdata = true;
		else if (r->cdata && n - i >= 3 && memcmp(p + i, "]]>", 3) == 0)
			r->cdata = false;
		if (is_forbidden((unsigned char)p[i])) {
			p[i++] = FORBIDDEN;
			continue;
		}
		if (p[i] == '&' && !r->cdata)
			i += mend_reference(p + i, n - i);
		else if ((unsigned char)p[i] >= 0x80 && r->utf8)
			i += mend_utf8(p + i, n - i);
		else
			i++;
	}
	return i;
}

static bool
is_utf16(struct str text)
{
	return str_starts(text, "\xff\xfe") || str_starts(text, "\xfe\xff");
}

/* Past white space, the declaration and comments; NULL when they do not end. */
static char *
past_prolog(char *p, char *end)
{
	const char *close;

	for (;;) {
		while (p < end && strchr(" \t\r\n", *p) != NULL)
			p++;
		if (end - p >= 4 && memcmp(p, "<!--", 4) == 0)
			close = "-->";
		else if (end - p >= 2 && memcmp(p, "<?", 2) == 0)
			close = "?>";
		else
			return p;
		p = memmem(p, (size_t)(end - p), close, strlen(close));
		if (p == NULL)
			return NULL;
		p += strlen(close);
	}
}

/*
 * A document type that declares nothing itself becomes white space, so that
 * expat knows of none and takes no entity for one that it has not read.
 */
static void
blank_doctype(char *p, size_t n)
{
	char *end = p + n, *at, quote = '\0';

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	p = past_prolog(p, end);
	if (p == NULL || end - p < 9 || memcmp(p, "<!DOCTYPE", 9) != 0)
		return;
	for (at = p + 9; at < end && (quote != '\0' || *at != '>'); at++) {
		if (quote == '\0' && (*at == '[' || *at == '<'))
			return;
		if (*at == quote)
			quote = '\0';
		else if (quote == '\0' && (*at == '"' || *at == '\''))
			quote = *at;
	}
	if (at == end)
		return;
	for (; p <= at; p++)
		if (*p != '\n' && *p != '\r')
			*p = ' ';
}

struct xml *
xml_open(const char *file, const struct xml_handler *h, void *arg)
{
	struct xml *r = mem_alloc(sizeof(*r));

	r->parser = XML_ParserCreate(NULL);
	if (r->parser == NULL)
		mem_exhausted();
	r->file = mem_strdup(file);
	r->h = h;
	r->arg = arg;
	buf_init(&r->in, 2 * XML_MAX);
	buf_init(&r->text, 2 * XML_TEXT);
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	return r;
}

void
xml_close(struct xml *r)
{
	if (r == NULL)
		return;
	XML_ParserFree(r->parser);
	free(r->file);
	buf_free(&r->in);
	buf_free(&r->text);
	err_ignore(r->e);
	free(r);
}

static struct err *
run(struct xml *r, size_t n, bool last)
{
	struct err *e;

	if (XML_Parse(r->parser, r->in.p == NULL ? "" : r->in.p, (int)n, last) == XML_STATUS_ERROR && r->e == NULL) {
		if (XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY)
			mem_exhausted();
		r->e = at_place(r, err_new(ERR_SYNTAX, "%s", XML_ErrorString(XML_GetErrorCode(r->parser))));
	}
	buf_cut(&r->in, 0, n);
	e = r->e;
	r->e = NULL;
	return e;
}

static struct err *
go_on(struct xml *r, bool last)
{
	size_t n = r->in.n;

	if (!r->begun && n < HEAD_MAX && !last)
		return NULL;
	if (!r->begun) {
		r->utf16 = is_utf16(buf_str(&r->in));
		r->utf8 = !is_single_byte(buf_str(&r->in));
		if (n > 0 && !r->utf16)
			/* Not further than what is surely there, however the bytes come. */
			blank_doctype(r->in.p, n < HEAD_MAX ? n : HEAD_MAX);
		r->begun = true;
	}
	if (!r->utf16)
		n = mend(r, r->in.p, r->in.n, last);
	return n > 0 || last ? run(r, n, last) : NULL;
}

struct err *
xml_feed(struct xml *r, struct str bytes)
{
	struct str piece;

	r->total += bytes.n;
	if (r->total > XML_MAX && defence_on(DEFENCE_CEILINGS))
		return err_new(ERR_LIMIT, "'%s' has more than %zu MiB", r->file, XML_MAX / MIB);
	while (bytes.n > 0) {
		piece = str_take(bytes, XML_PIECE);
		buf_addstr(&r->in, piece);
		TRY(go_on(r, false));
		bytes = str_skip(bytes, piece.n);
	}
	return NULL;
}

struct err *
xml_end(struct xml *r)
{
	return go_on(r, true);
}

struct err *
xml_parse(const char *file, struct str text, const struct xml_handler *h, void *arg)
{
	struct xml *r = xml_open(file, h, arg);
	struct err *e = xml_feed(r, text);

	if (e == NULL)
		e = xml_end(r);
	xml_close(r);
	return e;
}

const char *
xml_attr(const char *const *attrs, const char *name)
{
	for (; *attrs != NULL; attrs += 2)
		if (strcmp(attrs[0], name) == 0)
			return attrs[1];
	return NULL;
}

const char *
xml_local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon == NULL ? name : colon + 1;
}
