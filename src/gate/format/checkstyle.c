/*
 * Checkstyle's XML, which many tools write: files with their errors.  Some
 * tools name only files that have any, so an empty root is a clean report; a
 * file that Checkstyle failed on has an <exception>, and that is a finding.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

struct checkstyle {
	struct reading reading;
	unsigned depth;
	bool in_exception;
	char *file;		/* that is open */
	struct hand hand;
};

static bool
is_checkstyle(struct str head)
{
	return format_root(head, "checkstyle");
}

static struct err *
take_error(struct checkstyle *c, const char *const *attrs)
{
	const char *line = xml_attr(attrs, "line"), *severity = xml_attr(attrs, "severity");
	struct hand *h = &c->hand;

	hand_copy(&h->id, xml_attr(attrs, "source"));
	hand_copy(&h->text, xml_attr(attrs, "message"));
	if (h->text == NULL)
		return err_new(ERR_SYNTAX, "an error without 'message'");
	hand_copy(&h->path, c->file);
	if (line != NULL && !str_int(str_of(line), 0, INT64_MAX, &h->line))
		return err_new(ERR_SYNTAX, "'line' is no number");
	h->severity = severity_of(str_of(severity == NULL ? "error" : severity), SEVERITY_WARNING);
	return hand_complain(h, c->reading.facts, "checkstyle");
}

static struct err *
on_start(void *state, const char *name, const char *const *attrs)
{
	struct checkstyle *c = state;

	if (c->depth++ == 0)
		return strcmp(name, "checkstyle") == 0 ? NULL : err_new(ERR_SYNTAX, "the root is not 'checkstyle'");
	if (strcmp(name, "file") == 0) {
		if (c->file != NULL || xml_attr(attrs, "name") == NULL)
			return err_new(ERR_SYNTAX, "a file %s", c->file != NULL ? "within a file" : "without 'name'");
		hand_copy(&c->file, xml_attr(attrs, "name"));
	} else if (strcmp(name, "error") == 0) {
		return c->file != NULL ? take_error(c, attrs) : err_new(ERR_SYNTAX, "an error outside of a file");
	} else if (strcmp(name, "exception") == 0) {
		c->in_exception = true;
		hand_copy(&c->hand.text, "Checkstyle failed on this file");
	}
	return NULL;
}

static struct err *
on_text(void *state, struct str text)
{
	struct checkstyle *c = state;
	struct str line;

	text = str_trim(text);
	if (!c->in_exception || !str_line(&text, &line) || line.n == 0)
		return NULL;
	free(c->hand.text);
	c->hand.text = str_dup(line);
	return NULL;
}

static struct err *
on_end(void *state, const char *name)
{
	struct checkstyle *c = state;

	c->depth--;
	if (strcmp(name, "file") == 0) {
		free(STEAL(c->file));
	} else if (strcmp(name, "exception") == 0) {
		c->in_exception = false;
		hand_copy(&c->hand.id, "exception");
		hand_copy(&c->hand.path, c->file);
		c->hand.severity = SEVERITY_ERROR;
		return hand_complain(&c->hand, c->reading.facts, "checkstyle");
	}
	return NULL;
}

static void
checkstyle_free(void *state)
{
	struct checkstyle *c = state;

	free(c->file);
	hand_clear(&c->hand);
}

const struct format format_checkstyle = {
	.name = "checkstyle",
	.tools = "Checkstyle, shellcheck, ESLint, PHP_CodeSniffer",
	.kinds = FACTS_FINDINGS,
	.syntax = SYNTAX_XML,
	.is = is_checkstyle,
	.size = sizeof(struct checkstyle),
	.xml = {on_start, on_text, on_end},
	.free = checkstyle_free,
};
