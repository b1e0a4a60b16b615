/*
 * Cobertura's XML: coverage-04.dtd.  Written by coverage.py, gcovr, c8, grcov
 * and others.  A file's name counts from one of <sources>, which is where the
 * tool ran; classes of one file are merged.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

struct cobertura {
	struct reading reading;
	unsigned depth;
	bool in_source;
	char *source;		/* the only one, as a prefix; NULL for none or several */
	unsigned sources;
	struct cover *file;	/* of the open class */
	bool any;
};

static bool
is_cobertura(struct str head)
{
	/* Clover's root has the same name; its files hang below <project>. */
	return format_root(head, "coverage") && str_find(head, STR("<project")) < 0 &&
	    (str_find(head, STR("line-rate")) >= 0 || str_find(head, STR("lines-valid")) >= 0);
}

static struct err *
begin_class(struct cobertura *c, const char *const *attrs)
{
	const char *name = xml_attr(attrs, "filename");
	AUTO(mem_free_p) char *path = NULL;

	if (name == NULL || name[0] == '\0')
		return err_new(ERR_SYNTAX, "a class without 'filename'");
	path = name[0] == '/' || c->source == NULL || c->sources > 1 ? mem_strdup(name) :
	    mem_printf("%s/%s", c->source, name);
	c->any = true;
	return facts_cover(c->reading.facts, str_of(path), &c->file);
}

static struct err *
take_line(struct cobertura *c, const char *const *attrs)
{
	const char *number = xml_attr(attrs, "number"), *hits = xml_attr(attrs, "hits");
	int64_t line;

	if (c->file == NULL)
		return NULL;
	if (number == NULL || hits == NULL || !str_int(str_of(number), 1, INT64_MAX, &line))
		return err_new(ERR_SYNTAX, "a line without 'number' and 'hits'");
	if (hits[0] < '0' || hits[0] > '9')
		return err_new(ERR_SYNTAX, "'hits' is no number");
	/* Counts beyond 64 bits have been seen. */
	return facts_line(c->reading.facts, c->file, line, strspn(hits, "0") != strlen(hits));
}

static struct err *
on_start(void *state, const char *name, const char *const *attrs)
{
	struct cobertura *c = state;

	name = xml_local(name);
	if (c->depth++ == 0)
		return strcmp(name, "coverage") == 0 ? NULL : err_new(ERR_SYNTAX, "the root is not 'coverage'");
	/* Most elements are lines. */
	if (strcmp(name, "line") == 0)
		return take_line(c, attrs);
	if (strcmp(name, "source") == 0)
		c->in_source = true;
	else if (strcmp(name, "class") == 0)
		return begin_class(c, attrs);
	return NULL;
}

static struct err *
on_text(void *state, struct str text)
{
	struct cobertura *c = state;

	text = str_trim(text);
	if (!c->in_source || text.n == 0)
		return NULL;
	c->sources++;
	free(c->source);
	c->source = str_dup(text);
	return NULL;
}

static struct err *
on_end(void *state, const char *name)
{
	struct cobertura *c = state;

	c->depth--;
	name = xml_local(name);
	if (strcmp(name, "source") == 0)
		c->in_source = false;
	else if (strcmp(name, "class") == 0)
		c->file = NULL;
	return NULL;
}

static struct err *
end(void *state)
{
	const struct cobertura *c = state;

	return c->any ? NULL : err_new(ERR_SYNTAX, "the report names no file");
}

static void
cobertura_free(void *state)
{
	struct cobertura *c = state;

	free(c->source);
}

const struct format format_cobertura = {
	.name = "cobertura",
	.tools = "coverage.py, gcovr, c8, grcov",
	.kinds = FACTS_COVERAGE,
	.syntax = SYNTAX_XML,
	.is = is_cobertura,
	.size = sizeof(struct cobertura),
	.xml = {on_start, on_text, on_end},
	.end = end,
	.free = cobertura_free,
};
