#include <ctype.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "git/conffile.h"

struct parser {
	const char *name;
	struct str rest;
	int line;		/* of the last byte taken */
	bool ended;		/* that was a newline */
	struct buf section;	/* "core." or "remote.origin." */
	struct buf key;
	struct buf value;
};

/* The next byte, CRLF read as LF; -1 at the end. */
static int
peek(const struct parser *p)
{
	if (p->rest.n == 0)
		return -1;
	if (p->rest.p[0] == '\r' && p->rest.n > 1 && p->rest.p[1] == '\n')
		return '\n';
	return (unsigned char)p->rest.p[0];
}

static int
take(struct parser *p)
{
	int c = peek(p);

	if (c < 0)
		return c;
	p->rest = str_skip(p->rest, p->rest.p[0] == '\r' && c == '\n' ? 2 : 1);
	p->line += p->ended;
	p->ended = c == '\n';
	return c;
}

static struct err *
bad(const struct parser *p, const char *what)
{
	return err_new(ERR_CONFIG, "%s:%d: %s", p->name, p->line, what);
}

static void
skip_line(struct parser *p)
{
	int c;

	do {
		c = take(p);
	} while (c >= 0 && c != '\n');
}

/* After "[section ": the quoted part, up to and with its closing quote. */
static struct err *
take_subsection(struct parser *p)
{
	int c;

	if (take(p) != '"')
		return bad(p, "a subsection must be in quotes");
	for (;;) {
		c = take(p);
		if (c < 0 || c == '\n')
			return bad(p, "a quote is not closed");
		if (c == '"')
			return NULL;
		if (c == '\\' && (c = take(p)) < 0)
			return bad(p, "a quote is not closed");
		buf_addc(&p->section, (char)c);
	}
}

static struct err *
take_section(struct parser *p)
{
	int c;

	buf_clear(&p->section);
	while ((c = peek(p)) >= 0 && (isalnum(c) || c == '-' || c == '.'))
		buf_addc(&p->section, (char)tolower(take(p)));
	if (p->section.n == 0)
		return bad(p, "a section has no name");
	buf_addc(&p->section, '.');
	if (peek(p) == ' ' || peek(p) == '\t') {
		while (peek(p) == ' ' || peek(p) == '\t')
			take(p);
		TRY(take_subsection(p));
		buf_addc(&p->section, '.');
	}
	if (take(p) != ']')
		return bad(p, "a section is not closed by ']'");
	return buf_check(&p->section, p->name);
}

static struct err *
take_escape(struct parser *p)
{
	static const char from[] = "ntb\"\\", to[] = "\n\t\b\"\\";
	int c = take(p);
	size_t i;

	if (c == '\n')
		return NULL;
	for (i = 0; from[i] != '\0'; i++)
		if (c == from[i]) {
			buf_addc(&p->value, to[i]);
			return NULL;
		}
	return bad(p, "an unknown escape in a value");
}

/* Up to the end of the line; spaces at the end count only inside quotes. */
static struct err *
take_value(struct parser *p)
{
	bool quoted = false;
	size_t keep = 0;
	int c;

	for (;;) {
		c = peek(p);
		if (c < 0 || c == '\n') {
			if (quoted)
				return bad(p, "a quote is not closed");
			break;
		}
		take(p);
		if (!quoted && (c == '#' || c == ';')) {
			skip_line(p);
			break;
		}
		if (c == '"') {
			quoted = !quoted;
			keep = p->value.n;
		} else if (c == '\\') {
			TRY(take_escape(p));
			keep = p->value.n;
		} else if (quoted || !isspace(c)) {
			buf_addc(&p->value, (char)c);
			keep = p->value.n;
		} else if (p->value.n > 0) {
			buf_addc(&p->value, (char)c);
		}
	}
	buf_trunc(&p->value, keep);
	return buf_check(&p->value, p->name);
}

static struct err *
take_setting(struct parser *p, conffile_fn *fn, void *arg)
{
	bool has_value;
	int c;

	if (p->section.n == 0) {
		take(p);
		return bad(p, "a key before any section");
	}
	buf_clear(&p->key);
	buf_clear(&p->value);
	buf_addstr(&p->key, buf_str(&p->section));
	while ((c = peek(p)) >= 0 && (isalnum(c) || c == '-'))
		buf_addc(&p->key, (char)tolower(take(p)));
	while (peek(p) == ' ' || peek(p) == '\t')
		take(p);
	c = peek(p);
	has_value = c == '=';
	if (!has_value && c >= 0 && c != '\n' && c != '#' && c != ';')
		return bad(p, "an invalid character in a key");
	if (has_value)
		take(p);
	if (has_value)
		TRY(take_value(p));
	else
		skip_line(p);
	return fn(arg, buf_cstr(&p->key), has_value ? buf_cstr(&p->value) : NULL);
}

static struct err *
parse(struct parser *p, conffile_fn *fn, void *arg)
{
	int c;

	if (str_starts(p->rest, "\xef\xbb\xbf"))
		p->rest = str_skip(p->rest, 3);
	while ((c = peek(p)) >= 0) {
		if (isspace(c)) {
			take(p);
		} else if (c == '#' || c == ';') {
			skip_line(p);
		} else if (c == '[') {
			take(p);
			TRY(take_section(p));
		} else if (isalpha(c)) {
			TRY(take_setting(p, fn, arg));
		} else {
			take(p);
			return bad(p, "neither a section nor a key");
		}
	}
	return NULL;
}

struct err *
conffile_parse(const char *name, struct str text, conffile_fn *fn, void *arg)
{
	struct parser p = {
		.name = name,
		.rest = text,
		.line = 1,
		.section = BUF_INIT(CONFFILE_MAX),
		.key = BUF_INIT(CONFFILE_MAX),
		.value = BUF_INIT(CONFFILE_MAX),
	};
	struct err *e = parse(&p, fn, arg);

	buf_free(&p.section);
	buf_free(&p.key);
	buf_free(&p.value);
	return e;
}

bool
conffile_bool(const char *value, bool *out)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0", ""};
	size_t i;

	if (value == NULL) {
		*out = true;
		return true;
	}
	for (i = 0; i < NITEMS(yes); i++)
		if (strcasecmp(value, yes[i]) == 0) {
			*out = true;
			return true;
		}
	for (i = 0; i < NITEMS(no); i++)
		if (strcasecmp(value, no[i]) == 0) {
			*out = false;
			return true;
		}
	return false;
}
