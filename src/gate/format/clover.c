/*
 * Clover's XML: coverage/project, packages or not, files, lines.  Written by
 * OpenClover, PHPUnit, Istanbul (nyc, c8, Jest, Vitest).  A line stands once
 * per statement, condition or method on it, and ran if any of them did.  The
 * tests' own files, below 'testproject', are left out.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

struct clover {
	struct reading reading;
	unsigned depth;
	bool in_project;
	struct cover *file;	/* the open one */
	bool any;
};

static bool
is_clover(struct str head)
{
	return format_root(head, "coverage") && str_find(head, STR("<project")) >= 0;
}

static struct err *
begin_file(struct clover *c, const char *const *attrs)
{
	const char *path = xml_attr(attrs, "path");

	/* PHPUnit has the path in 'name'. */
	if (path == NULL)
		path = xml_attr(attrs, "name");
	if (path == NULL || path[0] == '\0')
		return err_new(ERR_SYNTAX, "a file without 'path' and 'name'");
	c->any = true;
	return facts_cover(c->reading.facts, str_of(path), &c->file);
}

/* Digits only; counts beyond 64 bits count as well. */
static bool
is_count(const char *s)
{
	return s != NULL && s[0] != '\0' && strspn(s, "0123456789") == strlen(s);
}

static bool
above_zero(const char *s)
{
	return strspn(s, "0") != strlen(s);
}

static struct err *
take_line(struct clover *c, const char *const *attrs)
{
	const char *count = xml_attr(attrs, "count"), *number = xml_attr(attrs, "num");
	const char *yes = xml_attr(attrs, "truecount"), *no = xml_attr(attrs, "falsecount");
	int64_t line;

	if (number == NULL || !str_int(str_of(number), 1, INT64_MAX, &line))
		return err_new(ERR_SYNTAX, "a line without 'num'");
	if (is_count(count))
		return facts_line(c->reading.facts, c->file, line, above_zero(count));
	if (!is_count(yes) || !is_count(no))
		return err_new(ERR_SYNTAX, "a line without 'count'");
	return facts_line(c->reading.facts, c->file, line, above_zero(yes) || above_zero(no));
}

static struct err *
on_start(void *state, const char *name, const char *const *attrs)
{
	struct clover *c = state;

	if (c->depth++ == 0)
		return strcmp(name, "coverage") == 0 ? NULL : err_new(ERR_SYNTAX, "the root is not 'coverage'");
	if (strcmp(name, "project") == 0)
		c->in_project = true;
	else if (c->in_project && strcmp(name, "file") == 0)
		return begin_file(c, attrs);
	else if (c->file != NULL && strcmp(name, "line") == 0)
		return take_line(c, attrs);
	return NULL;
}

static struct err *
on_end(void *state, const char *name)
{
	struct clover *c = state;

	c->depth--;
	if (strcmp(name, "project") == 0)
		c->in_project = false;
	else if (strcmp(name, "file") == 0)
		c->file = NULL;
	return NULL;
}

static struct err *
end(void *state)
{
	const struct clover *c = state;

	return c->any ? NULL : err_new(ERR_SYNTAX, "the report names no file");
}

const struct format format_clover = {
	.name = "clover",
	.tools = "OpenClover, PHPUnit, Istanbul",
	.kinds = FACTS_COVERAGE,
	.syntax = SYNTAX_XML,
	.is = is_clover,
	.size = sizeof(struct clover),
	.xml = {on_start, NULL, on_end},
	.end = end,
};
