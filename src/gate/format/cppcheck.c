/*
 * cppcheck --xml: version 2 of its format.  A finding's first location is
 * where it is; those behind it tell how it comes about.
 */
#include <string.h>

#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

struct cppcheck {
	struct reading reading;
	unsigned depth;
	bool errors;		/* the list was there */
	bool in_error;
	struct hand hand;
};

static bool
is_cppcheck(struct str head)
{
	return format_root(head, "results") && str_find(head, STR("<cppcheck")) >= 0;
}

static struct err *
begin_error(struct cppcheck *c, const char *const *attrs)
{
	const char *severity = xml_attr(attrs, "severity"), *text = xml_attr(attrs, "msg");

	hand_clear(&c->hand);
	hand_copy(&c->hand.id, xml_attr(attrs, "id"));
	hand_copy(&c->hand.text, text != NULL ? text : xml_attr(attrs, "verbose"));
	hand_copy(&c->hand.path, xml_attr(attrs, "file0"));
	if (c->hand.id == NULL || severity == NULL)
		return err_new(ERR_SYNTAX, "an error without 'id' and 'severity'");
	/* "style", "performance", "portability", "information". */
	c->hand.severity = severity_of(str_of(severity), SEVERITY_NOTE);
	c->in_error = true;
	return NULL;
}

static void
take_location(struct cppcheck *c, const char *const *attrs)
{
	const char *file = xml_attr(attrs, "file"), *line = xml_attr(attrs, "line");

	if (c->hand.line != 0 || file == NULL || line == NULL)
		return;
	hand_copy(&c->hand.path, file);
	if (!str_int(str_of(line), 1, INT64_MAX, &c->hand.line))
		c->hand.line = 0;
}

static struct err *
on_start(void *state, const char *name, const char *const *attrs)
{
	struct cppcheck *c = state;
	const char *version = xml_attr(attrs, "version");

	if (c->depth++ == 0) {
		if (strcmp(name, "results") != 0 || version == NULL || !str_starts(str_of(version), "2"))
			return err_hint(err_new(ERR_SYNTAX, "not version 2 of cppcheck's XML"), "run cppcheck with --xml");
	} else if (c->depth == 2 && strcmp(name, "errors") == 0) {
		c->errors = true;
	} else if (c->depth == 3 && strcmp(name, "error") == 0) {
		return begin_error(c, attrs);
	} else if (c->in_error && strcmp(name, "location") == 0) {
		take_location(c, attrs);
	}
	return NULL;
}

static struct err *
on_end(void *state, const char *name)
{
	struct cppcheck *c = state;

	c->depth--;
	if (!c->in_error || c->depth != 2 || strcmp(name, "error") != 0)
		return NULL;
	c->in_error = false;
	/* How many of its checks were on: that is not about the code. */
	if (strcmp(c->hand.id, "checkersReport") == 0) {
		hand_clear(&c->hand);
		return NULL;
	}
	return hand_complain(&c->hand, c->reading.facts, "cppcheck");
}

static struct err *
end(void *state)
{
	const struct cppcheck *c = state;

	return c->errors ? NULL : err_new(ERR_SYNTAX, "the report has no element 'errors'");
}

static void
cppcheck_free(void *state)
{
	struct cppcheck *c = state;

	hand_clear(&c->hand);
}

const struct format format_cppcheck = {
	.name = "cppcheck",
	.tools = "cppcheck --xml",
	.kinds = FACTS_FINDINGS,
	.syntax = SYNTAX_XML,
	.is = is_cppcheck,
	.size = sizeof(struct cppcheck),
	.xml = {.start = on_start, .end = on_end},
	.end = end,
	.free = cppcheck_free,
};
